"""Likelihoods, smoothed states and paths are those of hmmlearn 0.3.3 and dynamax 1.0.3.

The numbers were computed with these versions, in double precision, from the arrays below.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from plugax_markov import HiddenMarkovModel, log_likelihood, smooth_states, viterbi
from plugax_markov._covariances import shape_of
from plugax_markov._simplex import ratios_of, transition_ratios
from plugax_markov._statistics import order_of

pytestmark = pytest.mark.usefixtures("x64")

RNG = np.random.default_rng(5)
INITIAL = np.asarray([0.6, 0.3, 0.1])
TRANSITION = np.asarray([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.3, 0.1, 0.6]])
Y = 50 + 3 * RNG.normal(size=(40, 2))
WHICH = ["first"] * 25 + ["second"] * 15
MEANS = np.asarray([[48.0, 50.0], [51.0, 49.0], [50.0, 53.0]])
FACTORS = np.tril(RNG.normal(size=(3, 2, 2)))
COVARIANCES = FACTORS @ FACTORS.swapaxes(1, 2) + 4 * np.eye(2)
COUNTS = RNG.poisson(4, (40, 2))
RATES = np.asarray([[1.0, 5.0], [4.0, 4.0], [9.0, 2.0]])
CODES = RNG.integers(0, 4, 40)
SHARES = RNG.dirichlet(np.ones(4), 3)
# hmmlearn.hmm.GaussianHMM(3, covariance_type).score(Y, [25, 15]), and so on.
HMMLEARN = {
    "full": -194.8922735329442,
    "tied": -197.1864226135827,
    "diagonal": -196.5573193899266,
    "spherical": -196.8346333251129,
    "poisson": -174.55657455187594,
    "categorical": -57.81402223685191,
}
PATH = "1111200000000000000000000111111111111111"
SMOOTHED = {
    0: [0.57838127, 0.41826941, 0.00334931],
    24: [0.55503691, 0.3957062, 0.04925689],
    25: [0.06843684, 0.92970297, 0.00186019],
    39: [0.05657548, 0.9079298, 0.03549472],
}


def table(values):
    """Arrays by name, with the name of the sequence of every row."""
    columns = np.asarray(values).reshape(len(values), -1).T
    return {f"y{k}": column for k, column in enumerate(columns)} | {"which": WHICH[: len(values)]}


def known(emission):
    """The unknowns of the model above."""
    return {
        "initial": ratios_of(jnp.asarray(INITIAL)),
        "transition": transition_ratios(jnp.asarray(TRANSITION)),
        "emission": emission,
    }


def gaussian_unknowns(problem, constants, lags, covariances):
    """A Gaussian model in the units of the problem."""
    kind, (centre, scale) = problem.emission.covariance, problem.emission.standard
    centre, scale = np.asarray(centre), np.asarray(scale)
    size = len(scale)
    before = np.concatenate([np.ones(1), np.tile(scale, lags.shape[-1] // size)])
    constants = constants - centre + lags @ np.tile(centre, lags.shape[-1] // size)
    weights = np.concatenate([constants[:, :, None], lags], axis=2) * before / scale[:, None]
    covariances = covariances / (scale[:, None] * scale)
    return {"weights": jnp.asarray(weights), "shape": shape_of(kind, jnp.asarray(covariances))}


@eqx.filter_jit
def evaluated(problem, unknowns):
    return problem.evaluate(unknowns)


def likelihood(problem, unknowns):
    return float(evaluated(problem, unknowns)["log_likelihood"])


@pytest.mark.parametrize("kind", ["full", "tied", "diagonal", "spherical"])
def test_a_gaussian_model_has_hmmlearns_likelihood(kind):
    problem = HiddenMarkovModel(table(Y), states=3, covariance=kind, sequence="which")
    covariances = {
        "full": COVARIANCES,
        "tied": COVARIANCES[:1],
        "diagonal": COVARIANCES,
        "spherical": COVARIANCES[:, :1, :1] * np.eye(2),
    }[kind]
    emission = gaussian_unknowns(problem, MEANS, np.zeros((3, 2, 0)), covariances)
    unknowns = known(emission)
    assert likelihood(problem, unknowns) == pytest.approx(HMMLEARN[kind], abs=1e-9)
    report = evaluated(problem, unknowns)
    order = np.argsort(MEANS[:, 0])
    np.testing.assert_allclose(report["means"], MEANS[order], rtol=1e-12)
    np.testing.assert_allclose(report["transition"], TRANSITION[np.ix_(order, order)], rtol=1e-12)
    if kind == "full":
        np.testing.assert_allclose(report["covariances"], COVARIANCES[order], rtol=1e-12)
        first, moves, log_b = eqx.filter_jit(problem.expanded)(unknowns, problem.data.first())
        within = problem.within
        pairs = list(zip(log_b, within, strict=True))
        path = [viterbi(first, moves, b, within=w)[0][w] for b, w in pairs]
        assert "".join(map(str, np.concatenate(path))) == PATH
        found = [smooth_states(first, moves, b).smoothed[w] for b, w in pairs]
        found = np.concatenate(found)
        for row, expected in SMOOTHED.items():
            np.testing.assert_allclose(found[row], expected, atol=6e-9)


def test_a_poisson_model_has_hmmlearns_likelihood():
    problem = HiddenMarkovModel(table(COUNTS), states=3, emission="poisson", sequence="which")
    found = likelihood(problem, known(jnp.log(jnp.asarray(RATES))))
    assert found == pytest.approx(HMMLEARN["poisson"], abs=1e-9)


def test_a_categorical_model_has_hmmlearns_likelihood():
    problem = HiddenMarkovModel(table(CODES), states=3, emission="categorical", sequence="which")
    assert problem.emission.categories == (("0", "1", "2", "3"),)
    found = likelihood(problem, known((ratios_of(jnp.asarray(SHARES)),)))
    assert found == pytest.approx(HMMLEARN["categorical"], abs=1e-9)


def test_an_autoregressive_model_has_dynamaxs_likelihood():
    rng = np.random.default_rng(8)
    y = np.cumsum(rng.normal(size=(60, 2)), axis=0) + 10
    weights, constants = rng.normal(0, 0.3, (3, 2, 4)), rng.normal(5, 1, (3, 2))
    factors = np.tril(rng.normal(size=(3, 2, 2)))
    covariances = factors @ factors.swapaxes(1, 2) + 2 * np.eye(2)
    data = {"y0": y[:, 0], "y1": y[:, 1]}
    problem = HiddenMarkovModel(data, states=3, emission="autoregressive", order=2)
    unknowns = known(gaussian_unknowns(problem, constants, weights, covariances))
    # LinearAutoregressiveHMM(3, 2, num_lags=2).marginal_log_prob(params, y[2:], inputs[2:])
    assert likelihood(problem, unknowns) == pytest.approx(-634.7674768586314, abs=1e-9)
    report, order = evaluated(problem, unknowns), np.asarray(order_of(problem, unknowns))
    np.testing.assert_allclose(report["lags"][:, 0], weights[order][:, :, :2], rtol=1e-9)
    np.testing.assert_allclose(report["lags"][:, 1], weights[order][:, :, 2:], rtol=1e-9)
    np.testing.assert_allclose(report["intercepts"], constants[order], rtol=1e-9)
    np.testing.assert_allclose(report["covariances"], covariances[order], rtol=1e-9)


@pytest.mark.parametrize("parallel", [False, True], ids=["scan", "associative"])
def test_the_smoother_is_dynamaxs(parallel):
    rng = np.random.default_rng(7)
    transition, initial = jnp.asarray(rng.dirichlet(np.ones(4), 4)), jnp.full(4, 0.25)
    args = initial, transition, jnp.asarray(rng.normal(-20, 10, (200, 4)))
    # hmm_smoother, hmm_posterior_mode
    found = log_likelihood(*args, parallel=parallel)
    assert float(found) == pytest.approx(-2549.138391714678, abs=1e-9)
    row = smooth_states(*args, parallel=parallel).smoothed[100]
    expected = [9.99960980e-01, 3.76513642e-12, 3.90203453e-05, 3.65027461e-15]
    np.testing.assert_allclose(row, expected, rtol=1e-8)
    path, _ = viterbi(*args, parallel=parallel)
    assert np.bincount(path).tolist() == [55, 39, 54, 52]
