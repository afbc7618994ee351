"""Nonlinear regressions with certified answers (NIST Statistical Reference Datasets)."""

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px


def gauss(b, x):
    peaks = b[2] * jnp.exp(-(((x - b[3]) / b[4]) ** 2)) + b[5] * jnp.exp(
        -(((x - b[6]) / b[7]) ** 2)
    )
    return b[0] * jnp.exp(-b[1] * x) + peaks


def lanczos(b, x):
    return b[0] * jnp.exp(-b[1] * x) + b[2] * jnp.exp(-b[3] * x) + b[4] * jnp.exp(-b[5] * x)


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
    "Hahn1": lambda b, x: (
        (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)
    ),
    "MGH17": lambda b, x: b[0] + b[1] * jnp.exp(-x * b[3]) + b[2] * jnp.exp(-x * b[4]),
    "Nelson": lambda b, x: b[0] - b[1] * x[:, 0] * jnp.exp(-b[2] * x[:, 1]),
}
QUICK = ("Misra1a", "DanWood", "Hahn1", "Lanczos3", "Nelson")


def solve(curve, file, name, start, solver, **options):
    x = jnp.asarray(file.x)
    # Nelson's model is of the logarithm of the response.
    y = jnp.log(jnp.asarray(file.y)) if name == "Nelson" else jnp.asarray(file.y)
    problem = curve(lambda b: MODELS[name](b, x) - y, jnp.asarray(file.starts[start - 1]))
    return px.solve(problem, solver, **options)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", QUICK)
def test_levenberg_marquardt_reaches_six_certified_digits(curve, certified, digits, name):
    file = certified(name)
    solution = solve(curve, file, name, 2, "levenberg-marquardt")
    assert solution.status.name == "converged"
    assert digits(solution.unknowns, file.values) > 6


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("start", [1, 2])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_levenberg_marquardt_solves_them_all_from_both_starts(
    curve, certified, digits, name, start
):
    file = certified(name)
    solution = solve(curve, file, name, start, "levenberg-marquardt", steps=2000)
    assert solution.status.name == "converged"
    assert digits(solution.unknowns, file.values) > 6


@pytest.mark.usefixtures("x64")
def test_the_loss_is_half_the_certified_sum_of_squares(curve, certified):
    file = certified("Misra1a")
    solution = solve(curve, file, "Misra1a", 2, "levenberg-marquardt")
    # Eleven digits are certified.
    expected = file.residual_sum_of_squares / 2
    np.testing.assert_allclose(solution.history["loss"].values[-1], expected, rtol=1e-10)


@pytest.mark.usefixtures("x64")
def test_gauss_newton_agrees_where_the_start_is_good(curve, certified, digits):
    file = certified("Misra1a")
    solution = solve(curve, file, "Misra1a", 2, "gauss-newton", rtol=1e-8)
    assert solution.status.name == "converged"
    assert digits(solution.unknowns, file.values) > 8
