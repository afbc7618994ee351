"""What a component breaks of its interface is told in a sentence that names it."""

import jax.numpy as jnp
import pytest

import plugax as px

PAIR = r"loss must return a pair: .* it returned "


class Sound(px.AbstractProblem):
    def init(self, key):
        return jnp.ones(3)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}


def broken(**methods):
    return type("Broken", (Sound,), methods)()


class NoPair(px.AbstractLeastSquares):
    def init(self, key):
        return jnp.ones(2)

    def residuals(self, unknowns, batch, key):
        return unknowns


PROBLEMS = {
    PAIR + r"\(f32\[3\], {}\). Sum or average": {"loss": lambda self, u, b, k: (u**2, {})},
    PAIR + r"f32\[\]\.": {"loss": lambda self, u, b, k: jnp.sum(u)},
    PAIR + r"\(3\.0, {}\)": {"loss": lambda self, u, b, k: (3.0, {})},
    PAIR + r"\(f32\[\], \[1\]\)": {"loss": lambda self, u, b, k: (jnp.sum(u), [1])},
    r"loss must take \(unknowns, batch, key\) besides self; it takes \(u\)": {
        "loss": lambda self, u: (jnp.sum(u), {})
    },
    r"init must take \(key\) besides self; it takes \(\)": {"init": lambda self: jnp.ones(3)},
    r"evaluate must return a dictionary of figures; it returned f32": {
        "evaluate": lambda self, u: jnp.sum(u)
    },
    r"evaluate must take \(unknowns\)": {"evaluate": lambda self: {}},
    r"unknowns\['a'\] is 1\.0, a Python number": {"init": lambda self, key: {"a": 1.0}},
}


# One that differentiates the loss, and one that only calls it.
@pytest.mark.parametrize("solver", ["gradient", "nelder-mead"])
@pytest.mark.parametrize("message", PROBLEMS)
def test_a_broken_problem_is_named_with_what_it_should_return(solver, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.solve(broken(**PROBLEMS[message]), solver, steps=2)


def test_residuals_are_named_rather_than_the_loss_that_is_made_of_them():
    with pytest.raises(px.PlugaxError, match=r"NoPair\.residuals must return a pair"):
        px.solve(NoPair(), "levenberg-marquardt")
    with pytest.raises(px.PlugaxError, match=r"NoPair\.residuals must return a pair"):
        px.sweep(NoPair(), "levenberg-marquardt", over={"seed": range(2)})


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (lambda self, problem, state: False, "converged must return a boolean scalar of JAX"),
        (lambda self, problem, state: state[0] > 0, r"converged must return .* got bool\[2\]"),
        (lambda self, state: None, r"converged must take \(problem, state\)"),
    ],
)
def test_a_broken_test_of_convergence_is_named(bowl, descent, method, message):
    solver = type("Crooked", (descent,), {"converged": method})()
    with pytest.raises(px.PlugaxError, match=message):
        px.solve(bowl, solver, steps=2)


def test_what_a_method_raises_by_itself_comes_through():
    def loss(self, unknowns, batch, key):
        raise LookupError("no such table")

    with pytest.raises(LookupError, match="no such table"):
        px.solve(broken(loss=loss), "gradient", steps=2)


def test_an_evaluation_that_raises_is_told_before_the_first_step(descent):
    seen = []

    class Watch(px.AbstractObserver):
        def on_progress(self, progress):
            seen.append(progress.step)

    def evaluate(self, unknowns):
        raise LookupError("no such figure")

    with pytest.raises(LookupError, match="no such figure"):
        px.solve(broken(evaluate=evaluate), descent(), steps=5, observers=[Watch()])
    assert not seen


def test_a_summary_that_raises_costs_nothing_but_itself(descent):
    def summary(self, series):
        raise LookupError("no such series")

    problem = broken(summary=summary, evaluate=lambda self, u: {"first": u[0]})
    with pytest.warns(px.errors.PluginWarning, match="summary raised LookupError: no such series"):
        solution = px.solve(problem, descent(), steps=5)
    assert solution.steps == 5
    assert "first" in solution.metrics
