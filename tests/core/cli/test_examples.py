"""The example of every component is right; those of the bundled ones are all run."""

import shlex

import jax
import pytest

import plugax as px
from plugax import hookimpl
from plugax.cli import main
from plugax.cli._example import example_of
from plugax.cli._request import read_request

NAMES = [
    (component.kind, component.name)
    for component in px.default_manager().components()
    if component.distribution.startswith("plugax ")
]
SHORT = {"problem": "regression", "solver": "gradient", "optimizer": "adam", "observer": "progress"}
EXPECTED = {
    ("problem", "regression"): "plugax run regression --points 100 --slope 3.0",
    ("problem", "linear-regression"): "plugax run linear-regression --data PATH --response TEXT",
    ("solver", "etkf"): "plugax run lorenz63-twin --solver etkf --members 10 --inflation 1.02",
    ("solver", "least-squares"): "plugax run regression --solver least-squares",
    ("solver", "weak-4dvar"): (
        "plugax run lorenz63-twin --model-error-std 0.1 --solver weak-4dvar --window 1 --outer 3"
    ),
    ("optimizer", "adam"): (
        "plugax run regression --solver gradient --optimizer adam --learning-rate 0.001 --b1 0.9"
    ),
    ("integrator", "rk4"): "plugax run lorenz63-twin --integrator rk4",
    ("integrator", "euler-maruyama"): None,
}


def example(kind, name):
    return example_of(px.default_manager().find(kind, name))


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_every_bundled_component_has_an_example_that_is_understood(kind, name, tmp_path):
    shown = example(kind, name)
    assert name in shown.python[1]
    compile("\n".join(shown.python), "example", "exec")
    if shown.command is None:
        assert kind == "integrator" or name == "augmented-lagrangian"
        return
    program, command, *argv = shlex.split(shown.command)
    assert (program, command) == ("plugax", "run")
    request = read_request(argv)
    roots = [request.problem, request.solver, *request.observers]
    parts = [part for root in roots for part in root.walk()]
    assert (kind, name) in {(part.component.kind, part.name) for part in parts}


@pytest.mark.parametrize(("component", "command"), EXPECTED.items(), ids=str)
def test_an_example_shows_the_component_at_work(component, command):
    assert example(*component).command == command


@pytest.mark.parametrize(("kind", "name"), SHORT.items())
def test_an_example_of_every_kind_runs(kind, name, capsys):
    shown = example(kind, name)
    assert main(shlex.split(shown.command)[1:]) == 0
    exec("\n".join(shown.python), {})
    assert "converged" in capsys.readouterr().out or kind == "optimizer"


def test_an_integrator_by_itself_runs(capsys):
    for name in ("map", "milstein"):
        exec("\n".join(example("integrator", name).python), {})
    assert capsys.readouterr().out.count("[[") == 2


@pytest.fixture
def precision_of_old():
    before = jax.config.jax_enable_x64
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The ..noload.. loader strategy")  # MLflow's use of SQLAlchemy
@pytest.mark.usefixtures("precision_of_old")
@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_every_example_runs(kind, name, tmp_path, monkeypatch, data_directory):
    if name == "fashion-mnist" and not (data_directory / "fashion-mnist").exists():
        pytest.skip("needs Fashion-MNIST")
    missing = px.default_manager().find(kind, name).missing
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    monkeypatch.chdir(tmp_path)
    # A file and a column with the names that stand for them in the examples.
    rows = "\n".join(f"{x % 2},{x}" for x in range(20))
    (tmp_path / "PATH").write_text(f"TEXT,x\n{rows}\n")
    shown = example(kind, name)
    short = ["--epochs", "0.1"] if "mnist" in name else []
    if shown.command is not None:
        assert main([*shlex.split(shown.command)[1:], *short]) == 0
    if not short:
        exec("\n".join(shown.python), {})


class Needy(px.AbstractProblem):
    """Needs what only Python has.

    Arguments:
        model: a function.
    """

    model: "object"

    def init(self, key):
        raise NotImplementedError

    def loss(self, unknowns, batch, key):
        raise NotImplementedError


class Told(Needy):
    example = 'print(px.problem("told", model=abs))'


class Plugin:
    @hookimpl
    def register_problems(self, register):
        register("needy", Needy)
        register("told", Told)


def test_describe_ends_with_the_example(call):
    text = call("describe", "bowl").out
    assert text.endswith(
        "example\n"
        "  plugax run bowl --dim 2 --curvature 1.0\n\n"
        "  import plugax as px\n"
        '  print(px.solve(px.problem("bowl", dim=2, curvature=1.0)))\n'
    )
    assert call("describe", "bowl", "--json").json[0]["example"] == {
        "command": "plugax run bowl --dim 2 --curvature 1.0",
        "python": ["import plugax as px", text.splitlines()[-1].strip()],
        "placeholders": [],
    }
    assert "Replace NUMBER by values of your own." in call("describe", "jump").out


def test_an_author_may_give_the_example_where_none_can_be_made(call, manager):
    manager.register(Plugin(), "needy")
    assert "example" not in call("describe", "needy").out
    assert call("describe", "needy", "--json").json[0]["example"] is None
    assert '  print(px.problem("told", model=abs))' in call("describe", "told").out


def test_two_plugins_with_the_same_name_are_told_apart(call, manager, components):
    class Second:
        @hookimpl
        def register_problems(self, register):
            register("bowl", components.Bowl)

    manager.register(Second(), "second")
    assert "plugax run second:bowl --dim 2" in call("describe", "second:bowl").out
