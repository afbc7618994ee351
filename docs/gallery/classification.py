# %% [markdown]
# # Classes in a table
#
# The problem `classification` tells apart the classes in a column by the other columns, from a CSV
# file or from arrays. Here three kinds of beads are weighed and measured. Glass and steel have the
# same sizes, but steel is heavier; the wooden ones are about as heavy as glass, but larger. A tenth
# of the sizes is missing.

# %%
import numpy as np

import plugax as px

rng = np.random.default_rng(0)
kind = rng.integers(0, 3, 900)
size = np.array([8.0, 8.0, 12.0])[kind] * np.exp(0.1 * rng.normal(size=900))  # mm
density = np.array([2.5, 7.8, 0.7])[kind]  # mg/mm³
mass = density * np.pi / 6 * size**3 * np.exp(0.2 * rng.normal(size=900))  # mg
colour = np.where(rng.uniform(size=900) < 0.6, np.array(["green", "grey", "brown"])[kind], "black")
data = {
    "size": np.where(rng.uniform(size=900) < 0.1, np.nan, size),
    "mass": mass,
    "colour": colour,
    "kind": np.array(["glass", "steel", "wood"])[kind],
}

beads = px.problem(
    "classification",
    data=data,
    response="kind",
    missing="indicator",
    hidden=(32,),
    metrics=("accuracy", "roc_auc", "confusion"),
)
solution = px.solve(beads, epochs=40)
solution

# %% [markdown]
# A fifth of the beads was kept back, of each kind a fifth. Those of a kind are in a row of the
# confusion matrix, those taken for it in a column; `solution.metrics["validation_confusion"]` has
# the numbers.

# %%
solution.plot("confusion")

# %%
solution.plot("loss")

# %% [markdown]
# ## What it predicts
#
# One with a black coat and an unknown size.

# %%
unknown = {"size": [np.nan, 8.0], "mass": [2000.0, 700.0], "colour": ["black", "black"]}
solution.predict(unknown), solution.predict(unknown, probabilities=True).round(3)

# %% [markdown]
# ## Methods
#
# What is learned in five epochs, by optimizers with one learning rate.

# %%
px.compare(
    beads,
    {
        name: px.solver("gradient", optimizer=px.optimizer(name, learning_rate=3e-3))
        for name in ("adam", "sgd", "rmsprop")
    },
    epochs=5,
)

# %% [markdown]
# With `batch_size=None` every step sees all beads. Then solvers can be used that need the same loss
# at every step. They reach a lower loss in training; what that is worth, the beads that were kept
# back tell.

# %%
whole = px.problem(
    "classification", data=data, response="kind", missing="indicator", hidden=(8,), batch_size=None
)
adam = px.optimizer("adam", learning_rate=3e-3)
px.compare(
    whole,
    {
        "adam": px.solver("gradient", optimizer=adam),
        "lbfgs": "lbfgs",
        "adam then lbfgs": px.solver(
            "then", first=px.solver("gradient", optimizer=adam), second="lbfgs", first_steps=50
        ),
    },
    steps=100,
)

# %% [markdown]
# ## References
#
# - I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning* (2016), chapters 6 to 8,
#   deeplearningbook.org.
# - How to train a model of your own: [train a network](../how-to/train-a-network.md).
