"""Which cycles count, to the rounding of their times."""

import numpy as np
from jaxtyping import Bool, Float

# The rounding of a time that was added up or multiplied, and converted to single precision.
SPACINGS = 4


def after_burn_in(time: Float[np.ndarray, " times"], burn_in: float) -> Bool[np.ndarray, " times"]:
    """Whether each time is after the burn-in by more than rounding.

    Rounding is told from the precision of the times and the last of them: where those are k Δ, the
    one that equals the burn-in may come out a little later.
    """
    last = np.max(np.abs(time), initial=abs(burn_in))
    return time - burn_in > SPACINGS * np.spacing(last.astype(time.dtype))
