# %% [markdown]
# # Lorenz96 over many cycles
#
# A *twin experiment*: a run of the model is the truth; its noisy observations are all that a method
# sees, cycle after cycle. Every method forecasts to the next observations and corrects the forecast
# by them. The score is the error of the analysis, averaged over many cycles; the observations
# themselves have an error of 1.

# %%
import jax

jax.config.update("jax_enable_x64", True)

import plugax as px

problem = px.problem("lorenz96-twin", preset="sakov2008", cycles=1000)
diagnostics = ("rank-histogram", "innovations")
solution = px.solve(problem, px.solver("letkf", members=10, diagnostics=diagnostics))
solution

# %%
solution.plot("errors")

# %%
solution.plot("hovmoller")

# %% [markdown]
# Does the ensemble know its own errors? If so, the truth is equally likely to have any rank among
# the members, and the innovations are as large as the spread and the errors of observations say.

# %%
solution.plot("rank_histogram")

# %%
solution.plot("innovations")

# %% [markdown]
# ## Methods
#
# An ensemble of 40 needs no localisation; one of 10 does. A free run and the mean of the climate
# are the baselines that any method must beat.

# %%
px.compare(
    problem,
    {
        "climatology": "climatology",
        "3dvar": "3dvar",
        "etkf, 40 members": ("etkf", {"members": 40}),
        "letkf, 10 members": ("letkf", {"members": 10}),
        "ienks": "ienks",
    },
    seeds=range(3),
)

# %% [markdown]
# ## References
#
# - P. Sakov and P. R. Oke, *Tellus A* 60 (2008), doi 10.1111/j.1600-0870.2007.00299.x: the set-up.
# - B. R. Hunt, E. J. Kostelich and I. Szunyogh, *Physica D* 230 (2007),
#   doi 10.1016/j.physd.2006.11.008: LETKF.
# - All methods, beside the scores of the literature: [scores on
#   Lorenz96](../lorenz96-scores.md). Other set-ups: [Lorenz's models over many
#   cycles](../lorenz96-twin.md).
