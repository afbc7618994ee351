"""What is unknown, and how well a candidate explains the data."""

from ._least_squares import AbstractLeastSquares as AbstractLeastSquares
from ._least_squares import AbstractLinearLeastSquares as AbstractLinearLeastSquares
from ._log_density import AbstractLogDensity as AbstractLogDensity
from ._problem import AbstractProblem as AbstractProblem
from ._problem import Metrics as Metrics
