"""Which cycles count, to the rounding of their times."""

import numpy as np
from jaxtyping import Bool, Float

# The rounding of a time that was added up or multiplied, and converted to single precision.
SPACINGS = 4


def after_burn_in(time: Float[np.ndarray, " times"], burn_in: float) -> Bool[np.ndarray, " times"]:
    """Whether each time is after the burn-in by more than rounding.

    The tolerance follows from the precision of the times and from the last of them: if the times
    are k Δ, the one equal to the burn-in may be rounded to a slightly later value.
    """
    last = np.max(np.abs(time), initial=abs(burn_in))
    return time - burn_in > SPACINGS * np.spacing(last.astype(time.dtype))
