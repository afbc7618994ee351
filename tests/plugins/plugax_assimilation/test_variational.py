"""Variational methods: the Kalman filter's answer, the cost's minimum, windows."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation.variational._four_d_var import FourDVar
from plugax_assimilation.variational._gauss_newton import all_at_once, gauss_newton, one_by_one
from plugax_assimilation.variational._inner import conjugate_gradients, direct, inner_solver
from plugax_assimilation.variational._segments import scan_in_segments
from plugax_assimilation.variational._weak_four_d_var import WeakFourDVar
from plugax_lorenz96 import Lorenz96

pytestmark = pytest.mark.usefixtures("x64")

STATES, OBSERVED = 5, 3
MODEL = np.random.default_rng(0).normal(size=(STATES, STATES)) / 2
SEEN = np.random.default_rng(1).normal(size=(OBSERVED, STATES))
TIMES = np.array([0.1, 0.3, 0.4, 0.6, 0.7, 1.0, 1.1])
STD = np.array([0.3, 0.5, 0.4])
SOLVERS = ("direct", "conjugate-gradients")
# So tight that conjugate gradients leave nothing but rounding.
EXACT = {"rtol": 1e-13, "inner": 60}


def model(t, x):
    """Linear dynamics; one function, so that like problems are solved by one program."""
    return jnp.asarray(MODEL, x.dtype) @ x


def operator(t, x):
    return jnp.asarray(SEEN, x.dtype) @ x


def linear(*, model_error=None, missing=False, truth=True, times=TIMES):
    """Linear dynamics and observations, of which two are missing on demand."""
    problem = ss.twin_experiment(
        model,
        times,
        operator,
        ss.DiagonalCovariance(STD),
        ss.Gaussian(jnp.ones(STATES), ss.DenseCovariance(np.diag([1.0, 2, 1, 1, 0.5]) + 0.2)),
        key=jr.key(0),
        dt=0.1,
        model_error=model_error,
    )
    cycles = problem.cycles
    if missing:
        available = jnp.ones((len(times), OBSERVED), bool).at[1, 0].set(False).at[2].set(False)
        observations = jnp.where(available, cycles.observations, 0)
        new = (available, observations)
        where = lambda c: (c.available, c.observations)  # noqa: E731
        cycles = eqx.tree_at(where, cycles, new, is_leaf=lambda x: x is None)
    if not truth:
        cycles = eqx.tree_at(lambda c: c.truth, cycles, None)
    return eqx.tree_at(lambda p: p.cycles, problem, cycles)


@functools.cache
def plain():
    """The linear problem as it is by default, made once."""
    return linear()


@eqx.filter_jit
def matrices_of(problem, cycles):
    """The model as a matrix, from each time to the next."""

    def matrix(cycle):
        return jax.jacfwd(lambda x: problem.forecast(x, cycle))(jnp.zeros(STATES))

    return jax.lax.map(matrix, cycles)


def kalman(problem, mean, covariance, cycles, *, inflation=1.0):
    """The Kalman filter in its plainest form; means and covariances at the times of the cycles."""
    error = 0 if problem.model_error is None else np.asarray(problem.model_error.as_matrix())
    matrices, found = np.asarray(matrices_of(problem, cycles)), []
    for k, here in enumerate(matrices):
        cycle = jax.tree.map(lambda leaf, k=k: leaf[k], cycles)
        mean = here @ mean
        growth = inflation ** float(cycle.duration)
        covariance = growth * here @ covariance @ here.T + error
        rows = slice(None) if cycle.available is None else np.asarray(cycle.available)
        h, r = SEEN[rows], np.diag(STD**2)[rows][:, rows]
        gain = covariance @ h.T @ np.linalg.inv(h @ covariance @ h.T + r)
        mean = mean + gain @ (np.asarray(cycle.observations)[rows] - h @ mean)
        covariance = (np.eye(STATES) - gain @ h) @ covariance
        found.append((mean, covariance))
    return found


def start_of(problem):
    return np.asarray(problem.initial.mean), np.asarray(problem.initial.covariance.as_matrix())


# Two that have nothing in common, and the other ways to combine them.
@pytest.mark.parametrize(
    ("inner_solver", "missing", "checkpoints"),
    [
        ("direct", False, None),
        ("conjugate-gradients", True, 3),
        *(
            pytest.param(*options, marks=pytest.mark.slow)
            for options in (
                ("direct", False, 3),
                ("direct", True, None),
                ("direct", True, 3),
                ("conjugate-gradients", False, None),
                ("conjugate-gradients", False, 3),
                ("conjugate-gradients", True, None),
            )
        ),
    ],
)
def test_the_end_of_a_linear_window_is_the_kalman_filters(inner_solver, missing, checkpoints):
    problem = linear(missing=missing)
    mean, covariance = start_of(problem)
    solver = FourDVar(
        window=7,
        covariance=problem.initial.covariance,
        inner_solver=inner_solver,
        checkpoints=checkpoints,
        **EXACT,
    )
    solution = px.solve(problem, solver)
    expected = kalman(problem, mean, covariance, problem.cycles)[-1][0]
    np.testing.assert_allclose(solution.unknowns, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("inner_solver", "missing"),
    [
        ("direct", True),
        ("conjugate-gradients", False),
        pytest.param("direct", False, marks=pytest.mark.slow),
        pytest.param("conjugate-gradients", True, marks=pytest.mark.slow),
    ],
)
def test_the_end_of_a_weak_linear_window_is_the_kalman_filters(inner_solver, missing):
    problem = linear(missing=missing, model_error=ss.ScalarCovariance(0.4, STATES))
    mean, covariance = start_of(problem)
    solver = WeakFourDVar(
        window=7, covariance=problem.initial.covariance, inner_solver=inner_solver, **EXACT
    )
    solution = px.solve(problem, solver)
    expected = kalman(problem, mean, covariance, problem.cycles)[-1][0]
    np.testing.assert_allclose(solution.unknowns, expected, rtol=1e-8)


def test_weak_tends_to_strong_as_the_models_error_vanishes():
    # The twins with model error have other observations: all three see those of the first.
    first = plain()
    problems = [
        eqx.tree_at(lambda p: p.cycles, linear(model_error=error), first.cycles)
        for error in (None, ss.ScalarCovariance(1e-2, STATES), ss.ScalarCovariance(1e-4, STATES))
    ]
    methods = (FourDVar, WeakFourDVar, WeakFourDVar)
    covariance = ss.ScalarCovariance(1.0, STATES)
    ends = [
        px.solve(problem, method(window=7, covariance=covariance, **EXACT)).unknowns
        for problem, method in zip(problems, methods, strict=True)
    ]
    far, near = (float(jnp.max(jnp.abs(end - ends[0]))) for end in ends[1:])
    # The difference is linear in the variance, so a hundredth of the std makes 10⁻⁴ of it.
    assert near < 1e-3 * far < 1e-3 * float(jnp.max(jnp.abs(ends[0])))


@pytest.mark.parametrize(
    ("window", "shift"),
    [
        (2, None),
        (3, 2),
        *(pytest.param(*sizes, marks=pytest.mark.slow) for sizes in ((1, None), (3, 1), (4, 4))),
    ],
)
def test_windows_follow_each_other_as_they_should(window, shift):
    problem = plain()
    covariance = 0.3 * np.eye(STATES)
    solver = FourDVar(
        window=window, shift=shift, covariance=ss.DenseCovariance(covariance), **EXACT
    )
    solution = px.solve(problem, solver)
    step = shift or window
    background, times, ends = np.asarray(problem.initial.mean), [], []
    matrices = np.asarray(matrices_of(problem, problem.cycles))
    for first in range(0, len(TIMES) - window + 1, step):
        cycles = jax.tree.map(
            lambda leaf, first=first: leaf[first : first + window], problem.cycles
        )
        # The minimum of the cost, from the normal equations of all observations of the window.
        run, whitened, misfits, states = np.eye(STATES), [], [], []
        for k in range(window):
            run = matrices[first + k] @ run
            whitened.append(SEEN @ run / STD[:, None])
            misfits.append((np.asarray(cycles.observations[k]) / STD) - whitened[-1] @ background)
            states.append(run)
        g, d = np.concatenate(whitened), np.concatenate(misfits)
        start = background + np.linalg.solve(np.linalg.inv(covariance) + g.T @ g, g.T @ d)
        background, end = states[step - 1] @ start, states[-1] @ start
        times.append(TIMES[first + window - 1])
        ends.append(end)
    np.testing.assert_allclose(solution.series["time"], times)
    np.testing.assert_allclose(solution.series["analysis"], ends, rtol=1e-8)
    assert solution.metrics["analysis_rmse"] <= 2 * solution.metrics["smoothed_rmse"]


def bounded(t, x):
    return jnp.arctan(x / 4)[::2] + 0.01 * t


def lorenz96(**parts):
    """A small ring, of which a nonlinear function is observed."""
    parts = {
        "observation_operator": bounded,
        "times": 0.1 * np.arange(1, 61),
        "size": 8,
    } | parts
    size = parts.pop("size")
    return ss.twin_experiment(
        Lorenz96(8.0),
        parts.pop("times"),
        operator := parts.pop("observation_operator"),
        ss.ScalarCovariance(0.05, operator(0.0, jnp.zeros(size)).size),
        ss.Gaussian(8 + jnp.sin(jnp.linspace(0, 6, size)), ss.ScalarCovariance(0.5, size)),
        key=jr.key(3),
        dt=0.05,
        climatology=ss.Gaussian(jnp.full(size, 2.3), ss.ScalarCovariance(3.6, size)),
        **parts,
    )


@functools.cache
def ring():
    """The ring as it is by default, made once in double precision."""
    return lorenz96()


def nonlinear_run(problem, window):
    """The misfits of a control over the first window, by the problem's own functions."""
    cycles = jax.tree.map(lambda leaf: leaf[:window], problem.cycles)
    root = problem.initial.covariance.root

    def run(control):
        states = problem.trajectory(problem.initial.mean + root(control), cycles)
        return jax.vmap(problem.misfit)(states, cycles), states

    return run


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_gradient_of_the_cost_vanishes_at_the_minimum(solver):
    run = nonlinear_run(ring(), 4)
    inner = inner_solver(solver, 8, steps=40, rtol=jnp.asarray(1e-10))
    start = jnp.zeros(8)
    found = eqx.filter_jit(gauss_newton)(run, start, inner, all_at_once(40))
    cost = lambda v: jnp.sum(v**2) / 2 + jnp.sum(run(v)[0] ** 2) / 2  # noqa: E731
    costs, gradients = jax.jit(jax.vmap(jax.value_and_grad(cost)))(
        jnp.stack([start, found.control])
    )
    before, after = jnp.linalg.norm(gradients, axis=1)
    assert after < 1e-6 * before
    ends = (found.first_cost, found.cost_background + found.cost_observations)
    np.testing.assert_allclose(ends, costs)


@pytest.mark.parametrize("outer", [1, 7, pytest.param(2, marks=pytest.mark.slow)])
def test_the_cost_never_increases(outer):
    # An operator of fourth order seen from far away: full Gauss–Newton increments overshoot.
    run = lambda v: ((v**4 - 0.1)[None] * 10, v[None])  # noqa: E731
    stages = all_at_once(outer)
    ends = jax.jit(lambda start: gauss_newton(run, start, direct, stages))
    for start in (0.05, -0.1, 2.0):
        found = ends(jnp.full(1, start))
        assert found.cost_background + found.cost_observations <= found.first_cost
    problem = ring()
    solution = px.solve(problem, FourDVar(window=5, scale=1.0, outer=outer))
    assert solution.status.success
    # Where every increment was taken back, both are the background's cost, computed in two places.
    rounding = 1 + 1e-12
    assert np.all(solution.series["cost"] <= rounding * solution.series["loss"])


@pytest.mark.parametrize("outer", [1, 5, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("quasi_static", [False, True])
def test_an_increment_into_nowhere_is_taken_back(quasi_static, outer):
    """√(1 + 10 v) is steep at the start, and the first increment leads where it is not defined."""

    def run(v):
        states = jnp.stack([v, 2 * v])
        return 30 * (jnp.sqrt(1 + 10 * states) - 0.4), states

    start = jnp.full(1, 1.0)
    assert jnp.isnan(run(start + direct(*pushed(run, start), jnp.zeros(())).value)[0]).any()
    stages = one_by_one(2, outer) if quasi_static else all_at_once(outer)
    found = jax.jit(lambda start: gauss_newton(run, start, direct, stages))(start)
    assert found.cost_background + found.cost_observations <= found.first_cost
    assert jnp.isfinite(found.states).all()


def pushed(run, control):
    misfit, push = jax.linearize(lambda v: run(v)[0].reshape(-1), control)
    return push, control, misfit


def test_conjugate_gradients_need_no_more_steps_than_there_are_numbers():
    matrix = jr.normal(jr.key(0), (30, 6))
    push = lambda v: matrix @ v  # noqa: E731
    arguments = (push, jnp.zeros(6), jr.normal(jr.key(1), (30,)), jnp.zeros(()))
    exact = direct(*arguments)
    by_steps = conjugate_gradients(*arguments, steps=100, rtol=jnp.asarray(1e-9))
    np.testing.assert_allclose(by_steps.value, exact.value, rtol=1e-7)
    np.testing.assert_allclose(by_steps.gradient, exact.gradient)
    assert int(by_steps.iterations) <= 7
    rough = conjugate_gradients(*arguments, steps=100, rtol=jnp.asarray(0.5))
    assert int(rough.iterations) < int(by_steps.iterations)


def test_quasi_static_stages_count_from_the_first_observation_time_on():
    stages = one_by_one(3, 2)
    np.testing.assert_array_equal(stages.times, [1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(stages.new, [True, False] * 3)
    assert all_at_once(2).times is None


@pytest.mark.slow
def test_quasi_static_finds_the_deeper_minimum_of_a_long_window():
    # 2.0 time units: errors grow by about e³, and from the background the cost has many minima.
    problem = lorenz96(
        times=0.2 * np.arange(1, 101), size=40, observation_operator=lambda t, x: x[::2]
    )
    costs = {
        quasi_static: px.solve(
            problem,
            FourDVar(
                window=10,
                covariance=ss.ScalarCovariance(0.5, 40),
                quasi_static=quasi_static,
                outer=4,
            ),
        ).series["cost"]
        for quasi_static in (False, True)
    }
    # Half the number of observations in the window, 100, is what the cost should be.
    assert np.median(costs[True]) < 130 < np.median(costs[False])


@pytest.mark.parametrize(
    "segments", [1, 3, 9, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 4, 5, 7))]
)
def test_segments_change_neither_values_nor_derivatives(segments):
    inputs = jr.normal(jr.key(0), (7, 2))

    def last(start, segments):
        step = lambda x, u: (jnp.sin(x) + u, x * u)  # noqa: E731
        return scan_in_segments(step, start, inputs, segments=segments)

    start = jnp.array([0.3, -0.4])
    np.testing.assert_array_equal(last(start, segments), last(start, None))
    derivatives = [jax.jit(jax.jacrev(last), static_argnums=1)(start, n) for n in (segments, None)]
    np.testing.assert_allclose(*derivatives, rtol=1e-12)


@pytest.mark.slow
def test_segments_bound_the_memory_of_long_windows():
    problem = lorenz96(times=0.1 * np.arange(1, 401), size=200)
    window = jax.tree.map(lambda leaf: leaf[:400], problem.cycles)

    def memory(checkpoints):
        solver = FourDVar(window=400, checkpoints=checkpoints, inner_solver="conjugate-gradients")
        state = eqx.filter_eval_shape(solver.init, problem, problem.initial.mean, jr.key(0))
        step = jax.jit(lambda state: solver.step(problem, state, window, jr.key(0))[0])
        return step.lower(state).compile().memory_analysis().temp_size_in_bytes

    # 20 segments of 20 cycles, against 400: a tenth, if it were for the linearised model alone; the
    # states at the observation times are kept in any case.
    assert memory(20) < 0.3 * memory(None)


@pytest.mark.parametrize("method", [FourDVar, WeakFourDVar])
def test_the_program_does_not_grow_with_window_and_iterations(method):
    problem = linear(times=0.1 * np.arange(1, 41), model_error=ss.ScalarCovariance(1.0, STATES))

    def size(window, outer, quasi_static):
        solver = method(
            window=window,
            outer=outer,
            quasi_static=quasi_static,
            covariance=ss.ScalarCovariance(1.0, STATES),
            inner_solver="conjugate-gradients",
        )
        state = solver.init(problem, problem.initial.mean, jr.key(0))
        batch = jax.tree.map(lambda leaf: leaf[:window], problem.cycles)
        program = jax.make_jaxpr(lambda s, b: solver.step(problem, s, b, jr.key(0)))(state, batch)
        return str(program).count(" = ")  # one an operation

    for quasi_static in (False, True):
        assert size(3, 2, quasi_static) == size(40, 9, quasi_static)


def test_without_truth_there_are_no_errors():
    solution = px.solve(linear(truth=False), FourDVar(covariance=ss.ScalarCovariance(1.0, STATES)))
    assert not [name for name in solution.metrics if name.endswith("rmse")]
    assert solution.metrics["cost"] > 0


def test_a_state_of_several_arrays_is_assimilated_like_one_row():
    flat = plain()
    apart = lambda x: {"a": x[..., :2], "b": x[..., 2:]}  # noqa: E731
    whole = lambda x: jnp.concatenate([x["a"], x["b"]], -1)  # noqa: E731
    problem = ss.StateSpace(
        lambda t, x: apart(jnp.asarray(MODEL) @ whole(x)),
        TIMES,
        flat.cycles.observations,
        lambda t, x: jnp.asarray(SEEN) @ whole(x),
        flat.observation_error,
        ss.Gaussian(apart(flat.initial.mean), flat.initial.covariance),
        dt=0.1,
        truth=apart(flat.cycles.truth),
    )
    solver = FourDVar(window=3, shift=2, covariance=flat.initial.covariance)
    one, other = px.solve(flat, solver), px.solve(problem, solver)
    np.testing.assert_allclose(one.unknowns, whole(other.unknowns), rtol=1e-10)
    np.testing.assert_allclose(one.metrics["smoothed_rmse"], other.metrics["smoothed_rmse"])


def test_a_hybrid_covariance_is_one_of_its_parts_together():
    problem = plain()
    anomalies = jr.normal(jr.key(5), (STATES, 3))
    hybrid = 0.5 * ss.ScalarCovariance(1.0, STATES) + ss.FactorCovariance(anomalies)
    dense = ss.DenseCovariance(0.5 * np.eye(STATES) + np.asarray(anomalies @ anomalies.T))
    ends = [
        px.solve(problem, FourDVar(window=3, covariance=covariance, **EXACT)).unknowns
        for covariance in (hybrid, dense)
    ]
    np.testing.assert_allclose(*ends, rtol=1e-8)


def test_the_scale_is_that_of_the_climates_covariance():
    problem = ring()
    scaled = px.solve(problem, FourDVar(window=2, scale=0.25))
    given = px.solve(problem, FourDVar(window=2, covariance=ss.ScalarCovariance(1.8, 8)))
    np.testing.assert_allclose(scaled.unknowns, given.unknowns, rtol=1e-10)


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        (FourDVar, {}, "no climatology|has none"),
        (WeakFourDVar, {"covariance": ss.ScalarCovariance(1.0, STATES)}, "has none|none. Give"),
        (FourDVar, {"covariance": ss.ScalarCovariance(1.0, 4)}, "5 numbers of the state"),
        (FourDVar, {"window": 8, "covariance": ss.ScalarCovariance(1.0, 5)}, "from 1 to 7"),
    ],
)
def test_what_a_method_misses_is_said_before_it_runs(method, options, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.solve(plain(), method(**options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0}, "window must be a whole number"),
        ({"window": 2, "shift": 3}, "shift must be at most window"),
        ({"shift": 0}, "shift must be a whole number"),
        ({"outer": 0}, "outer must be"),
        ({"inner": 0}, "inner must be"),
        ({"checkpoints": 0}, "checkpoints must be"),
        ({"scale": -1.0}, "must be positive"),
        ({"inner_solver": "lu"}, "inner_solver"),
        ({"keep": "members"}, "keep"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises((px.PlugaxError, TypeError), match=message):
        FourDVar(**options)


def test_single_precision_stays_single():
    with jax.enable_x64(False):
        problem = lorenz96()
        solver = FourDVar(window=2, shift=1)
        state = solver.init(problem, problem.initial.mean, jr.key(0))
        batch = jax.tree.map(lambda leaf: leaf[:2], problem.cycles)
        after, metrics = eqx.filter_eval_shape(solver.step, problem, state, batch, jr.key(0))
        assert {leaf.dtype.name for leaf in jax.tree.leaves((after, metrics))} == {"float32"}


@pytest.mark.slow
def test_a_population_of_twins_is_every_twin_alone():
    problem = px.problem("lorenz96-twin", cycles=40, burn_in=0.5)
    row = px.compare(problem, [("4dvar", {"window": 4})], seeds=range(2)).rows[0]
    assert row.success, row.outcome
    alone = px.solve(problem.reseeded(1), "4dvar", window=4, seed=1)
    assert row.scores["analysis_rmse"][1] == pytest.approx(alone.metrics["analysis_rmse"])
