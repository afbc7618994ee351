"""Gaussian mixtures by expectation-maximisation and by gradients, beside scikit-learn's.

All begin at the same components. The first rows are the time of one expectation and maximisation,
and of one loss with its gradient; the others whole fits, to the same log-likelihood of 1e-8 per
row. `--large` adds a million rows.
"""

import os

# Its BLAS and that under XLA are to have one core, as all else.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from measure import Row, best, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import sys  # noqa: E402
import warnings  # noqa: E402

import jax  # noqa: E402
import numpy as np  # noqa: E402

import plugax as px  # noqa: E402

jax.config.update("jax_enable_x64", True)
KEY = jax.random.key(0)
# Of the log-likelihood per row, at which a fit has ended.
ACCURACY = 1e-8


def points(rows: int, columns: int, components: int) -> np.ndarray:
    """Rows of normal components that overlap."""
    rng = np.random.default_rng(0)
    means = 2.5 * rng.normal(size=(components, columns))
    roots = np.tril(0.4 * rng.normal(size=(components, columns, columns))) + np.eye(columns)
    which = rng.integers(components, size=rows)
    noise = rng.normal(size=(rows, columns))
    return means[which] + np.einsum("nij,nj->ni", roots[which], noise)


def peer(x, start, steps: int, tol: float = 0.0):
    """scikit-learn's fit from given components."""
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(
        len(start.weights),
        weights_init=np.asarray(start.weights),
        means_init=np.asarray(start.means),
        precisions_init=np.linalg.inv(np.asarray(start.covariances)),
        init_params="random",
        reg_covar=0.0,
        tol=tol,
        max_iter=steps,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        return model.fit(x)


def first_within(losses: np.ndarray, least: float, rows: int) -> int | None:
    """The first step whose loss is accurate; None if there is none."""
    good = losses <= least + rows * ACCURACY
    return int(np.argmax(good)) if good.any() else None


def compared(rows: int, columns: int, components: int) -> list[Row]:
    x = points(rows, columns, components)
    problem = px.problem("gaussian-mixture", data=x, components=components)
    unknowns, batch = problem.init(KEY), problem.data.first()
    start, name = problem.mixture(unknowns), f"{rows} × {columns}, {components} components"
    repeats = 9 if rows < 100_000 else 3

    @jax.jit
    def once(problem, unknowns, batch):
        return problem.maximisation(problem.expectation(unknowns, batch, KEY)[2])

    @jax.jit
    def descent(problem, unknowns, batch):
        return jax.value_and_grad(lambda u: problem.loss(u, batch, KEY)[0])(unknowns)

    def ours(function):
        return best(lambda: jax.block_until_ready(function(problem, unknowns, batch)), repeats)

    short, long = (best(lambda n=n: peer(x, start, n), repeats) for n in (1, 11))
    theirs = (long - short) / 10
    table = [
        Row(f"E and M, {name}", 1e3 * ours(once), "sklearn, an iteration", 1e3 * theirs, "ms"),
        Row(
            f"loss and gradient, {name}",
            1e3 * ours(descent),
            "sklearn, an iteration",
            1e3 * theirs,
            "ms",
        ),
    ]
    held = px.starting_at(problem, unknowns)
    runs = {solver: px.solve(held, solver) for solver in ("em", "bfgs", "newton")}
    losses = {solver: run.series["loss"] for solver, run in runs.items()}
    least = min(float(series[-1]) for series in losses.values())
    plain = px.solve(held, px.solver("em", accelerated=False, rtol=1e-14))
    steps = first_within(plain.series["loss"], least, rows)
    if steps is None:  # scikit-learn would end at another maximum
        return table
    # A step of ours is two of theirs, and the first evaluates the start.
    theirs = best(lambda: peer(x, start, max(2 * steps, 1)), 3)
    for solver, run in runs.items():
        taken = first_within(losses[solver], least, rows)
        if taken is None:
            continue
        evaluations = int(run.series["function_evaluations"][taken])
        mine = min(px.solve(held, solver, steps=taken + 1).run_seconds for _ in range(3))
        what = f"fit by {solver}, {name}: {taken} steps, {evaluations} evaluations"
        table.append(Row(what, mine, f"sklearn, {2 * steps} iterations", theirs, "s"))
    return table


def rows() -> list[Row]:
    try:
        import sklearn  # noqa: F401
    except ImportError:
        return []
    sizes = [(1000, 2, 3), (10_000, 2, 3), (100_000, 2, 3), (100_000, 10, 5)]
    sizes += [(1_000_000, 2, 3)] if "--large" in sys.argv[1:] else []
    return [row for size in sizes for row in compared(*size)]


if __name__ == "__main__":
    report(rows())
