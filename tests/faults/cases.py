"""One run of every kind, begun or gone on with: `python cases.py KIND DIRECTORY`.

It saves its state every few steps, so that a signal at a random moment often meets a writer.
"""

import os
import pathlib
import sys

import equinox as eqx
import jax.random as jr
import numpy as np

import plugax as px
from plugax.data import Stream
from plugax.losses import SquaredError
from plugax_supervised import supervised

SAVED = {"snapshot_every": 20, "keep_last": 3, "chunk": 10}


def regression(**told):
    solver = px.solver("gradient", optimizer="adam", tolerance=None)
    return px.solve("regression", solver, steps=400, evaluate_every=100, **told)


def mnist(**told):
    data = os.environ["PLUGAX_DATA"]
    problem = px.problem("mnist", model="linear", data=f"{data}/mnist")
    return px.solve(problem, "gradient", steps=200, evaluate_every=50, **told)


def four_d_var(**told):
    solver = px.solver("gradient", optimizer="adam", tolerance=None)
    return px.solve("lorenz96-4dvar", solver, steps=200, **told)


def cycled_filter(**told):
    return px.solve("lorenz96-twin", "etkf", steps=300, **told)


def population(**told):
    solver = px.solver("gradient", optimizer="adam", tolerance=None)
    over = {"optimizer.learning_rate": np.linspace(0.01, 0.1, 4), "seed": range(3)}
    return px.sweep("regression", solver, over=over, steps=400, **told)


def stream_parts():
    """The problem on a stream, and its solver, both made by hand."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(500, 4)).astype("float32")
    targets = (inputs @ np.asarray([1.0, -2.0, 0.5, 3.0], "float32"))[:, None]

    model = eqx.nn.MLP(4, 1, 8, 1, key=jr.key(0))
    problem = supervised(model, SquaredError(), Stream((inputs, targets), 25))
    return {"problem": problem, "solver": px.solver("gradient", optimizer="adam", tolerance=None)}


def stream(**told):
    return px.solve(*stream_parts().values(), steps=300, **told)


KINDS = {
    "regression": regression,
    "mnist": mnist,
    "4dvar": four_d_var,
    "cycled-filter": cycled_filter,
    "population": population,
    "stream": stream,
}


def given_of(kind):
    """What `load` and `resume` need besides the directory."""
    return stream_parts() if kind == "stream" else {}


def main(kind, directory):
    """Begin the run, or go on with it; the word `running` tells that JAX is there."""
    print("running", flush=True)
    if (pathlib.Path(directory) / "solution.json").exists():
        try:
            px.resume(directory, chunk=SAVED["chunk"], **given_of(kind))
        except px.PlugaxError as error:  # it was killed between its end and that of its process
            if "Nothing is left to do" not in str(error):
                raise
    else:
        KINDS[kind](out=directory, **SAVED)


if __name__ == "__main__":
    main(*sys.argv[1:])
