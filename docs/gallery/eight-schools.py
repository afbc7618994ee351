# %% [markdown]
# # Eight schools
#
# Eight schools coached their pupils for a test, and each estimated the effect yⱼ, with a standard
# error σⱼ. Are the effects different, or is it chance? The hierarchical model lets the data say how
# far effects are apart: yⱼ ~ N(θⱼ, σⱼ), θⱼ ~ N(μ, τ).

# %%
import plugax as px
from plugax_inference import draws, summary

chains = px.sweep("eight-schools", "nuts", over={"seed": range(4)})
summary(chains)

# %% [markdown]
# The effects are drawn together: that of the first school was estimated at 28 points, and its
# posterior mean is about 6. How often is it above that of the third school, estimated at −3?

# %%
theta = draws(chains)["posterior"]["theta"]
float((theta[..., 0] > theta[..., 2]).mean())

# %%
chains.figures()["forest"]

# %% [markdown]
# ## The funnel
#
# Written in θ itself, the density narrows to a point where τ is small. Steps that fit the wide part
# do not fit there: transitions diverge, and the small τ are missed.

# %%
centred = px.sweep(px.problem("eight-schools", centred=True), "nuts", over={"seed": range(4)})
centred.joint_metrics

# %%
centred.figures()["pairs"]

# %% [markdown]
# ## Methods
#
# A minimiser finds the mode of the density of the unconstrained numbers, which is a point and no
# posterior; the samplers report the loss where their chains end.

# %%
px.compare("eight-schools", ["nuts", "hmc", "lbfgs"], seeds=1)

# %% [markdown]
# ## References
#
# - Rubin 1981, *Estimation in parallel randomized experiments*, doi 10.3102/10769986006004377
# - Gelman 2006, *Prior distributions for variance parameters in hierarchical models*, doi
#   10.1214/06-BA117A
# - Betancourt and Girolami 2015, *Hamiltonian Monte Carlo for hierarchical models*, arXiv:1312.0906
