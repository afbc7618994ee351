"""A thousand curve fits in one sweep, beside a loop of SciPy's `curve_fit`; compilation apart."""

from measure import Row, best, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import scipy.optimize  # noqa: E402

import plugax as px  # noqa: E402
from plugax_regression import NonlinearRegression  # noqa: E402

FITS, POINTS = 1000, 50
START = {"height": 1.0, "offset": 0.0, "rate": 1.0}


def decay(parameters, x):
    return parameters["height"] * jnp.exp(-parameters["rate"] * x) + parameters["offset"]


def of_numpy(x, height, offset, rate):
    return height * np.exp(-rate * x) + offset


def jacobian(x, height, offset, rate):  # noqa: ARG001 - as curve_fit calls it
    shape = np.exp(-rate * x)
    return np.stack([shape, np.ones_like(x), -height * x * shape], axis=1)


def rows() -> list[Row]:
    random = np.random.default_rng(0)
    x = np.linspace(0, 4, POINTS)
    truths = random.uniform([1.5, 0.2, 0.8], [2.5, 0.8, 1.8], (FITS, 3))
    ys = np.stack([of_numpy(x, *truth) for truth in truths])
    ys += 0.05 * random.normal(size=ys.shape)
    problem = NonlinearRegression(decay, x, ys[0], START)
    solver = px.solver("levenberg-marquardt", rtol=1e-8, radius=1.0)

    def ours():
        return px.sweep(problem, solver, over={"problem.y": jnp.asarray(ys)})

    def loop(**options):
        return [scipy.optimize.curve_fit(of_numpy, x, y, [1.0, 0.0, 1.0], **options) for y in ys]

    # Both must have the same results: parameters and standard deviations agree.
    found, expected = ours(), loop()
    parameters = np.asarray([fit[0] for fit in expected])
    deviations = np.sqrt(np.asarray([np.diag(fit[1]) for fit in expected]))
    assert found.success.all()
    np.testing.assert_allclose(found.metrics["parameters"], parameters, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.metrics["standard_deviations"], deviations, rtol=1e-3)
    seconds = best(ours, 5)
    what, unit = f"{FITS} curve fits of {POINTS} points, a fit", "µs"
    scale = 1e6 / FITS
    return [
        Row(what, seconds * scale, peer, best(run, 3) * scale, unit, "≤ 1")
        for peer, run in (
            ("SciPy curve_fit, in a loop", loop),
            ("SciPy curve_fit with jac=, in a loop", lambda: loop(jac=jacobian)),
        )
    ]


if __name__ == "__main__":
    report(rows())
