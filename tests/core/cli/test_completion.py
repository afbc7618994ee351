"""What may follow on a command line, and what is kept to know it."""

import functools
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

import plugax as px
from plugax.cli import main
from plugax.cli._component import choose
from plugax.cli._flags import add_flags, peek_component
from plugax.cli._request import choose_solver, run_parser
from plugax.cli.completion import _known
from plugax.cli.completion._candidates import candidates
from plugax.cli.completion._flags import flags_of
from plugax.cli.completion._gather import everything, names
from plugax.cli.completion._line import after_breaks, split

PLUGAX = "import sys; from plugax.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def known():
    """What is known of the bundled plugins, as it is read from the file."""
    return json.loads(json.dumps(everything()))


def after(known, line):
    """The kind and the words of the candidates after a line without quotes."""
    found = candidates(line.split(" "), known)
    return found.kind, [word for word, _ in found.words]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("resu", ["resume"]),
        ("--ver", ["--version", "--verbose"]),
        ("run regr", ["regression", "regression-network"]),
        ("--quiet run regr", ["regression", "regression-network"]),
        ("describe adamw", ["adamw"]),
        ("check letk", ["letkf"]),
        ("list --for lorenz63", ["lorenz63-twin"]),
        ("list sol", ["solvers"]),
        ("completion f", ["fish"]),
        ("run lorenz96-twin --solver letk", ["letkf"]),
        ("run lorenz96-twin --solver=letk", ["--solver=letkf"]),
        ("run lorenz96-twin --solver least-sq", []),
        ("run lorenz96-twin --obs", None),
        ("run lorenz96-twin --observe ev", ["every-kth"]),
        ("run lorenz96-twin --observe=ev", ["--observe=every-kth"]),
        ("run lorenz96-twin --problem.observe ev", ["every-kth"]),
        ("run lorenz96-twin --problem.integrator.rem", ["--problem.integrator.rematerialise"]),
        ("run lorenz96-twin --integrator adaptive-d", ["adaptive-dopri5", "adaptive-dopri8"]),
        ("run lorenz96-twin --integrator euler-m", []),
        ("run lorenz96-twin --integrator adaptive-tsit5 --rto", ["--rtol"]),
        ("run lorenz96-twin --lag", ["--lag"]),
        ("run lorenz96-twin --solver ienks --no-rot", ["--no-rotate"]),
        ("run regression --learn", []),
        ("run regression --solver gradient --learn", ["--learning-rate"]),
        ("run regression --solver gradient --optimizer lbf", ["lbfgs"]),
        ("run regression --solver gradient --optimizer lbfgs --memo", ["--memory-size"]),
        (
            "run regression --solver gradient --solver.optimizer.learning",
            ["--solver.optimizer.learning-rate"],
        ),
        ("run regression --observer prog", ["progress"]),
        ("run regression --precision float", ["float32", "float64"]),
        ("run regression --evaluate-every e", ["epoch"]),
        ("run regression --steps ", []),
        ("run regression --seed 3 --see", []),
        ("run mymodule:Bow", []),
        ("nothing ", []),
        ("run regression --nothing ", None),
    ],
)
def test_words_that_begin_so(known, line, words):
    kind, found = after(known, line)
    assert kind == "words"
    assert words is None or found == words
    assert all(word.startswith(line.split(" ")[-1]) for word in found)


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("compare lorenz96-twin --solvers etkf,letk", "part", ["etkf,letkf"]),
        ("compare lorenz96-twin --solvers=etkf,letk", "part", ["--solvers=etkf,letkf"]),
        ("compare lorenz96-twin --solvers letkf,letk", "part", []),
        ("run lorenz96-twin --diagnostics crps,s", "part", ["crps,signal"]),
        ("resume ", "directories", []),
        ("plot ru", "directories", []),
        ("run regression --out ", "directories", []),
        ("run --config ", "files", []),
        ("run linear-regression --data=x", "files", []),
    ],
)
def test_lists_files_and_directories(known, line, kind, words):
    assert after(known, line) == (kind, words)


@pytest.mark.parametrize(
    ("quoted", "words"),
    [
        ("letkf --memb", ["letkf --members"]),
        ("letkf --members 3 --memb", []),
        ("letkf --members 3 --keep me", ["letkf --members 3 --keep mean"]),
        ("gradient --optimizer adam --learn", ["gradient --optimizer adam --learning-rate"]),
        ("letkf --steps", []),
    ],
)
def test_a_solver_in_quotes_has_its_options(known, quoted, words):
    kind, found = candidates(["compare", "lorenz96-twin", "--solver", quoted], known)
    assert kind == "part"
    assert [word for word, _ in found][: len(words) or None] == words


def test_the_usual_comes_first_and_what_is_given_is_not_offered_again(known):
    found = after(known, "run regression --seed 3 ")[1]
    order = [found.index(flag) for flag in ("--solver", "--steps", "--points", "--chunk")]
    assert order == sorted(order)
    assert "--seed" not in found
    assert "--observer" in after(known, "run regression --observer progress --ob")[1]


def test_the_solvers_that_a_problem_recommends_come_first(known):
    found = after(known, "run regression --solver ")[1]
    assert found[:2] == ["least-squares", "gradient"]
    assert "letkf" not in found


def test_there_are_descriptions(known):
    found = dict(candidates(["run", "regression", "--points"], known).words)
    assert found == {"--points": "the number of points, at least 3"}


RUNS = [
    ["run", problem.name, *words]
    for problem in px.default_manager().components("problem")
    for words in ([], ["--solver", "gradient"], ["--solver", "gradient", "--optimizer", "adam"])
] + [["run", "lorenz96-twin", "--solver", "letkf", "--integrator", "kvaerno5"]]


@pytest.mark.parametrize("argv", RUNS, ids=" ".join)
def test_the_flags_are_those_of_the_real_parser(known, argv):
    find = functools.partial(peek_component, argv)
    problem = choose("problem", argv[1], [], find)
    solver = argv[3] if len(argv) > 2 else next(iter(problem.known("recipes")))
    parser = run_parser(inner=False)
    add_flags(parser, [problem, choose_solver(problem, solver, {}, find)], argv)
    command = known["commands"]["run"]
    # Whatever is refused with an explanation has no help.
    actions = [action for action in parser._actions if action.help and "==" not in action.help]
    shown = {action.option_strings[0] for action in actions if action.option_strings}
    forms = {form for action in actions for form in action.option_strings}
    found = flags_of(argv, command, known)
    assert found.keys() - known["everywhere"] == forms - {"-h"}
    offered = {word for word, _ in candidates([*argv, "--"], known).words}
    assert offered - known["everywhere"].keys() == shown - set(argv)


def test_the_line_of_bash_is_understood_with_its_quotes():
    line = "plugax run 'a b' x"
    assert split(line, len(line)) == (["plugax", "run", "a b", "x"], False)
    assert split(line, 10) == (["plugax", "run"], False)
    assert split("plugax run ", 11) == (["plugax", "run", ""], False)
    assert split('plugax run "reg', 15) == (["plugax", "run", "reg"], True)
    assert split("plugax run é x", 13) == (["plugax", "run", "é"], False)
    assert split("plugax run a\\", 13)[0][:2] == ["plugax", "run"]
    assert after_breaks("--observe=ev", " =:") == 10
    assert after_breaks("--observe=ev", " ") == 0
    assert after_breaks("stranger:bo", " =:") == 9


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return _known.file()


@pytest.fixture
def started(monkeypatch):
    """The commands of the processes that would have been started."""
    commands = []

    class Process:
        def __init__(self, command, **streams):
            commands.append(command)
            assert set(streams.values()) <= {subprocess.DEVNULL, True}

    monkeypatch.setattr(subprocess, "Popen", Process)
    return commands


def test_the_first_tab_knows_commands_and_names_and_asks_for_more_once(cache, started, capsys):
    for _ in range(2):  # two at the same time
        assert main(["completion", "--words", "run", "lorenz96-t"]) == 0
        out = capsys.readouterr().out
        assert out.splitlines()[1].startswith("lorenz96-twin\tThe Lorenz-96 model") or out
        assert "words\nlorenz96-twin" in out
    assert len(started) == 1
    assert started[0][-3:] == ["plugax", "completion", "--refresh"]
    assert main(["completion", "--line", "plugax run regression --st", "26", " =:"]) == 0
    assert capsys.readouterr().out == "words\n--steps\n"


def test_what_came_to_nothing_is_tried_again_after_a_while(cache, started):
    _known.known()
    old = time.time() - 2 * _known.PATIENCE
    os.utime(_known._mark(cache), (old, old))
    _known.known()
    _known.known()
    assert len(started) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"version": 0}', b"\xff\x00"])
def test_a_broken_file_is_made_anew(cache, started, content):
    cache.parent.mkdir(parents=True)
    cache.write_bytes(content)
    assert "regression" in _known.known()["components"]["problem"]
    assert len(started) == 1


def test_nothing_is_started_where_nothing_can_be_kept(monkeypatch, started):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    assert "run" in _known.known()["commands"]
    assert not started


def test_a_change_of_any_file_is_seen_and_the_old_answer_given_meanwhile(cache, started, tmp_path):
    module = tmp_path / "module.py"
    module.touch()
    found = names() | {"made_of": {str(module): module.stat().st_mtime_ns}, "old": True}
    _known.write(cache, found)
    assert _known.known()["old"]
    assert not started
    os.utime(module, (1, 1))
    assert _known.known()["old"]
    assert len(started) == 1
    module.unlink()
    assert not _known.is_current(found)


def test_it_is_made_of_the_plugins_and_the_directories_of_packages(known):
    files = known["made_of"].keys()
    assert known["made_of"][px.__file__] == os.stat(px.__file__).st_mtime_ns
    for name in ("plugax_regression", "plugax_state_space"):
        assert any(f"{os.sep}{name}{os.sep}" in file for file in files)
    installed = importlib.metadata.distribution("numpy").locate_file("")
    assert str(installed) in files


def test_an_error_prints_nothing(capsys, monkeypatch, cache):
    assert main(["completion", "--line", "plugax run"]) == 1
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("PLUGAX_TRACEBACK", "1")
    main(["completion", "--line", "plugax run"])
    assert "Traceback" in capsys.readouterr().err


def test_the_scripts_say_how_to_install_them(call):
    for shell, line in {
        "bash": 'eval "$(plugax completion bash)"',
        "zsh": 'eval "$(plugax completion zsh)"',
        "fish": "plugax completion fish | source",
    }.items():
        assert line in call("completion", shell).out.splitlines()[1 if shell == "zsh" else 0]
        assert line in call("completion", "--help").out
    assert "expected bash|zsh|fish" in call("completion").err
    assert "Did you mean 'bash'" in call("completion", "bsh").err


def test_an_answer_imports_little_and_a_changed_plugin_is_learned(tmp_path, root, block_bundled):
    site, cache = tmp_path / "site", tmp_path / "cache"
    info = site / "hill-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hill\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[plugax]\nhill = hill_plugin\n")
    (site / "hill_plugin.py").write_text(
        "from plugax import hookimpl\n@hookimpl\ndef register_problems(register):\n"
        "    register('hill', 'hill_problem:Hill', summary='Up')\n"
    )
    problem = "import plugax as px\nclass Hill(px.AbstractProblem):\n    {}: float = 1.0\n"
    (site / "hill_problem.py").write_text(problem.format("height"))
    path = os.pathsep.join(map(str, (root / "core", site)))
    environment = os.environ | {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": path}
    environment.pop("PLUGAX_TRACEBACK", None)

    def plugax(*argv, options=()):
        command = [sys.executable, "-W", "ignore", *options, "-c", PLUGAX, "completion", *argv]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    plugax("--refresh")
    done = plugax("--words", "run", "hill", "--h", options=("-X", "importtime"))
    assert done.stdout == "words\n--help\tshow this and exit\n" + (
        "--help-all\tshow all options, with their whole texts, and exit\n--height\n"
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "plugax.cli.completion._answer" in imported
    assert not imported & {"jax", "numpy", "argparse", "pluggy", "importlib.metadata", "asyncio"}

    (site / "hill_problem.py").write_text(problem.format("hardness"))
    assert "--height" in plugax("--words", "run", "hill", "--hei").stdout  # for the last time
    (file,) = cache.glob("plugax/completion/*.json")
    end = time.monotonic() + 60
    while "hardness" not in file.read_text() and time.monotonic() < end:
        pathlib.Path(file).stat()
        time.sleep(0.05)
    assert plugax("--words", "run", "hill", "--har").stdout == "words\n--hardness\n"
    assert not [*cache.rglob("*.making")]
