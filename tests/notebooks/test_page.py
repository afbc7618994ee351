"""The page about notebooks, its examples run as a notebook."""

import re

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_cell_shows_what_the_page_promises(root, tmp_path):
    sources = BLOCK.findall((root / "docs" / "notebooks.md").read_text())
    cells = [nbformat.v4.new_code_cell(source.rstrip()) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, kernel_name="python3", resources=resources, timeout=120).execute()
    first, printed, population, problem, everything, fit, loss, changed = notebook.cells
    progress, solution = first.outputs
    assert progress.output_type == "display_data"
    assert re.fullmatch(
        r"converged \d+/2000 steps  loss 0\.\d+  [\d.]+ k?steps/s  [\d.]+ s",
        progress.data["text/plain"],
    )
    # The page shows what this cell prints; digits and times differ from machine to machine.
    (text,) = printed.outputs
    assert text.text.startswith("Solution of regression by gradient: converged\nThe solver")
    for cell in (population, problem):
        assert "plugax-head" in cell.outputs[0].data["text/html"]
    assert everything.outputs[0].data["text/html"].count("<figure") == 3
    for cell in (fit, loss, changed):
        (output,) = cell.outputs
        assert "image/png" in output.data
    assert (tmp_path / "figures" / "fit.png").exists()
    assert "text/html" in solution.data
