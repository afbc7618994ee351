"""Constraints as changes of variables: a solver moves z, the problem sees u(z), which holds."""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float, PyTree

# How far inside a bound a start may be, as a share of the interval, or of what is there of it.
MARGIN = 1e-3
# An unknown is on a bound if it is as close as this many units of rounding.
ON_BOUND_UNITS = 1000


class AbstractConstraint(eqx.Module):
    """A map from free variables z to unknowns u that hold a constraint.

    - `affine`: whether u(z) is, so that linear problems stay linear and densities keep their shape.

    Law: `constrained(free(u)) == u` to rounding for every u that holds the constraint, boundaries
    apart.
    """

    affine: ClassVar[bool] = True

    @abc.abstractmethod
    def free(self, unknowns: PyTree) -> PyTree:
        """The variables z of unknowns u; those of a point nearby where u does not hold it."""

    @abc.abstractmethod
    def constrained(self, free: PyTree) -> PyTree:
        """The unknowns u(z)."""

    @abc.abstractmethod
    def held(self, unknowns: PyTree, held: PyTree | None) -> PyTree | None:
        """Which of the unknowns are not free.

        Arguments:
            unknowns: u(z).
            held: which of z are held for other reasons, in the structure of z; None for none.

        Returns:
            in the structure of u, booleans for every number; None if all are free always.
        """


class Unconstrained(AbstractConstraint):
    """u = z."""

    def free(self, unknowns: PyTree) -> PyTree:
        """The unknowns themselves."""
        return unknowns

    def constrained(self, free: PyTree) -> PyTree:
        """The unknowns themselves."""
        return free

    def held(self, unknowns: PyTree, held: PyTree | None) -> PyTree | None:  # noqa: ARG002
        """Those that are held for other reasons."""
        return held


class Fixed(AbstractConstraint):
    """Some of the arrays are constants, and z is the pytree of the others.

    Arguments:
        values: the constants, None in place of every other leaf.
    """

    values: PyTree

    def free(self, unknowns: PyTree) -> PyTree:
        """The other leaves, None in place of every constant."""
        keep = lambda value, leaf: leaf if value is None else None  # noqa: E731
        return jax.tree.map(keep, self.values, unknowns, is_leaf=lambda leaf: leaf is None)

    def constrained(self, free: PyTree) -> PyTree:
        """All leaves."""
        return eqx.combine(free, self.values)

    def held(self, unknowns: PyTree, held: PyTree | None) -> PyTree:
        """The constants."""
        free = _nowhere(self.free(unknowns)) if held is None else held
        everywhere = jax.tree.map(jnp.logical_not, _nowhere(self.values))
        return eqx.combine(free, everywhere)


class Box(AbstractConstraint):
    """l ≤ u ≤ h, each number by itself; infinite bounds are none.

    With both bounds u = l + (h − l) (1 + sin z) / 2; with one, u = l − 1 + √(1 + z²) or
    u = h + 1 − √(1 + z²). Unlike logarithms, these reach the bound at a finite z, where du/dz = 0:
    a minimum on a bound is a smooth minimum in z. So no solver may start exactly there.

    Source: James and Roos 1975, MINUIT, doi 10.1016/0010-4655(75)90039-9.

    Arguments:
        lower: l, the pytree of the unknowns with None for leaves without bounds.
        upper: h, likewise.
    """

    affine: ClassVar[bool] = False

    lower: PyTree
    upper: PyTree

    def free(self, unknowns: PyTree) -> PyTree:
        """Z of the point, moved just inside where it is on a bound or beyond."""
        return self._map(_free, unknowns)

    def constrained(self, free: PyTree) -> PyTree:
        """u(z)."""
        return self._map(_bounded, free)

    def held(self, unknowns: PyTree, held: PyTree | None) -> PyTree:
        """Those on a bound."""
        none = lambda leaf: leaf is None  # noqa: E731
        held = _nowhere(unknowns) if held is None else held

        def one(lower: Any, upper: Any, leaf: Any, held: Any) -> Any:
            return held if lower is None else held | _on_bound(lower, upper, leaf)

        return jax.tree.map(one, self.lower, self.upper, unknowns, held, is_leaf=none)

    def _map(self, function, tree: PyTree) -> PyTree:
        def of_leaf(lower: ArrayLike | None, upper: ArrayLike | None, leaf: Any) -> Any:
            return leaf if lower is None or upper is None else function(lower, upper, leaf)

        is_none = lambda leaf: leaf is None  # noqa: E731
        return jax.tree.map(of_leaf, self.lower, self.upper, tree, is_leaf=is_none)


def _bounded(
    lower: Float[Array, "..."], upper: Float[Array, "..."], free: Float[Array, "..."]
) -> Float[Array, "..."]:
    # Every branch is computed, so none may be infinite: its derivative would be NaN.
    low, high = _finite(lower), _finite(upper)
    between = low + (high - low) * (1 + jnp.sin(free)) / 2
    beyond = jnp.sqrt(1 + jnp.square(free)) - 1
    return _by_kind(lower, upper, between, low + beyond, high - beyond, free)


def _free(
    lower: Float[Array, "..."], upper: Float[Array, "..."], value: Float[Array, "..."]
) -> Float[Array, "..."]:
    low, high = _finite(lower), _finite(upper)
    width = jnp.where(high > low, high - low, 1)
    share = jnp.clip((value - low) / width, MARGIN, 1 - MARGIN)
    above = jnp.maximum(value - low, MARGIN * jnp.maximum(jnp.abs(low), 1))
    below = jnp.maximum(high - value, MARGIN * jnp.maximum(jnp.abs(high), 1))
    between = jnp.arcsin(2 * share - 1)
    root = lambda distance: jnp.sqrt(distance * (distance + 2))  # noqa: E731
    return _by_kind(lower, upper, between, root(above), root(below), value)


def _nowhere(unknowns: PyTree) -> PyTree:
    """False for every number, None for what holds none."""
    arrays = eqx.filter(unknowns, eqx.is_inexact_array)
    return jax.tree.map(lambda leaf: jnp.zeros(jnp.shape(leaf), bool), arrays)


def _on_bound(
    lower: Float[Array, "..."], upper: Float[Array, "..."], value: Float[Array, "..."]
) -> Bool[Array, "..."]:
    # A bound alone has the length 1 of the change of variables to be measured by.
    both = jnp.isfinite(lower) & jnp.isfinite(upper)
    low, high = _finite(lower), _finite(upper)
    size = jnp.maximum(jnp.maximum(jnp.abs(low), jnp.abs(high)), jnp.where(both, 0, 1))
    near = ON_BOUND_UNITS * jnp.finfo(value.dtype).eps * size
    return (value - lower <= near) | (upper - value <= near)


def _by_kind(
    lower: Array, upper: Array, both: Array, only_lower: Array, only_upper: Array, none: Array
) -> Array:
    has_lower, has_upper = jnp.isfinite(lower), jnp.isfinite(upper)
    one = jnp.where(has_lower, only_lower, jnp.where(has_upper, only_upper, none))
    return jnp.where(has_lower & has_upper, both, one)


def _finite(bound: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.where(jnp.isfinite(bound), bound, 0)
