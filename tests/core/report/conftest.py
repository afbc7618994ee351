"""Saved runs of every kind, written without running anything."""

import numpy as np
import pytest

from plugax.solution import RowsFile, rows_first
from plugax.solution._directory import write_run

STATUS = {"name": "converged", "message": "The solver converged after 3 steps.", "remarks": []}


@pytest.fixture(scope="session")
def save():
    """Writes a run of a problem whose plugin is not installed."""

    def save(
        directory,
        history=None,
        *,
        evaluations=None,
        status=STATUS,
        metrics=None,
        scores=(),
        problem="valley",
        solver="walk",
        options=None,
        over=None,
        members=None,
        swept=None,
        seed=0,
        every=1,
    ):
        history = {"loss": np.asarray([3.0, 2.0, 1.0])} if history is None else history
        arrays = {} if over is None else {"members": members, "swept": swept}
        directory.mkdir(parents=True, exist_ok=True)
        rows = {}
        for kind, series in (("history", history), ("evaluations", evaluations or {})):
            file = RowsFile(directory / f"{kind}-1.rows")
            file.append(rows_first(series, len(over or ())))
            rows[kind] = file.entry()
        run = {"seed": seed, "steps": 3, "record_every": every, "evaluate_every": "never"}
        provenance = {
            "problem": {"name": problem, "size": 2, **(options or {})},
            "variations": [],
            "data": {},
            "solver": {"name": solver, "rule": {"name": "fixed", "rate": 0.5}},
            "run": run if over is None else run | {"over": over},
            "device": {"platform": "cpu", "kind": "cpu", "index": 0},
            "precision": "float32",
            "versions": {"python": "3.11", "plugax": "0.1.0"},
            "plugins": {"valley": "plugax-valley 0.3"},
        }
        summary = {
            "status": status,
            "steps": 3,
            "metrics": {"error": 0.25} if metrics is None else metrics,
            "joint_metrics": {},
            "scores": list(scores),
            "compile_seconds": 0.5,
            "run_seconds": 0.25,
            "saved": "2026-11-30T09:00:00+00:00",
            "provenance": provenance,
            "root": "",
            "rows": rows,
        }
        write_run(directory, summary, arrays, {})
        return directory

    return save


@pytest.fixture(scope="session")
def save_population(save):
    """Writes a population of so many members, swept over one number."""

    def save_population(directory, count, steps=40):
        rates = np.linspace(0.1, 1.0, count)
        names = ["non-finite" if place == 1 else "completed" for place in range(count)]
        return save(
            directory,
            {"loss": rates[:, None] * np.exp(-np.arange(steps))},
            status=[{"name": name, "message": f"It {name}.", "remarks": []} for name in names],
            metrics={},
            over={"rule.rate": count},
            swept={"rule.rate": rates},
            members={"steps": np.full(count, steps), "metrics.error": rates**2},
        )

    return save_population
