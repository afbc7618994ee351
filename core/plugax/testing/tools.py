"""Tools for writing the laws of a kind of problem; the kit's own laws use them too."""

from ._claim import claim as claim
from ._claim import claimed as claimed
from ._compare import ROUNDING as ROUNDING
from ._compare import difference as difference
from ._compare import shapes as shapes
from ._differences import check_slope as check_slope
from ._linearisation import linearisation_checks as linearisation_checks
from ._precision import Trial as Trial
from ._precision import cast as cast
from ._precision import nearby as nearby
from ._precision import trial as trial
from ._problem_numbers import value_and_gradient as value_and_gradient
from ._problem_runs import seed_from as seed_from
from ._references import tried as tried
from ._solver import STEPS as STEPS
