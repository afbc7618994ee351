"""Parts of a state-space problem that do not fit are refused, and the odd one is named."""

import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss


def wrong_dtype(t, x):
    return jnp.zeros(2, int)


CASES = {
    "a model of another structure": (
        {"model": lambda t, x: x["q"]},
        "field.* must return a pytree of the structure",
    ),
    "a model with an argument too few": (
        {"model": lambda x: x},
        "model cannot be called with a time and a state",
    ),
    "a map that changes the state": (
        {"model": lambda t, x: {"q": x["q"]}, "integrator": "map", "times": [0.05, 0.1, 0.15, 0.2]},
        "structure",
    ),
    "observations of the wrong number": (
        {"observation_operator": lambda t, x: x["q"][:1]},
        r"must return 2 real numbers, .* returns f64\[1\]",
    ),
    "observations that are no array": (
        {"observation_operator": lambda t, x: {"a": x["q"]}},
        "observation_operator",  # said by the annotation of `observe` where it is checked
    ),
    "observations that are whole numbers": (
        {"observation_operator": wrong_dtype},
        "observation_operator",
    ),
    "an operator with an argument too few": (
        {"observation_operator": lambda x: x["q"]},
        "observation_operator cannot be called with a time and a state",
    ),
    "an operator of lineax of another size": (
        {"observation_operator": lx.MatrixLinearOperator(jnp.ones((2, 3)))},
        "observation_operator cannot be called",
    ),
    "R of another size": (
        {"observation_error": ss.ScalarCovariance(1.0, 3)},
        "observation_error must be a covariance of the 2 observations; got one of size 3",
    ),
    "R without an inverse": (
        {"observation_error": ss.FactorCovariance(np.ones((2, 1)))},
        "A FactorCovariance may have no inverse",
    ),
    "Q of another size": (
        {"model_error": ss.ScalarCovariance(1.0, 2)},
        "model_error must be a covariance of the 4 numbers of a state; got one of size 2",
    ),
    "a climatology of another size": (
        {"climatology": ss.Gaussian(jnp.zeros(2), ss.ScalarCovariance(1.0, 2))},
        "climatology must be a covariance of the 4 numbers",
    ),
    "a truth of another structure": (
        {"truth": np.zeros((4, 4))},
        r"The truth at one time must have the form of the state, .*got f64\[4\]",
    ),
    "a truth of another shape": (
        {"truth": {"q": np.zeros((4, 3)), "p": np.zeros((4, 2))}},
        "The truth at one time must have the form",
    ),
    "a geometry of another size": (
        {"geometry": ss.Geometry(np.arange(4.0), np.arange(3.0))},
        "positions of 4 numbers of the state and 2 observations; it has 4 and 3",
    ),
    "no time step": ({"dt": 0.0}, "dt must be positive; got 0.0"),
    "times of a map that it does not reach": (
        {"integrator": "map", "model": lambda t, x: x},
        r"same number of steps of dt=0.05 .* got intervals of 2 to 14 steps",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_part_that_does_not_fit_is_named(make_springs, case):
    parts, message = CASES[case]
    with pytest.raises(px.PlugaxError, match=message):
        make_springs(**parts)


def test_errors_of_the_model_itself_come_through(make_springs):
    def broken(t, x):
        raise RuntimeError("out of coffee")

    with pytest.raises(RuntimeError, match="out of coffee"):
        make_springs(model=broken)


def test_a_truth_that_fits_is_kept(make_springs):
    truth = {"q": np.ones((4, 2)), "p": np.zeros((4, 2))}
    problem = make_springs(truth=truth)
    np.testing.assert_array_equal(problem.cycles.truth["q"], truth["q"])
