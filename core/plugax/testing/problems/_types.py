"""Checks of a problem that only trace it, without compilation."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray, PyTree

from ...problems import AbstractProblem, check_unknowns
from ...runner import find_breach
from ..claims._claim import claim, claimed
from ..claims._compare import difference, shapes
from ..claims._precision import Trial, cast, native, trial


def check_init(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """`init` depends only on its key, and gives the same shapes and dtypes for every key.

    Arguments:
        problem: the problem.
        key: one of the random keys.
    """
    with native(problem) as bits:
        problem = cast(problem, bits)
        first, again = problem.init(key), problem.init(key)
        law = "the unknowns hold nothing that is meant to change and no solver would"
        with claimed(problem, law, ""):
            check_unknowns(first, type(problem).__name__)
        found = difference(first, again)
        claim(
            found is None,
            problem,
            "init gives the same unknowns for the same key",
            found,
            "Draw all that is random from the key.",
        )
        law = "init gives unknowns of the same structure, shapes and dtypes for every key"
        with claimed(problem, law, "Under jit the key has no value: use it in jax.random only."):
            traced = eqx.filter_eval_shape(problem.init, key)
        found = difference(shapes(first), shapes(traced))
        claim(found is None, problem, law, found, "Let the key choose values, nothing else.")


def check_loss(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """`loss` returns a scalar float, and a flat dictionary of arrays without the name "loss".

    Arguments:
        problem: the problem.
        key: the random key for the unknowns and the loss.
    """
    with native(problem) as bits:
        given = trial(problem, key, bits)
        breach = find_breach(given.problem)
        law = "its methods take and return what the interface says"
        claim(breach is None, problem, law, (breach or "").rstrip("."), "")
        law = "loss returns a pair: a scalar float and a flat dictionary of arrays"
        with claimed(problem, law, "Return (loss, {}) if there are no metrics."):
            _, metrics = eqx.filter_eval_shape(_loss, *given)
        odd = [
            name
            for name, value in metrics.items()
            if not isinstance(name, str) or not isinstance(value, jax.ShapeDtypeStruct)
        ]
        claim(not odd, problem, law, f"metrics {odd} that are no arrays", "Flatten, or leave out.")
        claim(
            "loss" not in metrics,
            problem,
            "the metrics of loss leave the name 'loss' to the solver, which sets it",
            "a metric 'loss'",
            "Call it something else, or leave it out.",
        )


def check_loss_precision(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """The loss, its gradient and its metrics have the precision of the unknowns.

    float32 stays float32, even with float64 switched on; and float64 stays float64.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns and the loss.
    """
    remedy = (
        "Give every array made on the way the dtype of the unknowns: jnp.zeros(n, u.dtype), "
        "jr.normal(key, shape, u.dtype), array.astype(u.dtype)."
    )
    for bits, wrong in ((32, jnp.float64), (64, jnp.float32)):
        # Promotion is not strict here, so that a wrong precision reaches the end and is reported.
        with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
            law = f"all comes out in float{bits} for unknowns in float{bits}"
            given = trial(problem, key, bits)
            with claimed(problem, law, remedy):
                loss, metrics, gradient = eqx.filter_eval_shape(_loss_and_gradient, given)
            parts = {"the loss": loss, "its gradient": gradient}
            # A metric may be of lower precision: a count or a flag, for example.
            parts |= (
                {f"the metric {name!r}": m for name, m in metrics.items()} if bits == 32 else {}
            )
            for name, part in parts.items():
                dtypes = {leaf.dtype for leaf in jax.tree.leaves(part)}
                claim(
                    jnp.dtype(wrong) not in dtypes, problem, law, f"{name} {shapes(part)}", remedy
                )


def check_strict_promotion(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """`init`, `loss`, its gradient and `evaluate` pass JAX's strict promotion, in both precisions.

    Under `jax.numpy_dtype_promotion("strict")` and `jax.numpy_rank_promotion("raise")`.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns and the loss.
    """
    remedy = (
        "Convert with astype where dtypes meet, and add axes with [None, :] or reshape where ranks "
        "do; Python numbers may meet anything."
    )
    for bits, x64 in ((32, False), (32, True), (64, True)):
        with (
            jax.enable_x64(x64),
            jax.numpy_dtype_promotion("strict"),
            jax.numpy_rank_promotion("raise"),
        ):
            where = f"float{bits}{' with float64 switched on' if x64 and bits == 32 else ''}"
            law = f"passes strict promotion of dtypes and ranks, in {where}"
            given: Any = None

            def start(bits: int = bits) -> Trial:
                return trial(problem, key, bits)

            with claimed(problem, f"init {law}", remedy):
                given = start()
            with claimed(problem, f"loss {law}", remedy):
                eqx.filter_eval_shape(_loss_and_gradient, given)
            with claimed(problem, f"evaluate {law}", remedy):
                eqx.filter_eval_shape(_evaluate, given.problem, given.unknowns)


def check_evaluate(problem: AbstractProblem, key: PRNGKeyArray) -> None:
    """`evaluate` works under jit, and returns a flat dictionary of arrays, numbers and names.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns.
    """
    with native(problem) as bits:
        given = trial(problem, key, bits)
        law = "evaluate works under jit"
        with claimed(problem, law, "Use jax.numpy, and neither float(), int() nor NumPy, on it."):
            metrics = eqx.filter_eval_shape(_evaluate, given.problem, given.unknowns)
        law = "evaluate returns a flat dictionary of arrays, numbers, strings and lists of strings"
        claim(isinstance(metrics, dict), problem, law, repr(metrics), "Return a dict.")
        odd = {n: v for n, v in metrics.items() if not isinstance(n, str) or not _plain(v)}
        claim(not odd, problem, law, odd, "Give every figure a name of its own.")
        law = "evaluate_held works under jit, whatever is held"
        with claimed(problem, law, "Use jax.numpy on `held`: its values are traced."):
            eqx.filter_eval_shape(_evaluate_held, given.problem, given.unknowns)


def _plain(value: Any) -> bool:
    names = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return names or isinstance(value, jax.ShapeDtypeStruct | str | bool | int | float)


def _loss(problem: AbstractProblem, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray) -> Any:
    return problem.loss(unknowns, batch, key)


def _evaluate(problem: AbstractProblem, unknowns: PyTree) -> Any:
    return problem.evaluate(unknowns)


def _evaluate_held(problem: AbstractProblem, unknowns: PyTree) -> Any:
    numbers = eqx.filter(unknowns, eqx.is_inexact_array)
    held = jax.tree.map(lambda leaf: jnp.zeros(jnp.shape(leaf), bool), numbers)
    return problem.evaluate_held(unknowns, held)


def _loss_and_gradient(given: Trial) -> Any:
    function: Callable = eqx.filter_value_and_grad(
        lambda unknowns: given.problem.loss(unknowns, given.batch, given.key), has_aux=True
    )
    (loss, metrics), gradient = function(given.unknowns)
    return loss, metrics, gradient
