"""Likelihoods and Baum–Welch steps of hidden Markov models, beside hmmlearn's and dynamax's."""

import os

# Its BLAS and that under XLA are to have one core, as all else.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from measure import Row, best, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import sys  # noqa: E402

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

import plugax as px  # noqa: E402
from plugax_markov import log_likelihood  # noqa: E402

jax.config.update("jax_enable_x64", True)
STATES = 3
LENGTHS = (10**2, 10**3, 10**4, 10**5, 10**6)
STEPS = 10
INITIAL = np.full(STATES, 1 / STATES)
TRANSITION = np.full((STATES, STATES), 0.05) + 0.85 * np.eye(STATES)
MEANS = np.asarray([-2.0, 0.0, 3.0])


def series(length: int) -> np.ndarray:
    """A series of three states with Gaussian noise."""
    rng = np.random.default_rng(0)
    changes = rng.random(length) < 0.1
    chosen = rng.integers(0, STATES, length)
    last = np.maximum.accumulate(np.where(changes, np.arange(length), 0))
    return MEANS[chosen[last]] + rng.normal(size=length)


def hmmlearn_model(**options):
    """Its model, at the parameters above."""
    from hmmlearn.hmm import GaussianHMM

    model = GaussianHMM(STATES, "diag", **options)
    model.startprob_, model.transmat_ = INITIAL, TRANSITION
    model.means_, model.covars_ = MEANS[:, None], np.ones((STATES, 1))
    model.n_features = 1
    return model


def likelihood_rows(length: int) -> list[Row]:
    """Log-likelihood of the series, its densities included."""
    y = series(length)
    initial, transition, means = map(jnp.asarray, (INITIAL, TRANSITION, MEANS))

    def ours(parallel):
        @jax.jit
        def value(y):
            log_b = -jnp.square(y[:, None] - means) / 2 - np.log(2 * np.pi) / 2
            return log_likelihood(initial, transition, log_b, parallel=parallel)

        return lambda: jax.block_until_ready(value(jnp.asarray(y)))

    table, repeats = [], 9 if length < 10**6 else 3
    for name, parallel in (("scan", False), ("associative", True)):
        mine = best(ours(parallel), repeats) * 1e3
        for peer, theirs in peers(y):
            np.testing.assert_allclose(theirs(), ours(parallel)(), rtol=1e-9)
            its = best(theirs, repeats) * 1e3
            what = f"log-likelihood, {name}, T = {length}"
            table.append(Row(what, mine, peer, its, "ms"))
    return table


def peers(y: np.ndarray):
    """The log-likelihood by every peer that is installed."""
    try:
        model = hmmlearn_model(implementation="scaling")
        yield "hmmlearn, scaling", lambda: model.score(y[:, None])
    except ImportError:
        print("hmmlearn is not installed: no rows beside it", file=sys.stderr)
    try:
        from dynamax.hidden_markov_model import hmm_filter
    except ImportError:
        print("dynamax is not installed: no rows beside it", file=sys.stderr)
        return
    initial, transition, means = map(jnp.asarray, (INITIAL, TRANSITION, MEANS))

    @jax.jit
    def value(y):
        log_b = -jnp.square(y[:, None] - means) / 2 - np.log(2 * np.pi) / 2
        return hmm_filter(initial, transition, log_b).marginal_loglik

    yield "dynamax", lambda: jax.block_until_ready(value(jnp.asarray(y)))


def learning_rows(length: int) -> list[Row]:
    """Ten steps of Baum–Welch, a Gaussian with a variance for every state."""
    try:
        from hmmlearn.hmm import GaussianHMM
    except ImportError:
        return []
    y = series(length)

    def theirs():
        model = GaussianHMM(
            STATES, "diag", n_iter=STEPS, tol=-np.inf, init_params="", implementation="scaling"
        )
        model.startprob_, model.transmat_ = INITIAL, TRANSITION
        model.means_, model.covars_ = MEANS[:, None], np.ones((STATES, 1))
        return model.fit(y[:, None])

    table, repeats = [], 5 if length < 10**5 else 2
    its = best(theirs, repeats) * 1e3
    for name, parallel in (("scan", False), ("associative", True)):
        problem = px.problem(
            "hidden-markov-model",
            data={"y": y},
            states=STATES,
            covariance="diagonal",
            parallel=parallel,
        )
        solver = px.solver("baum-welch", rtol=0.0)
        runs = [px.solve(problem, solver, steps=STEPS) for _ in range(repeats + 1)]
        mine = min(run.run_seconds for run in runs) * 1e3
        what = f"{STEPS} steps of Baum–Welch, {name}, T = {length}"
        table.append(Row(what, mine, "hmmlearn, scaling", its, "ms"))
    return table


def rows() -> list[Row]:
    found = [row for length in LENGTHS for row in likelihood_rows(length)]
    return found + [row for length in LENGTHS for row in learning_rows(length)]


if __name__ == "__main__":
    report(rows())
