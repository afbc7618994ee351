"""Runs in programs of their own, on this machine or on a cluster, through submitit.

Nothing here knows what is run: it starts programs, waits for them, and starts again what has died.
"""

from ._local import Local as Local
from ._named import Cluster as Cluster
from ._named import cluster_of as cluster_of
from ._slurm import Slurm as Slurm
