"""Plugax: any solver on any problem, in one compiled loop, everything a plugin.

Public names only. They are imported when first used, so that `plugax --help` and plugins that
register by lazy targets need no JAX.
"""

import importlib

__version__ = "0.1.0"

TYPE_CHECKING = False  # that of `typing`, whose import takes as long as all the rest of this
if TYPE_CHECKING:
    from ._errors import AmbiguousNameError as AmbiguousNameError
    from ._errors import DeviceError as DeviceError
    from ._errors import OutOfMemoryError as OutOfMemoryError
    from ._errors import PlugaxError as PlugaxError
    from ._errors import PluginError as PluginError
    from ._errors import PluginWarning as PluginWarning
    from ._errors import PrecisionWarning as PrecisionWarning
    from ._errors import RunFailedError as RunFailedError
    from ._errors import UnknownNameError as UnknownNameError
    from ._errors import UnsavedWarning as UnsavedWarning
    from ._errors import UnsuitableProblemError as UnsuitableProblemError
    from ._errors import VersionWarning as VersionWarning
    from ._memory import check_memory as check_memory
    from .comparison import Comparison as Comparison
    from .comparison import compare as compare
    from .covariances import AbstractCovariance as AbstractCovariance
    from .covariances import BlockCovariance as BlockCovariance
    from .covariances import DenseCovariance as DenseCovariance
    from .covariances import DiagonalCovariance as DiagonalCovariance
    from .covariances import FactorCovariance as FactorCovariance
    from .covariances import ScalarCovariance as ScalarCovariance
    from .data import AbstractData as AbstractData
    from .data import FullBatch as FullBatch
    from .data import Sequence as Sequence
    from .data import Shuffled as Shuffled
    from .data import Windows as Windows
    from .integrators import AbstractIntegrator as AbstractIntegrator
    from .integrators import AbstractPath as AbstractPath
    from .integrators import AbstractStochasticIntegrator as AbstractStochasticIntegrator
    from .losses import AbsoluteError as AbsoluteError
    from .losses import AbstractLoss as AbstractLoss
    from .losses import BinaryCrossEntropy as BinaryCrossEntropy
    from .losses import CrossEntropy as CrossEntropy
    from .losses import GaussianNegativeLogLikelihood as GaussianNegativeLogLikelihood
    from .losses import Huber as Huber
    from .losses import SquaredError as SquaredError
    from .observers import AbstractObserver as AbstractObserver
    from .observers import Progress as Progress
    from .optimizers import AbstractOptimizer as AbstractOptimizer
    from .plugins import PluginManager as PluginManager
    from .plugins import default_manager as default_manager
    from .plugins import hookimpl as hookimpl
    from .plugins import integrator as integrator
    from .plugins import observer as observer
    from .plugins import optimizer as optimizer
    from .plugins import problem as problem
    from .plugins import solver as solver
    from .problems import AbstractLeastSquares as AbstractLeastSquares
    from .problems import AbstractLinearLeastSquares as AbstractLinearLeastSquares
    from .problems import AbstractLogDensity as AbstractLogDensity
    from .problems import AbstractProblem as AbstractProblem
    from .problems import bounded as bounded
    from .problems import constrained as constrained
    from .problems import fixed as fixed
    from .problems import starting_at as starting_at
    from .runner import load as load
    from .runner import resume as resume
    from .runner import solve as solve
    from .runner import sweep as sweep
    from .solution import Population as Population
    from .solution import Solution as Solution
    from .solution import Status as Status
    from .solution import Table as Table
    from .solvers import AbstractSolver as AbstractSolver
    from .state_space import AbstractStateSpace as AbstractStateSpace
    from .state_space import Augmented as Augmented
    from .state_space import Cycle as Cycle
    from .state_space import Gaussian as Gaussian
    from .state_space import Geometry as Geometry
    from .state_space import LyapunovExponents as LyapunovExponents
    from .state_space import StateSpace as StateSpace
    from .state_space import augmented as augmented
    from .state_space import lyapunov_exponents as lyapunov_exponents
    from .state_space import trajectory as trajectory
    from .state_space import twin_experiment as twin_experiment

# The same names again, by the module that holds them: what `__getattr__` goes by. A test holds the
# two lists against each other.
_HOME = {
    "_errors": (
        "AmbiguousNameError",
        "DeviceError",
        "OutOfMemoryError",
        "PlugaxError",
        "PluginError",
        "PluginWarning",
        "PrecisionWarning",
        "RunFailedError",
        "UnknownNameError",
        "UnsavedWarning",
        "UnsuitableProblemError",
        "VersionWarning",
    ),
    "_memory": ("check_memory",),
    "comparison": ("Comparison", "compare"),
    "covariances": (
        "AbstractCovariance",
        "BlockCovariance",
        "DenseCovariance",
        "DiagonalCovariance",
        "FactorCovariance",
        "ScalarCovariance",
    ),
    "data": ("AbstractData", "FullBatch", "Sequence", "Shuffled", "Windows"),
    "integrators": ("AbstractIntegrator", "AbstractPath", "AbstractStochasticIntegrator"),
    "losses": (
        "AbsoluteError",
        "AbstractLoss",
        "BinaryCrossEntropy",
        "CrossEntropy",
        "GaussianNegativeLogLikelihood",
        "Huber",
        "SquaredError",
    ),
    "observers": ("AbstractObserver", "Progress"),
    "optimizers": ("AbstractOptimizer",),
    "plugins": (
        "PluginManager",
        "default_manager",
        "hookimpl",
        "integrator",
        "observer",
        "optimizer",
        "problem",
        "solver",
    ),
    "problems": (
        "AbstractLeastSquares",
        "AbstractLinearLeastSquares",
        "AbstractLogDensity",
        "AbstractProblem",
        "bounded",
        "constrained",
        "fixed",
        "starting_at",
    ),
    "runner": ("load", "resume", "solve", "sweep"),
    "solution": ("Population", "Solution", "Status", "Table"),
    "solvers": ("AbstractSolver",),
    "state_space": (
        "AbstractStateSpace",
        "Augmented",
        "Cycle",
        "Gaussian",
        "Geometry",
        "LyapunovExponents",
        "StateSpace",
        "augmented",
        "lyapunov_exponents",
        "trajectory",
        "twin_experiment",
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll] - lazy, and tested


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'plugax' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
