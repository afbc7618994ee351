"""Checks of a solver by itself: of a single step, and of its default run."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import PRNGKeyArray, PyTree

from ...problems import AbstractProblem
from ...runner import solve
from ...runner.loop._program import Task, advance, begin, unknowns_of
from ...solvers import AbstractSolver
from ..claims._claim import claim, claimed
from ..claims._compare import ROUNDING, difference, shapes
from ..claims._precision import Trial, cast, trial
from ..kinds._laws import last_of
from ..kinds._references import reference_for, tried
from ..problems._runs import seed_from

STEPS = 8
"""The length of the run that a solver prepares for when single steps are checked."""


def check_solver_state(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """A step keeps the structure, shapes and dtypes of the state, in float32 and in float64.

    It is also pure: traced twice, it is the same program. `unknowns` are shaped as the problem made
    them, `converged` and `stalled` are a scalar bool or None, and the metrics are a flat dictionary
    of arrays with a scalar "loss".

    Arguments:
        solver: the solver.
        key: the random key for everything.
        problem: the problem to solve; by default the reference of the kind that it requires.
    """
    for bits, x64 in ((32, False), (32, True), (64, True)):
        with jax.enable_x64(x64):
            ready = cast(solver, bits)
            given = trial(reference_for(solver) if problem is None else problem, key, bits, ready)
            where = f"in float{bits}{', with float64 switched on' if x64 and bits == 32 else ''}"
            prepared = ready.prepare(given.problem, STEPS)
            _check_state(ready, given, prepared, where)
            if bits == 64:
                _check_pure(ready, given, prepared)


def _check_pure(solver: AbstractSolver, given: Trial, prepared: tuple[PyTree, ...]) -> None:
    state = eqx.filter_eval_shape(_init, solver, given, prepared)
    once, again = (_program(solver, given, state, prepared) for _ in range(2))
    claim(
        once == again,
        solver,
        "a step is pure: traced twice, it is the same program",
        "two programs, the second of which begins to differ with "
        f"{next(_differing_lines(once, again), '').strip()!r}",
        "Keep what changes from step to step in the state.",
    )


def _program(*arguments: Any) -> str:
    """A step as JAX traces it; the address of an object in memory is not part of it."""
    return re.sub(r" at 0x\w+", "", str(eqx.filter_make_jaxpr(_step)(*arguments)[0]))


def _differing_lines(once: str, again: str) -> Iterator[str]:
    pairs = itertools.zip_longest(once.splitlines(), again.splitlines(), fillvalue="")
    return (second for first, second in pairs if first != second)


def _check_state(
    solver: AbstractSolver, given: Trial, prepared: tuple[PyTree, ...], where: str
) -> None:
    with claimed(solver, f"init and step can be traced, {where}", "See the error itself."):
        state = eqx.filter_eval_shape(_init, solver, given, prepared)
        after, metrics = eqx.filter_eval_shape(_step, solver, given, state, prepared)
        unknowns = eqx.filter_eval_shape(solver.unknowns, given.problem, after)
        ends = {
            end: eqx.filter_eval_shape(getattr(solver, end), given.problem, after)
            for end in ("converged", "stalled")
        }
    found = difference(shapes(state), shapes(after))
    claim(
        found is None,
        solver,
        f"a step keeps the structure, shapes and dtypes of the state, {where}",
        found,
        "Make every array in init as step returns it: jnp.zeros((), u.dtype), not 0.0; and give "
        "what is made in step the dtype of the unknowns.",
    )
    found = difference(shapes(given.unknowns), shapes(unknowns))
    law = f"unknowns are structured as problem.init made them, {where}"
    claim(found is None, solver, law, found, "Return them as they came, parameters alone.")
    for end, said in ends.items():
        claim(
            said is None or shapes(said) == "bool[]",
            solver,
            f"{end} gives a scalar bool, or None from a solver that has no test",
            shapes(said),
            "Reduce over all elements with jnp.all or jnp.max.",
        )
    law = 'the metrics of a step are a flat dictionary of arrays with a scalar "loss"'
    remedy = 'Return {"loss": loss, **metrics}, with the metrics that problem.loss returned.'
    claim(isinstance(metrics, dict), solver, law, metrics, remedy)
    odd = [n for n, value in metrics.items() if not isinstance(value, jax.ShapeDtypeStruct)]
    claim(not odd, solver, law, f"{odd}, which are no arrays", remedy)
    loss = metrics.get("loss")
    claim(loss is not None and loss.shape == (), solver, law, shapes(metrics), remedy)


def check_solver_solves(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """In its default number of steps, the solver solves an easy problem of the kind it requires.

    The loss above its minimum falls to a twentieth. If the problem is a density, this holds for the
    mean over the last quarter of the run, since a sampler never comes to rest. A solver with a test
    of convergence passes it. Kinds of problem whose loss does not fall define another criterion
    (`Laws.solves`).

    Arguments:
        solver: the solver.
        key: the random key for the seed.
        problem: as for `check_solver_state`; if it has no reference, its loss must fall.
    """
    with tried(solver, problem) as (solver, problem, _):
        law = f"it solves {type(problem).__name__}"
        with claimed(solver, law, "See the error itself."):
            # In chunks as long as the runs of other checks, so that their program is used again.
            solution = solve(problem, solver, seed=seed_from(key), chunk=STEPS)
        remedy = "Are the defaults fit for unknowns and curvatures of about one?"
        claim(solution.status.success, solver, law, solution.status, remedy)
        remedy = "Does what init returns, such as a velocity of zero, pass the test of convergence?"
        claim(solution.steps > 0, solver, law, "it converged before the first step", remedy)
        last_of(problem, "solves")(solver, problem, solution, key)


def check_solver_hyperparameters(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """Steps vmapped over all float hyperparameters are those of each value alone.

    Arguments:
        solver: the solver.
        key: the random key for everything.
        problem: as for `check_solver_state`.
    """
    with jax.enable_x64(True):
        solver = cast(solver, 64)
        given = trial(reference_for(solver) if problem is None else problem, key, 64, solver)
        solver = as_arrays(solver)
        if not jax.tree.leaves(eqx.filter(solver, eqx.is_inexact_array)):
            return
        law = "its float hyperparameters can be vmapped over"
        remedy = (
            "A hyperparameter that is to stay a Python number (a count, a flag, something that "
            "an `if` asks for) is made static: eqx.field(static=True)."
        )
        prepared = solver.prepare(given.problem, STEPS)
        members, run_key = [solver, scale_floats(solver)], jr.key(seed_from(key))
        both = stack_floats(members)
        axes = jax.tree.map(lambda leaf: 0 if eqx.is_inexact_array(leaf) else None, both)
        with claimed(solver, law, remedy):
            alone = [
                _three_steps(Task(given.problem, member, prepared, run_key)) for member in members
            ]
            everyone = (None, axes, None, None)
            together = _three_steps(Task(given.problem, both, prepared, run_key, everyone))
        alone = jax.tree.map(lambda *leaves: jnp.stack(leaves), *alone)
        found = difference(together, alone, tolerance=ROUNDING)
        law = "vmapped over its float hyperparameters, it does as with each value alone"
        claim(found is None, solver, law, found, remedy)


def as_arrays(module: Any) -> Any:
    """The module with every Python float as an array."""
    return jax.tree.map(
        lambda leaf: jnp.asarray(leaf, float) if isinstance(leaf, float) else leaf, module
    )


def scale_floats(module: Any, factor: float = 0.9) -> Any:
    """The module with every float multiplied by a factor: other, still valid hyperparameters."""
    return jax.tree.map(lambda leaf: leaf * factor if eqx.is_inexact_array(leaf) else leaf, module)


def stack_floats(modules: list[PyTree]) -> PyTree:
    """Modules that differ in their floats, combined into one whose floats have a leading axis."""
    floats = [eqx.filter(module, eqx.is_inexact_array) for module in modules]
    rest = eqx.filter(modules[0], eqx.is_inexact_array, inverse=True)
    return eqx.combine(jax.tree.map(lambda *leaves: jnp.stack(leaves), *floats), rest)


def _init(solver: AbstractSolver, given: Trial, prepared: tuple[PyTree, ...]) -> PyTree:
    return solver.init(given.problem, given.unknowns, given.key, *prepared)


def _step(solver: AbstractSolver, given: Trial, state: PyTree, prepared: tuple[PyTree, ...]) -> Any:
    return solver.step(given.problem, state, given.batch, given.key, *prepared)


def _three_steps(task: Task) -> PyTree:
    """The float unknowns after three steps, by the same program as in any run."""
    first, limit = jnp.asarray(0, "int32"), jnp.asarray(3, "int32")
    members = 1 if task.axes is None else 2
    _, position, _ = advance((task, first, limit, members, ()), begin(task))
    return eqx.filter(unknowns_of(task, position.state), eqx.is_inexact_array)
