"""Paths of penalised models, and the choice of a strength."""

import jax
import numpy as np
import pytest

import plugax as px
from plugax.errors import UnsuitableProblemError
from plugax_regression import PenalisedPath, PenalisedRegression
from plugax_regression._path_choice import choice_of, curve_of, remarks

pytestmark = pytest.mark.usefixtures("x64")

RNG = np.random.default_rng(2)
X = RNG.normal([0.0, 0, 0, 0, 0, 5], 1, (60, 6))
Y = X @ [1.0, -0.5, 0, 0, 0.2, 0] + RNG.normal(size=60)
NAMES = [f"x{k}" for k in range(6)]
DATA = dict(zip(NAMES, X.T, strict=True)) | {"y": Y}
FOLDS = 4


@pytest.fixture(scope="module")
def solution():
    with jax.enable_x64(True):
        return px.solve(PenalisedPath(DATA, "y", strengths=20, ratio=0.01, folds=FOLDS))


def test_every_strength_has_the_answer_of_its_own_problem(solution):
    strength = np.asarray(solution.series["strength"])
    np.testing.assert_allclose(strength[1:] / strength[:-1], 0.01 ** (1 / 19))
    assert solution.series["nonzero"][0] == 0
    assert not solution.series["unsolved"].any()
    for step in (7, 19):
        alone = px.solve(PenalisedRegression(DATA, "y", strength[step]))
        found = solution.series["coefficients"][step]
        np.testing.assert_allclose(found, alone.unknowns, atol=1e-9)
        for name in ("nonzero", "deviance_explained", "effective_degrees_of_freedom"):
            assert solution.series[name][step] == pytest.approx(alone.metrics[name])


def test_a_fold_is_judged_by_a_model_that_has_not_seen_it(solution):
    fold, step = np.asarray(solution.problem.fold), 12
    scale = X.std(axis=0)
    for k in range(FOLDS):
        seen = fold != k
        # All rows standardise the columns.
        data = dict(zip(NAMES, (X / scale)[seen].T, strict=True)) | {"y": Y[seen]}
        strength = solution.series["strength"][step]
        alone = px.solve(PenalisedRegression(data, "y", strength, standardise=False))
        predicted = alone.predict(dict(zip(NAMES, (X / scale)[~seen].T, strict=True)))
        expected = np.mean(np.square(Y[~seen] - predicted))
        assert solution.series["held_out_deviances"][step, k] == pytest.approx(expected, rel=1e-8)


def test_the_chosen_strength_is_within_one_standard_error_of_the_best(solution):
    found = solution.metrics
    deviances = np.asarray(solution.series["held_out_deviances"])
    mean, error = deviances.mean(axis=1), deviances.std(axis=1, ddof=1) / np.sqrt(FOLDS)
    best = int(np.argmin(mean))
    good = mean <= mean[best] + error[best]
    assert found["strength"] == found["strength_one_standard_error"]
    assert found["strength"] == solution.series["strength"][good].max()
    assert found["strength_minimum"] == solution.series["strength"][best]
    assert found["held_out_deviance"] == pytest.approx(mean[np.argmax(good)])
    np.testing.assert_allclose(
        found["coefficients"], solution.series["coefficients"][np.argmax(good)]
    )
    at = np.linalg.norm(solution.predict(DATA) - X @ found["coefficients"][1:])
    assert at == pytest.approx(np.sqrt(60) * abs(found["coefficients"][0]))
    assert set(solution.figures()) >= {"path", "cross-validation"}
    assert solution.tables()[0].columns["term"] == ["intercept", *NAMES]


def test_the_choice_may_be_the_minimum():
    series = {
        "held_out_deviances": np.asarray([[4.0, 6], [2, 3], [1.5, 2.5], [2, 2.5]]),
        "strength": np.asarray([8.0, 4, 2, 1]),
        "coefficients": np.arange(4.0)[:, None],
        "standardised": np.arange(4.0)[:, None],
        "nonzero": np.arange(4),
        "deviance_explained": np.linspace(0, 0.6, 4),
        "unsolved": np.zeros(4, int),
    }
    curve = curve_of(series)
    assert (curve.minimum, curve.one_error) == (2, 1)  # 2 ± 0.5, and 2.5
    assert choice_of(series, "minimum")["coefficients"] == [2.0]
    assert choice_of(series, "one-standard-error")["coefficients"] == [1.0]
    assert remarks(series) == ()
    short = {name: values[:3] for name, values in series.items()}
    assert "smallest at the smallest strength" in remarks(short)[0]
    assert "1 of 4 strengths" in remarks(series | {"unsolved": np.asarray([0, 0, 0, 2])})[0]
    without = series | {"held_out_deviances": np.zeros((4, 0))}
    assert choice_of(without, "minimum")["strength"] == 1
    assert "Without folds" in remarks(without)[0]


@pytest.mark.slow
@pytest.mark.parametrize("penalty", ["elastic-net", "ridge"])
def test_other_penalties_of_other_families_have_paths_too(penalty):
    data = DATA | {"y": (Y > 0).astype(int)}
    path = PenalisedPath(data, "y", penalty, family="binomial", strengths=5, ratio=0.1, folds=0)
    solution = px.solve(path)
    last = PenalisedRegression(
        data, "y", solution.series["strength"][-1], penalty, family="binomial"
    )
    np.testing.assert_allclose(solution.metrics["coefficients"], px.solve(last).unknowns, atol=1e-8)
    assert set(solution.figures()) == {"path"}


def test_a_solver_that_knows_nothing_of_paths_is_refused():
    with pytest.raises(UnsuitableProblemError, match=r"ProximalNewton|proximal-newton"):
        px.solve(PenalisedPath(DATA, "y", strengths=3), "proximal-newton")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 1}, "folds must be 0, or from 2 to the 60 rows; got 1"),
        ({"strengths": 0}, "strengths must be 1 or more; got 0"),
        ({"ratio": 1.0}, "ratio must be between 0 and 1; got 1"),
    ],
)
def test_a_path_that_does_not_exist_is_refused(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        PenalisedPath(DATA, "y", **options)


def test_a_solver_without_an_end_is_refused():
    solver = px.solver(
        "regularisation-path", solver=px.solver("gradient", optimizer="sgd", tolerance=None)
    )
    with pytest.raises(px.PlugaxError, match="test of convergence"):
        px.solve(PenalisedPath(DATA, "y", strengths=3), solver)
