"""Samplers draw from the density, resume to the bit, and say what is wrong."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

import plugax as px

pytest.importorskip("blackjax")
from arviz_stats.base import array_stats
from blackjax.mcmc.integrators import IntegratorState, velocity_verlet
from blackjax.mcmc.metrics import default_metric

from plugax.cli import main
from plugax_inference import (
    HMC,
    NUTS,
    EightSchools,
    Positive,
    Posterior,
    Real,
    draws,
    summary,
)

MEAN = np.asarray([1.0, -2.0])
COVARIANCE = np.asarray([[4.0, 1.2], [1.2, 1.0]])


def normal(parameters, given):
    away = parameters["x"] - given["mean"]
    return -away @ given["precision"] @ away / 2


@pytest.fixture(scope="module")
def gaussian():
    given = {"mean": MEAN.astype("float32"), "precision": np.linalg.inv(COVARIANCE)}
    given = jax.tree.map(lambda x: jnp.asarray(x, "float32"), given)
    return Posterior(normal, {"x": Real((2,))}, given)


@pytest.mark.parametrize("sampler", ["nuts", "hmc", "mala", "random-walk"])
def test_a_gaussian_is_drawn_from(sampler, gaussian):
    steps = 5000 if sampler in ("mala", "random-walk") else 2000
    chains = px.sweep(gaussian, sampler, over={"seed": range(4)}, steps=steps)
    x = draws(chains)["posterior"]["x"].values.astype(float)
    assert x.shape == (4, steps - 1000, 2)
    away = x - MEAN
    products = away[..., :, None] * away[..., None, :]
    for values, wanted in ((x, MEAN), (products, COVARIANCE)):
        for index in np.ndindex(wanted.shape):
            one = values[(slice(None), slice(None), *index)]
            error = array_stats.mcse(one, chain_axis=0, draw_axis=1)
            assert abs(one.mean() - wanted[index]) < 5 * error, (sampler, index)
    assert chains.joint_metrics["r_hat"] < 1.05


def test_a_parameter_in_a_space_has_its_own_density():
    # Exponential with the mean ½: the density of the positive number, not of its logarithm.
    problem = Posterior(lambda p: -2 * p["rate"], {"rate": Positive()})
    chains = px.sweep(problem, "nuts", over={"seed": range(4)})
    rate = draws(chains)["posterior"]["rate"].values.astype(float)
    for power, wanted in ((1, 0.5), (2, 0.5)):
        error = array_stats.mcse(rate**power, chain_axis=0, draw_axis=1)
        assert abs((rate**power).mean() - wanted) < 5 * error


@pytest.mark.parametrize("at", [37, 150])
def test_a_chain_that_is_cut_in_its_warm_up_goes_on_to_the_bit(at, tmp_path):
    told = {"problem": EightSchools(), "solver": NUTS(warmup=200)}
    whole = px.solve(**told, steps=260)
    px.solve(**told, steps=at, out=tmp_path)
    again = px.resume(tmp_path, **told, steps=260)
    for name, values in whole.series.items():
        np.testing.assert_array_equal(again.series[name], values, err_msg=name)


def test_a_funnel_is_told_and_what_helps():
    chains = px.sweep(EightSchools(centred=True), NUTS(), over={"seed": range(4)})
    assert chains.joint_metrics["divergent"] > 10
    remarks = " ".join(chains.overall().remarks)
    assert "transitions diverged" in remarks
    assert "not centred" in remarks
    assert "transitions diverged" in chains.tables()[1].title
    marked = draws(chains)["sample_stats"]["diverging"]
    assert int(marked.sum()) == chains.joint_metrics["divergent"]
    assert {"trace", "forest", "pairs", "energy"} <= chains.figures().keys()


def test_the_summary_is_that_of_the_draws(gaussian):
    solution = px.solve(gaussian, "nuts", steps=1400)
    columns = summary(solution).columns
    assert columns["quantity"] == ["x[0]", "x[1]"]
    drawn = solution.posterior["x"]
    assert drawn.shape == (400, 2)
    np.testing.assert_allclose(columns["mean"], drawn.mean(0, dtype=float), rtol=1e-6)
    np.testing.assert_allclose(columns["50 %"], np.quantile(drawn.astype(float), 0.5, axis=0))
    assert solution.metrics["draws"] == 400
    with pytest.raises(px.PlugaxError, match="all steps were warm-up"):
        summary(px.solve(gaussian, "nuts", steps=10))


def test_the_command_line_runs_chains(capsys):
    words = ["sweep", "eight-schools", "--solver", "nuts", "--over", "seed=0:4", "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    columns = found["tables"][0]["columns"]
    assert columns["quantity"][:2] == ["mu", "tau"]
    assert max(columns["r_hat"]) < 1.02


@pytest.mark.usefixtures("x64")
def test_leapfrogs_are_reversible_and_of_second_order():
    """What the samplers hand to blackjax: signs, gradient and metric fit together."""
    problem = EightSchools()
    density = lambda u: problem.log_density(u, None, jax.random.key(0))[0]  # noqa: E731
    start = problem.init(jax.random.key(0))
    momentum = jax.tree.map(jnp.ones_like, start)
    metric = default_metric(jnp.ones(10))
    step = jax.jit(velocity_verlet(density, metric.kinetic_energy))
    value, slope = jax.value_and_grad(density)(start)

    def energy(at):
        return float(-at.logdensity + metric.kinetic_energy(at.momentum))

    def errors(size):
        at = IntegratorState(start, momentum, value, slope)
        before, off = energy(at), 0.0
        for _ in range(round(0.4 / size)):
            at = step(at, size)
            off = max(off, abs(energy(at) - before))
        return off, at

    coarse, _ = errors(0.02)
    fine, at = errors(0.01)
    assert 1.8 < np.log2(coarse / fine) < 2.2
    back = at._replace(momentum=jax.tree.map(jnp.negative, at.momentum))
    for _ in range(40):
        back = step(back, 0.01)
    for a, b in zip(jax.tree.leaves(back.position), jax.tree.leaves(start), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)


def test_wrong_options_are_refused():
    for wrong, told in (
        (lambda: NUTS(warmup=-1), "warmup must be a number of steps"),
        (lambda: NUTS(target=1.0), "target must lie between 0 and 1"),
        (lambda: NUTS(doublings=0), "doublings must be at least 1"),
        (lambda: HMC(leapfrogs=0), "leapfrogs must be at least 1"),
        (lambda: Posterior(normal, {}), "needs parameters"),
        (lambda: Posterior(normal, {"x": 3}), "must be an AbstractSpace|'in_spaces'"),
    ):
        with pytest.raises((ValueError, TypeCheckError), match=told):
            wrong()
