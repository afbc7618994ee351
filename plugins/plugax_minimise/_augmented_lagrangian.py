"""The augmented Lagrangian: constraints by a sequence of problems without constraints.

    minimise f(u) + ½ρ ‖c(u) + λ/ρ‖² + ½ρ ‖max(0, g(u) + μ/ρ)‖²,
    then λ ← λ + ρ c(u),    μ ← max(0, μ + ρ g(u)),

in rounds, with any solver for problems without constraints. λ and μ tend to the Lagrange
multipliers, and the minimum to that of f with c(u) = 0 and g(u) ≤ 0, for a finite ρ: unlike with a
penalty alone, the problems do not become ill-conditioned. ρ grows tenfold if a round has not
reduced the violation to a quarter. Least squares stay least squares.

Source: Birgin and Martínez 2014, Practical Augmented Lagrangian Methods for Constrained
Optimization, algorithm 4.1, doi 10.1137/1.9781611973365; Nocedal and Wright 2006, Numerical
Optimization, section 17.3, doi 10.1007/978-0-387-40065-5.
"""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

import plugax
from plugax import AbstractProblem, AbstractSolver, PlugaxError, problems
from plugax.plugins import origin_of

from ._vector import Metrics

# ρ of the first round, relative to 2 |f| / ‖violation‖², within these bounds.
LEAST_PENALTY, MOST_PENALTY = 1e-6, 1e6
ENOUGH_PROGRESS, GROWTH = 0.25, 10.0
MOST_ROUNDS = 100


class Multipliers(eqx.Module):
    """The multipliers and the penalty of a round.

    Attributes:
        equal: λ.
        at_most: μ.
        penalty: ρ.
    """

    equal: Float[Array, " equal"]
    at_most: Float[Array, " most"]
    penalty: Float[Array, ""]


class LagrangianState(eqx.Module):
    """The run state.

    Attributes:
        inner: the state of the solver of this round.
        multipliers: λ, μ and ρ of this round.
        violation: the greatest violation at the end of the previous round; infinite at first.
        rounds: the number of rounds done.
        steps: the number of steps in this round.
        converged: whether the last round solved its problem, and fulfils the constraints.
        stalled: whether there were too many rounds.
    """

    inner: PyTree
    multipliers: Multipliers
    violation: Float[Array, ""]
    rounds: Int[Array, ""]
    steps: Int[Array, ""]
    converged: Bool[Array, ""]
    stalled: Bool[Array, ""]


class AugmentedLagrangian(AbstractSolver[problems.Constrained, LagrangianState]):
    """Minimisation with equations and inequalities (`plugax.constrained`), by any other solver.

    Converged means: the solver of the round passed its own test, and its answer violates no
    constraint by more than `tolerance`, nor leaves an inequality slack whose multiplier is not
    zero: |c| ≤ `tolerance` and |max(g, −μ/ρ)| ≤ `tolerance`. If ten units of rounding in the
    unknowns change a constraint by more than `tolerance`, that change is the limit.

    Arguments:
        solver: the solver of the problems without constraints, its name or the solver itself; for
            least squares, `levenberg-marquardt` is quicker.
        tolerance: the greatest violation allowed [the unit of the constraints].
        round_steps: the largest number of steps of that solver in a round.

    Metrics: `loss`, the loss of the problem itself; `violation`, the greatest of |c| and g, or 0;
    `penalty`, ρ; `equal_multipliers` and `at_most_multipliers`, λ and μ, of the round; `rounds` so
    far. The others are those of `solver`, for the loss with its penalties.

    Source: Birgin and Martínez 2014, doi 10.1137/1.9781611973365.
    """

    requires: ClassVar[type[AbstractProblem]] = problems.Constrained
    default_steps: ClassVar[int] = 5000
    example: ClassVar[str] = (
        'print(px.solve(px.constrained(px.problem("regression"), equal=lambda y: y[0] - y[1]), '
        '"augmented-lagrangian"))'
    )

    solver: AbstractSolver
    tolerance: Float[Array, "..."]
    round_steps: Int[Array, "..."]

    def __init__(
        self,
        solver: AbstractSolver | str = "bfgs",
        tolerance: float = 1e-8,
        round_steps: int = 1000,
    ):
        self.solver = plugax.solver(solver)
        self.tolerance = jnp.asarray(tolerance, float)
        self.round_steps = jnp.asarray(round_steps, "int32")

    def unsuitable(self, problem: Any) -> str | None:
        """A problem without constraints, or what the solver of the rounds cannot solve."""
        why = super().unsuitable(problem)
        if why is None and (why := self.solver.unsuitable(_without_constraints(problem))):
            name = (origin_of(self.solver) or {}).get("name", type(self.solver).__name__)
            return f"cannot solve its rounds by {name}, which {why}"
        return why

    def prepare(self, problem: problems.Constrained, steps: int) -> tuple[PyTree, ...]:
        """What the solver of the rounds prepares, for the problem without constraints."""
        return self.solver.prepare(problem.problem, steps)

    def init(
        self,
        problem: problems.Constrained,
        unknowns: PyTree,
        key: PRNGKeyArray,
        *prepared: PyTree,
    ) -> LagrangianState:
        """Multipliers of zero, and a penalty that gives constraints as much weight as the loss.

        Errors: `PlugaxError` if the solver has no test of convergence.
        """
        equal, at_most = problem.constraints(unknowns)
        loss, _ = problem.loss(unknowns, problem.data.first(), key)
        squares = jnp.sum(equal**2) + jnp.sum(jnp.maximum(at_most, 0) ** 2)
        size = 2 * jnp.abs(loss).astype(squares.dtype)
        wanted = jnp.where(squares > 0, size / jnp.where(squares > 0, squares, 1), 10)
        first = Multipliers(
            jnp.zeros_like(equal),
            jnp.zeros_like(at_most),
            jnp.clip(wanted, LEAST_PENALTY, MOST_PENALTY),
        )
        inner = self.solver.init(_problem(problem, first), unknowns, key, *prepared)
        if self.solver.converged(_problem(problem, first), inner) is None:
            raise PlugaxError(
                f"augmented-lagrangian needs a solver with a test of convergence; "
                f"{type(self.solver).__name__} runs all its steps. Try 'bfgs', or 'newton'."
            )
        none = jnp.asarray(0, "int32")
        no = jnp.asarray(False)
        infinite = jnp.full_like(first.penalty, jnp.inf)
        return LagrangianState(inner, first, infinite, none, none, no, no)

    def step(
        self,
        problem: problems.Constrained,
        state: LagrangianState,
        batch: PyTree,
        key: PRNGKeyArray,
        *prepared: PyTree,
    ) -> tuple[LagrangianState, Metrics]:
        """One step of the round's solver, and new multipliers when it has finished."""
        round_problem = _problem(problem, state.multipliers)
        before = problem.constraints(self.solver.unknowns(round_problem, state.inner))
        inner, metrics = self.solver.step(round_problem, state.inner, batch, key, *prepared)
        solved = self.solver.converged(round_problem, inner)
        assert solved is not None  # init has checked this
        stalled = self.solver.stalled(round_problem, inner)
        ended = solved if stalled is None else solved | stalled
        ended = ended | (state.steps + 1 >= self.round_steps)
        arrays, rest = eqx.partition(inner, eqx.is_array)
        kept = state.multipliers, state.violation

        def renew(arrays: PyTree) -> tuple:
            unknowns = self.solver.unknowns(round_problem, eqx.combine(arrays, rest))
            after, violation, held = _after(problem, state, unknowns, self.tolerance)
            again = self.solver.init(_problem(problem, after), unknowns, key, *prepared)
            return after, violation, held, eqx.filter(again, eqx.is_array)

        def same(arrays: PyTree) -> tuple:
            return *kept, jnp.asarray(False), arrays

        multipliers, violation, held, arrays = lax.cond(ended, renew, same, arrays)
        converged = ended & solved & held
        rounds = state.rounds + ended.astype("int32")
        state = LagrangianState(
            inner=eqx.combine(arrays, rest),
            multipliers=multipliers,
            violation=violation,
            rounds=rounds,
            steps=jnp.where(ended, 0, state.steps + 1),
            converged=converged,
            stalled=~converged & (rounds >= MOST_ROUNDS),
        )
        return state, {
            **{name: value for name, value in metrics.items() if name != "objective"},
            "loss": metrics["objective"],
            "violation": _greatest(*before),
            "penalty": multipliers.penalty,
            "equal_multipliers": multipliers.equal,
            "at_most_multipliers": multipliers.at_most,
            "rounds": rounds,
        }

    def converged(
        self,
        problem: problems.Constrained,  # noqa: ARG002
        state: LagrangianState,
    ) -> Bool[Array, ""]:
        """Whether the last round fulfils the constraints and the test of its solver."""
        return state.converged

    def stalled(
        self,
        problem: problems.Constrained,  # noqa: ARG002
        state: LagrangianState,
    ) -> Bool[Array, ""]:
        """Whether there were too many rounds: the constraints may contradict each other."""
        return state.stalled

    def unknowns(self, problem: problems.Constrained, state: LagrangianState) -> PyTree:
        """Those of the round."""
        return self.solver.unknowns(_problem(problem, state.multipliers), state.inner)


def _without_constraints(problem: problems.Constrained) -> AbstractProblem:
    """The problem of a round, with multipliers of zero."""
    unknowns = eqx.filter_eval_shape(problem.init, jr.key(0))
    equal, at_most = eqx.filter_eval_shape(problem.constraints, unknowns)
    zero = Multipliers(
        jnp.zeros(equal.shape, equal.dtype),
        jnp.zeros(at_most.shape, at_most.dtype),
        jnp.ones((), equal.dtype),
    )
    return _problem(problem, zero)


def _problem(problem: problems.Constrained, multipliers: Multipliers) -> AbstractProblem:
    return problem.augmented(multipliers.equal, multipliers.at_most, multipliers.penalty)


def _greatest(equal: Float[Array, " equal"], at_most: Float[Array, " most"]) -> Float[Array, ""]:
    return jnp.max(jnp.concatenate([jnp.abs(equal), at_most]), initial=0)


def _after(
    problem: problems.Constrained,
    state: LagrangianState,
    unknowns: PyTree,
    tolerance: Float[Array, ""],
) -> tuple[Multipliers, Float[Array, ""], Bool[Array, ""]]:
    """The multipliers after a round, its violation, and whether the constraints are fulfilled."""
    equal, at_most = problem.constraints(unknowns)
    rounded = problem.constraints(jax.tree.map(_round_up, unknowns))
    now = state.multipliers
    slack = jnp.maximum(at_most, -now.at_most / now.penalty)
    violated = jnp.abs(jnp.concatenate([equal, slack]))
    rounding = jnp.abs(jnp.concatenate(rounded) - jnp.concatenate([equal, at_most]))
    violation = jnp.max(violated, initial=0)
    held = jnp.all(violated <= jnp.maximum(rounding, tolerance.astype(rounding.dtype)))
    enough = held | (violation <= ENOUGH_PROGRESS * state.violation)
    after = Multipliers(
        now.equal + now.penalty * equal,
        jnp.maximum(now.at_most + now.penalty * at_most, 0),
        now.penalty * jnp.where(enough, 1, GROWTH).astype(now.penalty.dtype),
    )
    return after, violation, held


def _round_up(leaf: PyTree) -> PyTree:
    """Move a leaf ten units of rounding further from zero."""
    if not eqx.is_inexact_array(leaf):
        return leaf
    return leaf * (1 + 10 * jnp.finfo(leaf.dtype).eps)
