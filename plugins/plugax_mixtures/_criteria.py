"""How many components: criteria of fits with different numbers of them.

    AIC = 2 p − 2 ℓ,    BIC = p log n − 2 ℓ,    ICL = BIC − 2 Σ r log r,

p the number of parameters, r the responsibilities; the smallest is the best. BIC finds the number
of normal components that the density needs; ICL the number of groups that are apart from each
other.

Sources: Schwarz 1978, doi 10.1214/aos/1176344136; Biernacki, Celeux and Govaert 2000, doi
10.1109/34.865189.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from plugax import PlugaxError, Population


class Criteria(NamedTuple):
    """The criteria for each number of components; NaN if every run of that number failed.

    Attributes:
        components: how many, increasing.
        log_likelihood: of the best fit.
        aic: Akaike's criterion.
        bic: Schwarz's.
        icl: the integrated completed likelihood, as a criterion.
    """

    components: Int[np.ndarray, " numbers"]
    log_likelihood: Float[np.ndarray, " numbers"]
    aic: Float[np.ndarray, " numbers"]
    bic: Float[np.ndarray, " numbers"]
    icl: Float[np.ndarray, " numbers"]

    def best(self, by: str = "bic") -> int:
        """The number of components with the smallest criterion.

        Arguments:
            by: `"bic"`, `"icl"` or `"aic"`.

        Errors: `PlugaxError` for another name, or if all runs failed.
        """
        if by not in ("aic", "bic", "icl"):
            raise PlugaxError(f"by must be 'bic', 'icl' or 'aic'; got {by!r}.")
        values = getattr(self, by)
        if np.isnan(values).all():
            raise PlugaxError("All runs failed, so there is nothing to choose from.")
        return int(self.components[np.nanargmin(values)])


def criteria_of(populations: Iterable[Population]) -> Criteria:
    """The criteria of a sweep over `problem.components`, of the best member for each number.

    Members that failed, as those do in which a component collapsed, do not count.

    Arguments:
        populations: `px.sweep(…, over={"problem.components": range(1, 7)})`.

    Errors: `PlugaxError` if the problem is no mixture.
    """
    rows: dict[int, Any] = {}
    for population in populations:
        number = getattr(
            population.member(**dict.fromkeys(population.swept, 0)).problem, "components", None
        )
        if number is None or "icl" not in population.metrics:
            raise PlugaxError(
                "criteria_of takes a sweep of a mixture over problem.components; got one of "
                f"{type(population.problem).__name__}."
            )
        rows[int(number)] = _best(population)
    order = sorted(rows)
    values = np.asarray([rows[number] for number in order]).T
    return Criteria(np.asarray(order), *values)


def _best(population: Population) -> list[float]:
    names = ("log_likelihood", "aic", "bic", "icl")
    try:
        best = population.best()
    except PlugaxError:
        return [np.nan] * len(names)
    return [float(best.metrics[name]) for name in names]
