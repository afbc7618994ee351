"""The plugin that the docs write, installed from the page and run."""

import json
import re
import tomllib

import pytest

# A file on the page: its path on a line of its own, then its text.
FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUN = "import sys; from plugax.cli import main; sys.exit(main())"


@pytest.fixture
def installed(root, install, tmp_path):
    files = dict(FILE.findall((root / "docs" / "plugins.md").read_text()))
    project = tomllib.loads(files.pop("pyproject.toml"))["project"]
    points = project["entry-points"]["plugax"]
    install(tmp_path, project["name"], files, points, project["version"])
    return tmp_path


def test_the_plugin_of_the_docs_runs_by_name(installed, python):
    done = python(installed, "-W", "error", "-c", RUN, "run", "rosenbrock", "--size", "3", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["problem"] == "rosenbrock"
    assert answer["metrics"]["distance"] < 1e-2


def test_the_plugin_of_the_docs_is_listed_without_jax(installed, probe):
    seen = probe(installed)
    assert seen["plugins"]["valley"]["components"] == ["rosenbrock"]
    assert not seen["jax"]
