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


@pytest.mark.parametrize(
    "argv",
    [
        *(["--help"], ["list"], ["plugins", "--all"], ["run", "--help"]),
        *(["report", "--help"], ["runs", "--help"]),
    ],
)
def test_short_answers_import_neither_jax_nor_what_lies_on_it(argv, environment):
    del environment["PLUGAX_BLOCK"]  # bundled plugins must not import it either
    command = [sys.executable, "-W", "ignore", "-X", "importtime", "-c", PLUGAX, *argv]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "plugax.cli._main" in imported
    assert not imported & {"jax", "numpy", "equinox", "rich", "xarray", "matplotlib", "scipy"}


@pytest.mark.parametrize(
    "argv",
    [
        ["run", "bowk"],
        ["run", "bowl", "--solver", "desent"],
        ["run", "bowl", "--optimizer", "fixd"],
        ["run", "bowl", "--observer", "nobody"],
        ["run", "bowl", "--steps", "many"],
        ["run", "bowl", "--seed"],
        ["compare", "bowl", "--solvers", "descent,desent"],
        ["compare", "bowl", "--solver", "desent --tolerance 1"],
        ["compare", "bowl", "--seeds", "x"],
        ["list", "--for", "bowk"],
        ["check", "bowk"],
        ["resume", "nowhere", "--steps", "x"],
        ["sweep", "bowl", "--over", "rate"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_told_before_jax_is_imported(argv, environment):
    command = [sys.executable, "-W", "ignore", "-X", "importtime", str(SCRIPT), *argv]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert (done.returncode, done.stdout) == (2, "")
    assert "\nplugax: " in done.stderr
    assert not imported & {"jax", "numpy", "equinox"}


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


def test_termination_ends_a_run_once_it_is_saved(environment, tmp_path):
    command = [
        *(sys.executable, str(SCRIPT), "run", "bowl", "--tolerance", "none", "--json"),
        *("--steps", str(10**9), "--chunk", "100", "--out", str(tmp_path / "run")),
    ]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert "running\n" in iter(process.stderr.readline, "")
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out) == (143, "")
    assert err.endswith(f"plugax: terminated; go on with: plugax resume {tmp_path / 'run'}\n")
    summary = json.loads((tmp_path / "run" / "solution.json").read_text())
    assert summary["status"]["name"] == "interrupted"


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize(
    ("module", "number"),
    [
        *((module, signal.SIGINT) for module in ("argparse", "numpy", "jax._src.core", "equinox")),
        *((module, signal.SIGTERM) for module in ("argparse", "jax._src.core")),
    ],
)
def test_a_signal_ends_the_start_at_once(module, number, environment):
    command = [sys.executable, "-X", "importtime", "-c", PLUGAX, "run", "bowl"]
    if module != "argparse":
        command[3:5] = [str(SCRIPT)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            name = lambda line: line.rpartition("|")[2].strip()  # noqa: E731
            assert module in map(name, iter(process.stderr.readline, ""))
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    lines = [line for line in err.splitlines() if "import time:" not in line]
    word = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}[number]
    assert (process.returncode, out, lines) == (128 + number, "", [f"plugax: {word}"])


def installed(name, code, site):
    """Install a distribution with one plugin, as far as Python can see."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[plugax]\n{name} = {name}_plugin\n")
    (site / f"{name}_plugin.py").write_text(code)
    return os.pathsep + str(site)


def test_a_plugin_that_is_left_out_is_one_line_on_standard_error(environment, tmp_path):
    code = "raise RuntimeError('of no use')\n"
    environment["PYTHONPATH"] += installed("broken", code, tmp_path)
    command = [sys.executable, "-c", PLUGAX, "list", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout).keys() >= {"problems"}
    (line,) = done.stderr.splitlines()
    assert line.startswith("plugax: warning: The plugin 'broken' of broken 1.0 is left out")


LOUD = """
import sys
print("imported")
import plugax as px

def made():
    print("made")
    import components

    class Loud(components.Bowl):
        def residuals(self, unknowns, batch, key):
            print("traced")
            return super().residuals(unknowns, batch, key)

    return Loud()

@px.hookimpl
def register_problems(register):
    print("registered")
    register("loud", made)

@px.hookimpl
def before_run():
    print("running")
"""


@pytest.mark.parametrize(
    "argv",
    [
        ["list", "--json"],
        ["plugins", "--json"],
        ["describe", "loud", "--json"],
        ["run", "loud", "--solver", "descent", "--json"],
        pytest.param(
            ["compare", "loud", "--solvers", "descent", "--seeds", "1", "--json"],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_a_plugin_prints_is_no_answer(argv, environment, tmp_path):
    environment["PYTHONPATH"] += installed("loud", LOUD, tmp_path)
    command = [sys.executable, str(SCRIPT), *argv]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)
    assert "imported\nregistered\n" in done.stderr
    assert ("running" in done.stderr) == (argv[0] in ("run", "compare"))


def test_a_slow_plugin_is_named_with_its_seconds(environment, tmp_path):
    environment["PYTHONPATH"] += installed("slow", "import time; time.sleep(0.6)\n", tmp_path)
    command = [sys.executable, "-c", PLUGAX, "doctor"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "slow takes 0.6 s to import" in done.stdout.replace("\n", " ")
    command = [sys.executable, "-c", PLUGAX, "doctor", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    seconds = {plugin["name"]: plugin["seconds"] for plugin in report["plugins"]}
    assert seconds["slow"] > 0.6
    assert report["versions"].keys() >= {"plugax", "python", "jax"}
    assert report["devices"]


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
