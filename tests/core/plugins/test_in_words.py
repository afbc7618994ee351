import pytest

import plugax as px
from plugax.plugins import in_words


def test_then_joins_two_solvers_or_more():
    assert in_words("a then b") == ("then", {"first": "a", "second": "b"})
    name, options = in_words("a  then b then m:c")
    assert (name, options["first"]) == ("then", "a")
    assert options["second"] == {"name": "then", "first": "b", "second": "m:c"}


def test_one_word_is_a_name():
    assert in_words("gradient") == ("gradient", {})
    assert in_words("then") == ("then", {})


@pytest.mark.parametrize(
    "text", ["a then", "a b", "then b", "a then then", "a then b then", "a then b c", "a and b"]
)
def test_other_words_are_refused_with_an_example(text):
    with pytest.raises(px.PlugaxError, match="'gradient then lbfgs'"):
        in_words(text)


def test_a_word_close_to_then_is_corrected():
    with pytest.raises(px.PlugaxError, match="Did you mean 'then'"):
        px.solver("gradient than lbfgs")


def test_an_unknown_part_is_named():
    with pytest.raises(px.errors.UnknownNameError, match=r"'lbfgz'.*Did you mean 'lbfgs'"):
        px.solver("gradient then lbfgz")
