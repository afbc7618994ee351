"""The flags of a cluster: its name, and its options with `--cluster.` in front.

--cluster local --cluster.workers 4
--cluster slurm --cluster.slices 50 --cluster.partition gpu --cluster.sbatch account=physics
"""

import argparse
from collections.abc import Mapping
from typing import Any

from ..cluster import cluster_of
from ..cluster._named import KINDS
from ..errors import PlugaxError
from ._parser import Parser

PREFIX = "cluster."
OPTIONS: dict[str, tuple[type, str, str]] = {
    "workers": (int, "N", "local: programs at a time; default: 2"),
    "slices": (int, "N", "parts of a sweep; default: one for every worker, or 8 (slurm)"),
    "at-once": (int, "N", "slurm: tasks at a time; default: all"),
    "partition": (str, "NAME", "slurm: the partition"),
    "time": (str, "TIME", "slurm: limit of a task, as in 2:00:00; default: an hour"),
    "cpus": (int, "N", "slurm: CPUs of a task"),
    "gpus": (int, "N", "GPUs of a task or worker"),
    "memory": (str, "SIZE", "slurm: memory of a task, as in 16G"),
    "attempts": (int, "N", "how often a part is begun that dies on the way; default: 3"),
}


def add_cluster_flags(parser: Parser, what: str) -> None:
    """Add `--cluster` and its options.

    Arguments:
        parser: the parser.
        what: what the other programs run, for the help.
    """
    help_ = f"run {what} by other programs, on this machine or by Slurm; needs --out"
    parser.add_argument("--cluster", choices=tuple(KINDS), help=help_)
    for name, (kind, metavar, text) in OPTIONS.items():
        parser.add_further(f"--{PREFIX}{name}", type=kind, metavar=metavar, help=text)
    sbatch_help = "slurm: further parameter of sbatch; may be repeated"
    parser.add_further(
        f"--{PREFIX}sbatch", action="append", type=_pair, metavar="KEY=VALUE", help=sbatch_help
    )
    setup_help = "slurm: command of the shell before Python starts; may be repeated"
    parser.add_further(f"--{PREFIX}setup", action="append", metavar="COMMAND", help=setup_help)


def cluster_from(flags: Mapping[str, Any]) -> Any:
    """The cluster that the flags ask for; None if there is none.

    Errors: `PlugaxError` for options without a cluster, or that this cluster does not have.
    """
    names = [*(name.replace("-", "_") for name in OPTIONS), "sbatch", "setup"]
    given = {name: value for name in names if (value := flags.get(PREFIX + name)) is not None}
    if flags.get("cluster") is None:
        if given:
            flag = f"--{PREFIX}{min(given).replace('_', '-')}"
            raise PlugaxError(f"{flag} belongs to a cluster; add --cluster {' or '.join(KINDS)}.")
        return None
    if "sbatch" in given:
        given["sbatch"] = dict(given["sbatch"])
    return cluster_of(flags["cluster"], given)


def _pair(text: str) -> tuple[str, Any]:
    """`account=physics` as a name and a value; a name alone is a flag."""
    name, equals, value = text.partition("=")
    if not name.strip():
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE; got {text!r}")
    return name.strip().removeprefix("--"), value.strip() if equals else True
