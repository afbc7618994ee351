"""A plugin of every kind in an environment of its own: installed by pip, tested, listed, run."""

import importlib.util
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import venv
import zipfile

import pytest

from plugax.cli import main
from plugax.scaffold import KINDS, NewComponent

# What builds the plugin; pip would fetch it from the network.
BUILDERS = ("hatchling", "editables", "pip")

pytestmark = [
    pytest.mark.slow,
    *(
        pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"needs {name}")
        for name in BUILDERS
    ),
]


class Environment:
    """An empty environment that sees what this one has, and what is installed into it.

    Arguments:
        directory: where to make it.
        plugin: the directory of the plugin, where the commands are run.
    """

    def __init__(self, directory: pathlib.Path, plugin: pathlib.Path):
        venv.create(directory)
        self.scripts = directory / ("Scripts" if os.name == "nt" else "bin")
        self.plugin = plugin
        (site,) = directory.glob("[Ll]ib/**/site-packages")
        # In this order: what is installed here comes first.
        (site / "outside.pth").write_text("\n".join(path for path in sys.path if path))

    def run(self, *arguments: str) -> str:
        """The output of Python in this environment, which must succeed."""
        done = subprocess.run(
            [self.scripts / "python", *arguments],
            cwd=self.plugin,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PLUGAX_STRICT": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def component(request):
    """A component of every kind, one after the other."""
    return NewComponent(request.param, request.param.example, "plugax_fresh", "fresh")


@pytest.fixture(scope="module")
def environment(component, tmp_path_factory):
    """An environment with a plugin that brings the component, and nothing else."""
    directory = tmp_path_factory.mktemp("fresh")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        assert main(["new", "plugax-fresh", "--brings", component.kind.name]) == 0
    environment = Environment(directory / "environment", directory / "plugax-fresh")
    options = ("--quiet", "--no-index", "--no-build-isolation", "--no-deps")
    environment.run("-m", "pip", "install", *options, "--editable", ".[test]")
    return environment


def test_its_tests_pass(environment):
    assert " passed" in environment.run("-m", "pytest", "-q", "-W", "error")


def test_it_is_listed_and_checked(environment, component):
    if component.kind.registered is None:  # a loss; the workflow checks its plugin nevertheless
        checked = environment.run("-m", "plugax", "check", "--plugin", "fresh")
        assert "registers nothing that could be checked" in checked
        return
    listed = environment.run("-m", "plugax", "list", f"{component.kind.registered}s")
    assert component.name in listed
    arguments = ("check", "--plugin", "fresh", "--badge", "kit.svg", "--json")
    checked = json.loads(environment.run("-m", "plugax", *arguments))
    assert (checked["passed"], checked["not_run"]) == (True, 0)
    count = len(checked["components"][0]["checks"])
    assert f">passed {count}<" in (environment.plugin / "kit.svg").read_text()


def test_its_trial_works(environment, component):
    program, *arguments = shlex.split(component.trial)
    if program == "python":
        assert "LogCosh" in environment.run(*arguments)
    else:
        result = json.loads(environment.run("-m", program, *arguments, "--json"))
        assert result["status"] in ("converged", "completed")


def test_the_page_can_be_followed_to_the_letter(root, tmp_path):
    page = (root / "docs" / "plugins.md").read_text()
    section = page[page.index("## A plugin in ten minutes") : page.index("### What was written")]
    blocks = [text for _, text in re.findall(r"^( *)```sh\n(.*?)^\1```", section, re.M | re.S)]
    assert sum(block.count("plugax ") for block in blocks) >= 6
    environment = Environment(tmp_path / "environment", tmp_path)
    command = environment.scripts / "plugax"
    command.write_text(
        f"#!{environment.scripts / 'python'}\nimport sys\nfrom plugax.cli import main\n"
        "sys.exit(main())\n"
    )
    command.chmod(0o755)
    here = os.environ | {
        "PATH": f"{environment.scripts}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # so it is written where pip reads it: no isolation
    }
    here.pop("PYTHONPATH", None)
    script = "\n".join(["set -e", *blocks])
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=here, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" passed in ") == 2
    assert ">passed 26<" in (tmp_path / "plugax-valley" / "kit.svg").read_text()


def test_a_wheel_of_plugax_holds_all_that_plugax_new_reads(root, tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    core = root / "core"
    rooms = (core / "plugax" / "scaffold", core / "plugax" / "plugins")
    files = [path for room in rooms for path in room.rglob("*") if path.is_file()]
    needed = {str(path.relative_to(core)) for path in files if path.suffix != ".pyc"}
    assert needed <= held
