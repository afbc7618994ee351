"""Nelder and Mead's simplex: minimisation by comparing losses, without any gradient.

A simplex of n + 1 vertices moves by replacing its worst vertex w by a point on the line through w
and the centre c of the others,

    c + t (c − w),    t = 1 (reflection), χ (expansion), ψ (contraction), −ψ (inner contraction),

or, if none of these is good, by moving all vertices towards the best one, by the factor σ. With

    χ = 1 + 2/n,    ψ = 3/4 − 1/(2n),    σ = 1 − 1/n,

which for n = 2 are the classical 2, ½ and ½, it also works with more unknowns.

A simplex may collapse at a point that is not a minimum, in a narrow valley for example. So when it
has become small, a new simplex starts around its best vertex, as large as the first. The run has
converged if the new one ends at the same loss. But if the loss is constant to rounding along one of
its edges, and was not at the start, this is a plateau, and the run has stalled.

A step is one loop over the evaluations that it needs, so the loss is compiled once. The method is
written here, since optimistix's (in 0.1.0) returns the vertex that the best one has replaced, and
treats a loss of NaN as a good one.

Source: Nelder and Mead 1965, doi 10.1093/comjnl/7.4.308; the factors: Gao and Han 2012,
Implementing the Nelder–Mead simplex algorithm with adaptive parameters, doi
10.1007/s10589-010-9329-3; restarts: Press, Teukolsky, Vetterling and Flannery 2007, Numerical
Recipes, section 10.5, ISBN 978-0-521-88068-8.
"""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._suitable import AbstractDeterministicSolver
from ._vector import Metrics, as_vector
from ._wolfe import ROUNDING_UNITS

# What a step is evaluating.
REFLECTION, SECOND, ALL, NOTHING = range(4)


class Simplex(eqx.Module):
    """The vertices and their losses.

    Attributes:
        vertices: one vertex per row; the starting point is the first.
        losses: the loss at each vertex; infinite if it is NaN, or not known yet.
        metrics: the problem's own metrics at the best vertex.
        new: whether no vertex has been evaluated, except perhaps the first.
        function_evaluations: evaluations of the loss so far.
    """

    vertices: Float[Array, "vertices n"]
    losses: Float[Array, " vertices"]
    metrics: Metrics
    new: Bool[Array, ""]
    function_evaluations: Int[Array, ""]


class NelderMeadState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: the best unknowns so far.
        simplex: the simplex.
        settled: the loss at which the last simplex became small; infinite for the first.
        felt: the edges of the first simplex along which the loss changed.
        lost: whether the loss no longer changes along one of these edges.
        converged: whether this simplex became small at the same loss.
        stalled: whether this simplex became small on a plateau.
    """

    unknowns: PyTree
    simplex: Simplex
    settled: Float[Array, ""]
    felt: Bool[Array, " n"]
    lost: Bool[Array, ""]
    converged: Bool[Array, ""]
    stalled: Bool[Array, ""]


class _Move(eqx.Module):
    """The loop of one step.

    Attributes:
        simplex: the present simplex.
        stage: what is evaluated next.
        point: the point to evaluate, except in the stage `ALL`.
        vertex: the vertex to evaluate next in the stage `ALL`.
        reflected: the reflection and its loss.
        start: the loss and the metrics at the point where the step starts.
    """

    simplex: Simplex
    stage: Int[Array, ""]
    point: Float[Array, " n"]
    vertex: Int[Array, ""]
    reflected: tuple[Float[Array, " n"], Float[Array, ""]]
    start: tuple[Float[Array, ""], Metrics]


class NelderMead(AbstractDeterministicSolver[AbstractProblem, NelderMeadState]):
    """Minimisation of any loss by Nelder and Mead's simplex, without gradients.

    For up to about ten unknowns, and a loss that is not smooth, or whose derivatives are not
    available. It may stop at a point that is not a minimum; if in doubt, start it again from there.

    The first step evaluates the vertices of the first simplex; every other one replaces its worst
    vertex, or moves all vertices towards the best one.

    Converged means: no vertex differs from the best one in any unknown u by more than
    `atol + rtol |u|`, nor in the loss f by more than `atol + rtol |f|`; and this happened twice,
    the second time after a restart around the best vertex, with no more than that difference
    between the two losses.

    Arguments:
        rtol: converged if all vertices agree in unknowns and loss to this part of them, twice.
        atol: added to the bound on the differences [the units of the unknowns and of the loss].
        spread: size of a new simplex along every unknown, relative to the unknown; relative to the
            root mean square of all unknowns if it is 0, and to 1 if all are 0.

    Metrics: `loss`, the problem's own metrics, `step_norm` (how far the best vertex moved),
    `diameter` (the greatest difference of a vertex from the best, in any unknown), and as a running
    total: `function_evaluations`.

    Source: Nelder and Mead 1965, doi 10.1093/comjnl/7.4.308; Gao and Han 2012,
    doi 10.1007/s10589-010-9329-3.
    """

    default_steps: ClassVar[int] = 10_000

    rtol: float = 1e-6
    atol: float = 1e-8
    spread: float = 0.05

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,
    ) -> NelderMeadState:
        """The first simplex, before any evaluation."""
        self.check_unknowns(problem, unknowns)
        vector, _ = as_vector(unknowns)
        batch = eqx.filter_eval_shape(problem.data.first)
        _, shapes = eqx.filter_eval_shape(problem.loss, unknowns, batch, key)
        simplex = Simplex(
            vertices=self._vertices_around(vector),
            losses=jnp.full_like(vector, jnp.inf, shape=vector.size + 1),
            metrics=jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes),
            new=jnp.asarray(True),
            function_evaluations=jnp.asarray(0, "int32"),
        )
        infinite = jnp.full_like(vector, jnp.inf, shape=())
        no = jnp.asarray(False)
        return NelderMeadState(
            unknowns=unknowns,
            simplex=simplex,
            settled=infinite,
            felt=jnp.zeros(vector.shape, bool),
            lost=no,
            converged=no,
            stalled=no,
        )

    def step(
        self,
        problem: AbstractProblem,
        state: NelderMeadState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[NelderMeadState, Metrics]:
        """Replace one vertex, or all but the best."""
        vector, rebuild = as_vector(state.unknowns)

        def function(vector: Float[Array, " n"]) -> tuple[Float[Array, ""], Metrics]:
            loss, metrics = problem.loss(rebuild(vector), batch, key)
            return loss.astype(vector.dtype), metrics

        move = _move(function, state.simplex)
        simplex = move.simplex
        best = jnp.argmin(simplex.losses).astype("int32")
        moved, least = simplex.vertices[best], simplex.losses[best]
        distances = jnp.max(jnp.abs(simplex.vertices - moved[None]), axis=0)
        rtol, atol = (jnp.asarray(value, vector.dtype) for value in (self.rtol, self.atol))
        small = jnp.all(distances <= atol + rtol * jnp.abs(moved))
        room = atol + rtol * jnp.abs(least)
        collapsed = small & (jnp.max(simplex.losses) - least <= room)
        losses, new = simplex.losses, state.simplex.new
        rounding = ROUNDING_UNITS * jnp.finfo(losses.dtype).eps * jnp.abs(losses[0])
        feels = ~(jnp.abs(losses[1:] - losses[0]) <= rounding)
        felt = jnp.where(new & (state.settled == jnp.inf), feels, state.felt)
        lost = jnp.where(new, jnp.any(felt & ~feels), state.lost)
        again = collapsed & (state.settled - least <= room)
        state = NelderMeadState(
            unknowns=rebuild(moved),
            simplex=_select(collapsed & ~again, self._restart(simplex, moved, least), simplex),
            settled=jnp.where(collapsed, least, state.settled),
            felt=felt,
            lost=lost,
            converged=again & ~lost,
            stalled=again & lost,
        )
        return state, {
            **move.start[1],
            "loss": move.start[0],
            "step_norm": jnp.linalg.norm(moved - vector),
            "diameter": jnp.max(distances),
            "function_evaluations": simplex.function_evaluations,
        }

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: NelderMeadState,
    ) -> Bool[Array, ""]:
        """Whether the simplex became small a second time."""
        return state.converged

    def stalled(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: NelderMeadState,
    ) -> Bool[Array, ""]:
        """Whether that was on a plateau."""
        return state.stalled

    def unknowns(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: NelderMeadState,
    ) -> PyTree:
        """The best vertex."""
        return state.unknowns

    def _vertices_around(self, vector: Float[Array, " n"]) -> Float[Array, "vertices n"]:
        """The vertices of a new simplex; the first is the point itself."""
        usual = jnp.sqrt(jnp.mean(vector**2))
        usual = jnp.where(usual > 0, usual, 1)
        edges = jnp.asarray(self.spread, vector.dtype) * jnp.where(vector != 0, vector, usual)
        return vector[None] + jnp.concatenate([0 * edges[None], jnp.diag(edges)])

    def _restart(
        self, simplex: Simplex, vector: Float[Array, " n"], loss: Float[Array, ""]
    ) -> Simplex:
        """A new simplex around the best vertex, whose loss is known."""
        return Simplex(
            vertices=self._vertices_around(vector),
            losses=jnp.full_like(simplex.losses, jnp.inf).at[0].set(loss),
            metrics=simplex.metrics,
            new=jnp.asarray(True),
            function_evaluations=simplex.function_evaluations,
        )


def _move(
    function: Callable[[Float[Array, " n"]], tuple[Float[Array, ""], Metrics]], simplex: Simplex
) -> _Move:
    """Evaluate one, two or all points, and change the simplex accordingly."""
    count = simplex.losses.size
    size = max(count - 1, 2)
    expansion, contraction, shrinkage = 1 + 2 / size, 0.75 - 0.5 / size, 1 - 1 / size
    first = simplex.new
    best = jnp.argmin(simplex.losses).astype("int32")
    worst = jnp.argmax(simplex.losses).astype("int32")
    least, most = simplex.losses[best], simplex.losses[worst]
    second = jnp.max(jnp.where(jnp.arange(count, dtype="int32") == worst, -jnp.inf, simplex.losses))
    lowest, highest = simplex.vertices[best], simplex.vertices[worst]
    centre = (jnp.sum(simplex.vertices, axis=0) - highest) / (count - 1)
    towards = centre - highest
    drawn = jnp.where(first, 1, shrinkage)

    def attempt(move: _Move) -> _Move:
        simplex, stage = move.simplex, move.stage
        everything = stage == ALL
        shrunk = lowest + drawn * (simplex.vertices[move.vertex] - lowest)
        # At first the vertices must not change, not even in the last bit.
        shrunk = jnp.where(first, simplex.vertices[move.vertex], shrunk)
        point = jnp.where(everything, shrunk, move.point)
        raw, metrics = function(point)
        loss = jnp.where(jnp.isnan(raw), jnp.inf, raw)
        reflected, reflection = move.reflected
        reflecting = stage == REFLECTION
        reflection = jnp.where(reflecting, loss, reflection)
        reflected = jnp.where(reflecting, point, reflected)
        # What to do after the reflection.
        expanding, outside = reflection < least, reflection < most
        factor = jnp.where(
            expanding, expansion, jnp.where(outside, contraction, -contraction)
        ).astype(point.dtype)
        content = reflecting & ~expanding & (reflection < second)
        # Whether the second point is good, and whether the reflection was better.
        back = (stage == SECOND) & expanding & ~(loss < reflection)
        bound = jnp.where(outside, reflection, most)
        good = (stage == SECOND) & (expanding | (loss < bound))
        replaced = jnp.where(everything, move.vertex, worst)
        stored = content | good | everything
        value = jnp.where(back, reflection, loss)
        vertex = jnp.where(back, reflected, point)
        # Better than all known points: it is kept, unless the second point is even better.
        known = jnp.min(simplex.losses)
        known = jnp.where((stage == SECOND) & expanding, reflection, known)
        starting = first & (move.vertex == 0)
        record = (loss < known) | starting
        after = Simplex(
            vertices=simplex.vertices.at[replaced].set(
                jnp.where(stored, vertex, simplex.vertices[replaced])
            ),
            losses=simplex.losses.at[replaced].set(
                jnp.where(stored, value, simplex.losses[replaced])
            ),
            metrics=_select(record, metrics, simplex.metrics),
            new=jnp.asarray(False),
            function_evaluations=simplex.function_evaluations + 1,
        )
        following = jnp.where(move.vertex + 1 < count, ALL, NOTHING)
        following = jnp.where(stage == SECOND, jnp.where(good, NOTHING, ALL), following)
        following = jnp.where(reflecting, jnp.where(content, NOTHING, SECOND), following)
        return _Move(
            simplex=after,
            stage=following.astype("int32"),
            point=centre + factor * towards,
            vertex=jnp.where(everything, move.vertex + 1, move.vertex),
            reflected=(reflected, reflection),
            start=_select(starting, (raw, metrics), move.start),
        )

    start = _Move(
        simplex=simplex,
        stage=jnp.where(first, ALL, REFLECTION).astype("int32"),
        point=centre + towards,
        vertex=jnp.asarray(0, "int32"),
        reflected=(lowest, least),
        start=(least, simplex.metrics),
    )
    return lax.while_loop(lambda move: move.stage != NOTHING, attempt, start)


def _select(first: Bool[Array, ""], one: PyTree, other: PyTree) -> PyTree:
    """`one` or `other`, array by array."""
    return jax.tree.map(lambda a, b: jnp.where(first, a, b), one, other)
