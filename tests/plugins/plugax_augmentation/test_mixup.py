"""Mixtures: of which pairs, with which shares, and what becomes of the loss."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from plugax.losses import CrossEntropy
from plugax_augmentation import Mixup


@pytest.fixture(scope="module")
def batch():
    return jr.normal(jr.key(0), (6, 4)), jnp.asarray([0, 1, 2, 0, 1, 2])


def share_and_partners(key):
    """λ and the pairs, from a batch of unit vectors."""
    mixed, of = Mixup(0.4)(jnp.eye(6), jnp.arange(6.0), key)
    both = of(lambda targets: targets)
    return mixed, both


def test_every_example_is_mixed_with_another_in_the_share_of_the_batch():
    mixed, targets = share_and_partners(jr.key(3))
    # Each example occurs once as itself and once as a partner.
    np.testing.assert_allclose(mixed.sum(0), 1, rtol=1e-6)
    np.testing.assert_allclose(mixed.sum(1), 1, rtol=1e-6)
    share = float(jnp.median(jnp.diagonal(mixed)))
    assert 0 < share < 1
    np.testing.assert_allclose(targets, mixed @ jnp.arange(6.0), rtol=1e-5, atol=1e-6)


def test_the_shares_are_of_the_beta_distribution():
    draw = jax.jit(jax.vmap(lambda key: jnp.max(jnp.abs(share_and_partners(key)[0]), axis=1)))
    shares = np.asarray(draw(jr.split(jr.key(1), 400))).min(axis=1)  # max(λ, 1 − λ)
    # Var λ = 1 / (4 (2 α + 1)); (λ − ½)² is at most ¼, so its standard error below 1 / (8 √400).
    assert abs(((shares - 0.5) ** 2).mean() - 1 / (4 * 1.8)) < 5 / (8 * 20)


def test_the_loss_is_that_of_mixed_targets_where_it_is_linear_in_them(batch):
    inputs, labels = batch
    measure = CrossEntropy()
    mixed, of = Mixup(0.4)(inputs, labels, jr.key(2))
    found = of(lambda labels: measure(mixed, labels))
    _, soft = Mixup(0.4)(inputs, jax.nn.one_hot(labels, 4), jr.key(2))
    np.testing.assert_allclose(found, measure(mixed, soft(lambda q: q)), rtol=1e-5)


def test_weights_go_with_their_targets(batch):
    inputs, labels = batch
    weights = jnp.asarray([1.0, 0, 0, 0, 0, 0])
    mixed, of = Mixup(0.4)(inputs, (labels, weights), jr.key(2))
    found = of(lambda both: CrossEntropy()(mixed, *both))
    eye, _ = Mixup(0.4)(jnp.eye(6), labels, jr.key(2))
    each = CrossEntropy().values(mixed, jnp.zeros(6, int))
    # Only example 0 counts, as itself, and wherever it is the partner.
    np.testing.assert_allclose(found, eye[:, 0] @ each, rtol=1e-5)


@pytest.mark.parametrize("alpha", [0, -1.0, float("nan")])
def test_alpha_must_be_positive(alpha):
    with pytest.raises(ValueError, match="alpha must be"):
        Mixup(alpha)
