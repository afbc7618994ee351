"""Hidden Markov models of the user's own sequences."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import FullBatch
from plugax import Table as ShownTable
from plugax.problems import Metrics

from ._covariances import Covariance
from ._emission import AbstractEmission
from ._expanded import expanded_chain, predict_combinations, present
from ._filter import filter_states, filter_with
from ._kind import AbstractHiddenMarkov
from ._options import check_options, emission_of
from ._prediction import States, predict, predict_table
from ._sequences import sequences_of
from ._simplex import (
    log_distribution,
    log_transition,
    ratios_of,
    stationary_distribution,
    transition_ratios,
)
from ._smoother import smooth_states
from ._statistics import remarks_of, statistics_of
from ._tables import tables_of

if TYPE_CHECKING:
    from plugax import Solution

Unknowns = dict[str, PyTree]
Batch = tuple[PyTree, Bool[Array, "sequences times"]]


class Chain(NamedTuple):
    """The hidden chain.

    Attributes:
        initial: δ, the distribution of the first state.
        transition: A, a row for the present state and a column for the next.
    """

    initial: Float[Array, " states"]
    transition: Float[Array, "states states"]


class Expectations(NamedTuple):
    """What the maximisation step has to know of the hidden states.

    Attributes:
        weights: p(z_t = k | y), 0 after the end of a sequence.
        transitions: the expected number of changes from the state of the row to that of the column.
    """

    weights: Float[Array, "sequences times states"]
    transitions: Float[Array, "states states"]


class HiddenMarkovModel(AbstractHiddenMarkov):
    """Find the states behind a series, their changes, and what each of them emits.

    A state z_t changes by itself, p(z_{t+1} = j | z_t = i) = A(i, j), and is not observed; what is
    observed depends on it, p(y_t | z_t). The loss is the negative logarithm of the likelihood
    p(y), a sum over all paths of states, times the prior. The unknowns are free of constraints:
    log-ratios of probabilities, logarithms of rates, factors of covariances. What is reported has
    the units of the data, and states are numbered by their mean of the first column.

    Arguments:
        data: a file of columns with a header, or arrays by name; a row for every time, in order.
        states: the number of states.
        columns: the columns that are observed; by default all except `sequence`.
        emission: the distribution of a row given its state: gaussian; poisson for counts;
            categorical; autoregressive, a Gaussian about a linear function of the rows before;
            switching-mean, an autoregression about a mean that depends on the state.
        order: the number of rows before that the latter two depend on.
        covariance: of gaussian and autoregressive: full, tied (one for all states), diagonal or
            spherical.
        sequence: the column that names the sequence of each row; by default all are one sequence.
        initial: the distribution of the first state: free, stationary (that of the chain in the
            long run) or uniform.
        concentration: of the Dirichlet prior of each row of A; 1 is flat.
        stickiness: added to the concentration of staying in a state.
        prior_weight: of gaussian and autoregressive: the weight of the prior of each covariance, in
            rows; 0 for maximum likelihood, which has no maximum if a state may keep a single row.
        parallel: whether the filter is an associative scan, for accelerators.

    A cell that is missing (empty, NaN) is not observed; the state goes on without it. For
    autoregressive and switching-mean the likelihood is conditional on the first `order` rows of
    each sequence, and a row is left out if one that it depends on is missing.

    Errors: `PlugaxError` for a column that does not exist, a cell that is no number (or no count),
    a column with one value, and options outside their range.

    Laws: exp(log-likelihood) is the sum over all paths. Another order of the states changes
    nothing.

    Source: Rabiner 1989, doi 10.1109/5.18626; Hamilton 1989, doi 10.2307/1912559; stickiness: Fox,
    Sudderth, Jordan and Willsky 2011, doi 10.1214/10-AOAS395.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "baum-welch": {},
        "bfgs": {},
        "lbfgs": {},
        "newton": {},
        "gradient": {"optimizer": {"name": "adam", "learning_rate": 0.05}, "steps": 2000},
    }
    example: ClassVar[Mapping[str, Any]] = {"problem": {"states": 2}}
    precision: ClassVar[str | None] = "float64"
    scores: ClassVar[tuple[str, ...]] = ("log_likelihood", "bic")
    may_be_infinite: ClassVar[tuple[str, ...]] = ("durations", "stationary")
    figures_from: ClassVar[str | None] = "plugax_markov._figures:figures"

    emission: AbstractEmission
    within: Bool[Array, "sequences times"]
    table_rows: Int[Array, "sequences times"]
    concentration: Float[Array, ""]
    stickiness: Float[Array, ""]
    states: int = eqx.field(static=True)
    initial: str = eqx.field(static=True)
    kind: str = eqx.field(static=True)
    sequence: str | None = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    parallel: bool = eqx.field(static=True)

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any],
        states: int,
        columns: tuple[str, ...] | None = None,
        emission: Literal[
            "gaussian", "poisson", "categorical", "autoregressive", "switching-mean"
        ] = "gaussian",
        order: int = 1,
        covariance: Covariance = "full",
        sequence: str | None = None,
        initial: Literal["free", "stationary", "uniform"] = "free",
        concentration: float = 1.0,
        stickiness: float = 0.0,
        prior_weight: float = 1.0,
        parallel: bool = False,
    ):
        check_options(
            states=states,
            order=order,
            concentration=concentration,
            stickiness=stickiness,
            prior_weight=prior_weight,
        )
        sequences = sequences_of(data, columns, sequence, categorical=emission == "categorical")
        self.emission = emission_of(
            sequences,
            emission,
            states=states,
            order=order,
            covariance=covariance,
            prior_weight=prior_weight,
        )
        later = self.emission.order
        self.within = jnp.asarray(sequences.within[:, later:])
        self.table_rows = jnp.asarray(sequences.rows[:, later:], "int32")
        self.concentration = jnp.asarray(concentration, float)
        self.stickiness = jnp.asarray(stickiness, float)
        self.states, self.initial, self.kind = states, initial, emission
        self.sequence, self.names, self.parallel = sequence, sequences.names, parallel

    @property
    def data(self) -> FullBatch:
        """All rows, and which times are within their sequence."""
        return FullBatch((self.emission.rows, self.within))

    def init(self, key: PRNGKeyArray) -> Unknowns:
        """A random start: states that mostly stay, and emissions of different parts of the data."""
        stay_key, change_key, emission_key = jr.split(key, 3)
        shape = (self.states, self.states - 1)
        dtype = self.concentration.dtype
        stay = jr.uniform(stay_key, (self.states, 1), dtype, 0.6, 0.95)
        mean = jnp.log((1 - stay) / stay / max(self.states - 1, 1))
        unknowns: Unknowns = {
            "transition": mean + jr.normal(change_key, shape, dtype) / 2,
            "emission": self.emission.start(emission_key),
        }
        if self.initial == "free":
            unknowns["initial"] = jnp.zeros(self.states - 1, dtype)
        return unknowns

    def loss(
        self,
        unknowns: Unknowns,
        batch: Batch,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, ""], Metrics]:
        """−log p(y) − log p(u).

        The metric `smallest_share` is the part of the rows that the rarest state has, by the
        probabilities of the filter, or in `baum-welch` of the smoother; `smallest_probability` is
        that of the rarest change of state.
        """
        first, moves, log_b = self.expanded(unknowns, batch)
        memory, transition = self.emission.memory, self.chain(unknowns).transition

        def one(log_b: Array) -> tuple[Array, Array]:
            if memory and not self.parallel:
                predict = lambda p: predict_combinations(p, transition, memory)  # noqa: E731
                found = filter_with(predict, first, log_b)
            else:
                found = filter_states(first, moves, log_b, parallel=self.parallel)
            return jnp.sum(found.increments), found.filtered

        likelihoods, filtered = jax.vmap(one)(log_b)
        loss = -jnp.sum(likelihoods) - self.log_prior(unknowns)
        share = jnp.min(self.shares(present(filtered, self.states), batch[1]))
        return loss, self._doubts(unknowns, jax.lax.stop_gradient(share))

    def log_prior(self, unknowns: Unknowns) -> Float[Array, ""]:
        """Σ (concentration − 1) log A + stickiness Σ log A(i, i), and that of the emission."""
        logs = log_transition(unknowns["transition"])
        chain = (self.concentration - 1) * jnp.sum(logs)
        chain = chain + self.stickiness * jnp.sum(jnp.diagonal(logs))
        return chain + self.emission.log_prior(unknowns["emission"])

    def chain(self, unknowns: Unknowns) -> Chain:
        """δ and A."""
        transition = jnp.exp(log_transition(unknowns["transition"]))
        if self.initial == "free":
            first = jnp.exp(log_distribution(unknowns["initial"]))
        elif self.initial == "stationary":
            first = stationary_distribution(transition)
        else:
            first = jnp.full(self.states, 1 / self.states, transition.dtype)
        return Chain(first, transition)

    def expanded(
        self, unknowns: Unknowns, batch: Batch
    ) -> tuple[Float[Array, " s"], Float[Array, "s s"], Float[Array, "sequences times s"]]:
        """δ, A and log b of the states that the filter runs over.

        They are the states themselves, or for switching-mean their combinations.
        """
        rows, within = batch
        log_b = self.emission.log_likelihoods(unknowns["emission"], rows)
        log_b = jnp.where(within[..., None], log_b, 0)
        first, moves = expanded_chain(*self.chain(unknowns), self.emission.memory)
        return first, moves, log_b

    def shares(
        self,
        probabilities: Float[Array, "sequences times states"],
        within: Bool[Array, "sequences times"],
    ) -> Float[Array, " states"]:
        """The part of all rows that each state has."""
        inside = within.astype(probabilities.dtype)[..., None]
        return jnp.sum(probabilities * inside, axis=(0, 1)) / jnp.sum(inside)

    def expect(
        self, unknowns: Unknowns, batch: Batch
    ) -> tuple[Float[Array, ""], Metrics, Expectations]:
        """The smoother's distributions and expected changes."""
        first, moves, log_b = self.expanded(unknowns, batch)

        def one(log_b: Array, within: Array) -> tuple[Array, Array, Array]:
            return smooth_states(first, moves, log_b, within=within, parallel=self.parallel)

        smoothed, transitions, likelihoods = jax.vmap(one)(log_b, batch[1])
        weights = smoothed * batch[1].astype(smoothed.dtype)[..., None]
        loss = -jnp.sum(likelihoods) - self.log_prior(unknowns)
        share = jnp.min(self.shares(weights, batch[1]))
        found = Expectations(weights, jnp.sum(transitions, axis=0))
        return loss, self._doubts(unknowns, share), found

    def _doubts(self, unknowns: Unknowns, share: Float[Array, ""]) -> Metrics:
        """What remarks are made of."""
        rarest = jnp.min(self.chain(unknowns).transition)
        return {"smallest_share": share, "smallest_probability": jax.lax.stop_gradient(rarest)}

    def maximise(self, unknowns: Unknowns, expectations: Expectations, batch: Batch) -> Unknowns:
        """Counted changes with the prior's, and the best emissions."""
        weights, transitions = expectations
        identity = jnp.eye(self.states, dtype=transitions.dtype)
        counts = transitions + (self.concentration - 1) + self.stickiness * identity
        total = jnp.sum(counts, axis=1, keepdims=True)
        rows = counts / jnp.where(total > 0, total, 1)
        emission = self.emission.maximise(unknowns["emission"], weights, batch[0])
        found: Unknowns = {
            "transition": jnp.where(total > 0, transition_ratios(rows), unknowns["transition"]),
            "emission": emission,
        }
        if self.initial == "free":
            found["initial"] = ratios_of(jnp.mean(weights[:, 0], axis=0))
        return found

    def no_steps(self) -> str | None:
        """A stationary start, whose maximum has no closed form, or an emission without one."""
        if self.initial == "stationary":
            return (
                "has no step for the initial distribution stationary, which ties it to the changes "
                "of state: use 'bfgs', or initial='free'."
            )
        return self.emission.no_maximum()

    def evaluate(self, unknowns: Unknowns) -> dict[str, Any]:
        """The model in the units of the data, states in the order of their first mean.

        `log_likelihood`, `log_prior`, `parameters` (how many are free), `aic`, `bic`; `initial`,
        `transition`, `stationary`, `durations` (the mean number of rows of a stay,
        1/(1 − A(i, i))), `shares` (the part of the rows that each state has); and by emission
        `means` and `standard_deviations`, `covariances`, `intercepts`, `lags` (state, lag, column,
        column before), `rates`, or `probabilities of COLUMN`.
        """
        return statistics_of(self, unknowns, 0)

    def evaluate_held(self, unknowns: Unknowns, held: PyTree) -> dict[str, Any]:
        """The same if some unknowns were held, which are no free parameters."""
        count = sum(jnp.sum(leaf) for leaf in jax.tree.leaves(held))
        return statistics_of(self, unknowns, count)

    def remarks(self, series: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        """A state that no row is in, and a change of state that has no probability."""
        return remarks_of(self, series)

    def tables(self, solution: "Solution") -> tuple[ShownTable, ...]:
        """The states with their emissions, and the transition matrix."""
        return tables_of(self, solution.metrics)

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any = None
    ) -> States:
        """The states of rows: the most probable path, and the probabilities at every time.

        Arguments:
            solution: a solution of this problem, or of a variant.
            inputs: a file or arrays by name with the columns of the data; None for the data.
        """
        return predict(self, solution, inputs)

    def predict_table(self, solution: "Solution", data: Any) -> Mapping[str, Any]:
        """`state`, on the most probable path, and `probability of state k`, for every row.

        The first `order` rows of a sequence have the state 0 and no probabilities.
        """
        return predict_table(self, solution, data)
