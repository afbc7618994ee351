"""The factories that are registered: one for every method of optimistix, with its own options.

Three classes of optimistix are left out. `GoldenSearch` needs an interval, which no problem has;
`OptaxMinimiser` is the solver `gradient`; `BestSoFarMinimiser` and `BestSoFarLeastSquares` are
wrappers.
"""

from collections.abc import Callable
from typing import Any

import optimistix as optx

from ._least_squares import LeastSquares
from ._minimiser import Minimiser
from ._options import docstring_of, signature_of


def _factory(
    kind: type[Minimiser] | type[LeastSquares], method: type
) -> Callable[..., Minimiser | LeastSquares]:
    """The function that makes a solver of one method from its options."""

    def factory(**options: Any) -> Any:
        return kind(method, **options)

    factory.__name__ = factory.__qualname__ = method.__name__
    factory.__doc__ = docstring_of(method)
    factory.__signature__ = signature_of(method)  # pyright: ignore[reportFunctionMemberAccess]
    factory.__annotations__["return"] = kind
    return factory


bfgs = _factory(Minimiser, optx.BFGS)
dfp = _factory(Minimiser, optx.DFP)
lbfgs = _factory(Minimiser, optx.LBFGS)
nonlinear_cg = _factory(Minimiser, optx.NonlinearCG)
gradient_descent = _factory(Minimiser, optx.GradientDescent)
nelder_mead = _factory(Minimiser, optx.NelderMead)
gauss_newton = _factory(LeastSquares, optx.GaussNewton)
levenberg_marquardt = _factory(LeastSquares, optx.LevenbergMarquardt)
indirect_levenberg_marquardt = _factory(LeastSquares, optx.IndirectLevenbergMarquardt)
dogleg = _factory(LeastSquares, optx.Dogleg)
