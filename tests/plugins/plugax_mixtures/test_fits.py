"""Published maxima from random starts, by every solver; collapse; the laws of a maximum."""

import warnings

import jax
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture as Peer

import plugax as px
from plugax_mixtures import GaussianMixture, StudentTMixture

KEY = jax.random.key(0)
SEEDS = {"seed": range(20)}
# Of mclust and scikit-learn: Scrucca, Fop, Murphy and Raftery 2016, doi 10.32614/RJ-2016-021.
PUBLISHED = {
    ("faithful", "tied", 3): -1126.3159,
    ("faithful", "full", 2): -1130.2640,
    ("iris", "full", 2): -214.3547,
    ("iris", "full", 3): -180.1855,
}


@pytest.fixture(autouse=True)
def double(x64):
    return x64


def problem_of(name, covariance, components, request, **options):
    told = {"covariance": covariance, **options}
    if name == "iris":
        return GaussianMixture(load_iris().data, components, **told)
    directory = request.getfixturevalue("data_directory")
    columns = ("eruptions", "waiting")
    return GaussianMixture(directory / "mixtures" / "faithful.csv", components, columns, **told)


def claim_published(case, request, solver):
    best = px.sweep(problem_of(*case, request), solver, over=SEEDS).best()
    assert best.status.name == "converged"
    assert abs(best.metrics["log_likelihood"] - PUBLISHED[case]) < 1e-4
    return best


def test_em_finds_the_eruptions_of_old_faithful(request):
    best = claim_published(("faithful", "full", 2), request, "em")
    problem, unknowns = best.problem, jax.tree.map(np.asarray, best.unknowns)
    found = best.metrics
    # At a maximum the gradient vanishes, and the components share out the mean of the data.
    gradient = jax.grad(lambda u: problem.loss(u, problem.data.first(), KEY)[0])(unknowns)
    assert max(float(np.abs(leaf).max()) for leaf in jax.tree.leaves(gradient)) < 1e-3
    mean = np.asarray(found["weights"]) @ np.asarray(found["means"])
    np.testing.assert_allclose(mean, np.asarray(problem.rows.centre), rtol=1e-6)
    # The short eruptions come first.
    np.testing.assert_allclose(found["means"], [[2.0364, 54.479], [4.2897, 79.968]], rtol=1e-4)
    assert best.predict({"eruptions": [1.9, 4.5], "waiting": [50, 85]}).tolist() == [1, 2]
    assert found["bic"] == pytest.approx(11 * np.log(272) + 2 * 1130.26396, abs=1e-3)


def test_bfgs_meets_em_on_iris(request):
    claim_published(("iris", "full", 2), request, "bfgs")


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["em", "bfgs", "newton"])
@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: "-".join(map(str, case)))
def test_every_solver_finds_the_published_maximum(case, solver, request):
    claim_published(case, request, solver)


@pytest.mark.slow
@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: "-".join(map(str, case)))
def test_random_rows_as_starts_lead_there_too(case, request):
    problem = problem_of(*case, request, start="random")
    best = px.sweep(problem, "em", over=SEEDS).best()
    assert abs(best.metrics["log_likelihood"] - PUBLISHED[case]) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("covariance", ["full", "tied", "diagonal", "spherical"])
def test_plain_em_makes_the_steps_of_scikit_learn(groups, covariance):
    """A step is two of scikit-learn's; the first step of a run evaluates its start."""
    problem = GaussianMixture(groups, 3, covariance=covariance)
    found = problem.mixture(problem.init(KEY))
    plain = px.starting_at(problem, problem.init(KEY))
    ours = px.solve(plain, px.solver("em", accelerated=False), steps=11).series["loss"][-1]
    precisions = np.linalg.inv(np.asarray(found.covariances))
    precisions = {
        "full": precisions,
        "tied": precisions[0],
        "diagonal": np.diagonal(precisions, axis1=1, axis2=2),
        "spherical": precisions[:, 0, 0],
    }[covariance]
    peer = Peer(
        3,
        covariance_type={"diagonal": "diag"}.get(covariance, covariance),
        weights_init=np.asarray(found.weights),
        means_init=np.asarray(found.means),
        precisions_init=precisions,
        reg_covar=0.0,
        tol=0.0,
        max_iter=18,
    )
    points = np.stack(list(groups.values()), axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        peer.fit(points)
    assert -ours == pytest.approx(np.sum(peer.score_samples(points)), rel=1e-10)


def test_a_component_that_collapses_is_no_fit():
    """Five equal rows: the best fits found must not be those in which a component sits on them."""
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(size=(30, 1)), np.full((5, 1), 0.25)])
    problem = GaussianMixture(points, 3)
    population = px.sweep(problem, "em", over={"seed": range(12)})
    collapsed = population.names == "non-finite"
    assert collapsed.any()
    assert not collapsed.all()
    best = population.best()
    assert best.status.success
    spread = np.sqrt(np.asarray(best.metrics["covariances"]).min()) / points.std()
    assert spread > problem.least_spread
    first = int(np.argmax(collapsed))
    lost = population.member(seed=first)
    assert "smallest_spread" in lost.status.message
    assert any("collapsed" in remark for remark in lost.status.remarks)
    # Its likelihood was greater before it was given up, which is why that must not decide.
    assert not lost.status.success


@pytest.mark.slow
def test_restart_gives_up_starts_in_which_a_component_collapses():
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(size=(30, 1)), np.full((5, 1), 0.25)])
    solution = px.solve(GaussianMixture(points, 3))
    assert solution.status.success
    assert any("were given up" in remark for remark in solution.status.remarks)
    assert np.sqrt(np.asarray(solution.metrics["covariances"]).min()) > 1e-3 * points.std()


@pytest.mark.slow
def test_heavy_tails_keep_outliers_from_a_component(groups):
    """As in section 7 of Peel and McLachlan 2000: noise around groups hardly moves them."""
    rng = np.random.default_rng(0)
    noisy = {
        name: np.concatenate([column, rng.uniform(-15, 20, 12)]) for name, column in groups.items()
    }
    clean = px.sweep(GaussianMixture(groups, 3), "em", over=SEEDS).best()
    heavy = px.sweep(StudentTMixture(noisy, 3), "em", over=SEEDS).best()
    normal = px.sweep(GaussianMixture(noisy, 3), "em", over=SEEDS).best()
    truth = np.asarray(clean.metrics["means"])
    errors = [np.abs(np.asarray(fit.metrics["means"]) - truth).max() for fit in (heavy, normal)]
    assert errors[0] < 0.35 < errors[1]
    assert heavy.metrics["log_likelihood"] > normal.metrics["log_likelihood"]
    assert min(heavy.metrics["freedom"]) < 5


@pytest.mark.slow
@pytest.mark.parametrize("freedom", [4.0, None])
def test_em_and_bfgs_meet_for_t_mixtures(groups, freedom):
    problem = StudentTMixture(groups, 3, freedom=freedom)
    fits = [px.sweep(problem, solver, over={"seed": range(4)}).best() for solver in ("em", "bfgs")]
    one, other = (fit.metrics["log_likelihood"] for fit in fits)
    assert one == pytest.approx(other, abs=1e-6)
