"""What `plugax` exports, lazily."""

import ast
import importlib
import inspect
import pathlib
import subprocess
import sys

import pytest

import plugax


def listed(package) -> list[str]:
    """The names in a package's stub, which type checkers and Python go by."""
    tree = ast.parse(pathlib.Path(package.__file__).with_suffix(".pyi").read_text())
    found = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert all(node.level == 1 for node in found)
    assert all(alias.name == alias.asname for node in found for alias in node.names)
    return [alias.name for node in found for alias in node.names]


LAZY = [
    importlib.import_module(name)
    for name in (
        "plugax",
        "plugax_assimilation",
        "plugax_classics",
        "plugax_lorenz96",
        "plugax_markov",
        "plugax_minimise",
        "plugax_mixtures",
        "plugax_mnist",
        "plugax_regression",
        "plugax_sequences",
        "plugax_supervised",
    )
]


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
def test_every_name_is_listed_once_and_is_there(package):
    names = listed(package)
    assert len(names) == len(set(names))
    assert set(names) == set(package.__all__)
    for name in names:
        assert getattr(package, name) is not None


def test_plugax_itself_keeps_few_names():
    rooms = [name for name in plugax.__all__ if inspect.ismodule(getattr(plugax, name))]
    assert len(plugax.__all__) - len(rooms) <= 45


def test_a_room_is_an_attribute_before_anyone_imports_it():
    code = "import plugax as px; px.losses.Huber, px.problems.Box, px.testing.Laws"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_dir_lists_every_public_name():
    assert set(plugax.__all__) == set(dir(plugax))


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"plugax.*sovle"):
        _ = plugax.sovle
    with pytest.raises(ImportError, match="cannot import name 'sovle'"):
        from plugax import sovle  # noqa: F401


def test_what_plugins_and_listings_need_imports_no_jax():
    code = (
        "import sys, plugax, plugax.plugins\n"
        "plugax.hookimpl, plugax.PluginManager, plugax.PlugaxError, plugax.default_manager\n"
        "assert not {'jax', 'jaxlib', 'equinox', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
