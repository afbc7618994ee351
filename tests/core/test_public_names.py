"""What `plugax` exports, lazily."""

import ast
import importlib
import pathlib
import subprocess
import sys

import pytest

import plugax


def imported_for_type_checkers() -> dict[str, list[str]]:
    """The names that `plugax/__init__.py` imports under `TYPE_CHECKING`, by module."""
    tree = ast.parse(pathlib.Path(plugax.__file__).read_text())
    (block,) = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    found: dict[str, list[str]] = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        assert node.level == 1
        assert [alias.name for alias in node.names] == [alias.asname for alias in node.names]
        found.setdefault(str(node.module), []).extend(alias.name for alias in node.names)
    return found


def test_type_checkers_and_python_see_the_same_names():
    seen = imported_for_type_checkers()
    assert {module: sorted(names) for module, names in seen.items()} == {
        module: sorted(names) for module, names in plugax._HOME.items()
    }


def test_no_name_has_two_homes():
    names = [name for names in plugax._HOME.values() for name in names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", plugax.__all__)
def test_every_public_name_imports_from_its_home(name):
    module = importlib.import_module(f"plugax.{plugax._MODULE_OF[name]}")
    assert getattr(plugax, name) is getattr(module, name)


def test_dir_lists_every_public_name():
    assert {*plugax.__all__, "__version__"} == set(dir(plugax))


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'plugax' has no attribute 'sovle'"):
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
