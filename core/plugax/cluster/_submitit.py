"""submitit, imported when it is needed, and what is asked of its jobs."""

import logging
import os
import pathlib
from typing import Any

from ..errors import PlugaxError
from ._local import Local
from ._named import Cluster

FOLDER = "jobs"
"""The directory, beside the parts, of submitit's files: scripts, logs and pickled calls."""
ALIVE = ("PENDING", "CONFIGURING", "RUNNING", "REQUEUED", "COMPLETING", "PREEMPTED", "SUSPENDED")


def require_submitit() -> None:
    """Import submitit, without the messages that it would print on standard output.

    Errors: `PlugaxError` if it is not installed.
    """
    try:
        before = os.environ.get("SUBMITIT_LOG_LEVEL")
        os.environ["SUBMITIT_LOG_LEVEL"] = before or "NOCONFIG"
        try:
            import submitit  # noqa: F401
        finally:
            if before is None:
                del os.environ["SUBMITIT_LOG_LEVEL"]
        logging.getLogger("submitit").setLevel(logging.ERROR)
    except ImportError:
        raise PlugaxError(
            "Programs on a cluster are started by submitit, which is not installed: "
            "pip install 'plugax[cluster]'."
        ) from None


def again(cluster: Cluster, folder: pathlib.Path, number: str | None) -> Any:
    """The job of an earlier call that is still in the queue or running; None if there is none.

    Programs on this machine are not found again: who comes second waits for the first, which holds
    the lock of its part.
    """
    if number is None or isinstance(cluster, Local):
        return None
    import submitit

    job: Any = submitit.SlurmJob(folder=folder, job_id=number)
    try:
        state = job.get_info(mode="force").get("State", "")
    except Exception:  # sacct fails in many ways; the lock of the part is there too
        return None
    return job if state.split(" ")[0] in ALIVE else None


def last_words(job: Any) -> str:
    """The last line that a program wrote to standard error, and where all are."""
    try:
        lines = (job.stderr() or "").strip().splitlines()
        return f"{lines[-1] if lines else 'It wrote no error'} (all of it: {job.paths.stderr})"
    except OSError:
        return f"Its output is in {job.paths.folder}"
