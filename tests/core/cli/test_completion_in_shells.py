"""<TAB> in real shells, with a terminal between them and the test."""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time

import pytest

from plugax.cli import main

PATIENCE = 30
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(plugax completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'eval "$(plugax completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "plugax completion fish | source"),
}
KEYS = [
    ("plugax des", "plugax describe "),
    ("plugax run robu", "plugax run robust-regression "),
    ("plugax run lorenz96-twin --observe ev", "--observe every-kth "),
    ("plugax run lorenz96-twin --observe=ev", "--observe=every-kth "),
    ("plugax run regression --solver gra", "--solver gradient "),
    ("plugax run regression --solver gradient --solver.optimizer.lear", "optimizer.learning-rate "),
    ("plugax compare lorenz96-twin --solvers etkf,letk", "--solvers etkf,letkf"),
    ('plugax run "lorenz96-t', 'plugax run "lorenz96-twin"'),
    ("plugax resume ru", "plugax resume runs/"),
    ("plugax run --config run.t", "--config run.toml "),
    ("plugax run --config=run.t", "--config=run.toml "),
]


# The shell gets the terminal for its own, as in a window.
OWN_TERMINAL = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A shell in a terminal."""

    def __init__(self, command, environment, directory):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWN_TERMINAL, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            cwd=directory,
        )
        os.close(slave)
        self.text = ""

    def send(self, text):
        self.text = ""
        os.write(self.master, text.encode())

    def wait_for(self, expected):
        """Read until the terminal shows it."""
        end = time.monotonic() + PATIENCE
        while expected not in self.text:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert ready, f"no {expected!r} in {self.text!r}"
            self.text += os.read(self.master, 65536).decode(errors="replace")
            self.text = re.sub(r"\x07|\x1b\[[0-9;?]*[a-zA-Z]", "", self.text)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture(scope="module")
def environment(shared_directory):
    """An environment with `plugax`, which knows all that completion needs."""
    with shared_directory("completion") as folder:
        return environment_in(folder)


def environment_in(folder):
    """That environment; what takes seconds is done by the first who asks for it."""
    program = folder / "bin" / "plugax"
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3))
    chosen = os.environ | {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(os.path.join(root, name) for name in ("core", "plugins")),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "HOME": str(folder),
        "TERM": "dumb",
        "PS1": "> ",
    }
    chosen.pop("PLUGAX_TRACEBACK", None)
    if program.exists():
        return chosen
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -W ignore -m plugax "$@"\n')
    program.chmod(0o755)
    subprocess.run(["plugax", "completion", "--refresh"], env=chosen, check=True)
    (folder / "runs").mkdir()
    (folder / "run.toml").touch()
    return chosen


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_in(shell, environment):
    command, install = SHELLS[shell]
    if shutil.which(shell) is None:
        pytest.skip(f"needs the shell {shell}")
    terminal = Terminal(command, environment, environment["HOME"])
    try:
        # In two parts, so that the echo of the line is not taken for its output.
        terminal.send(f"{install}; echo read''y\n")
        terminal.wait_for("ready")
        for typed, expected in KEYS:
            terminal.send(f"\x15{typed}\t")
            terminal.wait_for(expected)
            assert "rror" not in terminal.text
        terminal.send("\x15plugax run nothing --zz\tyx")
        terminal.wait_for("--zzyx")
        assert not re.search(r"rror|Traceback|not found|No such", terminal.text)
    finally:
        terminal.close()


@pytest.fixture
def bash(capsys, tmp_path):
    """Call the function of the script in bash; what it offers, and what is printed."""
    main(["completion", "bash"])
    (tmp_path / "script").write_text(capsys.readouterr().out)

    def bash(program, line, environment=None):
        code = (
            f"source {tmp_path}/script; COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; "
            f'_plugax {program}; printf "<%s>" "${{COMPREPLY[@]}}"; complete -p plugax'
        )
        command = ["bash", "--norc", "-c", code]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
        )

    return bash


def test_bash_gets_what_replaces_the_part_behind_the_last_break(bash, environment):
    done = bash("plugax", "plugax run lorenz96-twin --observe=", environment)
    assert done.stdout.startswith("<all><every-kth><random><none>complete -o default")
    assert done.stderr == ""


@pytest.mark.parametrize("program", ["/no/such/plugax", "./broken"])
def test_a_plugax_that_does_not_work_prints_nothing(bash, program, tmp_path):
    (tmp_path / "broken").write_text("#!/bin/sh\necho oh dear >&2\nexit 3\n")
    (tmp_path / "broken").chmod(0o755)
    done = bash(program, "plugax run reg")
    assert (done.stdout[:2], done.stderr) == ("<>", "")
