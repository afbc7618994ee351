# %% [markdown]
# # The adding problem: does a network remember?
#
# Of T random numbers two are marked, one in each half, and their sum is asked for at the end. A
# model that always answers 1 has the mean squared error 1/6; to do better, it must carry a number
# over many steps. It is the classic test of what a recurrent network can remember. In the problem
# `adding-problem` every step draws examples of its own, so nothing can be learned by heart.

# %%
import matplotlib.pyplot as plt

import plugax as px

problem = px.problem("adding-problem", length=30, width=32)
solution = px.solve(problem, steps=1000)
solution

# %% [markdown]
# The error stays at 1/6 for long. Then the network discovers the marks, and the error falls at
# once.

# %%
figure, axes = plt.subplots()
axes.semilogy(solution.history.step, solution.history.loss, lw=0.5)
axes.axhline(1 / 6, color="black", ls=":")
axes.set(xlabel="step", ylabel="mean squared error of a batch")
axes.set_title("Two of thirty numbers are added")
# %% [markdown]
# With the default length of 100, the recipe needs up to 1000 steps to leave 1/6, and ends below
# 0.001 after 3000: `plugax run adding-problem`, about a minute on one core.
#
# ## Methods
#
# Ten numbers are enough to see which optimizer leaves 1/6 within 500 steps.

# %%
px.compare(
    px.problem("adding-problem", length=10, width=16),
    {
        name: px.solver("gradient", optimizer=px.optimizer(name, learning_rate=1e-2))
        for name in ("adam", "rmsprop", "sgd")
    },
    steps=500,
)

# %% [markdown]
# ## References
#
# - S. Hochreiter and J. Schmidhuber, Long short-term memory, *Neural Computation* 9 (1997),
#   doi 10.1162/neco.1997.9.8.1735.
# - Q. V. Le, N. Jaitly and G. E. Hinton, A simple way to initialize recurrent networks of rectified
#   linear units (2015), doi 10.48550/arXiv.1504.00941.
