"""Mixed precision: short floats inside the loss, single precision in the weights."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_optax import _mixed as mixed


def gradient(optimizer="sgd", rate=0.1, **options):
    return px.solver("gradient", optimizer=px.optimizer(optimizer, learning_rate=rate), **options)


class Fit(px.AbstractProblem):
    """Fit a small network to a sine, and say in which precision that happens."""

    x: jax.Array

    def init(self, key):
        return eqx.nn.MLP(1, 1, 16, 1, activation=jnp.tanh, key=key)

    @property
    def data(self):
        return px.FullBatch((self.x, jnp.sin(3 * self.x)))

    def loss(self, unknowns, batch, key):
        x, y = batch
        bits = jnp.finfo(unknowns.layers[0].weight.dtype).bits
        predicted = jax.vmap(unknowns)(x)
        assert predicted.dtype == x.dtype == y.dtype
        return jnp.mean((predicted - y) ** 2), {"bits": jnp.asarray(bits)}


@pytest.fixture
def fit():
    return Fit(jnp.linspace(-1, 1, 32)[:, None])


@pytest.mark.parametrize("short", ["bfloat16", "float16"])
def test_the_loss_is_computed_in_short_floats_and_the_weights_are_not(fit, short):
    solution = px.solve(fit, gradient("adam", 0.02, compute=short), steps=100)
    plain = px.solve(fit, gradient("adam", 0.02), steps=100)
    assert set(solution.series["bits"]) == {16}
    assert set(plain.series["bits"]) == {32}
    assert solution.series["loss"].dtype == np.float32
    leaves = jax.tree.leaves(eqx.filter(solution.unknowns, eqx.is_inexact_array))
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype("float32")}
    # Half precision knows three digits; both learn the sine as well.
    np.testing.assert_allclose(solution.series["loss"][0], plain.series["loss"][0], rtol=0.02)
    assert solution.series["loss"][-1] < 2 * plain.series["loss"][-1] + 1e-3


class Slope(px.AbstractProblem):
    """L = a b u, whose gradient is a b; arrays, so that the compiler cannot multiply them."""

    a: jax.Array
    b: jax.Array

    def init(self, key):
        return jnp.ones(())

    def loss(self, unknowns, batch, key):
        return unknowns * self.a.astype(unknowns.dtype) * self.b.astype(unknowns.dtype), {}


def test_updates_below_half_precision_add_up():
    # 1 − 2⁻¹² is 1 in bfloat16, so 64 such steps would change nothing there.
    solution = px.solve(
        Slope(jnp.asarray(1.0), jnp.asarray(2.0**-12)),
        gradient(rate=1.0, compute="bfloat16"),
        steps=64,
    )
    np.testing.assert_allclose(solution.unknowns, 1 - 64 * 2.0**-12)


def test_gradients_too_small_for_float16_arrive_by_the_scale():
    # 2⁻²⁶ is below the smallest number of float16, 2⁻²⁴.
    problem = Slope(jnp.asarray(2.0**-14), jnp.asarray(2.0**-12))
    value = jax.grad(lambda u: problem.loss(u.astype("float16"), (), None)[0].astype("float32"))
    assert value(jnp.ones(())) == 0
    solution = px.solve(problem, gradient(rate=2.0**20, compute="float16"), steps=1)
    np.testing.assert_allclose(solution.unknowns, 1 - 2.0**-6)


class Overflow(px.AbstractProblem):
    """A loss of 1 whose gradient, 16, is too large for float16 at the first scales."""

    def init(self, key):
        return jnp.ones(4)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns) * 16, {}


def test_a_step_whose_gradient_overflows_is_left_out_and_the_scale_halved():
    solver = gradient("adam", compute="float16")
    assert px.solve(Overflow(), solver, steps=3).unknowns.tolist() == [1.0] * 4
    solution = px.solve(Overflow(), solver, steps=6)
    # 16 · 2¹⁵, …, 16 · 2¹² are above 65 504; 16 · 2¹¹ is not.
    assert solution.state.loss_scale.scale == 2.0**11
    assert solution.state.optimizer[0].count == 2
    np.testing.assert_allclose(solution.unknowns, 0.8, rtol=1e-5)


def test_the_scale_grows_again_after_2000_good_steps():
    scale = mixed.LossScale(jnp.asarray(4.0), jnp.asarray(mixed.PATIENCE - 1, "int32"))
    grown = mixed.next_scale(scale, jnp.asarray(True))
    assert (grown.scale, grown.good) == (8.0, 0)
    largest = eqx.tree_at(lambda s: s.scale, scale, jnp.asarray(mixed.LARGEST))
    assert mixed.next_scale(largest, jnp.asarray(True)).scale == mixed.LARGEST


def test_running_statistics_stay_in_single_precision():
    class Counting(px.AbstractStatefulProblem):
        def init(self, key):
            return px.Stateful(jnp.ones(2), jnp.zeros((), "float32"))

        def stateful_loss(self, unknowns, batch, key):
            assert unknowns.free.dtype == jnp.bfloat16
            return jnp.sum(unknowns.free), {}, unknowns.state + jnp.float32(2.0**-12) + 1

    solution = px.solve(Counting(), gradient(compute="bfloat16", rate=0.1), steps=3)
    assert solution.unknowns.state == 3 * (1 + 2.0**-12)


def test_a_population_of_rates_in_mixed_precision(fit):
    rates = jnp.asarray([0.01, 0.02])
    over = {"optimizer.learning_rate": rates}
    found = px.sweep(fit, gradient("adam", compute="float16"), over=over, steps=5)
    alone = px.solve(fit, gradient("adam", 0.02, compute="float16"), steps=5)
    np.testing.assert_allclose(found.series["loss"][1], alone.series["loss"], rtol=0.02)
