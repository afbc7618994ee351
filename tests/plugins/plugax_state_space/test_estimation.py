"""An ensemble finds parameters: the forcing of Lorenz96, and the rate of a linear model."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation import ETKF
from plugax_lorenz96 import Lorenz96
from plugax_state_space import augmented

KEY = jax.random.key(0)


@pytest.fixture(autouse=True)
def _double(x64):
    pass


def test_the_forcing_of_lorenz96_is_found_from_observations_of_its_state():
    n = 40
    problem = ss.twin_experiment(
        Lorenz96(8.0),
        0.05 * np.arange(1, 401),
        lambda t, x: x,
        ss.ScalarCovariance(1.0, n),
        ss.Gaussian(jnp.zeros(n).at[0].set(1.0), ss.ScalarCovariance(0.03, n)),
        key=KEY,
        dt=0.05,
        burn_in=10.0,
    )
    joint = augmented(
        problem,
        lambda problem: problem.model.forcing,
        ss.Gaussian(7.0, ss.ScalarCovariance(1.0, 1)),
    )
    solver = ETKF(members=30, inflation=1.02, rotate=True, keep="members")
    solution = px.solve(joint, solver, seed=0)
    assert solution.status.success
    forcing = solution.series["analysis"][:, :, -1]
    error = np.abs(forcing.mean(1) - 8.0)
    spread = forcing.std(1, ddof=1)
    assert 0.005 < spread[-1] < 0.1
    # Within three times what the ensemble says of itself, hundreds of cycles on end.
    assert (error[200:] < 3 * spread[200:]).mean() > 0.95
    assert abs(solution.unknowns.parameters - 8.0) < 3 * spread[-1]
    assert abs(solution.metrics["model_forcing"] - 8.0) < 0.1
    assert solution.history.parameters.shape == (400, 1)
    # The state is found too: as well as with the forcing known, 0.18, to a tenth and a short run.
    assert solution.metrics["analysis_rmse"] < 0.22


@pytest.mark.slow
def test_a_wrong_parameter_that_is_not_estimated_costs_more():
    """A rate of decay, in a dictionary of parameters, observed through the state alone."""

    class Decay(eqx.Module):
        parameters: dict

        def __call__(self, t, x):
            return self.parameters["source"] - self.parameters["rate"] * x

    true, wrong = (
        Decay({"source": jnp.asarray(2.0), "rate": jnp.asarray(rate)}) for rate in (1.0, 1.6)
    )
    parts = {
        "times": 0.2 * np.arange(1, 151),
        "observation_operator": lambda t, x: x,
        "observation_error": ss.ScalarCovariance(0.05, 2),
        "initial": ss.Gaussian(jnp.zeros(2), ss.ScalarCovariance(1.0, 2)),
        "dt": 0.1,
    }
    twin = ss.twin_experiment(true, key=KEY, **parts)
    problem = ss.StateSpace(
        wrong, observations=twin.cycles.observations, truth=twin.cycles.truth, **parts
    )
    joint = augmented(
        problem,
        lambda problem: problem.model.parameters,
        ss.Gaussian({"rate": 1.6, "source": 2.5}, ss.ScalarCovariance(0.5, 2)),
    )
    solver = ETKF(members=40, inflation=1.01)
    plain, found = px.solve(problem, solver, seed=0), px.solve(joint, solver, seed=0)
    # At rest only source / rate = 2 can be told.
    parameters = found.unknowns.parameters
    assert abs(parameters["source"] / parameters["rate"] - 2.0) < 0.05
    assert found.metrics["analysis_rmse"] < plain.metrics["analysis_rmse"] / 2
