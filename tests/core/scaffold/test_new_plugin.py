"""What `plugax new` writes works: of every kind, begun with it or added later."""

import ast
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tomllib

import pytest

from plugax.scaffold import KINDS

RUFF = shutil.which("ruff", path=pathlib.Path(sys.executable).parent) or shutil.which("ruff")
needs_ruff = pytest.mark.skipif(RUFF is None, reason="needs ruff")


def texts(directory):
    """The text of every file, by path."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(directory)): path.read_text("utf-8")
        for path in files
        if "__pycache__" not in path.parts and not path.parent.name.startswith(".ruff")
    }


@pytest.fixture
def at_once(new, here):
    """A plugin that brings one of every kind from the start."""
    arguments = ("--brings", ",".join(KINDS), "--author", "A. Author", "--licence", "MIT")
    assert new("plugax-everything", *arguments)[0] == 0
    return here / "plugax-everything"


def test_components_added_later_are_those_of_a_plugin_begun_with_them(everything, at_once):
    later, first = texts(everything), texts(at_once)
    assert set(later) == set(first)
    same = [path for path in first if path.endswith(".py") and "__init__" not in path]
    assert {path: later[path] for path in same} == {path: first[path] for path in same}
    hooks = "src/plugax_everything/__init__.py"
    functions = [
        sorted(ast.dump(node) for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
        for text in (later[hooks], first[hooks])
    ]
    assert functions[0] == functions[1]


def test_nothing_is_left_to_fill_in(everything):
    found = texts(everything)
    assert not [path for path, text in found.items() if "NEW_" in text]
    assert "A. Author" in found["LICENSE"]
    project = tomllib.loads(found["pyproject.toml"])["project"]
    assert (project["license"], project["authors"]) == ("MIT", [{"name": "A. Author"}])
    assert project["entry-points"] == {"plugax": {"everything": "plugax_everything"}}


def test_the_workflow_runs_the_tests(everything):
    yaml = pytest.importorskip("yaml")
    text = (everything / ".github" / "workflows" / "tests.yaml").read_text()
    job = yaml.safe_load(text)["jobs"]["tests"]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[1:] == [
        "python -m pytest",
        "plugax check --plugin everything --badge kit.svg",
    ]
    assert job["strategy"]["matrix"]["plugax"] == ["plugax==0.1.*", "plugax"]


@pytest.fixture
def long_names(new, here):
    """A plugin and components with names as long as is allowed, and as short."""
    brings = [f"{kind}={letter}" for kind, letter in zip(KINDS, "bcdefgh", strict=True)]
    brings += [f"{kind}={letter * 28}" for kind, letter in zip(KINDS, "bcdefgh", strict=True)]
    arguments = ("--brings", ",".join(brings), "--licence", "BSD-3-Clause")
    assert new("a" * 28, *arguments)[0] == 0
    return here / ("a" * 28)


@needs_ruff
@pytest.mark.parametrize("plugin", ["everything", "at_once", "long_names"])
def test_what_is_written_passes_its_own_rules_and_format(plugin, request):
    directory = request.getfixturevalue(plugin)
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run([RUFF, *command, directory], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pyright") is None, reason="needs pyright")
def test_what_is_written_passes_a_type_checker(everything):
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=everything, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_components_are_registered_without_jax(installed):
    program = (
        "import json, sys, plugax\n"
        "(record,) = [r for r in plugax.default_manager().records if r.name == 'everything']\n"
        "print(json.dumps([[c.kind, c.name] for c in record.components]))\n"
        "assert 'jax' not in sys.modules"
    )
    done = installed("-c", program)
    assert done.returncode == 0, done.stderr
    expected = [[kind.registered, kind.example] for kind in KINDS.values() if kind.registered]
    assert sorted(json.loads(done.stdout)) == sorted(expected)


def test_their_own_tests_pass(installed):
    only = "not conforms or observer"  # the whole kit in the session `slow`
    done = installed("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-k", only)
    assert done.returncode == 0, done.stdout
