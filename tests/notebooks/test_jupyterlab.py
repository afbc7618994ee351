"""A notebook in a real JupyterLab, run in a browser, on light and on dark."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest

pytestmark = pytest.mark.slow

CELLS = [
    "import plugax as px",
    'solution = px.solve("regression", "gradient", steps=2000, observers=["progress"])\nsolution',
    'solution.plot("fit")',
    'solution.plot("descent")',
    'px.sweep("regression", "gradient", over={"seed": range(30)}, steps=5)',
    "px.default_manager()",
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, directory / "first.ipynb")
    return directory


@pytest.fixture(scope="module")
def address(directory, tmp_path_factory):
    """The address of a server of its own, with its token; it knows nothing of the user's."""
    home = tmp_path_factory.mktemp("home")
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", "--port=0", "--ServerApp.port_retries=0"),
            *("--IdentityProvider.token=secret", f"--ServerApp.root_dir={directory}"),
            "--LabApp.extension_manager=readonly",
        ],
        cwd=directory,
        env=os.environ
        | {
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        },
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        said = []
        for line in server.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/lab\?token=", line):
                break
        assert found, "".join(said)
        yield f"http://127.0.0.1:{found[1]}/lab/tree/first.ipynb?token=secret&reset"
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stderr.close()


@pytest.fixture(scope="module")
def lab(browser, address):
    """The notebook, all of its cells run."""
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    page.goto(address)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=120_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.get_by_text("all solvers").wait_for(timeout=60_000)
    yield page
    context.close()


def test_the_output_of_a_run_is_one_line_of_progress_and_the_solution(lab):
    (line,) = lab.locator(".plugax-progress").all_inner_texts()
    assert re.match(r"(not-)?converged \d+/2000 steps  loss ", line)
    assert lab.locator(".plugax-head").first.inner_text().startswith("Solution of regression by")


def test_figures_are_shown_once_and_animations_play(lab):
    images = lab.locator(".jp-OutputArea-output img")
    kinds = [image.get_attribute("src")[:14] for image in images.all()]
    assert kinds == ["data:image/png", "data:image/gif"]


def test_nothing_is_printed_besides(lab):
    assert lab.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_is_legible_in_every_theme(lab, contrasts, theme):
    lab.get_by_role("menuitem", name="Settings", exact=True).click()
    lab.get_by_text("Theme", exact=True).hover()
    lab.get_by_text(theme, exact=True).click()
    lab.locator(f'body[data-jp-theme-name="{theme}"]').wait_for(state="attached")
    texts = ".plugax th, .plugax td, .plugax p, .plugax summary, .plugax-progress"
    found = contrasts(lab, texts)
    assert len(found) > 100
    assert min(found) > 4.5
