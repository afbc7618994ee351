"""Solvers of minimisation and least squares beside SciPy's, optax's and optimistix's.

4DVar on Lorenz96 (40 unknowns), the Rosenbrock function of 100 unknowns from 0 (from the customary
start, some methods end in its other minimum) and, for Nelder and Mead, of 4 unknowns. All use the
same jitted functions in float64, each with its own test of convergence, strict enough to reach the
minimum; the loss that each reached is printed. A peer that did not reach it is left out, and named
on standard error.

Ours is the run as a solution reports it: the compiled loop in one chunk, its history and the final
metrics, with the calls from Python that this takes. Theirs is one call of `scipy.optimize`, of a
compiled `optimistix.minimise`, or of a `while_loop` around `optax.lbfgs`.
"""

import sys

from measure import Row, best, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import equinox as eqx  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
import optimistix as optx  # noqa: E402
import scipy.optimize  # noqa: E402

import plugax as px  # noqa: E402

TOLERANCE, MOST = 1e-8, 20_000
# How far above the lowest loss a minimum may be, relative to that of the start.
SAME = 1e-9


class Rosenbrock(px.AbstractLeastSquares):
    """½‖(10 √2 (y[i+1] − y[i]²), √2 (1 − y[i]))‖², so the loss is the function itself."""

    start: jax.Array

    def init(self, key):  # noqa: ARG002
        """The start."""
        return self.start

    def residuals(self, y, batch, key):  # noqa: ARG002
        """The distances from the floor of the valley and from its end."""
        valley, floor = 10 * (y[1:] - y[:-1] ** 2), 1 - y[:-1]
        return jnp.concatenate([valley, floor]) * np.sqrt(2.0), {}


class Functions:
    """The input of the peers: the problem as functions of one vector of unknowns."""

    def __init__(self, problem):
        batch, key = problem.data.first(), jax.random.key(0)
        self.start = problem.init(key)
        self.loss = lambda u, args=None: problem.loss(u, batch, key)[0]  # noqa: ARG005
        self.value_and_grad = jax.jit(jax.value_and_grad(self.loss))
        self.value = jax.jit(self.loss)
        self.gradient_at_start = float(jnp.linalg.norm(jax.grad(self.loss)(self.start)))
        self.hessian_product = jax.jit(lambda u, v: jax.jvp(jax.grad(self.loss), (u,), (v,))[1])

        def residuals(u, args=None):  # noqa: ARG001
            leaves = jax.tree.leaves(problem.residuals(u, batch, key)[0])
            return jnp.concatenate([jnp.ravel(leaf) for leaf in leaves])

        self.residuals = residuals
        self.jitted_residuals = jax.jit(residuals)
        self.jacobian = jax.jit(jax.jacfwd(residuals))


def scipys(functions, method, **options):
    """A call of `scipy.optimize.minimize` on the jitted functions."""

    def value_and_grad(u):
        value, grad = functions.value_and_grad(u)
        return float(value), np.asarray(grad)

    more = {}
    if method in ("Newton-CG", "trust-ncg", "trust-krylov"):
        more["hessp"] = lambda u, v: np.asarray(functions.hessian_product(u, v))
    start = np.asarray(functions.start)

    def call():
        if method == "Nelder-Mead":
            value = lambda u: float(functions.value(u))  # noqa: E731
            return scipy.optimize.minimize(value, start, method=method, options=options).x
        found = scipy.optimize.minimize(
            value_and_grad, start, jac=True, method=method, options=options, **more
        )
        return found.x

    return call


def scipys_least_squares(functions, method):
    """A call of `scipy.optimize.least_squares` on the jitted residuals and Jacobian."""
    start = np.asarray(functions.start)

    def call():
        return scipy.optimize.least_squares(
            lambda u: np.asarray(functions.jitted_residuals(u)),
            start,
            jac=lambda u: np.asarray(functions.jacobian(u)),
            method=method,
            xtol=TOLERANCE,
            ftol=TOLERANCE,
            gtol=TOLERANCE,
        ).x

    return call


def by_hand(functions, solver):
    """A compiled call of optimistix."""
    least_squares = isinstance(solver, optx.AbstractLeastSquaresSolver)

    @eqx.filter_jit
    def run(start):
        if least_squares:
            function, minimise = functions.residuals, optx.least_squares
        else:
            function, minimise = functions.loss, optx.minimise
        return minimise(function, solver, start, max_steps=MOST, throw=False).value

    return lambda: jax.block_until_ready(run(functions.start))


def optax_lbfgs(functions):
    """`optax.lbfgs` with its line search, in a compiled loop."""
    method = optax.lbfgs()
    value_and_grad = optax.value_and_grad_from_state(functions.loss)
    small = TOLERANCE * functions.gradient_at_start

    @jax.jit
    def run(start):
        def step(carry):
            u, state = carry
            value, grad = value_and_grad(u, state=state)
            updates, state = method.update(
                grad, state, u, value=value, grad=grad, value_fn=functions.loss
            )
            return optax.apply_updates(u, updates), state

        def unfinished(carry):
            count = optax.tree.get(carry[1], "count")
            norm = optax.tree.norm(optax.tree.get(carry[1], "grad"))
            return (count == 0) | ((count < MOST) & (norm > small))

        return jax.lax.while_loop(unfinished, step, (start, method.init(start)))[0]

    return lambda: jax.block_until_ready(run(functions.start))


def peers_of(functions):
    """The peers with the same method, by our solver's name."""
    gtol = TOLERANCE * functions.gradient_at_start
    tight = {"rtol": TOLERANCE, "atol": TOLERANCE}
    many = {"maxiter": MOST}
    limited = {**many, "maxfun": MOST, "ftol": 1e-16, "gtol": gtol}
    return {
        "bfgs": {
            "SciPy BFGS": scipys(functions, "BFGS", gtol=gtol, **many),
            "optimistix BFGS": by_hand(functions, optx.BFGS(**tight)),
        },
        "lbfgs": {
            "SciPy L-BFGS-B": scipys(functions, "L-BFGS-B", **limited),
            "optax.lbfgs": optax_lbfgs(functions),
            "optimistix LBFGS": by_hand(functions, optx.LBFGS(**tight)),
        },
        "nonlinear-cg": {
            "SciPy CG": scipys(functions, "CG", gtol=gtol, **many),
            "optimistix NonlinearCG": by_hand(functions, optx.NonlinearCG(**tight)),
        },
        "newton": {
            "SciPy Newton-CG": scipys(functions, "Newton-CG", xtol=TOLERANCE, **many),
            "SciPy trust-ncg": scipys(functions, "trust-ncg", gtol=gtol, **many),
        },
        "gauss-newton": {
            "SciPy least_squares lm": scipys_least_squares(functions, "lm"),
            "optimistix GaussNewton": by_hand(functions, optx.GaussNewton(**tight)),
        },
        "levenberg-marquardt": {
            "SciPy least_squares lm": scipys_least_squares(functions, "lm"),
            "optimistix LevenbergMarquardt": by_hand(functions, optx.LevenbergMarquardt(**tight)),
        },
        "dogleg": {
            "SciPy least_squares dogbox": scipys_least_squares(functions, "dogbox"),
            "optimistix Dogleg": by_hand(functions, optx.Dogleg(**tight)),
        },
    }


def simplex_peers(functions):
    """The peers for Nelder and Mead."""
    options = {"xatol": 1e-6, "fatol": 1e-8, "adaptive": True, "maxiter": MOST, "maxfev": MOST}
    return {
        "nelder-mead": {
            "SciPy Nelder-Mead": scipys(functions, "Nelder-Mead", **options),
            "optimistix NelderMead": by_hand(functions, optx.NelderMead(rtol=1e-6, atol=1e-8)),
        }
    }


def rows_of(what, problem, functions, peers, same=SAME) -> list[Row]:
    """A row for every solver and peer that reached the lowest loss of all of them."""
    value = lambda u: float(functions.value(u))  # noqa: E731
    solutions = {name: px.solve(problem, name, steps=MOST) for name in peers}
    found = {name: value(solution.unknowns) for name, solution in solutions.items()}
    theirs = {name: {p: value(call()) for p, call in row.items()} for name, row in peers.items()}
    every = [*found.values(), *(loss for row in theirs.values() for loss in row.values())]
    start, least = value(functions.start), np.nanmin(every)
    reached = lambda loss: loss - least <= same * (start - least)  # noqa: E731
    table = []
    for name, row in peers.items():
        steps = solutions[name].steps
        label = f"{what}: {name}, {steps} steps, loss {found[name]:.8g}"
        if not reached(found[name]):
            print(f"{label} did not reach {least:.8g}", file=sys.stderr)
            continue
        solve = lambda name=name, steps=steps: px.solve(problem, name, steps=steps, chunk=steps)  # noqa: E731
        solve()
        mine = min(solve().run_seconds for _ in range(9)) * 1e3
        times = {}
        for peer, call in row.items():
            if reached(theirs[name][peer]):
                times[peer] = best(call, repeats=5) * 1e3
            else:
                loss = theirs[name][peer]
                print(f"{what}: {peer} ended at {loss:.8g}, not {least:.8g}", file=sys.stderr)
        quickest = min(times, key=times.get, default=None)
        table += [
            Row(
                label,
                mine,
                f"{peer}, loss {theirs[name][peer]:.8g}",
                time,
                "ms",
                "≤ 1.1" if peer == quickest else "",
            )
            for peer, time in times.items()
        ]
    return table


def rows() -> list[Row]:
    assimilation = px.problem("lorenz96-4dvar")
    valley, short = Rosenbrock(jnp.zeros(100)), Rosenbrock(jnp.zeros(4))
    table = []
    for what, problem, peers, same in (
        ("4DVar", assimilation, peers_of, SAME),
        ("Rosenbrock 100", valley, peers_of, SAME),
        ("Rosenbrock 4", short, simplex_peers, 1e-6),
    ):
        functions = Functions(problem)
        table += rows_of(what, problem, functions, peers(functions), same)
    return table


if __name__ == "__main__":
    report(rows())
