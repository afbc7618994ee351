"""The places of the parameters in a problem, found once, so that compiled code need not search."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from plugax import PlugaxError

from ._gaussian import Gaussian
from .covariances import AbstractCovariance

if TYPE_CHECKING:
    from ._state_space import AbstractStateSpace

_EXAMPLE = "Write `lambda problem: problem.model.forcing`, say."


class Selection(NamedTuple):
    """What `where` picks. Two lambdas with the same choice give equal values and compile once.

    Attributes:
        places: indices of the parameters among the leaves of the problem.
        names: paths of the parameters in the problem.
    """

    places: tuple[int, ...]
    names: tuple[str, ...]


class _Leaf:
    """Stands for a leaf of the problem while `where` is called."""

    def __init__(self, place: int, name: str, value: Any):
        self.place, self.name, self.value = place, name, value


def pick(
    problem: "AbstractStateSpace",
    where: Callable[[Any], PyTree],
    initial: Gaussian,
    drift: AbstractCovariance | None,
) -> Selection:
    """Where the parameters are.

    Errors: `PlugaxError` if `where` picks anything but floating-point arrays of the model or of the
    observation operator, or if the mean or the drift does not fit what it picks.
    """
    found, structure = jax.tree_util.tree_flatten_with_path(problem)
    leaves = [
        _Leaf(place, jax.tree_util.keystr(path, simple=True, separator="_"), value)
        for place, (path, value) in enumerate(found)
    ]
    try:
        chosen = where(jax.tree.unflatten(structure, leaves))
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise PlugaxError(f"where cannot be applied to the problem: {error}. {_EXAMPLE}") from error
    # Functions are skipped: of a network, for example, only the weights are parameters.
    chosen = jax.tree.map(lambda leaf: leaf if _is_float(leaf) else None, chosen)
    parameters = jax.tree.leaves(chosen)
    fields = ("model", "observation_operator")
    if not parameters or any(not leaf.name.startswith(fields) for leaf in parameters):
        names = [leaf.name for leaf in parameters]
        raise PlugaxError(
            "where must pick arrays of floating-point numbers in the model or in the observation "
            f"operator of the problem; got {names or 'none'}. {_EXAMPLE}"
        )
    places = tuple(leaf.place for leaf in parameters)
    if len(set(places)) < len(places):
        raise PlugaxError(f"where picks a parameter twice: {[leaf.name for leaf in parameters]}.")
    wanted = jax.tree.map(lambda leaf: jnp.shape(leaf.value), chosen)
    given = jax.tree.map(jnp.shape, initial.mean)
    if wanted != given:
        raise PlugaxError(
            "The mean of the parameters must have the structure of what `where` picks, with the "
            f"shapes {wanted}; got {given}."
        )
    if drift is not None and drift.size != initial.covariance.size:
        raise PlugaxError(
            f"drift must be a covariance of the {initial.covariance.size} parameters; got one of "
            f"size {drift.size}."
        )
    return Selection(places, tuple(leaf.name for leaf in parameters))


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, _Leaf) and eqx.is_inexact_array_like(leaf.value)
