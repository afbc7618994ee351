"""The forward pass of a trained model as a file that runs with JAX alone."""

import os
import pathlib
from typing import TYPE_CHECKING

import jax
import jax.export

from plugax.problems import origin_and_variations

from ._abstract_supervised import AbstractSupervised

if TYPE_CHECKING:
    from plugax import Solution


def export_forward(
    solution: "Solution",
    path: str | os.PathLike,
    platforms: tuple[str, ...] = ("cpu", "cuda"),
) -> None:
    """Write the function from inputs to outputs, its weights included.

    It takes any number of examples, of the shape and dtype of those in training; a network for a
    table takes `problem.rows(table)`, and scales by itself. It returns the outputs in the units of
    the data, which are logits for classes. Nothing is random in it. To use it,

        jax.export.deserialize(bytearray(open(path, "rb").read())).call(inputs)

    JAX keeps such files readable for at least six months of its releases.

    Arguments:
        solution: of a problem of this package, or of a variant.
        path: the file.
        platforms: what it may run on, as JAX names them.

    Errors: `TypeError` for a problem of another package; `OSError` if the file cannot be written.
    """
    problem, _ = origin_and_variations(solution.problem)
    if not isinstance(problem, AbstractSupervised):
        raise TypeError(
            f"Only problems of plugax_supervised are exported; got {type(problem).__name__}."
        )
    forward = problem.forward(solution.unknowns)
    (examples,) = jax.export.symbolic_shape("examples")
    inputs = jax.tree.map(
        lambda a: jax.ShapeDtypeStruct((examples, *a.shape[1:]), a.dtype),
        problem.train.arrays[0],
    )
    made = jax.export.export(jax.jit(forward), platforms=platforms)(inputs)
    pathlib.Path(path).write_bytes(made.serialize())
