# %% [markdown]
# # Nonlinear regression
#
# The model is a function of parameters and x, written in Python. Here is Misra1a, one of the data
# sets with certified answers of the National Institute of Standards and Technology: the volume of
# a monolayer on a surface, over the pressure,
#
#     y = limit · (1 − exp(−rate · x))

# %%
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

import plugax as px
from plugax_regression import NonlinearRegression

# fmt: off
x = np.array([77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8,
              378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0])
y = np.array([10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02,
              44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78])
# fmt: on


def saturation(parameters, x):
    return parameters["limit"] * (1 - jnp.exp(-parameters["rate"] * x))


problem = NonlinearRegression(saturation, x, y, start={"limit": 500.0, "rate": 1e-4})
solution = px.solve(problem)
solution

# %% [markdown]
# The certified values are limit = 238.94212918 and rate = 5.5015643181e-4.

# %%
certified = {"limit": 2.3894212918e2, "rate": 5.5015643181e-4}
for name, value in certified.items():
    assert abs(solution.unknowns[name] / value - 1) < 1e-8

# %%
solution.plot("fit")

# %% [markdown]
# ## Methods
#
# From NIST's far start, where the rate is five times too small.

# %%
px.compare(
    problem,
    ["levenberg-marquardt", "gauss-newton", "dogleg", "newton", "bfgs", "nelder-mead"],
    seeds=[0],
    metrics=["residual_standard_deviation"],
)

# %% [markdown]
# ## References
#
# - D. Misra, NIST (1978), *Dental Research: Monomolecular Adsorption*; data and certified values in
#   NIST's Statistical Reference Datasets, doi 10.18434/T43G6C.
# - Uncertainties, profiles, bounds and outliers: [nonlinear
#   regression](../nonlinear-regression.md).
