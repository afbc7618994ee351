"""Windows of observation times that begin at the start of the series and grow to their length."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from plugax import AbstractData
from plugax_state_space import Cycle


class GrowingWindows(AbstractData):
    """Step i sees the last l of the first (i + 1) s cycles, or all of them while there are fewer.

    A window always has l cycles. Cycles before the start of the series have the duration 0, and
    their other values have no meaning. The only other cycle with this duration is the first one, if
    its observations are made at the start. Cycles after the last whole shift are never used.

    Arguments:
        cycles: the cycles of all observation times.
        length: l, the number of cycles in a window.
        shift: s, the number of new cycles in every window, at most l.
    """

    cycles: Cycle
    length: int = eqx.field(static=True)
    shift: int = eqx.field(static=True)

    @property
    def steps(self) -> int:
        """The number of windows."""
        return len(self.cycles.time) // self.shift

    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> PyTree:  # noqa: ARG002
        """Nothing to prepare."""
        return ()

    def next(
        self,
        cursor: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002
        step: Int[Array, ""],
    ) -> tuple[Cycle, PyTree]:
        """The window of step number `step`."""
        number = (step + 1) * self.shift - self.length + jnp.arange(self.length, dtype=step.dtype)
        window = jax.tree.map(lambda leaf: leaf[jnp.maximum(number, 0)], self.cycles)
        duration = jnp.where(number < 0, 0, window.duration)
        return dataclasses.replace(window, duration=duration), cursor
