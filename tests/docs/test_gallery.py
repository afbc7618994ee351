"""Every problem has a page in the gallery, and every page runs as a notebook."""

import importlib.util
import pathlib

import pytest

import plugax as px

ROOT = pathlib.Path(__file__).parents[2]
GALLERY = sorted((ROOT / "docs" / "gallery").glob("*.py"))
SCRIPTS = [*GALLERY, *sorted((ROOT / "docs" / "explain").glob("*.py"))]
NEEDS_DATA = {"mnist", "japanese-vowels"}


@pytest.fixture(scope="module")
def maker():
    """The module that makes the pages."""
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "make" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_problem_is_in_the_gallery():
    text = "".join(script.read_text() for script in GALLERY)
    problems = {c.name for c in px.default_manager().components() if c.kind == "problem"}
    assert not {name for name in problems if f'"{name}"' not in text and f"`{name}`" not in text}


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_page_runs_as_a_notebook(script, maker, tmp_path, request):
    if script.stem in NEEDS_DATA:
        request.getfixturevalue("data_directory")
    notebook = maker.notebook(script)
    maker.execute(notebook, tmp_path)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert outputs
    assert not [o for o in outputs if o.output_type == "stream" and o.name == "stderr"]


@pytest.mark.parametrize("script", GALLERY, ids=lambda script: script.stem)
def test_a_page_has_methods_and_references(script, maker):
    text = "\n".join(cell.source for cell in maker.notebook(script).cells)
    assert text.startswith("# ")
    assert "## Methods" in text
    assert "px.compare(" in text
    assert "## References" in text
