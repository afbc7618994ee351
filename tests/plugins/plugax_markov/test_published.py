"""Published maxima: earthquakes of Zucchini and MacDonald, the business cycle of Hamilton."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px

pytestmark = pytest.mark.usefixtures("x64")

STARTS = {"seed": range(32)}


@pytest.fixture
def earthquakes(data_directory):
    """The problem, for a number of states."""

    def make(states, **options):
        return px.problem(
            "hidden-markov-model",
            data=data_directory / "markov" / "earthquakes.csv",
            columns=("magnitude_7_or_greater",),
            emission="poisson",
            states=states,
            **options,
        )

    return make


# Zucchini and MacDonald 2009, sections 1.2 and 4.3: with a free initial distribution.
@pytest.mark.parametrize(("states", "published"), [(1, -391.9189), (2, -341.8787), (3, -328.5275)])
def test_earthquakes_have_the_published_likelihood(earthquakes, states, published):
    best = px.sweep(earthquakes(states), "baum-welch", over=STARTS).best()
    assert best.status.success
    assert best.metrics["log_likelihood"] == pytest.approx(published, abs=1e-4)


# The same, table 6.1: stationary.
@pytest.mark.slow
@pytest.mark.parametrize(("states", "published"), [(2, -342.3183), (3, -329.4603), (4, -327.8316)])
def test_stationary_earthquakes_have_the_published_likelihood(earthquakes, states, published):
    best = px.sweep(earthquakes(states, initial="stationary"), "bfgs", over=STARTS).best()
    assert best.metrics["log_likelihood"] == pytest.approx(published, abs=1e-4)


@pytest.mark.slow
def test_four_free_states_have_a_better_maximum_than_the_published_one(earthquakes):
    # -327.3586 is published. Two methods find maxima above it, the same best one.
    best = [px.sweep(earthquakes(4), name, over=STARTS).best() for name in ("bfgs", "newton")]
    for solution in best:
        assert solution.metrics["log_likelihood"] == pytest.approx(-326.2850, abs=1e-4)
    # And so it is one, of a likelihood that hmmlearn's agrees with (test_peers.py).
    ascent = px.solve(px.starting_at(earthquakes(4), best[0].unknowns), "baum-welch")
    assert ascent.metrics["log_likelihood"] == pytest.approx(-326.2850, abs=1e-4)


def business_cycle(directory):
    """Hamilton's model of the growth of the GNP."""
    return px.problem(
        "hidden-markov-model",
        data=directory / "markov" / "hamilton1989-gnp-growth.csv",
        states=2,
        emission="switching-mean",
        order=4,
        initial="stationary",
    )


@eqx.filter_jit
def loss_and_gradient(problem, unknowns):
    batch, key = problem.data.first(), jax.random.key(0)
    return jax.value_and_grad(lambda u: problem.loss(u, batch, key)[0])(unknowns)


LAGS = [0.013486, -0.057521, -0.246983, -0.212923]
VARIANCE = 0.591366


def test_the_published_business_cycle_is_a_maximum(data_directory):
    problem = business_cycle(data_directory)
    centre, scale = (float(a[0]) for a in problem.emission.standard)
    unknowns = {
        "transition": jnp.log(jnp.asarray([[0.245327 / 0.754673], [0.095915 / 0.904085]])),
        "emission": {
            "means": (jnp.asarray([[-0.358811], [1.163516]]) - centre) / scale,
            "lags": jnp.asarray(LAGS)[:, None, None],
            "shape": jnp.log(jnp.asarray([[VARIANCE**0.5 / scale]])),
        },
    }
    loss, slope = loss_and_gradient(problem, unknowns)
    assert float(loss) == pytest.approx(181.26339, abs=1e-5)
    for leaf in jax.tree.leaves(slope):
        np.testing.assert_allclose(leaf, 0, atol=1e-3)


@pytest.mark.slow
def test_hamiltons_business_cycle_has_the_published_parameters(data_directory):
    # Hamilton 1989, table I; to these digits in statsmodels' tests of MarkovAutoregression.
    best = px.sweep(business_cycle(data_directory), "bfgs", over=STARTS).best()
    assert best.status.success
    assert best.metrics["log_likelihood"] == pytest.approx(-181.26339, abs=1e-4)
    found = {name: np.asarray(value) for name, value in best.metrics.items()}
    assert found["transition"][0, 0] == pytest.approx(0.754673, abs=1e-4)
    assert found["transition"][1, 0] == pytest.approx(0.095915, abs=1e-4)
    assert found["means"][:, 0] == pytest.approx([-0.358811, 1.163516], abs=1e-4)
    assert found["lags"][0, :, 0, 0] == pytest.approx(LAGS, abs=1e-4)
    assert found["standard_deviations"][0, 0] ** 2 == pytest.approx(VARIANCE, abs=1e-4)
