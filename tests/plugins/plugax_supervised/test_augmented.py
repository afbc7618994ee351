"""Augmentation and mixup in training: where they act, where not, and what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_augmentation import Mixup, Rotate, Shift, augment
from plugax_supervised import supervised

CROSS_ENTROPY = px.losses.CrossEntropy()
PICTURES = np.random.default_rng(0).normal(size=(40, 2, 6, 6)).astype("float32")
LABELS = np.arange(40) % 2
CHANGES = (Shift(1), Rotate(20))


def linear(key):
    return eqx.nn.Sequential([eqx.nn.Lambda(jnp.ravel), eqx.nn.Linear(72, 2, key=key)])


def problem(**options):
    return supervised(linear, CROSS_ENTROPY, PICTURES, LABELS, batch_size=8, **options)


def loss_of(one, key):
    return eqx.filter_jit(one.loss)(one.init(jr.key(0)), one.data.first(), key)


def test_the_loss_is_that_of_the_augmented_pictures():
    key, plain = jr.key(3), problem()
    loss, _ = loss_of(problem(augment=CHANGES), key)
    inputs, targets, _ = plain.data.first()
    changed = augment(CHANGES, inputs, jr.split(key)[1])
    logits = jax.vmap(plain.init(jr.key(0)))(changed)
    np.testing.assert_allclose(loss, CROSS_ENTROPY(logits, targets), rtol=1e-5)
    named, _ = loss_of(problem(augment=["shift=1", "rotate=20"]), key)
    np.testing.assert_array_equal(named, loss)


def test_every_example_is_augmented_before_its_gradient_is_clipped():
    key = jr.key(3)
    loss, figures = loss_of(problem(augment=CHANGES, gradient_statistics=True), key)
    np.testing.assert_allclose(loss, loss_of(problem(augment=CHANGES), key)[0], rtol=1e-5)
    assert "gradient_variance" in figures


def test_the_loss_of_mixed_examples_goes_by_their_shares():
    key, plain = jr.key(4), problem(weights=np.arange(40.0))
    loss, _ = loss_of(problem(mixup=0.3, weights=np.arange(40.0)), key)
    inputs, targets, weights = plain.data.first()
    mixed, of = Mixup(0.3)(inputs, (targets, weights), jr.split(key)[1])
    logits = jax.vmap(plain.init(jr.key(0)))(mixed)
    expected = of(lambda both: CROSS_ENTROPY(logits, *both))
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_nothing_is_augmented_or_mixed_in_evaluation():
    model = problem().init(jr.key(0))
    evaluated = [eqx.filter_jit(one.evaluate)(model) for one in (problem(), BOTH)]
    np.testing.assert_array_equal(*(found["validation_loss"] for found in evaluated))


BOTH = problem(augment=CHANGES, mixup=0.3)


def test_a_run_that_is_resumed_draws_the_same(tmp_path):
    solver = px.solver("gradient", optimizer=px.optimizer("adam", learning_rate=1e-2))
    whole = px.solve(BOTH, solver, steps=9)
    px.solve(BOTH, solver, steps=4, out=tmp_path)
    resumed = px.resume(tmp_path, problem=BOTH, solver=solver, steps=9)
    np.testing.assert_array_equal(
        resumed.unknowns.layers[1].weight, whole.unknowns.layers[1].weight
    )


@pytest.mark.slow
def test_mixup_works_for_numbers_too():
    numbers = PICTURES.mean(axis=(1, 2, 3))
    one = supervised(
        lambda key: eqx.nn.MLP(72, "scalar", 4, 1, key=key),
        px.losses.SquaredError(),
        PICTURES.reshape(40, -1),
        numbers,
        mixup=1.0,
    )
    assert jnp.isfinite(loss_of(one, jr.key(1))[0])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"augment": [lambda picture, key: picture[..., 1:]]}, r"must keep shape and dtype"),
        ({"mixup": 0.3, "clip_per_example": 1.0}, "every example is part of two"),
    ],
)
def test_what_does_not_go_together_is_refused(options, says):
    with pytest.raises(px.PlugaxError, match=says):
        problem(**options)


def test_only_pictures_are_augmented_and_only_floats_are_mixed():
    rows, numbers = np.zeros((6, 3), "float32"), np.zeros((6, 3), int)
    labels = np.arange(6) % 2

    def model(key):
        cast = eqx.nn.Lambda(lambda x: x.astype("float32"))
        return eqx.nn.Sequential([cast, eqx.nn.Linear(3, 2, key=key)])

    with pytest.raises(px.PlugaxError, match="Augmentations are for pictures"):
        supervised(model, CROSS_ENTROPY, rows, labels, augment="shift=1", validation=0)
    with pytest.raises(px.PlugaxError, match="floating-point numbers; got int"):
        supervised(model, CROSS_ENTROPY, numbers, labels, mixup=0.2, validation=0)
