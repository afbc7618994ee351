"""Make the site: `python docs/make`.

- Pages in Markdown are copied as they are.
- Scripts in docs/gallery and docs/explain are run as notebooks: page, notebook and figures of each.
- Public names have a page for every module, made from docstrings.
- The registry has a page for every kind of component that the plugins of this environment bring.
- The command line has a page with the help of every command.

All of it is made anew every time, in `build`, and nothing of it is committed.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys

import gallery
import interface
import registry

import plugax

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def main() -> int:
    """Make the pages, then the site; with a warning it fails."""
    arguments = _arguments()
    into = arguments.into.resolve()
    pages = into / "docs"
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(DOCS, pages, ignore=shutil.ignore_patterns("make", "__pycache__"))
    settings = (ROOT / "zensical.toml").read_text().replace("{version}", plugax.__version__)
    (into / "zensical.toml").write_text(settings)
    shutil.copy(pathlib.Path(__file__).with_name("modules.py"), into)
    _link_to_pages(pages)
    gallery.write(pages, arguments.run)
    registry.write(pages / "reference")
    interface.write(pages / "reference" / "interface")
    if arguments.serve:
        return subprocess.run(["zensical", "serve"], cwd=into, check=False).returncode
    return _build(into)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python docs/make", description="Make the site.")
    add = parser.add_argument
    add("--serve", action="store_true", help="serve the pages instead of building the site")
    add("--into", type=pathlib.Path, default=ROOT / "build", help="directory; default: build")
    add(
        "--run",
        nargs="*",
        metavar="NAME",
        help="run these scripts alone, such as mnist; other pages are shown without results",
    )
    return parser.parse_args()


def _link_to_pages(pages: pathlib.Path) -> None:
    """Let links to scripts, which a forge can follow, lead to the pages made from them."""
    for page in pages.rglob("*.md"):
        text = re.sub(r"(\]\([^)\s]+)\.py(#[^)]*)?\)", r"\1.md\2)", page.read_text())
        page.write_text(text)


def _build(into: pathlib.Path) -> int:
    """Build the site in `into`/site, and check what Zensical does not."""
    program = pathlib.Path(sys.executable).with_name("zensical")
    done = subprocess.run(
        [program, "build", "--strict", "--clean"],
        cwd=into,
        capture_output=True,
        text=True,
        check=False,
    )
    # Zensical aborts for its own warnings, but not for those about docstrings.
    warnings = [line for line in done.stderr.splitlines() if line.startswith("griffe:")]
    print(done.stdout, done.stderr, sep="\n")
    if done.returncode or warnings:
        return 1
    site = into / "site"
    _set_version(site / "objects.inv")
    print(f"{len(list(site.rglob('index.html')))} pages in {site}")
    return 0


def _set_version(inventory: pathlib.Path) -> None:
    """Write the version into the inventory, from which other projects' pages refer to ours."""
    line = f"# Version: {plugax.__version__}".encode()
    inventory.write_bytes(re.sub(rb"# Version: [^\n]*", line, inventory.read_bytes(), count=1))


if __name__ == "__main__":
    sys.exit(main())
