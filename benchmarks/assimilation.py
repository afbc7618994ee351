"""Cycled assimilation on Lorenz96 (Sakov and Oke 2008): time per cycle, beside DAPPER and a loop.

Ours is the compiled loop as `solve` runs it, with RMSE and spread of every cycle stored. "Bare" is
the shortest ETKF that one would write by hand in a `lax.scan`, without any metrics: what JAX can do
on this machine. DAPPER runs in its own Python, an interpreter with `dapper==1.8.1` that
PLUGAX_DAPPER names, and times itself. In both, drawing truth and observations is not included.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

from measure import Row, pin, report, use_the_command_lines_flags

pin()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
use_the_command_lines_flags()

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import jax.random as jr  # noqa: E402

import plugax as px  # noqa: E402

CYCLES, TIMES = 4000, 3
# DAPPER is slow: a quarter of its cycles give the same time per cycle.
PEER_CYCLES = 1000
ENSEMBLE = (
    ("ETKF, N 24", "etkf-24", "etkf", {}),
    ("ETKF, N 40", "etkf-40", "etkf", {"members": 40, "inflation": 1.02}),
    ("LETKF, N 7", "letkf-7", "letkf", {}),
    ("IEnKS, N 25, lag 1, 3 iterations", "ienks-25", "ienks", {}),
)
WINDOWS = (
    ("4DVar, every 0.2, window 1", {"observe_every": 4}, {"window": 1, "scale": 0.02}, "≤ 400"),
    ("4DVar, every 0.2, window 4", {"observe_every": 4}, {"window": 4, "scale": 0.01}, "≤ 2500"),
    (
        "4DVar, 36 variables, half observed",
        {"preset": "solvik2025"},
        {"window": 3, "shift": 2, "scale": 0.005},
        "≤ 500",
    ),
)


def rows() -> list[Row]:
    problem = px.problem("lorenz96-twin", cycles=CYCLES)
    ours = {name: seconds(problem, px.solver(s, **o)) for name, _, s, o in ENSEMBLE}
    floor = bare(problem)
    table = [microseconds("ETKF, N 24", ours["ETKF, N 24"], "bare lax.scan", floor, "≤ 1.5")]
    peers = dapper([key for _, key, *_ in ENSEMBLE])
    for name, key, *_ in ENSEMBLE:
        for statistics, target in (("default", "≤ 0.05"), ("errors only", "≤ 0.1")):
            if key in peers:
                peer = f"DAPPER, statistics: {statistics}"
                table.append(microseconds(name, ours[name], peer, peers[key][statistics], target))
    for name, setup, options, target in WINDOWS:
        window = seconds(
            px.problem("lorenz96-twin", cycles=CYCLES, **setup), px.solver("4dvar", **options)
        )
        table.append(microseconds(name, window, "bare ETKF, N 24, a cycle", floor, f"{target} µs"))
    first, again = first_call()
    table.append(
        Row("lorenz96-twin, etkf: first call of solve", first, "second call", again, "s", "≤ 3 s")
    )
    return table


def microseconds(what, ours, peer, theirs, target):
    """A row in microseconds per cycle."""
    return Row(f"{what}: a cycle", 1e6 * ours, peer, 1e6 * theirs, "µs", target)


def seconds(problem, solver) -> float:
    """Seconds per step of the loop: the quickest of several runs, after one that compiles."""
    runs = [px.solve(problem, solver, seed=seed) for seed in range(TIMES + 1)]
    return min(run.run_seconds / run.steps for run in runs[1:])


def bare(problem) -> float:
    """A step of an ETKF by hand: Runge–Kutta, symmetric root, rotation, inflation; no metrics."""
    members, variables, dt, inflation = 24, 40, 0.05, 1.013

    swap = jnp.full(members, members**-0.5) - jnp.eye(1, members)[0]
    basis = (jnp.eye(members) - 2 * jnp.outer(swap, swap) / (swap @ swap))[:, 1:]

    def tendency(x):
        before, after = jnp.roll(x, 1, 1), jnp.roll(x, -1, 1)
        return (after - jnp.roll(x, 2, 1)) * before - x + 8

    def cycle(ensemble, here):
        key, y = here
        k1 = tendency(ensemble)
        k2 = tendency(ensemble + dt / 2 * k1)
        k3 = tendency(ensemble + dt / 2 * k2)
        k4 = tendency(ensemble + dt * k3)
        ensemble = ensemble + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        mean = ensemble.mean(0)
        anomalies = ensemble - mean
        values, vectors = jnp.linalg.eigh(anomalies @ anomalies.T)
        values = values + members - 1
        weights = vectors @ (vectors.T @ (anomalies @ (y - mean)) / values)
        root = (vectors * jnp.sqrt((members - 1) / values)) @ vectors.T
        rotation = jnp.linalg.qr(jr.normal(key, (members - 1, members - 1)))[0]
        rotation = basis @ rotation @ basis.T + 1 / members
        ensemble = mean + weights @ anomalies + inflation * rotation @ (root @ anomalies)
        return ensemble, ensemble.mean(0)

    keys = jr.split(jr.key(0), CYCLES)
    start = 0.03 * jr.normal(jr.key(1), (members, variables)) + jnp.eye(1, variables)
    run = jax.jit(lambda start: jax.lax.scan(cycle, start, (keys, problem.cycles.observations))[1])
    error = jnp.sqrt(jnp.mean((run(start) - problem.cycles.truth)[400:] ** 2))
    assert error < 0.3  # what is timed is a filter that works
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        jax.block_until_ready(run(start))
        times.append(time.perf_counter() - began)
    return min(times) / CYCLES


def dapper(names) -> dict[str, dict[str, float]]:
    """DAPPER's seconds per cycle by method; empty without DAPPER."""
    python = os.environ.get("PLUGAX_DAPPER")
    if not python:
        sys.stderr.write("assimilation: no DAPPER, PLUGAX_DAPPER names no Python that has it\n")
        return {}
    script = pathlib.Path(__file__).with_name("dapper_peer.py")
    done = subprocess.run(
        [python, script, str(PEER_CYCLES), *names], stdout=subprocess.PIPE, text=True, check=True
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["method"]: line for line in lines}


def first_call() -> tuple[float, float]:
    """Seconds of a first and of a second call of `solve`, on an experiment of a new size."""
    problem = px.problem("lorenz96-twin", cycles=1001, dim=41)
    times = []
    for seed in range(2):
        began = time.perf_counter()
        px.solve(problem, "etkf", seed=seed)
        times.append(time.perf_counter() - began)
    return times[0], times[1]


if __name__ == "__main__":
    report(rows())
