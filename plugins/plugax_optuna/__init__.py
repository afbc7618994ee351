"""Optuna's samplers for hyperparameters: what is asked for together runs as one population."""

from ._optimise import optimise as optimise
from ._search import Search as Search
