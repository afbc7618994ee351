"""Every Python example of the README and the docs runs, as a reader would run it."""

import ast
import os
import pathlib
import re
import subprocess
import sys
import types

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Pages of many examples, each of whose methods has tests of its own.
LONG = (
    "docs/assimilation.md",
    "docs/compare.md",
    "docs/diagnostics.md",
    "docs/integrators.md",
    "docs/lorenz96-twin.md",
    "docs/mnist.md",
    "docs/networks.md",
    "docs/nonlinear-regression.md",
    "docs/regression.md",
    "docs/state-space.md",
)


def blocks(page):
    return BLOCK.findall(page.read_text())


def name_of(page):
    return str(page.relative_to(ROOT))


WITH_EXAMPLES = [page for page in PAGES if blocks(page)]


def page_to_run(page):
    marks = [pytest.mark.slow] if name_of(page) in LONG else []
    return pytest.param(page, id=name_of(page), marks=marks)


@pytest.mark.parametrize("page", [page_to_run(page) for page in WITH_EXAMPLES])
def test_the_examples_of_a_page_run_one_after_the_other(page, tmp_path):
    program = "\n\n".join(blocks(page))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_what_the_examples_of_a_page_take_from_modules_is_there(page):
    nodes = list(ast.walk(ast.parse("\n\n".join(blocks(page)))))
    names = {}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(ast.unparse(node), names)
    modules = {name: found for name, found in names.items() if isinstance(found, types.ModuleType)}
    missing = [
        ast.unparse(node)
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in modules
        and not hasattr(modules[node.value.id], node.attr)
    ]
    assert not missing


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
