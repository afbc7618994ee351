"""Powell's dogleg: the Gauss–Newton step, or a bent path towards it that ends at a radius.

    s(τ): from 0 to the Cauchy point, then to the Gauss–Newton step; stop where ‖E s‖ = ϱ.

The Cauchy point minimises ‖R s + c‖ down the gradient, in the scaled unknowns E s. Along the path
the linear model decreases and ‖E s‖ grows, so its point at the radius is nearly the best one there.
It takes a few products, while the damped step of Levenberg and Marquardt needs several
factorisations.

The step is written here, for the triangular form of the linearised problem, which the convergence
test needs as well.

Source: Powell 1970, A hybrid method for nonlinear equations, in Rabinowitz, Numerical Methods for
Nonlinear Algebraic Equations; Nocedal and Wright 2006, section 4.1,
doi 10.1007/978-0-387-40065-5.
"""

from typing import ClassVar

import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from ._bounded_least_squares import AbstractTrustRegion, Method
from ._trust_region import BoundedStep


def dogleg_step(
    factor: Float[Array, "n n"],
    projection: Float[Array, " n"],
    weights: Float[Array, " n"],
    radius: Float[Array, ""],
    damping: Float[Array, ""],
) -> BoundedStep:
    """The point of the bent path at the radius, or its end.

    Arguments:
        factor: R, upper triangular.
        projection: c.
        weights: the diagonal of E, positive.
        radius: ϱ, positive.
        damping: λ, of which this step has none.
    """
    # All in the scaled unknowns z = E s.
    newton = -weights * solve_triangular(factor, projection)
    gradient = (factor.T @ projection) / weights
    image = factor @ (gradient / weights)
    square, curvature = gradient @ gradient, image @ image
    cauchy = -gradient * (square / jnp.where(curvature > 0, curvature, 1))
    steepest = jnp.linalg.norm(cauchy)
    early = steepest >= radius
    onward = newton - cauchy
    along, length = cauchy @ onward, onward @ onward
    room = jnp.maximum(radius**2 - steepest**2, 0)
    root = jnp.sqrt(along**2 + length * room)
    part = jnp.where(
        along > 0, room / (along + root), (root - along) / jnp.where(length > 0, length, 1)
    )
    bent = cauchy + jnp.minimum(part, 1) * onward
    short = cauchy * (radius / jnp.where(steepest > 0, steepest, 1))
    bound = ~(jnp.linalg.norm(newton) <= radius)
    scaled = jnp.where(bound, jnp.where(early, short, bent), newton)
    step = scaled / weights
    change = factor @ step
    slope = -projection @ change
    return BoundedStep(
        step=step,
        length=jnp.linalg.norm(scaled),
        damping=jnp.zeros_like(damping),
        bound=bound,
        slope=slope,
        promised=slope - change @ change / 2,
    )


class Dogleg(AbstractTrustRegion):
    """Nonlinear least squares by Powell's dogleg steps within a trust region.

    A step costs less than one of `levenberg-marquardt` if the radius limits it, and is mostly as
    good; `levenberg-marquardt` is more robust if the Jacobian nearly loses rank. The Jacobian is
    dense: made for up to a few thousand unknowns.

    Converged means: at the point where the last step started, the projection P r of the residuals
    onto the range of the Jacobian J was at most `atol + rtol (‖r‖ + ‖J u‖)`; or it was too small to
    change the loss beyond rounding, and the loss no longer decreased; or, after three steps in
    which the loss decreased by rounding at most, the Hessian confirmed a minimum, and the last step
    is Newton's. The radius plays no part in the test, so short steps cannot pass it. The answer is
    the point after that last step. Unknowns held on a bound (`plugax.bounded`) have no part in J.

    Arguments:
        rtol: converged if the residuals r, projected onto the range of the Jacobian J, are at most
            this part of ‖r‖ + ‖J u‖; at least ten units of rounding.
        atol: added to the bound on the projected residuals [the unit of the residuals].
        radius: ϱ of the first step, relative to ‖D u‖ (to ‖r‖ if u = 0), D being the lengths of
            the Jacobian's columns.

    Metrics: `loss`, the problem's own metrics, `relative_offset` (to be compared with `rtol`),
    `step_norm` (‖Δ‖; 0 if every step was refused), `radius` (ϱ after the step, in the unit of the
    residuals), and as running totals: `function_evaluations`, `jacobian_evaluations`.

    Source: Powell 1970, A hybrid method for nonlinear equations, in Rabinowitz, Numerical Methods
    for Nonlinear Algebraic Equations; Nocedal and Wright 2006, doi 10.1007/978-0-387-40065-5.
    """

    method: ClassVar[Method] = staticmethod(dogleg_step)
