"""Expectation-maximisation on the example with which it was introduced."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_mixtures._incomplete_data_laws import Linkage

# π after each step of EM: Dempster, Laird and Rubin 1977, table 1.
PUBLISHED = [0.5, 0.608247423, 0.624321051, 0.626488879, 0.626777323, 0.626815632, 0.626820719]


@pytest.fixture(autouse=True)
def double(x64):
    return x64


def shares(solver, steps):
    """π after so many steps of a run from ½."""
    problem = px.starting_at(Linkage(), jnp.zeros(()))
    return float(jax.nn.sigmoid(px.solve(problem, solver, steps=steps).unknowns))


def test_plain_em_takes_the_published_steps():
    plain = px.solver("em", accelerated=False)
    # The first step evaluates the start, and each of the others makes two steps of EM.
    found = [shares(plain, steps) for steps in (1, 2, 3, 4)]
    np.testing.assert_allclose(found, PUBLISHED[::2], atol=6e-10)


def test_acceleration_needs_fewer_expectations():
    runs = [
        px.solve(Linkage(), px.solver("em", accelerated=accelerated))
        for accelerated in (True, False)
    ]
    answer = (15 + np.sqrt(53809)) / 394
    for run in runs:
        assert run.status.name == "converged"
        assert abs(float(jax.nn.sigmoid(run.unknowns)) - answer) < 1e-9
        assert np.all(np.diff(run.series["loss"]) <= 1e-12 * np.abs(run.series["loss"][0]))
    fast, slow = (int(run.series["function_evaluations"][-1]) for run in runs)
    assert fast < slow


def test_em_refuses_a_problem_without_hidden_variables():
    with pytest.raises(px.PlugaxError, match="needs an AbstractIncompleteData"):
        px.solve("regression", "em")


def test_em_takes_another_start_but_no_bounds():
    assert px.solver("em").unsuitable(px.starting_at(Linkage(), jnp.zeros(()))) is None
    why = px.solver("em").unsuitable(px.bounded(Linkage(), lower=-1.0))
    assert why is not None
    assert "in_variables" in why
