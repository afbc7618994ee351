"""Full-batch gradient descent on the linear regression, per step, with the history stored."""

from measure import Row, best, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import equinox as eqx  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

import plugax as px  # noqa: E402

STEPS = 1_000_000
FEW = 2_000


def rows() -> list[Row]:
    problem = px.problem("regression")
    optimizer = px.optimizer("sgd", learning_rate=0.05)
    solver = px.solver("gradient", optimizer=optimizer)
    start = px.solve(problem, solver, steps=1)
    x, y = (jnp.asarray(a) for a in (problem.design[:, 1], problem.response))
    first = problem.init(jax.random.key(0))

    @jax.jit
    def bare(coefficients, x, y):
        """The loop as one would write it by hand, with the same history: loss and coefficients."""

        def loss(c):
            return jnp.mean((c[0] + c[1] * x - y) ** 2)

        def step(c, _):
            value, grad = jax.value_and_grad(loss)(c)
            return c - 0.05 * grad, {"loss": value, "coefficients": c}

        return jax.lax.scan(step, coefficients, None, length=STEPS)

    by_hand = best(lambda: jax.block_until_ready(bare(first, x, y))) / STEPS
    px.solve(problem, solver, steps=STEPS)
    solutions = [px.solve(problem, solver, steps=STEPS) for _ in range(7)]
    ours = min(solution.run_seconds for solution in solutions) / STEPS
    # Both must have the same results: the answer and the history agree.
    coefficients, history = bare(first, x, y)
    np.testing.assert_allclose(solutions[0].unknowns, coefficients, rtol=1e-4)
    np.testing.assert_allclose(solutions[0].series["loss"], history["loss"], rtol=1e-4)
    del start
    what, unit = "regression: gradient step", "µs"
    table = [
        Row(what, ours * 1e6, "bare lax.scan", by_hand * 1e6, unit, "≤ 1.1"),
        Row(what, ours * 1e6, "Python loop, filter_jit step", jitted(first, x, y), unit, "≤ 0.01"),
    ]
    torch = eager(np.asarray(first), np.asarray(x), np.asarray(y))
    if torch is not None:
        table.append(Row(what, ours * 1e6, "PyTorch eager autograd + SGD", torch, unit, "≤ 0.01"))
    return table


def jitted(first, x, y) -> float:
    """The loop of Equinox's own examples, in µs per step."""

    @eqx.filter_jit
    def step(coefficients, x, y):
        def loss(c):
            return jnp.mean((c[0] + c[1] * x - y) ** 2)

        value, grad = eqx.filter_value_and_grad(loss)(coefficients)
        return coefficients - 0.05 * grad, value

    def loop():
        coefficients, losses = first, []
        for _ in range(FEW):
            coefficients, value = step(coefficients, x, y)
            losses.append(float(value))
        return coefficients, losses

    return best(loop, repeats=3) / FEW * 1e6


def eager(first, x, y) -> float | None:
    """PyTorch as in its tutorials, in µs per step; None if it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    x, y = torch.from_numpy(x.copy()), torch.from_numpy(y.copy())

    def loop():
        coefficients = torch.tensor(first, requires_grad=True)
        optimizer = torch.optim.SGD([coefficients], lr=0.05)
        losses = []
        for _ in range(FEW):
            optimizer.zero_grad()
            loss = torch.mean((coefficients[0] + coefficients[1] * x - y) ** 2)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    return best(loop, repeats=3) / FEW * 1e6


if __name__ == "__main__":
    report(rows())
