"""The extended Kalman filter, in square-root form."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractSolver
from plugax_state_space import AbstractCovariance, AbstractStateSpace, Cycle

from ._background import positive
from ._ensemble import as_unknowns
from ._options import check_choice
from ._rows import Row, forecast_row, misfit_row
from .scores._state_metrics import KEEP_MEAN, KeepMean, state_metrics
from .scores._verification import Metrics
from .scores._verified import verified_row

Root = Float[Array, "columns state"]
"""Sᵀ, with P = S Sᵀ: the columns of S as rows."""


class Estimate(eqx.Module):
    """A state and the covariance of its errors.

    Attributes:
        mean: m.
        root: Sᵀ, with P = S Sᵀ.
    """

    mean: Row
    root: Root


class ExtendedKalmanFilter(AbstractSolver[AbstractStateSpace, Estimate]):
    """Extended Kalman filter; one step is one cycle.

        m_f = M(m),  P_f = λ^τ M' P M'ᵀ + Q
        m = m_f + K (y − H(m_f)),  P = (I − K H') P_f,  K = P_f H'ᵀ (H' P_f H'ᵀ + R)⁻¹

    M' is the derivative of the model at m, H' that of the observation operator at m_f, and τ the
    time since the previous observations, so λ is the inflation per unit of model time. With
    P_f = S Sᵀ and Y = R^{-½} H' S the analysis has the root S C^{-ᵀ}, C Cᵀ = I + Yᵀ Y. Only a root
    of P is stored, so P stays symmetric and positive semi-definite, and no inverse of R is formed.

    Time grows as the cube of the number of variables, memory as its square.

    Law: with linear M and H, and λ = 1, it is the Kalman filter.

    Arguments:
        inflation: λ, the factor for the covariance per unit of model time.
        keep: whether the analysis goes into the history.

    Source: A. H. Jazwinski, Stochastic processes and filtering theory (1970), chapter 8; R. N.
    Miller, M. Ghil and F. Gauthiez, J. Atmos. Sci. 51 (1994),
    doi 10.1175/1520-0469(1994)051<1037:ADAISN>2.0.CO;2.
    """

    requires: ClassVar = AbstractStateSpace

    inflation: Float[Array, ""] = eqx.field(converter=positive, default=10.0)
    keep: KeepMean = eqx.field(static=True, default="mean")

    def __check_init__(self):
        check_choice("keep", self.keep, KEEP_MEAN)

    def init(
        self,
        problem: AbstractStateSpace,
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn
    ) -> Estimate:
        """The initial distribution, around the mean that was given."""
        mean = ravel_pytree(unknowns)[0]
        return Estimate(mean, square(columns_of(problem.initial.covariance, mean)))

    def step(
        self,
        problem: AbstractStateSpace,
        state: Estimate,
        batch: Cycle,
        key: PRNGKeyArray,  # noqa: ARG002
    ) -> tuple[Estimate, Metrics]:
        """One cycle."""
        mean, push = jax.linearize(lambda row: forecast_row(problem, row, batch), state.mean)
        inflation = jnp.power(self.inflation.astype(mean.dtype), batch.duration.astype(mean.dtype))
        root = jnp.sqrt(inflation) * jax.vmap(push)(state.root)
        error = problem.model_error_of(batch)
        if error is not None:
            root = square(jnp.concatenate([root, columns_of(error, mean)]))
        misfit, seen = jax.linearize(lambda row: misfit_row(problem, row, batch), mean)
        observed = -jax.vmap(seen)(root)
        posterior = _analysis(Estimate(mean, root), misfit, observed)
        metrics = state_metrics(
            problem,
            batch,
            loss=jnp.sum(jnp.square(misfit)) / 2,
            background=mean,
            analysis=posterior.mean,
            keep=self.keep,
        )
        count = misfit.size if batch.available is None else jnp.sum(batch.available)
        variances = jnp.sum(jnp.square(observed)) + jnp.asarray(count).astype(mean.dtype)
        metrics["expected_loss"] = variances / 2
        metrics["spread"] = _spread(problem, posterior.root)
        metrics["forecast_spread"] = _spread(problem, root)
        return posterior, metrics

    def converged(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002 - a filter runs through its data
        state: Estimate,  # noqa: ARG002
    ) -> None:
        """No test: all cycles are run."""
        return

    def unknowns(self, problem: AbstractStateSpace, state: Estimate) -> PyTree:
        """The mean of the analysis."""
        return as_unknowns(problem, state.mean)


def _analysis(
    prior: Estimate, innovation: Float[Array, " observed"], seen: Float[Array, "columns observed"]
) -> Estimate:
    """The analysis from d = R^{-½} (y − H(m)) and Yᵀ."""
    identity = jnp.eye(len(seen), dtype=seen.dtype)
    factor = jnp.linalg.cholesky(identity + seen @ seen.T)
    solved = jax.scipy.linalg.solve_triangular(
        factor, jnp.concatenate([prior.root, (seen @ innovation)[:, None]], axis=1), lower=True
    )
    root = solved[:, :-1]
    return Estimate(prior.mean + solved[:, -1] @ root, root)


def columns_of(covariance: AbstractCovariance, like: Row) -> Root:
    """The columns of a covariance's root, as rows."""
    return jax.vmap(covariance.root)(jnp.eye(covariance.control_size, dtype=like.dtype))


def square(root: Root) -> Float[Array, "state state"]:
    """A square root with the same S Sᵀ: by a QR decomposition, or padded with zeros."""
    columns, size = root.shape
    if columns > size:
        return jnp.linalg.qr(root, mode="r")
    return jnp.concatenate([root, jnp.zeros((size - columns, size), root.dtype)])


def _spread(problem: AbstractStateSpace, root: Root) -> Float[Array, ""]:
    """√(mean over the verified numbers of the diagonal of P)."""
    return jnp.sqrt(jnp.mean(verified_row(problem, jnp.sum(jnp.square(root), 0))))
