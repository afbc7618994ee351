"""NIST's nonlinear regressions from both certified starts: Plugax beside SciPy, as Markdown.

    PLUGAX_DATA=… python benchmarks/nist.py

The data directory holds `nist-strd/nonlinear/*.dat`, as NIST publishes them. SciPy has the exact
Jacobian, columns scaled by it, and the smallest tolerances that it accepts. Evaluations are those
of the model, including one with every Jacobian.

Digits are the correct digits of the certified values (eleven), for the worst parameter. A run with
fewer than six correct digits of the parameters has not found the certified minimum.
"""

import os
import pathlib
import re
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from scipy.optimize import least_squares

import plugax as px
from plugax_regression import NonlinearRegression

CERTIFIED_DIGITS = 11
MOST_EVALUATIONS = 20_000
EXP = jnp.exp


def gauss(b, x):
    first, second = -(((x - b[3]) / b[4]) ** 2), -(((x - b[6]) / b[7]) ** 2)
    return b[0] * EXP(-b[1] * x) + b[2] * EXP(first) + b[5] * EXP(second)


def lanczos(b, x):
    return b[0] * EXP(-b[1] * x) + b[2] * EXP(-b[3] * x) + b[4] * EXP(-b[5] * x)


def kirby(b, x):
    return (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2)


def hahn(b, x):
    above = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    return above / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


MODELS = {
    "Misra1a": lambda b, x: b[0] * (1 - EXP(-b[1] * x)),
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Chwirut2": lambda b, x: EXP(-b[0] * x) / (b[1] + b[2] * x),
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "Gauss1": gauss,
    "Gauss3": gauss,
    "Lanczos1": lanczos,
    "Lanczos3": lanczos,
    "Kirby2": kirby,
    "Hahn1": hahn,
    "Nelson": lambda b, x: b[0] - b[1] * x[:, 0] * EXP(-b[2] * x[:, 1]),
    "MGH17": lambda b, x: b[0] + b[1] * EXP(-x * b[3]) + b[2] * EXP(-x * b[4]),
}


class Certified(NamedTuple):
    """One of NIST's files."""

    x: np.ndarray
    y: np.ndarray
    starts: tuple[np.ndarray, np.ndarray]
    values: np.ndarray
    deviations: np.ndarray


MEYER = (34780.0, 28610, 23650, 19630, 16370, 13720, 11540, 9744)
MEYER += (8261.0, 7030, 6005, 5147, 4427, 3820, 3307, 2872)
# Four of the hardest, which are not in the data directory; they have few points.
MORE = {
    "BoxBOD": (
        lambda b, x: b[0] * (1 - EXP(-b[1] * x)),
        Certified(
            np.array([1.0, 2, 3, 5, 7, 10]),
            np.array([109.0, 149, 149, 191, 213, 224]),
            (np.array([1.0, 1]), np.array([100, 0.75])),
            np.array([2.1380940889e02, 5.4723748542e-01]),
            np.array([1.2354515176e01, 1.0455993237e-01]),
        ),
    ),
    "MGH09": (
        lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
        Certified(
            np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625]),
            np.array([1957, 1947, 1735, 1600, 844, 627, 456, 342, 323, 235, 246]) / 1e4,
            (np.array([25, 39, 41.5, 39]), np.array([0.25, 0.39, 0.415, 0.39])),
            np.array([1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01]),
            np.array([1.1435312227e-02, 1.9633220911e-01, 8.0842031232e-02, 9.0025542308e-02]),
        ),
    ),
    "MGH10": (
        lambda b, x: b[0] * EXP(b[1] / (x + b[2])),
        Certified(
            np.arange(50.0, 126, 5),
            np.array(MEYER),
            (np.array([2.0, 400000, 25000]), np.array([0.02, 4000, 250])),
            np.array([5.6096364710e-03, 6.1813463463e03, 3.4522363462e02]),
            np.array([1.5687892471e-04, 2.3309021107e01, 7.8486103508e-01]),
        ),
    ),
    "Rat42": (
        lambda b, x: b[0] / (1 + EXP(b[1] - b[2] * x)),
        Certified(
            np.array([9.0, 14, 21, 28, 42, 57, 63, 70, 79]),
            np.array([8.930, 10.800, 18.590, 22.330, 39.350, 56.110, 61.730, 64.620, 67.080]),
            (np.array([100, 1, 0.1]), np.array([75, 2.5, 0.07])),
            np.array([7.2462237576e01, 2.6180768402e00, 6.7359200066e-02]),
            np.array([1.7340283401e00, 8.8295217536e-02, 3.4465663377e-03]),
        ),
    ),
}


def read(path: pathlib.Path) -> Certified:
    text = path.read_text()
    lines = text.splitlines()

    def part(name: str) -> list[str]:
        found = re.search(rf"{name}\s+\(lines\s+(\d+) to\s+(\d+)\)", text)
        assert found, f"{path} has no {name}"
        first, last = map(int, found.groups())
        return lines[first - 1 : last]

    words = [line.partition("=")[2].split() for line in part("Certified Values")]
    table = np.array([[float(word) for word in row] for row in words if len(row) == 4])
    data = np.array([[float(word) for word in line.split()] for line in part("Data")])
    # Nelson's model is of the logarithm of the response.
    y = np.log(data[:, 0]) if path.stem == "Nelson" else data[:, 0]
    return Certified(data[:, 1:].squeeze(), y, (table[:, 0], table[:, 1]), table[:, 2], table[:, 3])


class Outcome(NamedTuple):
    """How far one run came."""

    counts: str
    parameters: float
    deviations: float

    def __str__(self) -> str:
        if not self.parameters > 6:
            return f"{self.counts} · **fails** ({max(self.parameters, 0):.1f})"
        return f"{self.counts} · {self.parameters:.1f} / {max(self.deviations, 0):.1f}"


def digits(found: Any, certified: np.ndarray) -> float:
    error = np.abs(np.asarray(found) - certified) / np.abs(certified)
    worst = np.max(error)
    return min(-np.log10(worst + 1e-17), CERTIFIED_DIGITS) if np.isfinite(worst) else 0.0


def by_plugax(model: Callable, file: Certified, start: np.ndarray) -> Outcome:
    problem = NonlinearRegression(model, file.x, file.y, start)
    solution = px.solve(problem, "levenberg-marquardt", steps=MOST_EVALUATIONS)
    evaluations = int(solution.history["function_evaluations"].values[-1])
    return Outcome(
        f"{solution.steps} steps, {evaluations}",
        digits(solution.unknowns, file.values) if solution.status.success else 0.0,
        digits(solution.metrics["standard_deviations"], file.deviations),
    )


def by_scipy(model: Callable, file: Certified, start: np.ndarray, method: str) -> Outcome:
    residuals = jax.jit(lambda b: model(b, file.x) - file.y)
    jacobian = jax.jit(jax.jacfwd(residuals))
    tight = float(np.finfo(float).eps)
    try:
        found = least_squares(
            lambda b: np.asarray(residuals(b)),
            start,
            jac=lambda b: np.asarray(jacobian(b)),
            method=method,
            x_scale="jac",
            xtol=tight,
            ftol=tight,
            gtol=tight,
            max_nfev=MOST_EVALUATIONS,
        )
    except ValueError as error:  # residuals that are not finite
        return Outcome(f"error: {error}", 0.0, 0.0)
    # As SciPy's `curve_fit` makes its covariance.
    _, singular_values, rows = np.linalg.svd(found.jac, full_matrices=False)
    covariance = (rows.T / singular_values**2) @ rows
    variance = 2 * found.cost / (len(file.y) - len(start))
    return Outcome(
        f"{found.nfev + found.njev}",
        digits(found.x, file.values),
        digits(np.sqrt(np.diag(covariance) * variance), file.deviations),
    )


def main() -> None:
    if "PLUGAX_DATA" not in os.environ:
        sys.exit("set PLUGAX_DATA to the directory that holds nist-strd/nonlinear")
    directory = pathlib.Path(os.environ["PLUGAX_DATA"]) / "nist-strd" / "nonlinear"
    jax.config.update("jax_enable_x64", True)
    print(
        f"Plugax {px.__version__}, JAX {jax.__version__}, SciPy {scipy.__version__}, "
        f"NumPy {np.__version__}; evaluations of the model · digits of parameters / of standard "
        "deviations.\n"
    )
    print("| problem | start | `levenberg-marquardt` | SciPy `lm` | SciPy `trf` |")
    print("|---|---|---|---|---|")
    of_files = {n: (model, read(directory / f"{n}.dat")) for n, model in MODELS.items()}
    for name, (model, file) in (of_files | MORE).items():
        for number, start in enumerate(file.starts, 1):
            row = [by_plugax(model, file, start)]
            with np.errstate(all="ignore"):
                row += [by_scipy(model, file, start, method) for method in ("lm", "trf")]
            print(f"| {name} | {number} | {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
