"""The same models by statsmodels and scikit-learn, on data that these packages ship.

Both are imported inside the tests, since that takes seconds. Where they compute something else on
purpose, the test says what.
"""

import numpy as np
import pytest

import plugax as px
from plugax_regression import (
    GeneralisedLinearModel,
    PenalisedPath,
    PenalisedRegression,
    RobustRegression,
)

pytestmark = pytest.mark.usefixtures("x64")


def columns(frame):
    return {str(name): np.asarray(frame[name], float) for name in frame}


def assert_alike(found, peer, *, rtol=1e-7):
    """Estimates, errors, probabilities, deviances, likelihood and Akaike's criterion."""
    size = len(found["coefficients"])
    np.testing.assert_allclose(found["coefficients"], np.asarray(peer.params)[:size], rtol=rtol)
    np.testing.assert_allclose(found["standard_errors"], np.asarray(peer.bse)[:size], rtol=rtol)
    assert found["deviance"] == pytest.approx(peer.deviance, rel=rtol)
    assert found["null_deviance"] == pytest.approx(peer.null_deviance, rel=rtol)


@pytest.mark.slow
def test_star98_binomial():
    import statsmodels.api as sm

    data = sm.datasets.star98.load()
    table = columns(data.exog)
    successes, failures = np.asarray(data.endog, float).T
    table |= {"above": successes, "all": successes + failures}
    model = GeneralisedLinearModel(table, "above", "binomial", terms=tuple(data.exog), trials="all")
    peer = sm.GLM(data.endog, sm.add_constant(data.exog), family=sm.families.Binomial()).fit()
    found = px.solve(model).metrics
    # Its data, three-way products of percentages, have a condition number of 10⁸.
    assert_alike(found, peer, rtol=1e-6)
    assert found["log_likelihood"] == pytest.approx(peer.llf)
    assert found["aic"] == pytest.approx(peer.aic)
    np.testing.assert_allclose(found["z_values"], peer.tvalues, rtol=1e-6)


def test_cpunish_poisson():
    import statsmodels.api as sm

    data = sm.datasets.cpunish.load()
    table = columns(data.exog) | {"executions": np.asarray(data.endog, float)}
    table["INCOME"] = table["INCOME"] / 1e3
    exog = sm.add_constant(data.exog.assign(INCOME=data.exog["INCOME"] / 1e3))
    peer = sm.GLM(data.endog, exog, family=sm.families.Poisson()).fit(tol=1e-12)
    found = px.solve(GeneralisedLinearModel(table, "executions", "poisson")).metrics
    assert_alike(found, peer)
    assert found["log_likelihood"] == pytest.approx(peer.llf)
    assert found["bic"] == pytest.approx(peer.bic_llf)
    np.testing.assert_allclose(found["p_values"], peer.pvalues, rtol=1e-5)
    # Pearson's χ² per degree of freedom is in its summary as "Pearson chi2".
    assert found["dispersion"] == pytest.approx(peer.pearson_chi2 / peer.df_resid)
    assert found["deviance_explained"] == pytest.approx(1 - peer.deviance / peer.null_deviance)


@pytest.mark.slow
def test_scotland_gamma():
    import statsmodels.api as sm

    data = sm.datasets.scotland.load()
    table = columns(data.exog) | {"yes": np.asarray(data.endog, float)}
    family = sm.families.Gamma(sm.families.links.Log())
    peer = sm.GLM(data.endog, sm.add_constant(data.exog), family=family).fit(tol=1e-14)
    found = px.solve(GeneralisedLinearModel(table, "yes", "gamma")).metrics
    assert_alike(found, peer, rtol=1e-6)
    assert found["dispersion"] == pytest.approx(peer.scale, rel=1e-6)
    # Its probabilities are the normal distribution's, ours Student's t, as in R. Its likelihood is
    # that for Pearson's φ, ours that for φ = deviance / n, as in R.
    np.testing.assert_allclose(found["t_values"], peer.tvalues, rtol=1e-6)
    scale = peer.deviance / 32
    assert found["log_likelihood"] == pytest.approx(
        peer.family.loglike(data.endog, peer.mu, scale=scale), rel=1e-8
    )


@pytest.mark.slow
def test_longley_gaussian():
    import statsmodels.api as sm

    data = sm.datasets.longley.load()
    table = columns(data.exog) | {"employed": np.asarray(data.endog, float)}
    peer = sm.GLM(data.endog, sm.add_constant(data.exog), family=sm.families.Gaussian()).fit()
    found = px.solve(GeneralisedLinearModel(table, "employed", "gaussian")).metrics
    # The least determined regression of the textbooks; both agree with NIST to seven digits.
    assert_alike(found, peer, rtol=1e-6)
    assert found["log_likelihood"] == pytest.approx(peer.llf, rel=1e-8)
    assert found["dispersion"] == pytest.approx(peer.scale, rel=1e-6)


def test_cpunish_negative_binomial():
    import statsmodels.api as sm

    data = sm.datasets.cpunish.load()
    exog = data.exog[["VC100k96", "SOUTH"]].assign(VC=data.exog["VC100k96"] / 1e3)
    exog = exog[["VC", "SOUTH"]]
    table = columns(exog) | {"executions": np.asarray(data.endog, float)}
    peer = sm.NegativeBinomial(data.endog, sm.add_constant(exog)).fit(
        disp=0, method="newton", tol=1e-12, maxiter=100
    )
    found = px.solve(GeneralisedLinearModel(table, "executions", "negative-binomial")).metrics
    np.testing.assert_allclose(found["coefficients"], peer.params[:3], rtol=1e-6)
    assert found["alpha"] == pytest.approx(peer.params["alpha"], rel=1e-6)
    assert found["log_likelihood"] == pytest.approx(peer.llf, rel=1e-10)
    assert found["aic"] == pytest.approx(peer.aic, rel=1e-9)
    # Its errors come from the observed information, ours from the expected one, as in R's glm.nb:
    # those of its GLM with the same α.
    family = sm.families.NegativeBinomial(alpha=found["alpha"])
    expected = sm.GLM(data.endog, sm.add_constant(exog), family=family).fit(tol=1e-12)
    assert_alike(found, expected, rtol=1e-6)


def test_stackloss_huber():
    import statsmodels.api as sm

    data = sm.datasets.stackloss.load()
    table = columns(data.exog) | {"loss": np.asarray(data.endog, float)}
    # It computes the scale anew in every step, here it is fixed: so it is given its last.
    peer = sm.RLM(data.endog, sm.add_constant(data.exog), M=sm.robust.norms.HuberT()).fit(
        tol=1e-12, maxiter=500
    )
    model = RobustRegression(table, "loss", robust_scale=1.345 * peer.scale)
    found = px.solve(model).metrics
    np.testing.assert_allclose(found["coefficients"], peer.params, rtol=1e-6)
    np.testing.assert_allclose(found["standard_errors"], peer.bse, rtol=1e-6)


def bunch(data):
    names = [f"x{k}" for k in range(data.data.shape[1])]
    return dict(zip(names, data.data.T, strict=True)) | {"y": data.target}, data.data, data.target


@pytest.mark.slow
@pytest.mark.parametrize("mixing", [1.0, 0.4])
def test_diabetes_elastic_net(mixing):
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import ElasticNet

    table, x, y = bunch(load_diabetes())
    model = PenalisedRegression(table, "y", 0.05, "elastic-net", mixing, standardise=False)
    peer = ElasticNet(alpha=0.05, l1_ratio=mixing, tol=1e-14, max_iter=100_000).fit(x, y)
    found = px.solve(model)
    np.testing.assert_allclose(found.unknowns, [peer.intercept_, *peer.coef_], rtol=1e-6)
    assert found.metrics["deviance_explained"] == pytest.approx(peer.score(x, y))


def test_diabetes_path():
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import lasso_path

    table, x, y = bunch(load_diabetes())
    found = px.solve(PenalisedPath(table, "y", folds=0))
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    strengths = np.asarray(found.series["strength"])
    _, path, _ = lasso_path(z, y - y.mean(), alphas=strengths, tol=1e-12, max_iter=100_000)
    np.testing.assert_allclose(found.series["standardised"][:, 1:], path.T, atol=1e-7)


@pytest.mark.slow
def test_breast_cancer_logistic_lasso():
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    table, x, y = bunch(load_breast_cancer())
    found = px.solve(PenalisedRegression(table, "y", 0.01, family="binomial"))
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    # Its C is that of the sum of the losses. `saga` does not penalise the intercept.
    peer = LogisticRegression(
        C=1 / (0.01 * len(y)), l1_ratio=1.0, solver="saga", tol=1e-8, max_iter=20_000
    ).fit(z, y)
    np.testing.assert_allclose(found.metrics["standardised"][1:], peer.coef_[0], atol=1e-5)
    assert found.metrics["nonzero"] == np.sum(peer.coef_ != 0)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gamma", "poisson"])
def test_diabetes_ridge_of_positive_responses(family):
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import GammaRegressor, PoissonRegressor

    table, x, y = bunch(load_diabetes())
    kind = {"gamma": GammaRegressor, "poisson": PoissonRegressor}[family]
    peer = kind(alpha=0.1, tol=1e-10, max_iter=1000, solver="newton-cholesky").fit(x, y)
    found = px.solve(
        PenalisedRegression(table, "y", 0.1, "ridge", family=family, standardise=False)
    )
    np.testing.assert_allclose(found.unknowns, [peer.intercept_, *peer.coef_], rtol=1e-6)
    assert found.metrics["deviance_explained"] == pytest.approx(peer.score(x, y))
