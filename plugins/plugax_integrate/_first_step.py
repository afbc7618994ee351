"""Step-size control whose first step is given here instead of to `diffeqsolve`.

`diffeqsolve` would check its sign against the direction of time by a call from the program to the
host.
"""

from typing import Any

import diffrax
import equinox as eqx
import jax.numpy as jnp


class FirstStep(diffrax.AbstractStepSizeController):
    """The steps of `controller`, the first of them of length `first`.

    Arguments:
        controller: decides on all other steps.
        first: length of the first step, positive.
    """

    controller: diffrax.AbstractStepSizeController
    first: float = eqx.field(static=True)

    def wrap(self, direction: Any) -> "FirstStep":
        """The control in a given direction of time."""
        return FirstStep(self.controller.wrap(direction), self.first)

    def init(
        self,
        terms: Any,
        t0: Any,
        t1: Any,
        y0: Any,
        dt0: None,  # noqa: ARG002
        args: Any,
        func: Any,
        error_order: Any,
    ) -> Any:
        """The end of the first step, and the controller's state."""
        first = jnp.asarray(self.first, jnp.result_type(t0))
        return self.controller.init(terms, t0, t1, y0, first, args, func, error_order)

    def adapt_step_size(self, *args: Any, **kwargs: Any) -> Any:
        """The decision of `controller`."""
        return self.controller.adapt_step_size(*args, **kwargs)
