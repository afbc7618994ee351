"""A run of a problem that was bounded, fixed or started elsewhere is loaded by itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.problems import origin_and_variations

pytestmark = pytest.mark.usefixtures("x64")


def rosenbrock():
    return px.problem("more-garbow-hillstrom", function="rosenbrock")


def started():
    return px.starting_at(rosenbrock(), jnp.asarray([0.5, 0.25]))


VARIANTS = {
    "bounded": lambda: px.bounded(rosenbrock(), lower=-2.0, upper=jnp.asarray([0.5, np.inf])),
    "started": started,
    "twice": lambda: px.starting_at(px.bounded(started(), upper=2.0), jnp.asarray([0.1, 0.2])),
}


def solved(problem, out, steps=4):
    return px.solve(problem, "gradient", tolerance=None, seed=1, steps=steps, out=out)


def equal(a, b):
    same = jax.tree.map(lambda x, y: bool(np.all(np.asarray(x) == np.asarray(y))), a, b)
    return all(jax.tree.leaves(same))


@pytest.mark.parametrize(
    "make",
    [
        VARIANTS["bounded"],
        pytest.param(VARIANTS["started"], marks=pytest.mark.slow),  # a part of "twice"
        VARIANTS["twice"],
    ],
    ids=VARIANTS,
)
def test_a_variant_is_loaded_and_gone_on_with(make, tmp_path):
    problem = make()
    before = solved(problem, tmp_path)
    loaded = px.load(tmp_path)
    assert jax.tree.structure(loaded.problem) == jax.tree.structure(problem)
    assert equal(loaded.problem, problem)
    assert equal(loaded.unknowns, before.unknowns)
    assert origin_and_variations(loaded.problem)[1]
    gone_on = px.resume(tmp_path, steps=8)
    assert equal(gone_on.unknowns, solved(problem, tmp_path / "whole", steps=8).unknowns)
    assert equal(px.load(tmp_path).problem, problem)  # resumed and saved again


class Net(px.AbstractProblem):
    """A network: leaves that are functions and numbers, in the form of the unknowns.

    Arguments:
        width: of the hidden layer.
    """

    width: int = 3

    def init(self, key):
        import equinox as eqx

        layers = eqx.nn.MLP(2, 1, self.width, 1, key=key)
        return {"net": layers, "dropout": eqx.nn.Dropout(0.3)}

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns["net"](jnp.ones(2)) ** 2), {}


class Plugin:
    @px.hookimpl
    def register_problems(self, register):
        register("saved-net", Net)


@pytest.fixture
def net():
    px.default_manager().register(Plugin(), "nets")
    yield px.problem("saved-net", width=4)
    px.default_manager().unregister("nets")


def test_a_network_with_a_layer_fixed_is_loaded(net, tmp_path):
    problem = px.fixed(net, lambda u: u["net"].layers[0])
    before = solved(problem, tmp_path)
    loaded = px.load(tmp_path)
    arrays = lambda tree: [leaf for leaf in jax.tree.leaves(tree) if hasattr(leaf, "dtype")]  # noqa: E731
    for was, now in ((problem, loaded.problem), (before.unknowns, loaded.unknowns)):
        assert len(arrays(was)) == len(arrays(now)) > 0
        assert equal(arrays(was), arrays(now))
    loss = loaded.problem.loss(loaded.problem.init(jax.random.key(0)), (), jax.random.key(1))
    assert equal(loss, problem.loss(problem.init(jax.random.key(0)), (), jax.random.key(1)))
    bounded = px.bounded(problem, lower=-1.0)
    solved(bounded, tmp_path / "bounded")
    assert equal(arrays(px.load(tmp_path / "bounded").problem), arrays(bounded))


def test_a_twin_from_another_start_is_loaded(tmp_path):
    twin = px.problem("lorenz63-twin", cycles=4, observe_every=5, burn_in=0.0)
    problem = px.starting_at(twin, jnp.asarray([1.0, 2.0, 20.0]))
    px.solve(problem, "etkf", steps=2, out=tmp_path)
    assert equal(px.load(tmp_path).problem, problem)


def test_another_bound_is_another_problem(tmp_path):
    solved(px.bounded(rosenbrock(), lower=-2.0), tmp_path)
    for other in (rosenbrock(), px.bounded(rosenbrock(), lower=-3.0)):
        with pytest.raises(px.PlugaxError, match=r"other bounds, fixed unknowns or start|expected"):
            px.resume(tmp_path, steps=8, problem=other)
    px.resume(tmp_path, steps=8, problem=px.bounded(rosenbrock(), lower=-2.0))


class Bowl(px.AbstractProblem):
    def init(self, key):
        return jnp.ones(2)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}


def test_a_variant_of_what_was_made_by_hand_must_be_given(tmp_path):
    problem = px.bounded(Bowl(), lower=-1.0)
    solved(problem, tmp_path)
    with pytest.raises(px.PlugaxError, match=r"made by hand from plugax\.problems"):
        px.load(tmp_path)
    assert px.load(tmp_path, problem=problem).steps == 4
