# %% [markdown]
# # MNIST
#
# Seventy thousand handwritten digits, 28 × 28 pixels each: 60 000 to learn from, 10 000 to be
# judged by. The loss is the cross-entropy, −log p(digit | picture), of a small network.

# %%
import plugax as px

problem = px.problem("mnist", model="mlp")
solution = px.solve(problem, "gradient", epochs=3, evaluate_every="epoch")
solution

# %%
solution.plot("loss")

# %% [markdown]
# ## What it confuses

# %%
solution.plot("confusion")

# %%
solution.plot("mistakes")

# %% [markdown]
# ## Methods
#
# One pass over the data with each of four optimizers.

# %%
px.compare(
    problem,
    {
        name: px.solver("gradient", optimizer=px.optimizer(name, learning_rate=rate))
        for name, rate in {"sgd": 0.1, "adam": 1e-3, "adamw": 1e-3, "lion": 1e-4}.items()
    },
    epochs=1,
    seeds=[0],
)

# %% [markdown]
# `plugax run mnist --model cnn` learns a convolutional network, which is right on 99 % of the
# digits, `--model cnn-bn --augment shift=2,rotate=12,scale=0.12` a larger one, from pictures that
# are moved, turned and stretched at random. The problem `fashion-mnist` has clothes in place of
# digits, in the same format.
#
# ## References
#
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, *Proceedings of the IEEE* 86 (1998),
#   doi 10.1109/5.726791.
# - H. Xiao, K. Rasul and R. Vollgraf, *Fashion-MNIST* (2017), arXiv 1708.07747.
# - Models of your own, populations, where the files come from: [MNIST and
#   Fashion-MNIST](../mnist.md).
