"""docs/map.md is true: every folder stands in it, and imports run the way it says."""

import ast
import re

import pytest


@pytest.fixture
def page(root):
    return (root / "docs" / "map.md").read_text()


def imports(path, package):
    """The modules that a file imports, late imports too, absolute: `plugax.runner.run._run`."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    inside = [package.name, *path.relative_to(package).parts[:-1]]
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else []
            module = [*base, *([node.module] if node.module else [])]
            if node.module:
                yield ".".join(module)
            else:
                yield from (".".join([*module, alias.name]) for alias in node.names)


def test_every_folder_and_package_stands_in_the_map(page, root):
    core = {path.parent.name for path in (root / "core" / "plugax").glob("*/__init__.py")}
    plugins = {path.parent.name for path in (root / "plugins").glob("*/__init__.py")}
    named = set(re.findall(r"^\| `(\w+)/?` \|", page, re.MULTILINE))
    assert named == core | plugins


def ranks(page, sentence):
    """The place of every folder in the list that follows a sentence."""
    block = re.search(rf"{sentence}:\n\n((?:    .*\n)+)", page).group(1)
    order = [line.strip().split("  ")[0].split(", ") for line in block.splitlines()]
    return {room: level for level, rooms in enumerate(order) for room in rooms}


def test_core_imports_upwards_only(page, root):
    core = root / "core" / "plugax"
    rank = ranks(page, "may import what stands above it")
    assert {path.parent.name for path in core.glob("*/__init__.py")} <= set(rank)
    for path in core.rglob("*.py"):
        room = path.relative_to(core).parts[0].removesuffix(".py")
        if room in ("__init__", "__main__"):
            continue
        for module in imports(path, core):
            parts = module.split(".")
            if parts[0] != "plugax" or len(parts) == 1 or parts[1] == room:
                continue
            late = room == "plugins"  # inside functions: it makes what the interfaces describe
            if parts[1] in rank and not late:
                assert rank[parts[1]] < rank[room], f"{path} imports {module}"


def test_the_folders_of_the_runner_import_upwards_only(page, root):
    core = root / "core" / "plugax"
    rank = ranks(page, "whose folders are the way of a run")
    assert {path.parent.name for path in (core / "runner").glob("*/__init__.py")} == set(rank)
    for path in (core / "runner").glob("*/*.py"):
        room = path.parent.name
        for module in imports(path, core):
            if module.startswith("plugax.runner."):
                other = module.split(".")[2]
                assert other in rank, f"{path} imports {module}"
                assert rank[other] <= rank[room], f"{path} imports {module}"


def test_plugins_import_public_names_only(root):
    allowed = {
        "plugax_lorenz96": {"plugax_state_space"},
        "plugax_assimilation": {"plugax_state_space"},
        "plugax_supervised": {"plugax_augmentation", "plugax_regression"},
        "plugax_regression": {"plugax_minimise"},
        "plugax_mixtures": {"plugax_regression"},
        "plugax_sequences": {"plugax_regression", "plugax_supervised"},
        "plugax_markov": {"plugax_regression"},
        "plugax_mnist": {"plugax_augmentation", "plugax_sequences", "plugax_supervised"},
    }
    for package in (root / "plugins").iterdir():
        for path in package.rglob("*.py"):
            for module in imports(path, package):
                first, *rest = module.split(".")
                if first == package.name or not first.startswith("plugax"):
                    continue
                assert not any(part.startswith("_") for part in rest), f"{path} imports {module}"
                others = {"plugax", *allowed.get(package.name, ())}
                assert first in others, f"{path} imports {module}"
