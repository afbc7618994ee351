import jax
import jax.numpy as jnp
import numpy as np

import plugax as px
from plugax_lorenz96 import Lorenz96
from plugax_lorenz96._free_run import free_run


def test_it_is_the_model_in_rk4(x64):
    start = 8 + np.random.default_rng(0).standard_normal(9)
    ours = free_run(start, forcing=7.0, dt=0.02, steps=12, every=3)
    theirs = px.integrator("rk4").trajectory(
        Lorenz96(7.0), jnp.asarray(start), dt=0.02, steps=12, every=3
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


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
