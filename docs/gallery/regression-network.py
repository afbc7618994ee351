# %% [markdown]
# # A number in a table, by a network
#
# The problem `regression-network` predicts the number in a column from the other columns, when no
# formula is known. To see how good it is, here the formula is known: Friedman's function of five of
# ten inputs, with noise of standard deviation 1. No method has a smaller error on new rows than
# that.

# %%
import numpy as np

import plugax as px

rng = np.random.default_rng(0)
x = rng.uniform(size=(2000, 10))
y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
data = {f"x{i}": x[:, i] for i in range(10)} | {"y": y + rng.normal(size=2000)}

friedman = px.problem("regression-network", data=data, response="y", activation="gelu")
solution = px.solve(friedman, epochs=30)
solution

# %%
solution.plot("loss")

# %% [markdown]
# Of the rows that were kept back, what is predicted against what is true, and the errors: they lie
# around zero everywhere, and their spread is little more than that of the noise.

# %%
solution.plot("predictions")

# %% [markdown]
# A linear model of the same columns is further off.

# %%
linear = px.solve(px.problem("regression-network", data=data, response="y", hidden=()), epochs=30)
print("linear  ", linear.metrics["validation_rmse"])
print("network ", solution.metrics["validation_rmse"])

# %% [markdown]
# ## Methods
#
# The error after ten epochs, by the optimizer.

# %%
px.compare(
    friedman,
    {
        name: px.solver("gradient", optimizer=px.optimizer(name, learning_rate=3e-3))
        for name in ("adam", "sgd", "rmsprop")
    },
    epochs=10,
    metrics=["validation_rmse", "validation_r2"],
)

# %% [markdown]
# ## References
#
# - J. H. Friedman, *Annals of Statistics* 19 (1991), doi 10.1214/aos/1176347963: the function.
# - Train a model of your own, and predict from files: [train a
#   network](../how-to/train-a-network.md).
