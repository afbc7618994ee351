# %% [markdown]
# # A language told by names of countries
#
# The problem `sequence-classification` tells sequences apart: rows of numbers in time, or texts,
# whose characters are read one by one. Here the texts are the names of countries and regions in
# eight languages, from the Unicode consortium's locale data (CLDR), which the library Babel
# carries. Names that are the same in two of the languages, such as *Angola*, are left out.

# %%
import collections

import numpy as np
from babel import Locale

import plugax as px

languages = ("English", "Finnish", "French", "German", "Italian", "Polish", "Spanish", "Turkish")
codes = ("en", "fi", "fr", "de", "it", "pl", "es", "tr")
named = [
    (name, language)
    for code, language in zip(codes, languages, strict=True)
    for place, name in sorted(Locale(code).territories.items())
    if len(place) == 2  # not the continents
]
counts = collections.Counter(name for name, _ in named)
names = [name for name, _ in named if counts[name] == 1]
spoken = [language for name, language in named if counts[name] == 1]
len(names), names[:3], max(names, key=len)

# %% [markdown]
# A fifth of the names of each language is kept back. A network that reads in both directions, and
# takes the maximum of each of its states over all characters, finds out which endings and letters
# go with which language. Batches are drawn from names of similar length, so that little is computed
# on padding.

# %%
problem = px.problem(
    "sequence-classification",
    data={"name": names, "language": spoken},
    response="language",
    text="name",
    bidirectional=True,
    readout="max",
    dropout=0.3,
    metrics=("accuracy", "confusion"),
)
solution = px.solve(problem, epochs=20)
solution

# %% [markdown]
# True languages are in rows, in the order of `classes`.

# %%
print(*problem.classes)
np.array(solution.metrics["validation_confusion"])

# %%
solution.plot("history")

# %% [markdown]
# ## What it says of other words
#
# Towns, with the language that is most probable. Letters that the training part does not have are
# one token, *unknown*.

# %%
towns = ["Kirkkonummi", "Castellammare", "Świebodzin", "Saint-Étienne", "Kırşehir", "Braunschweig"]
probable = solution.predict({"name": towns}, probabilities=True)
languages_of = [problem.classes[k] for k in probable.argmax(axis=1)]
list(zip(towns, languages_of, probable.max(axis=1).round(2).tolist(), strict=True))

# %% [markdown]
# ## Methods
#
# What is learned in five epochs, by optimizers with one learning rate.

# %%
px.compare(
    problem,
    {
        name: px.solver("gradient", optimizer=px.optimizer(name, learning_rate=5e-3))
        for name in ("adam", "rmsprop", "sgd")
    },
    epochs=5,
)

# %% [markdown]
# ## References
#
# - Unicode Common Locale Data Repository, cldr.unicode.org; Babel, babel.pocoo.org.
# - S. Hochreiter and J. Schmidhuber, Long short-term memory, *Neural Computation* 9 (1997),
#   doi 10.1162/neco.1997.9.8.1735.
# - How to learn from sequences of your own: [learn from sequences](../how-to/sequences.md).
