"""Pages that are scripts: each is run, and becomes a page, a notebook, and the figures it draws."""

import base64
import concurrent.futures
import os
import pathlib
import re
from collections.abc import Iterator

import jupytext
import nbformat
from nbclient import NotebookClient

SECONDS = 600
"""The longest that a cell may take."""
# Two, as the machines that make the site have two cores.
AT_ONCE = 2
IMAGES = {"image/gif": "gif", "image/svg+xml": "svg", "image/png": "png"}
ENVIRONMENT = {"JAX_PLATFORMS": "cpu", "COLUMNS": "90"}


def write(pages: pathlib.Path, wanted: list[str] | None) -> None:
    """Turn the scripts among the pages into pages and notebooks, and list those of the gallery.

    Arguments:
        pages: the directory of all pages.
        wanted: the names of the scripts that are run; None for all.
    """
    scripts = sorted(pages.rglob("*.py"))
    unknown = set(wanted or ()) - {script.stem for script in scripts}
    if unknown:
        names = ", ".join(script.stem for script in scripts)
        raise SystemExit(f"no page is named {', '.join(sorted(unknown))}; there are {names}")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        run = [wanted is None or script.stem in wanted for script in scripts]
        cards = list(pool.map(_page, scripts, run))
    gallery = pages / "gallery"
    shown = [card for card, script in zip(cards, scripts, strict=True) if script.parent == gallery]
    (gallery / "index.md").write_text(_index(shown))


def notebook(script: pathlib.Path) -> nbformat.NotebookNode:
    """The notebook of a script in jupytext's percent format."""
    made = jupytext.read(script)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return made


def execute(made: nbformat.NotebookNode, directory: pathlib.Path) -> None:
    """Run a notebook in place; an error of a cell is raised, with the cell."""
    client = NotebookClient(made, timeout=SECONDS, resources={"metadata": {"path": str(directory)}})
    with client.setup_kernel(env=os.environ | ENVIRONMENT):
        for number, cell in enumerate(made.cells):
            client.execute_cell(cell, number)


def _page(script: pathlib.Path, run: bool) -> str:
    """Write page, notebook and figures of a script; returns its card for the list."""
    made = notebook(script)
    jupytext.write(made, script.with_suffix(".ipynb"))
    if run:
        print(f"gallery: {script.stem} …", flush=True)
        execute(made, script.parent)
    figures = script.parent / f"{script.stem}_files"
    parts = [part for cell in made.cells for part in _cell(cell, figures)]
    title, _, introduction = parts[0].partition("\n")
    offers = (
        f"*This page as a [script]({script.name}){{ download }} and as a "
        f"[notebook]({script.stem}.ipynb){{ download }}.*"
    )
    script.with_suffix(".md").write_text(
        "\n\n".join([title, introduction.strip(), offers, *parts[1:]]) + "\n"
    )
    first = min(figures.glob("*"), default=None)
    image = f"{figures.name}/{first.name}" if first else None
    return _card(script.stem, title.lstrip("# "), introduction, image)


def _cell(cell: nbformat.NotebookNode, figures: pathlib.Path) -> Iterator[str]:
    """A cell as Markdown: its text, or its code and what that has shown."""
    if cell.cell_type == "markdown":
        yield cell.source
    if cell.cell_type != "code":
        return
    yield f"```python\n{cell.source}\n```"
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            yield f"```text\n{output.text.rstrip()}\n```"
            continue
        shown = output.data
        image = next((kind for kind in IMAGES if kind in shown), None)
        if image is not None:
            yield _figure(shown[image], IMAGES[image], figures)
        elif "text/html" in shown:
            # A line without anything would end the block of HTML.
            yield re.sub(r"\n\s*\n", "\n", shown["text/html"].strip())
        else:
            yield f"```text\n{shown['text/plain'].rstrip()}\n```"


def _figure(content: str, ending: str, figures: pathlib.Path) -> str:
    """Write a figure beside its page."""
    figures.mkdir(exist_ok=True)
    name = f"{len(list(figures.iterdir())) + 1:02}.{ending}"
    data = content.encode() if ending == "svg" else base64.b64decode(content)
    (figures / name).write_bytes(data)
    return f"![Figure {int(name[:2])}]({figures.name}/{name})"


def _card(name: str, title: str, text: str, image: str | None) -> str:
    """A card: figure, title and first sentence of a page."""
    first = re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0].replace("\n", " ")
    shown = f"    [![{title}]({image})]({name}.md)\n\n" if image else ""
    return f"-   **[{title}]({name}.md)**\n\n{shown}    {first}\n"


def _index(cards: list[str]) -> str:
    return (
        "# Gallery\n\nA page for every problem that comes with Plugax: what it is, how it is "
        "solved, how well\nwhich methods do, and where it comes from. Every page is a script that "
        "runs as it stands.\n\n"
        '<div class="grid cards" markdown>\n\n' + "\n".join(cards) + "\n</div>\n"
    )
