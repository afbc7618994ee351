"""Tools for writing the laws of a kind of problem; the kit's own laws use them too."""

from .claims._claim import claim as claim
from .claims._claim import claimed as claimed
from .claims._compare import ROUNDING as ROUNDING
from .claims._compare import difference as difference
from .claims._compare import shapes as shapes
from .claims._differences import check_slope as check_slope
from .claims._precision import Trial as Trial
from .claims._precision import cast as cast
from .claims._precision import nearby as nearby
from .claims._precision import trial as trial
from .kinds._references import tried as tried
from .problems._linearisation import linearisation_checks as linearisation_checks
from .problems._numbers import value_and_gradient as value_and_gradient
from .problems._runs import seed_from as seed_from
from .solvers._steps import STEPS as STEPS
