"""Filter, smoother, most probable and random paths are those of the sum over all paths."""

import itertools

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from plugax_markov import (
    filter_states,
    log_likelihood,
    sample_paths,
    smooth_states,
    stationary_distribution,
    viterbi,
)

pytestmark = pytest.mark.usefixtures("x64")

WAYS = pytest.mark.parametrize("parallel", [False, True], ids=["scan", "associative"])


def arrays(chain):
    return tuple(map(jnp.asarray, chain))


@pytest.fixture(scope="module")
def paths(chain):
    """All paths with their probabilities p(y, z)."""
    initial, transition, log_b = chain
    found = {}
    for path in itertools.product(range(3), repeat=6):
        weight = initial[path[0]] * np.exp(log_b[0, path[0]])
        for t in range(1, 6):
            weight *= transition[path[t - 1], path[t]] * np.exp(log_b[t, path[t]])
        found[path] = weight
    return found


@WAYS
def test_the_likelihood_is_the_sum_over_all_paths(chain, paths, parallel):
    found = log_likelihood(*arrays(chain), parallel=parallel)
    assert float(found) == pytest.approx(np.log(sum(paths.values())), abs=1e-12)


@WAYS
def test_the_smoother_has_the_marginals_of_all_paths(chain, paths, parallel):
    total = sum(paths.values())
    marginals, changes = np.zeros((6, 3)), np.zeros((3, 3))
    for path, weight in paths.items():
        for t, state in enumerate(path):
            marginals[t, state] += weight / total
        for one, other in itertools.pairwise(path):
            changes[one, other] += weight / total
    found = smooth_states(*arrays(chain), parallel=parallel)
    np.testing.assert_allclose(found.smoothed, marginals, atol=1e-13)
    np.testing.assert_allclose(found.transitions, changes, atol=1e-13)
    assert float(found.log_likelihood) == pytest.approx(np.log(total), abs=1e-12)


@WAYS
def test_the_filter_is_the_smoother_of_what_came_before(chain, parallel):
    initial, transition, log_b = arrays(chain)
    found = filter_states(initial, transition, log_b, parallel=parallel)
    for t in range(1, 7):
        until = smooth_states(initial, transition, log_b[:t])
        np.testing.assert_allclose(found.filtered[t - 1], until.smoothed[-1], atol=1e-14)
        np.testing.assert_allclose(jnp.sum(found.increments[:t]), until.log_likelihood, atol=1e-12)
    np.testing.assert_allclose(found.predicted[1:], found.filtered[:-1] @ transition, atol=1e-14)


@WAYS
def test_viterbi_finds_the_best_of_all_paths(chain, paths, parallel):
    path, score = viterbi(*arrays(chain), parallel=parallel)
    best = max(paths, key=paths.get)
    assert tuple(path.tolist()) == best
    assert float(score) == pytest.approx(np.log(paths[best]), abs=1e-12)


@WAYS
def test_paths_are_drawn_with_their_probabilities(chain, paths, parallel):
    draws = np.asarray(sample_paths(jr.key(0), *arrays(chain), 40_000, parallel=parallel))
    found, counts = np.unique(draws, axis=0, return_counts=True)
    total = sum(paths.values())
    seen = dict(zip(map(tuple, found.tolist()), counts / len(draws), strict=True))
    assert all(paths[path] > 0 for path in seen)
    for path, weight in paths.items():
        share = weight / total
        error = np.sqrt(share * (1 - share) / len(draws))
        assert abs(seen.get(path, 0) - share) <= 5 * error + 1e-4


def test_one_by_one_and_in_parallel_are_equal_for_a_long_sequence():
    rng = np.random.default_rng(1)
    transition = jnp.asarray(rng.dirichlet(np.ones(4), 4))
    initial, log_b = jnp.full(4, 0.25), jnp.asarray(rng.normal(-50, 30, (1000, 4)))
    args = initial, transition, log_b
    one, other = (smooth_states(*args, parallel=p) for p in (False, True))
    np.testing.assert_allclose(one.smoothed, other.smoothed, atol=1e-12)
    np.testing.assert_allclose(one.transitions, other.transitions, atol=1e-9)
    assert float(one.log_likelihood) == pytest.approx(float(other.log_likelihood), rel=1e-14)
    assert (viterbi(*args)[0] == viterbi(*args, parallel=True)[0]).all()
    draws = [sample_paths(jr.key(2), *args, 3, parallel=p) for p in (False, True)]
    assert (draws[0] == draws[1]).all()


@WAYS
def test_the_derivative_by_the_likelihoods_is_the_smoother(chain, parallel):
    initial, transition, log_b = arrays(chain)
    by_likelihoods, by_changes = jax.grad(log_likelihood, argnums=(2, 1))(
        initial, transition, log_b, parallel=parallel
    )
    found = smooth_states(initial, transition, log_b)
    np.testing.assert_allclose(by_likelihoods, found.smoothed, atol=1e-13)
    # A change that is impossible has no expected number, but a derivative.
    possible = np.asarray(transition) > 0
    counts = np.asarray(transition * by_changes)
    np.testing.assert_allclose(counts[possible], found.transitions[possible], atol=1e-13)
    assert np.isfinite(by_changes).all()


@WAYS
def test_what_underflows_elsewhere_counts_in_logarithms(parallel):
    # The first observation makes the second state 10⁻³⁰⁰ times as probable; only it can have made
    # the second observation.
    log_b = jnp.asarray([[0.0, -690.0], [-2000.0, 0.0]])
    stay = jnp.eye(2)
    found = log_likelihood(jnp.full(2, 0.5), stay, log_b, parallel=parallel)
    assert float(found) == pytest.approx(np.log(0.5) - 690, abs=1e-9)


@WAYS
def test_what_no_path_can_make_has_the_likelihood_zero(parallel):
    log_b = jnp.asarray([[0.0, -jnp.inf], [-jnp.inf, 0.0]])
    found = filter_states(jnp.full(2, 0.5), jnp.eye(2), log_b, parallel=parallel)
    assert float(jnp.sum(found.increments)) == -np.inf
    assert np.isfinite(found.filtered).all()


@WAYS
def test_times_after_the_end_change_nothing(chain, parallel):
    initial, transition, log_b = arrays(chain)
    longer = jnp.concatenate([log_b, jnp.zeros((5, 3))])
    within = jnp.arange(11) < 6
    short = smooth_states(initial, transition, log_b)
    found = smooth_states(initial, transition, longer, within=within, parallel=parallel)
    np.testing.assert_allclose(found.smoothed[:6], short.smoothed, atol=1e-14)
    np.testing.assert_allclose(found.transitions, short.transitions, atol=1e-14)
    assert float(found.log_likelihood) == pytest.approx(float(short.log_likelihood), abs=1e-13)
    path, score = viterbi(initial, transition, longer, within=within, parallel=parallel)
    expected, best = viterbi(initial, transition, log_b)
    assert (path[:6] == expected).all()
    assert (path[6:] == expected[-1]).all()
    assert float(score) == pytest.approx(float(best), abs=1e-13)


def test_single_precision_stays_single(chain):
    initial, transition, log_b = (jnp.asarray(a, "float32") for a in chain)
    for parallel in (False, True):
        found = smooth_states(initial, transition, log_b, parallel=parallel)
        assert {leaf.dtype for leaf in found} == {jnp.dtype("float32")}
        exact = smooth_states(*arrays(chain))
        np.testing.assert_allclose(found.smoothed, exact.smoothed, atol=1e-6)


def test_a_step_does_not_change_the_stationary_distribution(chain):
    transition = jnp.asarray(chain[1])
    found = stationary_distribution(transition)
    np.testing.assert_allclose(found @ transition, found, atol=1e-15)
    assert float(jnp.sum(found)) == pytest.approx(1, abs=1e-14)
