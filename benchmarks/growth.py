"""How time and memory grow with members, variables and the length of the window, on Lorenz96.

    python benchmarks/growth.py > table.md

Every line is a separate process with its own peak memory. Seconds are those of the compiled loop
divided by its steps, the least of three runs; memory is the largest resident set, with Python and
JAX (about 0.3 GB). Scores are left out: with these sizes and few cycles they have no meaning.
"""

import json
import os
import platform
import resource
import subprocess
import sys

from measure import pin, use_the_command_lines_flags

ETKF, LETKF, FOUR_D_VAR = "etkf", "letkf", "4dvar"
SIZES = (40, 400, 4_000, 40_000, 100_000)
LINES = [
    *((ETKF, {"members": n}, 40) for n in (10, 30, 100, 300, 1000)),
    *((LETKF, {"members": n}, 40) for n in (10, 30, 100, 300, 1000)),
    *((ETKF, {"members": 24}, size) for size in SIZES),
    *((LETKF, {"members": 10}, size) for size in SIZES),
    *((FOUR_D_VAR, {"window": length, "scale": 0.005}, 40) for length in (1, 2, 4, 8, 16, 32)),
    *((FOUR_D_VAR, {"window": 4, "scale": 0.005}, size) for size in SIZES),
    (FOUR_D_VAR, {"window": 64, "scale": 0.005}, 40_000),
    (FOUR_D_VAR, {"window": 64, "scale": 0.005, "checkpoints": 8}, 40_000),
]


def main() -> None:
    if len(sys.argv) > 1:
        solver, options, size = json.loads(sys.argv[1])
        print(json.dumps(measured(solver, options, size)))
        return
    print(f"{platform.machine()}, Python {platform.python_version()}\n")
    print("| solver | options | variables | time per step | compiled in | peak memory |")
    print("|---|---|---:|---:|---:|---:|")
    for line in LINES:
        done = subprocess.run(
            [sys.executable, __file__, json.dumps(line)], stdout=subprocess.PIPE, check=True
        )
        found = json.loads(done.stdout)
        solver, options, size = line
        shown = ", ".join(f"{name} {value}" for name, value in options.items())
        figures = (spelt(found["step"]), f"{found['compile']:.1f} s", f"{found['memory']:.2f} GB")
        print("|", " | ".join((f"`{solver}`", shown, str(size), *figures)), "|", flush=True)


def measured(solver: str, options: dict, size: int) -> dict[str, float]:
    """One line: seconds per step, seconds to compile, and gigabytes."""
    pin()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    use_the_command_lines_flags()
    import jax

    jax.config.update("jax_enable_x64", True)
    import plugax as px

    steps = 100 if size < 1000 else 4
    cycles = steps * options.get("window", 1)
    problem = px.problem("lorenz96-twin", dim=size, cycles=cycles, burn_in=0.0)
    made = px.solver(solver, keep="nothing", **options)
    first = px.solve(problem, made)
    later = [px.solve(problem, made, seed=seed) for seed in range(1, 4)]
    return {
        "step": min(run.run_seconds / max(run.steps, 1) for run in later),
        "compile": first.compile_seconds,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def spelt(seconds: float) -> str:
    """Seconds as text, in a suitable unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


if __name__ == "__main__":
    main()
