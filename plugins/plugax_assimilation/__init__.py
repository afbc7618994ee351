"""Data assimilation: ensemble, variational and other methods on state-space problems.

Importing this package imports no JAX: what it brings is imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

from plugax import hookimpl

if TYPE_CHECKING:
    from ._baselines import Climatology as Climatology
    from ._baselines import NoAssimilation as NoAssimilation
    from ._extended_kalman import ExtendedKalmanFilter as ExtendedKalmanFilter
    from .ensemble._denkf import DEnKF as DEnKF
    from .ensemble._enkf import EnKF as EnKF
    from .ensemble._enkf_n import EnKFN as EnKFN
    from .ensemble._ensemble_filter import AbstractEnsembleFilter as AbstractEnsembleFilter
    from .ensemble._etkf import ETKF as ETKF
    from .ensemble._ienks import IEnKS as IEnKS
    from .ensemble._letkf import LETKF as LETKF
    from .ensemble._local_serial import LocalSerialEAKF as LocalSerialEAKF
    from .ensemble._serial_enkf import SerialEnKF as SerialEnKF
    from .ensemble._transform_filter import AbstractTransformFilter as AbstractTransformFilter
    from .particle._particle_filter import ParticleFilter as ParticleFilter
    from .variational._four_d_var import FourDVar as FourDVar
    from .variational._hybrid_four_d_var import HybridFourDVar as HybridFourDVar
    from .variational._incremental import AbstractIncremental as AbstractIncremental
    from .variational._optimal_interpolation import OptimalInterpolation as OptimalInterpolation
    from .variational._static_background import AbstractStaticBackground as AbstractStaticBackground
    from .variational._three_d_var import ThreeDVar as ThreeDVar
    from .variational._variational import AbstractVariational as AbstractVariational
    from .variational._weak_four_d_var import WeakFourDVar as WeakFourDVar

_MODULE_OF = {
    "AbstractEnsembleFilter": "ensemble._ensemble_filter",
    "AbstractIncremental": "variational._incremental",
    "AbstractStaticBackground": "variational._static_background",
    "AbstractTransformFilter": "ensemble._transform_filter",
    "AbstractVariational": "variational._variational",
    "Climatology": "_baselines",
    "DEnKF": "ensemble._denkf",
    "ETKF": "ensemble._etkf",
    "EnKF": "ensemble._enkf",
    "EnKFN": "ensemble._enkf_n",
    "ExtendedKalmanFilter": "_extended_kalman",
    "FourDVar": "variational._four_d_var",
    "HybridFourDVar": "variational._hybrid_four_d_var",
    "IEnKS": "ensemble._ienks",
    "LETKF": "ensemble._letkf",
    "LocalSerialEAKF": "ensemble._local_serial",
    "NoAssimilation": "_baselines",
    "OptimalInterpolation": "variational._optimal_interpolation",
    "ParticleFilter": "particle._particle_filter",
    "SerialEnKF": "ensemble._serial_enkf",
    "ThreeDVar": "variational._three_d_var",
    "WeakFourDVar": "variational._weak_four_d_var",
}
__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll] - lazy, and tested

# Name, where it lives, and what it is.
_SOLVERS = (
    ("etkf", "ensemble._etkf:ETKF", "Ensemble transform Kalman filter"),
    ("enkf", "ensemble._enkf:EnKF", "Ensemble Kalman filter with perturbed observations"),
    (
        "denkf",
        "ensemble._denkf:DEnKF",
        "Deterministic ensemble Kalman filter, half the gain for anomalies",
    ),
    (
        "serial-enkf",
        "ensemble._serial_enkf:SerialEnKF",
        "Serial ensemble square-root filter (ESRF, EAKF)",
    ),
    (
        "enkf-n",
        "ensemble._enkf_n:EnKFN",
        "Finite-size ensemble Kalman filter, which finds its own inflation",
    ),
    (
        "letkf",
        "ensemble._letkf:LETKF",
        "Local ensemble transform Kalman filter, for small ensembles and many variables",
    ),
    (
        "local-serial-eakf",
        "ensemble._local_serial:LocalSerialEAKF",
        "Serial ensemble adjustment Kalman filter with localisation",
    ),
    (
        "ienks",
        "ensemble._ienks:IEnKS",
        "Iterative ensemble Kalman smoother over a lag, for nonlinear models",
    ),
    (
        "particle-filter",
        "particle._particle_filter:ParticleFilter",
        "Bootstrap particle filter, for few variables and any distribution",
    ),
    (
        "3dvar",
        "variational._three_d_var:ThreeDVar",
        "3DVar: forecasts with background errors that stay the same",
    ),
    (
        "4dvar",
        "variational._four_d_var:FourDVar",
        "Cycled strong-constraint 4DVar over windows, incremental",
    ),
    (
        "weak-4dvar",
        "variational._weak_four_d_var:WeakFourDVar",
        "Cycled 4DVar whose model errs, the errors being controls",
    ),
    (
        "hybrid-4dvar",
        "variational._hybrid_four_d_var:HybridFourDVar",
        "Cycled 4DVar whose background errors are those of an ensemble and of the climate",
    ),
    ("ekf", "_extended_kalman:ExtendedKalmanFilter", "Extended Kalman filter, for few variables"),
    (
        "optimal-interpolation",
        "variational._optimal_interpolation:OptimalInterpolation",
        "Every analysis from the mean of the climate",
    ),
    (
        "climatology",
        "_baselines:Climatology",
        "The mean of the climate, whatever is observed: a baseline",
    ),
    (
        "no-assimilation",
        "_baselines:NoAssimilation",
        "A free run of the model, whatever is observed: a baseline",
    ),
)


@hookimpl
def register_solvers(register):
    """Bring the methods; one step of each is one cycle, or one window."""
    for name, target, summary in _SOLVERS:
        register(name, f"plugax_assimilation.{target}", summary=summary)


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value
