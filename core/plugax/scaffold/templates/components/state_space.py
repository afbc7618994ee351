"""The problem `NEW_name`: a chaotic model, observed in part."""

import jax
import jax.numpy as jnp
import numpy as np
import plugax_state_space as ss


def tendency(t, state):
    """dx/dt = −y − z,  dy/dt = x + y/5,  dz/dt = 1/5 + z (x − 5.7)."""
    x, y, z = state
    return jnp.stack([-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)])


def observed(t, state):
    """x, which is observed."""
    return state[:1]


def NEW_module(cycles: int = 100, observation_std: float = 0.5) -> ss.StateSpace:
    """Observe x of Rössler's model, and estimate x, y and z.

    Arguments:
        cycles: number of observation times, half a time unit apart.
        observation_std: standard deviation of the observations' errors.

    Source: Rössler 1976, doi 10.1016/0375-9601(76)90101-8.
    """
    return ss.twin_experiment(
        tendency,
        0.5 * np.arange(1, cycles + 1),
        observed,
        ss.ScalarCovariance(observation_std, 1),
        ss.Gaussian(np.asarray([-5.0, -5.0, 0.1]), ss.ScalarCovariance(1.0, 3)),
        key=jax.random.key(0),
        dt=0.05,
        burn_in=10.0,
    )


# Recommended solvers, best first, each with recommended options.
NEW_module.recipes = {"etkf": {"members": 20}}  # pyright: ignore[reportFunctionMemberAccess]
