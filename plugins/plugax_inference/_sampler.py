"""What all samplers have in common: a chain that is warmed up, then drawn from."""

import abc
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

import plugax as px

from ._lenient import lenient
from ._tuning import Tuned, Tuning, schedule

if TYPE_CHECKING:
    from plugax.solution import Population, Solution, Table

Density = Callable[[PyTree], Float[Array, ""]]
Metrics = dict[str, Array]
DRAW = "draw"


class Chain(eqx.Module):
    """A chain.

    Attributes:
        place: where it is, with what its transition needs to know of this place.
        tuned: step size and mass matrix.
        count: the number of transitions so far.
        dtypes: of the unknowns.
    """

    place: Any
    tuned: Tuned
    count: Int[Array, ""]
    dtypes: tuple[np.dtype, ...] = eqx.field(static=True)


class AbstractSampler(px.AbstractSolver):
    """A Markov chain whose stationary density is exp ℓ(u) of an `AbstractLogDensity`.

    One step is one transition. The first `warmup` steps learn step size and mass matrix, and are no
    draws; the others are: in `solution.posterior`, and in `draws(…)` with names of their axes. As
    metrics they belong to the place that a step starts from, so step `warmup` has the first draw.
    Several chains are a population over seeds, which is one program:

        px.sweep(problem, "nuts", over={"seed": range(4)})

    A subclass says `first`, `move`, and the target of its acceptance.
    """

    requires: ClassVar = px.AbstractLogDensity
    needs_all_data: ClassVar = True
    default_steps: ClassVar = 2000

    warmup: eqx.AbstractVar[int]
    target: eqx.AbstractVar[float]

    @property
    def tuning(self) -> Tuning:
        """The rules of the warm-up."""
        return Tuning(self.target)

    @abc.abstractmethod
    def first(self, density: Density, unknowns: PyTree) -> Any:
        """The first place."""

    @abc.abstractmethod
    def move(
        self, density: Density, place: Any, tuned: Tuned, key: PRNGKeyArray
    ) -> tuple[Any, Metrics]:
        """The next place, and metrics of the transition, `acceptance` among them."""

    def __check_init__(self):
        if isinstance(self.warmup, bool) or not isinstance(self.warmup, int) or self.warmup < 0:
            raise ValueError(f"warmup must be a number of steps, 0 for none; got {self.warmup!r}.")
        if isinstance(self.target, float | int) and not 0 < self.target < 1:
            raise ValueError(f"target must lie between 0 and 1; got {self.target}.")

    def prepare(self, problem: px.AbstractProblem, steps: int) -> tuple[PyTree, ...]:
        """The schedule of the warm-up."""
        del problem, steps
        return (schedule(self.warmup),) if self.warmup else (jnp.zeros((1, 2), "int32"),)

    def init(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        problem: px.AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,
        stages: Int[Array, "steps 2"],
    ) -> Chain:
        """The chain at its first place."""
        del stages
        dtypes = tuple(x.dtype for x in jax.tree.leaves(unknowns))
        density = _density(problem, problem.data.first(), key, dtypes)
        # Blackjax computes in JAX's usual precision, whatever that of the problem is.
        wide = jax.tree.map(lambda x: x.astype(jnp.result_type(float)), unknowns)
        tuned = self.tuning.begin(wide)
        with lenient():
            place = self.first(density, wide)
        return Chain(place, tuned, jnp.zeros((), "int32"), dtypes)

    def step(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        problem: px.AbstractProblem,
        state: Chain,
        batch: PyTree,
        key: PRNGKeyArray,
        stages: Int[Array, "steps 2"],
    ) -> tuple[Chain, Metrics]:
        """One transition."""
        density = _density(problem, batch, key, state.dtypes)
        with lenient():
            place, told = self.move(density, state.place, state.tuned, key)
        warm = state.count < self.warmup
        stage = stages[jnp.minimum(state.count, len(stages) - 1)]
        tuned = jax.lax.cond(
            warm,
            lambda: self.tuning.learn(
                state.tuned,
                place.position,
                told["acceptance"],
                stage,
                state.count + 1 == self.warmup,
            ),
            lambda: state.tuned,
        )
        metrics = {
            "loss": -state.place.logdensity,
            "warm_up": warm,
            "step_size": state.tuned.step_size,
            **told,
            **px.problems.named_arrays(problem.constrained(self.unknowns(problem, state)), DRAW),
        }
        return Chain(place, tuned, state.count + 1, state.dtypes), metrics

    def converged(self, problem: px.AbstractProblem, state: Chain) -> Bool[Array, ""] | None:
        """A chain has no test of that: all steps are run."""
        del problem, state

    def unknowns(self, problem: px.AbstractProblem, state: Chain) -> PyTree:
        """Where the chain is."""
        del problem
        return _cast(state.place.position, state.dtypes)

    def summary(
        self, problem: px.AbstractProblem, series: Mapping[str, np.ndarray]
    ) -> dict[str, Any]:
        """Draws, mean acceptance, and divergent transitions, after the warm-up."""
        del problem
        if "warm_up" not in series:
            return {}
        after = ~series["warm_up"]
        found: dict[str, Any] = {"draws": int(after.sum())}
        if "acceptance" in series and after.any():
            found["acceptance"] = float(series["acceptance"][after].mean())
        if "divergent" in series:
            found["divergent"] = int(series["divergent"][after].sum())
        return found

    def joint_summary(
        self, problem: px.AbstractProblem, series: Mapping[str, np.ndarray]
    ) -> dict[str, Any]:
        """The largest R-hat and the smallest effective sample sizes of all quantities."""
        from ._diagnostics import worst

        del problem
        return worst(after_warm_up(series))

    def posterior(self, solution: "Solution") -> PyTree:
        """The draws after the warm-up, in the problem's names, along a first axis."""
        series = {name: x[None] for name, x in solution.series.items()}
        drawn = {name: x[0] for name, x in after_warm_up(series).items()}
        return px.problems.from_named_arrays(solution.unknowns, drawn, DRAW)

    def tables(self, solution: "Solution") -> "tuple[Table, ...]":
        """Mean, standard deviation, quantiles and diagnostics of every quantity."""
        from ._summary import table_of

        return table_of({name: x[None] for name, x in solution.series.items()})

    def joint_tables(self, population: "Population") -> "tuple[Table, ...]":
        """The same for several chains together."""
        from ._summary import table_of

        return table_of(chains_of(population))

    def figures(self, solution: "Solution") -> dict[str, Any]:
        """Traces and ranks, pairs, energies, intervals."""
        from ._figures import figures_of

        return figures_of({name: x[None] for name, x in solution.series.items()})

    def joint_figures(self, population: "Population") -> dict[str, Any]:
        """The same for several chains together."""
        from ._figures import figures_of

        return figures_of(chains_of(population))

    def remarks(
        self, problem: px.AbstractProblem, series: Mapping[str, np.ndarray]
    ) -> tuple[str, ...]:
        """What is wrong with a chain, and what helps."""
        del problem
        if "warm_up" not in series:
            return ()
        after = ~series["warm_up"]
        if not after.any():
            return (
                f"All steps were warm-up, of which there are {self.warmup}: there are no draws. "
                "Run more steps, or warm up for fewer.",
            )
        count = int(series["divergent"][after].sum()) if "divergent" in series else 0
        if not count:
            return ()
        return (
            f"{count} of {after.sum()} transitions diverged: the density bends more sharply than "
            "the step size follows, and what is drawn may miss a part of it. Write the model "
            f"without a funnel (not centred), or take a target above {self.target:g}.",
        )


def after_warm_up(series: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The draws and the metrics after the warm-up, `(chains, draws, …)`.

    Errors: `PlugaxError` if the metric `warm_up` was not recorded.
    """
    if "warm_up" not in series:
        raise px.PlugaxError(
            "Which steps were warm-up was not recorded, so the draws are not known. Leave out "
            "`record`, or name 'warm_up' and the draws there."
        )
    after = ~np.asarray(series["warm_up"])[0]
    return {name: np.asarray(x)[:, after] for name, x in series.items() if np.ndim(x) > 1}


def chains_of(population: "Population") -> dict[str, np.ndarray]:
    """The series of a population, all its axes as one of chains."""
    axes = population.status.ndim
    size = population.status.size
    return {n: x.reshape((size, *x.shape[axes:])) for n, x in population.series.items()}


def _cast(position: PyTree, dtypes: tuple[np.dtype, ...]) -> PyTree:
    leaves, structure = jax.tree.flatten(position)
    cast = [x.astype(dtype) for x, dtype in zip(leaves, dtypes, strict=True)]
    return jax.tree.unflatten(structure, cast)


def _density(
    problem: Any, batch: PyTree, key: PRNGKeyArray, dtypes: tuple[np.dtype, ...]
) -> Density:
    def density(position: PyTree) -> Float[Array, ""]:
        value = problem.log_density(_cast(position, dtypes), batch, key)[0]
        return value.astype(jnp.result_type(float))

    return density
