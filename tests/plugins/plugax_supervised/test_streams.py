"""A model that learns from a stream learns what it would from arrays."""

import equinox as eqx
import jax
import numpy as np
import pytest

import plugax as px
from plugax.data import Iterated, Stream
from plugax.losses import CrossEntropy, SquaredError
from plugax_supervised import export_forward, supervised

random = np.random.default_rng(0)
X = random.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] > X[:, 1]).astype("int32")
W = random.uniform(1, 2, 60).astype("float32")


def model(key):
    return eqx.nn.MLP(4, 2, 8, 1, key=key)


def of_stream(source=(X, Y), **options):
    return supervised(model, CrossEntropy(), Stream(source, 16), **options)


def test_a_stream_of_arrays_gives_the_run_on_the_arrays(tmp_path):
    own = X[:20], Y[:20]
    told = {"validation": own, "batch_size": 16, "weights": W}
    on_arrays = supervised(model, CrossEntropy(), X, Y, **told)
    for name, array in {"x": X, "y": Y, "w": W}.items():
        np.save(tmp_path / f"{name}.npy", array)
    files = tuple(np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "xyw")
    ours = px.solve(of_stream(files, validation=own), epochs=4)
    theirs = px.solve(on_arrays, epochs=4)
    assert ours.metrics == theirs.metrics
    assert ours.metrics.keys() == {"validation_loss", "validation_accuracy"}
    np.testing.assert_array_equal(ours.series["loss"], theirs.series["loss"])
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    # Compiled as a whole, products are summed in another order.
    outputs = jax.vmap(ours.unknowns)(X)
    np.testing.assert_allclose(export_forward(ours).call(X), outputs, atol=1e-6)


def test_without_examples_to_judge_by_there_are_no_figures_of_merit():
    solution = px.solve(of_stream(), epochs=1)
    assert solution.metrics == {}
    assert np.isfinite(solution.series["loss"]).all()


def test_an_iterable_counts_no_epochs_so_steps_are_asked_for():
    problem = supervised(model, CrossEntropy(), Iterated([(X[:16], Y[:16])] * 9))
    with pytest.raises(px.PlugaxError, match="Iterated data have no epochs"):
        px.solve(problem)
    assert px.solve(problem, steps=5, evaluate_every="never").steps == 5


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: of_stream(validation=0.2), "No share of a stream is kept back"),
        (lambda: of_stream(class_weights="balanced"), "class_weights is for arrays"),
        (lambda: of_stream(weights=W), "weights is for arrays"),
        (lambda: of_stream({"x": X, "y": Y}), r"pairs .*dict with \['x', 'y'\]"),
        (lambda: of_stream((X[:, :3], Y)), "cannot be called with one example"),
        (lambda: of_stream((X, Y + 5)), "for 2 classes"),
        (lambda: supervised(model, SquaredError(), Stream((X, Y), 16), Y), "targets is for arrays"),
        (lambda: supervised(model, CrossEntropy(), X), "Inputs need targets"),
    ],
)
def test_what_a_stream_cannot_have_is_refused(make, told):
    with pytest.raises(px.PlugaxError, match=told):
        make()
