# What `plugax.solution` exports, each name imported on first use.

from ._arrays import load_arrays as load_arrays
from ._arrays import save_arrays as save_arrays
from ._claim import claim as claim
from ._claim import drawn_in as drawn_in
from ._claim import forget_figures as forget_figures
from ._claim import remember_drawn as remember_drawn
from ._directory import SUMMARY as SUMMARY
from ._directory import finite as finite
from ._directory import read_summary as read_summary
from ._history_figure import history_figure as history_figure
from ._members import POINTS as POINTS
from ._members import swept_arrays as swept_arrays
from ._members import swept_from as swept_from
from ._population import Population as Population
from ._populations import SWEEP as SWEEP
from ._populations import Populations as Populations
from ._populations import directory_of as directory_of
from ._replace_file import replace_file as replace_file
from ._saved_run import SavedRun as SavedRun
from ._saved_run import read_saved_run as read_saved_run
from ._series import dtypes_of as dtypes_of
from ._series import series_bytes as series_bytes
from ._series import series_from as series_from
from ._solution import Solution as Solution
from ._status import Status as Status
from ._table import Table as Table
