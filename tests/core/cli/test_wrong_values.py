"""A wrong value is answered with what was expected, what was given, and the nearest."""

import typing

import equinox as eqx
import jax.numpy as jnp
import pytest

import plugax as px
from plugax import hookimpl
from plugax.cli._numbers import whole

Part = typing.Literal["mean", "spread", "rank-histogram"]


class Choosy(px.AbstractProblem):
    """A problem with choices."""

    recipes: typing.ClassVar = {"descent": {"steps": 1}}

    observe: typing.Literal["all", "every-kth", "random"] | None = eqx.field(
        static=True, default="all"
    )
    parts: tuple[Part, ...] = eqx.field(static=True, default=())
    count: int = eqx.field(static=True, default=2)

    def init(self, key):
        return jnp.ones(self.count)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}


class Plugin:
    @hookimpl
    def register_problems(self, register):
        register("choosy", Choosy)


@pytest.fixture
def choosy(manager):
    manager.register(Plugin(), "choosy")


SEE = "(see `plugax run choosy --help`)"
OBSERVE = "expected all|every-kth|random or none; got 'evry'. Did you mean 'every-kth'?"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("--observe evry", f"--observe: {OBSERVE} {SEE}"),
        ("--observe=evry", f"--observe: {OBSERVE} {SEE}"),
        ("--problem.observe evry", f"--problem.observe: {OBSERVE} {SEE}"),
        ("--observe 3", f"--observe: expected all|every-kth|random or none; got '3' {SEE}"),
        (
            "--parts mean,sprad",
            "--parts: expected mean|spread|rank-histogram,…; got 'mean,sprad'. Did you mean "
            f"'spread'? {SEE}",
        ),
        ("--count 3.5", f"--count: expected integer; got '3.5' {SEE}"),
        ("--count 1e-3", f"--count: expected integer; got '1e-3' {SEE}"),
        ("--steps 3.5", f"--steps: expected integer; got '3.5' {SEE}"),
        ("--epochs few", f"--epochs: expected number; got 'few' {SEE}"),
        (
            "--precision float46",
            "--precision: expected float32|float64; got 'float46'. Did you mean 'float64' or "
            f"'float32'? {SEE}",
        ),
        (
            "--evaluate-every nevr",
            "--evaluate-every: expected integer|epoch|never; got 'nevr'. Did you mean 'never'? "
            f"{SEE}",
        ),
        ("--json yes", f"--json is a switch: write --json alone; got 'yes' {SEE}"),
        ("--json=yes", f"--json is a switch: write --json alone; got 'yes' {SEE}"),
        ("--count", f"--count: expected one argument {SEE}"),
    ],
)
def test_a_wrong_flag_is_named_as_it_was_written_with_the_nearest(call, choosy, flags, told):
    result = call("run", "choosy", *flags.split())
    assert (result.status, result.out, result.err) == (2, "", f"plugax: {told}\n")


@pytest.mark.parametrize("flag", ["--tilted yes", "--tilted=yes", "--problem.tilted=yes"])
def test_a_switch_takes_no_value_and_says_how_to_switch_it_off(call, flag):
    form = flag.replace("=", " ").split()[0]
    told = f"{form} is a switch: write {form} or {form.replace('tilted', 'no-tilted')} alone;"
    if "problem" in form:
        told = "--problem.tilted is a switch: write --problem.tilted or --no-problem.tilted alone;"
    assert f"{told} got 'yes'" in call("run", "bowl", *flag.split()).err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ("list problms", "KIND: expected problems|solvers|optimizers|integrators|observers; got"),
        ("list problms", "'problms'. Did you mean 'problems'?"),
        ("list --jsn", "there is no option --jsn. Did you mean '--json'?"),
        ("compare bowl --format tabel", "got 'tabel'. Did you mean 'table'?"),
        ("compare bowl --out a.xls", ".svg; got 'a.xls'"),
        ("compare bowl --solvers descent,desent", "Did you mean 'descent'"),
        ("run bowl --record los", "Did you mean 'loss'"),
    ],
)
def test_other_commands_name_the_nearest_too(call, argv, told):
    result = call(*argv.split())
    assert (result.status, result.out) == (2, "")
    assert told in result.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('observe = "evry"', f"problem.observe in the configuration or the recipe: {OBSERVE}\n"),
        ('parts = ["sprad"]', "got ['sprad']. Did you mean 'spread'?\n"),
        ("count = 3.5", "expected integer; got 3.5.\n"),
        ("[run]\nsteps = 3.5", "must be a whole number; got 3.5.\n"),
        ('[run]\nprecision = "float46"', "Did you mean 'float64' or 'float32'?\n"),
        ('[run]\nevaluate_every = "nevr"', "Did you mean 'never'?\n"),
    ],
)
def test_a_wrong_value_of_a_file_is_answered_so_too(call, choosy, tmp_path, line, told):
    (tmp_path / "config.toml").write_text(f'[problem]\nname = "choosy"\n{line}\n')
    result = call("run", "--config", tmp_path / "config.toml")
    assert (result.status, result.out) == (2, "")
    assert result.err.endswith(told)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"observe": "evry"}, "or None; got 'evry'. Did you mean 'every-kth'?"),
        ({"parts": ("mean", "sprad")}, "got ('mean', 'sprad'). Did you mean 'spread'?"),
        ({"count": "two"}, "count must be an integer; got 'two'."),
    ],
)
def test_python_answers_so_too(choosy, options, told):
    with pytest.raises(px.PlugaxError) as error:
        px.problem("choosy", **options)
    assert str(error.value).endswith(told)


def test_a_whole_number_may_be_written_with_an_exponent(call, choosy, tmp_path):
    done = call("run", "choosy", "--count", "1e1", "--steps", "2e0", "--json").json
    assert (done["options"]["problem"]["count"], done["steps"]) == (10, 2)
    text = '[problem]\nname = "choosy"\ncount = 1e1\n[run]\nsteps = 2e0\n'
    (tmp_path / "config.toml").write_text(text)
    again = call("run", "--config", tmp_path / "config.toml", "--json").json
    assert again["options"] == done["options"]
    assert again["steps"] == 2


@pytest.mark.parametrize("text", ["1.5", "1e400", "nan", "1e30", "", "x", "1e-1"])
def test_what_is_no_whole_number_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        whole(text)
