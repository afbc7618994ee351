"""Rank: terms that say the same are found and named, and nothing else is taken for them."""

import numpy as np
import pytest

import plugax as px
from plugax_regression._rank import check_rank

RANDOM = np.random.default_rng(0)
ONES, A, B, C = np.ones(12), *RANDOM.normal(size=(3, 12))
NAMES = ("intercept", "a", "b", "c")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ((ONES, A, B, A), "'c' is a multiple of 'a'."),
        ((ONES, A, B, -1e9 * A), "'c' is a multiple of 'a'."),
        ((ONES, A, np.full(12, 3.3), C), "'b' is the same in all rows, as the intercept is."),
        ((ONES, A, np.zeros(12), C), "'b' is zero in all rows."),
        ((ONES, A, B, 0.1 + 0.2 * A - B), "'c' is a combination of 'intercept', 'a', 'b'."),
        ((ONES, A, B, 1e-2 * A + 1e2 * B), "'c' is a combination of 'a', 'b'."),
        ((ONES, A, 2 * A, 3 * A), "'b' is a multiple of 'a'. 'c' is a multiple of 'a'."),
    ],
)
def test_terms_that_say_the_same_are_named(columns, sentence):
    rank = 2 if columns[2] is not B and columns[3] is not C else 3
    with pytest.raises(px.PlugaxError) as caught:
        check_rank(np.stack(columns, axis=1), NAMES)
    assert f"the 4 terms have rank {rank}. {sentence} Leave" in str(caught.value)


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_units_have_no_say(scale):
    check_rank(np.stack([ONES, scale * A, B, C / scale], axis=1), NAMES)


def test_dummy_variables_for_all_classes_are_too_many():
    classes = np.eye(3)[np.arange(12) % 3]
    with pytest.raises(px.PlugaxError, match="'c' is a combination of 'intercept', 'a', 'b'"):
        check_rank(np.column_stack([ONES, classes]), NAMES)
    check_rank(classes, NAMES[1:])


@pytest.mark.parametrize("degree", [2, 5, 10])
def test_polynomials_are_independent(degree):
    """Over [−9, −3], as in Filip: condition numbers up to 10¹⁰."""
    x = np.linspace(-9, -3, 82)
    check_rank(x[:, None] ** np.arange(degree + 1), tuple(f"x^{k}" for k in range(degree + 1)))


def test_columns_may_be_as_close_as_single_precision_has_digits():
    check_rank(np.stack([ONES, A, B, A + 1e-8 * C], axis=1), NAMES)
