"""What integrators of every kind are."""

import equinox as eqx


class AbstractAnyIntegrator(eqx.Module):
    """Carries a state forward in time; registered by `register_integrators`.

    Not to be subclassed directly: an integrator is an `AbstractIntegrator`, of ordinary
    differential equations, or an `AbstractStochasticIntegrator`. One cannot stand in for the other,
    since a stochastic one needs a diffusion and a key.
    """
