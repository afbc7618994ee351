"""Every example of the README and the docs runs, and every link leads somewhere.

All pages below docs/ are written by hand; those that the build of the site makes lie elsewhere.
"""

import ast
import os
import pathlib
import re
import runpy
import subprocess
import sys
import types

import pytest

ROOT = pathlib.Path(__file__).parents[2]
READER = pathlib.Path(__file__).with_name("read_page.py")
BLOCK, blocks_of = (runpy.run_path(str(READER))[name] for name in ("BLOCK", "blocks_of"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Pages of many examples, each of whose methods has tests of its own.
LONG = (
    "docs/assimilation.md",
    "docs/compare.md",
    "docs/diagnostics.md",
    "docs/hidden-markov-models.md",
    "docs/how-it-works.md",
    "docs/how-to/choose-a-solver.md",
    "docs/how-to/clusters.md",
    "docs/how-to/combine-solvers.md",
    "docs/how-to/debug-a-nan.md",
    "docs/how-to/devices.md",
    "docs/how-to/large-data.md",
    "docs/how-to/not-finite.md",
    "docs/how-to/plan.md",
    "docs/how-to/precision.md",
    "docs/how-to/save-and-resume.md",
    "docs/how-to/search-with-optuna.md",
    "docs/how-to/sequences.md",
    "docs/how-to/speed.md",
    "docs/how-to/sweeps.md",
    "docs/how-to/train-a-network.md",
    "docs/how-to/train-well.md",
    "docs/how-to/use-a-trained-model.md",
    "docs/integrators.md",
    "docs/learn/network.md",
    "docs/learn/populations.md",
    "docs/learn/solver.md",
    "docs/learn/solvers.md",
    "docs/lorenz96-twin.md",
    "docs/lorenz96.md",
    "docs/mixtures.md",
    "docs/mnist.md",
    "docs/networks.md",
    "docs/nonlinear-regression.md",
    "docs/optimizers.md",
    "docs/regression.md",
    "docs/report.md",
    "docs/solvers.md",
    "docs/state-space.md",
)
# Pages of commands that take long; their Python is quick.
LONG_COMMANDS = (
    "README.md",
    "docs/command-line.md",
    "docs/how-to/own-data.md",
    "docs/how-to/plan.md",
    "docs/learn/regression.md",
    "docs/lorenz96.md",
    "docs/mnist.md",
    "docs/more-garbow-hillstrom.md",
    "docs/report.md",
    "docs/start.md",
)
# Pages that need libraries of an extra.
NEEDING = {
    "docs/how-to/use-a-trained-model.md": ("safetensors", "flatbuffers"),
    "docs/how-to/search-with-optuna.md": ("optuna",),
}
# Pages of commands that need real data.
WITH_DATA = ("README.md", "docs/mnist.md")
# Pages of commands that install packages; tests/docs/test_written_pages.py does what they show.
INSTALLING = ("docs/plugins.md",)


def python_of(page):
    """The Python examples of a page, files of Python included."""
    found = blocks_of(page.read_text())
    return [content for _, language, _, content in found if language == "python"]


def name_of(page):
    return str(page.relative_to(ROOT))


def runs(page):
    """Whether a page has anything to run."""
    found = blocks_of(page.read_text())
    return any(language in ("python", "console") for _, language, _, _ in found)


def need_libraries(page):
    """Skip the test if a library of an extra is not installed."""
    for library in NEEDING.get(name_of(page), ()):
        pytest.importorskip(library)


WITH_EXAMPLES = [page for page in PAGES if runs(page)]


def cases():
    """Every page with something to run; one of long commands twice, first without these."""
    cases = []
    for page in WITH_EXAMPLES:
        name, slow = name_of(page), [pytest.mark.slow]
        if name in LONG_COMMANDS:
            marks = slow if name in LONG else []
            cases.append(pytest.param(page, ["--no-commands"], id=f"{name}-python", marks=marks))
        marks = slow if name in LONG + LONG_COMMANDS else []
        cases.append(pytest.param(page, [], id=name, marks=marks))
    return cases


@pytest.mark.parametrize(("page", "flags"), cases())
def test_the_examples_of_a_page_run_one_after_the_other(page, flags, tmp_path, request):
    need_libraries(page)
    if name_of(page) in WITH_DATA and not flags:
        request.getfixturevalue("data_directory")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(READER), str(page), *flags],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name_of)
def test_what_the_examples_of_a_page_take_from_modules_is_there(page):
    need_libraries(page)
    nodes = list(ast.walk(ast.parse("\n\n".join(python_of(page)))))
    files = {pathlib.Path(title).stem for _, _, title, _ in blocks_of(page.read_text())}
    names = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module in files:
            continue  # a file of the page itself
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


@pytest.mark.parametrize("page", [p for p in PAGES if name_of(p) not in INSTALLING], ids=name_of)
def test_shell_examples_are_written_so_that_they_are_run(page):
    text = page.read_text()
    languages = {language for _, language, _, _ in blocks_of(text)}
    assert not languages & {"sh", "bash", "shell", "shell-session"}, "write ```console, and $ "
    assert not re.findall(r"^ {4,}\$? ?plugax .*", BLOCK.sub("", text), re.MULTILINE)


def anchors_of(page):
    """The anchors of a page's headings, as GitHub and pymdownx make them."""
    anchors = []
    for heading in re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text()), re.MULTILINE):
        shown = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
        again = anchors.count(slug)
        anchors.append(f"{slug}-{again}" if again else slug)
    return anchors


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_and_images_lead_somewhere(page):
    text = BLOCK.sub("", page.read_text())
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text)
    images = re.findall(r'<img[^>]* src="(?!https?:)([^"]+)"', text)
    for target, anchor in [*links, *((image, "") for image in images)]:
        found = page.parent / target if target else page
        assert found.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors_of(found), f"{page.name} links to {target}#{anchor}"
