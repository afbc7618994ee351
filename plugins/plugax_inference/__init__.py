"""Posteriors by Markov chains: densities on constrained parameters, samplers, diagnostics.

The transitions are those of blackjax, the diagnostics those of ArviZ, which the extra
`plugax[inference]` brings.
"""

import lazy_loader

from plugax import hookimpl

# The names in __init__.pyi are imported on first use, since the hooks need no JAX.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)

NEEDS = {"blackjax": "plugax[inference]", "arviz_stats": "plugax[inference]"}


@hookimpl
def register_problems(register):
    """Register a first posterior."""
    register(
        "eight-schools",
        "plugax_inference._eight_schools:EightSchools",
        summary="Effects of coaching in eight schools: a hierarchical model, Rubin 1981",
    )


@hookimpl
def register_solvers(register):
    """Register the samplers."""
    register(
        "nuts",
        "plugax_inference._nuts:NUTS",
        summary="No-U-turn sampler: Hamiltonian Monte Carlo whose trajectories end by themselves",
        needs=NEEDS,
    )
    register(
        "hmc",
        "plugax_inference._hmc:HMC",
        summary="Hamiltonian Monte Carlo with trajectories of one length",
        needs=NEEDS,
    )
    register(
        "mala",
        "plugax_inference._mala:MALA",
        summary="Langevin's diffusion with a Metropolis test",
        needs=NEEDS,
    )
    register(
        "random-walk",
        "plugax_inference._random_walk:RandomWalk",
        summary="Metropolis's random walk, which needs no gradients",
        needs=NEEDS,
    )
