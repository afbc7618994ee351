"""The base class of integrators of every kind."""

import equinox as eqx

from ..display import component_html


class AbstractAnyIntegrator(eqx.Module):
    """Carries a state forward in time; registered by `register_integrators`.

    Do not subclass it directly: an integrator is an `AbstractIntegrator`, for ordinary differential
    equations, or an `AbstractStochasticIntegrator`. One cannot replace the other, since a
    stochastic integrator needs a diffusion and a key.
    """

    def _repr_html_(self) -> str:
        return component_html(self, "integrator")
