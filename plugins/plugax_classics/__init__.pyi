# What `plugax_classics` exports, each name imported on first use.

from ._classic import Classic as Classic
from ._classic import Minimum as Minimum
from ._more_garbow_hillstrom import MoreGarbowHillstrom as MoreGarbowHillstrom
from ._table import CLASSICS as CLASSICS
