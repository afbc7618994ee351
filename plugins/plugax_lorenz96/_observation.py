"""Observation operators: which variables are seen, and through which instrument.

An instrument is a smooth function of one variable. The nonlinear ones are scaled so that they give
numbers of the size of Lorenz96's variables, which mostly lie between −8 and 13.
"""

from typing import Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

Instrument = Literal["identity", "arctan", "square"]

_INSTRUMENTS = {
    "identity": lambda x: x,
    "arctan": lambda x: 5 * jnp.arctan(x / 5),  # saturates
    "square": lambda x: x**2 / 10,  # hides the sign, blind at 0
}


def check_instrument(instrument: str) -> None:
    """Raise where there is no such instrument."""
    if instrument not in _INSTRUMENTS:
        raise ValueError(
            f"An instrument is one of {', '.join(map(repr, _INSTRUMENTS))}; got {instrument!r}."
        )


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
        if self.stride < 1:
            raise ValueError(f"The stride must be at least 1; got {self.stride}.")

    def __call__(self, x: Float[Array, " state"]) -> Float[Array, " observed"]:
        """What is observed of the state x."""
        seen = x if self.stride == 1 else x[:: self.stride]
        return _INSTRUMENTS[self.instrument](seen)


class ObserveSubset(eqx.Module):
    """Observes the variables of a list, through an instrument.

    Arguments:
        indices: which variables, in the order of the observations.
        instrument: as in `ObserveEveryKth`.
    """

    indices: Int[Array, " observed"] = eqx.field(converter=jnp.asarray)
    instrument: Instrument = eqx.field(static=True, default="identity")

    def __check_init__(self):
        check_instrument(self.instrument)

    def __call__(self, x: Float[Array, " state"]) -> Float[Array, " observed"]:
        """What is observed of the state x."""
        return _INSTRUMENTS[self.instrument](x[self.indices])
