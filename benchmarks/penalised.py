"""Paths of penalised regressions, a hundred strengths, beside scikit-learn's."""

import os

# Its BLAS and that under XLA are to have one core, as all else.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from measure import Row, best, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import warnings  # noqa: E402

import jax  # noqa: E402
import numpy as np  # noqa: E402

import plugax as px  # noqa: E402

jax.config.update("jax_enable_x64", True)
FOLDS = 5


def seconds(problem) -> float:
    """The quickest of several runs, as the runner measures them."""
    return min(px.solve(problem).run_seconds for _ in range(6))


def path(x, y, **options):
    """The problem, with columns that are standardised before as they are for the peer."""
    data = {f"x{k}": column for k, column in enumerate(x.T)} | {"y": y}
    return px.problem("penalised-path", data=data, response="y", **options)


def rows() -> list[Row]:
    try:
        from sklearn.datasets import load_breast_cancer, load_diabetes
        from sklearn.linear_model import LassoCV, LogisticRegressionCV, lasso_path
    except ImportError:
        return []
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 100))
    simulated = x, x[:, :10].sum(axis=1) + rng.normal(size=1000)
    table = []
    for name, (x, y) in {
        "1000 × 100": simulated,
        "diabetes": load_diabetes(return_X_y=True),
    }.items():
        z, centred = (x - x.mean(axis=0)) / x.std(axis=0), y - y.mean()
        problem = path(z, centred, folds=0)
        grid = np.asarray(problem.grid)
        ours = px.solve(problem).series["standardised"][:, 1:]
        # To a similar accuracy, and by default, at a duality gap of 1e-4.
        for tol in (1e-8, 1e-4):

            def peer(z=z, centred=centred, grid=grid, tol=tol):
                return lasso_path(z, centred, alphas=grid, tol=tol, max_iter=100_000)[1]

            if tol == 1e-8:
                np.testing.assert_allclose(ours, peer().T, atol=1e-2)
            theirs = f"sklearn lasso_path, tol {tol:.0e}"
            mine = seconds(problem) * 1e3
            table.append(Row(f"lasso path, {name}", mine, theirs, best(peer) * 1e3, "ms", "≤ 10"))
        crossed = path(z, centred, folds=FOLDS)

        def folds(z=z, centred=centred, grid=grid):
            return LassoCV(alphas=grid, cv=FOLDS, tol=1e-8, max_iter=100_000).fit(z, centred)

        mine, theirs = seconds(crossed) * 1e3, best(folds, repeats=3) * 1e3
        table.append(
            Row(f"lasso path, 5 folds, {name}", mine, "sklearn LassoCV", theirs, "ms", "≤ 10")
        )
    x, y = load_breast_cancer(return_X_y=True)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    # Its solver for kinked penalties needs thousands of steps below this ratio.
    problem = path(z, y, family="binomial", folds=FOLDS, strengths=20, ratio=1e-2)
    inverse = 1 / (np.asarray(problem.grid) * len(y))

    def logistic():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return LogisticRegressionCV(
                Cs=inverse, l1_ratios=(1.0,), cv=FOLDS, solver="saga", tol=1e-4, max_iter=1000
            ).fit(z, y)

    mine, theirs = seconds(problem), best(logistic, repeats=1)
    what = "logistic lasso, 20 strengths, 5 folds, 569 × 30"
    table.append(Row(what, mine, "sklearn LogisticRegressionCV, saga", theirs, "s", "≤ 1"))
    return table


if __name__ == "__main__":
    report(rows())
