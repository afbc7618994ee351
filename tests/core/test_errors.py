"""Errors a user may want to tell apart, and the hints in them."""

import inspect

import pytest

from plugax import errors
from plugax.errors import PlugaxError, did_you_mean


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("adm", " Did you mean 'adam' or 'adamw'?"),
        ("ADAM", " Did you mean 'adam' or 'adamw'?"),
        ("lbfgs", " Did you mean 'L-BFGS'?"),
        ("ada", " Did you mean 'adam' or 'adamw'?"),
        ("rosenbrock", ""),
        ("", ""),
    ],
)
def test_close_names_are_suggested_whatever_their_case(name, hint):
    assert did_you_mean(name, ["adamw", "adam", "L-BFGS", "adam"]) == hint


@pytest.mark.parametrize(
    ("name", "known"),
    [("rtps", "lars"), ("--data", "--tilted"), ("mine:hill", "mine:valley"), ("--a.x", "--a.rate")],
)
def test_a_name_that_is_not_near_is_no_suggestion(name, known):
    assert not did_you_mean(name, [known])


def test_all_that_differ_in_case_only_are_suggested():
    assert did_you_mean("sgd", {"SGD", "Sgd"}) == " Did you mean 'SGD' or 'Sgd'?"


@pytest.mark.parametrize(
    "error",
    [e for _, e in inspect.getmembers(errors, inspect.isclass) if issubclass(e, Exception)],
)
def test_every_error_is_caught_as_one_of_plugax(error):
    assert issubclass(error, Warning if error.__name__.endswith("Warning") else PlugaxError)
