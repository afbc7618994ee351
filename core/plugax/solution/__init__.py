"""The results of a run."""

from ._arrays import arrays_from as arrays_from
from ._arrays import load_arrays as load_arrays
from ._arrays import replace_file as replace_file
from ._arrays import save_arrays as save_arrays
from ._arrays import series_from as series_from
from ._claim import claim as claim
from ._claim import forget_figures as forget_figures
from ._claim import remember_drawn as remember_drawn
from ._directory import read_run as read_run
from ._history_figure import history_figure as history_figure
from ._population import Population as Population
from ._solution import Solution as Solution
from ._solution import finite as finite
from ._status import Status as Status
from ._table import Table as Table
