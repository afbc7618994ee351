"""Data assimilation: ensemble, variational and other methods on state-space problems.

Importing this package does not import JAX: the methods are imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


# Name, location, and summary.
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
        "3DVar: forecasts with constant background errors",
    ),
    (
        "4dvar",
        "variational._four_d_var:FourDVar",
        "Cycled strong-constraint 4DVar over windows, incremental",
    ),
    (
        "weak-4dvar",
        "variational._weak_four_d_var:WeakFourDVar",
        "Cycled 4DVar with model errors, which are controls, too",
    ),
    (
        "hybrid-4dvar",
        "variational._hybrid_four_d_var:HybridFourDVar",
        "Cycled 4DVar with background errors from an ensemble and from the climate",
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
    """Register the methods; one step of each is one cycle, or one window."""
    for name, target, summary in _SOLVERS:
        register(name, f"plugax_assimilation.{target}", summary=summary)
