# %% [markdown]
# # Generalised linear models
#
# Yes or no, counts, shares and positive numbers have no normal errors: a probability lies between 0
# and 1, and a count scatters the more the larger it is. A generalised linear model has a
# distribution that suits the response, and a *link* g between its mean and the terms,
#
#     g(μ) = β₀ + β₁ x₁ + β₂ x₂ + …
#
# Here are nine counts of a trial with three outcomes and three treatments.

# %%
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import plugax as px

trial = {
    "counts": [18, 17, 15, 20, 10, 20, 25, 13, 12],
    "second": [0, 1, 0, 0, 1, 0, 0, 1, 0],
    "third": [0, 0, 1, 0, 0, 1, 0, 0, 1],
    "treatment_b": [0, 0, 0, 1, 1, 1, 0, 0, 0],
    "treatment_c": [0, 0, 0, 0, 0, 0, 1, 1, 1],
}
poisson = px.problem("generalised-linear-model", data=trial, response="counts", family="poisson")
solution = px.solve(poisson)
solution

# %% [markdown]
# The coefficients, their errors and the deviance are those that R prints in the help of `glm`: the
# outcomes differ, the treatments do not.

# %%
assert abs(solution.metrics["deviance"] - 5.1291) < 5e-5
solution.plot("residuals")

# %% [markdown]
# ## Logistic regression
#
# At which dose does half of the sample respond? The response is a number of successes in a number
# of trials, the link the logit, log μ/(1 − μ).

# %%
doses = {
    "log_dose": np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]),
    "responded": [1, 3, 9, 16, 28, 36, 38],
    "tested": [40, 40, 40, 40, 40, 40, 40],
}
logistic = px.problem(
    "generalised-linear-model",
    data=doses,
    response="responded",
    family="binomial",
    trials="tested",
    terms=("log_dose",),
)
response = px.solve(logistic)
intercept, slope = response.metrics["coefficients"]
print(f"half respond at a log dose of {-intercept / slope:.2f}")
response.plot("fit")

# %% [markdown]
# ## Methods
#
# The loss is smooth and, with the usual links, convex. Newton's method is then the classical method
# of scoring.

# %%
px.compare(logistic, ["newton", "bfgs", "lbfgs", "nonlinear-cg"], seeds=[0])

# %% [markdown]
# ## References
#
# - J. A. Nelder and R. W. M. Wedderburn, *Journal of the Royal Statistical Society A* 135 (1972),
#   doi 10.2307/2344614.
# - P. McCullagh and J. A. Nelder, *Generalized Linear Models*, 1989, doi 10.1201/9780203753736.
# - A. J. Dobson, *An Introduction to Generalized Linear Models*, 1990: the trial.
# - All families and links: [linear regression](../regression.md#counts-shares-and-other-responses).
