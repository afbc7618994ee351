"""Batches of similar length: each example once per epoch, and the loss of all steps."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax.testing import check_batches
from plugax_sequences import Buckets, Inputs, RecurrentNetwork, bucketed, padded
from plugax_supervised import supervised

random = np.random.default_rng(0)
LENGTHS = random.integers(1, 12, 23)
SEQUENCES = [random.normal(size=(length, 2)) for length in LENGTHS]
LABELS = (LENGTHS > 6).astype(int)


def buckets(number=3, size=4, weights=None):
    return Buckets((padded(SEQUENCES), np.arange(23), weights), size, number)


def epochs_of(data, epochs):
    """The batches of some epochs."""
    step = jnp.arange(epochs * data.steps_per_epoch, dtype="int32")
    cursor = data.init(jr.key(0), step[0])
    run = jax.jit(
        lambda cursor: jax.lax.scan(lambda c, i: data.next(c, jr.key(0), i)[::-1], cursor, step)
    )
    batches = run(cursor)[1]
    return jax.tree.map(lambda a: np.asarray(a).reshape(epochs, -1, *a.shape[1:]), batches)


@pytest.mark.parametrize("number", [1, 3, 99])
def test_every_example_has_its_weight_once_per_epoch(number):
    data = buckets(number)
    assert data.steps_per_epoch == 6
    (_, lengths), targets, weights = epochs_of(data, 3)
    for epoch in range(3):
        counts = np.bincount(targets[epoch].ravel(), weights[epoch].ravel(), 23)
        np.testing.assert_array_equal(counts, 1)
    # Another order each time, of batches and within them.
    assert (targets[0] != targets[1]).any()
    np.testing.assert_array_equal(lengths, LENGTHS[targets])


def test_the_examples_of_a_batch_are_of_one_bucket():
    data = buckets()
    assert data.longest == tuple(sorted(data.longest))
    assert data.longest[-1] == LENGTHS.max()
    (_, lengths), _, _ = epochs_of(data, 2)
    bounds = np.asarray([0, *data.longest])
    for longest, shortest in zip(
        lengths.max(axis=2).ravel(), lengths.min(axis=2).ravel(), strict=True
    ):
        place = np.searchsorted(data.longest, longest)
        assert shortest >= bounds[place]


def test_weights_of_the_user_are_kept():
    own = random.uniform(1, 2, 23).astype(np.float32)
    _, targets, weights = epochs_of(buckets(weights=own), 1)
    counts = np.bincount(targets.ravel(), weights.ravel(), 23)
    np.testing.assert_allclose(counts, own, rtol=1e-6)
    assert Buckets((padded(SEQUENCES), np.arange(23), None), 23).arrays[2] is None


def test_a_batch_depends_on_key_and_step_alone():
    check_batches(buckets(), jr.key(0))
    data = buckets()
    at = jnp.asarray(8, "int32")
    cursor = data.init(jr.key(0), at)
    (_, found, _), _ = data.next(cursor, jr.key(0), at)
    np.testing.assert_array_equal(found, epochs_of(data, 2)[1].reshape(12, 4)[8])


@pytest.fixture(scope="module")
def problems():
    def model(key):
        return RecurrentNetwork(Inputs(2), 2, key, width=4)

    plain = supervised(
        model, px.losses.CrossEntropy(), padded(SEQUENCES), LABELS, validation=0, batch_size=4
    )
    return plain, bucketed(plain, 3)


def test_the_loss_that_is_cut_off_and_its_gradient_are_those_of_all_steps(problems):
    plain, short = problems
    model = plain.init(jr.key(0))
    of = [
        eqx.filter_jit(eqx.filter_value_and_grad(problem.loss, has_aux=True))
        for problem in problems
    ]
    for step in range(4):
        at = jnp.asarray(step, "int32")
        batch, _ = short.data.next(short.data.init(jr.key(0), at), jr.key(0), at)
        (expected, _), slopes = of[0](model, batch, jr.key(1))
        (found, _), own = of[1](model, batch, jr.key(1))
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        for one, other in zip(jax.tree.leaves(own), jax.tree.leaves(slopes), strict=True):
            # Sums over more steps, in float32.
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_curvature_passes_through_the_branches(problems):
    """A derivative of the gradient, forwards, is that without branches."""
    model = problems[0].init(jr.key(0))
    batch = problems[1].data.first()

    def curvature(problem):
        slope = lambda m: eqx.filter_grad(lambda m: problem.loss(m, batch, jr.key(0))[0])(m)  # noqa: E731
        return eqx.filter_jit(lambda m: eqx.filter_jvp(slope, (m,), (slope(m),))[1])(model)

    found, expected = (jax.tree.leaves(curvature(problem)) for problem in problems)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_a_problem_in_buckets_learns_and_predicts(problems):
    _, short = problems
    adam = px.solver("gradient", optimizer={"name": "adam", "learning_rate": 0.03})
    solution = px.solve(short, adam, epochs=15)
    assert solution.steps == 15 * 6
    assert solution.metrics["training_accuracy"] > 0.9
    assert solution.predict(padded(SEQUENCES)).shape == (23,)


def test_buckets_are_not_put_into_buckets(problems):
    with pytest.raises(px.PlugaxError, match="got BucketedSupervised"):
        bucketed(problems[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: buckets(0), "buckets is a number of 1 or more; got 0"),
        (lambda: buckets(size=0), "batch_size is a number of 1 or more; got 0"),
        (
            lambda: bucketed(
                supervised(
                    lambda key: eqx.nn.Linear(2, 2, key=key),
                    px.losses.CrossEntropy(),
                    np.ones((4, 2)),
                    np.asarray([0, 1, 0, 1]),
                    validation=0,
                )
            ),
            "as plugax_sequences.padded makes",
        ),
    ],
)
def test_what_cannot_be_put_into_buckets_is_refused(call, message):
    with pytest.raises(px.PlugaxError, match=message):
        call()
