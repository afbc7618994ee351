"""A sweep of a thousand regressions by two programs of the cluster `local`, beside one process.

Both times are those of the whole call, compilation included; that of the cluster also has the start
of its programs. The first sweep is short, so that its ratio is what a start costs; the second is
long enough for two programs to be worth it, on two cores or more.
"""

import pathlib
import tempfile
import time

from measure import Row, report, use_the_command_lines_flags

use_the_command_lines_flags()

import jax  # noqa: E402
import numpy as np  # noqa: E402

import plugax as px  # noqa: E402
from plugax.cluster import Local  # noqa: E402

TIMES = 2
OVER = {"optimizer.learning_rate": px.Range(1e-4, 1e-1, 1000, log=True)}
SIZES = {"100 steps of 100 points": (100, 100), "500 steps of 10⁴ points": (500, 10_000)}


def row(what: str, steps: int, points: int) -> Row:
    problem = px.problem("regression", points=points)
    solver = px.solver("gradient", optimizer="sgd", tolerance=None)
    told = {"over": OVER, "steps": steps, "record": "loss", "record_every": 100}
    seconds, unknowns = {"cluster": [], "alone": []}, {}
    for _ in range(TIMES):
        for name, where in (("cluster", Local(workers=2)), ("alone", None)):
            jax.clear_caches()  # each call compiles, as a first one does
            with tempfile.TemporaryDirectory() as directory:
                began = time.perf_counter()
                out = pathlib.Path(directory) / "sweep"
                found = px.sweep(problem, solver, cluster=where, out=out, **told)
                seconds[name].append(time.perf_counter() - began)
            unknowns[name] = np.asarray(found.unknowns)
    np.testing.assert_allclose(unknowns["cluster"], unknowns["alone"], rtol=1e-5, atol=1e-6)
    what = f"sweep of 1000 regressions, {what}, two local programs"
    return Row(what, min(seconds["cluster"]), "one process", min(seconds["alone"]), "s")


if __name__ == "__main__":
    report([row(what, *size) for what, size in SIZES.items()])
