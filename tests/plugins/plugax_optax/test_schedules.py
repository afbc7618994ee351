"""Learning-rate schedules are optax's where optax has them, and stay vmappable."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import plugax as px

STEPS = 20
W = 5  # warm-up steps


def rates(optimizer, steps=STEPS + 3, of=None):
    """The learning rate of every step of a run of so many, as the update of a gradient of −1."""
    run = {} if of is None else {"steps": jnp.asarray(of)}
    params = jnp.ones(())
    state = optimizer.init(params)
    found = []
    for _ in range(steps):
        update, state = optimizer.update(-params, state, params, value=params, **run)
        found.append(update)
    return jnp.stack(found)


def sgd(**options):
    return px.optimizer("sgd", learning_rate=0.5, **options)


CASES = {
    "linear": ({"final_fraction": 0.1}, lambda: optax.linear_schedule(0.5, 0.05, STEPS)),
    "cosine": ({"final_fraction": 0.1}, lambda: optax.cosine_decay_schedule(0.5, STEPS, 0.1)),
    "polynomial": ({"power": 3.0}, lambda: optax.polynomial_schedule(0.5, 0.0, 3, STEPS)),
    "exponential": (
        {"final_fraction": 0.1},
        lambda: optax.exponential_decay(0.5, STEPS, 0.1, end_value=0.05),
    ),
    "one-cycle": (
        {"final_fraction": 4e-6},  # optax's, 1 / (25 · 10⁴)
        lambda: optax.cosine_onecycle_schedule(STEPS, 0.5),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_schedule_is_that_of_optax(name):
    options, make = CASES[name]
    found = rates(sgd(schedule=name, decay_steps=STEPS, **options))
    with jax.numpy_dtype_promotion("standard"):
        expected = [make()(jnp.asarray(i)) for i in range(STEPS + 3)]
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-4, atol=1e-6)


def test_warm_up_and_cosine_are_those_of_optax():
    found = rates(sgd(schedule="cosine", warmup_steps=W, decay_steps=STEPS, final_fraction=0.1))
    make = optax.warmup_cosine_decay_schedule(0.5 / (W + 1), 0.5, W, STEPS, 0.05)
    with jax.numpy_dtype_promotion("standard"):
        expected = [make(jnp.asarray(i)) for i in range(STEPS + 3)]
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5)


def test_a_warm_up_alone_rises_evenly_and_stays():
    found = rates(sgd(warmup_steps=4), steps=7)
    np.testing.assert_allclose(found, [0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize("name", ["sgd", "sm3", "rprop"])
def test_every_optimizer_follows_a_schedule(name):
    # sm3 and rprop take none in optax, so their updates are scaled.
    constant = rates(px.optimizer(name, learning_rate=0.1), steps=4)
    falling = rates(px.optimizer(name, learning_rate=0.1, schedule="linear", decay_steps=2), 4)
    np.testing.assert_allclose(falling, constant * jnp.asarray([1, 0.5, 0, 0]), rtol=1e-6)


def test_a_schedule_of_polyak_sgd_scales_the_update():
    falling = rates(px.optimizer("polyak_sgd", schedule="linear", decay_steps=2), steps=3)
    np.testing.assert_allclose(falling, [1.0, 0.5, 0.0])


def test_the_peak_of_a_schedule_is_a_leaf():
    peaks = jnp.asarray([0.1, 0.2])
    found = jax.vmap(
        lambda rate: rates(
            px.optimizer("adam", learning_rate=rate, schedule="cosine", decay_steps=STEPS), 3
        )
    )(peaks)
    np.testing.assert_allclose(found[1], 2 * found[0], rtol=1e-5)


def test_a_schedule_counts_updates_and_not_gradients():
    found = rates(sgd(schedule="linear", decay_steps=2, accumulate=2), steps=6)
    np.testing.assert_allclose(found, [0, 0.5, 0, 0.25, 0, 0], rtol=1e-6)


@pytest.mark.slow
def test_a_schedule_without_an_end_falls_until_the_run_ends():
    for steps in (4, 10):
        whole = px.solve(
            "regression", "gradient", optimizer=sgd(schedule="linear"), tolerance=None, steps=steps
        )
        named = px.solve(
            "regression",
            "gradient",
            optimizer=sgd(schedule="linear", decay_steps=steps),
            tolerance=None,
            steps=steps,
        )
        np.testing.assert_array_equal(whole.unknowns, named.unknowns)


def test_a_run_shorter_than_the_warm_up_still_rises():
    found = rates(sgd(schedule="cosine", warmup_steps=10), steps=3, of=4)
    np.testing.assert_allclose(found, 0.5 * np.arange(1, 4) / 11, rtol=1e-6)


def test_accumulated_gradients_make_fewer_updates_before_the_end():
    found = rates(sgd(schedule="linear", accumulate=2), steps=4, of=4)
    np.testing.assert_allclose(found, [0, 0.5, 0, 0.25], rtol=1e-6)


def test_outside_of_a_run_a_schedule_needs_an_end():
    with pytest.raises(ValueError, match="'cosine' needs decay_steps"):
        rates(sgd(schedule="cosine"), steps=2)


def test_rates_of_a_range_test_rise_in_even_ratios_to_the_full_rate():
    found = rates(sgd(schedule="range-test", initial_fraction=1e-4, decay_steps=9), steps=9)
    np.testing.assert_allclose(found, 0.5 * 10 ** np.linspace(-4, 0, 9), rtol=1e-5)


@pytest.mark.parametrize(("factor", "lengths"), [(1, [4, 4, 4, 4]), (2, [4, 8, 16]), (3, [4, 12])])
def test_restarts_are_cosines_one_after_the_other(factor, lengths):
    # Loshchilov and Hutter, 2017, equation 5, with T_0 = 4 and T_mult the factor.
    options = {"cycle_steps": 4, "cycle_factor": factor, "final_fraction": 0.1}
    found = rates(sgd(schedule="restarts", **options), steps=sum(lengths))
    waves = [(1 + np.cos(np.pi * np.arange(n) / n)) / 2 for n in lengths]
    expected = 0.5 * (0.1 + 0.9 * np.concatenate(waves))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_restarts_come_after_the_warm_up():
    found = rates(sgd(schedule="restarts", cycle_steps=2, warmup_steps=3), steps=8)
    np.testing.assert_allclose(found, [0.125, 0.25, 0.375, 0.5, 0.25, 0.5, 0.25, 0.5], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs cycle_steps"),
        ({"cycle_steps": 0}, "at least 1; got 0"),
        ({"cycle_steps": 4, "cycle_factor": 0}, "cycle_factor must be at least 1"),
        ({"cycle_steps": 4, "decay_steps": 9}, "instead of decay_steps"),
    ],
)
def test_cycles_that_cannot_be_are_refused(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        sgd(schedule="restarts", **options)
