"""The schemes of diffrax's adaptive solvers in fixed steps: their tableaus, without their loops.

They have a file of their own, since diffrax is slow to import.
"""

from typing import Any

import diffrax

from ._fixed import factory_of
from ._tableau import Tableau


def _from_diffrax(name: str, title: str, order: int, solver: Any) -> Tableau:
    """The scheme that `solver` advances with.

    Trailing stages of weight zero are only for the error estimate, and are left out.
    """
    tableau = solver.tableau
    b = [float(weight) for weight in tableau.b_sol]
    while b[-1] == 0:
        b.pop()
    rows = ((), *(tuple(map(float, row)) for row in tableau.a_lower))
    return Tableau(name, title, order, rows[: len(b)], tuple(b))


tsit5 = factory_of(
    _from_diffrax(
        "tsit5",
        "Tsitouras' scheme in fixed steps: order 5, 6 stages (Tsitouras, Comput. Math. Appl. 62, "
        "2011, doi:10.1016/j.camwa.2011.06.002).",
        5,
        diffrax.Tsit5,
    )
)
dopri5 = factory_of(
    _from_diffrax(
        "dopri5",
        "Dormand and Prince's scheme in fixed steps: order 5, 6 stages (Dormand and Prince, "
        "J. Comput. Appl. Math. 6, 1980, doi:10.1016/0771-050X(80)90013-3).",
        5,
        diffrax.Dopri5,
    )
)
dopri8 = factory_of(
    _from_diffrax(
        "dopri8",
        "Prince and Dormand's scheme in fixed steps: order 8, 13 stages (Prince and Dormand, "
        "J. Comput. Appl. Math. 7, 1981, doi:10.1016/0771-050X(81)90010-3).",
        8,
        diffrax.Dopri8,
    )
)
