"""Compositions on a command line: names in words, and the options of the parts."""

import shlex

import pytest

import plugax as px
from plugax.cli._entrants import entries_of
from plugax.cli._request import read_request


def solver_of(text):
    """The spec of the solver that a command line asks for; nothing is run."""
    return read_request(shlex.split(text)).solver.spec()


def test_the_parts_have_flags_and_what_the_problem_recommends():
    spec = solver_of(
        'regression --solver "gradient then lbfgs" --first.optimizer.learning-rate 0.02 --memory 5'
    )
    recipe = px.problem("regression").recipes["gradient"]
    assert spec["name"] == "then"
    assert spec["first"]["optimizer"] == recipe["optimizer"] | {"learning_rate": 0.02}
    assert spec["first"]["tolerance"] == recipe["tolerance"]
    assert spec["second"] == {"name": "lbfgs", "memory": 5}
    assert spec["first_steps"] == recipe["steps"]


def test_a_flag_goes_before_the_length_that_is_recommended():
    assert (
        solver_of('regression --solver "gradient then lbfgs" --first-steps 7')["first_steps"] == 7
    )
    spec = solver_of('regression --solver "gradient then lbfgs" --first-epochs 2')
    assert spec["first_epochs"] == 2
    assert spec.get("first_steps") is None


def test_a_part_may_be_several_words_and_have_another_name():
    spec = solver_of('regression --solver restart --inner "gradient then newton" --starts 2')
    assert spec["inner"]["second"] == {"name": "newton"}
    spec = solver_of('regression --solver "gradient then bfgs then newton"')
    assert spec["second"]["first"] == {"name": "bfgs"}
    spec = solver_of('regression --solver "gradient then bfgs" --second newton')
    assert spec["second"] == {"name": "newton"}


def test_an_option_of_both_parts_asks_which():
    text = 'regression --solver "gradient then gradient" --tolerance 1'
    with pytest.raises(px.PlugaxError, match="may mean"):
        read_request(shlex.split(text))


def test_wrong_words_are_told_before_anything_is_made():
    with pytest.raises(px.PlugaxError, match="'gradient then lbfgs'"):
        solver_of('regression --solver "gradient and lbfgs"')
    with pytest.raises(px.errors.UnknownNameError, match="'lbfgz'"):
        solver_of('regression --solver "gradient then lbfgz"')


def test_a_comparison_takes_them_with_options():
    problem = read_request(["regression"]).problem
    entries = entries_of(
        problem, ["gradient then bfgs", ["newton then bfgs", "--first-steps", "3"]]
    )
    label, spec = list(entries.items())[1]
    assert label == "newton then bfgs(first_steps=3)"
    assert (spec["first"]["name"], spec["first_steps"]) == ("newton", 3)
