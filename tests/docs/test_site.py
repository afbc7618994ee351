"""The site is built without a warning, and works in a browser."""

import functools
import http.server
import os
import pathlib
import re
import subprocess
import sys
import threading
import zlib

import pytest

import plugax as px

# Building takes minutes.
pytestmark = pytest.mark.slow
ROOT = pathlib.Path(__file__).parents[2]
# A page of the gallery that is run in seconds.
RUN = "lorenz63-twin"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, with the results of one page of the gallery."""
    into = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "make"), "--into", str(into), "--run", RUN],
        env=os.environ | {"MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return into / "site"


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    serve = functools.partial(Handler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def text_of(site, page):
    return (site / page / "index.html").read_text()


def inventory(site):
    head, _, body = (site / "objects.inv").read_bytes().partition(b"using zlib.\n")
    return head.decode(), zlib.decompress(body).decode()


def test_every_public_name_can_be_referred_to_by_other_projects(site):
    head, entries = inventory(site)
    names = {line.split()[0] for line in entries.splitlines()}
    modules = {name for name in px.__all__ if not hasattr(getattr(px, name), "__qualname__")}
    assert f"Version: {px.__version__}" in head
    missing = {f"plugax.{name}" for name in px.__all__ if name not in modules} - names
    assert not missing
    assert {"plugax.errors.UnknownNameError", "plugax_assimilation.LETKF"} <= names


def test_every_component_stands_in_the_reference_with_its_options(site):
    pages = {kind: text_of(site, f"reference/{kind}s") for kind in px.plugins.KINDS}
    for component in px.default_manager().components():
        assert f'id="{component.name}"' in pages[component.kind].replace(
            f'id="{component.name.lower()}"', f'id="{component.name}"'
        )
    assert "<code>inflation</code>" in pages["solver"]


def test_every_page_is_in_the_navigation(site):
    start = text_of(site, "start")
    linked = set(re.findall(r'href="(?:\.\./)?([^"#:]*?)/?"', start))
    pages = {
        str(page.parent.relative_to(site))
        for page in site.rglob("index.html")
        if page.parent != site
    }
    assert pages - linked <= {"start"}


def test_equations_of_docstrings_keep_their_lines(site):
    page = text_of(site, "reference/solvers")
    assert re.search(r"<code>x_a,i = x̄_i \+ wᵢᵀ aᵢ \+ Tᵢ aᵢ\nwᵢ = ", page)


def test_a_page_of_the_gallery_offers_its_script_and_its_notebook(site):
    page = text_of(site, f"gallery/{RUN}")
    assert f'href="../{RUN}.py"' in page
    assert f'href="../{RUN}.ipynb"' in page
    assert (site / "gallery" / f"{RUN}.ipynb").exists()
    assert "px.compare(" in (site / "gallery" / f"{RUN}.py").read_text()


def test_the_first_page_leads_on(page, address):
    page.goto(address)
    assert page.title().startswith("Plugax")
    assert f"Plugax {px.__version__}" in page.locator("header").inner_text()
    page.locator("article").get_by_role("link", name="Start", exact=True).click()
    page.get_by_role("heading", name="Line by line").wait_for()


def test_the_search_finds_letkf(page, address):
    page.goto(address)
    page.get_by_role("button", name="Search").first.click()
    page.keyboard.type("letkf")
    page.get_by_text("Local ensemble transform Kalman filter, for small").first.click()
    page.wait_for_url("**/reference/solvers/*#letkf")


def test_a_page_of_the_gallery_shows_its_figures_and_its_table(page, address):
    page.goto(f"{address}/gallery/{RUN}/")
    figure = page.locator("article img").first
    figure.wait_for()
    assert figure.evaluate("image => image.naturalWidth") > 300
    assert "particle filter" in page.locator("article table", has_text="solver").inner_text()


def test_the_reader_chooses_dark_or_light(page, address):
    page.emulate_media(color_scheme="dark")
    page.goto(address)
    back = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(back)
    page.emulate_media(color_scheme="light")
    page.reload()
    light = page.evaluate(back)
    levels = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (dark, light)]
    assert levels[0] < 200
    assert levels[1] > 600
    page.get_by_title("Switch to light mode").click()
    page.get_by_title("Switch to dark mode").click()
    assert page.evaluate(back) == dark


@pytest.mark.parametrize(
    "path", ["", "start/", f"gallery/{RUN}/", "reference/solvers/", "performance/"]
)
def test_a_narrow_screen_needs_no_sideways_scrolling(page, address, path):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{address}/{path}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
