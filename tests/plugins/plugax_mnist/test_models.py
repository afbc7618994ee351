"""Convolution and pooling are what they say; models of all kinds can be used."""

import functools

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_mnist import AbstractClassifier, ConvolutionalNetwork, Perceptron, convolve, max_pool
from plugax_mnist._classifier import logits_of
from plugax_mnist._convolution import by_matrix_product, by_xla
from plugax_mnist._models import MODELS, check_model, factory_of, make

# Two computations of one sum of up to 100 products in float64.
CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def drawn(*shapes, seed=0):
    keys = jr.split(jr.key(seed), len(shapes))
    return [jr.normal(key, shape) for key, shape in zip(keys, shapes, strict=True)]


@pytest.mark.parametrize("function", [convolve, by_matrix_product])
@pytest.mark.parametrize("kernel", [(3, 1, 4, 4), (4, 2, 5, 5), (2, 3, 1, 1), (2, 3, 2, 3)])
def test_the_convolution_and_its_gradient_are_those_of_xla(x64, function, kernel):
    images, weights = drawn((kernel[1], 8, 7, 6), kernel)
    outputs = (kernel[0], 9 - kernel[2], 8 - kernel[3], 6)
    (cotangent,) = drawn(outputs, seed=1)

    @functools.partial(jax.jit, static_argnums=0)
    def value_and_gradients(function):
        value, back = jax.vjp(function, images, weights)
        return value, *back(cotangent)

    for found, expected in zip(
        value_and_gradients(function), value_and_gradients(by_xla), strict=True
    ):
        np.testing.assert_allclose(found, expected, **CLOSE)


def test_the_convolution_of_xla_is_the_sum_in_its_equation(x64):
    images, weights = drawn((2, 5, 6, 3), (4, 2, 2, 3))
    expected = np.zeros((4, 4, 4, 3))
    for i, j in np.ndindex(2, 3):
        shifted = np.asarray(images)[:, i : i + 4, j : j + 4]
        expected += np.einsum("oc,chwn->ohwn", np.asarray(weights)[:, :, i, j], shifted)
    np.testing.assert_allclose(by_xla(images, weights), expected, **CLOSE)


def test_the_convolution_is_vmapped_over_kernels_and_differentiated_forward(x64):
    images, weights = drawn((2, 6, 6, 3), (5, 4, 2, 3, 3))
    alone = jax.jit(convolve)
    together = jax.jit(jax.vmap(convolve, in_axes=(None, 0)))(images, weights)
    np.testing.assert_allclose(together[3], alone(images, weights[3]), **CLOSE)
    tangent = jax.jvp(lambda w: alone(images, w), (weights[0],), (weights[1],))[1]
    np.testing.assert_allclose(tangent, alone(images, weights[1]), **CLOSE)


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (2, 1), (3, 2), (3, 3), (1, 1)])
def test_pooling_and_its_gradient_are_those_of_xla(x64, size, stride):
    (images,) = drawn((2, 8, 9, 3))

    def xlas(images):
        window, strides = (1, size, size, 1), (1, stride, stride, 1)
        return lax.reduce_window(images, -jnp.inf, lax.max, window, strides, "VALID")

    @functools.partial(jax.jit, static_argnums=0)
    def value_and_gradient(pool):
        return pool(images), jax.grad(lambda x: jnp.sum(jnp.sin(pool(x))))(images)

    found = value_and_gradient(lambda images: max_pool(images, size, stride))
    expected = value_and_gradient(xlas)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], **CLOSE)


def test_where_all_of_a_window_is_equal_the_gradient_is_shared():
    gradient = jax.grad(lambda x: jnp.sum(max_pool(x, 2, 2)))(jnp.ones((1, 4, 4, 1)))
    np.testing.assert_array_equal(gradient, jnp.full((1, 4, 4, 1), 0.25))


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("linear", 784 * 10 + 10),
        ("mlp", 784 * 512 + 512 + 512 * 512 + 512 + 512 * 10 + 10),
        ("cnn", 25 * 16 + 16 + 400 * 32 + 32 + 512 * 10 + 10),
    ],
)
def test_the_models_have_the_weights_that_they_should(name, weights):
    model = make(factory_of(name), jr.key(0))
    leaves = jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array))
    assert sum(leaf.size for leaf in leaves) == weights
    assert all(0.5 * bound < jnp.abs(leaf).max() <= bound for leaf, bound in _bounds(model))


def _bounds(model):
    """Every array with the 1/√n that it should be uniform within."""
    if isinstance(model, Perceptron):
        layers = [(layer.weight, layer.bias) for layer in model.layers]
    else:
        layers = [*zip(model.kernels, model.biases, strict=True)]
        layers += [(model.last.weight, model.last.bias)]
    for weight, bias in layers:
        for array in (weight, bias):
            yield array, weight[0].size ** -0.5


@pytest.mark.parametrize("name", list(MODELS))
def test_the_logits_of_a_picture_do_not_depend_on_the_others(name):
    model = make(factory_of(name), jr.key(0))
    (images,) = drawn((5, 28, 28))
    together, alone = (eqx.filter_jit(model)(some) for some in (images, images[3:4]))
    assert together.shape == (5, 10)
    # Products of other sizes are summed in another order, in float32.
    np.testing.assert_allclose(together[3:4], alone, rtol=1e-4, atol=1e-5)


def test_the_convolutional_network_is_equinoxs_layer_by_layer(x64):
    network = ConvolutionalNetwork(jr.key(0), channels=(3, 4))
    (image,) = drawn((1, 28, 28))
    layers = []
    for kernel, bias in zip(network.kernels, network.biases, strict=True):
        layer = eqx.nn.Conv2d(*kernel.shape[1::-1], kernel_size=5, key=jr.key(0))
        layer = eqx.tree_at(lambda c: (c.weight, c.bias), layer, (kernel, bias[:, None, None]))
        layers += [layer, eqx.nn.MaxPool2d(2, 2), eqx.nn.Lambda(jax.nn.relu)]
    expected = eqx.nn.Sequential([*layers, eqx.nn.Lambda(jnp.ravel), network.last])
    np.testing.assert_allclose(
        eqx.filter_jit(network)(image)[0], eqx.filter_jit(expected)(image), **CLOSE
    )


class Own(eqx.Module):
    layer: eqx.nn.Linear
    dropout: eqx.nn.Dropout

    def __init__(self, *, key):
        self.layer = eqx.nn.Linear(784, 10, key=key)
        self.dropout = eqx.nn.Dropout(0.5)

    def __call__(self, picture, *, key=None):
        return self.layer(self.dropout(jnp.ravel(picture), key=key))


def test_a_model_of_one_picture_is_mapped_over_the_batch():
    model = make(
        lambda seed: eqx.nn.Sequential([eqx.nn.Lambda(jnp.ravel), linear(seed)]), jr.key(0)
    )
    (images,) = drawn((3, 28, 28))
    expected = jnp.stack([model[1](jnp.ravel(image)) for image in images])
    np.testing.assert_allclose(logits_of(model, images, jr.key(1)), expected, rtol=1e-5, atol=1e-6)


def linear(key):
    return eqx.nn.Linear(784, 10, key=key)


def test_dropout_is_drawn_anew_for_every_picture_and_off_without_a_key():
    model = make(Own, jr.key(0))
    images = jnp.ones((2, 28, 28))
    some = logits_of(model, images, jr.key(1))
    assert not jnp.allclose(some[0], some[1])
    none = logits_of(model, images)
    np.testing.assert_allclose(none[0], model.layer(jnp.ones(784)), rtol=1e-5)
    np.testing.assert_array_equal(none[0], none[1])


def test_a_model_that_does_not_fit_is_refused_with_what_it_gives():
    with pytest.raises(ValueError, match=r"one of linear, mlp, cnn, .* got 'resnet'"):
        factory_of("resnet")
    with pytest.raises(px.PlugaxError, match=r"10 logits .* returns shape \(7,\)"):
        check_model(lambda key: _Fixed(jnp.ones(7)), 10)
    with pytest.raises(px.PlugaxError, match="this _Fixed has none"):
        check_model(lambda key: _Fixed(jnp.ones(10, int)), 10)


class _Fixed(AbstractClassifier):
    logits: jax.Array

    def __call__(self, images):
        return jnp.tile(self.logits, (len(images), 1))
