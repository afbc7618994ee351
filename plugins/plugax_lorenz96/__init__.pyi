# What `plugax_lorenz96` exports, each name imported on first use.

from ._abstract_four_d_var import AbstractFourDVar as AbstractFourDVar
from ._four_d_var import FourDVar as FourDVar
from ._lorenz63 import Lorenz63 as Lorenz63
from ._lorenz63_twin import Lorenz63Twin as Lorenz63Twin
from ._lorenz96 import Lorenz96 as Lorenz96
from ._lorenz96_four_d_var import Lorenz96FourDVar as Lorenz96FourDVar
from ._lorenz96_twin import Lorenz96Twin as Lorenz96Twin
from ._observation import ObserveEveryKth as ObserveEveryKth
from ._observation import ObserveFirst as ObserveFirst
from ._observation import ObserveSubset as ObserveSubset
from ._ring_covariance import RingCovariance as RingCovariance
from ._twin import Twin as Twin
from ._twin import draw_twin as draw_twin
from ._two_scale import TwoScaleLorenz96 as TwoScaleLorenz96
from ._two_scale_twin import TwoScaleLorenz96Twin as TwoScaleLorenz96Twin
