"""The 35 problems of Moré, Garbow and Hillstrom, by every solver that fits and by SciPy's.

    python benchmarks/more_garbow_hillstrom.py [FAMILY]… > table.md

Prints one Markdown table for each family of methods. A solver that is not registered is left out.
"""

import dataclasses
import platform
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import scipy
import scipy.optimize

import plugax as px
from plugax_classics import CLASSICS, MoreGarbowHillstrom

KEY = jr.key(0)
# Enough steps for all of them; the defaults of solvers are for well-behaved problems.
STEPS = 20_000
FAMILIES = {
    "least squares": (
        ("gauss-newton", "levenberg-marquardt", "dogleg"),
        ("lm", "trf", "dogbox"),
    ),
    "quasi-Newton and conjugate gradients": (
        ("bfgs", "lbfgs", "nonlinear-cg"),
        ("BFGS", "L-BFGS-B", "CG"),
    ),
    "second derivatives": (("newton",), ("trust-ncg", "Newton-CG")),
    "values alone": (("nelder-mead",), ("Nelder-Mead",)),
}
# Tight, to get all digits; SciPy's defaults stop early on small residuals.
SCIPY = {
    "BFGS": {"gtol": 1e-8, "maxiter": STEPS},
    "L-BFGS-B": {"ftol": 1e-15, "gtol": 1e-8, "maxiter": STEPS, "maxfun": STEPS},
    "CG": {"gtol": 1e-8, "maxiter": STEPS},
    "trust-ncg": {"gtol": 1e-8, "maxiter": STEPS},
    "Newton-CG": {"xtol": 1e-8, "maxiter": STEPS},
    "Nelder-Mead": {
        "adaptive": True,
        "xatol": 1e-8,
        "fatol": 1e-10,
        "maxiter": STEPS,
        "maxfev": STEPS,
    },
}


@dataclasses.dataclass
class Outcome:
    """The end of one run: its steps, its evaluations, Σ f², and whether it claims convergence."""

    steps: int
    evaluations: list[int]
    squares: float
    success: bool

    def cell(self, problem: MoreGarbowHillstrom) -> str:
        """Steps and evaluations; which minimum, if not the least; whether it claims convergence."""
        minimum = problem.reached(self.squares)
        counts = f"{self.steps} · {'/'.join(map(str, self.evaluations))}"
        if minimum is None:
            return f"{counts} **{self.squares:.3g}**{' !' if self.success else ''}"
        where = "" if minimum == problem.minima[0] else f" ({minimum.value:.3g})"
        return f"{counts}{where}{'' if self.success else ' ?'}"


def plugax(problem: MoreGarbowHillstrom, name: str) -> Outcome:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solution = px.solve(problem, name, steps=STEPS)
    wanted = [
        *("function_evaluations", "jacobian_evaluations", "gradient_evaluations"),
        *(["inner_iterations"] if name == "newton" else []),  # products with the Hessian
    ]
    counts = [int(solution.history[k].values[-1]) for k in wanted if k in solution.history]
    squares = solution.metrics["sum_of_squares"]
    return Outcome(solution.steps, counts, float(squares), solution.status.success)


class Counted:
    """The problem's functions for SciPy, compiled once, and how often each was called."""

    def __init__(self, problem: MoreGarbowHillstrom):
        def residuals(x):
            return problem.residuals(x, (), KEY)[0]

        def loss(x):
            return problem.loss(x, (), KEY)[0]

        self.calls = Counter()
        self.residuals = self._count("residuals", residuals)
        self.jacobian = self._count("jacobian", jax.jacfwd(residuals))
        self.loss = self._count("loss", loss)
        self.gradient = self._count("gradient", jax.grad(loss))
        self.product = self._count("product", lambda x, v: jax.jvp(jax.grad(loss), (x,), (v,))[1])

    def _count(self, name: str, function: Callable) -> Callable:
        compiled = jax.jit(function)

        def called(*arguments):
            self.calls[name] += 1
            return np.asarray(compiled(*map(jnp.asarray, arguments)))

        return called


def by_scipy(problem: MoreGarbowHillstrom, functions: Counted, method: str) -> Outcome:
    functions.calls.clear()
    start = np.asarray(problem.start)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = _minimised(functions, start, method)
        except (ValueError, np.linalg.LinAlgError) as error:  # such as residuals that overflow
            print(f"{problem.function}, {method}: {error}", file=sys.stderr)
            return Outcome(0, list(functions.calls.values()), np.inf, False)
    squares = 2 * float(problem.loss(jnp.asarray(found.x), (), KEY)[0])
    counts = [functions.calls[k] for k in ("residuals", "jacobian", "loss", "gradient", "product")]
    steps = found.get("nit", functions.calls["jacobian"])
    return Outcome(steps, [count for count in counts if count], squares, bool(found.success))


def _minimised(functions: Counted, start: np.ndarray, method: str) -> Any:
    if method in ("lm", "trf", "dogbox"):
        return scipy.optimize.least_squares(
            functions.residuals, start, functions.jacobian, method=method, max_nfev=STEPS
        )
    slopes = {} if method == "Nelder-Mead" else {"jac": functions.gradient}
    if method in ("trust-ncg", "Newton-CG"):
        slopes["hessp"] = functions.product
    return scipy.optimize.minimize(
        functions.loss, start, method=method, options=SCIPY[method], **slopes
    )


def table(family: str) -> None:
    """Print the table of one family."""
    wanted, peers = FAMILIES[family]
    there = [record.name for record in px.default_manager().components("solver")]
    ours = [name for name in wanted if name in there]
    print(f"\n### {family[0].upper()}{family[1:]}\n")
    titles = [*(f"`{name}`" for name in ours), *(f"SciPy {name}" for name in peers)]
    print("| | problem | n | m | minimum | " + " | ".join(titles) + " |")
    print("|---:|---|---:|---:|---:|" + "---|" * len(titles))
    tallies = {
        "minimum found": Counter(),
        "… and declared": Counter(),
        "declared wrongly": Counter(),
    }
    for name, classic in CLASSICS.items():
        problem = MoreGarbowHillstrom(name)
        functions = Counted(problem)
        outcomes = [plugax(problem, solver) for solver in ours]
        outcomes += [by_scipy(problem, functions, method) for method in peers]
        for title, outcome in zip(titles, outcomes, strict=True):
            found = problem.reached(outcome.squares) is not None
            tallies["minimum found"][title] += found
            tallies["… and declared"][title] += found and outcome.success
            tallies["declared wrongly"][title] += outcome.success and not found
        cells = " | ".join(outcome.cell(problem) for outcome in outcomes)
        minimum = f"{problem.minima[0].value:.6g}"
        size = f"{problem.start.size} | {problem.equations}"
        print(f"| {classic.number} | {name} | {size} | {minimum} | {cells} |", flush=True)
        # Every compiled program takes some mappings of memory, which a process has only so many of.
        jax.clear_caches()
    for what, tally in tallies.items():
        print(f"| | {what} | | | | {' | '.join(str(tally[title]) for title in titles)} |")


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    chosen = sys.argv[1:] or list(FAMILIES)
    if unknown := set(chosen) - set(FAMILIES):
        sys.exit(f"no family is called {', '.join(unknown)}; there are {', '.join(FAMILIES)}")
    versions = f"JAX {jax.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}"
    print(f"{platform.machine()}, Python {platform.python_version()}, {versions}")
    for family in chosen:
        table(family)


if __name__ == "__main__":
    main()
