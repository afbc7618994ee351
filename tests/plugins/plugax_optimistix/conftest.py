"""Least-squares problems with known answers."""

import pathlib
import re

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px


class Curve(px.AbstractLeastSquares):
    """Residuals given as a function of the unknowns."""

    function: object = eqx.field(static=True)
    start: object

    def init(self, key):
        return self.start

    def residuals(self, unknowns, batch, key):
        return self.function(unknowns), {}


class Certified:
    """One file of NIST's: data, starting points, certified values."""

    def __init__(self, path: pathlib.Path):
        text = path.read_text()
        lines = text.splitlines()

        def part(name):
            first, last = re.search(rf"{name}\s+\(lines\s+(\d+) to\s+(\d+)\)", text).groups()
            return lines[int(first) - 1 : int(last)]

        table = [line.partition("=")[2].split() for line in part("Certified Values")]
        table = np.array([[float(word) for word in words] for words in table if len(words) == 4])
        self.starts, self.values = (table[:, 0], table[:, 1]), table[:, 2]
        data = np.array([[float(word) for word in line.split()] for line in part("Data")])
        self.y, self.x = data[:, 0], data[:, 1:].squeeze()
        squares = re.search(r"Residual Sum of Squares:\s+(\S+)", text).group(1)
        self.residual_sum_of_squares = float(squares)


@pytest.fixture(scope="session")
def curve():
    return Curve


@pytest.fixture
def certified(data_directory):
    def read(name):
        path = data_directory / "nist-strd" / "nonlinear" / f"{name}.dat"
        if not path.is_file():
            pytest.skip(f"needs {path.name} in nist-strd/nonlinear of the data directory")
        return Certified(path)

    return read


@pytest.fixture(scope="session")
def rosenbrock():
    def residuals(y):
        return 10 * (y[1:] - y[:-1] ** 2), 1 - y[:-1]

    return lambda size=2: Curve(residuals, jnp.full(size, -1.0).at[0].set(-1.2))


@pytest.fixture(scope="session")
def digits():
    """How many digits of the certified values are right, the worst of them."""

    def count(found, certified):
        error = np.abs(np.asarray(found) - certified) / np.abs(certified)
        return -np.log10(np.max(error) + 1e-17)

    return count
