"""A table of a problem's answer, for people to read."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class Table:
    """Columns of one length under their headings.

    Attributes:
        columns: numbers or text by heading.
        metrics: names of the metrics that the table shows, which are then not listed again.
        title: what stands above it; empty for nothing.
    """

    columns: Mapping[str, Sequence[Any]]
    metrics: tuple[str, ...] = ()
    title: str = ""
