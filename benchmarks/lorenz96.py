"""4DVar on Lorenz96: 40 variables, 20 RK4 steps observed at each, float64.

All compute the same number: J(v) = ½‖v‖² + ½ Σⱼ ‖xⱼ − yⱼ‖² and its gradient, B = R = I. Before
anything is timed, all results are checked to agree.
"""

import ctypes
import functools
import os
import pathlib
import subprocess
import tempfile

from measure import Row, best, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import diffrax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import scipy.optimize  # noqa: E402

import plugax as px  # noqa: E402

STEPS, DT, CALLS = 20, 0.05, 50
USUAL_C_SOURCE = pathlib.Path(__file__).parents[2] / "shared" / "peers" / "lorenz96.c"


def padded(t, x, args=None):  # noqa: ARG001 - diffrax's signature
    """Lorenz96 with padded slices instead of rolls."""
    ring = jnp.concatenate([x[-2:], x, x[:1]])
    return (ring[3:] - ring[:-3]) * ring[1:-2] - x + 8.0


def two_turns(t, x, args=None):  # noqa: ARG001 - diffrax's signature
    """Lorenz96 with slices of two copies of the ring."""
    ring = jnp.broadcast_to(x, (2, 40)).reshape(-1)
    return (ring[1:41] - ring[38:78]) * ring[39:79] - x + 8.0


def stage_scan(x0, field):
    """A scan over the steps, and within it over the four stages of each."""
    ahead = jnp.asarray([0.5, 0.5, 1.0, 0.0]) * DT
    weight = jnp.asarray([1.0, 2.0, 2.0, 1.0]) * (DT / 6)

    def stage(carry, coefficients):
        x, y, total = carry
        k = field(0.0, y)
        return (x, x + coefficients[0] * k, total + coefficients[1] * k), None

    def step(x, _):
        (_, _, total), _ = jax.lax.scan(stage, (x, x, x), (ahead, weight))
        return total, total

    return jax.lax.scan(step, x0, None, length=STEPS)[1]


def textbook_scan(x0, field):
    """RK4 as in textbooks, in one scan."""

    def step(x, _):
        k1 = field(0, x)
        k2 = field(0, x + DT / 2 * k1)
        k3 = field(0, x + DT / 2 * k2)
        k4 = field(0, x + DT * k3)
        x = x + DT / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return x, x

    return jax.lax.scan(step, x0, None, length=STEPS)[1]


def diffrax_default(x0):
    """Diffrax as most people call it: Tsit5, constant steps, the rest default."""
    times = DT * jnp.arange(1, STEPS + 1)
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(padded),
        diffrax.Tsit5(),
        0.0,
        STEPS * DT,
        DT,
        x0,
        saveat=diffrax.SaveAt(ts=times),
        stepsize_controller=diffrax.ConstantStepSize(),
    )
    return solution.ys


def rows() -> list[Row]:
    problem = px.problem("lorenz96-4dvar")
    background, observations = problem.background, problem.observations
    control = jax.random.normal(jax.random.key(1), background.shape)
    key = jax.random.key(0)

    def cost_of(trajectory):
        def cost(v):
            misfit = trajectory(background + v) - observations
            return jnp.sum(v**2) / 2 + jnp.sum(misfit**2) / 2

        return jax.jit(jax.value_and_grad(cost))

    ours = jax.jit(jax.value_and_grad(lambda v: problem.loss(v, observations, key)[0]))
    by_hand = {
        f"{scan.__name__}, {field.__name__}": cost_of(functools.partial(scan, field=field))
        for scan in (stage_scan, textbook_scan)
        for field in (padded, two_turns)
    }
    value, grad = ours(control)
    for function in by_hand.values():
        np.testing.assert_allclose(function(control)[0], value, rtol=1e-12)
        np.testing.assert_allclose(function(control)[1], grad, rtol=1e-10)
    default = cost_of(diffrax_default)  # Tsit5 and not RK4: equal only up to the order of both
    np.testing.assert_allclose(default(control)[0], value, rtol=1e-3)

    time = lambda function: best(lambda: calls(function, control), repeats=25) / CALLS * 1e6  # noqa: E731
    mine = time(ours)
    what, unit = "Lorenz96: cost and gradient", "µs"
    hands = {name: time(function) for name, function in by_hand.items()}
    name = min(hands, key=hands.get)
    table = [
        Row(what, mine, f"best by hand: {name}", hands[name], unit, "≤ 1.1"),
        Row(what, mine, "diffrax, Tsit5 with its defaults", time(default), unit, "≤ 0.5"),
    ]
    floor = in_c(np.asarray(control), problem, value, grad)
    if floor is not None:
        peer = "C, hand-written adjoint, -O3"
        table.append(Row(what, mine, peer, floor, unit, "≤ 4"))
        table.append(Row(f"{what}, in a compiled loop", in_a_loop(problem), peer, floor, unit))
    return [*table, *whole_solve(problem, ours), chunks(problem)]


def calls(function, control):
    for _ in range(CALLS):
        out = function(control)
    jax.block_until_ready(out)


def in_a_loop(problem) -> float:
    """Cost and gradient as in a solver: without a call from Python for each, in µs."""

    @jax.jit
    def many(control):
        def step(v, _):
            grad = jax.grad(lambda v: problem.loss(v, problem.observations, None)[0])(v)
            return v - 1e-6 * grad, None

        return jax.lax.scan(step, control, None, length=20 * CALLS)[0]

    start = jnp.zeros(problem.control_size)
    return best(lambda: jax.block_until_ready(many(start))) / (20 * CALLS) * 1e6


def in_c(control, problem, value, grad) -> float | None:
    """Cost and gradient in C, in µs per call; None without source or compiler."""
    source = pathlib.Path(os.environ.get("PLUGAX_LORENZ96_C", USUAL_C_SOURCE))
    if not source.is_file():
        return None
    with tempfile.TemporaryDirectory() as folder:
        library = pathlib.Path(folder) / "lorenz96.so"
        command = ["gcc", "-O3", "-march=native", "-shared", "-fPIC", str(source)]
        try:
            subprocess.run([*command, "-o", str(library)], check=True)
        except FileNotFoundError:
            return None
        function = ctypes.CDLL(str(library)).costgrad
    function.restype = ctypes.c_double
    background, observations = np.array(problem.background), np.array(problem.observations)
    start, out = background + control, np.empty_like(background)
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (start, background, observations)]
    last = out.ctypes.data_as(ctypes.c_void_p)

    def many():
        for _ in range(CALLS):
            result = function(*pointers, STEPS, ctypes.c_double(DT), last)
        return result

    np.testing.assert_allclose(many(), value, rtol=1e-12)
    np.testing.assert_allclose(out, grad, rtol=1e-9)
    return best(many, repeats=25) / CALLS * 1e6


def whole_solve(problem, value_and_grad) -> list[Row]:
    """From the background to the minimum; both must reach the same one."""

    def scipys():
        def function(v):
            value, grad = value_and_grad(v)
            return float(value), np.asarray(grad)

        start = np.zeros(problem.control_size)
        return scipy.optimize.minimize(function, start, jac=True, method="L-BFGS-B")

    theirs = best(scipys) * 1e3
    found = scipys()
    peer, unit = f"SciPy L-BFGS-B, {found.nfev} evaluations", "ms"
    table = []
    for name in ("gauss-newton", "levenberg-marquardt", "bfgs"):
        solver = px.solver(name)
        whole = best(lambda solver=solver: px.solve(problem, solver)) * 1e3
        solutions = [px.solve(problem, solver) for _ in range(9)]
        loop = min(solution.run_seconds for solution in solutions) * 1e3
        assert solutions[0].status.success, solutions[0].status
        cost = float(problem.loss(solutions[0].unknowns, problem.observations, None)[0])
        np.testing.assert_allclose(cost, found.fun, rtol=1e-5)
        target = "≤ 0.2" if name == "gauss-newton" else ""
        steps = f"{solutions[0].steps} steps"
        table += [
            Row(f"4DVar: {name}, {steps}, run", loop, peer, theirs, unit, target),
            Row(f"4DVar: {name}, {steps}, the whole call", whole, peer, theirs, unit, target),
        ]
    return table


def chunks(problem) -> Row:
    """The cost of chunks of about a second: a run of some seconds, beside one long chunk."""
    solver, steps = px.solver("gradient", optimizer=px.optimizer("adam")), 200_000

    def seconds(chunk: int | None) -> float:
        px.solve(problem, solver, steps=steps, chunk=chunk)
        return min(
            px.solve(problem, solver, steps=steps, chunk=chunk).run_seconds for _ in range(3)
        )

    what = f"{steps} gradient steps in chunks of a second"
    return Row(what, seconds(None), "all in one chunk", seconds(steps), "s", "≤ 1.02")


if __name__ == "__main__":
    report(rows())
