"""Reading a table: what is accepted, and what is said of what is not."""

import pathlib
import re

import numpy as np
import pytest

import plugax as px
from plugax_regression import _table
from plugax_regression._delimited import read_delimited


@pytest.fixture
def write(tmp_path):
    def one(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return one


@pytest.mark.parametrize(
    "content",
    [
        "x,y\n1,2\n3,4.5\n",
        "x;y\n1;2\n3;4.5\n",
        "x\ty\n1\t2\n3\t4.5\n",
        "x  y\n 1   2\n 3  4.5",
        "x, y\r\n1, 2\r\n3, 4.5\r\n",
        "x,y\r1,2\r3,4.5\r",
        '"x","y"\n"1","2"\n"3","4.5"\n',
        b"\xef\xbb\xbfx,y\n1,2\n3,4.5\n",
        '# made by hand\n\nx,y\n1,2\n  # a remark, with a comma and a "\n\n3,4.5\n\n',
        'x,"y"\n1e0,+2\n3.,.45e1\n',
    ],
    ids=[
        "comma",
        "semicolon",
        "tab",
        "blanks",
        "crlf",
        "cr",
        "quoted",
        "bom",
        "comments",
        "forms",
    ],
)
def test_the_usual_forms_of_a_table_are_read(write, content):
    table = _table.table_of(write(content))
    assert list(table.cells) == ["x", "y"]
    np.testing.assert_array_equal(table.column("x"), [1, 3])
    np.testing.assert_array_equal(table.column("y"), [2, 4.5])


def test_names_may_hold_what_separates_where_they_are_quoted(write):
    table = _table.table_of(write('"a, b; c",y\n1,2\n3,4\n'))
    np.testing.assert_array_equal(table.column("a, b; c"), [1, 3])


def test_a_number_is_read_to_its_last_bit(write):
    values = np.random.default_rng(0).normal(size=100) * 10.0 ** np.arange(-50, 50)
    path = write("x,y\n" + "\n".join(f"{value!r},0" for value in values.tolist()))
    np.testing.assert_array_equal(_table.table_of(path).column("x"), values)


def test_columns_that_nobody_asks_for_may_hold_text(write):
    table = _table.table_of(write("name,x\nAda,1\nGrace,2\n"))
    np.testing.assert_array_equal(table.column("x"), [1, 2])


def test_lines_are_those_of_the_file(write):
    _, _, lines = read_delimited(write('# one\nx,y\n\n1,2\n"3\n",4\n# six\n5,6\n'))
    assert lines == [4, 6, 8]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "line 3, column 'x': the value is missing. Fill it in"),
        ("NA", "line 3, column 'x': the value is missing ('NA')"),
        ("nan", "line 3, column 'x': the value is missing ('nan')"),
        ("abc", "line 3, column 'x': 'abc' is not a number."),
        ("1_000", "line 3, column 'x': '1_000' is not a number."),
        ("inf", "line 3, column 'x': 'inf' is not finite."),
        ('"3,5"', "line 3, column 'x': '3,5' is not a number. Write decimals with a point."),
    ],
)
def test_a_cell_that_is_no_number_is_named_with_its_place(write, cell, message):
    table = _table.table_of(write(f"x,y\n1,2\n{cell},4\n5,\n"))
    with pytest.raises(px.PlugaxError, match=re.escape(message)):
        table.column("x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: expected a line of column names"),
        ("# nothing\n\n", "is empty"),
        ("x,y\n", "has a header, but no rows below it"),
        ("1,2\n3,4\n", "line 1: expected column names; got the numbers 1, 2"),
        ("x,x\n3,4\n", "line 1: 2 columns are called 'x'"),
        ("x,y\n1,2\n3\n", "line 3: expected 2 cells, as in the header, separated by commas; got 1"),
        ("x;y\n1;2;3\n", "line 2: expected 2 cells, as in the header, separated by semicolons"),
        ('x,y\n1,"2\n3,4\n', "not a row of cells"),
        (b"x,y\n1,\xff\n", "line 2: expected text in UTF-8; got the byte 0xff"),
        ("x,y\n1,2\n".encode("utf-16"), "line 1: expected text in UTF-8; got the byte 0xff"),
        ("x,y\n1,\0\n", "column 'y': '\\x00' is not a number"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_line(write, content, message):
    with pytest.raises(px.PlugaxError, match=re.escape(message)):
        _table.table_of(write(content)).column("y")


def test_a_file_that_cannot_be_opened_is_named(tmp_path, monkeypatch):
    with pytest.raises(px.PlugaxError, match=r"There is no file nowhere\.csv; looked for it in /"):
        _table.table_of("nowhere.csv")
    with pytest.raises(px.PlugaxError, match="cannot be read: Is a directory"):
        _table.table_of(tmp_path)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "read_bytes", refuse)
    with pytest.raises(px.PlugaxError, match="cannot be read: Permission denied"):
        _table.table_of(tmp_path / "secret.csv")


def test_arrays_are_a_table_too():
    table = _table.table_of({"x": np.arange(3), "y": [0.5, 1.5, 2.5], "sex": ["f", "m", "f"]})
    np.testing.assert_array_equal(table.column("x"), [0, 1, 2])
    np.testing.assert_array_equal(table.column("y"), [0.5, 1.5, 2.5])
    with pytest.raises(px.PlugaxError, match="data, index 0, column 'sex': 'f' is not a number"):
        table.column("sex")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"x": [1.0, 2.0], "y": [1.0]}, "must have one length; got {'x': 2, 'y': 1}"),
        ({"x": [[1.0], [2.0]]}, r"data\['x'\] must have one dimension; got the shape \(2, 1\)"),
        ({"x": []}, "data holds no rows"),
        ({}, "data holds no rows"),
        ([1, 2], "data must be a file's path, or arrays by name .* of type list"),
        ({3: [1.0]}, "must name its columns with text; got 3"),
        ({"x": [1.0, np.nan]}, "data, index 1, column 'x': nan is not finite"),
        ({"x": [1.0, None]}, "data, index 1, column 'x': the value is missing"),
        ({"x": [1j]}, "data, index 0, column 'x': 1j is not a number"),
    ],
)
def test_arrays_that_are_no_table_are_refused(data, message):
    with pytest.raises(px.PlugaxError, match=message):
        _table.table_of(data).column("x")


def test_an_unknown_column_is_answered_with_close_names():
    error = _table.unknown_column("Lenght", ["length", "width"], "response")
    assert str(error) == (
        "There is no column 'Lenght', which response names. Did you mean 'length'? "
        "The columns are 'length', 'width'."
    )
    many = _table.unknown_column("y", [f"x{i}" for i in range(30)], "response")
    assert "'x19' and 10 more" in str(many)
