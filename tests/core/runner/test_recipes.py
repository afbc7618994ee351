import jax.numpy as jnp
import pytest

import plugax as px


@pytest.fixture
def recommended(bowl):
    class Recommended(type(bowl)):
        recipes = {  # noqa: RUF012 - as a plugin author writes it
            "gradient": {
                "optimizer": {"name": "sgd", "learning_rate": 0.25},
                "tolerance": 1e-3,
                "steps": 77,
            }
        }

    return Recommended(jnp.asarray([1.0, 2.0]))


def test_a_recipe_gives_options_and_steps(recommended):
    solution = px.solve(recommended)
    assert solution.provenance["run"]["steps"] == 77
    assert solution.solver.optimizer.learning_rate == 0.25
    assert solution.status.name == "converged"


def test_what_the_user_says_goes_before_the_recipe(recommended):
    solution = px.solve(recommended, "gradient", tolerance=None, steps=5)
    assert solution.status.name == "completed"
    assert solution.solver.optimizer.learning_rate == 0.25


@pytest.mark.parametrize("optimizer", ["adam", {"name": "adam"}, px.optimizer("adam")])
def test_a_recipe_for_one_optimizer_says_nothing_about_another(recommended, optimizer):
    solution = px.solve(recommended, "gradient", optimizer=optimizer, steps=5)
    assert solution.solver.tolerance is None
    solver = px.solver("gradient", optimizer=optimizer)
    assert px.solve(recommended, solver).provenance["run"]["steps"] == solver.default_steps


def test_the_same_optimizer_by_another_hand_keeps_the_steps(recommended):
    solver = px.solver("gradient", optimizer=px.optimizer("sgd", learning_rate=0.1))
    assert px.solve(recommended, solver).provenance["run"]["steps"] == 77
