"""What only a process of its own can show: what is imported, signals, standard streams."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tomllib

import pytest

SCRIPT = pathlib.Path(__file__).with_name("process.py")
PLUGAX = "import sys; from plugax.cli import main; sys.exit(main())"


@pytest.fixture
def environment(block_bundled, tmp_path, root):
    """No bundled plugins, a cache of its own, the sources of this checkout."""
    path = os.pathsep.join([str(root / "core"), str(root / "plugins")])
    return os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": path}


@pytest.mark.parametrize("argv", [["--help"], ["list"], ["plugins", "--all"], ["run", "--help"]])
def test_short_answers_import_neither_jax_nor_what_lies_on_it(argv, environment):
    del environment["PLUGAX_BLOCK"]  # bundled plugins must not import it either
    command = [sys.executable, "-W", "ignore", "-X", "importtime", "-c", PLUGAX, *argv]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "plugax.cli._main" in imported
    assert not imported & {"jax", "numpy", "equinox", "rich", "xarray", "matplotlib", "scipy"}


@pytest.mark.usefixtures("ctrl_c")  # handed on to the process
def test_a_second_ctrl_c_is_not_needed(environment, tmp_path):
    command = [
        *(sys.executable, str(SCRIPT), "run", "bowl", "--tolerance", "none", "--json"),
        *("--steps", str(10**9), "--chunk", "100", "--out", str(tmp_path / "run")),
    ]
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            # XLA may have something to say before, of programs that it takes from the cache.
            assert "running\n" in iter(process.stderr.readline, "")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()  # one that goes on would keep the test from ending
    assert process.returncode == 130
    assert json.loads(out)["status"] == "interrupted"
    assert "Traceback" not in err
    assert (tmp_path / "run" / "state.npz").exists()
    assert tomllib.loads((tmp_path / "run" / "config.toml").read_text())["run"]["steps"] == 10**9


def test_a_plugin_that_is_left_out_is_one_line_on_standard_error(environment, tmp_path):
    site = tmp_path / "site"
    info = site / "broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[plugax]\nbroken = broken_plugin\n")
    (site / "broken_plugin.py").write_text("raise RuntimeError('of no use')\n")
    environment["PYTHONPATH"] += os.pathsep + str(site)
    command = [sys.executable, "-c", PLUGAX, "list", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout).keys() >= {"problems"}
    (line,) = done.stderr.splitlines()
    assert line.startswith("plugax: warning: The plugin 'broken' of broken 1.0 is left out")


def test_compiled_programs_are_kept_and_found_again(environment, tmp_path):
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    command = [sys.executable, str(SCRIPT), "run", "bowl", "--device", "cpu", "--json"]
    cache = tmp_path / "cache" / "plugax" / "jax"
    kept = []
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["status"] == "converged"
        assert "running\n" in done.stderr  # XLA may say something of its own there
        kept.append({file.name for file in cache.iterdir() if file.name.endswith("-cache")})
    assert kept[0]
    assert kept[0] == kept[1]


def test_what_an_encoding_cannot_say_loses_no_result(environment):
    environment["PYTHONIOENCODING"] = "cp1252"
    command = [sys.executable, str(SCRIPT), "run", "bowl"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"bowl \xb7 descent" in done.stdout
    command = [sys.executable, str(SCRIPT), "list", "--for", "⟨x⟩"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"?x?" in done.stderr
