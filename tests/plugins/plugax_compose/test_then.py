import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px


class Valley(px.AbstractProblem):
    """Rosenbrock's valley in two dimensions; the minimum, 0, is at (1, 1)."""

    def init(self, key):
        return jnp.asarray([-1.2, 1.0])

    def loss(self, y, batch, key):
        return 100 * (y[1] - y[0] ** 2) ** 2 + (1 - y[0]) ** 2, {}


def test_without_a_step_of_the_first_it_is_the_second(bowls, sgd, settling_sgd):
    alone = px.solve(bowls, settling_sgd(), steps=80)
    solver = px.solver("then", first=sgd(), second=settling_sgd(), first_steps=0)
    both = px.solve(bowls, solver, steps=80)
    assert both.steps == alone.steps
    assert both.status == alone.status
    for name in alone.unknowns:
        np.testing.assert_allclose(both.unknowns[name], alone.unknowns[name], atol=1e-6)
    np.testing.assert_allclose(both.series["loss"], alone.series["loss"], rtol=1e-5, atol=1e-10)
    assert (both.series["part"] == 2).all()


def test_a_solver_then_itself_is_one_run_of_it(batches, sgd):
    alone = px.solve(batches, sgd(), steps=12)
    twice = px.solve(batches, px.solver("then", first=sgd(), second=sgd(), first_steps=5), steps=12)
    np.testing.assert_allclose(twice.unknowns, alone.unknowns, rtol=1e-6)
    np.testing.assert_allclose(twice.series["loss"], alone.series["loss"], rtol=1e-6)
    assert twice.series["part"].tolist() == [1] * 5 + [2] * 7


def test_the_hand_over_is_at_the_end_of_epochs_or_of_half_of_the_run(batches, sgd):
    solver = px.solver("then", first=sgd(), second=sgd(0.2), first_epochs=2)
    assert (px.solve(batches, solver, steps=14).series["part"] == 1).sum() == 10  # 5 steps each
    solver = px.solver("then", first=sgd(), second=sgd(0.2))
    assert (px.solve(batches, solver, steps=14).series["part"] == 1).sum() == 7


def test_the_first_hands_over_where_it_has_converged_or_a_metric_is_low(bowls, sgd, settling_sgd):
    solver = px.solver("then", first=settling_sgd(tolerance=0.1), second=settling_sgd())
    solution = px.solve(bowls, solver, steps=100)
    assert solution.status.name == "converged"
    assert 0 < (solution.series["part"] == 1).sum() < 20
    solver = px.solver("then", first=sgd(), second=settling_sgd(), metric="loss", below=0.1)
    solution = px.solve(bowls, solver, steps=60)
    first = solution.series["loss"][solution.series["part"] == 1]
    assert first[-1] < 0.1 < first[-2]


def test_the_second_sees_all_data_if_it_needs_them(batches, sgd):
    solution = px.solve(batches, px.solver("then", first=sgd(), second="bfgs", first_steps=6))
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, batches.examples.mean(0), atol=1e-6)


def test_what_only_one_reports_is_zero_while_the_other_works(bowls, sgd):
    solution = px.solve(bowls, px.solver("then", first=sgd(), second="bfgs", first_steps=4))
    norms = solution.series["gradient_norm"]
    assert (norms[:4] == 0).all()
    assert norms[4] > 0


def test_three_in_words_are_numbered(bowls):
    solution = px.solve(bowls, "gradient then gradient then gradient", steps=8)
    assert solution.series["part"].tolist() == [1, 1, 1, 1, 2, 2, 3, 3]


def test_the_problem_recommends_options_for_the_parts(batches):
    class Recommending(type(batches)):
        recipes = {  # noqa: RUF012 - as a plugin author writes it
            "gradient": {"optimizer": {"name": "adam", "learning_rate": 0.03}, "epochs": 3}
        }

    solution = px.solve(Recommending(batches.examples), "gradient then nelder-mead")
    assert np.isclose(solution.solver.first.optimizer.learning_rate, 0.03)
    assert (solution.series["part"] == 1).sum() == 15
    given = px.solve(Recommending(batches.examples), "gradient then nelder-mead", first_steps=2)
    assert (given.series["part"] == 1).sum() == 2


def test_hyperparameters_of_the_parts_are_swept(batches, sgd):
    solver = px.solver("then", first=sgd(), second=sgd(), first_steps=3)
    over = {"first.optimizer.learning_rate": [0.1, 0.2], "first_steps": [0, 3]}
    population = px.sweep(batches, solver, over=over, steps=6)
    assert population.unknowns.shape == (2, 2, 3)
    np.testing.assert_allclose(population.unknowns[0, 0], population.unknowns[1, 0], rtol=1e-6)
    alone = px.solve(
        batches, px.solver("then", first=sgd(0.2), second=sgd(), first_steps=3), steps=6
    )
    np.testing.assert_allclose(population.unknowns[1, 1], alone.unknowns, rtol=1e-5)


@pytest.mark.usefixtures("x64")
def test_quick_and_rough_then_exact_finds_digits_that_the_first_alone_does_not():
    adam = px.solver("gradient", optimizer=px.optimizer("adam", learning_rate=1e-2))
    alone = px.solve(Valley(), adam, steps=1000)
    both = px.solve(Valley(), px.solver("then", first=adam, second="bfgs", first_steps=300))
    assert both.steps < 1000
    assert both.status.name == "converged"
    assert np.abs(both.unknowns - 1).max() < 1e-8 < np.abs(alone.unknowns - 1).max()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"first_steps": 2, "first_epochs": 1}, "Either first_steps or first_epochs"),
        ({"first_steps": -1}, "must not be negative"),
        ({"metric": "loss"}, "give both metric and below"),
        ({"metric": "los", "below": 1.0}, "Did you mean 'loss'"),
        ({"first": "gauss-newton"}, "cannot begin with gauss-newton, which needs"),
        ({"second": "gauss-newton"}, "cannot go on with gauss-newton, which needs"),
        ({"first_epochs": 1}, "have none: give first_steps"),
    ],
)
def test_what_cannot_be_is_said(bowls, options, said):
    with pytest.raises(px.PlugaxError, match=said):
        px.solve(bowls, "then", **options, steps=4)


def test_a_second_that_never_began_is_told(bowls, sgd):
    solution = px.solve(
        bowls, px.solver("then", first=sgd(), second="bfgs", first_steps=9), steps=5
    )
    assert solution.status.name == "not-converged"
    assert "bfgs never began" in str(solution.status)
