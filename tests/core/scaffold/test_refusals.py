"""Nothing is written, or half of it, if a name cannot be given or a file cannot be written."""

import io
import pathlib
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "what is the plugin called?"),
        ("plugax-a", "what does it bring? --brings with one of problem, state-space"),
        ("My_Plugin --brings problem", "got 'My_Plugin'. Write 'my-plugin'?"),
        ("2a --brings problem", "a letter first, as in 'heavy-ball'; got '2a'."),
        (f"{'a' * 29} --brings problem", "at most 28 characters"),
        ("numpy --brings problem", "a module of this name is installed already"),
        ("json --brings problem", "a module of this name is installed already"),
        ("plugax-mnist --brings problem", "a module of this name is installed already"),
        ("optax-two --brings problem=mnist", "The problem 'mnist' exists already"),
        ("regression --brings problem", "and plugax 0.1.0 has one of this name already"),
        ("solver --brings problem", "`plugax new solver NAME` in its directory"),
        ("plugax-a --brings sovler", "got 'sovler'. Did you mean 'solver'?"),
        ("plugax-a --brings ,", "A plugin brings something"),
        ("plugax-a --brings problem=", "got 'problem=', without a name"),
        ("plugax-a --brings problem=lambda", "a keyword of Python"),
        ("plugax-a --brings problem=a,solver=a", "'a' would have that of 'a'"),
        ("plugax-a --brings problem=a-b,loss=conformance", "the conformance tests"),
        ("plugax-a --brings state-space=jax", "would define 'jax'"),
        ("plugax-a --brings state-space=tendency", "would define 'tendency'"),
        ("plugax-a --brings problem=abstract-problem", "would define 'AbstractProblem'"),
        ("plugax-a --brings problem --licence GPL", "one of Apache-2.0, MIT, BSD-3-Clause"),
        ('plugax-a --brings problem --description "', "without quotation marks"),
        ("sovler a", "'sovler' is none of the kinds"),
        ("solver a b", "expected NAME, or KIND NAME; got solver a b"),
        ("solver a --licence MIT", "--licence is for a new plugin"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_writes_nothing(new, here, arguments, message):
    status, out, err = new(*arguments.split())
    assert (status, out) == (2, "")
    assert message in err
    assert list(here.iterdir()) == []


def test_a_component_is_added_to_a_plugin_alone(new, here, monkeypatch):
    monkeypatch.chdir(here.anchor)  # the directory of the tests may lie inside a project
    status, out, err = new("solver", "a")
    assert (status, out) == (2, "")
    assert f"There is no pyproject.toml in {here.anchor} or above" in err


def test_an_existing_directory_is_left_alone(new, here):
    (here / "plugax-a").mkdir()
    (here / "plugax-a" / "mine").write_text("mine")
    status, _, err = new("plugax-a", "--brings", "problem")
    assert status == 2
    assert "exists already. Choose another name, or move it away." in err
    assert [path.name for path in here.rglob("*")] == ["plugax-a", "mine"]


@pytest.fixture
def small(new, here, monkeypatch):
    """A plugin with a loss, in which the commands work now."""
    assert new("plugax-small", "--brings", "loss")[0] == 0
    monkeypatch.chdir(here / "plugax-small" / "src")
    return here / "plugax-small"


def state(directory):
    return {path: path.read_text() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["problem", "loss"])
def test_a_component_whose_module_exists_is_refused(new, small, kind):
    before = state(small)
    status, _, err = new(kind, "log-cosh")
    assert status == 2
    assert "log_cosh.py exists already" in err
    assert state(small) == before


def test_a_disk_that_is_full_leaves_nothing_behind(new, small, here, monkeypatch):
    before, write, count = state(here), pathlib.Path.write_text, []

    def fail_at_the_third(path, *arguments):
        count.append(path)
        if len(count) == 3:
            raise OSError(28, "No space left on device", str(path))
        return write(path, *arguments)

    monkeypatch.setattr(pathlib.Path, "write_text", fail_at_the_third)
    assert "No space left on device" in new("problem", "valley")[2]
    assert state(here) == before
    count.clear()
    monkeypatch.chdir(here)
    assert "No space left on device" in new("plugax-b", "--brings", "problem")[2]
    assert state(here) == before
    assert [path.name for path in here.iterdir()] == ["plugax-small"]


@pytest.mark.parametrize(
    ("project", "message"),
    [
        ("[project", "cannot be read: "),
        ("[project]\nname = 'a'", "has no table [project.entry-points.plugax]"),
        ("[project.entry-points.plugax]\na = 'a'\nb = 'b'", "has the plugins a, b;"),
        ("[project.entry-points.plugax]\na = 'nowhere'", "there is no package 'nowhere'"),
    ],
)
def test_a_project_to_which_nothing_can_be_added_is_refused(new, here, project, message):
    (here / "pyproject.toml").write_text(project)
    status, _, err = new("problem", "valley")
    assert status == 2
    assert message in err
    assert [path.name for path in here.rglob("*")] == ["pyproject.toml"]


def test_a_hook_module_that_is_not_clear_gets_its_lines_by_hand(new, small):
    hooks = small / "src" / "plugax_small" / "__init__.py"
    hooks.write_text("from plugax import hookimpl\nregister_problems = hookimpl(print)\n")
    status, out, _ = new("problem", "valley")
    assert status == 0
    assert "Register it in src/plugax_small/__init__.py" in out
    assert '"plugax_small.valley:Valley",' in out
    assert (small / "src" / "plugax_small" / "valley.py").exists()
    assert "valley" not in hooks.read_text()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_it_asks_until_it_can_write(new, here, monkeypatch):
    answers = [
        "Valley",
        "plugax-valley",
        "problem sovler",
        "problem, solver",
        "mnist",
        "valley",
        "",
    ]
    monkeypatch.setattr(
        sys, "stdin", Terminal("\n".join([*answers, "GPL", "MIT", "A. Author", ""]))
    )
    status, out, err = new()
    assert status == 0
    for part in ("Write 'valley'?", "Did you mean 'solver'?", "'mnist' exists already", "'GPL'"):
        assert part in err
    assert "src/plugax_valley/valley.py" in out
    assert "src/plugax_valley/heavy_ball.py" in out
    assert "A. Author" in (here / "plugax-valley" / "LICENSE").read_text()


def test_an_input_that_ends_writes_nothing(new, here, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal("plugax-valley\n"))
    status, _, err = new()
    assert status == 2
    assert "nothing is written" in err
    assert list(here.iterdir()) == []


def test_it_imports_no_jax(here):
    program = (
        "import sys; from plugax.cli import main\n"
        "assert main(['new', 'plugax-a', '--brings', 'problem']) == 0\n"
        "assert not {'jax', 'numpy', 'equinox'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
