import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plugax as px
from plugax.problems import Box
from plugax.testing import parametrize_checks


class Decay(px.AbstractLeastSquares):
    """y = a exp(−b t) through five points; the minimum is near a = 2.0006, b = 1.4934."""

    def init(self, key):
        return {"a": jnp.asarray(1.0), "b": jnp.asarray(1.0)}

    def residuals(self, unknowns, batch, key):
        dtype = unknowns["a"].dtype
        t = jnp.linspace(0.0, 2.0, 5, dtype=dtype)
        y = jnp.array([2.0, 0.95, 0.45, 0.21, 0.10], dtype)
        return unknowns["a"] * jnp.exp(-unknowns["b"] * t) - y, {}

    def evaluate(self, unknowns):
        return {"rate": unknowns["b"]}


class Plane(px.AbstractLinearLeastSquares):
    """u₀ + 2 u₁ = 3 and u₁ = 0.5."""

    def init(self, key):
        return jr.normal(key, (2,))

    def residuals(self, unknowns, batch, key):
        return jnp.stack([unknowns[0] + 2 * unknowns[1] - 3, unknowns[1] - 0.5]), {}


class Net(px.AbstractProblem):
    """A small network, fitted to a line."""

    def init(self, key):
        return eqx.nn.MLP(1, 1, 4, 1, key=key)

    def loss(self, unknowns, batch, key):
        x = jnp.linspace(-1.0, 1.0, 8)[:, None]
        return jnp.mean((jax.vmap(unknowns)(x) - 2 * x) ** 2), {}


@parametrize_checks(
    problems={
        "fixed": lambda: px.fixed(Decay(), lambda u: u["a"]),
        "bounded": lambda: px.bounded(Decay(), lower={"a": 0.5, "b": None}, upper=3.0),
    }
)
def test_a_variant_is_a_sound_problem(check):
    check()


def test_what_is_fixed_stays_and_the_rest_is_solved_for(x64):
    problem = px.fixed(px.starting_at(Decay(), {"a": 1.9, "b": 1.0}), lambda u: u["a"])
    solution = px.solve(problem, "levenberg-marquardt")
    assert solution.status.name == "converged"
    assert solution.unknowns["a"] == 1.9
    # With a fixed, the minimum over b alone: the derivative vanishes there.
    slope = jax.grad(lambda b: Decay().loss({"a": jnp.asarray(1.9), "b": b}, (), jr.key(0))[0])
    assert abs(slope(solution.unknowns["b"])) < 1e-9
    assert solution.metrics["rate"] == solution.unknowns["b"]


def test_a_layer_is_frozen_bit_for_bit():
    before = Net().init(jr.key(7))
    problem = px.fixed(Net(), lambda net: net.layers[0], seed=7)
    solution = px.solve(problem, "gradient", steps=20, seed=3)
    after = solution.unknowns
    np.testing.assert_array_equal(after.layers[0].weight, before.layers[0].weight)
    assert (after.layers[1].weight != Net().init(jr.key(3)).layers[1].weight).all()
    assert jax.vmap(after)(jnp.ones((3, 1))).shape == (3, 1)


def test_a_pytree_of_booleans_picks_too():
    by_mask = px.fixed(Decay(), {"a": True, "b": False})
    assert by_mask.init(jr.key(0))["a"] is None
    assert eqx.tree_equal(by_mask, px.fixed(Decay(), lambda u: u["a"]))


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (lambda u: (u["a"], u["b"]), "picks everything"),
        (lambda u: u["c"], "does not fit the unknowns of Decay"),
        ({"a": False, "b": False}, "picks nothing"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_an_error(where, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.fixed(Decay(), where)


def test_bounds_that_do_not_bind_change_no_answer(x64):
    free = px.solve(Decay(), "levenberg-marquardt")
    problem = px.bounded(Decay(), lower=0.0, upper={"a": 10.0, "b": None})
    bounded = px.solve(problem, "levenberg-marquardt")
    assert bounded.status.name == "converged"
    for name in "ab":
        # The solver's own tolerance, 1e-8, in other variables.
        np.testing.assert_allclose(bounded.unknowns[name], free.unknowns[name], rtol=1e-7)


@pytest.mark.parametrize(
    "bounds", [{"upper": {"a": 1.8, "b": None}}, {"lower": {"b": 1.6, "a": None}}]
)
@pytest.mark.parametrize(
    "solver",
    [
        "newton",
        "lbfgs",
        "levenberg-marquardt",
        # What they do at a bound is the code of the two before.
        pytest.param("bfgs", marks=pytest.mark.slow),
        pytest.param("dogleg", marks=pytest.mark.slow),
    ],
)
def test_bounds_that_bind_hold_and_the_rest_is_at_its_minimum(x64, bounds, solver):
    solution = px.solve(px.bounded(Decay(), **bounds), solver)
    assert solution.status.name == "converged"
    a, b = solution.unknowns["a"], solution.unknowns["b"]
    grad = jax.grad(lambda u: Decay().loss(u, (), jr.key(0))[0])({"a": a, "b": b})
    if "upper" in bounds:
        # A minimum known to √ε in z is known to ε in u, where du/dz = 0.
        np.testing.assert_allclose(a, 1.8, rtol=1e-12)
        assert grad["a"] < 0  # the loss falls towards what the bound forbids
        assert abs(grad["b"]) < 1e-7
    else:
        np.testing.assert_allclose(b, 1.6, rtol=1e-12)
        assert grad["b"] > 0
        assert abs(grad["a"]) < 1e-7


@settings(max_examples=50, deadline=None)
@given(
    value=st.floats(-50, 50),
    start=st.floats(-60, 60),
    lower=st.one_of(st.just(-np.inf), st.floats(-40, -1)),
    upper=st.one_of(st.just(np.inf), st.floats(1, 40)),
)
def test_a_box_holds_and_gives_its_points_back(value, start, lower, upper):
    with jax.enable_x64(True):
        box = Box.around(jnp.asarray(start), jnp.asarray(lower), jnp.asarray(upper))
        image = float(box.constrained(jnp.asarray(value)))
        assert lower <= image <= upper
        again = float(box.constrained(box.free(jnp.asarray(image))))
        np.testing.assert_allclose(again, image, rtol=1e-12, atol=1e-12)
        assert lower < float(box.constrained(box.begin(jnp.asarray(image)))) < upper


@pytest.mark.parametrize("upper", [np.inf, 1.0])
def test_a_start_near_a_bound_stays_where_it_is_whatever_its_size(x64, upper):
    start = jnp.array([3e-12, 2e-7, 0.5])
    box = Box.around(start, jnp.zeros(3), jnp.full(3, upper))
    np.testing.assert_allclose(box.constrained(box.begin(start)), start, rtol=1e-12)
    # One digit more is one digit more, for all of them.
    np.testing.assert_allclose(box.constrained(box.free(start / 10)), start / 10, rtol=1e-12)


@pytest.mark.parametrize("start", [-5.0, 0.0, 1.0, 7.0])
def test_a_start_on_a_bound_can_leave_it(start):
    problem = px.bounded(px.starting_at(Decay(), {"a": start, "b": 1.0}), lower=0.0, upper=4.0)
    slope = jax.grad(lambda z: problem.loss(z, (), jr.key(0))[0])(problem.init(jr.key(0)))
    assert all(jnp.isfinite(s) and s != 0 for s in slope.values())


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"lower": 2.0, "upper": 1.0}, "must leave room"),
        ({"lower": {"a": 0.0}}, "structure of the unknowns"),
        ({"lower": {"a": [0.0, 1.0], "b": None}}, "structure of the unknowns"),
        ({"upper": float("nan")}, "not a number"),
    ],
)
def test_bounds_that_cannot_be_meant_are_an_error(bounds, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.bounded(Decay(), **bounds)


def test_another_start_must_look_like_the_unknowns():
    with pytest.raises(px.PlugaxError, match=r"The unknowns of Plane are f32\[2\]; got"):
        px.starting_at(Plane(), jnp.ones(3))


def test_a_variant_is_still_of_its_kind():
    assert isinstance(px.fixed(Decay(), lambda u: u["a"]), px.AbstractLeastSquares)
    assert isinstance(px.starting_at(Plane(), jnp.ones(2)), px.AbstractLinearLeastSquares)
    bounded = px.bounded(Plane(), lower=0.0)
    assert isinstance(bounded, px.AbstractLeastSquares)
    assert not isinstance(bounded, px.AbstractLinearLeastSquares)
    with pytest.raises(px.errors.UnsuitableProblemError, match="Solvers that fit"):
        px.solve(bounded, "least-squares")


class Dropped(px.AbstractProblem):
    """Unknowns with numbers in them that are none: the share of a dropout."""

    def init(self, key):
        first, second = jr.split(key)
        layers = [eqx.nn.Linear(2, 3, key=first), eqx.nn.Dropout(0.3)]
        return eqx.nn.Sequential([*layers, eqx.nn.Linear(3, 1, key=second)])

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns(jnp.ones(2), key=key) ** 2), {}


def test_plain_numbers_among_the_unknowns_are_left_as_they_are():
    problem = Dropped()
    start = problem.init(jr.key(5))
    begun = px.starting_at(problem, start)
    assert eqx.tree_equal(begun.init(jr.key(0)), start)
    solution = px.solve(begun, "gradient", steps=3)
    assert solution.unknowns.layers[1].p == 0.3
    starts = eqx.filter_vmap(problem.init)(jr.split(jr.key(1), 2))
    population = px.sweep(problem, "gradient", over={"start": starts}, steps=3)
    first = jax.tree.map(lambda leaf: leaf[0] if eqx.is_array(leaf) else leaf, starts)
    alone = px.solve(px.starting_at(problem, first), "gradient", steps=3)
    # The same operations in another order of a vectorised program: rounding only.
    np.testing.assert_allclose(population.history.loss[0], alone.series["loss"], rtol=1e-5)


def test_saved_and_resumed_in_the_terms_of_the_answer(tmp_path):
    problem = px.bounded(Decay(), lower=0.0, upper=4.0)
    whole = px.solve(problem, "gradient", steps=10)
    px.solve(problem, "gradient", steps=4, out=tmp_path)
    loaded = px.load(tmp_path, problem=problem)
    assert 0 < loaded.unknowns["a"] < 4
    resumed = px.resume(tmp_path, problem=problem, steps=10)
    assert resumed.unknowns == whole.unknowns
