"""Averages of the weights, groups with their own rates, and decay of weights alone."""

import contextlib

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px

RATE, STEPS = 0.05, 20
KINDS = ("weight", "bias")


def gradient(optimizer="sgd", rate=RATE, **options):
    return px.solver("gradient", optimizer=px.optimizer(optimizer, learning_rate=rate), **options)


def points(problem, steps=STEPS):
    """The unknowns of descent on ½ Σ λ u² after every step, from u = 1."""
    factors = 1 - RATE * np.asarray(problem.curvature)
    return factors ** np.arange(1, steps + 1)[:, None]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("decay", [0.5, 0.9, 0.9999])
def test_the_exponential_average_is_that_of_all_steps(quadratic, drive, decay):
    problem = quadratic()
    solver = gradient(average="exponential", average_decay=decay)
    found, losses = drive(solver, problem, STEPS)
    weights = decay ** np.arange(STEPS)[::-1]
    expected = weights @ points(problem) / weights.sum()
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_array_equal(losses, drive(gradient(), problem, STEPS)[1])


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("start", "begin"), [(0.75, 15), (0.0, 0), (0.99, 19)])
def test_the_stochastic_average_is_the_mean_of_the_end(quadratic, drive, start, begin):
    problem = quadratic()
    found, _ = drive(gradient(average="stochastic", average_start=start), problem, STEPS)
    np.testing.assert_allclose(found, points(problem)[begin:].mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize("average", ["exponential", "stochastic"])
def test_the_average_is_what_a_run_evaluates_saves_and_resumes(quadratic, tmp_path, average):
    class Judged(type(quadratic())):
        def evaluate(self, unknowns):
            return {"first": unknowns[0]}

    plain = quadratic()
    problem = Judged(plain.curvature, plain.centre, plain.start)
    solver = gradient(average=average)
    whole = px.solve(problem, solver, steps=STEPS, evaluate_every=5)
    assert whole.evaluations.first[-1] == whole.unknowns[0]
    last = points(plain)[-1]
    np.testing.assert_allclose(whole.state.unknowns, last, rtol=1e-4)
    assert abs(whole.unknowns[0] - last[0]) > 0.01
    px.solve(problem, solver, steps=7, chunk=3, out=tmp_path)
    ends_later = pytest.warns(px.errors.ResumeWarning)
    with ends_later if average == "stochastic" else contextlib.nullcontext():
        told = {"steps": STEPS, "problem": problem, "solver": solver, "prepare_anew": True}
        again = px.resume(tmp_path, **told)
    np.testing.assert_array_equal(again.unknowns, whole.unknowns)


class Model(eqx.Module):
    first: eqx.nn.Linear
    norm: eqx.nn.LayerNorm
    last: eqx.nn.Conv1d

    def __init__(self, key):
        self.first = eqx.nn.Linear(3, 4, key=key)
        self.norm = eqx.nn.LayerNorm((2, 4))
        self.last = eqx.nn.Conv1d(2, 5, 2, key=key)


def paths_that_change(params, updates):
    found = jax.tree_util.tree_leaves_with_path(updates)
    names = [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in found]
    return {name for name, (_, leaf) in zip(names, found, strict=True) if jnp.any(leaf)}


def decayed(params, **options):
    """The arrays that decay when there is no gradient."""
    optimizer = px.optimizer("adamw", learning_rate=1.0, weight_decay=0.5, **options)
    nothing = jax.tree.map(jnp.zeros_like, params)
    return paths_that_change(params, optimizer.update(nothing, optimizer.init(params), params)[0])


def test_biases_and_normalisations_do_not_decay_by_default():
    params = eqx.filter(Model(jr.key(0)), eqx.is_inexact_array)
    params = jax.tree.map(lambda leaf: leaf + 1, params)
    assert decayed(params) == {"first.weight", "last.weight"}
    everything = {f"{part}.{kind}" for part in ("first", "norm", "last") for kind in KINDS}
    assert decayed(params, mask="all") == everything
    # A bias of a convolution has axes of length one, and LayerNorm's scale as many as its input.
    assert decayed(params, mask="matrices") == everything - {"first.bias"}


def test_unknowns_without_weights_decay_all_the_same():
    assert decayed({"a": jnp.ones(3), "b": jnp.ones(())}) == {"a", "b"}


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_group_has_the_rate_that_it_would_have_alone(drive, optimizer):
    class Pair(px.AbstractProblem):
        def init(self, key):
            return {"body": {"weight": jnp.ones((2, 2))}, "head": {"weight": jnp.ones((2, 2))}}

        def loss(self, unknowns, batch, key):
            body, head = unknowns["body"]["weight"], unknowns["head"]["weight"]
            return jnp.sum(body**2) + 2 * jnp.sum(head**2), {}

    grouped, _ = drive(gradient(optimizer, rate_factors={"body.*": 0.1}), Pair(), 5)
    slow, _ = drive(gradient(optimizer, rate=RATE / 10), Pair(), 5)
    usual, _ = drive(gradient(optimizer), Pair(), 5)
    np.testing.assert_allclose(grouped["body"]["weight"], slow["body"]["weight"], rtol=1e-5)
    np.testing.assert_array_equal(grouped["head"]["weight"], usual["head"]["weight"])


@pytest.mark.parametrize(
    "factors",
    [
        {"first.*": 0.0, "*": 1.0},
        ("first.*=0", "*=1"),
        lambda path: 0.0 if path.startswith("first") else 1.0,
    ],
)
def test_factors_are_given_by_pattern_text_or_function(factors):
    class Fit(px.AbstractProblem):
        def init(self, key):
            return Model(key)

        def loss(self, unknowns, batch, key):
            arrays = eqx.filter(unknowns, eqx.is_inexact_array)
            return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(arrays)), {}

    start = Model(jr.key(0))
    problem = px.starting_at(Fit(), start)
    solution = px.solve(problem, gradient(rate_factors=factors), steps=1)
    before, after = (eqx.filter(m, eqx.is_inexact_array) for m in (start, solution.unknowns))
    change = jax.tree.map(jnp.subtract, after, before)
    assert paths_that_change(change, change) == {"norm.weight", "last.weight", "last.bias"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"average": "mean"}, "average must be one of exponential, stochastic or None"),
        ({"average_decay": 1.0}, "average_decay must be between 0 and 1"),
        ({"average_start": 1.0}, "a fraction of the run"),
        ({"rate_factors": ("layers.0",)}, "'layers.0.*=0.1'"),
        ({"rate_factors": {"a": -1.0}}, "must not be negative"),
        (
            {"rate_factors": {"a": "fast"}},
            "numbers by pattern|typechecking parameter 'rate_factors'",
        ),
        ({"optimizer": "lbfgs", "rate_factors": {"a": 0.1}}, "line search of lbfgs"),
        ({"compute": "float8"}, "one of bfloat16, float16 or None"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.solver("gradient", **options)


def test_a_pattern_that_fits_nothing_is_an_error(quadratic):
    class Named(px.AbstractProblem):
        def init(self, key):
            return {"weight": jnp.ones(2), "bias": jnp.ones(2)}

        def loss(self, unknowns, batch, key):
            return jnp.sum(unknowns["weight"]), {}

    with pytest.raises(px.PlugaxError, match=r"fits 'weigth'. Did you mean 'weight'\?"):
        px.solve(Named(), gradient(rate_factors={"weigth": 0.1}), steps=1)


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_accumulated_batches_train_as_the_large_batch(optimizer):
    x = jr.normal(jr.key(0), (64, 3))

    class Line(px.AbstractProblem):
        batches: int

        def init(self, key):
            return jnp.zeros(3)

        @property
        def data(self):
            return px.Sequence((x.reshape(self.batches, -1, 3),))

        def loss(self, unknowns, batch, key):
            (inputs,) = batch
            return jnp.mean((inputs @ (unknowns - jnp.arange(3.0))) ** 2), {}

    small, large = (
        px.solve(
            Line(batches), "gradient", optimizer=px.optimizer(optimizer, accumulate=batches // 4)
        )
        for batches in (16, 4)
    )
    np.testing.assert_allclose(small.unknowns, large.unknowns, rtol=1e-5)


@pytest.mark.parametrize("options", [{"average": "exponential"}, {"average": "stochastic"}])
def test_an_average_adds_no_compilation(quadratic, options):
    from plugax.runner.loop._program import traces

    problem, solver = quadratic(), gradient(**options)
    before = traces["advance"]
    px.solve(problem, solver, steps=10, chunk=3)
    px.solve(problem, solver, steps=7, seed=1)
    assert traces["advance"] == before + 1
