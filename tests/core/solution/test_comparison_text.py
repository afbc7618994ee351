import math

import pytest

from plugax.comparison._text import align, duration, format_mean, markdown

NAN = math.nan


@pytest.mark.parametrize(
    ("mean", "error", "shown"),
    [
        (0.18234, 0.0021, "0.182 ± 0.002"),
        (0.18234, 0.00097, "0.182 ± 0.001"),  # rounds up to another digit
        (12.345, 0.3, "12.3 ± 0.3"),
        (12.345, 30.0, "12 ± 30"),
        (0.3837767, 4e-17, "0.3838 ± 0"),  # the rounding of a mean of equal numbers
        (123456.0, 20.0, "123456 ± 20"),
        (0.5, NAN, "0.5000"),
        (0.5, 0.0, "0.5000 ± 0"),
        (0.5, 1e-12, "0.5000000 ± 1e-12"),
        (1.5e-9, 2e-11, "(1.50 ± 0.02)e-09"),
        (1.5e-9, NAN, "1.500e-09"),
        (-2.5e8, 1e7, "(-2.5 ± 0.1)e+08"),
        (0.0, 0.003, "0.000 ± 0.003"),
        (0.0, NAN, "0.000"),
        (NAN, NAN, "–"),
        (math.inf, 1.0, "–"),
    ],
)
def test_a_mean_has_the_digits_that_its_error_leaves_it(mean, error, shown):
    assert format_mean(mean, error) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(77e-6, "77 µs"), (1.234e-3, "1.23 ms"), (2.0, "2 s"), (5e-9, "0.005 µs"), (NAN, "–")],
)
def test_a_duration_is_in_the_unit_that_suits_it(seconds, shown):
    assert duration(seconds) == shown


def test_tables_line_up():
    rows = [["solver", "x"], ["a", "1"], ["long name", "10"]]
    assert align(rows).splitlines() == [
        "solver      x",
        "─────────────",
        "a           1",
        "long name  10",
    ]
    # Where the columns do not fit, the last ones stand below, with the labels again.
    wide = [[*row, *row[1:]] for row in rows]
    first, second = align(wide, width=15).split("\n\n")
    assert first == second == align(rows)
    assert markdown([["a|b", "x"], ["c", "1"]]) == "| a\\|b | x |\n| --- | ---: |\n| c | 1 |\n"
