"""The help of an option is shown without the rest of the docstring it was written in."""

import re

import pytest

import plugax as px
from plugax.plugins import options_of

# What points at a text that is not there.
ELSEWHERE = re.compile(
    r"\babove\b(?! (zero|one|\d))|\b(options?|as described|see) below\b|\blikewise\b|"
    r"\bas documented\b|\bformula\b|^(the same|those|these|of it|the former|the latter)\b",
    re.IGNORECASE,
)


def components():
    return px.default_manager().components()


@pytest.mark.parametrize("component", components(), ids=lambda c: f"{c.kind}-{c.name}")
def test_help_refers_to_nothing_that_is_not_shown(component):
    texts = {option.name: option.help for option in options_of(component.load())}
    assert {name: text for name, text in texts.items() if ELSEWHERE.search(text)} == {}


@pytest.mark.parametrize("text", ["relative tolerance of the test above", "the same before"])
def test_what_points_elsewhere_is_found(text):
    assert ELSEWHERE.search(text)
