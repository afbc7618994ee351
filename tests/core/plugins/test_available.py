"""The directory of known plugins is true of those that come with Plugax."""

import json
import re
import subprocess
import sys
import tomllib

import pytest

import plugax as px
from plugax.cli import main
from plugax.plugins import available_plugins


@pytest.fixture
def bundled():
    return {plugin.name: plugin for plugin in available_plugins() if plugin.bundled}


def test_all_bundled_plugins_are_listed(bundled, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert set(bundled) == set(project["entry-points"]["plugax"])


def test_what_they_bring_is_what_they_register(bundled):
    records = {record.name: record for record in px.default_manager().records}
    registered = {
        name: sorted({f"{component.kind}s" for component in records[name].components})
        for name in bundled
    }
    assert {name: sorted(plugin.brings) for name, plugin in bundled.items()} == registered


def test_their_kit_is_that_of_this_version(bundled):
    assert {plugin.kit for plugin in bundled.values()} == {px.__version__}


def test_others_have_a_repository_and_a_summary():
    for plugin in available_plugins():
        assert plugin.summary
        assert plugin.bundled or plugin.repository.startswith("https://")


def test_the_command_shows_them_without_jax_and_without_a_network():
    program = (
        "import socket, sys\n"
        "def refuse(*_): raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from plugax.cli import main\n"
        "assert main(['plugins', '--available', '--json']) == 0\n"
        "assert 'jax' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert listed["optax"]["installed"] == listed["optax"]["kit"] == px.__version__


def test_one_that_is_not_installed_says_how(monkeypatch, capsys, tmp_path):
    directory = tmp_path / "available.toml"
    directory.write_text(
        '[[plugin]]\nname = "tides"\ndistribution = "plugax-tides"\nsummary = "Tides"\n'
        'brings = ["problems"]\nrepository = "https://example.org/tides"\n'
    )
    monkeypatch.setattr("plugax.plugins._available.FILE", directory)
    assert main(["plugins", "--available"]) == 0
    _, line = capsys.readouterr().out.splitlines()
    assert re.split("  +", line) == [
        "tides",
        "pip install plugax-tides",
        "problems",
        "not known",
        "Tides",
    ]


def test_it_is_one_list_or_the_other(capsys):
    assert main(["plugins", "--all", "--available"]) == 2
    assert "either --all" in capsys.readouterr().err
