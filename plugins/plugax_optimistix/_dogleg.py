"""Powell's dogleg: the Gauss–Newton step, or a bent path towards it that ends at a radius.

    s(τ): from 0 to the Cauchy point, then to the Gauss–Newton step; stop where ‖E s‖ = ϱ.

The Cauchy point is where ‖R s + c‖ is least down the gradient, in the scaled unknowns E s. Along
the path the linear model falls and ‖E s‖ grows, so its point at the radius is nearly the best one
there: a few products instead of the factorisations that the damped step of Levenberg and Marquardt
needs.

The step is our own, on the triangular form of the linearised problem, rather than optimistix's,
whose state cannot be saved.

Source: Powell 1970, A hybrid method for nonlinear equations, in Rabinowitz, Numerical Methods for
Nonlinear Algebraic Equations; Nocedal and Wright 2006, section 4.1,
doi 10.1007/978-0-387-40065-5.
"""

import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from ._bounded_least_squares import AbstractTrustRegion
from ._trust_region import BoundedStep


class Dogleg(AbstractTrustRegion):
    """Nonlinear least squares by Powell's dogleg steps within a trust region.

    Cheaper a step than `levenberg-marquardt` where the region binds, and mostly as good; that one
    is the more robust where the Jacobian nearly loses rank. The Jacobian is dense: made for up to a
    few thousand unknowns.

    Converged means: at the point the last step started from, the projection P r of the residuals
    onto the range of the Jacobian J was at most `atol + rtol (‖r‖ + ‖J u‖)`; or it was below what
    rounding lets the loss resolve and the loss no longer decreased; or, after three steps that did
    not decrease it but by rounding, the Hessian says that this is a minimum; the last step is then
    Newton's. The radius plays no part in the test, so short steps cannot pass it. The step has been
    taken on top of that. Unknowns on a bound (`plugax.bounded`) that the loss would have them cross
    have no part in J.

    Arguments:
        rtol: converged if the residuals r, projected onto the range of the Jacobian J, are at most
            this part of ‖r‖ + ‖J u‖; ten units of rounding at least.
        atol: added to that bound on the projected residuals [the unit of the residuals].
        radius: ϱ of the first step, relative to ‖D u‖ (to ‖r‖ where u = 0), D being the lengths of
            the Jacobian's columns.

    Metrics: `loss`, the problem's own, `relative_offset` (what `rtol` is compared with),
    `step_norm` (‖Δ‖; 0 where every step was refused), `radius` (ϱ after it, in the unit of the
    residuals), and so far: `function_evaluations`, `jacobian_evaluations`.

    Source: Powell 1970, A hybrid method for nonlinear equations, in Rabinowitz, Numerical Methods
    for Nonlinear Algebraic Equations; Nocedal and Wright 2006, doi 10.1007/978-0-387-40065-5.
    """

    def bounded_step(
        self,
        factor: Float[Array, "n n"],
        projection: Float[Array, " n"],
        weights: Float[Array, " n"],
        radius: Float[Array, ""],
        damping: Float[Array, ""],  # noqa: ARG002 - this step has none
    ) -> BoundedStep:
        """The point of the bent path at the radius, or its end."""
        return dogleg_step(factor, projection, weights, radius)


def dogleg_step(
    factor: Float[Array, "n n"],
    projection: Float[Array, " n"],
    weights: Float[Array, " n"],
    radius: Float[Array, ""],
) -> BoundedStep:
    """The point of the bent path at the radius, or its end.

    Arguments:
        factor: R, upper triangular.
        projection: c.
        weights: the diagonal of E, positive.
        radius: ϱ, positive.
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
        damping=jnp.zeros_like(radius),
        bound=bound,
        slope=slope,
        promised=slope - change @ change / 2,
    )
