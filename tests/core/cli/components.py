"""A stranger's plugin for the command line to work with."""

import enum
import pathlib
from collections.abc import Callable
from typing import ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp

import plugax as px
from plugax import hookimpl


class Bowl(px.AbstractLeastSquares):
    """Find the bottom of a bowl.

    Arguments:
        dim: number of unknowns.
        curvature: how steep it is [per metre].
        centre: where the bottom is, in every direction or in each [metre].
        shape: of the rim.
        tilted: whether it leans.
        label: what to call it.
        colour: nothing that has text.
    """

    recipes: ClassVar = {
        "descent": {"optimizer": {"name": "fixed", "rate": 0.25}, "tolerance": 1e-3, "steps": 50},
        "jump": {},
    }

    dim: int = eqx.field(static=True, default=2)
    curvature: float = 1.0
    centre: tuple[float, ...] = (0.0,)
    shape: Literal["round", "square"] = eqx.field(static=True, default="round")
    tilted: bool = eqx.field(static=True, default=False)
    label: str | None = eqx.field(static=True, default=None)
    colour: Callable | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if self.dim < 1:
            raise ValueError(f"dim must be at least 1; got {self.dim}.")

    def init(self, key):
        return jnp.ones(self.dim)

    def residuals(self, unknowns, batch, key):
        return self.curvature * (unknowns - jnp.asarray(self.centre)), {}

    def evaluate(self, unknowns):
        return {"distance": jnp.linalg.norm(unknowns), "names": ["a", "b"], "none": jnp.nan}

    def predict_table(self, solution, data):
        return {"from": [data, "a, b"], "unknown": solution.unknowns}

    def remarks(self, series):
        return (f"The bowl leans, since step {len(series['loss'])}.",) if self.tilted else ()

    def figures(self, solution):
        from matplotlib.animation import FuncAnimation
        from matplotlib.figure import Figure

        figure = Figure(figsize=(2, 2))
        axes = figure.add_subplot()
        axes.plot(solution.history["loss"].values)
        moving = Figure(figsize=(1, 1))
        moving.add_subplot()
        return {"loss": figure, "descent": FuncAnimation(moving, lambda frame: [], frames=2)}


class Deep(px.AbstractLeastSquares):
    """A problem that wants float64, says nothing of solvers, and draws nothing."""

    precision: ClassVar = "float64"

    def __check_init__(self):
        print("a plugin that prints")

    def init(self, key):
        return jnp.ones(1)

    def residuals(self, unknowns, batch, key):
        return unknowns, {}


class Orbit(px.AbstractProblem):
    """A problem with an integrator inside.

    Arguments:
        integrator: advances it.
        dim: number of bodies.
    """

    recipes: ClassVar = {"descent": {"steps": 2}}

    integrator: px.AbstractIntegrator
    dim: int = eqx.field(static=True)

    def __init__(self, integrator: px.AbstractIntegrator | str = "euler", dim: int = 1):
        self.integrator = px.integrator(integrator)
        self.dim = dim

    def init(self, key):
        return jnp.ones(self.dim)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}


class Shade(enum.Enum):
    light = 1
    dark = 2


class Painted(px.AbstractProblem):
    """Options that are written as something else than what they are."""

    recipes: ClassVar = {"descent": {"steps": 1}}

    weights: jax.Array | None = None
    shade: Shade = eqx.field(static=True, default=Shade.light)
    path: pathlib.Path | None = eqx.field(static=True, default=None)
    activation: Callable = eqx.field(static=True, default=jnp.tanh)

    def init(self, key):
        return jnp.ones(2)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}

    def evaluate(self, unknowns):
        total = jnp.zeros(()) if self.weights is None else jnp.sum(self.weights)
        return {"total": total, "shade": self.shade.name, "path": str(self.path)}


class Crooked(Painted):
    """Raises what nobody expects."""

    def evaluate(self, unknowns):
        raise LookupError("no such figure")


class Euler(px.AbstractIntegrator):
    """The simplest.

    Arguments:
        substeps: of every step.
    """

    substeps: int = 1

    def trajectory(self, field, y0, *, dt, steps, every=1, t0=0.0):
        raise NotImplementedError


class Fixed(px.AbstractOptimizer):
    """A fixed fraction of the gradient.

    Arguments:
        rate: the fraction.
    """

    rate: float = 0.1

    def init(self, params):
        return ()

    def update(self, grads, state, params, **extra):
        return jax.tree.map(lambda g: -self.rate * g, grads), state


class Signed(px.AbstractOptimizer):
    """A fixed step down, of which only `momentum` is left.

    Arguments:
        size: the step's length.
        momentum: ignored.
        dim: ignored too, and named as an option of the problem is.
    """

    size: float = 0.01
    momentum: float | None = 0.9
    dim: int = 3

    def init(self, params):
        return ()

    def update(self, grads, state, params, **extra):
        return jax.tree.map(lambda g: -self.size * jnp.sign(g), grads), state


class Descent(px.AbstractSolver):
    """Down the gradient.

    Arguments:
        optimizer: how far.
        tolerance: stop where the loss falls below this; None runs all steps.
    """

    optimizer: px.AbstractOptimizer
    tolerance: float | None

    def __init__(
        self, optimizer: px.AbstractOptimizer | str = "fixed", tolerance: float | None = None
    ):
        self.optimizer = px.optimizer(optimizer)
        self.tolerance = tolerance

    def init(self, problem, unknowns, key):
        return unknowns, jnp.full((), jnp.inf, unknowns.dtype)

    def step(self, problem, state, batch, key):
        value_and_grad = jax.value_and_grad(problem.loss, has_aux=True)
        (loss, metrics), grads = value_and_grad(state[0], batch, key)
        updates, _ = self.optimizer.update(grads, (), state[0])
        return (state[0] + updates, loss), {"loss": loss, **metrics}

    def converged(self, problem, state):
        return None if self.tolerance is None else state[1] < self.tolerance

    def unknowns(self, problem, state):
        return state[0]


class Jump(px.AbstractSolver):
    """To the bottom at once.

    Arguments:
        height: ignored, but has to be given.
        steps: not those of the run.
    """

    requires: ClassVar = px.AbstractLeastSquares

    height: float
    steps: int = 1

    def init(self, problem, unknowns, key):
        return unknowns

    def step(self, problem, state, batch, key):
        return 0 * state, {"loss": problem.loss(state, batch, key)[0]}

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state


class Plugin:
    """Brings them all."""

    @hookimpl
    def register_problems(self, register):
        register("bowl", Bowl, summary="A round bowl")
        register("deep", Deep)
        register("orbit", Orbit)
        register("painted", Painted)
        register("crooked", Crooked)

    @hookimpl
    def register_solvers(self, register):
        register("descent", Descent, summary="Downhill")
        register("jump", Jump)

    @hookimpl
    def register_optimizers(self, register):
        register("fixed", Fixed)
        register("signed", Signed)

    @hookimpl
    def register_integrators(self, register):
        register("euler", Euler)
