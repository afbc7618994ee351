# %% [markdown]
# # Hidden Markov models
#
# A volcano is quiet or restless, and nobody sees which: only the number of tremors of each day. The
# state of a day depends on that of the day before, and the number on the state,
#
#     p(z_{t+1} = j | z_t = i) = A(i, j),     y_t ∼ Poisson(λ(z_t)).
#
# Here is a year of it, simulated, so that the states are known.

# %%
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import plugax as px

rng = np.random.default_rng(4)
transition = np.array([[0.96, 0.04, 0.0], [0.05, 0.90, 0.05], [0.10, 0.10, 0.80]])
states = [0]
while len(states) < 365:
    states.append(rng.choice(3, p=transition[states[-1]]))
states = np.array(states)
tremors = rng.poisson(np.array([1.0, 5.0, 15.0])[states])

problem = px.problem("hidden-markov-model", data={"tremors": tremors}, states=3, emission="poisson")
starts = px.sweep(problem, "baum-welch", over={"seed": range(8)})
solution = starts.best()
solution

# %% [markdown]
# The likelihood has several maxima, so several starts were made at once; the best one counts. The
# states are found again, up to a few days at the changes.

# %%
found = problem.predict(solution)
print(f"{np.mean(found.path - 1 == states):.1%} of the days are in their true state")
solution.plot("states")

# %%
solution.plot("durations")

# %% [markdown]
# ## How many states?
#
# A criterion of information weighs the likelihood against the number of parameters.

# %%
for count in (2, 3, 4):
    model = px.problem(
        "hidden-markov-model", data={"tremors": tremors}, states=count, emission="poisson"
    )
    best = px.sweep(model, "baum-welch", over={"seed": range(8)}).best()
    print(count, "states: bic", round(float(best.metrics["bic"]), 1))

# %% [markdown]
# ## A mean that switches
#
# Economies grow and shrink for several quarters. In Hamilton's model growth is an autoregression
# about a mean that switches between two values. Here it is simulated, with more quarters than there
# are.

# %%
phase = np.repeat([1, 0, 1, 0, 1, 0, 1], [70, 12, 90, 9, 60, 15, 80])
away = np.zeros(phase.size)
for t in range(1, phase.size):
    away[t] = 0.4 * away[t - 1] + 0.6 * rng.normal()
growth = np.array([-1.0, 1.2])[phase] + away

switching = px.problem(
    "hidden-markov-model",
    data={"growth": growth},
    states=2,
    emission="switching-mean",
    order=1,
    initial="stationary",
)
cycle = px.sweep(switching, "bfgs", over={"seed": range(8)}).best()
cycle.plot("states")

# %%
cycle.metrics["means"], cycle.metrics["lags"][0]

# %% [markdown]
# ## Methods
#
# Expectation-maximisation (`baum-welch`) goes uphill without step sizes. Quasi-Newton methods vary
# log-ratios of the probabilities and logarithms of the rates.

# %%
px.compare(problem, ["baum-welch", "bfgs", "lbfgs"], seeds=[0])

# %% [markdown]
# ## References
#
# - L. R. Rabiner, *Proceedings of the IEEE* 77 (1989), doi 10.1109/5.18626.
# - J. D. Hamilton, *Econometrica* 57 (1989), doi 10.2307/1912559.
# - W. Zucchini and I. L. MacDonald, *Hidden Markov Models for Time Series*, 2009,
#   doi 10.1201/9781420010893.
# - All options and emissions: [hidden Markov models](../hidden-markov-models.md).
