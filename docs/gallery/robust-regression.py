# %% [markdown]
# # Robust regression
#
# Least squares gives every point a vote that grows with its distance. One wrong reading can then
# decide the line. A robust loss lets the influence of far points end: Huber's loss grows linearly
# beyond a threshold, others stop growing altogether.

# %%
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import plugax as px

rng = np.random.default_rng(1)
x = np.linspace(0.0, 10.0, 40)
y = 1.0 + 0.5 * x + rng.normal(0, 0.3, x.shape)
y[[3, 17, 31]] += 8.0  # three readings went wrong
data = {"x": x, "y": y}

plain = px.solve(px.problem("linear-regression", data=data, response="y", terms=("x",)))
robust = px.solve(px.problem("robust-regression", data=data, response="y", terms=("x",)))
print("true    ", [1.0, 0.5])
print("squares ", plain.metrics["coefficients"])
print("robust  ", robust.metrics["coefficients"])

# %%
plain.plot("fit")

# %%
robust.plot("fit")

# %% [markdown]
# ## Methods
#
# The loss is smooth and convex; methods of second order need a few steps.

# %%
px.compare(
    px.problem("robust-regression", data=data, response="y", terms=("x",)),
    ["levenberg-marquardt", "gauss-newton", "bfgs"],
)

# %% [markdown]
# ## References
#
# - P. J. Huber, *Annals of Mathematical Statistics* 35 (1964), doi 10.1214/aoms/1177703732.
# - Which losses there are, and how the threshold is chosen: [outliers](../regression.md#outliers).
