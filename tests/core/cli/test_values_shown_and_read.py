import pytest

from plugax.cli._tables import show_metric
from plugax.cli._values import _several


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x,log(x)", ("x", "log(x)")),
        ("log(x),x", ("log(x)", "x")),
        ("(a, b)", ("a", "b")),
        ("[a,b]", ("a", "b")),
        ("a", ("a",)),
        ("", ()),
    ],
)
def test_brackets_belong_to_the_list_only_where_they_hold_all_of_it(text, parts):
    assert _several(text, (str, ...)) == parts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345678, "0.123457"),
        ([1.0, 2.5], "1  2.5"),
        ([[1, 2, 3], [4, 5, 6]], "2 × 3 numbers, with --json or in solution.json"),
        ([], ""),
    ],
)
def test_a_metric_is_shown_in_one_line(value, text):
    assert show_metric(value) == text
