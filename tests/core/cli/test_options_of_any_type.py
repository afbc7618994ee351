import enum
import json
import pathlib
import tomllib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float, Int

import plugax as px
from plugax import hookimpl


class Side(enum.Enum):
    LEFT = 1
    RIGHT = 2


def optional(value):
    return None if value is None else jnp.asarray(value)


class Typed(px.AbstractProblem):
    """Options of many types.

    Arguments:
        factor: a converted scalar.
        weights: converted numbers.
        loose: any array.
        bare: no converter.
        counts: whole numbers.
        where: a path.
        side: an enumeration.
        sides: several members of it.
        table: two axes.
    """

    factor: Float[Array, ""] | None = eqx.field(converter=optional, default=None)
    weights: Float[Array, " n"] = eqx.field(converter=jnp.asarray, default=(1.0, 2.0))
    loose: jax.Array | None = eqx.field(converter=optional, default=None)
    bare: jax.Array | None = None
    counts: Int[Array, " n"] | None = eqx.field(converter=optional, default=None)
    where: pathlib.Path = eqx.field(static=True, default=pathlib.Path("here"))
    side: Side | None = eqx.field(static=True, default=Side.LEFT)
    sides: tuple[Side, ...] = eqx.field(static=True, default=())
    table: Float[Array, "a b"] | None = None

    def init(self, key):
        return jnp.ones(2)

    def loss(self, unknowns, batch, key):
        assert isinstance(self.where, pathlib.Path)
        assert self.side is None or isinstance(self.side, Side)
        assert self.bare is None or isinstance(self.bare, jax.Array)
        scale = 1.0 if self.factor is None else self.factor
        return scale * jnp.sum(self.weights * unknowns**2), {}


class Plugin:
    @hookimpl
    def register_problems(self, register):
        register("typed", Typed)


FLAGS = {
    "factor": ("0.5", 0.5),
    "weights": ("3,4", [3.0, 4.0]),
    "loose": ("2", 2.0),
    "bare": ("1,2.5", [1.0, 2.5]),
    "counts": ("1,2", [1, 2]),
    "where": ("a/b", "a/b"),
    "side": ("RIGHT", "RIGHT"),
    "sides": ("LEFT,RIGHT", ["LEFT", "RIGHT"]),
}


@pytest.fixture
def typed(manager):
    manager.register(Plugin(), "typed")


def run(call, *flags):
    return call("run", "typed", "--solver", "descent", "--steps", 1, "--json", *flags)


@pytest.mark.parametrize("option", FLAGS)
def test_every_type_people_can_write_has_a_flag_and_none(call, typed, option):
    text, value = FLAGS[option]
    found = run(call, f"--{option}", text).json["options"]["problem"][option]
    assert found == value
    if option not in ("weights", "where", "sides"):
        assert run(call, f"--{option}", "none").json["options"]["problem"][option] is None


def test_what_was_written_is_read_again_from_the_configuration_and_the_run(call, typed, tmp_path):
    flags = [word for name, (text, _) in FLAGS.items() for word in (f"--{name}", text)]
    first = run(call, *flags, "--out", tmp_path / "a")
    assert first.status == 0, first.err
    config = tomllib.loads((tmp_path / "a" / "config.toml").read_text())["problem"]
    assert {name: config[name] for name in FLAGS} == {n: value for n, (_, value) in FLAGS.items()}
    again = ("--config", tmp_path / "a" / "config.toml", "--out", tmp_path / "b")
    second = call("run", *again, "--json")
    assert second.json["options"] == first.json["options"]
    loaded = px.load(tmp_path / "a")
    assert (loaded.problem.where, loaded.problem.side) == (pathlib.Path("a/b"), Side.RIGHT)
    assert loaded.problem.sides == (Side.LEFT, Side.RIGHT)
    np.testing.assert_array_equal(loaded.problem.bare, [1.0, 2.5])
    json.loads((tmp_path / "a" / "solution.json").read_text())


def test_python_takes_the_same_values(typed):
    made = px.problem("typed", side="RIGHT", where="x", bare=[1, 2], factor=3)
    assert (made.side, made.where) == (Side.RIGHT, pathlib.Path("x"))
    assert made.bare.shape == (2,)


@pytest.mark.parametrize(
    ("flag", "text", "told"),
    [
        ("--factor", "x", "expected number or none; got 'x'"),
        ("--counts", "1.5", "expected integer,… or none; got '1.5'"),
        ("--side", "UP", "expected LEFT|RIGHT or none; got 'UP'"),
        ("--where", "none-such", None),
        ("--table", "1,2", "table of typed can be given from Python only: px.problem('typed', "),
    ],
)
def test_a_wrong_value_is_told_in_one_line(call, typed, flag, text, told):
    result = run(call, flag, text)
    assert result.status == (0 if told is None else 2)
    if told is not None:
        assert told in result.err
        assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("where = 3", "problem.where in the configuration or the recipe: expected path; got 3"),
        ("side = 3", "expected LEFT|RIGHT or none; got 3"),
        ('sides = ["UP"]', "expected LEFT|RIGHT,…; got ['UP']"),
    ],
)
def test_a_wrong_value_of_a_file_is_told_with_its_place(call, typed, tmp_path, line, told):
    (tmp_path / "config.toml").write_text(f'[problem]\nname = "typed"\n{line}\n')
    result = call("run", "--config", tmp_path / "config.toml", "--solver", "descent")
    assert result.status == 2
    assert told in result.err


@pytest.mark.parametrize(
    ("option", "given", "told"),
    [
        ("where", 3, "where must be a path; got 3"),
        ("side", "UP", "side must be one of LEFT, RIGHT or None; got 'UP'"),
    ],
)
def test_python_refuses_the_same_values(typed, option, given, told):
    with pytest.raises(px.PlugaxError, match=told):
        px.problem("typed", **{option: given})
