"""Spaces of parameters, each with a smooth map from unconstrained numbers onto it."""

from ._elementwise import Interval as Interval
from ._elementwise import Positive as Positive
from ._elementwise import Real as Real
from ._matrices import CholeskyCorrelation as CholeskyCorrelation
from ._matrices import CholeskyCovariance as CholeskyCovariance
from ._space import AbstractSpace as AbstractSpace
from ._vectors import Ordered as Ordered
from ._vectors import Simplex as Simplex
