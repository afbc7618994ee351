"""Everything that is run regularly, each in an environment of its own.

`nox -s tests` is the one that matters: all tests on the oldest and the newest Python supported.
"""

import pathlib
import shutil

import nox

OLDEST, NEWEST = "3.11", "3.13"
# Every worker keeps to tests that follow each other, which share fixtures and compiled programs.
PARALLEL = ("-n", "auto", "--dist", "worksteal")
# Programs compiled as users' are, not in the way that the tests' conftest chooses to save time.
AS_USERS_DO = {"XLA_FLAGS": ""}

nox.options.sessions = ["tests", "lint", "types"]
# A Python that is not there is no reason to fail, on a server no more than elsewhere.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"


@nox.session(python=[OLDEST, NEWEST])
def tests(session: nox.Session) -> None:
    """All tests but the slow ones, in parallel; arguments go to pytest.

    On the newest Python, annotations are checked at run time too.
    """
    session.install("-e", ".[test]")
    checks = {"PLUGAX_CHECK_ANNOTATIONS": "1" if session.python == NEWEST else "0"}
    environment = _cached(session) | checks
    session.run("pytest", *PARALLEL, "-m", "not slow", *session.posargs, env=environment)


@nox.session(python=OLDEST)
def slow(session: nox.Session) -> None:
    """The tests that take minutes."""
    # The whole of MLflow, which has a store of its own, for the example of its observer. The last
    # three: what a new plugin is built with, and its types checked by.
    session.install("-e", ".[test,mlflow,wandb]", "mlflow")
    session.install("hatchling", "editables", "pyright[nodejs]")
    environment = _cached(session) | AS_USERS_DO
    session.run("pytest", *PARALLEL, "-m", "slow", *session.posargs, env=environment)


@nox.session(python=OLDEST)
def scores(session: nox.Session) -> None:
    """The scores of the literature on Lorenz96, and the page of the docs that shows them."""
    session.install("-e", ".[test]")
    page = {"PLUGAX_SCORES": "docs/lorenz96-scores.md"} | AS_USERS_DO
    tests = "tests/plugins/plugax_assimilation/test_lorenz96_scores.py"
    session.run("pytest", "-m", "slow", tests, *session.posargs, env=_cached(session) | page)


@nox.session(python=OLDEST)
def minimums(session: nox.Session) -> None:
    """All tests with the lowest version of every dependency that pyproject.toml declares."""
    session.install("uv")
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", "-e", ".[test]")
    environment = _cached(session) | AS_USERS_DO
    session.run("pytest", *PARALLEL, "-m", "not slow", *session.posargs, env=environment)


@nox.session(python=OLDEST)
def faults(session: nox.Session) -> None:
    """Processes killed 200 times, full disks, 1000 damaged files, 1000 inputs of every kind.

    `-- -k kills` and so on.
    """
    session.install("-e", ".[test]")
    environment = _cached(session) | AS_USERS_DO | {"PLUGAX_FAULTS": "200"}
    inputs = ("core/cli/test_any_input", "plugins/plugax_regression/test_any_table")
    inputs += ("plugins/plugax_mnist/test_any_file",)
    paths = ["tests/faults", *(f"tests/{name}.py" for name in inputs)]
    session.run("pytest", *PARALLEL, *paths, *session.posargs, env=environment)


@nox.session(python=OLDEST)
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    session.install("ruff>=0.14")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(python=OLDEST)
def types(session: nox.Session) -> None:
    """Pyright on core and plugins."""
    session.install("-e", ".[test]", "pyright[nodejs]")  # the kit names pytest
    session.run("pyright")


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """The site, in build/site; a warning fails. `-- --serve` serves it instead."""
    session.install("-e", ".[docs]")
    session.run("python", "docs/make", *session.posargs, env={"JAX_PLATFORMS": "cpu"})


@nox.session(python=OLDEST)
def bench(session: nox.Session) -> None:
    """Plugax beside its peers, on one core: prints a table of ratios."""
    session.install("-e", ".[inference]", "torch==2.13.0", "scikit-learn>=1.8")
    session.run("python", "benchmarks/run.py", *session.posargs)


def _cached(session: nox.Session) -> dict[str, str]:
    """One compilation cache for all workers of this run; the next run starts without it."""
    # Absolute, since some tests go to directories of their own.
    cache = pathlib.Path(session.create_tmp()).resolve() / "xla-cache"
    shutil.rmtree(cache, ignore_errors=True)
    return {"JAX_COMPILATION_CACHE_DIR": str(cache), "JAX_PLATFORMS": "cpu"}
