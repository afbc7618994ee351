"""The time of a start: `plugax run` without and with its compilation cache, and the imports."""

import json
import os
import subprocess
import sys
import tempfile
import time

from measure import Row, best, pin, report

pin()

RUN = [sys.executable, "-m", "plugax", "run", "--json"]


def rows() -> list[Row]:
    table = []
    for problem in ("lorenz96-4dvar", "regression"):
        with tempfile.TemporaryDirectory() as cache:
            environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": cache}
            first = start(problem, environment)
            second = min(
                (start(problem, environment) for _ in range(5)), key=lambda run: run["wall"]
            )
        peer = "its first start"
        for part, target in (("compile", "≤ 0.25"), ("import", ""), ("run", ""), ("wall", "")):
            row = Row(
                f"second `plugax run {problem}`: {part}",
                second[part],
                peer,
                first[part],
                "s",
                target,
            )
            table.append(row)
    libraries = "import jax, equinox, optax, optimistix, lineax, diffrax, pluggy, numpy"
    ours = f"{libraries}; import plugax; [getattr(plugax, name) for name in plugax.__all__]"
    table.append(
        Row(
            "import plugax, all of it",
            python(ours),
            "the libraries",
            python(libraries),
            "s",
            "≤ 1.1",
        )
    )
    module = [sys.executable, "-m", "plugax"]
    jax = python("import jax")
    for command in ("--help", "list"):
        seconds = best(lambda command=command: call([*module, command]), repeats=5)
        table.append(Row(f"`plugax {command}`", seconds, "import jax", jax, "s", "< 0.5"))
    return table


def start(problem: str, environment: dict[str, str]) -> dict[str, float]:
    """One start of the command: wall-clock seconds, and their parts as the command reports them."""
    began = time.perf_counter()
    done = subprocess.run([*RUN, problem], env=environment, check=True, stdout=subprocess.PIPE)
    wall = time.perf_counter() - began
    said = json.loads(done.stdout)
    return {
        "wall": wall,
        "import": said["import_seconds"],
        "compile": said["compile_seconds"],
        "run": said["run_seconds"],
    }


def python(code: str) -> float:
    return best(lambda: call([sys.executable, "-c", code]), repeats=5)


def call(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    report(rows())
