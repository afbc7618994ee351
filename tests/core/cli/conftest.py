import dataclasses
import importlib.metadata
import importlib.util
import json
import pathlib
import sys

import pytest

import plugax as px
from plugax.cli import main

SCRIPT = pathlib.Path(__file__).with_name("components.py")


@pytest.fixture(scope="session")
def components():
    """The plugin of components.py, imported once."""
    spec = importlib.util.spec_from_file_location("plugax_cli_test_components", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def block_bundled(monkeypatch):
    """No plugin but those a test registers."""
    names = {point.name for point in importlib.metadata.entry_points(group="plugax")}
    monkeypatch.setenv("PLUGAX_BLOCK", ",".join(names))
    return names


@pytest.fixture
def manager(block_bundled, components):
    """A default manager that knows the plugin of components.py only, for one test."""
    px.default_manager.cache_clear()
    made = px.default_manager()
    made.register(components.Plugin(), "stranger")
    yield made
    px.default_manager.cache_clear()


@dataclasses.dataclass(frozen=True)
class Result:
    """What a call came to."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))


@pytest.fixture
def call(manager, capsys):
    """Calls the command line in this process."""

    def call(*argv):
        capsys.readouterr()
        status = main([str(argument) for argument in argv])
        return Result(status, *capsys.readouterr())

    return call
