"""Models that run in time, and noisy observations of them."""

from ._augmented import Augmented as Augmented
from ._augmented import augmented as augmented
from ._cycle import Cycle as Cycle
from ._gaussian import Gaussian as Gaussian
from ._geometry import Geometry as Geometry
from ._geometry import Near as Near
from ._given import StateSpace as StateSpace
from ._lyapunov import LyapunovExponents as LyapunovExponents
from ._lyapunov import lyapunov_exponents as lyapunov_exponents
from ._state_space import AbstractStateSpace as AbstractStateSpace
from ._trajectory import trajectory as trajectory
from ._twin import twin_experiment as twin_experiment
