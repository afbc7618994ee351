"""Real faults, for which `nox -s faults` asks: processes that are killed, disks that are full."""

import os

collect_ignore_glob = [] if os.environ.get("PLUGAX_FAULTS") else ["test_*.py"]
