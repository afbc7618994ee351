# What `plugax_supervised` exports, each name imported on first use.

from ._abstract_supervised import AbstractSupervised as AbstractSupervised
from ._abstract_supervised import Examples as Examples
from ._export import export_forward as export_forward
from ._export import save_forward as save_forward
from ._least_squares import LeastSquaresSupervised as LeastSquaresSupervised
from ._metrics import METRICS as METRICS
from ._metrics import Metric as Metric
from ._metrics import metrics_of as metrics_of
from ._model import in_pieces as in_pieces
from ._model import inference as inference
from ._model import make_unknowns as make_unknowns
from ._model import outputs_and_state as outputs_and_state
from ._per_example import PerExample as PerExample
from ._perceptron import Perceptron as Perceptron
from ._prepared import labels_of as labels_of
from ._scaling import Scales as Scales
from ._scaling import moments as moments
from ._split import split as split
from ._supervised import StatefulSupervised as StatefulSupervised
from ._supervised import Supervised as Supervised
from ._supervised import supervised as supervised
from ._table_problems import Classification as Classification
from ._table_problems import RegressionNetwork as RegressionNetwork
from ._weights import load_weights as load_weights
from ._weights import save_weights as save_weights
