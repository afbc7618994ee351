# %% [markdown]
# # Gaussian and t mixtures
#
# Three groups of points that overlap, without labels. A mixture describes their density by a sum of
# normal ones,
#
#     p(x) = Σ_k w_k N(x; μ_k, Σ_k)
#
# and so finds where the groups are, how large, and of which form. The likelihood has several
# maxima: `gaussian-mixture` is solved from twenty starts by expectation-maximisation, and the best
# answer is kept.

# %%
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import plugax as px
from plugax_mixtures import criteria_figure, criteria_of

rng = np.random.default_rng(3)
parts = [
    rng.normal(size=(120, 2)) @ np.array([[1.0, 0.6], [0.0, 0.5]]),
    rng.normal(size=(90, 2)) * [0.4, 1.2] + [3.5, 2.0],
    rng.normal(size=(60, 2)) * 0.7 + [0.0, 4.0],
]
length, width = np.concatenate(parts).T
data = {"length": length, "width": width}

problem = px.problem("gaussian-mixture", data=data, components=3)
solution = px.solve(problem)
print(solution.status)

# %% [markdown]
# The ellipses hold half and 95 % of a component.

# %%
solution.plot("components")

# %% [markdown]
# ## How many components
#
# AIC, BIC and ICL weigh the likelihood against the number of parameters; the least is the best.

# %%
numbers = px.sweep(problem, "em", over={"problem.components": range(1, 6), "seed": range(10)})
print(criteria_of(numbers).best("bic"), "components")
criteria_figure(numbers)

# %% [markdown]
# ## Outliers
#
# Ten points anywhere pull normal components towards themselves. A t distribution has heavier tails,
# how heavy is estimated for each component, and points far away count less in `student-t-mixture`.

# %%
noisy = {name: np.append(column, rng.uniform(-8, 10, 10)) for name, column in data.items()}
heavy = px.problem("student-t-mixture", data=noisy, components=3)
robust = px.solve(heavy)
print(np.round(robust.metrics["freedom"], 1))
robust.plot("components")

# %% [markdown]
# ## Methods
#
# Expectation-maximisation is extrapolated (SQUAREM), two of its steps at a time. The unknowns have
# no bounds, so methods that use gradients find the same maximum; the metric `log_likelihood` shows
# whether a start led to it.

# %%
px.compare(problem, ["em", "bfgs", "newton"], seeds=[0])

# %% [markdown]
# ## References
#
# - A. P. Dempster, N. M. Laird and D. B. Rubin, *Journal of the Royal Statistical Society B* 39
#   (1977), doi 10.1111/j.2517-6161.1977.tb01600.x.
# - G. McLachlan and D. Peel, *Finite Mixture Models* (2000), doi 10.1002/0471721182.
# - D. Peel and G. J. McLachlan, *Statistics and Computing* 10 (2000), doi 10.1023/A:1008981510081.
# - R. Varadhan and C. Roland, *Scandinavian Journal of Statistics* 35 (2008), doi
#   10.1111/j.1467-9469.2007.00585.x.
# - All options and metrics: [mixtures](../mixtures.md).
