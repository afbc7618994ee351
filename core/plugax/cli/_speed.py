"""What compilation buys on this machine: the classic demonstrations, as a table.

Each is timed three times: plain, as NumPy would run it, operation by operation; compiled by
`jax.jit`; and as the step of a solver, in the loop that the runner compiles.
"""

import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

from ..problems import AbstractProblem
from ..runner import solve
from ..solvers import AbstractSolver

SECONDS = 0.3
"""How long each is repeated; the fastest counts, since other processes only make it slower."""
STEPS = 1000
EXAMPLES, FEATURES = 100, 50
SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772


def selu(x: Any) -> Any:
    """A neuron's activation: λ x, or λ α (exp(x) − 1) if x is negative.

    Source: Klambauer et al., NeurIPS 2017, arXiv 1706.02515.
    """
    return SCALE * jnp.where(x > 0, x, ALPHA * jnp.expm1(x))


def ten_steps(x: Any) -> Any:
    """Ten small steps, one after the other."""
    for _ in range(10):
        x = x - 0.1 * jnp.sin(x)
    return x


def predict(weights: Any, features: Any) -> Any:
    """The prediction for one example."""
    return jnp.tanh(features @ weights)


def example_gradient(weights: Any, features: Any) -> Any:
    """The gradient of one example's loss."""
    return jax.grad(lambda w: (predict(w, features) - 1.0) ** 2)(weights)


def one_by_one(function: Callable[..., Any], data: Any) -> Callable[[Any], Any]:
    """A function for one example, called on each in a loop of Python."""
    return lambda weights: jnp.stack([function(weights, features) for features in data])


def at_once(function: Callable[..., Any], data: Any) -> Callable[[Any], Any]:
    """A function for one example, mapped over all by `jax.vmap`."""
    return lambda weights: jax.vmap(function, (None, 0))(weights, data)


def moved(function: Callable[..., Any], data: Any) -> Callable[[Any], Any]:
    """A step that depends on all examples, and gives what it takes: weights."""
    return lambda weights: weights - 1e-3 * jnp.mean(at_once(function, data)(weights))


class _Nothing(AbstractProblem):
    """A problem that only says where to start."""

    start: Any

    def init(self, key):  # noqa: ARG002 - nothing is random
        return self.start

    def loss(self, unknowns, batch, key):  # noqa: ARG002 - there is none
        return jnp.zeros(()), {}


class _Repeat(AbstractSolver):
    """Applies a function to its state, step by step."""

    function: Callable[[Any], Any] = eqx.field(static=True)

    def init(self, problem, unknowns, key):  # noqa: ARG002
        return unknowns

    def step(self, problem, state, batch, key):  # noqa: ARG002
        return self.function(state), {"loss": jnp.zeros(())}

    def converged(self, problem, state):  # noqa: ARG002
        return None

    def unknowns(self, problem, state):  # noqa: ARG002
        return state


def measure() -> list[dict[str, Any]]:
    """Seconds of each demonstration: plain, compiled, and as the step of a solver."""
    numbers = jr.normal(jr.key(0), (1_000_000,))
    weights = jr.normal(jr.key(1), (FEATURES,)) / FEATURES
    data = jr.normal(jr.key(2), (EXAMPLES, FEATURES))

    def of_examples(title: str, function: Callable[..., Any]) -> dict[str, Any]:
        plain, compiled, step = (form(function, data) for form in (one_by_one, at_once, moved))
        return _row(title, plain, compiled, step, weights)

    return [
        _row("SELU of 1,000,000 numbers", selu, selu, selu, numbers),
        _row("a loop of ten steps", ten_steps, ten_steps, ten_steps, numbers[:1000]),
        of_examples(f"one function, {EXAMPLES} examples", predict),
        of_examples(f"gradients of {EXAMPLES} examples", example_gradient),
    ]


def _row(
    title: str,
    plain: Callable[[Any], Any],
    compiled: Callable[[Any], Any],
    step: Callable[[Any], Any],
    start: Any,
) -> dict[str, Any]:
    solver, problem = _Repeat(step), _Nothing(start)
    solve(problem, solver, steps=STEPS)  # compiles
    in_solver = min(solve(problem, solver, steps=STEPS).run_seconds for _ in range(5)) / STEPS
    return {
        "what": title,
        "plain": _fastest(plain, start),
        "compiled": _fastest(jax.jit(compiled), start),
        "in_solver": in_solver,
    }


def _fastest(function: Callable[[Any], Any], argument: Any) -> float:
    """The seconds of the fastest call, after a first one that compiles."""
    jax.block_until_ready(function(argument))
    fastest, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        began = time.perf_counter()
        jax.block_until_ready(function(argument))
        fastest = min(fastest, time.perf_counter() - began)
    return fastest
