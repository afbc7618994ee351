"""Read a page as a person would who tries everything on it, from top to bottom.

    python -W error tests/docs/read_page.py docs/learn/regression.md

A fenced block with a title, such as ```csv title="points.csv", is written to that file, in the
current directory. A block of ```python runs, all of a page in one process. In a block of ```console
every line that begins with "$ " is a command, which has to succeed; the lines below it are what it
prints, numbers and blanks aside, and "…" stands for what is left out. Other blocks are only read.
With `--no-commands` commands are not run, as they start Python each time.
"""

import os
import pathlib
import re
import subprocess
import sys
import types

BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[-−]?\d[\d.,]*(e[-+]?\d+)?")


def blocks_of(text):
    """The fenced blocks of a page: the line where each begins, its language, title and content."""
    for found in BLOCK.finditer(text):
        yield text.count("\n", 0, found.start(3)), *found.groups("")


def looks(line):
    """A line of output without what may differ: numbers, and how wide columns and rules are."""
    return " ".join(re.sub("─+", "─", NUMBER.sub("0", line)).split())


def commands_of(content):
    """The commands of a console block, each with the lines that are shown below it."""
    first, *rest = re.split(r"^\$ ", content, flags=re.MULTILINE)
    if first.strip() or not rest:
        sys.exit(f"a console block has to begin with '$ ' and a command, but has:\n{content}")
    for entry in rest:
        command, *shown = entry.splitlines()
        yield command, [line for line in shown if line.strip() not in ("", "…")]


def type_in(command, shown):
    """Run a command in the shell, and compare what it prints with what the page shows."""
    done = subprocess.run(
        command,
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"$ {command}\n{done.stdout}ended with status {done.returncode}")
    printed = {looks(line) for line in done.stdout.splitlines()}
    for line in shown:
        if looks(line) not in printed:
            sys.exit(f"$ {command}\n{done.stdout}The page shows what was not printed:\n{line}")


def read(page, commands=True):
    """Do what a page shows, in the current directory."""
    # The page takes the place of this script, so that classes and messages are as in a script.
    main = types.ModuleType("__main__")
    sys.modules["__main__"], before = main, sys.modules["__main__"]
    for line, language, title, content in blocks_of(page.read_text()):
        if title:
            pathlib.Path(title).parent.mkdir(parents=True, exist_ok=True)
            pathlib.Path(title).write_text(content)
        elif language == "python":
            # As many empty lines before it as in the page: a traceback then names the page's line.
            exec(compile("\n" * line + content, str(page), "exec"), vars(main))
        elif language == "console":
            for command, shown in commands_of(content):
                if commands:
                    type_in(command, shown)
    sys.modules["__main__"] = before


if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    here = os.path.dirname(sys.executable)
    os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", "")])
    page, *flags = sys.argv[1:]
    read(pathlib.Path(page), commands="--no-commands" not in flags)
