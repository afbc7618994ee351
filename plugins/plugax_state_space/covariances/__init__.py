"""Error covariances, as linear operators with square roots."""

from . import _structure  # noqa: F401 - tells lineax what covariances are
from ._block import BlockCovariance as BlockCovariance
from ._covariance import AbstractCovariance as AbstractCovariance
from ._covariance import RestrictedCovariance as RestrictedCovariance
from ._covariance import ScaledCovariance as ScaledCovariance
from ._covariance import SumCovariance as SumCovariance
from ._dense import DenseCovariance as DenseCovariance
from ._factor import FactorCovariance as FactorCovariance
from ._uncorrelated import DiagonalCovariance as DiagonalCovariance
from ._uncorrelated import ScalarCovariance as ScalarCovariance
