"""NUTS, four chains, 1000 steps of warm-up and 1000 draws, beside blackjax's own loop.

Timed are the transitions without compilation. The second rows are gradients for each effective
draw, of the quantity with the fewest.
"""

from measure import Row, report, use_the_command_lines_flags

use_the_command_lines_flags()

import time  # noqa: E402

import blackjax  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from arviz_stats import base  # noqa: E402

import plugax as px  # noqa: E402
from plugax_inference import EightSchools, Posterior, Real  # noqa: E402

CHAINS, HALF, TIMES = 4, 1000, 3


def correlated() -> Posterior:
    """Fifty normal numbers with scales from 0.1 to 10 and correlations of one half."""
    scales = np.logspace(-1, 1, 50)
    covariance = (np.eye(50) + 1) / 2 * scales[:, None] * scales
    precision = jnp.asarray(np.linalg.inv(covariance), "float32")
    return Posterior(lambda p, given: -p["x"] @ given @ p["x"] / 2, {"x": Real((50,))}, precision)


def fewest(draws: dict[str, np.ndarray]) -> float:
    """The smallest effective sample size of the bulk."""
    each = [values.reshape((*values.shape[:2], -1)) for values in draws.values()]
    found = [base.array_stats.ess(x.astype(float), chain_axis=0, draw_axis=1) for x in each]
    return float(min(np.min(one) for one in found))


def ours(problem: px.AbstractProblem, target: float) -> tuple[float, float]:
    """Seconds, and gradients per effective draw."""
    solver = px.solver("nuts", target=target)
    runs = [
        px.sweep(problem, solver, over={"seed": range(CHAINS)}, steps=2 * HALF)
        for _ in range(TIMES + 1)
    ]
    found = runs[-1]
    drawn = {name: np.asarray(values) for name, values in found.posterior.items()}
    gradients = found.series["gradients"][:, HALF:].sum()
    return min(run.run_seconds for run in runs[1:]), gradients / fewest(drawn)


def theirs(problem: px.AbstractProblem, target: float) -> tuple[float, float]:
    """The same by blackjax alone."""
    density = lambda u: problem.log_density(u, None, jax.random.key(0))[0]  # noqa: E731

    @jax.jit
    def run(keys):
        def chain(key):
            first, warm, draw = jax.random.split(key, 3)
            warm_up = blackjax.window_adaptation(
                blackjax.nuts, density, target_acceptance_rate=target
            )
            (state, tuned), _ = warm_up.run(warm, problem.init(first), HALF)
            kernel = blackjax.nuts(density, **tuned)

            def step(state, key):
                state, told = kernel.step(key, state)
                return state, (problem.constrained(state.position), told.num_integration_steps)

            return jax.lax.scan(step, state, jax.random.split(draw, HALF))[1]

        return jax.vmap(chain)(keys)

    times = []
    for seed in range(TIMES + 1):
        keys = jax.random.split(jax.random.key(seed), CHAINS)
        began = time.perf_counter()
        drawn, gradients = jax.block_until_ready(run(keys))
        times.append(time.perf_counter() - began)
    return min(times[1:]), int(gradients.sum()) / fewest(
        {name: np.asarray(values) for name, values in drawn.items()}
    )


def rows() -> list[Row]:
    table = []
    for what, problem, target in (
        ("eight schools", EightSchools(), 0.95),
        ("50 correlated normal numbers", correlated(), 0.8),
    ):
        (a, b), (c, d) = ours(problem, target), theirs(problem, target)
        table.append(Row(f"NUTS on {what}, four chains", a, "blackjax", c, "s", "≤ 1"))
        what = f"NUTS on {what}: gradients for an effective draw"
        table.append(Row(what, b, "blackjax", d, "", "≤ 1.25"))
    return table


if __name__ == "__main__":
    report(rows())
