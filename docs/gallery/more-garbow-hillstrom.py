# %% [markdown]
# # The problems of Moré, Garbow and Hillstrom
#
# Thirty-five functions on which methods of minimisation have been compared since 1981. The first is
# Rosenbrock's curved valley,
#
#     f₁ = 10 (x₂ − x₁²),   f₂ = 1 − x₁,
#
# in which steepest descent creeps and a method with curvature runs.

# %%
import jax

jax.config.update("jax_enable_x64", True)

import plugax as px

valley = px.problem("more-garbow-hillstrom", function="rosenbrock")
solution = px.solve(valley, "levenberg-marquardt")
solution

# %%
solution.plot("descent")

# %% [markdown]
# ## Methods

# %%
px.compare(
    valley,
    ["levenberg-marquardt", "gauss-newton", "dogleg", "newton", "bfgs", "lbfgs", "nonlinear-cg"],
    seeds=[0],
    metrics=["sum_of_squares"],
)

# %% [markdown]
# ## A harder one
#
# Meyer's function has unknowns of very different size, and its start is far away.

# %%
meyer = px.problem("more-garbow-hillstrom", function="meyer")
px.compare(meyer, ["levenberg-marquardt", "dogleg", "newton"], seeds=[0])

# %% [markdown]
# ## References
#
# - J. J. Moré, B. S. Garbow and K. E. Hillstrom, *ACM Transactions on Mathematical Software* 7
#   (1981), doi 10.1145/355934.355936.
# - All thirty-five, with all methods beside SciPy's: [the long
#   table](../more-garbow-hillstrom.md).
