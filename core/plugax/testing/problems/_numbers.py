"""Checks of the values and gradients of a problem's loss, in float64."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray, PyTree

from ...data import FullBatch
from ...problems import AbstractProblem
from ..claims._claim import claim, claimed
from ..claims._compare import ROUNDING, difference, shapes
from ..claims._differences import check_slope
from ..claims._precision import Trial, cast, nearby, trial

POINTS = 3


@eqx.filter_jit
def value_and_gradient(given: Trial) -> PyTree:
    """((loss, metrics), gradient): compiled once per problem for all checks."""
    function = eqx.filter_value_and_grad(
        lambda unknowns: given.problem.loss(unknowns, given.batch, given.key), has_aux=True
    )
    return function(given.unknowns)


@eqx.filter_jit
def _values_of_many(given: Trial, points: PyTree) -> PyTree:
    return eqx.filter_vmap(lambda unknowns: given.problem.loss(unknowns, given.batch, given.key))(
        points
    )


def check_loss_jit_equals_eager(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """The loss is finite, and the same if it is compiled, not compiled, or called again.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns and the loss.
    """
    with jax.enable_x64(True):
        given = _near_the_start(problem, key)
        law = "the loss can be compiled and differentiated"
        with claimed(problem, law, "Under jit arrays have no values: use jnp.where and lax.cond."):
            compiled, _ = value_and_gradient(given)
        claim(
            bool(jnp.isfinite(compiled[0])),
            problem,
            "the loss is a finite number near the start",
            compiled[0],
            "Start the unknowns where the loss is defined.",
        )
        for time in ("", ", called a second time"):
            eager = problem_loss(given)
            found = difference(compiled, eager, tolerance=ROUNDING)
            claim(
                found is None,
                problem,
                f"the loss is the same compiled and not compiled{time}",
                found,
                "The loss must be a pure function of unknowns, batch and key: no outside state, "
                "random numbers only from the key, no dependence on whether it is being traced.",
            )


def check_loss_vmap_equals_loop(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """The losses of several unknowns under `vmap` are those of each of them.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns and the loss.
    """
    with jax.enable_x64(True):
        given = _near_the_start(problem, key)
        points = [nearby(given.unknowns, k) for k in jr.split(key, POINTS)]
        alone = [value_and_gradient(given._replace(unknowns=point))[0] for point in points]
        stacked = jax.tree.map(_stack, *points)
        law = "the loss of several unknowns under vmap is that of each of them"
        with claimed(problem, law, "Write it for one candidate, with jax.numpy and jax.lax alone."):
            together = _values_of_many(given, stacked)
        found = difference(together, jax.tree.map(_stack, *alone), tolerance=ROUNDING)
        claim(found is None, problem, law, found, "Is something summed over the wrong axis?")


def check_loss_gradient(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """The gradient of the loss equals central differences, along a random direction.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns, the loss and the direction.
    """
    with jax.enable_x64(True):
        given = _near_the_start(problem, key)
        floats, rest = eqx.partition(given.unknowns, eqx.is_inexact_array)

        def at(point: PyTree) -> tuple[PyTree, PyTree]:
            (loss, _), gradient = value_and_gradient(
                given._replace(unknowns=eqx.combine(point, rest))
            )
            return loss, gradient

        check_slope(problem, at, floats, key, what="the loss")


def check_reference(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """The known answer has the form of the unknowns, is no worse than the start, is a minimum.

    The gradient has to vanish there only for problems that see all their data at every step.

    Arguments:
        problem: the problem; it passes if it has no reference.
        key: the random key for the start and the loss.
    """
    with jax.enable_x64(True):
        given = trial(problem, key, 64)
        answer = given.problem.reference()
        if answer is None:
            return
        answer = cast(answer, 64)
        law = "the reference has the structure, shapes and dtypes of the unknowns"
        found = difference(shapes(given.unknowns), shapes(answer))
        claim(found is None, problem, law, found, "Return it as init returns its unknowns.")
        (start, _), slope_at_start = value_and_gradient(given)
        (least, _), slope = value_and_gradient(given._replace(unknowns=answer))
        rounding = ROUNDING * max(abs(float(start)), abs(float(least)))
        claim(
            float(least) <= float(start) + rounding,
            problem,
            "the loss at the reference is not above that at the start",
            f"{float(least):.6g} at the reference, {float(start):.6g} at the start",
            "Is the reference that of another normalisation, or of other data?",
        )
        steep, flat = _norm(slope_at_start), _norm(slope)
        claim(
            not isinstance(problem.data, FullBatch) or flat <= 1e-3 * steep + rounding,
            problem,
            "the gradient vanishes at the reference",
            f"a gradient of norm {flat:.3g} there, {steep:.3g} at the start",
            "A reference is where the loss is least; a truth from which noisy data were drawn is "
            "not, and belongs into `evaluate`.",
        )


def problem_loss(given: Trial) -> PyTree:
    """(loss, metrics), not compiled."""
    return given.problem.loss(given.unknowns, given.batch, given.key)


def _near_the_start(problem: AbstractProblem, key: PRNGKeyArray) -> Trial:
    given = trial(problem, key, 64)
    return given._replace(unknowns=nearby(given.unknowns, key))


def _stack(*leaves: PyTree) -> PyTree:
    return jnp.stack(leaves) if eqx.is_array(leaves[0]) else leaves[0]


def _norm(gradient: PyTree) -> float:
    leaves = jax.tree.leaves(eqx.filter(gradient, eqx.is_inexact_array))
    return float(np.sqrt(sum(float(np.sum(np.abs(np.asarray(leaf)) ** 2)) for leaf in leaves)))
