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
from plugax_mnist import (
    AbstractClassifier,
    BatchNorm,
    ConvolutionalNetwork,
    LeNet5,
    Perceptron,
    average_pool,
    convolve,
    max_pool,
)
from plugax_mnist._classifier import logits_and_state, logits_of
from plugax_mnist._convolution import by_matrix_product, by_xla
from plugax_mnist._models import MODELS, check_model, factory_of, has_state
from plugax_mnist._normalised import normalised
from plugax_supervised import make_unknowns

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
        ("mlp-300", 784 * 300 + 300 + 300 * 10 + 10),
        ("cnn", 25 * 16 + 16 + 400 * 32 + 32 + 512 * 10 + 10),
    ],
)
def test_the_models_have_the_weights_that_they_should(name, weights):
    model = make_unknowns(factory_of(name), jr.key(0))
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
    model = make_unknowns(factory_of(name), jr.key(0))
    (images,) = drawn((5, 28, 28))
    together, alone = (eqx.filter_jit(logits_of)(model, some) for some in (images, images[3:4]))
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


def test_lenet_has_the_weights_of_the_paper_and_those_that_c3_lacks_there():
    leaves = jax.tree.leaves(make_unknowns(LeNet5, jr.key(0)))
    # Table in section II B: C1 156, S2 12, S4 32, C5 48 120, F6 10 164; C3, full, 16 (6 · 25 + 1).
    paper = 156 + 12 + 32 + 48_120 + 10_164
    assert sum(leaf.size for leaf in leaves) == paper + 16 * 151 + 850


def test_lenet_is_equinoxs_layer_by_layer(x64):
    network = LeNet5(jr.key(0))
    network = eqx.tree_at(lambda n: n.pool_biases, network, tuple(drawn((6,), (16,))))
    (image,) = drawn((1, 28, 28))

    def activation(x):
        return 1.7159 * jnp.tanh(2 * x / 3)

    x = jnp.pad(image, ((0, 0), (2, 2), (2, 2)), mode="edge")
    for number in range(2):
        kernel = network.kernels[number]
        layer = eqx.nn.Conv2d(*kernel.shape[1::-1], kernel_size=5, key=jr.key(0))
        bias = network.biases[number][:, None, None]
        layer = eqx.tree_at(lambda c: (c.weight, c.bias), layer, (kernel, bias))
        x = eqx.nn.AvgPool2d(2, 2)(layer(x))
        weight, offset = network.pool_weights[number], network.pool_biases[number]
        x = activation(weight[:, None, None] * x + offset[:, None, None])
    x = jnp.ravel(x)
    for layer in network.layers[:-1]:
        x = activation(layer(x))
    found = eqx.filter_jit(network)(image)[0]
    np.testing.assert_allclose(found, network.layers[-1](x), **CLOSE)


def test_average_pooling_is_the_mean_of_every_window():
    (images,) = drawn((2, 4, 6, 3))
    expected = np.asarray(images).reshape(2, 2, 2, 3, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(average_pool(images), expected, rtol=1e-5, atol=1e-6)


def test_batch_normalisation_is_equinoxs(x64):
    """In training with the statistics of the batch, in inference with the averages."""
    (features,) = drawn((3, 4, 5, 6))
    ours, state = eqx.nn.make_with_state(BatchNorm)(3)
    theirs, their_state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(
        3, axis_name="batch", momentum=0.99, mode="ema"
    )
    vectors = eqx.tree_at(lambda n: (n.scale, n.offset), ours, tuple(drawn((3,), (3,), seed=1)))
    theirs = eqx.tree_at(lambda n: (n.weight, n.bias), theirs, (vectors.scale, vectors.offset))
    apply = jax.vmap(theirs, in_axes=(-1, None), out_axes=(-1, None), axis_name="batch")
    found, state = vectors(features, state)
    expected, their_state = apply(features, their_state)
    np.testing.assert_allclose(found, expected, **CLOSE)
    ours, theirs = eqx.nn.inference_mode(vectors), eqx.nn.inference_mode(theirs)
    apply = jax.vmap(theirs, in_axes=(-1, None), out_axes=(-1, None), axis_name="batch")
    found, after = ours(features, state)
    np.testing.assert_allclose(found, apply(features, their_state)[0], **CLOSE)
    assert after is state


def test_whether_a_model_has_a_state_is_seen_from_what_makes_it():
    assert has_state(normalised)
    assert not has_state(ConvolutionalNetwork)


class OwnNormalised(eqx.Module):
    norm: eqx.nn.BatchNorm
    layer: eqx.nn.Linear

    def __init__(self, key):
        self.norm = eqx.nn.BatchNorm(1, axis_name="batch", mode="ema")
        self.layer = eqx.nn.Linear(784, 10, key=key)

    def __call__(self, picture, state):
        picture, state = self.norm(picture, state)
        return self.layer(jnp.ravel(picture)), state


def test_a_model_of_one_picture_may_have_a_state():
    unknowns = make_unknowns(eqx.nn.make_with_state(OwnNormalised), jr.key(0))
    (images,) = drawn((4, 28, 28))
    logits, state = logits_and_state(unknowns, 3 * images + 5, jr.key(1))
    expected = jax.vmap(unknowns.free.layer)((images - images.mean()).reshape(4, -1) / images.std())
    # The ε of the layer, in float32.
    np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)
    check_model(eqx.nn.make_with_state(OwnNormalised), 10)
    assert jax.tree.structure(state) == jax.tree.structure(unknowns.state)


class Own(eqx.Module):
    layer: eqx.nn.Linear
    dropout: eqx.nn.Dropout

    def __init__(self, *, key):
        self.layer = eqx.nn.Linear(784, 10, key=key)
        self.dropout = eqx.nn.Dropout(0.5)

    def __call__(self, picture, *, key=None):
        return self.layer(self.dropout(jnp.ravel(picture), key=key))


def test_a_model_of_one_picture_is_mapped_over_the_batch():
    model = make_unknowns(
        lambda seed: eqx.nn.Sequential([eqx.nn.Lambda(jnp.ravel), linear(seed)]), jr.key(0)
    )
    (images,) = drawn((3, 28, 28))
    expected = jnp.stack([model[1](jnp.ravel(image)) for image in images])
    found, state = logits_and_state(model, images, jr.key(1))
    assert state is None
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def linear(key):
    return eqx.nn.Linear(784, 10, key=key)


def test_dropout_is_drawn_anew_for_every_picture_and_off_without_a_key():
    model = make_unknowns(Own, jr.key(0))
    images = jnp.ones((2, 28, 28))
    some, _ = logits_and_state(model, images, jr.key(1))
    assert not jnp.allclose(some[0], some[1])
    none = logits_of(model, images)
    np.testing.assert_allclose(none[0], model.layer(jnp.ones(784)), rtol=1e-5)
    np.testing.assert_array_equal(none[0], none[1])


def test_a_model_that_does_not_fit_is_refused_with_what_it_gives():
    with pytest.raises(ValueError, match=r"one of linear, mlp-300, .* got 'resnet'"):
        factory_of("resnet")
    with pytest.raises(px.PlugaxError, match=r"10 logits .* returns shape \(7,\)"):
        check_model(lambda key: _Fixed(jnp.ones(7)), 10)
    with pytest.raises(px.PlugaxError, match="this _Fixed has none"):
        check_model(lambda key: _Fixed(jnp.ones(10, int)), 10)


class _Fixed(AbstractClassifier):
    logits: jax.Array

    def __call__(self, images):
        return jnp.tile(self.logits, (len(images), 1))
