# What `plugax.report` exports, each name imported on first use.

from ._find import find_runs as find_runs
from ._listing import list_runs as list_runs
from ._write import write_report as write_report
