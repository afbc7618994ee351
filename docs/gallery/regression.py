# %% [markdown]
# # A straight line
#
# Find the slope and the intercept of a line through noisy points, the first example of JAX's
# introductions:
#
#     y = intercept + slope · x + ε,   ε ~ N(0, 1)
#
# The true values are 2 and 3. The least-squares fit is one linear solve; a gradient descent comes
# to the same place step by step.

# %%
import plugax as px

solution = px.solve("regression")
solution

# %% [markdown]
# ## The fit
#
# The band is the 95 % confidence band of the line.

# %%
solution.plot("fit")

# %% [markdown]
# ## Gradient descent
#
# The same problem, solved by gradient descent: the loss over the steps, and in the animation the
# line on its way.

# %%
descent = px.solve("regression", "gradient")
descent.plot("loss")

# %%
descent.plot("descent")

# %% [markdown]
# ## Methods
#
# Every method for least squares ends at the same line. Methods for smooth losses do too, with more
# steps.

# %%
px.compare(
    "regression",
    ["least-squares", "gauss-newton", "levenberg-marquardt", "bfgs", "gradient"],
    metrics=["residual_sum_of_squares", "r_squared"],
)

# %% [markdown]
# ## References
#
# - C. F. Gauss, *Theoria motus corporum coelestium*, 1809, section 179: least squares.
# - The depth, with standard errors, weights and data of your own: [linear
#   regression](../regression.md).
