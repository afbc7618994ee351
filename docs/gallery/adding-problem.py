# %% [markdown]
# # The adding problem: does a network remember?
#
# Of T random numbers two are marked, one in each half, and their sum is asked for at the end. Always
# to answer 1 has the mean squared error 1/6; to do better, a network must carry a number over many
# steps. It is the classic test of what a recurrent network can remember. In the problem
# `adding-problem` every step draws examples of its own, so nothing can be learned by heart.

# %%
import matplotlib.pyplot as plt

import plugax as px

problem = px.problem("adding-problem", length=30, width=32)
solution = px.solve(problem, steps=1000)
solution

# %% [markdown]
# For long the error stays at 1/6. Then the network discovers the marks, and the error falls at once.

# %%
figure, axes = plt.subplots()
axes.semilogy(solution.history.step, solution.history.loss, lw=0.5)
axes.axhline(1 / 6, color="black", ls=":")
axes.set(xlabel="step", ylabel="mean squared error of a batch")
axes.set_title("Two of thirty numbers are added")
# %% [markdown]
# With the default length of 100, the recipe needs some 1000 steps to leave 1/6, and ends below
# 0.001: `plugax run adding-problem`, a minute or two on one core.
#
# ## Methods
#
# The first 300 steps.

# %%
px.compare(
    problem,
    {
        name: px.solver("gradient", optimizer=px.optimizer(name, learning_rate=1e-2))
        for name in ("adam", "rmsprop", "sgd")
    },
    steps=300,
)

# %% [markdown]
# ## References
#
# - S. Hochreiter and J. Schmidhuber, Long short-term memory, *Neural Computation* 9 (1997),
#   doi 10.1162/neco.1997.9.8.1735.
# - Q. V. Le, N. Jaitly and G. E. Hinton, A simple way to initialize recurrent networks of rectified
#   linear units (2015), doi 10.48550/arXiv.1504.00941.
