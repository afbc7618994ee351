"""Advances dynamics in time."""

from ._integrator import AbstractIntegrator as AbstractIntegrator
from ._integrator import VectorField as VectorField
