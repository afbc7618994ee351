"""The cluster that a user means, and how it is written into a file."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..errors import PlugaxError, unexpected
from ._local import Local
from ._slurm import Slurm

Cluster = Local | Slurm
KINDS = {"local": Local, "slurm": Slurm}


def cluster_of(given: Any, options: Mapping[str, Any] | None = None) -> Cluster:
    """A cluster from itself or its name.

    Arguments:
        given: a cluster, or `"local"` or `"slurm"`.
        options: arguments of the cluster that is named.

    Errors: `PlugaxError` for anything else, and for an option that this cluster does not have.
    """
    if isinstance(given, Local | Slurm):
        return given
    if given not in KINDS:
        raise PlugaxError(
            f"{unexpected('cluster local or slurm, or a plugax.cluster.Local(…)', given, KINDS)}."
        )
    known = {field.name for field in dataclasses.fields(KINDS[given])}
    for name in options or {}:
        if name not in known:
            raise PlugaxError(
                f"The cluster {given!r} has no option {name!r}; it has {', '.join(sorted(known))}."
            )
    return KINDS[given](**(options or {}))


def plain_cluster(cluster: Cluster) -> dict[str, Any]:
    """A cluster as plain data: its name and the options that differ from the defaults."""
    kind = next(name for name, made in KINDS.items() if isinstance(cluster, made))
    usual = KINDS[kind]()
    options = {
        field.name: getattr(cluster, field.name)
        for field in dataclasses.fields(usual)
        if getattr(cluster, field.name) != getattr(usual, field.name)
    }
    return {"kind": kind, "options": options}
