# %% [markdown]
# # Linear regression on a table of your own
#
# Any model that is linear in its coefficients, y = Σ βⱼ fⱼ(x) + ε, from a CSV file or from arrays.
# The terms fⱼ are written as a formula. Here are the stopping distances of cars at seven speeds,
# made up from the physics: a part for the driver's reaction, which grows with the speed, and one
# for the brakes, which grows with its square.

# %%
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import plugax as px

rng = np.random.default_rng(0)
speed = np.repeat(np.arange(10.0, 45.0, 5.0), 4)  # m/s
distance = 1.5 * speed + speed**2 / (2 * 6.0) + rng.normal(0, 3.0, speed.shape)  # m

cars = px.problem(
    "linear-regression",
    data={"speed": speed, "distance": distance},
    response="distance",
    terms=("speed", "speed^2"),
    intercept=False,
)
solution = px.solve(cars)
solution

# %%
solution.plot("fit")

# %% [markdown]
# ## What it predicts
#
# The interval of the mean, and the wider one of a new car.

# %%
prediction = solution.predict({"speed": np.array([22.5, 50.0])})
prediction

# %% [markdown]
# ## Methods
#
# One orthogonal factorisation is all that a linear problem needs.

# %%
px.compare(cars, ["least-squares", "gauss-newton", "bfgs"], metrics=["residual_sum_of_squares"])

# %% [markdown]
# ## References
#
# - G. H. Golub, *Numerische Mathematik* 7 (1965), doi 10.1007/BF01436075: least squares by
#   orthogonal factorisation.
# - NIST's certified data sets for linear regression, to whose digits the method is tested:
#   [linear regression](../regression.md).
