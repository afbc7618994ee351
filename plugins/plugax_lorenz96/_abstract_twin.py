"""Twin experiments as problems: one that is drawn can be drawn again."""

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
    """A twin experiment that knows the options it was drawn with.

    A subclass draws the experiment in its `__init__` and hands it to `_take`.
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
        """The same set-up with other random data: start, errors, and places that are random.

        It is made anew from the options; what was changed by hand since is not in it.

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
            # None happens to be missing; other seeds, of one structure with this, have some.
            available = jnp.ones(self.cycles.observations.shape, bool)
            self.cycles = dataclasses.replace(self.cycles, available=available)
        self.setup = setup
