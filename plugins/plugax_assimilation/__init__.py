"""Data assimilation: ensemble, variational and other methods on state-space problems.

Importing this package imports no JAX: what it brings is imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

from plugax import hookimpl

if TYPE_CHECKING:
    from ._baselines import Climatology as Climatology
    from ._baselines import NoAssimilation as NoAssimilation
    from ._denkf import DEnKF as DEnKF
    from ._enkf import EnKF as EnKF
    from ._enkf_n import EnKFN as EnKFN
    from ._ensemble_filter import AbstractEnsembleFilter as AbstractEnsembleFilter
    from ._etkf import ETKF as ETKF
    from ._extended_kalman import ExtendedKalmanFilter as ExtendedKalmanFilter
    from ._four_d_var import FourDVar as FourDVar
    from ._hybrid_four_d_var import HybridFourDVar as HybridFourDVar
    from ._ienks import IEnKS as IEnKS
    from ._incremental import AbstractIncremental as AbstractIncremental
    from ._letkf import LETKF as LETKF
    from ._local_serial import LocalSerialEAKF as LocalSerialEAKF
    from ._optimal_interpolation import OptimalInterpolation as OptimalInterpolation
    from ._particle_filter import ParticleFilter as ParticleFilter
    from ._serial_enkf import SerialEnKF as SerialEnKF
    from ._static_background import AbstractStaticBackground as AbstractStaticBackground
    from ._three_d_var import ThreeDVar as ThreeDVar
    from ._transform_filter import AbstractTransformFilter as AbstractTransformFilter
    from ._variational import AbstractVariational as AbstractVariational
    from ._weak_four_d_var import WeakFourDVar as WeakFourDVar

_MODULE_OF = {
    "AbstractEnsembleFilter": "_ensemble_filter",
    "AbstractIncremental": "_incremental",
    "AbstractStaticBackground": "_static_background",
    "AbstractTransformFilter": "_transform_filter",
    "AbstractVariational": "_variational",
    "Climatology": "_baselines",
    "DEnKF": "_denkf",
    "ETKF": "_etkf",
    "EnKF": "_enkf",
    "EnKFN": "_enkf_n",
    "ExtendedKalmanFilter": "_extended_kalman",
    "FourDVar": "_four_d_var",
    "HybridFourDVar": "_hybrid_four_d_var",
    "IEnKS": "_ienks",
    "LETKF": "_letkf",
    "LocalSerialEAKF": "_local_serial",
    "NoAssimilation": "_baselines",
    "OptimalInterpolation": "_optimal_interpolation",
    "ParticleFilter": "_particle_filter",
    "SerialEnKF": "_serial_enkf",
    "ThreeDVar": "_three_d_var",
    "WeakFourDVar": "_weak_four_d_var",
}
__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll] - lazy, and tested

# Name, where it lives, and what it is.
_SOLVERS = (
    ("etkf", "_etkf:ETKF", "Ensemble transform Kalman filter"),
    ("enkf", "_enkf:EnKF", "Ensemble Kalman filter with perturbed observations"),
    ("denkf", "_denkf:DEnKF", "Deterministic ensemble Kalman filter, half the gain for anomalies"),
    ("serial-enkf", "_serial_enkf:SerialEnKF", "Serial ensemble square-root filter (ESRF, EAKF)"),
    (
        "enkf-n",
        "_enkf_n:EnKFN",
        "Finite-size ensemble Kalman filter, which finds its own inflation",
    ),
    (
        "letkf",
        "_letkf:LETKF",
        "Local ensemble transform Kalman filter, for small ensembles and many variables",
    ),
    (
        "local-serial-eakf",
        "_local_serial:LocalSerialEAKF",
        "Serial ensemble adjustment Kalman filter with localisation",
    ),
    (
        "ienks",
        "_ienks:IEnKS",
        "Iterative ensemble Kalman smoother over a lag, for nonlinear models",
    ),
    (
        "particle-filter",
        "_particle_filter:ParticleFilter",
        "Bootstrap particle filter, for few variables and any distribution",
    ),
    (
        "3dvar",
        "_three_d_var:ThreeDVar",
        "3DVar: forecasts with background errors that stay the same",
    ),
    ("4dvar", "_four_d_var:FourDVar", "Cycled strong-constraint 4DVar over windows, incremental"),
    (
        "weak-4dvar",
        "_weak_four_d_var:WeakFourDVar",
        "Cycled 4DVar whose model errs, the errors being controls",
    ),
    (
        "hybrid-4dvar",
        "_hybrid_four_d_var:HybridFourDVar",
        "Cycled 4DVar whose background errors are those of an ensemble and of the climate",
    ),
    ("ekf", "_extended_kalman:ExtendedKalmanFilter", "Extended Kalman filter, for few variables"),
    (
        "optimal-interpolation",
        "_optimal_interpolation:OptimalInterpolation",
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
