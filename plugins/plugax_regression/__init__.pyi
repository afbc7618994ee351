# What `plugax_regression` exports, each name imported on first use.

from ._generalised import GeneralisedLinearModel as GeneralisedLinearModel
from ._linear import AbstractLinearRegression as AbstractLinearRegression
from ._linear_regression import LinearRegression as LinearRegression
from ._nonlinear_regression import NonlinearRegression as NonlinearRegression
from ._path import PenalisedPath as PenalisedPath
from ._penalised import PenalisedRegression as PenalisedRegression
from ._regression import Regression as Regression
from ._robust_regression import RobustRegression as RobustRegression
from ._table import Table as Table
from ._table import table_of as table_of
from ._table import unknown_column as unknown_column
