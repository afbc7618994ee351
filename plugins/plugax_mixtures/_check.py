"""Checks of the options of a mixture."""

from plugax import PlugaxError

from ._forms import FORMS

STARTS = ("mixed", "k-means", "random")


def check_mixture(components: int, covariance: str, start: str, least_spread: float) -> None:
    """Raise unless there is such a mixture.

    Arguments:
        components: K.
        covariance: the form of the covariances.
        start: how the first components are drawn.
        least_spread: of a component, relative to that of all data.

    Errors: `PlugaxError`.
    """
    if components < 1:
        raise PlugaxError(f"components is a number of 1 or more; got {components}.")
    for name, value, known in (("covariance", covariance, FORMS), ("start", start, STARTS)):
        if value not in known:
            raise PlugaxError(f"{name} must be one of {', '.join(known)}; got {value!r}.")
    if not 0 <= least_spread < 1:
        raise PlugaxError(f"least_spread must be at least 0 and less than 1; got {least_spread:g}.")
