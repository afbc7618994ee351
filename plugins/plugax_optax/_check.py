"""What the solver `gradient` refuses: options that contradict each other, unknowns without a slope.

Numbers are checked while they are plain; an array may be one of a sweep.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import PyTree

from plugax import AbstractOptimizer, AbstractProblem, PlugaxError


def check_options(
    optimizer: AbstractOptimizer, tolerance: Any, decay: Any, start: Any, factors: Any
) -> None:
    """Raise `ValueError` for options that are out of bounds or contradict each other.

    Arguments:
        optimizer: the optimizer.
        tolerance: that of the updates.
        decay: that of an exponential average.
        start: the fraction of the run after which a stochastic average begins.
        factors: the factors of learning rates.
    """
    if isinstance(tolerance, float | int) and not tolerance > 0:
        raise ValueError(f"tolerance must be positive, or None for no test; got {tolerance}.")
    if tolerance is not None and getattr(optimizer, "accumulate", 1) > 1:
        raise ValueError(
            "An optimizer that accumulates gradients makes updates of zero in between, which "
            "any tolerance mistakes for convergence; leave out tolerance or accumulate."
        )
    if tolerance is not None and getattr(optimizer, "schedule", None) == "range-test":
        raise ValueError(
            "A range test begins with steps so small that any tolerance takes them for "
            "convergence; give tolerance=None, on the command line --tolerance none."
        )
    if isinstance(decay, float | int) and not 0 < decay < 1:
        raise ValueError(f"average_decay must be between 0 and 1; got {decay}.")
    if isinstance(start, float | int) and not 0 <= start < 1:
        raise ValueError(f"average_start is a fraction of the run, 0 to below 1; got {start}.")
    if factors and getattr(optimizer, "alias", None) is optax.lbfgs:
        raise ValueError(
            "The line search of lbfgs finds one length for the whole update, which rate_factors "
            "would change; leave them out, or take another optimizer."
        )


def check_unknowns(problem: AbstractProblem, unknowns: PyTree, params: PyTree) -> None:
    """Raise `PlugaxError` if there are no unknowns to descend in.

    Arguments:
        problem: the problem, for the message.
        unknowns: all unknowns.
        params: their floating-point arrays.
    """
    if not jax.tree.leaves(params):
        kinds = {str(leaf.dtype) for leaf in jax.tree.leaves(unknowns) if eqx.is_array(leaf)}
        raise PlugaxError(
            "Gradient descent needs at least one array of floating-point numbers among the "
            f"unknowns; {type(problem).__name__}.init gives {_list(kinds)}. Make the unknowns "
            "arrays, with a decimal point in them."
        )
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if jnp.iscomplexobj(leaf):
            raise PlugaxError(
                f"Gradient descent needs real unknowns; unknowns{jax.tree_util.keystr(path)} of "
                f"{type(problem).__name__} is {leaf.dtype}. Give real and imaginary part as two "
                "arrays."
            )


def _list(kinds: set[str]) -> str:
    return f"only arrays of {' and '.join(sorted(kinds))}" if kinds else "no arrays at all"
