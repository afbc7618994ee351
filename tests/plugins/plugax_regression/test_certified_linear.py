"""Linear regressions with certified answers (NIST Statistical Reference Datasets), from CSV files.

The thresholds are what a Householder factorisation reaches in double precision, less half a digit
or so for other builds of LAPACK. What is lost is lost to the condition of the data: the design
matrix of Filip, rounded to double precision, has an exact answer that differs from the certified
one in the eighth digit.
"""

import numpy as np
import pytest

import plugax as px

pytestmark = pytest.mark.usefixtures("x64")

#              coefficients, standard errors, residual standard deviation, R², F
DIGITS = {
    "noint1": (14, 14, 14, 14, 14),
    "norris": (11.5, 11.5, 12, 14, 11.5),
    "longley": (10, 11, 11, 13, 11),
    "wampler1": (9, None, None, 14, None),
    "wampler4": (7.5, 12, 12, 13, 12),
}
FIGURES = (
    "coefficients",
    "standard_errors",
    "residual_standard_deviation",
    "r_squared",
    "f_statistic",
)


def solve(problem, directory):
    made = px.problem(
        "linear-regression",
        data=problem.write(directory / "data.csv"),
        response="y",
        terms=problem.terms,
        intercept=problem.intercept,
    )
    return px.solve(made)


def compare(solution, exact, expected, digits):
    assert solution.status.name == "converged", solution.status
    for name, least in zip(FIGURES, expected, strict=True):
        if least is not None:
            assert digits(solution.metrics[name], getattr(exact, name)) > least, name


@pytest.mark.parametrize("name", sorted(DIGITS))
def test_certified_digits_are_reached(linear_problem, digits, tmp_path, name):
    problem = linear_problem(name)
    exact = problem.exact()
    # The exact arithmetic that all is held against agrees with what was published.
    np.testing.assert_allclose(exact.coefficients, problem.certified, rtol=1e-14)
    compare(solve(problem, tmp_path), exact, DIGITS[name], digits)


def test_the_published_statistics_of_longley(linear_problem, tmp_path):
    """All 15 digits, as NIST prints them."""
    metrics = solve(linear_problem("longley"), tmp_path).metrics
    published = [
        890420.383607373,
        84.9149257747669,
        0.334910077722432e-01,
        0.488399681651699,
        0.214274163161675,
        0.226073200069370,
        455.478499142212,
    ]
    np.testing.assert_allclose(metrics["standard_errors"], published, rtol=1e-11)
    np.testing.assert_allclose(metrics["residual_standard_deviation"], 304.854073561965, rtol=1e-11)
    np.testing.assert_allclose(metrics["r_squared"], 0.995479004577296, rtol=1e-13)
    np.testing.assert_allclose(metrics["f_statistic"], 330.285339234588, rtol=1e-11)
    np.testing.assert_allclose(metrics["adjusted_r_squared"], 0.992465007628826, rtol=1e-13)


def test_an_exact_fit_leaves_rounding(linear_problem, tmp_path):
    """Of Wampler1, values up to 3·10⁶, nothing is left over but rounding of the last digit."""
    metrics = solve(linear_problem("wampler1"), tmp_path).metrics
    assert metrics["residual_standard_deviation"] < 4e6 * np.finfo(float).eps
    assert max(metrics["standard_errors"]) < 1e-9
    assert metrics["f_p_value"] < 1e-100


WAMPLER_NOISE = [759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048]


@pytest.mark.parametrize(
    ("name", "expected"), [("2", (11, None, None, 14, None)), ("3", (8.5, 12, 12, 14, 12))]
)
def test_wamplers_other_polynomials(make_linear_problem, digits, tmp_path, name, expected):
    """Wampler2 is Σ (x/10)^k; Wampler3 is Wampler1 with a hundredth of Wampler4's noise."""
    x = range(21)
    if name == "2":
        y = [repr(sum(10 ** (5 - k) * v**k for k in range(6)) / 1e5) for v in x]
    else:
        noise = WAMPLER_NOISE + WAMPLER_NOISE[-2::-1]
        y = [str(sum(v**k for k in range(6)) + e) for v, e in zip(x, noise, strict=True)]
    terms = ["x", "x^2", "x^3", "x^4", "x^5"]
    problem = make_linear_problem({"y": y, "x": [str(v) for v in x]}, terms)
    exact = problem.exact()
    truth = [10.0**-k if name == "2" else 1.0 for k in range(6)]
    np.testing.assert_allclose(exact.coefficients, truth, rtol=1e-14)
    compare(solve(problem, tmp_path), exact, expected, digits)


def test_no_intercept_two(make_linear_problem, digits, tmp_path):
    """NoInt2: β = 8/11, s = 0.0420827318078432; R² about zero."""
    problem = make_linear_problem({"y": ["3", "4", "4"], "x": ["4", "5", "6"]}, ["x"])
    problem.intercept = False
    solution = solve(problem, tmp_path)
    compare(solution, problem.exact(), (14, 14, 14, 14, 13), digits)
    published = {
        "coefficients": 0.727272727272727,
        "standard_errors": 0.0420827318078432,
        "residual_standard_deviation": 0.369274472937998,
        "r_squared": 0.993348115299335,
    }
    for name, value in published.items():
        assert digits(solution.metrics[name], value) > 14, name


def test_a_quadratic_in_large_numbers(make_linear_problem, digits, tmp_path):
    """Pontius: loads up to 3·10⁶, a coefficient of 10⁻¹⁵ beside one of 10⁻³."""
    y = PONTIUS.split()
    loads = [str(150_000 * (i + 1)) for i in range(20)]
    problem = make_linear_problem({"y": y, "x": loads * 2}, ["x", "x^2"])
    exact = problem.exact()
    published = [0.673565789473684e-03, 0.732059160401003e-06, -0.316081871345029e-14]
    np.testing.assert_allclose(exact.coefficients, published, rtol=1e-14)
    compare(solve(problem, tmp_path), exact, (11.5, 12, 12, 14, 12), digits)


def test_a_polynomial_of_degree_ten(make_linear_problem, digits, tmp_path):
    """Filip: the scaled design matrix has a condition number of 5·10⁹, and full rank."""
    problem = make_linear_problem(
        {"y": FILIP.split()[::2], "x": FILIP.split()[1::2]},
        ["x", *(f"x^{k}" for k in range(2, 11))],
    )
    exact = problem.exact()
    published = [
        -1467.48961422980,
        -2772.17959193342,
        -2316.37108160893,
        -1127.97394098372,
        -354.478233703349,
        -75.1242017393757,
        -10.8753180355343,
        -1.06221498588947,
        -0.670191154593408e-01,
        -0.246781078275479e-02,
        -0.402962525080404e-04,
    ]
    np.testing.assert_allclose(exact.coefficients, published, rtol=1e-13)
    solution = solve(problem, tmp_path)
    assert solution.history["rank"].values[-1] == 11
    compare(solution, exact, (6.5, 6.5, 7.5, 9.5, 7), digits)


# Response and x in turn.
FILIP = """
0.8116 -6.860120914  0.9072 -4.324130045  0.9052 -4.358625055  0.9039 -4.358426747
0.8053 -6.955852379  0.8377 -6.661145254  0.8667 -6.355462942  0.8809 -6.118102026
0.7975 -7.115148017  0.8162 -6.815308569  0.8515 -6.519993057  0.8766 -6.204119983
0.8885 -5.853871964  0.8859 -6.109523091  0.8959 -5.79832982  0.8913 -5.482672118
0.8959 -5.171791386  0.8971 -4.851705903  0.9021 -4.517126416  0.909 -4.143573228
0.9139 -3.709075441  0.9199 -3.499489089  0.8692 -6.300769497  0.8872 -5.953504836
0.89 -5.642065153  0.891 -5.031376979  0.8977 -4.680685696  0.9035 -4.329846955
0.9078 -3.928486195  0.7675 -8.56735134  0.7705 -8.363211311  0.7713 -8.107682739
0.7736 -7.823908741  0.7775 -7.522878745  0.7841 -7.218819279  0.7971 -6.920818754
0.8329 -6.628932138  0.8641 -6.323946875  0.8804 -5.991399828  0.7668 -8.781464495
0.7633 -8.663140179  0.7678 -8.473531488  0.7697 -8.247337057  0.77 -7.971428747
0.7749 -7.676129393  0.7796 -7.352812702  0.7897 -7.072065318  0.8131 -6.774174009
0.8498 -6.478861916  0.8741 -6.159517513  0.8061 -6.835647144  0.846 -6.53165267
0.8751 -6.224098421  0.8856 -5.910094889  0.8919 -5.598599459  0.8934 -5.290645224
0.894 -4.974284616  0.8957 -4.64454848  0.9047 -4.290560426  0.9129 -3.885055584
0.9209 -3.408378962  0.9219 -3.13200249  0.7739 -8.726767166  0.7681 -8.66695597
0.7665 -8.511026475  0.7703 -8.165388579  0.7702 -7.886056648  0.7761 -7.588043762
0.7809 -7.283412422  0.7961 -6.995678626  0.8253 -6.691862621  0.8602 -6.392544977
0.8809 -6.067374056  0.8301 -6.684029655  0.8664 -6.378719832  0.8834 -6.065855188
0.8898 -5.752272167  0.8964 -5.132414673  0.8963 -4.811352704  0.9074 -4.098269308
0.9119 -3.66174277  0.9228 -3.2644011
"""

# Two runs of twenty loads.
PONTIUS = """
.11019 .21956 .32949 .43899 .54803 .65694 .76562 .87487 .98292 1.09146
1.20001 1.30822 1.41599 1.52399 1.63194 1.73947 1.84646 1.95392 2.06128 2.16844
.11052 .22018 .32939 .43886 .54798 .65739 .76596 .87474 .98300 1.09150
1.20004 1.30818 1.41613 1.52408 1.63159 1.73965 1.84696 1.95445 2.06177 2.16829
"""
