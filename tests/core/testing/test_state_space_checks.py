"""The checks of state-space problems and of their solvers catch each what they are for."""

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax import testing
from plugax_state_space import laws
from plugax_state_space.laws._tracking import SPREAD, Tracking
from plugax_state_space.laws._tracks import _errors, _root_mean_square

KEY = jax.random.key(0)


class Nudging(px.AbstractSolver):
    """x ← x + G (y − x), where something was observed."""

    requires = ss.AbstractStateSpace

    gain: jax.Array = eqx.field(converter=jnp.asarray, default=0.7)

    def init(self, problem, unknowns, key):
        return unknowns

    def target(self, batch):
        return batch.observations

    def analysis(self, problem, state, cycle):
        state = problem.forecast(state, cycle)
        gap = self.gain * (self.target(cycle) - problem.observe(cycle.time, state))
        return state + (gap if cycle.available is None else jnp.where(cycle.available, gap, 0))

    def step(self, problem, state, batch, key):
        state = self.analysis(problem, state, batch)
        return state, self.metrics(problem, state, batch)

    def metrics(self, problem, state, cycle):
        metrics = {"loss": jnp.sum(problem.misfit(state, cycle) ** 2) / 2, "time": cycle.time}
        if cycle.truth is not None:
            error = problem.verified(state) - cycle.truth
            metrics["analysis_rmse"] = jnp.sqrt(jnp.mean(error**2))
        return metrics

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state


class InWindows(Nudging):
    """Takes four observation times at once, and the next two anew."""

    def data(self, problem):
        return px.Windows(problem.cycles, 4, 2)

    def step(self, problem, state, batch, key):
        def run(state, cycle):
            state = self.analysis(problem, state, cycle)
            return state, state

        states = lax.scan(run, state, batch)[1]
        last = jax.tree.map(lambda leaf: leaf[-1], batch)
        return states[1], self.metrics(problem, states[-1], last)


class Prepared(Nudging):
    """Has its gains made on the host, one for every number of the state."""

    def prepare(self, problem, steps):
        return (jnp.ones(np.asarray(problem.initial.mean).size),)

    def init(self, problem, unknowns, key, gains):
        return super().init(problem, unknowns, key)

    def step(self, problem, state, batch, key, gains):
        ahead = problem.forecast(state, batch)
        gain = self.gain * gains.astype(ahead.dtype)
        state = ahead + jnp.where(batch.available, gain * (batch.observations - ahead), 0)
        return state, self.metrics(problem, state, batch)


class Deaf(Nudging):
    gain: jax.Array = eqx.field(converter=jnp.asarray, default=0.0)


class Mute(Nudging):
    def metrics(self, problem, state, cycle):
        return {"loss": jnp.zeros((), state.dtype)}


class Late(InWindows):
    def metrics(self, problem, state, cycle):
        return super().metrics(problem, state, cycle) | {"time": cycle.time - cycle.duration}


class Peeps(Nudging):
    def target(self, batch):
        return batch.observations if batch.truth is None else batch.truth


class Undefined(Nudging):
    def metrics(self, problem, state, cycle):
        error = jnp.nan if cycle.truth is None else jnp.zeros((), state.dtype)
        return super().metrics(problem, state, cycle) | {"analysis_rmse": jnp.asarray(error)}


class Forgets(Nudging):
    """Stays where it is if nothing was observed."""

    def analysis(self, problem, state, cycle):
        return jnp.where(jnp.any(cycle.available), super().analysis(problem, state, cycle), state)


class Tires(Nudging):
    """Corrects the less, the more cycles have gone by, whether or not anything was observed."""

    def init(self, problem, unknowns, key):
        return unknowns, jnp.ones((), unknowns.dtype)

    def step(self, problem, state, batch, key):
        row, weight = state
        ahead = problem.forecast(row, batch)
        row = ahead + weight * (self.analysis(problem, row, batch) - ahead)
        return (row, 0.9 * weight), self.metrics(problem, row, batch)

    def unknowns(self, problem, state):
        return state[0]


class Doubled(Tracking):
    def loss(self, unknowns, batch, key):
        loss, metrics = super().loss(unknowns, batch, key)
        return 2 * loss, metrics


class TakesAll(Tracking):
    def error_of(self, cycle):
        return self.observation_error


class Stiffened(Tracking):
    def forecast(self, state, cycle):
        return lax.stop_gradient(super().forecast(state, cycle))


class Shortened(Tracking):
    def forecast(self, state, cycle):
        return super().forecast(state, cycle).astype("float32")


class LongObservations(Tracking):
    def observe(self, time, state):
        return super().observe(time, state) * jnp.asarray(1.0, float)


class Skips(Tracking):
    def trajectory(self, state, window):
        return super().trajectory(self.forecast(state, window_first(window)), window)


def window_first(window):
    return jax.tree.map(lambda leaf: leaf[0], window)


# check, good, broken, what the message says
TABLE = [
    (testing.check_solver_solves, Nudging, Deaf, "its analyses follow the truth.*the limit"),
    (testing.check_solver_solves, InWindows, Mute, r"follow the truth.*metrics \['loss'\]"),
    (testing.check_solver_history, InWindows, Late, "`time` of a step is that of its last"),
    (laws.check_solver_truth, Nudging, Peeps, "without a truth it runs as with one"),
    (laws.check_solver_truth, InWindows, Undefined, "non-finite|runs as with one"),
    (laws.check_solver_gaps, Nudging, Forgets, "is the forecast from the one before"),
    (laws.check_solver_gaps, InWindows, Tires, "changes no later step"),
    (laws.check_state_space_loss, Tracking, Doubled, "half the squared misfit"),
    (laws.check_state_space_missing, Tracking, TakesAll, "has no effect on"),
    (laws.check_state_space_gradient, Tracking, Stiffened, "equals its finite differences"),
    (laws.check_state_space_precision, Tracking, Shortened, "dtypes of its start, in float64"),
    (laws.check_state_space_precision, Tracking, LongObservations, "have its precision.*float64"),
    (laws.check_state_space_trajectory, Tracking, Skips, "a sequence of forecasts"),
]


def test_a_check_catches_what_is_wrong_and_nothing_else(catches, check, good, broken, message):
    catches(check, good, broken, message)


@pytest.mark.slow
@pytest.mark.parametrize("solver", [InWindows, Prepared])
def test_solvers_that_group_the_data_or_prepare_tables_conform(solver):
    for check in testing.collect_checks(solvers={"solver": solver}):
        check()


def picked(t, x):
    return x[np.arange(0, 3, 2)]


def test_an_operator_that_picks_by_an_array_of_numpy_is_good_code():
    with jax.enable_x64(True):
        problem = ss.StateSpace(
            lambda t, x: -x,
            np.arange(1.0, 5.0),
            np.ones((4, 2)),
            picked,
            ss.ScalarCovariance(1.0, 2),
            ss.Gaussian(np.zeros(3), ss.ScalarCovariance(1.0, 3)),
            dt=1.0,
        )
    laws.check_state_space_precision(problem, KEY)
    testing.check_strict_promotion(problem, KEY)


@pytest.mark.usefixtures("x64")
def test_the_known_answer_has_the_error_that_its_covariance_says():
    problem = Tracking()
    error = _root_mean_square(_errors(problem, jnp.asarray(problem.kalman()))[20:])
    # The variance of the analyses settles between 0.022 and 0.035, as two or three are observed;
    # with a memory of about three cycles the error of 140 is known to a tenth.
    assert 0.9 * np.sqrt(0.022) < error < 1.1 * np.sqrt(0.035)
    assert error < SPREAD


@pytest.mark.usefixtures("x64")
def test_a_problem_of_ones_own_asks_for_less_error_than_a_run_without_observations():
    problem = ss.twin_experiment(
        lambda t, x: -0.1 * x,
        np.arange(1.0, 41.0),
        lambda t, x: x,
        ss.ScalarCovariance(0.1, 3),
        ss.Gaussian(jnp.zeros(3), ss.ScalarCovariance(5.0, 3)),
        key=KEY,
        dt=1.0,
    )
    testing.check_solver_solves(Nudging(), KEY, problem=problem)
    with pytest.raises(AssertionError, match="follow the truth"):
        testing.check_solver_solves(Nudging(gain=-0.5), KEY, problem=problem)
    blind = eqx.tree_at(lambda problem: problem.cycles.truth, problem, None)
    testing.check_solver_solves(Nudging(), KEY, problem=blind)
    laws.check_solver_truth(Nudging(), KEY, problem=blind)
