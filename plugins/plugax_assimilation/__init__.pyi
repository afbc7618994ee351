# What `plugax_assimilation` exports, each name imported on first use.

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
