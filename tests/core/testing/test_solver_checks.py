"""Every check of a solver catches a solver made wrong in just that way, and passes its twin."""

import itertools
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jax.experimental import io_callback

import plugax as px
from plugax import testing
from plugax.testing._checks import CHECKS
from plugax.testing.kinds._references import Descent, Gaussian

KEY = jr.key(0)


class Plain(px.AbstractSolver):
    """u ← u − η ∇J, written as a stranger would."""

    learning_rate: jax.Array = eqx.field(converter=jnp.asarray, default=0.1)
    tolerance: float | None = eqx.field(static=True, default=None)

    def init(self, problem, unknowns, key):
        return {"unknowns": unknowns, "steps": jnp.zeros((), int)}

    def rate(self, state):
        return self.learning_rate

    def step(self, problem, state, batch, key):
        function = jax.value_and_grad(problem.loss, has_aux=True)
        (loss, metrics), gradient = function(state["unknowns"], batch, key)
        rate = self.rate(state)
        unknowns = jax.tree.map(lambda u, g: u - rate * g, state["unknowns"], gradient)
        return {"unknowns": unknowns, "steps": state["steps"] + 1}, {"loss": loss, **metrics}

    def converged(self, problem, state):
        return None if self.tolerance is None else state["steps"] > 5

    def unknowns(self, problem, state):
        return state["unknowns"]


class Stops(Plain):
    """Converges in the midst of a chunk."""

    tolerance: float | None = eqx.field(static=True, default=0.1)


class Langevin(Plain):
    """A sampler: it never comes to rest."""

    requires = px.AbstractLogDensity

    def step(self, problem, state, batch, key):
        state, metrics = super().step(problem, state, batch, key)
        noise = jr.normal(key, state["unknowns"].shape, state["unknowns"].dtype)
        unknowns = state["unknowns"] + jnp.sqrt(2 * self.learning_rate) * noise
        return state | {"unknowns": unknowns}, metrics


class Shortens(Plain):
    def init(self, problem, unknowns, key):
        return super().init(problem, unknowns, key) | {"steps": jnp.zeros(())}

    def step(self, problem, state, batch, key):
        after, metrics = super().step(problem, state, batch, key)
        return after | {"steps": after["steps"].astype("float32")}, metrics


class Grows(Plain):
    def step(self, problem, state, batch, key):
        after, metrics = super().step(problem, state, batch, key)
        return after | {"more": jnp.zeros(())}, metrics


class ManyTests(Plain):
    def converged(self, problem, state):
        return state["unknowns"]["x"] > 0


class Mute(Plain):
    def step(self, problem, state, batch, key):
        return super().step(problem, state, batch, key)[0], {"value": jnp.zeros(())}


class Chatty(Plain):
    def step(self, problem, state, batch, key):
        after, metrics = super().step(problem, state, batch, key)
        return after, metrics | {"name": "plain"}


class WholeState(Plain):
    def unknowns(self, problem, state):
        return state


class Untraceable(Plain):
    def rate(self, state):
        return self.learning_rate if float(state["steps"]) < 3 else 0.0


class Slow(Plain):
    learning_rate: jax.Array = eqx.field(converter=jnp.asarray, default=1e-6)


class NeverThere(Plain):
    def converged(self, problem, state):
        return jnp.zeros((), bool)


class AtRest(Plain):
    def converged(self, problem, state):
        return state["steps"] >= 0


class Wild(Plain):
    learning_rate: jax.Array = eqx.field(converter=jnp.asarray, default=100.0)


class Ahead(Plain):
    def step(self, problem, state, batch, key):
        after, metrics = super().step(problem, state, batch, key)
        return after, metrics | {"loss": problem.loss(after["unknowns"], batch, key)[0]}


class Retraced(Plain):
    """Keeps something outside of its state: how often it was traced."""

    def rate(self, state):
        type(self).traced = getattr(type(self), "traced", 0) + 1
        return self.learning_rate / type(self).traced


class Counting(Plain):
    """Keeps something outside of its state, on the host: how many steps it has taken."""

    count: ClassVar = itertools.count(1)

    def rate(self, state):
        took = lambda: np.asarray(next(self.count), self.learning_rate.dtype)  # noqa: E731
        return self.learning_rate / io_callback(took, self.learning_rate)


@jax.custom_batching.custom_vmap
def leaky(x):
    return x


@leaky.def_vmap
def _leaky_vmap(size, batched, x):
    return jnp.broadcast_to(jnp.mean(x, axis=0, keepdims=True), x.shape), True


class Gossip(Plain):
    def step(self, problem, state, batch, key):
        state, metrics = super().step(problem, state, batch, key)
        return state | {"unknowns": jax.tree.map(leaky, state["unknowns"])}, metrics


class StopsForAll(Plain):
    learning_rate: jax.Array = eqx.field(converter=jnp.asarray, default=0.01)

    def converged(self, problem, state):
        return leaky(state["unknowns"]["s"]) > 1.14


class Asks(Plain):
    def rate(self, state):
        return self.learning_rate if self.learning_rate > 0 else 0.0


class SharesRates(Plain):
    def rate(self, state):
        return leaky(self.learning_rate)


class Deaf(Plain):
    """Made of another solver, and does not ask it."""

    inner: px.AbstractSolver = eqx.field(default_factory=Plain)


class Asking(Deaf):
    def unsuitable(self, problem):
        return super().unsuitable(problem) or self.inner.unsuitable(problem)


class Says(Plain):
    """Has a metric with the name of the runner's own."""

    def step(self, problem, state, batch, key):
        after, metrics = super().step(problem, state, batch, key)
        return after, metrics | {"skipped": jnp.zeros(())}


class Lambda(Plain):
    function: object = eqx.field(static=True)

    def __init__(self):
        self.learning_rate = jnp.asarray(0.1)
        self.tolerance = None
        self.function = lambda x: x


class Hidden(Plain):
    def __init__(self):
        self.learning_rate = jnp.asarray(0.1)
        self.tolerance = None
        object.__setattr__(self, "momentum", 0.9)


# check, good, broken, what the message says
TABLE = [
    (testing.check_pytree_round_trip, Plain, Hidden, r"\['momentum'\] missing"),
    (testing.check_static_fields, Plain, Lambda, "made twice"),
    (testing.check_solver_state, Plain, Shortens, "with float64 switched on.*float64.*float32"),
    (testing.check_solver_state, Langevin, Grows, "structure.*more"),
    (testing.check_solver_state, Stops, ManyTests, r"scalar bool.*bool\[2\]"),
    (testing.check_solver_state, Plain, Mute, 'scalar "loss"'),
    (testing.check_solver_state, Plain, Chatty, r"\['name'\], which are no arrays"),
    (testing.check_solver_state, Plain, WholeState, "structured as problem.init"),
    (testing.check_solver_state, Plain, Untraceable, "ConcretizationTypeError"),
    (testing.check_solver_state, Plain, Retraced, "traced twice"),
    (testing.check_solver_solves, Plain, Slow, "after 1000 steps"),
    (testing.check_solver_solves, Langevin, Wild, "non-finite"),
    (testing.check_solver_solves, Stops, NeverThere, "not-converged"),
    (testing.check_solver_solves, Stops, AtRest, "before the first step"),
    (testing.check_solver_history, Plain, Ahead, "unknowns it starts from"),
    (testing.check_solver_chunks, Langevin, Counting, "bit for bit"),
    (testing.check_solver_chunks, Stops, Counting, "bit for bit"),
    (testing.check_solver_resumes, Langevin, Counting, "bit for bit"),
    (testing.check_solver_seeds, Stops, Gossip, "run of every seed"),
    (testing.check_solver_seeds, Langevin, StopsForAll, "run of every seed"),
    (testing.check_solver_race, Plain, Gossip, "stops change nothing.*bit for bit"),
    (testing.check_solver_skips, Plain, Counting, "leaves the state as it was, bit for bit"),
    (testing.check_solver_skips, Stops, Says, "metric named 'skipped'"),
    (testing.check_solver_goes_back, Plain, Counting, "is resumed equals.*bit for bit"),
    (testing.check_solver_parts, Asking, Deaf, "its inner refuses"),
    (testing.check_solver_hyperparameters, Plain, Asks, "TracerBoolConversionError"),
    (testing.check_solver_hyperparameters, Langevin, SharesRates, "as with each value alone"),
    (testing.check_solver_traces_once, Plain, Lambda, "traces nothing"),
]


def test_a_check_catches_what_is_wrong_and_nothing_else(catches, check, good, broken, message):
    catches(check, good, broken, message)


def test_every_check_of_solvers_has_a_row():
    checks = {check for checks in CHECKS["solver"].values() for check in checks}
    # It needs several devices: tests/core/runner/on_eight_devices.py has its row.
    assert checks == {row[0] for row in TABLE} | {testing.check_solver_devices}


def test_a_kind_of_problem_that_the_kit_does_not_know_is_asked_for():
    class Track(px.AbstractProblem):
        """A kind of its own."""

    class Filter(Plain):
        requires = Track

    class Walk(Track):
        init, loss, data, reference = (
            getattr(Gaussian, name) for name in ("init", "loss", "data", "reference")
        )
        log_density = Gaussian.log_density

    with pytest.raises(AssertionError, match=r"requires an Track.*references="):
        testing.check_solver_history(Filter(), KEY)
    testing.check_solver_history(Filter(), KEY, problem=Walk())
    bound = testing.collect_checks(solvers={"filter": Filter()}, references={Track: Walk()})
    next(check for check in bound if check.id == "solver-filter-history")()


def test_the_kits_own_solver_conforms():
    held_to = testing.collect_checks(
        solvers={"descent": Descent}, without={"descent": ["check_solver_solves"]}
    )
    for check in held_to:
        check()
