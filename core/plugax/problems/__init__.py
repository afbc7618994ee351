"""Problems define the unknowns, and how well a candidate explains the data."""

from ._constrained import Constrained as Constrained
from ._constrained import constrained as constrained
from ._constraint import AbstractConstraint as AbstractConstraint
from ._constraint import Box as Box
from ._constraint import Fixed as Fixed
from ._constraint import Unconstrained as Unconstrained
from ._least_squares import AbstractLeastSquares as AbstractLeastSquares
from ._least_squares import AbstractLinearLeastSquares as AbstractLinearLeastSquares
from ._log_density import AbstractLogDensity as AbstractLogDensity
from ._problem import AbstractProblem as AbstractProblem
from ._problem import Metrics as Metrics
from ._stateful import AbstractStatefulProblem as AbstractStatefulProblem
from ._stateful import Stateful as Stateful
from ._stateful import free_of as free_of
from ._stateful import loss_and_state as loss_and_state
from ._stateful import put_together as put_together
from ._unknowns import check_unknowns as check_unknowns
from ._variant import AbstractVariant as AbstractVariant
from ._variant import variant as variant
from ._variants import bounded as bounded
from ._variants import fixed as fixed
from ._variants import stack_starts as stack_starts
from ._variants import starting_at as starting_at
from ._variation import origin_and_variations as origin_and_variations
from ._variation_data import describe_variations as describe_variations
from ._variation_data import rebuild_variations as rebuild_variations
