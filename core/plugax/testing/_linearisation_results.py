"""What the tests of derivatives found."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class TangentLinear:
    """What the tangent-linear test found.

    Attributes:
        steps: ε.
        ratios: ‖f(x + ε v) − f(x)‖ / ‖ε M v‖.
        errors: ‖f(x + ε v) − f(x) − ε M v‖ / ‖ε M v‖.
        slope: of the errors in ε where rounding does not rule, 1 as a rule; NaN if it rules
            everywhere, as for a function that is linear.
    """

    steps: np.ndarray
    ratios: np.ndarray
    errors: np.ndarray
    slope: float

    def __str__(self) -> str:
        best = self.errors.argmin()
        return f"error {self.errors[best]:.0e} at ε {self.steps[best]:.0e}, {_shown(self.slope)}"


@dataclasses.dataclass(frozen=True)
class Adjoint:
    """What the adjoint test found.

    Attributes:
        forward: ⟨M v, w⟩.
        reverse: ⟨v, Mᵀ w⟩.
        difference: between them, as a fraction of their size.
    """

    forward: float
    reverse: float
    difference: float

    def __str__(self) -> str:
        return f"difference {self.difference:.0e}"


@dataclasses.dataclass(frozen=True)
class Taylor:
    """What the Taylor test found.

    Attributes:
        steps: ε.
        remainders: |J(x + ε v) − J(x) − ε ∇J·v|.
        slope: of their logarithms where rounding does not rule, 2 as a rule; NaN if it rules
            everywhere, as for a function that is linear.
    """

    steps: np.ndarray
    remainders: np.ndarray
    slope: float

    def __str__(self) -> str:
        return _shown(self.slope)


def _shown(slope: float) -> str:
    return "linear to rounding" if np.isnan(slope) else f"slope {slope:.3f}"
