"""All 35 problems, by name, in the order of Moré, Garbow and Hillstrom."""

from ._chebyquad import CHEBYQUAD
from ._classic import Classic
from ._equations import EQUATIONS
from ._four_unknowns import FOUR_UNKNOWNS
from ._linear import LINEAR
from ._three_unknowns import THREE_UNKNOWNS
from ._two_unknowns import TWO_UNKNOWNS
from ._variable import VARIABLE

_ALL = TWO_UNKNOWNS | THREE_UNKNOWNS | FOUR_UNKNOWNS | VARIABLE | EQUATIONS | LINEAR | CHEBYQUAD

CLASSICS: dict[str, Classic] = dict(sorted(_ALL.items(), key=lambda item: item[1].number))
"""The problem of every name."""
