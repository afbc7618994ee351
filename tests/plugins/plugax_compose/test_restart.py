import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px

LOWEST = -0.5213


class Hole(px.AbstractProblem):
    """√u + (u − 2)², which is NaN left of zero; the minimum is at 1.8144."""

    def init(self, key):
        return jr.uniform(key, (), minval=-3.0, maxval=3.0)

    def loss(self, unknowns, batch, key):
        return jnp.sqrt(unknowns) + (unknowns - 2) ** 2, {}


class Still(px.AbstractProblem):
    """0.02 u² + sin 3 u, always from u = 4."""

    def init(self, key):
        return jnp.asarray(4.0)

    def loss(self, unknowns, batch, key):
        return 0.02 * unknowns**2 + jnp.sin(3 * unknowns), {}


def test_one_start_is_the_solver(waves, settling_sgd):
    alone = px.solve(waves, settling_sgd(0.05), steps=90)
    once = px.solve(waves, px.solver("restart", inner=settling_sgd(0.05), starts=1), steps=90)
    assert once.steps == alone.steps
    assert once.status == alone.status
    np.testing.assert_allclose(once.unknowns, alone.unknowns, rtol=1e-6)
    np.testing.assert_allclose(once.series["loss"], alone.series["loss"], rtol=1e-5)


def test_many_starts_find_the_lowest_of_many_minima(waves, settling_sgd):
    seeds = px.sweep(waves, settling_sgd(0.05), over={"seed": range(8)})
    assert (np.abs(seeds.unknowns - LOWEST) > 1).sum() >= 4
    solver = px.solver("restart", inner=settling_sgd(0.05), starts=30)
    found = px.sweep(waves, solver, over={"seed": range(4)}, steps=6000)
    np.testing.assert_allclose(found.unknowns, LOWEST, atol=1e-3)
    assert found.success.all()


def test_the_best_is_the_least_loss_at_the_end_of_a_start(waves, settling_sgd):
    solution = px.solve(waves, px.solver("restart", inner=settling_sgd(0.05), starts=6))
    starts = solution.series["start"]
    assert set(starts.tolist()) == set(range(6))
    last = [solution.series["loss"][starts == k][-1] for k in range(6)]
    final = float(waves.loss(solution.unknowns, (), None)[0])
    assert final <= min(last) + 1e-6


def test_a_solver_without_a_test_has_as_many_steps_for_every_start(waves, sgd):
    solution = px.solve(waves, px.solver("restart", inner=sgd(0.01), starts=3), steps=30)
    assert np.bincount(solution.series["start"]).tolist() == [10, 10, 10]


def test_a_start_that_is_not_finite_is_given_up(settling_sgd):
    lost = px.solve(Hole(), settling_sgd(0.05), seed=3)
    assert lost.status.name == "non-finite"
    solution = px.solve(Hole(), px.solver("restart", inner=settling_sgd(0.05), starts=6), seed=3)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, 1.8144, atol=1e-3)
    assert np.isfinite(solution.series["loss"]).all()


def test_equal_starts_are_told_and_spread_parts_them(settling_sgd):
    solution = px.solve(Still(), px.solver("restart", inner=settling_sgd(0.05), starts=3))
    assert "Give spread" in str(solution.status)
    solution = px.solve(
        Still(), px.solver("restart", inner=settling_sgd(0.05), starts=20, spread=4.0)
    )
    assert "Give spread" not in str(solution.status)
    np.testing.assert_allclose(solution.unknowns, LOWEST, atol=1e-3)


@pytest.mark.parametrize("options", [{"starts": 0}, {"start_steps": 0}])
def test_less_than_one_start_is_refused(options):
    with pytest.raises(px.PlugaxError, match="must be at least 1"):
        px.solver("restart", **options)


def test_it_refuses_what_the_solver_refuses(batches):
    with pytest.raises(px.errors.UnsuitableProblemError, match=r"cannot start bfgs, .*all data"):
        px.solve(batches, "restart")
