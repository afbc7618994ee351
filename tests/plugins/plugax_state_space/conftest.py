"""Two springs: a state of two fields, a model and an observation operator that depend on time."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax_state_space as ss


class Springs(eqx.Module):
    """dq/dt = p, dp/dt = −k q + a cos t."""

    stiffness: jax.Array
    drive: jax.Array

    def __call__(self, t, x):
        return {"q": x["p"], "p": -self.stiffness * x["q"] + self.drive * jnp.cos(t)}


class Growing(eqx.Module):
    """H(t, x) = (q₁ + t, q₂ p₂) + b."""

    bias: jax.Array

    def __call__(self, t, x):
        return jnp.stack([x["q"][0] + t, x["q"][1] * x["p"][1]]) + self.bias


def springs(times=(0.1, 0.4, 0.5, 1.2), observations=None, **parts):
    """The problem, at irregular times."""
    times = np.asarray(times)
    rows = np.full((len(times), 2), 0.5) if observations is None else observations
    parts = {
        "model": Springs(jnp.asarray([1.0, 2.0]), jnp.asarray(0.5)),
        "observation_operator": Growing(jnp.asarray(0.0)),
        "observation_error": ss.DiagonalCovariance(np.asarray([0.5, 2.0])),
        "initial": ss.Gaussian(
            {"q": jnp.asarray([1.0, -1.0]), "p": jnp.zeros(2)}, ss.ScalarCovariance(0.1, 4)
        ),
        "dt": 0.05,
    } | parts
    return ss.StateSpace(times=times, observations=rows, **parts)


@pytest.fixture
def make_springs(x64):
    """Makes that problem, with other parts where they are given."""
    return springs


@pytest.fixture
def cycle_of():
    """One cycle of a problem."""

    def pick(problem, number):
        return jax.tree.map(lambda leaf: leaf[number], problem.cycles)

    return pick
