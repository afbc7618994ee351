"""The likelihood of a mixture: as of scikit-learn and SciPy, in any units, in several pieces."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats
from sklearn.mixture import GaussianMixture as Peer

from plugax_mixtures import GaussianMixture, StudentTMixture

NAMES = {"full": "full", "tied": "tied", "diagonal": "diag", "spherical": "spherical"}
KEY = jax.random.key(0)


@pytest.fixture(autouse=True)
def double(x64):
    return x64


def loss_of(problem, unknowns):
    return float(problem.loss(unknowns, problem.data.first(), KEY)[0])


def peer_at(found, covariance):
    """scikit-learn's mixture with these parameters."""
    peer = Peer(len(found.weights), covariance_type=NAMES[covariance])
    precisions = np.linalg.inv(np.asarray(found.covariances))
    roots = np.linalg.cholesky(precisions)
    peer.weights_, peer.means_ = np.asarray(found.weights), np.asarray(found.means)
    peer.precisions_cholesky_ = {
        "full": roots,
        "tied": roots[0],
        "diagonal": np.diagonal(roots, axis1=1, axis2=2),
        "spherical": roots[:, 0, 0],
    }[covariance]
    return peer


@pytest.mark.parametrize("covariance", NAMES)
def test_likelihood_and_responsibilities_are_those_of_scikit_learn(groups, covariance):
    problem = GaussianMixture(groups, 3, covariance=covariance)
    unknowns = problem.init(KEY)
    points = np.stack(list(groups.values()), axis=1)
    peer = peer_at(problem.mixture(unknowns), covariance)
    likelihood = np.sum(peer.score_samples(points))
    assert abs(-loss_of(problem, unknowns) - likelihood) <= 1e-10 * abs(likelihood)
    shares = problem.responsibilities(unknowns)
    np.testing.assert_allclose(shares, peer.predict_proba(points), rtol=0, atol=1e-12)
    assert problem.parameters == peer_parameters(peer)


def peer_parameters(peer):
    """The number of parameters by which scikit-learn computes its criteria."""
    return peer._n_parameters()


@pytest.mark.parametrize("covariance", NAMES)
def test_the_unknowns_of_a_mixture_give_that_mixture(groups, covariance):
    problem = GaussianMixture(groups, 3, covariance=covariance)
    found = problem.mixture(problem.init(KEY))
    again = problem.mixture(problem.unknowns_of(found.weights, found.means, found.covariances))
    for one, other in zip(found[:3], again[:3], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("covariance", ["full", "tied", "diagonal"])
def test_other_units_change_the_likelihood_by_a_constant(groups, covariance):
    scaled = {"length": 1000 * groups["length"] + 7, "width": groups["width"] / 60}
    one = GaussianMixture(groups, 3, covariance=covariance)
    other = GaussianMixture(scaled, 3, covariance=covariance)
    unknowns = one.init(KEY)
    shift = len(groups["length"]) * np.log(1000 / 60)
    same = other.init(KEY)
    np.testing.assert_allclose(same.means, unknowns.means, atol=1e-9)
    assert abs(loss_of(other, unknowns) - loss_of(one, unknowns) - shift) < 1e-8


def test_rows_in_several_pieces_count_once_each():
    """5001 rows are cut into two pieces, the last of which is filled up."""
    points = np.random.default_rng(0).normal(size=(5001, 2)) ** 3
    problem = GaussianMixture(points, 2)
    unknowns = problem.init(KEY)
    peer = peer_at(problem.mixture(unknowns), "full")
    likelihood = np.sum(peer.score_samples(points))
    assert abs(-loss_of(problem, unknowns) - likelihood) <= 1e-10 * abs(likelihood)
    moments = problem.expectation(unknowns, problem.data.first(), KEY)[2][1]
    assert abs(float(jnp.sum(moments.sizes)) - 5001) < 1e-8


def test_a_t_density_is_that_of_scipy(groups):
    problem = StudentTMixture(groups, 2)
    weights, means = [0.3, 0.7], [[0.0, 1.0], [3.0, 4.0]]
    scales, freedom = [[[1.0, 0.3], [0.3, 2.0]], [[2.0, -0.5], [-0.5, 1.0]]], [2.5, 40.0]
    unknowns = problem.unknowns_of(weights, means, scales, freedom)
    points = np.stack(list(groups.values()), axis=1)
    densities = [
        weight * scipy.stats.multivariate_t(*one).pdf(points)
        for weight, *one in zip(weights, means, scales, freedom, strict=True)
    ]
    likelihood = np.sum(np.log(np.sum(densities, axis=0)))
    assert abs(-loss_of(problem, unknowns) - likelihood) <= 1e-10 * abs(likelihood)


def test_with_many_degrees_of_freedom_a_t_mixture_is_a_normal_one(groups):
    normal = GaussianMixture(groups, 2)
    unknowns = normal.init(KEY)
    gaps = [
        loss_of(StudentTMixture(groups, 2, freedom=freedom), unknowns) - loss_of(normal, unknowns)
        for freedom in (1e3, 1e4, 1e5)
    ]
    np.testing.assert_allclose(gaps[:2], np.multiply(gaps[1:], 10), rtol=0.05)
    assert abs(gaps[2]) < 0.01


def test_the_degrees_of_freedom_solve_their_equation(groups):
    """log x − ψ(x) = 1 + s, x = ν/2, for all s that samples may have."""
    problem = StudentTMixture(groups, 4)
    unknowns = problem.init(KEY)
    expected = np.asarray([0.3, 2.0, 30.0, 900.0])
    half = (np.asarray(problem.freedom_at(unknowns)) + 2) / 2
    excess = np.log(expected / 2) - scipy.special.digamma(expected / 2)
    sums = np.log(half) - scipy.special.digamma(half) - 1 - excess
    tails = problem.most_likely_tails(unknowns, jnp.ones(4), jnp.asarray(sums))
    found = problem.freedom_at(eqx.tree_at(lambda u: u.tails, unknowns, tails))
    np.testing.assert_allclose(found, expected, rtol=1e-8)
