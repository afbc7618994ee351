"""The solver `gradient`: its recursions, its stopping, what it refuses."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jaxtyping import Array

import plugax as px
import plugax_optax
from plugax.plugins import options_of

RATE = 0.05


def gradient(name="sgd", tolerance=None, **options):
    return px.solver("gradient", optimizer=px.optimizer(name, **options), tolerance=tolerance)


def iterates(solver, problem, steps):
    """The unknowns after every step."""
    state = solver.init(problem, problem.init(jr.key(0)), jr.key(0))
    batch = problem.data.first()
    for i in range(steps):
        state, _ = solver.step(problem, state, batch, jr.fold_in(jr.key(0), i))
        yield solver.unknowns(problem, state)


@pytest.mark.usefixtures("x64")
def test_a_quadratic_contracts_by_one_minus_rate_times_curvature(quadratic, drive):
    problem = quadratic()
    u, losses = drive(gradient(learning_rate=RATE), problem, 30)
    factors = 1 - RATE * problem.curvature
    np.testing.assert_allclose(u, factors**30, rtol=1e-12)
    powers = np.asarray(factors) ** (2 * np.arange(30)[:, None])
    np.testing.assert_allclose(losses, powers @ problem.curvature / 2, rtol=1e-12)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_follows_its_recursion(nesterov, quadratic):
    # m ← g + μ m, then u ← u − α m, or u ← u − α (g + μ m) after Nesterov.
    problem, decay = quadratic(), 0.9
    solver = gradient(learning_rate=RATE, momentum=decay, nesterov=nesterov)
    u, m = np.ones(3), np.zeros(3)
    for found in iterates(solver, problem, 20):
        g = np.asarray(problem.curvature) * u
        m = g + decay * m
        u = u - RATE * (g + decay * m if nesterov else m)
        np.testing.assert_allclose(found, u, rtol=1e-12)


# Rates at which each gets somewhere in 200 steps on curvatures from 1 to 10.
RATES = {"adadelta": 10.0, "adagrad": 0.1, "lars": 1.0, "sm3": 0.1}


@pytest.mark.slow  # the conformance kit asks the same of the optimizers, without this solver
@pytest.mark.parametrize("name", sorted(plugax_optax.OPTIMIZERS))
def test_every_optimizer_lowers_the_loss(name, quadratic, drive):
    options = {} if name in ("lbfgs", "polyak_sgd") else {"learning_rate": RATES.get(name, 0.01)}
    _, losses = drive(gradient(name, **options), quadratic(), 200)
    assert losses[-1] < 0.3 * losses[0]


class Rosenbrock(px.AbstractProblem):
    start: Array

    def init(self, key):
        return self.start

    def loss(self, y, batch, key):
        return jnp.sum(100 * (y[1:] - y[:-1] ** 2) ** 2 + (1 - y[:-1]) ** 2), {}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("linesearch", ["zoom", "backtracking"])
def test_lbfgs_solves_rosenbrock(linesearch, drive):
    problem = Rosenbrock(jnp.asarray([-1.2, 1.0]))
    y, losses = drive(gradient("lbfgs", linesearch=linesearch), problem, 60)
    assert losses[-1] < 1e-16
    np.testing.assert_allclose(y, 1.0, atol=1e-8)


def test_the_loss_of_the_start_comes_first(quadratic, drive):
    problem = quadratic()
    start, _ = problem.loss(problem.start, (), jr.key(0))
    assert drive(gradient(), problem, 2)[1][0] == start


def test_plain_descent_carries_nothing_but_the_unknowns(quadratic):
    problem = quadratic()
    state = gradient().init(problem, problem.start, jr.key(0))
    assert len(jax.tree.leaves(state)) == 1


def test_without_tolerance_there_is_no_test(quadratic):
    problem = quadratic()
    solver = gradient()
    assert solver.converged(problem, solver.init(problem, problem.start, jr.key(0))) is None


def test_it_stops_where_an_update_is_small(quadratic):
    problem = quadratic(curvature=(1.0, 1.0))
    solver = gradient(learning_rate=0.5, tolerance=1e-3)
    state = solver.init(problem, problem.start, jr.key(0))
    steps = 0
    while not solver.converged(problem, state):
        state, _ = solver.step(problem, state, (), jr.key(0))
        steps += 1
    # Step n is 2⁻ⁿ in both components, and 2⁻¹⁰ is the first below 1e-3.
    assert steps == 10
    np.testing.assert_allclose(state.update_size, 2.0**-10)


def test_a_population_of_tolerances_and_rates(quadratic):
    problem = quadratic(curvature=(1.0, 1.0))
    solver = gradient(learning_rate=0.5, tolerance=1e-3)

    def one(rate, tolerance):
        where = lambda s: (s.optimizer.learning_rate, s.tolerance)  # noqa: E731
        member = eqx.tree_at(where, solver, (rate, tolerance))
        state = member.init(problem, problem.start, jr.key(0))
        state, _ = member.step(problem, state, (), jr.key(0))
        return member.unknowns(problem, state), member.converged(problem, state)

    unknowns, converged = jax.vmap(one)(jnp.asarray([0.5, 0.1]), jnp.asarray([1.0, 0.01]))
    np.testing.assert_allclose(unknowns, [[0.5, 0.5], [0.9, 0.9]])
    assert converged.tolist() == [True, False]


def test_noise_depends_on_the_key_alone(quadratic, drive):
    solver = gradient("noisy_sgd", learning_rate=RATE, eta=1.0)
    one, again, other = (drive(solver, quadratic(), 5, seed=seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not jnp.allclose(one, other)


class Fit(px.AbstractProblem):
    """Fit a network to a sine."""

    x: Array

    def init(self, key):
        return eqx.nn.MLP(1, 1, 16, 1, activation=jnp.tanh, key=key)

    @property
    def data(self):
        return px.FullBatch((self.x, jnp.sin(3 * self.x)))

    def loss(self, unknowns, batch, key):
        x, y = batch
        return jnp.mean((jax.vmap(unknowns)(x) - y) ** 2), {"widest": jnp.max(jnp.abs(y))}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam", "lbfgs"])
def test_a_network_trains(name, drive):
    problem = Fit(jnp.linspace(-1, 1, 32)[:, None])
    options = {"learning_rate": 0.02} if name == "adam" else {}
    network, losses = drive(gradient(name, **options), problem, 150)
    assert losses[-1] < 0.1 * losses[0]
    np.testing.assert_allclose(jax.vmap(network)(problem.x), jnp.sin(3 * problem.x), atol=0.7)


def test_metrics_are_those_of_the_problem_and_the_loss():
    problem = Fit(jnp.linspace(-1, 1, 8)[:, None])
    solver = gradient("adam")
    state = solver.init(problem, problem.init(jr.key(0)), jr.key(0))
    step = eqx.filter_jit(solver.step)
    _, metrics = step(problem, state, problem.data.first(), jr.key(0))
    assert set(metrics) == {"loss", "widest"}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_state_keeps_its_dtypes(dtype, quadratic):
    problem = quadratic(dtype=dtype)
    solver = gradient("adam", learning_rate=0.1, tolerance=1e-6)
    state = solver.init(problem, problem.start, jr.key(0))
    after, metrics = jax.eval_shape(solver.step, problem, state, (), jr.key(0))
    same = jax.tree.map(lambda a, b: (a.shape, a.dtype) == (b.shape, b.dtype), state, after)
    assert jax.tree.all(same)
    assert metrics["loss"].dtype == state.update_size.dtype == dtype


def test_integers_among_the_unknowns_stay(quadratic):
    class Mixed(px.AbstractProblem):
        def init(self, key):
            return {"x": jnp.ones(2), "labels": jnp.arange(3), "name": "mixed"}

        def loss(self, unknowns, batch, key):
            return jnp.sum(unknowns["x"] ** 2), {}

    *_, last = iterates(gradient(learning_rate=0.25), Mixed(), 2)
    assert last["labels"].tolist() == [0, 1, 2]
    np.testing.assert_allclose(last["x"], 0.25)


class Fixed(px.AbstractProblem):
    """Starts from whatever it is given."""

    start: dict
    metrics: dict = eqx.field(default_factory=dict)

    def init(self, key):
        return self.start

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns["x"] ** 2), self.metrics


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"x": jnp.arange(3)}, "only arrays of int32"),
        ({"x": 1.0}, "no arrays at all"),
        ({"x": jnp.ones(2, "complex64")}, r"unknowns\['x'\] of Fixed is complex64"),
    ],
)
def test_unknowns_without_a_direction_are_refused(start, message):
    with pytest.raises(px.PlugaxError, match=message):
        gradient().init(Fixed(start), start, jr.key(0))


def test_a_metric_must_not_take_the_name_of_the_loss():
    problem = Fixed({"x": jnp.ones(2)}, {"loss": jnp.ones(())})
    solver = gradient()
    state = solver.init(problem, problem.start, jr.key(0))
    with pytest.raises(px.PlugaxError, match="a metric named 'loss'"):
        solver.step(problem, state, (), jr.key(0))


@pytest.mark.parametrize("tolerance", [0.0, -1e-3, float("nan")])
def test_a_tolerance_must_be_positive(tolerance):
    with pytest.raises(px.PlugaxError, match="tolerance must be positive"):
        gradient(tolerance=tolerance)


def test_a_tolerance_and_accumulation_exclude_each_other():
    with pytest.raises(px.PlugaxError, match="updates of zero in between"):
        gradient(tolerance=1e-3, accumulate=2)


def test_the_optimizer_is_given_by_name_spec_or_object():
    assert px.solver("gradient").optimizer.alias is px.optimizer("adam").alias
    by_spec = px.solver("gradient", optimizer={"name": "sgd", "learning_rate": 0.5})
    assert by_spec.optimizer.learning_rate == 0.5
    with pytest.raises(px.errors.UnknownNameError, match="adam"):
        px.solver("gradient", optimizer="adamm")


def test_its_options_can_be_told_on_a_command_line():
    target = px.default_manager().find("solver", "gradient").load()
    options = {option.name: option for option in options_of(target)}
    assert options["optimizer"].default == "adam"
    assert options["tolerance"].types == (float, type(None))
    assert all(option.help for option in options.values())


class HalfWay(px.AbstractOptimizer):
    """Somebody else's optimizer: half of the way back to zero, whatever the gradient."""

    def init(self, params):
        return ()

    def update(self, grads, state, params, **extra):
        assert set(extra) >= {"value", "grad", "value_fn"}
        return jax.tree.map(lambda p: -p / 2, params), state


def test_any_optimizer_will_do(quadratic):
    solver = px.solver("gradient", optimizer=HalfWay())
    *_, last = iterates(solver, quadratic(), 3)
    np.testing.assert_allclose(last, 1 / 8)


def test_a_line_search_sees_the_key_of_its_step():
    class Random(px.AbstractProblem):
        def init(self, key):
            return jnp.zeros(())

        def loss(self, unknowns, batch, key):
            return (unknowns - jr.normal(key)) ** 2 / 8, {}

    problem, key = Random(), jr.key(4)
    solver = gradient("lbfgs")
    state = solver.init(problem, jnp.zeros(()), key)
    state, metrics = eqx.filter_jit(solver.step)(problem, state, (), key)
    # The step of one that the search tries first goes a quarter of the way, enough for Wolfe's
    # conditions on the parabola of this key, and of no other.
    after, _ = problem.loss(solver.unknowns(problem, state), (), jr.split(key)[0])
    np.testing.assert_allclose(after, 0.75**2 * metrics["loss"], rtol=1e-4)


def test_it_runs_in_the_runner(quadratic):
    problem = quadratic(curvature=(1.0, 1.0))
    solution = px.solve(problem, gradient(learning_rate=0.5, tolerance=1e-3), steps=100)
    assert solution.status.success
    assert solution.steps == 10
    np.testing.assert_allclose(solution.history["loss"], 4.0 ** -np.arange(10), rtol=1e-6)


def test_learning_rates_sweep_in_the_runner(quadratic):
    problem = quadratic(curvature=(1.0, 1.0))
    rates = jnp.asarray([0.5, 0.1])
    found = px.sweep(problem, gradient(), over={"optimizer.learning_rate": rates}, steps=2)
    np.testing.assert_allclose(found.unknowns, [[0.25, 0.25], [0.81, 0.81]], rtol=1e-6)
