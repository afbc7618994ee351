"""Twin experiments as problems, which can be drawn again with another seed."""

import dataclasses
from collections.abc import Callable
from typing import Any, cast

import equinox as eqx
import jax.numpy as jnp
import lineax as lx

import plugax as px
import plugax_state_space as ss

from ._setup import Setup


class AbstractTwin(ss.AbstractStateSpace):
    """A twin experiment that stores the options with which it was drawn.

    A subclass draws the experiment in its `__init__` and passes it to `_take`.
    """

    model: Callable[..., Any]
    integrator: px.AbstractIntegrator
    substeps: int = eqx.field(static=True)
    observation_operator: Callable[..., Any] | lx.AbstractLinearOperator
    observation_error: ss.AbstractCovariance
    model_error: ss.AbstractCovariance | None
    initial: ss.Gaussian
    climatology: ss.Gaussian | None
    geometry: ss.Geometry | None
    cycles: ss.Cycle
    burn_in: float = eqx.field(static=True)
    setup: Setup = eqx.field(static=True)

    def reseeded(self, seed: int) -> "AbstractTwin":
        """The set-up with other random data: start, errors, and random observed variables.

        The experiment is drawn from the options; changes made to this problem since are lost.

        Arguments:
            seed: the `twin_seed`.
        """
        options = {f.name: getattr(self.setup, f.name) for f in dataclasses.fields(self.setup)}
        make = cast(Callable[..., AbstractTwin], type(self))
        return make(**options, twin_seed=seed, integrator=self.integrator)

    def _take(self, experiment: ss.StateSpace, setup: Setup) -> None:
        for field in dataclasses.fields(experiment):
            setattr(self, field.name, getattr(experiment, field.name))
        if setup.missing and self.cycles.available is None:
            # No observation is missing here; for other seeds, of the same structure, some may be.
            available = jnp.ones(self.cycles.observations.shape, bool)
            self.cycles = dataclasses.replace(self.cycles, available=available)
        self.setup = setup
