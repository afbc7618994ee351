"""The forward pass of a trained model as a file that runs with JAX alone."""

import os
import pathlib
from typing import TYPE_CHECKING

import jax
import jax.export

from plugax import PlugaxError
from plugax.problems import origin_and_variations

from ._abstract_supervised import AbstractSupervised

if TYPE_CHECKING:
    from plugax import Solution


def export_forward(
    solution: "Solution", platforms: tuple[str, ...] = ("cpu", "cuda")
) -> jax.export.Exported:
    """The function from inputs to outputs, its weights included, as JAX exports functions.

    It takes any number of examples, of the shape and dtype of those in training; a network for a
    table takes `problem.rows(table)`, and scales by itself. It returns the outputs in the units of
    the data, which are logits for classes. Nothing is random in it.

    Arguments:
        solution: of a problem of this package, or of a variant.
        platforms: what it may run on, as JAX names them.

    Errors: `PlugaxError` for a problem of another package.
    """
    problem, _ = origin_and_variations(solution.problem)
    if not isinstance(problem, AbstractSupervised):
        raise PlugaxError(
            f"Only problems of plugax_supervised are exported; got {type(problem).__name__}. For "
            "another, export a function of your own: jax.export.export(jax.jit(function))(inputs)."
        )
    (examples,) = jax.export.symbolic_shape("examples")
    inputs = jax.tree.map(
        lambda a: jax.ShapeDtypeStruct((examples, *a.shape[1:]), a.dtype),
        jax.eval_shape((problem.train.whole or problem.train).first)[0],
    )
    forward = jax.jit(problem.forward(solution.unknowns))
    return jax.export.export(forward, platforms=platforms)(inputs)


def save_forward(
    solution: "Solution",
    path: str | os.PathLike,
    platforms: tuple[str, ...] = ("cpu", "cuda"),
) -> None:
    """Write what `export_forward` returns into a file.

    To use it, with JAX and flatbuffers alone,

        jax.export.deserialize(bytearray(open(path, "rb").read())).call(inputs)

    JAX keeps such files readable for at least six months of its releases.

    Arguments:
        solution: of a problem of this package, or of a variant.
        path: the file.
        platforms: what it may run on, as JAX names them.

    Errors: `PlugaxError` for a problem of another package, and if the library flatbuffers is not
    installed; `OSError` if the file cannot be written.
    """
    exported = export_forward(solution, platforms)
    try:
        content = exported.serialize()
    except ImportError as error:
        raise PlugaxError(
            "JAX writes such files with the library flatbuffers: pip install 'plugax[export]'."
        ) from error
    pathlib.Path(path).write_bytes(content)
