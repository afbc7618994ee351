"""Runs in programs of their own, on this machine or on a cluster, through submitit.

Nothing here knows what is run: it starts programs, waits for them, and starts again what has died.
"""

from ._complete import Task as Task
from ._complete import complete as complete
from ._local import Local as Local
from ._named import KINDS as KINDS
from ._named import Cluster as Cluster
from ._named import cluster_of as cluster_of
from ._named import plain_cluster as plain_cluster
from ._sent import sent as sent
from ._sent import unpacked as unpacked
from ._slurm import Slurm as Slurm
from ._submitit import FOLDER as FOLDER
from ._worker import DONE as DONE
