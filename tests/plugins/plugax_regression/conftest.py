"""Certified regressions, and least squares in exact arithmetic."""

import json
import pathlib
import re
from fractions import Fraction

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest


class Exact:
    """The answer of a linear regression, computed in fractions and rounded once.

    Arguments:
        columns: the terms' values as fractions, one list for every term.
        response: likewise.
        intercept: whether one of the columns is the constant.
    """

    def __init__(self, columns, response, *, intercept):
        points, terms = len(response), len(columns)
        gram = [[_dot(one, other) for other in columns] for one in columns]
        right = [
            [_dot(column, response), *(Fraction(int(i == k)) for k in range(terms))]
            for i, column in enumerate(columns)
        ]
        solved = _solve(gram, right)
        coefficients = [row[0] for row in solved]
        fitted = [_dot(coefficients, row) for row in zip(*columns, strict=True)]
        residual = sum((y - f) ** 2 for y, f in zip(response, fitted, strict=True))
        centre = sum(response) / points if intercept else 0
        total = sum((y - centre) ** 2 for y in response)
        variance = residual / (points - terms)
        errors = [variance * solved[i][1 + i] for i in range(terms)]
        self.coefficients = np.array([float(value) for value in coefficients])
        self.standard_errors = np.sqrt([float(value) for value in errors])
        self.residual_standard_deviation = float(variance) ** 0.5
        self.r_squared = float(1 - residual / total)
        explained = (total - residual) / (terms - intercept)
        self.f_statistic = float(explained / variance) if variance else np.inf


def _dot(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


def _solve(matrix, right):
    """Gauss's elimination; the normal matrix needs no pivoting in exact arithmetic."""
    rows = [[*row, *more] for row, more in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for k in range(len(rows)):
            if k != i and rows[k][i]:
                rows[k] = [a - rows[k][i] * b for a, b in zip(rows[k], rows[i], strict=True)]
    return [row[len(matrix) :] for row in rows]


class LinearProblem:
    """A linear regression as texts: what a file holds, exactly.

    Arguments:
        columns: cells by column, as texts.
        terms: the terms in the product's notation, of columns and their whole powers.
        intercept: whether there is one.
        certified: the published coefficients, where the exact ones are to be held against them.
    """

    def __init__(self, columns, terms, *, intercept=True, certified=None):
        self.columns, self.terms, self.intercept = columns, tuple(terms), intercept
        self.certified = certified

    def write(self, path):
        rows = zip(*self.columns.values(), strict=True)
        path.write_text("\n".join(",".join(row) for row in [self.columns.keys(), *rows]) + "\n")
        return str(path)

    def exact(self):
        response = [Fraction(cell) for cell in self.columns["y"]]
        columns = [[Fraction(1)] * len(response)] * self.intercept
        for term in self.terms:
            name, _, power = term.partition("^")
            columns.append([Fraction(cell) ** int(power or 1) for cell in self.columns[name]])
        return Exact(columns, response, intercept=self.intercept)


def polynomial(degree):
    return ["x", *(f"x^{power}" for power in range(2, degree + 1))]


@pytest.fixture
def linear_problem(data_directory):
    """NIST's linear problems of the data directory, by name."""

    def read(name):
        path = data_directory / "nist-strd" / "linear" / f"{name}.json"
        if not path.is_file():
            pytest.skip(f"needs {path.name} in nist-strd/linear of the data directory")
        file = json.loads(path.read_text())
        x = np.array(file["x"])
        names = ["x"] if x.shape[1] == 1 else [f"x{i + 1}" for i in range(x.shape[1])]
        columns = {"y": [repr(value) for value in file["y"]]}
        columns |= {n: [repr(float(v)) for v in x[:, i]] for i, n in enumerate(names)}
        terms = polynomial(file["degree"]) if file["degree"] else names
        certified = [float(word) for word in file["certified"]]
        return LinearProblem(columns, terms, intercept=file["intercept"], certified=certified)

    return read


class NonlinearProblem:
    """One of NIST's nonlinear files: data, starting points, certified values."""

    def __init__(self, path: pathlib.Path, model):
        text = path.read_text()
        lines = text.splitlines()

        def part(name):
            first, last = re.search(rf"{name}\s+\(lines\s+(\d+) to\s+(\d+)\)", text).groups()
            return lines[int(first) - 1 : int(last)]

        def said(name):
            return float(re.search(rf"{name}:\s+(\S+)", text).group(1))

        table = [line.partition("=")[2].split() for line in part("Certified Values")]
        table = np.array([[float(word) for word in words] for words in table if len(words) == 4])
        self.starts, self.values, self.deviations = table.T[:2], table[:, 2], table[:, 3]
        data = np.array([[float(word) for word in line.split()] for line in part("Data")])
        # Nelson's model is of the logarithm of the response.
        self.y = np.log(data[:, 0]) if path.stem == "Nelson" else data[:, 0]
        self.x, self.model = data[:, 1:].squeeze(), model
        self.residual_sum_of_squares = said("Residual Sum of Squares")
        self.residual_standard_deviation = said("Residual Standard Deviation")
        self.degrees_of_freedom = int(said("Degrees of Freedom"))


def gauss(b, x):
    first, second = -(((x - b[3]) / b[4]) ** 2), -(((x - b[6]) / b[7]) ** 2)
    return b[0] * jnp.exp(-b[1] * x) + b[2] * jnp.exp(first) + b[5] * jnp.exp(second)


def lanczos(b, x):
    return b[0] * jnp.exp(-b[1] * x) + b[2] * jnp.exp(-b[3] * x) + b[4] * jnp.exp(-b[5] * x)


def hahn(b, x):
    above = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    return above / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


MODELS = {
    "Misra1a": lambda b, x: b[0] * (1 - jnp.exp(-b[1] * x)),
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Chwirut2": lambda b, x: jnp.exp(-b[0] * x) / (b[1] + b[2] * x),
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "Gauss1": gauss,
    "Gauss3": gauss,
    "Lanczos1": lanczos,
    "Lanczos3": lanczos,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Hahn1": hahn,
    "Nelson": lambda b, x: b[0] - b[1] * x[:, 0] * jnp.exp(-b[2] * x[:, 1]),
    "MGH17": lambda b, x: b[0] + b[1] * jnp.exp(-x * b[3]) + b[2] * jnp.exp(-x * b[4]),
}


@pytest.fixture
def nonlinear_problem(data_directory):
    """NIST's nonlinear problems of the data directory, by name."""

    def read(name):
        path = data_directory / "nist-strd" / "nonlinear" / f"{name}.dat"
        if not path.is_file():
            pytest.skip(f"needs {path.name} in nist-strd/nonlinear of the data directory")
        return NonlinearProblem(path, MODELS[name])

    return read


@pytest.fixture(scope="session")
def make_linear_problem():
    return LinearProblem


@pytest.fixture(scope="session")
def digits():
    """How many digits of the certified values are right, the worst of them."""

    def count(found, certified):
        error = np.abs(np.asarray(found) - certified) / np.abs(certified)
        return -np.log10(np.max(error) + 1e-17)

    return count


@pytest.fixture(scope="session")
def covariance_of():
    """The covariance that a problem promises, all of it one program."""
    return eqx.filter_jit(lambda problem, unknowns: problem.covariance(unknowns))


@pytest.fixture(scope="session")
def evaluation_of():
    """The figures of merit that a problem has for its unknowns, likewise."""
    return eqx.filter_jit(lambda problem, unknowns: problem.evaluate(unknowns))
