"""Published maxima: earthquakes of Zucchini and MacDonald, the business cycle of Hamilton."""

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
@pytest.mark.parametrize(
    ("states", "published"), [(1, -391.9189), (2, -341.8787), (3, -328.5275), (4, -327.3586)]
)
def test_earthquakes_have_the_published_likelihood(earthquakes, states, published):
    best = px.sweep(earthquakes(states), "bfgs", over=STARTS).best()
    assert best.status.success
    assert best.metrics["log_likelihood"] == pytest.approx(published, abs=1e-4)


# The same, table 6.1: stationary.
@pytest.mark.slow
@pytest.mark.parametrize(("states", "published"), [(2, -342.3183), (3, -329.4603), (4, -327.8316)])
def test_stationary_earthquakes_have_the_published_likelihood(earthquakes, states, published):
    best = px.sweep(earthquakes(states, initial="stationary"), "bfgs", over=STARTS).best()
    assert best.status.success
    assert best.metrics["log_likelihood"] == pytest.approx(published, abs=1e-4)


def test_hamiltons_business_cycle_has_the_published_parameters(data_directory):
    # Hamilton 1989, table I; to these digits also statsmodels' tests of MarkovAutoregression.
    problem = px.problem(
        "hidden-markov-model",
        data=data_directory / "markov" / "hamilton1989-gnp-growth.csv",
        states=2,
        emission="switching-mean",
        order=4,
        initial="stationary",
    )
    best = px.sweep(problem, "bfgs", over=STARTS).best()
    found = best.metrics
    assert best.status.success
    assert found["log_likelihood"] == pytest.approx(-181.26339, abs=1e-4)
    assert found["transition"][0, 0] == pytest.approx(0.754673, abs=1e-4)
    assert found["transition"][1, 0] == pytest.approx(0.095915, abs=1e-4)
    assert found["means"][:, 0] == pytest.approx([-0.358811, 1.163516], abs=1e-4)
    assert found["lags"][0, :, 0, 0] == pytest.approx(
        [0.013486, -0.057521, -0.246983, -0.212923], abs=1e-4
    )
    assert found["standard_deviations"][0, 0] == pytest.approx(0.769, abs=1e-3)
