"""Losses compare a prediction with a target."""

from ._cross_entropy import BinaryCrossEntropy as BinaryCrossEntropy
from ._cross_entropy import CrossEntropy as CrossEntropy
from ._difference import AbsoluteError as AbsoluteError
from ._difference import Huber as Huber
from ._difference import SquaredError as SquaredError
from ._gaussian import GaussianNegativeLogLikelihood as GaussianNegativeLogLikelihood
from ._loss import AbstractLoss as AbstractLoss
from ._loss import Reduction as Reduction
