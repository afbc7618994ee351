"""Integrators advance a state in time."""

from ._any import AbstractAnyIntegrator as AbstractAnyIntegrator
from ._integrator import AbstractIntegrator as AbstractIntegrator
from ._integrator import VectorField as VectorField
from ._path import AbstractPath as AbstractPath
from ._stochastic import AbstractStochasticIntegrator as AbstractStochasticIntegrator
from ._until import Crossing as Crossing
