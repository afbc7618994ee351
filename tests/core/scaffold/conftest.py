"""New plugins, written by the command line, and a Python that sees them as installed."""

import os
import pathlib
import subprocess
import sys
import tomllib

import pytest

import plugax
from plugax.cli import main

SOURCE = pathlib.Path(plugax.__file__).parents[1]
KINDS = ("problem", "state-space", "solver", "optimizer", "integrator", "observer", "loss")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty directory, in which the commands work."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return tmp_path


@pytest.fixture
def new(here, capsys):
    """`new(*arguments)`: status, output and errors of `plugax new` there."""

    def new(*arguments):
        capsys.readouterr()
        status = main(["new", *map(str, arguments)])
        return status, *capsys.readouterr()

    return new


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A plugin begun with a loss, to which one component of every other kind was added."""
    directory = tmp_path_factory.mktemp("plugins")
    before = os.getcwd()
    os.chdir(directory)
    try:
        arguments = ("--brings", "loss", "--author", "A. Author", "--licence", "MIT")
        assert main(["new", "plugax-everything", *arguments]) == 0
        os.chdir(directory / "plugax-everything")
        from plugax.scaffold import KINDS as FOUND

        for kind in KINDS[:-1]:
            assert main(["new", kind, FOUND[kind].example]) == 0
    finally:
        os.chdir(before)
    return directory / "plugax-everything"


@pytest.fixture(scope="module")
def installed(everything, tmp_path_factory):
    """`installed(*arguments)`: runs Python with that plugin installed, as `pip -e` would do it."""
    site = tmp_path_factory.mktemp("site")
    project = tomllib.loads((everything / "pyproject.toml").read_text())["project"]
    info = site / f"plugax_everything-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = [f"{name} = {to}" for name, to in project["entry-points"]["plugax"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[plugax]", *points, ""]))

    def installed(*arguments):
        path = os.pathsep.join(
            map(str, [everything / "src", site, SOURCE, SOURCE.parent / "plugins"])
        )
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=everything,
            env=os.environ | {"PYTHONPATH": path, "PLUGAX_STRICT": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return installed
