"""The results of the tests of derivatives."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class TangentLinear:
    """The result of the tangent-linear test.

    Attributes:
        steps: ε.
        ratios: ‖f(x + ε v) − f(x)‖ / ‖ε M v‖.
        errors: ‖f(x + ε v) − f(x) − ε M v‖ / ‖ε M v‖.
        slope: the order of the errors in ε where rounding does not dominate, usually 1; NaN if it
            dominates everywhere, as for a linear function.
    """

    steps: np.ndarray
    ratios: np.ndarray
    errors: np.ndarray
    slope: float

    def __str__(self) -> str:
        best = self.errors.argmin()
        return f"error {self.errors[best]:.0e} at ε {self.steps[best]:.0e}, {_describe(self.slope)}"


@dataclasses.dataclass(frozen=True)
class Adjoint:
    """The result of the adjoint test.

    Attributes:
        forward: ⟨M v, w⟩.
        reverse: ⟨v, Mᵀ w⟩.
        difference: the difference between them, as a fraction of their size.
    """

    forward: float
    reverse: float
    difference: float

    def __str__(self) -> str:
        return f"difference {self.difference:.0e}"


@dataclasses.dataclass(frozen=True)
class Taylor:
    """The result of the Taylor test.

    Attributes:
        steps: ε.
        remainders: |J(x + ε v) − J(x) − ε ∇J·v|.
        slope: the order of the remainders in ε where rounding does not dominate, usually 2; NaN if
            it dominates everywhere, as for a linear function.
    """

    steps: np.ndarray
    remainders: np.ndarray
    slope: float

    def __str__(self) -> str:
        return _describe(self.slope)


def _describe(slope: float) -> str:
    return "linear to rounding" if np.isnan(slope) else f"slope {slope:.3f}"
