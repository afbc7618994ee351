"""A cluster that runs every task at once, in this process; and whether populations are the same."""

import contextlib
import dataclasses
from typing import ClassVar

import jax
import numpy as np
import pytest

from plugax.cluster import Slurm


class Job:
    """A job that has ended."""

    job_id = "1"

    class paths:
        stderr = "log.err"

    def done(self):
        return True

    def stderr(self):
        return "Killed\n"


@dataclasses.dataclass(frozen=True)
class Inline(Slurm):
    """Array jobs that run while they are submitted, as a worker would run them.

    Arguments:
        deaths: the submissions, counted from 0, that die before they do anything.
        submitted: the directory of every submission.
    """

    slices: int = 3
    deaths: tuple = ()
    submitted: list = dataclasses.field(default_factory=list)
    job: ClassVar = Job

    def check(self):
        pass

    def executor(self, folder, worker):
        return self

    def batch(self):
        return contextlib.nullcontext()

    def submit(self, worker, place, *arguments):
        self.submitted.append(place)
        if len(self.submitted) - 1 not in self.deaths:
            worker(place, *arguments)
        return self.job()


@pytest.fixture(scope="session")
def inline():
    return Inline


RESULTS = ("unknowns", "state", "steps", "series", "evaluation_series", "metrics", "joint_metrics")


def assert_same_population(one, other):
    for name in (*RESULTS, "swept"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert jax.tree.structure(mine) == jax.tree.structure(theirs), name
        for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(theirs), strict=True):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=name)
            assert np.asarray(a).dtype == np.asarray(b).dtype, name
    assert [dataclasses.astuple(s) for s in one.status.ravel()] == [
        dataclasses.astuple(s) for s in other.status.ravel()
    ]
    assert one.provenance == other.provenance
    assert (one.bests is None) == (other.bests is None)
    if one.bests is not None:
        assert_same_population(one.bests, other.bests)


@pytest.fixture(scope="session")
def same():
    """Asserts that two populations are the same, in every bit of their results."""
    return assert_same_population
