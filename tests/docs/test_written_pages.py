"""Parts of pages that have their source elsewhere: the files of a new plugin, the known plugins.

`PLUGAX_WRITE_PAGES=1 pytest tests/docs/test_written_pages.py` writes them anew.
"""

import os
import re

import pytest

from plugax import __version__
from plugax.plugins import available_plugins
from plugax.scaffold import Distribution, kind_of

# A file on a page: its path on a line of its own, then its text.
FILE = re.compile(r"^(`([\w./]+)`:\n\n```\w+\n)(.*?)(^```)", re.MULTILINE | re.DOTALL)
TOUR = re.compile(r"(<!-- The README .*? -->\n)(.*?)(<!-- The end of that part. -->)", re.DOTALL)
TABLE = re.compile(r"(<!-- The table .*? -->\n)(.*?)(<!-- The end of the table. -->)", re.DOTALL)


@pytest.fixture
def files():
    brings = [(kind_of("problem"), "rosenbrock")]
    return Distribution("plugax-valley", brings, None, "MIT", None, __version__).files()


def holds(path, written):
    """Whether the page is as it should be; written anew if that is asked for."""
    if os.environ.get("PLUGAX_WRITE_PAGES", "0") != "0":
        path.write_text(written)
    assert path.read_text() == written, f"{__doc__}"


def test_the_tour_of_a_new_plugin_is_the_readme_that_it_gets(root, files):
    page = root / "docs" / "plugins.md"
    readme = files["README.md"]
    (tour,) = re.findall(r"## Work on this plugin\n\n(.*)\n\n## Licence", readme, re.DOTALL)
    assert len(TOUR.findall(page.read_text())) == 1
    holds(page, TOUR.sub(lambda found: f"{found[1]}\n{tour}\n\n{found[3]}", page.read_text()))


def test_the_files_on_the_page_are_those_that_plugax_new_writes(root, files):
    page = root / "docs" / "plugins.md"
    shown = [found[1] for found in FILE.findall(page.read_text())]
    assert len(set(shown) & set(files)) == 2
    kept = FILE.sub(
        lambda found: f"{found[1]}{files.get(found[2], found[3])}{found[4]}", page.read_text()
    )
    holds(page, kept)
    (points,) = re.findall(r"```toml\n(\[project.entry-points.plugax\]\n.*?)```", kept, re.DOTALL)
    assert points in files["pyproject.toml"]


def test_the_page_of_known_plugins_is_their_list(root):
    page = root / "docs" / "available-plugins.md"
    rows = [
        f"| `{plugin.name}` | {'Plugax itself' if plugin.bundled else _link(plugin)} "
        f"| {', '.join(plugin.brings)} | {plugin.kit or 'not known'} | {plugin.summary} |"
        for plugin in available_plugins()
    ]
    head = "| plugin | comes with | brings | kit | |\n|---|---|---|---|---|"
    table = "\n".join([head, *rows])
    holds(page, TABLE.sub(lambda found: f"{found[1]}\n{table}\n\n{found[3]}", page.read_text()))


def _link(plugin):
    return f"[`{plugin.distribution}`]({plugin.repository})"
