"""Nonlinear regressions with certified answers (NIST Statistical Reference Datasets)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_regression import NonlinearRegression

pytestmark = pytest.mark.usefixtures("x64")

QUICK = ("Misra1a", "Hahn1", "Nelson")
NAMES = (
    *QUICK,
    "DanWood",
    "Lanczos3",
    "Misra1b",
    "Chwirut2",
    "Gauss1",
    "Gauss3",
    "Lanczos1",
    "Kirby2",
    "MGH17",
)


def check(file, start, digits, solver=None):
    """Parameters, standard deviations and the rest of what is certified."""
    problem = NonlinearRegression(file.model, file.x, file.y, file.starts[start - 1])
    solution = px.solve(problem, solver)
    found = solution.metrics
    assert solution.status.name == "converged"
    # Eleven digits are certified; the tolerance of 10⁻¹² leaves eight and more.
    assert digits(solution.unknowns, file.values) > 7
    assert found["degrees_of_freedom"] == file.degrees_of_freedom
    if file.residual_standard_deviation < 1e-12:
        # Lanczos1 is an exact fit of data with 14 digits: what is left over is rounding, in double
        # precision of the same size as what was certified.
        assert found["residual_standard_deviation"] < 1e-13
        return
    assert digits(found["standard_deviations"], file.deviations) > 7
    for name in ("residual_sum_of_squares", "residual_standard_deviation"):
        assert digits(found[name], getattr(file, name)) > 9, name


@pytest.mark.parametrize("name", QUICK)
def test_levenberg_marquardt_reaches_the_certified_digits(nonlinear_problem, digits, name):
    check(nonlinear_problem(name), 2, digits)


@pytest.mark.slow
@pytest.mark.parametrize("start", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_levenberg_marquardt_solves_them_all_from_both_starts(
    nonlinear_problem, digits, name, start
):
    check(nonlinear_problem(name), start, digits)


def test_gauss_newton_agrees_where_the_start_is_good(nonlinear_problem, digits):
    check(nonlinear_problem("Misra1a"), 2, digits, px.solver("gauss-newton", rtol=1e-10))


def test_the_loss_is_half_the_certified_sum_of_squares(nonlinear_problem):
    file = nonlinear_problem("Misra1a")
    problem = NonlinearRegression(file.model, file.x, file.y, file.starts[1])
    expected = file.residual_sum_of_squares / 2
    loss = px.solve(problem).history["loss"].values[-1]
    np.testing.assert_allclose(loss, expected, rtol=1e-10)


# Three that are hard from their first start, whose data are short.
MEYER = [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744]
MEYER += [8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872]
HARD = {
    "BoxBOD": (
        lambda b, x: b[0] * (1 - jnp.exp(-b[1] * x)),
        [1.0, 2, 3, 5, 7, 10],
        [109, 149, 149, 191, 213, 224],
        [1.0, 1.0],
        [2.1380940889e02, 5.4723748542e-01],
        [1.2354515176e01, 1.0455993237e-01],
    ),
    "MGH09": (
        lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
        [4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625],
        [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246],
        [25, 39, 41.5, 39],
        [1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01],
        [1.1435312227e-02, 1.9633220911e-01, 8.0842031232e-02, 9.0025542308e-02],
    ),
    "MGH10": (
        lambda b, x: b[0] * jnp.exp(b[1] / (x + b[2])),
        [50.0 + 5 * k for k in range(16)],
        MEYER,
        [2.0, 400000, 25000],
        [5.6096364710e-03, 6.1813463463e03, 3.4522363462e02],
        [1.5687892471e-04, 2.3309021107e01, 7.8486103508e-01],
    ),
}


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("MGH09", "MGH10")]


@pytest.mark.parametrize("name", ["BoxBOD", *SLOW])
def test_first_starts_that_are_far_away(digits, name):
    """BoxBOD has a plateau that long first steps end on."""
    model, x, y, start, values, deviations = HARD[name]
    solution = px.solve(NonlinearRegression(model, x, y, np.array(start)))
    assert solution.status.name == "converged"
    assert digits(solution.unknowns, np.array(values)) > 7
    assert digits(solution.metrics["standard_deviations"], np.array(deviations)) > 7


SECOND_STARTS = {
    "BoxBOD": [100.0, 0.75],
    "MGH09": [0.25, 0.39, 0.415, 0.39],
    "MGH10": [0.02, 4000.0, 250.0],
}
SOLVERS = [
    *("gauss-newton", "levenberg-marquardt", "dogleg"),
    *("bfgs", "lbfgs", "nonlinear-cg", "newton", "nelder-mead", "optimistix-bfgs"),
]
BOUNDED = ["levenberg-marquardt", "dogleg", "gauss-newton", "newton", "bfgs"]


def _posed(nonlinear_problem, name, start):
    if name in HARD:
        model, x, y, first, values, _ = HARD[name]
        begin = first if start == 1 else SECOND_STARTS[name]
        return model, np.asarray(x), np.asarray(y), np.array(begin, float), np.array(values)
    file = nonlinear_problem(name)
    return file.model, file.x, file.y, file.starts[start - 1], file.values


def _squares(model, x, y, parameters):
    return float(np.sum((np.asarray(model(jnp.asarray(parameters), x)) - y) ** 2))


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, *HARD])
@pytest.mark.parametrize("solver", SOLVERS)
def test_no_solver_says_converged_where_there_is_no_minimum(
    nonlinear_problem, digits, solver, name
):
    """Four digits, an exchange of alike terms, another local minimum, or an honest status."""
    for start in (1, 2):
        model, x, y, begin, values = _posed(nonlinear_problem, name, start)
        solution = px.solve(NonlinearRegression(model, x, y, begin), solver)
        if not solution.status.success or digits(solution.unknowns, values) >= 4:
            continue
        found, least = (_squares(model, x, y, u) for u in (solution.unknowns, values))
        if found <= least * (1 + 1e-6):
            continue
        # BFGS and its kin find a local minimum of MGH09.
        least_curvature, promised = _second_order(model, x, y, solution.unknowns)
        assert least_curvature > 1e-6
        assert promised < 1e-10 * found


def _second_order(model, x, y, parameters, free=slice(None)):
    """The least eigenvalue of the scaled Hessian, and what Newton's step promises."""

    def loss(part):
        whole = jnp.asarray(parameters).at[free].set(part)
        return jnp.sum((model(whole, x) - y) ** 2)

    part = jnp.asarray(parameters)[free]
    hessian, slope = jax.hessian(loss)(part), jax.grad(loss)(part)
    lengths = jnp.sqrt(jnp.diagonal(hessian))
    scaled, slope = hessian / lengths[:, None] / lengths[None], slope / lengths
    return jnp.linalg.eigvalsh(scaled)[0], slope @ jnp.linalg.lstsq(scaled, slope)[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, *HARD])
@pytest.mark.parametrize("solver", BOUNDED)
def test_bounds_that_do_not_bind_do_no_harm(nonlinear_problem, digits, solver, name):
    for start in (1, 2):
        model, x, y, begin, values = _posed(nonlinear_problem, name, start)
        away = -10 * np.maximum(np.abs(begin), np.abs(values))
        lower = np.where((begin > 0) & (values > 0), 0.0, away)
        problem = px.bounded(NonlinearRegression(model, x, y, begin), lower=jnp.asarray(lower))
        solution = px.solve(problem, solver)
        found, least = (_squares(model, x, y, u) for u in (solution.unknowns, values))
        right = digits(solution.unknowns, values) >= 4 or found <= least * (1 + 1e-6)
        if solver == "levenberg-marquardt":
            assert right, f"start {start}: {solution.status}, {solution.unknowns}"
            assert solution.status.name == "converged"
        if right or not solution.status.success:
            continue
        # Newton's method finds a minimum of Hahn1 that lies on the bounds.
        unknowns = np.asarray(solution.unknowns)
        free = unknowns - lower > 1e-8 * np.abs(away)
        slope = jax.grad(lambda b: jnp.sum((model(b, x) - y) ** 2))(solution.unknowns)  # noqa: B023
        assert np.all(slope[~free] > 0)
        least_curvature, promised = _second_order(model, x, y, unknowns, free)
        assert least_curvature > 1e-6
        assert promised < 1e-10 * found
