# %% [markdown]
# # Who speaks
#
# Nine men say two Japanese vowels, /ae/, one after the other. Each utterance is a sequence of 7 to
# 29 steps, and each step has twelve numbers that describe the spectrum of the sound. The problem
# `japanese-vowels` learns from 270 utterances who speaks, and is judged by 370 others. The data are
# downloaded from the UCI repository if they are not there.

# %%
import plugax as px

problem = px.problem("japanese-vowels")
solution = px.solve(problem)
solution

# %% [markdown]
# The last state of an LSTM decides. It has to carry everything that it heard until the end. If the
# network also reads backwards, and each of its states counts at the step where it is largest, more
# speakers are recognised.

# %%
both = px.solve(px.problem("japanese-vowels", bidirectional=True, readout="max"))
solution.metrics["validation_accuracy"], both.metrics["validation_accuracy"]

# %%
both.plot("history")

# %% [markdown]
# ## The loss on other networks
#
# Convolutions along the sequence, and attention.

# %%
{
    model: float(
        px.solve(
            px.problem("japanese-vowels", model=model, layers=2, readout="mean"), epochs=20
        ).metrics["validation_accuracy"]
    )
    for model in ("gru", "convolution", "transformer")
}

# %% [markdown]
# ## Methods
#
# What is learned in ten epochs, by optimizers with one learning rate.

# %%
px.compare(
    problem,
    {
        name: px.solver("gradient", optimizer=px.optimizer(name, learning_rate=5e-3))
        for name in ("adam", "rmsprop", "sgd")
    },
    epochs=10,
)

# %% [markdown]
# ## References
#
# - M. Kudo, J. Toyama and M. Shimbo, Multidimensional curve classification using passing-through
#   regions, *Pattern Recognition Letters* 20 (1999), doi 10.1016/S0167-8655(99)00077-X; the data
#   doi 10.24432/C5NS47.
# - Sequences of your own: [learn from sequences](../how-to/sequences.md).
