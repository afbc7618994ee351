"""Models that run in time, and noisy observations of them."""

from ._analyses import analyses as analyses
from ._augmented import AugmentedState as AugmentedState
from ._augmented import augmented as augmented
from ._cycle import Cycle as Cycle
from ._gaussian import Gaussian as Gaussian
from ._geometry import Geometry as Geometry
from ._geometry import Near as Near
from ._given import StateSpace as StateSpace
from ._lyapunov import LyapunovExponents as LyapunovExponents
from ._lyapunov import lyapunov_exponents as lyapunov_exponents
from ._state_space import AbstractStateSpace as AbstractStateSpace
from ._twin import twin_experiment as twin_experiment
from .covariances import AbstractCovariance as AbstractCovariance
from .covariances import BlockCovariance as BlockCovariance
from .covariances import DenseCovariance as DenseCovariance
from .covariances import DiagonalCovariance as DiagonalCovariance
from .covariances import FactorCovariance as FactorCovariance
from .covariances import RestrictedCovariance as RestrictedCovariance
from .covariances import ScalarCovariance as ScalarCovariance
from .covariances import ScaledCovariance as ScaledCovariance
from .covariances import SumCovariance as SumCovariance
