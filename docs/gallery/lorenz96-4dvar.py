# %% [markdown]
# # Lorenz96: 4DVar of one window
#
# Forty variables on a ring, chaotic, as a toy atmosphere:
#
#     dxᵢ/dt = (xᵢ₊₁ − xᵢ₋₂) xᵢ₋₁ − xᵢ + F,   F = 8
#
# Noisy observations y_k come in during a window of time. 4DVar asks which state x₀ at its start
# explains them best, given a background x_b, a first guess:
#
#     J(x₀) = ½ (x₀ − x_b)ᵀ B⁻¹ (x₀ − x_b) + ½ Σ_k (H(x_k) − y_k)ᵀ R⁻¹ (H(x_k) − y_k)
#
# where the model carries x₀ to x_k. The derivative of the whole forecast comes from JAX.

# %%
import jax

jax.config.update("jax_enable_x64", True)

import plugax as px

problem = px.problem("lorenz96-4dvar", observe="every-kth")  # every second variable
solution = px.solve(problem, "gauss-newton")
solution

# %%
solution.plot("hovmoller")

# %% [markdown]
# The analysis is better than the background within the window, and for as long as the forecast
# remembers.

# %%
solution.plot("rmse")

# %%
solution.plot("cost")

# %% [markdown]
# ## Methods
#
# All find the same minimum. Those that know that J is a sum of squares take the fewest steps.

# %%
px.compare(
    problem,
    ["gauss-newton", "levenberg-marquardt", "newton", "bfgs", "lbfgs"],
    seeds=[0],
    metrics=["cost", "analysis_rmse", "forecast_rmse"],
)

# %% [markdown]
# ## References
#
# - E. N. Lorenz, *Predictability: a problem partly solved*, ECMWF seminar (1996).
# - F.-X. Le Dimet and O. Talagrand, *Tellus A* 38 (1986), doi 10.3402/tellusa.v38i2.11706: 4DVar.
# - P. Courtier, J.-N. Thépaut and A. Hollingsworth, *Quarterly Journal of the Royal Meteorological
#   Society* 120 (1994), doi 10.1002/qj.49712051912: the incremental form, which is Gauss–Newton's.
# - The options, your own model and observations: [Lorenz96 and 4DVar](../lorenz96.md).
