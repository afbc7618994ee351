import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_lorenz96 import Lorenz63, Lorenz96, TwoScaleLorenz96
from plugax_lorenz96 import _free_run as on_host
from plugax_lorenz96._free_run import free_run


def test_it_is_the_model_in_rk4(x64):
    start = 8 + np.random.default_rng(0).standard_normal(9)
    ours = free_run(start, forcing=7.0, dt=0.02, steps=12, every=3)
    theirs = px.integrator("rk4").trajectory(
        Lorenz96(7.0), jnp.asarray(start), dt=0.02, steps=12, every=3
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


MODELS = {
    "lorenz96": (lambda shape: on_host.lorenz96(shape, 7.0), Lorenz96(7.0), 9, 0.02),
    "lorenz63": (lambda _: on_host.lorenz63(10.0, 28.0, 8 / 3), Lorenz63(), 3, 0.01),
    "two-scale": (
        lambda shape: on_host.two_scale(
            shape, forcing=9.0, coupling=0.8, amplitude_ratio=8.0, time_ratio=7.0, fast=3
        ),
        TwoScaleLorenz96(9.0, 0.8, 8.0, 7.0, fast=3),
        20,
        0.005,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_the_same_on_the_host(x64, name):
    tendency, model, size, _ = MODELS[name]
    state = 3 + np.random.default_rng(0).standard_normal(size)
    expected = jax.tree.map(lambda leaf: leaf.astype("float64"), model)(0.0, jnp.asarray(state))
    # Parameters of the models were rounded to single precision when they were made.
    np.testing.assert_allclose(tendency((size,))(state), expected, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_several_runs_side_by_side_are_the_runs_alone_to_the_last_bit(name):
    tendency, _, size, dt = MODELS[name]
    starts = 3 + np.random.default_rng(0).standard_normal((4, size))
    together = on_host.run_on_host(tendency((4, size)), starts, dt=dt, steps=6, every=3)
    alone = on_host.run_on_host(tendency((size,)), starts[2], dt=dt, steps=6, every=3)
    np.testing.assert_array_equal(together[:, 2], alone)


def test_errors_are_added_where_states_are_kept():
    errors = iter([np.full(5, 1.0), np.full(5, 10.0)])
    still = on_host.run_on_host(np.zeros_like, np.zeros(5), dt=1.0, steps=6, every=3, errors=errors)
    np.testing.assert_array_equal(still, [[1.0] * 5, [11.0] * 5])


def test_the_experiment_is_the_same_in_both_precisions():
    # Errors grow e-fold in 0.6 time units, so by e^(1/0.6) ≈ 5 over the window's 20 steps; float32
    # resolves states of size 10 to 1e-6. Had the spin-up been rounded, nothing would agree.
    single = px.problem("lorenz96-4dvar", background_correlation="climatological")
    with jax.enable_x64(True):
        double = px.problem("lorenz96-4dvar", background_correlation="climatological")
    assert single.truth.dtype == "float32"
    assert double.truth.dtype == "float64"
    np.testing.assert_allclose(single.truth[:21], double.truth[:21], atol=1e-4)
    np.testing.assert_allclose(single.background, double.background, atol=1e-4)
    np.testing.assert_allclose(single.observations, double.observations, atol=1e-4)
