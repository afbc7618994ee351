"""Observers follow a run on the host, between chunks."""

from ._observer import AbstractObserver as AbstractObserver
from ._observer import Progress as Progress
