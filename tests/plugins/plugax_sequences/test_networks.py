"""Networks for sequences: padding has no effect, and each does what its equation says."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_sequences import (
    GRU,
    LSTM,
    ConvolutionalNetwork,
    Inputs,
    RecurrentNetwork,
    Transformer,
    padded,
)
from plugax_sequences._models import check_network
from plugax_sequences._readout import check_readout

STEPS, OWN, FEATURES = 9, 5, 3
VALUES = jr.normal(jr.key(1), (STEPS, FEATURES))
LENGTH = jnp.asarray(OWN, "int32")
NUMBERS = Inputs(FEATURES)


def recurrent(cell="lstm", **options):
    return RecurrentNetwork(NUMBERS, 4, jr.key(0), cell=cell, width=6, **options)


NETWORKS = {
    "lstm": lambda: recurrent(),
    "gru": lambda: recurrent("gru", layers=2, readout="mean"),
    "bidirectional": lambda: recurrent(bidirectional=True, readout="max"),
    "convolution": lambda: ConvolutionalNetwork(NUMBERS, 4, jr.key(0), width=6),
    "plain convolution": lambda: ConvolutionalNetwork(
        NUMBERS, 4, jr.key(0), width=6, dilated=False, readout="mean"
    ),
    "transformer": lambda: Transformer(NUMBERS, 4, jr.key(0), width=6, layers=1, heads=2),
}


@eqx.filter_jit
def value_and_slopes(network, values):
    """Outputs, and the gradient of a function of them in weights and values."""

    def function(network_and_values):
        network, values = network_and_values
        outputs = network((values, LENGTH))
        return jnp.sum(jnp.sin(outputs)), outputs

    (_, outputs), slopes = eqx.filter_value_and_grad(function, has_aux=True)((network, values))
    return outputs, *slopes


def arrays(tree):
    return jax.tree.leaves(eqx.filter(tree, eqx.is_inexact_array))


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_what_stands_on_padding_changes_no_bit_and_has_no_slope(name):
    network = NETWORKS[name]()
    padding = (jnp.arange(STEPS) >= OWN)[:, None]
    plain = value_and_slopes(network, VALUES)
    other = value_and_slopes(network, jnp.where(padding, 1e6, VALUES))
    for found, expected in zip(arrays(other[:2]), arrays(plain[:2]), strict=True):
        np.testing.assert_array_equal(found, expected)
    for _, _, slope in (plain, other):
        np.testing.assert_array_equal(slope[OWN:], 0)
        assert jnp.all(jnp.any(slope[:OWN] != 0, axis=1))


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_padded_and_unpadded_sequences_have_the_same_outputs_and_slopes(name):
    """In other programs, of other shapes, sums may be in another order: float32."""
    network = NETWORKS[name]()
    found, expected = (value_and_slopes(network, values) for values in (VALUES, VALUES[:OWN]))
    for one, other in zip(arrays(found[:2]), arrays(expected[:2]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[2][:OWN], expected[2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("own", [1, OWN])
def test_the_last_valid_state_is_the_same_bit_for_bit_without_padding(cell, own):
    """Also that of a layer that runs backwards, and in a batch."""
    network = recurrent(cell, bidirectional=True)
    values, lengths = jnp.stack([VALUES, -VALUES]), jnp.full(2, own, "int32")
    state = eqx.filter_jit(lambda values: jax.vmap(network.state)((values, lengths)))
    np.testing.assert_array_equal(state(values), state(values[:, :own]))


def test_the_gradient_of_a_last_state_is_the_same_bit_for_bit_without_padding():
    """Where each step adds to it; on padding it adds zero."""
    network = recurrent()
    found, expected = (value_and_slopes(network, values) for values in (VALUES, VALUES[:OWN]))
    np.testing.assert_array_equal(found[2][:OWN], expected[2])
    for one, other in zip(arrays(found[1]), arrays(expected[1]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_lstm_is_equinoxs(x64):
    cell, theirs = LSTM(3, 4, jr.key(0)), eqx.nn.LSTMCell(3, 4, key=jr.key(0))
    np.testing.assert_array_equal(cell.bias[4:8], 1)
    order = jnp.asarray([0, 1, 3, 2])  # theirs has the gates i, f, z, o
    weight = cell.weight.T.reshape(4, 4, 7)[order].reshape(16, 7)
    bias = cell.bias.reshape(4, 4)[order].reshape(16)
    theirs = eqx.tree_at(
        lambda c: (c.weight_ih, c.weight_hh, c.bias), theirs, (weight[:, :3], weight[:, 3:], bias)
    )
    found = expected = cell.start()
    for x in jr.normal(jr.key(1), (3, 3)):
        found, expected = cell(found, x), theirs(x, expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_gru_is_its_equation(x64):
    cell = GRU(2, 3, jr.key(0))
    (h,) = cell((jnp.asarray([0.1, -0.2, 0.3]),), jnp.asarray([1.0, -1.0]))
    old, x = np.asarray([0.1, -0.2, 0.3]), np.asarray([1.0, -1.0])
    gates = np.concatenate([x, old]) @ np.asarray(cell.weight) + np.asarray(cell.bias)
    r, u = np.split(1 / (1 + np.exp(-gates)), 2)
    z = np.tanh(
        np.concatenate([x, r * old]) @ np.asarray(cell.proposal_weight) + cell.proposal_bias
    )
    np.testing.assert_allclose(h, u * old + (1 - u) * z, rtol=1e-12)


def test_a_layer_that_runs_backwards_is_one_forwards_on_the_reversed_sequence(x64):
    """Reversed within its length: padding stays behind."""
    network = recurrent(bidirectional=True)
    turned = eqx.tree_at(lambda n: n.layers, network, (network.layers[0][::-1],))
    plain = VALUES.astype("float64")
    values = jnp.zeros_like(plain).at[:OWN].set(plain[:OWN][::-1])
    found, expected = turned.state((values, LENGTH)), network.state((plain, LENGTH))
    np.testing.assert_allclose(found, jnp.roll(expected, 6), rtol=1e-12)


def test_the_order_of_the_features_is_that_of_the_weights():
    network = recurrent()
    order = jnp.asarray([2, 0, 1])
    rows = jnp.concatenate([order, jnp.arange(FEATURES, FEATURES + 6)])
    other = eqx.tree_at(lambda n: n.layers[0][0].weight, network, network.layers[0][0].weight[rows])
    # The sum over features and units is in another order.
    np.testing.assert_allclose(
        other((VALUES[:, order], LENGTH)), network((VALUES, LENGTH)), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("dilated", [True, False])
def test_a_convolution_is_xlas(x64, dilated):
    network = ConvolutionalNetwork(
        NUMBERS, 4, jr.key(0), width=2, layers=2, kernel=3, dilated=dilated, readout="mean"
    )
    values = VALUES.astype("float64")
    x = jax.vmap(network.lift)(values[None])
    for level, layer in enumerate(network.convolutions):
        kernel = layer.weight.reshape(2, 3, 2)  # channel, place, channel before
        convolved = jax.lax.conv_general_dilated(
            x,
            kernel.transpose(1, 2, 0),
            (1,),
            "SAME",
            rhs_dilation=(2**level if dilated else 1,),
            dimension_numbers=("NWC", "WIO", "NWC"),
        )
        x = x + jax.nn.relu(convolved + layer.bias[None, None])
    expected = network.last(x[0].mean(axis=0))
    found = network((values, jnp.asarray(STEPS, "int32")))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.slow
def test_a_transformer_sees_the_order_of_the_steps():
    network = NETWORKS["transformer"]()
    length = jnp.asarray(STEPS, "int32")
    found, other = network((VALUES, length)), network((VALUES[::-1], length))
    assert not jnp.allclose(found, other, atol=1e-3)


def test_tokens_are_vectors_and_a_token_that_does_not_exist_is_zero():
    network = RecurrentNetwork(Inputs(5, tokens=True), 2, jr.key(0), width=4)
    vectors = network.embedding(jnp.asarray([3, 0, 7], "int32"))
    np.testing.assert_allclose(vectors[:2], network.embedding.weight[jnp.asarray([3, 0])])
    np.testing.assert_array_equal(vectors[2], 0)


def test_sequences_are_filled_up_with_zeros():
    values, lengths = padded([np.ones((2, 3)), np.ones((4, 3))])
    assert values.shape == (2, 4, 3)
    np.testing.assert_array_equal(lengths, [2, 4])
    np.testing.assert_array_equal(values.sum(axis=(1, 2)), [6, 12])
    tokens, _ = padded([[1, 2], [3]])
    np.testing.assert_array_equal(tokens, [[1, 2], [3, 0]])


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "There is no sequence"),
        ([np.ones((2, 3)), np.ones((2, 4))], r"number 1 \(2, 4\)"),
        ([np.ones((2, 3)), np.ones(3)], r"number 1 \(3,\)"),
        ([np.ones((2, 3)), np.ones((0, 3))], "number 1 has no step"),
        ([np.ones(3)], "whole numbers, for tokens"),
        ([np.asarray([["a"]])], "hold numbers"),
    ],
)
def test_sequences_that_do_not_fit_are_named(sequences, message):
    with pytest.raises(px.PlugaxError, match=message):
        padded(sequences)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: check_readout("first"), "readout is one of last, mean, max; got 'first'"),
        (
            lambda: check_network("rnn", 1, 1, False, "last", 0.0),
            "model is one of lstm, gru, convolution, transformer; got 'rnn'",
        ),
        (lambda: ConvolutionalNetwork(NUMBERS, 1, jr.key(0), kernel=4), "odd number"),
        (lambda: Transformer(NUMBERS, 1, jr.key(0), width=6), "a width of 6 and 4 heads"),
    ],
)
def test_networks_that_do_not_exist_are_refused(make, message):
    with pytest.raises(px.PlugaxError, match=message):
        make()
