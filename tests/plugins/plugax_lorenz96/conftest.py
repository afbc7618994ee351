"""A textbook integrator and a dense Gauss–Newton method, independent of those of the plugins."""

import types

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import xarray as xr

from plugax import AbstractIntegrator


class TextbookRungeKutta(AbstractIntegrator):
    @eqx.filter_jit  # so that problems made one after the other compile once
    def trajectory(self, field, y0, *, dt, steps, every=1, t0=0.0):
        dt, t0 = jnp.asarray(dt, y0.dtype), jnp.asarray(t0, y0.dtype)
        nodes = jnp.asarray([0, 1 / 2, 1 / 2, 1], y0.dtype)
        weights = jnp.asarray([1 / 6, 1 / 3, 1 / 3, 1 / 6], y0.dtype)

        def step(y, number):
            t = t0 + number.astype(y.dtype) * dt

            def stage(carry, coefficients):
                slope, increment = carry
                node, weight = coefficients
                slope = field(t + node * dt, y + node * dt * slope)
                return (slope, increment + weight * slope), None

            zero = jnp.zeros_like(y)
            (_, increment), _ = lax.scan(stage, (zero, zero), (nodes, weights))
            y = y + dt * increment
            return y, y

        return lax.scan(step, y0, jnp.arange(steps))[1][every - 1 :: every]


@pytest.fixture(scope="session")
def integrator():
    return TextbookRungeKutta()


@pytest.fixture(scope="session")
def minimise():
    """Gauss–Newton with a dense Jacobian: the unknowns, and the costs they were reached through."""

    @eqx.filter_jit  # so that like problems are solved by one program
    def minimise(problem, iterations=20):
        def residuals(v):
            found, _ = problem.residuals(v, problem.observations)
            return jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(found)])

        def step(v, _):
            r, jacobian = residuals(v), jax.jacfwd(residuals)(v)
            _, metrics = problem.residuals(v, problem.observations)
            change = jnp.linalg.solve(jacobian.T @ jacobian, jacobian.T @ r)
            return v - change, metrics | {"loss": jnp.sum(r**2) / 2}

        return lax.scan(step, problem.init(jr.key(0)), None, iterations)

    return minimise


@pytest.fixture(scope="session")
def solve(minimise):
    """What the figures need of a solution."""

    def solve(problem):
        unknowns, history = minimise(problem)
        return types.SimpleNamespace(
            unknowns=unknowns,
            history=xr.Dataset({k: ("step", np.asarray(v)) for k, v in history.items()}),
            metrics={k: float(v) for k, v in eqx.filter_jit(problem.evaluate)(unknowns).items()},
        )

    return solve
