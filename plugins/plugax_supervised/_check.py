"""What can be wrong with a model, a loss and data, found before anything is compiled."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, PyTree

from plugax import PlugaxError
from plugax.losses import AbstractLoss, BinaryCrossEntropy, CrossEntropy
from plugax_augmentation import Augmentation, augment

from ._model import BATCH_AXIS, outputs_and_state


def check_loss(measure: Any) -> None:
    """Raise if this is no loss."""
    if not isinstance(measure, AbstractLoss):
        raise PlugaxError(
            "The loss must be one of plugax.losses, such as plugax.losses.CrossEntropy() or "
            f"SquaredError(), or a subclass of AbstractLoss; got {measure!r}."
        )


def as_arrays(name: str, tree: Any) -> PyTree:
    """A pytree of finite NumPy arrays.

    Errors: `PlugaxError` for text and objects, and for values that are missing or not finite.
    """
    arrays = jax.tree.map(np.asarray, tree)
    for array in jax.tree.leaves(arrays):
        if array.dtype.kind not in "biuf":
            raise PlugaxError(
                f"{name} must be numbers; got an array of {array.dtype}. Number the classes from 0 "
                "(np.unique(…, return_inverse=True)), and give their names as classes=."
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            wrong = np.argwhere(~np.isfinite(array))
            raise PlugaxError(
                f"{name} hold {len(wrong)} values that are missing or not finite, the first at "
                f"{tuple(map(int, wrong[0]))}. Leave these examples out, or fill the values in."
            )
    return arrays


def examples_of(inputs: PyTree, targets: np.ndarray) -> int:
    """How many examples there are.

    Errors: `PlugaxError` if inputs and targets differ in that, or there is none.
    """
    sizes = {a.shape[0] if a.ndim else None for a in (*jax.tree.leaves(inputs), targets)}
    if len(sizes) != 1 or None in sizes or sizes == {0}:
        shapes = ", ".join(str(a.shape) for a in jax.tree.leaves(inputs))
        raise PlugaxError(
            "inputs and targets need the same number of examples along axis 0, at least one; got "
            f"inputs of shape {shapes} and targets of shape {targets.shape}."
        )
    return sizes.pop() or 0


def check_fit(
    init: Callable[[Array], PyTree],
    measure: AbstractLoss,
    inputs: PyTree,
    targets: Array,
    classes: tuple[Any, ...] | None,
) -> None:
    """Raise if the model does not take these inputs, or the loss not its outputs; from shapes.

    Errors: `PlugaxError`, with what the model returns.
    """
    inputs, few = jax.tree.map(lambda a: a[:2], (inputs, targets))
    shape = jax.tree.map(lambda a: a.shape[1:], inputs)
    try:
        unknowns = eqx.filter_eval_shape(init, jr.key(0))
    except PlugaxError:
        raise
    except Exception as error:
        raise PlugaxError(
            "A function that is given as a model makes the model from a random key, as lambda key: "
            f"eqx.nn.MLP(…, key=key) does; this one, called with a key, raised {_first(error)}."
        ) from error
    try:
        outputs, _ = eqx.filter_eval_shape(outputs_and_state, unknowns, inputs, jr.key(0))
    except NameError as error:  # of an axis
        raise PlugaxError(
            f"A layer looks along an axis of another name ({error}); give layers such as BatchNorm "
            f"axis_name={BATCH_AXIS!r}."
        ) from error
    except Exception as error:
        raise PlugaxError(
            f"The model cannot be called with one example, of shape {shape}: {_first(error)}"
        ) from error
    found = jax.tree.map(lambda a: a.shape[1:], outputs)
    try:
        eqx.filter_eval_shape(lambda o, t: measure(o, t), outputs, few)
    except (ValueError, TypeError, AttributeError) as error:
        raise PlugaxError(
            f"{type(measure).__name__} does not take what the model returns, which for one example "
            f"is of shape {found}; a target is of shape {targets.shape[1:]} and {targets.dtype}. "
            f"({error})"
        ) from error
    if isinstance(measure, CrossEntropy) and jnp.issubdtype(targets.dtype, jnp.integer):
        _check_labels(targets, found[-1], classes)
    if isinstance(measure, BinaryCrossEntropy):
        _check_labels(targets, 2, classes)


def check_changes(
    augmentations: tuple[Augmentation, ...], mixup: float | int | None, inputs: PyTree
) -> None:
    """Raise if these inputs cannot be augmented or mixed; from shapes.

    Errors: `PlugaxError`.
    """
    some = jax.tree.map(lambda a: jnp.asarray(a[:2]), inputs)
    if augmentations:
        if not isinstance(some, jax.Array):
            raise PlugaxError("augment changes inputs that are one array of pictures.")
        found = eqx.filter_eval_shape(augment, augmentations, some, jr.key(0))
        if (found.shape, found.dtype) != (some.shape, some.dtype):
            raise PlugaxError(
                f"An augmentation must keep shape and dtype of a picture, {some.shape[1:]} and "
                f"{some.dtype}; these return {found.shape[1:]} and {found.dtype}."
            )
    kinds = {a.dtype for a in jax.tree.leaves(some)}
    if mixup is not None and not all(jnp.issubdtype(kind, jnp.floating) for kind in kinds):
        raise PlugaxError(
            f"mixup mixes inputs that are floating-point numbers; got {', '.join(map(str, kinds))}."
        )


def _check_labels(targets: Array, outputs: int, classes: tuple[Any, ...] | None) -> None:
    low, high = float(targets.min()), float(targets.max())
    if low < 0 or high > outputs - 1:
        raise PlugaxError(
            f"This model and loss are for {outputs} classes, 0 to {outputs - 1}; the targets go "
            f"from {low:g} to {high:g}."
        )
    if classes is not None and len(classes) != outputs:
        raise PlugaxError(
            f"classes= names {len(classes)} classes; this model and loss are for {outputs}."
        )


def _first(error: Exception) -> str:
    """The name of an exception and the first line of its text."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
