# %% [markdown]
# # Lorenz63 over many cycles
#
# Three variables, the butterfly:
#
#     dx/dt = σ (y − x),   dy/dt = x (ρ − z) − y,   dz/dt = x y − β z
#
# with σ = 10, ρ = 28, β = 8/3. So few variables that even a particle filter, which assumes nothing
# about distributions, can follow.

# %%
import jax

jax.config.update("jax_enable_x64", True)

import plugax as px

problem = px.problem("lorenz63-twin", cycles=1000)
solution = px.solve(problem, "etkf")
solution

# %%
solution.plot("states")

# %%
solution.plot("errors")

# %% [markdown]
# ## Methods

# %%
px.compare(
    problem,
    {
        "climatology": "climatology",
        "3dvar": "3dvar",
        "ekf": "ekf",
        "etkf, 10 members": ("etkf", {"members": 10}),
        "particle filter, 500": ("particle-filter", {"members": 500}),
    },
    seeds=range(3),
)

# %% [markdown]
# ## References
#
# - E. N. Lorenz, *Journal of the Atmospheric Sciences* 20 (1963),
#   doi 10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
# - N. J. Gordon, D. J. Salmond and A. F. M. Smith, *IEE Proceedings F* 140 (1993),
#   doi 10.1049/ip-f-2.1993.0015: the bootstrap particle filter.
# - The set-ups: [Lorenz's models over many cycles](../lorenz96-twin.md).
