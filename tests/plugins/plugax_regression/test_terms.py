"""Terms: what a text stands for, and what is said of one that stands for nothing."""

import numpy as np
import pytest

import plugax as px
from plugax_regression import _table, _terms

X, Z = np.array([1.0, 2.0, 4.0]), np.array([3.0, -1.0, 0.5])
TABLE = _table.table_of({"x": X, "z": Z, "a:b": X + Z, "gross (%)": Z + 9, "x^2": X * 0})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", X),
        (" x ", X),
        ("x^3", X**3),
        ("x**3", X**3),
        ("x^-1", 1 / X),
        ("x^0.5", X**0.5),
        ("I(x^3)", X**3),
        ("x:z", X * Z),
        ("x^3:z^2", X**3 * Z**2),
        ("x : z : z", X * Z * Z),
        ("log(x)", np.log(X)),
        ("log(x)^2:z", np.log(X) ** 2 * Z),
        ("sqrt(gross (%))", np.sqrt(Z + 9)),
        ("abs(z)", np.abs(Z)),
        ("a:b", X + Z),
        ("x^2", X * 0),
        ("gross (%)", Z + 9),
    ],
)
def test_a_term_is_a_function_of_columns(text, expected):
    term = _terms.parse_term(text, TABLE.cells)
    assert term.name == text.strip()
    np.testing.assert_array_equal(term.of(TABLE), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X", "There is no column 'X', which a term names. Did you mean 'x'"),
        ("q", "There is no column 'q', which a term names. The columns are 'x', 'z'"),
        ("x:q", "There is no column 'q', which the term 'x:q' names"),
        ("log(q)", r"There is no column 'q', which the term 'log\(q\)' names"),
        ("sin(x)", "there is no function 'sin'; there are log, "),
        ("x*z", "Write a product of columns with a colon, as in x:z"),
        ("x^0", "\\^ must be followed by a number other than 0; got '0'"),
        ("z^y", "\\^ must be followed by a number other than 0; got 'y'"),
        ("1", "the model has an intercept unless intercept=False"),
        ("intercept", "the model has an intercept unless intercept=False"),
        ("", "A term is empty"),
        ("x:", "There is no column '', which the term 'x:' names"),
    ],
)
def test_what_is_no_term_is_refused(text, message):
    with pytest.raises(px.PlugaxError, match=message):
        _terms.parse_term(text, TABLE.cells)


@pytest.mark.parametrize("text", ["log(z)", "sqrt(z)", "z^0.5", "log(z):x"])
def test_a_term_that_is_not_defined_names_the_row(text):
    with pytest.raises(px.PlugaxError, match=r"data, index 1: the term .* no finite value at .*-1"):
        _terms.parse_term(text, TABLE.cells).of(TABLE)
