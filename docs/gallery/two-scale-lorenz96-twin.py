# %% [markdown]
# # Two-scale Lorenz96
#
# Slow variables x on a ring, each coupled to fast ones y. Only the slow ones are observed: a model
# of an atmosphere with convection below what the observations resolve.
#
#     dxᵢ/dt = (xᵢ₊₁ − xᵢ₋₂) xᵢ₋₁ − xᵢ + F − (h c / b) Σⱼ yᵢⱼ
#     dy/dt  = c b (y₋₁ − y₊₂) y₊₁ − c y + (h c / b) x

# %%
import jax

jax.config.update("jax_enable_x64", True)

import plugax as px

problem = px.problem("two-scale-lorenz96-twin")
solution = px.solve(problem, "etkf", steps=500)
solution

# %%
solution.plot("errors")

# %%
solution.plot("hovmoller")

# %% [markdown]
# ## Methods

# %%
px.compare(
    problem,
    {"climatology": "climatology", "3dvar": "3dvar", "etkf": "etkf"},
    steps=500,
    seeds=range(2),
)

# %% [markdown]
# ## References
#
# - E. N. Lorenz, *Predictability: a problem partly solved*, ECMWF seminar (1996).
# - The set-ups and their constants: [Lorenz's models over many cycles](../lorenz96-twin.md).
