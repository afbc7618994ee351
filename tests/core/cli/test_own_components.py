import tomllib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax import hookimpl
from plugax.integrators import AbstractIntegrator

MODULE = '''
import jax.numpy as jnp
import plugax as px


class Hollow(px.AbstractProblem):
    """A hollow.

    Arguments:
        depth: how deep [metre].
    """

    recipes = {"own_hollow:Slide": {"steps": 3}, "descent": {"steps": 2}}
    depth: float = 1.0

    def init(self, key):
        return jnp.ones(2)

    def loss(self, y, batch, key):
        return self.depth * jnp.sum(y**2), {}

    def figures(self, solution):
        from matplotlib.figure import Figure

        return {"blank": Figure(figsize=(1, 1))}


class Slide(px.AbstractSolver):
    """Slides down.

    Arguments:
        pace: a fraction.
    """

    pace: float = 0.5

    def init(self, problem, unknowns, key):
        return unknowns

    def step(self, problem, state, batch, key):
        return self.pace * state, {"loss": problem.loss(state, batch, key)[0]}

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state


made = Hollow(depth=2.0)


def deep(depth: float = 3.0) -> Hollow:
    return Hollow(depth)
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "own_hollow.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    __import__("sys").modules.pop("own_hollow", None)


SOLVER = ["--solver", "own_hollow:Slide", "--steps", 2]


@pytest.mark.parametrize("name", ["Hollow", "made", "deep"])
def test_a_problem_of_ones_own_runs(call, here, name):
    result = call("run", f"own_hollow:{name}", *SOLVER, "--json")
    assert result.status == 0, result.err
    assert result.json["problem"] == f"own_hollow:{name}"


def test_its_options_have_flags_and_its_run_is_repeated_resumed_and_drawn(call, here):
    flags = ["--depth", 4, "--pace", 0.25]
    first = call("run", "own_hollow:Hollow", *SOLVER, *flags, "--out", "a", "--json")
    assert first.json["options"] == {"problem": {"depth": 4.0}, "solver": {"pace": 0.25}}
    config = tomllib.loads((here / "a" / "config.toml").read_text())
    assert config["problem"] == {"name": "own_hollow:Hollow", "depth": 4.0}
    assert call("run", "--config", "a/config.toml").status == 0
    assert call("resume", "a", "--steps", 3).status == 0
    assert call("plot", "a").status == 0
    assert (here / "a" / "figures" / "blank.png").exists()
    text = call("run", "own_hollow:Hollow", *SOLVER, "--help").out
    assert "--depth" in text
    assert "--pace" in text


def test_solvers_of_ones_own_are_compared(call, here):
    result = call("compare", "own_hollow:Hollow", "--solvers", "own_hollow:Slide,descent", "--json")
    assert result.status == 0, result.err


def test_a_run_made_by_hand_is_resumed_and_drawn_with_the_problem_named(call, here):
    from own_hollow import Hollow, Slide

    px.solve(Hollow(), Slide(), steps=2, out="b")
    given = ["--problem", "own_hollow:Hollow", "--solver", "own_hollow:Slide"]
    assert call("plot", "b", *given).status == 0
    result = call("resume", "b", "--steps", 3, *given)
    assert result.status == 0, result.err


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("own_hollow:Nothing", "has no attribute 'Nothing'"),
        ("no_such_module:Hollow", "No problem is named 'no_such_module:Hollow'"),
        ("own_hollow:Slide", "not an AbstractProblem"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(call, here, name, told):
    result = call("run", name, "--solver", "descent")
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert told in result.err


def twin(count: int = 4) -> ss.StateSpace:
    return _twin(count)


twin.recipes = {"descent": {"steps": 2}}


def unannotated(count: int = 4):
    return _twin(count)


def _twin(count):
    return ss.StateSpace(
        lambda t, x: -x,
        np.arange(1.0, count + 1),
        np.zeros((count, 2)),
        lambda t, x: x,
        ss.DiagonalCovariance(jnp.ones(2)),
        ss.Gaussian(jnp.ones(2), ss.DiagonalCovariance(jnp.ones(2))),
        dt=1.0,
        integrator=Still(),
    )


class Still(AbstractIntegrator):
    def trajectory(self, field, y0, *, dt, steps, every=1, t0=0.0):
        return y0[None]


class Twins:
    @hookimpl
    def register_problems(self, register):
        register("twin", twin)
        register("unannotated", unannotated)


@pytest.mark.parametrize(
    ("name", "flags"), [("twin", []), ("unannotated", ["--solver", "descent", "--steps", 2])]
)
def test_a_factory_has_the_precision_and_the_recipes_of_what_it_makes(call, manager, name, flags):
    manager.register(Twins(), "twins")
    result = call("run", name, *flags, "--json")
    assert result.status == 0, result.err
    assert (result.json["precision"], result.json["steps"]) == ("float64", 2)


def test_python_and_describe_know_the_recipes_of_a_factory(call, manager):
    manager.register(Twins(), "twins")
    with jax.enable_x64(True):
        assert px.solve("twin").steps == 2
    (described,) = call("describe", "twin", "--json").json
    assert (described["precision"], described["recipes"]) == ("float64", twin.recipes)
