"""Constraints as changes of variables: a solver varies z, the problem sees u(z)."""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

# A start on a bound or beyond it is moved inside by this fraction of its length.
MARGIN = 1e-3
# An unknown is on a bound if its distance is at most this many units of rounding of its length.
ON_BOUND_UNITS = 1000


class AbstractConstraint(eqx.Module):
    """A map from free variables z to unknowns u that satisfy a constraint.

    - `affine`: whether u(z) is affine. Then linear problems stay linear, and densities keep their
      shape.

    Law: `constrained(free(u)) == u` to rounding for every u that satisfies the constraint.
    """

    affine: ClassVar[bool] = True

    @abc.abstractmethod
    def free(self, unknowns: PyTree) -> PyTree:
        """The variables z of unknowns u, or of a point nearby if u violates the constraint."""

    def begin(self, unknowns: PyTree) -> PyTree:
        """The variables z to start from, of unknowns u or of a point nearby that suits a solver."""
        return self.free(unknowns)

    @abc.abstractmethod
    def constrained(self, free: PyTree) -> PyTree:
        """The unknowns u(z)."""

    @abc.abstractmethod
    def held(self, unknowns: PyTree, held: PyTree | None) -> PyTree | None:
        """Which of the unknowns are not free.

        Arguments:
            unknowns: u(z).
            held: which of z are held for other reasons, in the structure of z; None if none is.

        Returns:
            a boolean for every number, in the structure of u; None if all are always free.
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
    """Some of the arrays are constants; z is the pytree of the others.

    Arguments:
        values: the constants, with None in place of every other leaf.
    """

    values: PyTree

    def free(self, unknowns: PyTree) -> PyTree:
        """The other leaves, with None in place of every constant."""
        keep = lambda value, leaf: leaf if value is None else None  # noqa: E731
        return jax.tree.map(keep, self.values, unknowns, is_leaf=lambda leaf: leaf is None)

    def constrained(self, free: PyTree) -> PyTree:
        """All leaves."""
        return eqx.combine(free, self.values)

    def held(self, unknowns: PyTree, held: PyTree | None) -> PyTree:
        """The constants."""
        free = _all_false(self.free(unknowns)) if held is None else held
        everywhere = jax.tree.map(jnp.logical_not, _all_false(self.values))
        return eqx.combine(free, everywhere)


class Box(AbstractConstraint):
    """l ≤ u ≤ h for each number separately; an infinite l or h is no bound.

    With both bounds u = l + (h − l) sin² (z/2); with one, u = l + s (√(1 + z²) − 1) or
    u = h − s (√(1 + z²) − 1). The length s is, for example, the distance of the start from the
    bound. At distances much smaller than s, z varies as the square root of the distance from the
    bound; at much larger ones, as the distance itself. Unlike a logarithm, these functions reach
    the bound at a finite z, where du/dz = 0, so a minimum on a bound is a smooth minimum in z. For
    the same reason no solver may start exactly on a bound.

    Source: James and Roos 1975, MINUIT, doi 10.1016/0010-4655(75)90039-9.

    Arguments:
        lower: l, in the pytree of the unknowns, with None for leaves without bounds.
        upper: h, in the pytree of the unknowns, with None for leaves without bounds.
        length: s > 0, in the pytree of the unknowns, with None for leaves without bounds.
    """

    affine: ClassVar[bool] = False

    lower: PyTree
    upper: PyTree
    length: PyTree

    @classmethod
    def around(cls, start: PyTree, lower: PyTree, upper: PyTree) -> "Box":
        """The box whose lengths are the distances of a start from the bounds."""
        none = lambda leaf: leaf is None  # noqa: E731
        of_leaf = lambda low, high, leaf: None if low is None else _lengths(low, high, leaf)  # noqa: E731
        return cls(lower, upper, jax.tree.map(of_leaf, lower, upper, start, is_leaf=none))

    def free(self, unknowns: PyTree) -> PyTree:
        """z(u); for numbers beyond a bound, z of the bound."""
        return self._map(_to_free, unknowns)

    def begin(self, unknowns: PyTree) -> PyTree:
        """z(u); for numbers on a bound or beyond it, z of a point just inside."""
        return self._map(_to_free, self._map(_inside, unknowns))

    def constrained(self, free: PyTree) -> PyTree:
        """u(z)."""
        return self._map(_to_bounded, free)

    def held(self, unknowns: PyTree, held: PyTree | None) -> PyTree:
        """The unknowns on a bound, and those that are held for other reasons."""
        none = lambda leaf: leaf is None  # noqa: E731
        held = _all_false(unknowns) if held is None else held

        def one(lower: Any, upper: Any, length: Any, leaf: Any, held: Any) -> Any:
            return held if lower is None else held | _on_bound(lower, upper, length, leaf)

        return jax.tree.map(one, self.lower, self.upper, self.length, unknowns, held, is_leaf=none)

    def _map(self, function, tree: PyTree) -> PyTree:
        def of_leaf(lower: Any, upper: Any, length: Any, leaf: Any) -> Any:
            return leaf if lower is None else function(lower, upper, length, leaf)

        is_none = lambda leaf: leaf is None  # noqa: E731
        return jax.tree.map(of_leaf, self.lower, self.upper, self.length, tree, is_leaf=is_none)


def _lengths(
    lower: Float[Array, "..."], upper: Float[Array, "..."], start: Float[Array, "..."]
) -> Float[Array, "..."]:
    """The distance of a start from the nearest bound; if it is not inside, a substitute."""
    finite = lambda bound: jnp.where(jnp.isfinite(bound), jnp.abs(bound), 0)  # noqa: E731
    size = jnp.maximum(finite(lower), finite(upper))
    inside = jnp.minimum(start - lower, upper - start)
    rounding = ON_BOUND_UNITS * jnp.finfo(start.dtype).eps * size
    away = (inside > rounding) & jnp.isfinite(inside)
    # On a bound: the size of the bound; if that is zero, the mean distance of the other numbers,
    # or 1.
    usual = jnp.sum(jnp.where(away, inside, 0)) / jnp.maximum(jnp.sum(away.astype(size.dtype)), 1)
    size = jnp.where(size > 0, size, jnp.where(usual > 0, usual, 1))
    return jnp.where(away, inside, jnp.minimum(size, upper - lower))


def _to_bounded(
    lower: Float[Array, "..."],
    upper: Float[Array, "..."],
    length: Float[Array, "..."],
    free: Float[Array, "..."],
) -> Float[Array, "..."]:
    # Every branch is computed, so none may be infinite: the derivative would be NaN.
    low, high = _finite(lower), _finite(upper)
    between = low + (high - low) * jnp.square(jnp.sin(free / 2))
    # √(1 + z²) − 1, without loss of digits for small z.
    square = jnp.square(free)
    beyond = length * square / (1 + jnp.sqrt(1 + square))
    return _by_kind(lower, upper, between, low + beyond, high - beyond, free)


def _to_free(
    lower: Float[Array, "..."],
    upper: Float[Array, "..."],
    length: Float[Array, "..."],
    value: Float[Array, "..."],
) -> Float[Array, "..."]:
    low, high = _finite(lower), _finite(upper)
    width = jnp.where(high > low, high - low, 1)
    above, below = jnp.maximum(value - low, 0), jnp.maximum(high - value, 0)
    # From the nearer bound, where the sine and its rounding are small.
    near = 2 * jnp.arcsin(jnp.sqrt(jnp.minimum(jnp.minimum(above, below) / width, 0.5)))
    between = jnp.where(above <= below, near, jnp.pi - near)
    root = lambda distance: jnp.sqrt(distance / length * (distance / length + 2))  # noqa: E731
    return _by_kind(lower, upper, between, root(above), root(below), value)


def _inside(
    lower: Float[Array, "..."],
    upper: Float[Array, "..."],
    length: Float[Array, "..."],
    value: Float[Array, "..."],
) -> Float[Array, "..."]:
    least = MARGIN * length
    value = jnp.where(value - lower > 0, value, lower + least)
    return jnp.where(upper - value > 0, value, upper - least)


def _all_false(unknowns: PyTree) -> PyTree:
    """False for every number of a floating-point array, None for every other leaf."""
    arrays = eqx.filter(unknowns, eqx.is_inexact_array)
    return jax.tree.map(lambda leaf: jnp.zeros(jnp.shape(leaf), bool), arrays)


def _on_bound(
    lower: Float[Array, "..."],
    upper: Float[Array, "..."],
    length: Float[Array, "..."],
    value: Float[Array, "..."],
) -> Bool[Array, "..."]:
    near = ON_BOUND_UNITS * jnp.finfo(value.dtype).eps
    on = lambda bound: jnp.abs(value - bound) <= near * jnp.maximum(jnp.abs(bound), length)  # noqa: E731
    return on(lower) & jnp.isfinite(lower) | on(upper) & jnp.isfinite(upper)


def _by_kind(
    lower: Array, upper: Array, both: Array, only_lower: Array, only_upper: Array, none: Array
) -> Array:
    has_lower, has_upper = jnp.isfinite(lower), jnp.isfinite(upper)
    one = jnp.where(has_lower, only_lower, jnp.where(has_upper, only_upper, none))
    return jnp.where(has_lower & has_upper, both, one)


def _finite(bound: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.where(jnp.isfinite(bound), bound, 0)
