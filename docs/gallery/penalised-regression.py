# %% [markdown]
# # Penalised regression
#
# Sixty rows and forty candidate terms, of which four matter. Least squares gives all forty a
# coefficient, most of them noise. The *lasso* adds a penalty on the size of the coefficients,
#
#     (1/2n) ‖y − X β‖² + λ ‖β‖₁
#
# and sets most of them to zero. How many depends on its strength λ.

# %%
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import plugax as px

rng = np.random.default_rng(4)
x = rng.normal(size=(60, 40)) + 0.7 * rng.normal(size=(60, 1))  # correlated columns
y = 2 * x[:, 0] - 1.5 * x[:, 7] + x[:, 11] + 0.7 * x[:, 30] + rng.normal(size=60)
data = {f"x{k}": column for k, column in enumerate(x.T)} | {"y": y}

path = px.problem("penalised-path", data=data, response="y")
solution = px.solve(path)
print(solution.status)

# %% [markdown]
# Each step of the run is one strength, so the history is the path of the coefficients. On the right
# all are zero; the four that matter come in first, on their way to the left.

# %%
solution.plot("path")

# %% [markdown]
# Every strength is judged by rows that it has not seen: the data are cut into ten folds, and each
# is predicted from the nine others. The dashed lines are the minimum of the deviance, and the
# largest strength within one standard error of it, which is the answer by default.

# %%
solution.plot("cross-validation")

# %%
found = solution.metrics
for term, value in zip(found["terms"], found["coefficients"], strict=True):
    if value:
        print(f"{term:10} {value:6.2f}")
assert {"x0", "x7", "x11", "x30"} <= {
    term for term, value in zip(found["terms"], found["coefficients"], strict=True) if value
}

# %% [markdown]
# The coefficients are smaller than the true ones: that is the price of a penalty.
#
# ## One strength
#
# For a strength that is known, `penalised-regression` is a problem of its own, here with an elastic
# net of a yes-or-no response.

# %%
logistic = px.problem(
    "penalised-regression",
    data=data | {"y": (y > 0).astype(int)},
    response="y",
    family="binomial",
    penalty="elastic-net",
    strength=0.05,
)
classes = px.solve(logistic)
print(f"{classes.metrics['nonzero']} of 40 coefficients")
print(f"{classes.metrics['deviance_explained']:.0%} of the deviance")

# %% [markdown]
# ## Methods
#
# The loss has kinks, on which no method for smooth losses ends. Proximal methods treat the penalty
# exactly: Newton's takes a few steps, that of gradients many, each without a matrix.

# %%
px.compare(logistic, ["proximal-newton", "proximal-gradient"], seeds=[0])

# %% [markdown]
# ## References
#
# - R. Tibshirani, *Journal of the Royal Statistical Society B* 58 (1996), doi
#   10.1111/j.2517-6161.1996.tb02080.x.
# - H. Zou and T. Hastie, *Journal of the Royal Statistical Society B* 67 (2005), doi
#   10.1111/j.1467-9868.2005.00503.x.
# - J. Friedman, T. Hastie and R. Tibshirani, *Journal of Statistical Software* 33 (2010), doi
#   10.18637/jss.v033.i01.
# - All options and metrics:
#   [linear regression](../regression.md#penalties-lasso-ridge-and-elastic-net).
