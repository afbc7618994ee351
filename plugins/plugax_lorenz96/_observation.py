"""Observation operators: which variables are observed, and through which instrument.

An instrument is a smooth function of one variable. The nonlinear ones are scaled so that their
values have the size of Lorenz96's variables, which are mostly between −8 and 13.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from plugax import PlugaxError

from ._check import check_whole

Instrument = Literal["identity", "arctan", "square"]
Observe = Literal["all", "every-kth", "random"]

_INSTRUMENTS = {
    "identity": lambda x: x,
    "arctan": lambda x: 5 * jnp.arctan(x / 5),  # saturates
    "square": lambda x: x**2 / 10,  # hides the sign, blind at 0
}


def check_instrument(instrument: str) -> None:
    """Raise `PlugaxError` if there is no such instrument."""
    if instrument not in _INSTRUMENTS:
        raise PlugaxError(
            f"instrument must be one of {', '.join(map(repr, _INSTRUMENTS))}; got {instrument!r}."
        )


def _as_indices(value: ArrayLike | Sequence[int]) -> Int[Array, " observed"]:
    """Whole numbers of one dtype in both precisions, so that a problem can be used in either."""
    return jnp.asarray(value, "int32")


class ObserveEveryKth(eqx.Module):
    """Observes the variables 0, k, 2k, … through an instrument.

    Arguments:
        stride: k; 1 observes all variables.
        instrument: what is measured of a variable x: x itself ("identity"), 5 arctan(x / 5),
            or x² / 10 ("square").
    """

    stride: int = eqx.field(static=True, default=1)
    instrument: Instrument = eqx.field(static=True, default="identity")

    def __check_init__(self):
        check_instrument(self.instrument)
        check_whole("The stride", self.stride, 1)

    def __call__(
        self,
        t: float | Float[Array, ""],  # noqa: ARG002 - the same at all times
        x: Float[Array, " state"],
    ) -> Float[Array, " observed"]:
        """What is observed of the state x."""
        seen = x if self.stride == 1 else x[:: self.stride]
        return _INSTRUMENTS[self.instrument](seen)

    def variables(self, size: int) -> np.ndarray:
        """The indices of the observed variables of a state, in the order of the observations."""
        return np.arange(0, size, self.stride)


class ObserveFirst(eqx.Module):
    """Observes the first variables of a state.

    Arguments:
        count: how many.
    """

    count: int = eqx.field(static=True)

    def __check_init__(self):
        check_whole("count", self.count, 1)

    def __call__(
        self,
        t: float | Float[Array, ""],  # noqa: ARG002 - the same at all times
        x: Float[Array, " state"],
    ) -> Float[Array, " observed"]:
        """What is observed of the state x."""
        return x[: self.count]


class ObserveSubset(eqx.Module):
    """Observes the variables of a list, through an instrument.

    Arguments:
        indices: the indices of the variables, in the order of the observations.
        instrument: what is measured of a variable x: x itself ("identity"), 5 arctan(x / 5),
            or x² / 10 ("square").
    """

    indices: Int[Array, " observed"] = eqx.field(converter=_as_indices)
    instrument: Instrument = eqx.field(static=True, default="identity")

    def __check_init__(self):
        check_instrument(self.instrument)

    def __call__(
        self,
        t: float | Float[Array, ""],  # noqa: ARG002 - the same at all times
        x: Float[Array, " state"],
    ) -> Float[Array, " observed"]:
        """What is observed of the state x."""
        return _INSTRUMENTS[self.instrument](x[self.indices])

    def variables(self, size: int) -> np.ndarray:  # noqa: ARG002 - they are known
        """The indices of the observed variables, in the order of the observations."""
        return np.asarray(self.indices)


def observation_operator(
    dim: int,
    observe: str,
    *,
    stride: int,
    count: int | None,
    instrument: Instrument,
    permuted: Callable[[], Any],
) -> ObserveEveryKth | ObserveSubset:
    """The observation operator that the options of a problem describe.

    Arguments:
        dim: number of variables.
        observe: which variables are observed.
        stride: k, of every-kth.
        count: how many variables, with random; None for half of them.
        instrument: what is measured of a variable x: x itself ("identity"), 5 arctan(x / 5),
            or x² / 10 ("square").
        permuted: draws a random order of the variables, the first of which are observed.

    Errors: `PlugaxError` for an option outside its range.
    """
    if observe == "all":
        return ObserveEveryKth(1, instrument)
    if observe == "every-kth":
        check_whole("observe_stride", stride, 1, dim)
        return ObserveEveryKth(stride, instrument)
    if observe == "random":
        count = dim // 2 if count is None else count
        check_whole("observe_count", count, 1, dim)
        return ObserveSubset(jnp.sort(jnp.asarray(permuted()[:count])), instrument)
    raise PlugaxError(f"observe is 'all', 'every-kth' or 'random'; got {observe!r}.")
