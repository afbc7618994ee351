"""A population that is kept in a directory: run only if it is not there, or not at its end."""

import pathlib
from typing import Any

from ...solution import SUMMARY, Population, read_saved_run
from ..run._job import Job
from ..run._run import run
from ._load import population_from


def run_or_go_on(job: Job, place: pathlib.Path, **call: Any) -> Population:
    """The population of a job: as it is saved in `place`, or gone on with from there, or run.

    Arguments:
        job: the job.
        place: the directory, which holds that population or none.
        call: `chunk` and `devices`, as for `run`.
    """
    before = population_from(read_saved_run(place), job) if (place / SUMMARY).exists() else None
    if before is not None and not (before.names == "interrupted").any():
        return before
    return run(job, before, observers=(), out=place, throw=False, **call)
