import dataclasses
import pathlib
import tomllib

import pytest

import plugax as px
from plugax import hookimpl


@dataclasses.dataclass
class Lines(px.AbstractObserver):
    """Writes what it is told.

    Arguments:
        path: the file.
        title: its first line.
    """

    path: pathlib.Path
    title: str | None = None

    def on_end(self, solution):
        with self.path.open("a") as file:
            print(self.title, solution.steps, file=file)


class Quiet(px.AbstractObserver):
    """Does nothing."""


class Plugin:
    @hookimpl
    def register_observers(self, register):
        register("lines", Lines)
        register("quiet", Quiet)


@pytest.fixture
def listening(manager):
    manager.register(Plugin(), "listening")


def test_an_observer_is_named_with_its_options(call, listening, tmp_path):
    file = tmp_path / "lines"
    result = call("run", "bowl", "--steps", 1, "--observer", "lines", "--path", file)
    assert result.status in (0, 1), result.err
    assert file.read_text() == "None 1\n"


def test_several_are_told_apart_by_name(call, listening, tmp_path):
    file = tmp_path / "lines"
    flags = ["--observer", "quiet", "--observer", "lines", "--observer.lines.path", file]
    call("run", "bowl", "--steps", 1, *flags)
    assert file.read_text() == "None 1\n"


def test_the_configuration_names_them_and_repeats_the_run(call, listening, tmp_path):
    file, out = tmp_path / "lines", tmp_path / "run"
    flags = ["--solver.tolerance", "none", "--observer", "lines", "--path", file, "--title", "A"]
    call("run", "bowl", "--steps", 1, *flags, "--out", out)
    config = tomllib.loads((out / "config.toml").read_text())
    assert config["observer"] == [{"name": "lines", "path": str(file), "title": "A"}]
    call("run", "--config", out / "config.toml")
    assert file.read_text() == "A 1\n" * 2
    call("run", "--config", out / "config.toml", "--observer", "lines", "--title", "B")
    assert file.read_text() == "A 1\n" * 2 + "B 1\n"
    call("run", "--config", out / "config.toml", "--observer", "none")
    assert file.read_text() == "A 1\n" * 2 + "B 1\n"
    result = call("resume", out, "--steps", 2)
    assert result.status == 0, result.err
    assert file.read_text() == "A 1\n" * 2 + "B 1\nA 2\n"


def test_one_table_will_do(call, listening, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(
        f'[problem]\nname = "bowl"\n[observer]\nname = "lines"\npath = "{tmp_path}/lines"\n'
        "[run]\nsteps = 1\n"
    )
    call("run", "--config", config)
    assert (tmp_path / "lines").read_text() == "None 1\n"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--observer", "line"], "Did you mean 'lines'?"),
        (["--observer"], "expected one argument"),
        (["--observer", "quiet", "--observer", "quiet"], "is named twice"),
        (["--observer", "quiet", "--path", "x"], "there is no option --path"),
        (["--observer", "lines"], "needs the option 'path'"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(call, listening, flags, told):
    result = call("run", "bowl", *flags)
    assert result.status == 2
    assert told in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("text", ["observer = 3", "[observer]\npath = 'x'", "observer = [1]"])
def test_a_configuration_without_their_names_is_refused(call, listening, tmp_path, text):
    (tmp_path / "config.toml").write_text(text)
    result = call("run", "bowl", "--config", tmp_path / "config.toml")
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert "[[observer]] a name" in result.err
