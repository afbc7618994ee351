"""A state that is handed on from step to step: batch normalisation, and a mean kept by hand."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
import pytest

import plugax as px
from plugax import testing
from plugax.testing.kinds._references import RunningMean

STEPS, SIZE = 12, 8


class Net(eqx.Module):
    """A line after batch normalisation."""

    norm: eqx.nn.BatchNorm
    line: eqx.nn.Linear

    def __init__(self, key):
        self.norm = eqx.nn.BatchNorm(3, axis_name="batch", mode="ema")
        self.line = eqx.nn.Linear(3, "scalar", key=key)

    def __call__(self, x, state):
        x, state = self.norm(x, state)
        return self.line(x), state


class Fit(px.AbstractStatefulProblem):
    """Fits it to data far from zero mean and unit variance, which the running statistics find."""

    def init(self, key):
        model, state = eqx.nn.make_with_state(Net)(key)
        return px.Stateful(model, state)

    @property
    def data(self):
        x = 2.0 + 3.0 * jr.normal(jr.key(1), (64, 3))
        return px.Shuffled((x, jnp.sum(x, axis=1)), batch_size=SIZE)

    def stateful_loss(self, unknowns, batch, key):
        x, y = (leaf.astype(unknowns.free.line.weight.dtype) for leaf in batch)
        apply = jax.vmap(unknowns.free, in_axes=(0, None), out_axes=(0, None), axis_name="batch")
        predicted, state = apply(x, unknowns.state)
        return jnp.mean((predicted - y) ** 2), {}, state

    def evaluate(self, unknowns):
        model = eqx.nn.inference_mode(unknowns.free)
        x, y = (leaf.astype(model.line.weight.dtype) for leaf in self.data.arrays)
        predicted = jax.vmap(lambda x: model(x, unknowns.state)[0])(x)
        return {"error": jnp.mean((predicted - y) ** 2)}


def statistics(unknowns):
    """The arrays of the running statistics."""
    return [leaf for leaf in jax.tree.leaves(unknowns.state) if eqx.is_inexact_array(leaf)]


def by_hand(problem, solution):
    """The same steps of SGD as one writes them, on the batches that the run saw."""
    seed_keys = jr.split(jr.key(0), 4)
    unknowns = problem.init(seed_keys[0])
    model, state = unknowns.free, unknowns.state
    data_key = seed_keys[2]
    cursor = problem.data.init(data_key, jnp.asarray(0, "int32"))

    @eqx.filter_jit
    def step(model, state, batch):
        def loss(model):
            value, _, after = problem.stateful_loss(px.Stateful(model, state), batch, jr.key(0))
            return value, after

        (_, after), gradient = eqx.filter_value_and_grad(loss, has_aux=True)(model)
        return eqx.apply_updates(model, jax.tree.map(lambda g: -0.05 * g, gradient)), after

    for number in range(solution.steps):
        batch, cursor = problem.data.next(cursor, data_key, jnp.asarray(number, "int32"))
        model, state = step(model, state, batch)
    return px.Stateful(model, state)


@pytest.fixture(scope="module")
def solver():
    return px.solver("gradient", optimizer=px.optimizer("sgd", learning_rate=0.05), tolerance=None)


@pytest.fixture(scope="module")
def solution(solver):
    return px.solve(Fit(), solver, steps=STEPS)


def test_running_statistics_are_those_of_a_loop_by_hand(solution):
    expected = by_hand(Fit(), solution)
    for found, right in zip(statistics(solution.unknowns), statistics(expected), strict=True):
        np.testing.assert_allclose(found, right, rtol=2e-5, atol=1e-6)
    weight = solution.unknowns.free.line.weight
    np.testing.assert_allclose(weight, expected.free.line.weight, rtol=1e-4)


def test_inference_goes_by_the_statistics_that_were_found(solver):
    """The data have mean 2 and variance 9: with statistics of 0 and 1 the error would be large."""
    solution = px.solve(Fit(), solver, steps=400)
    mean = np.mean(np.asarray(Fit().data.arrays[0]), axis=0)
    assert any(
        leaf.shape == (3,) and np.allclose(leaf, mean, atol=1.0)
        for leaf in statistics(solution.unknowns)
    )
    spread = float(jnp.var(Fit().data.arrays[1]))
    assert solution.metrics["error"] < 0.05 * spread


def test_chunks_and_resuming_change_no_bit_of_the_state(solver, solution, tmp_path):
    chunked = px.solve(Fit(), solver, steps=STEPS, chunk=5)
    half = px.solve(Fit(), solver, steps=STEPS // 2)
    half.save(tmp_path / "half")
    resumed = px.resume(tmp_path / "half", problem=Fit(), solver=solver, steps=STEPS)
    for other in (chunked, resumed):
        for found, right in zip(
            jax.tree.leaves(eqx.filter(other.unknowns, eqx.is_array)),
            jax.tree.leaves(eqx.filter(solution.unknowns, eqx.is_array)),
            strict=True,
        ):
            np.testing.assert_array_equal(found, right)


def test_the_members_of_a_population_have_a_state_each(solver, solution):
    population = px.sweep(Fit(), solver, over={"seed": [0, 1]}, steps=STEPS)
    both = statistics(population.unknowns)
    for alone, together in zip(statistics(solution.unknowns), both, strict=True):
        np.testing.assert_allclose(together[0], alone, rtol=2e-5, atol=1e-6)
    assert any(np.any(leaf[0] != leaf[1]) for leaf in both)


def test_a_solver_that_hands_no_state_on_says_so():
    with pytest.raises(px.errors.UnsuitableProblemError, match=r"bfgs hands no state on.*gradient"):
        px.solve(RunningMean(), "bfgs")


def test_another_start_keeps_the_state_and_bounds_are_refused():
    start = px.Stateful(jnp.array([3.0, 3.0]), jnp.array([1.0, 1.0]))
    solution = px.solve(px.starting_at(RunningMean(), start), "gradient", steps=1)
    np.testing.assert_allclose(solution.unknowns.state, [2.0, 2.0])
    with pytest.raises(px.errors.UnsuitableProblemError, match="carries a state"):
        px.bounded(RunningMean(), lower=0.0)


def test_the_state_is_not_differentiated():
    problem, solver = RunningMean(), px.solver("gradient", optimizer="sgd")
    unknowns = problem.init(jr.key(0))
    state = solver.init(problem, unknowns, jr.key(0))
    after, _ = solver.step(problem, state, (), jr.key(0))
    np.testing.assert_allclose(after.unknowns.state, (unknowns.state + unknowns.free) / 2)
    assert jax.tree.structure(after.optimizer) == jax.tree.structure(
        optax.sgd(1e-3).init(unknowns.free)
    ) or not jax.tree.leaves(after.optimizer)


@testing.parametrize_checks(problems={"fit": Fit, "mean": RunningMean})
def test_such_problems_conform(check):
    check()


def test_a_held_part_keeps_its_weights_and_the_state_goes_on(solver, tmp_path):
    held = px.fixed(Fit(), lambda unknowns: unknowns.free.line)
    start = Fit().init(jr.key(0))
    solution = px.solve(held, solver, steps=STEPS)
    found = solution.unknowns
    np.testing.assert_array_equal(found.free.line.weight, start.free.line.weight)
    assert np.any(found.free.norm.weight != start.free.norm.weight)
    assert any(
        np.any(new != old) for new, old in zip(statistics(found), statistics(start), strict=True)
    )
    assert np.isfinite(solution.metrics["error"])
    solution.save(tmp_path / "held")
    again = px.load(tmp_path / "held", problem=held, solver=solver)
    np.testing.assert_array_equal(again.unknowns.free.norm.weight, found.free.norm.weight)


def test_a_state_is_neither_held_nor_bounded():
    with pytest.raises(px.errors.UnsuitableProblemError, match=r"unknowns\.free"):
        px.fixed(Fit(), lambda unknowns: (unknowns.free.line, unknowns.state))
    with pytest.raises(px.errors.UnsuitableProblemError, match="no bounds"):
        px.bounded(Fit(), lower=0.0)
