"""Tables of a report fit the terminal, whatever its width."""

import pytest

from plugax import Table
from plugax.cli._tables import table_text

TABLE = Table(
    {"name": ["a", "longer"], "value": [1.0, -0.123456], "count": [3, 1000], "": ["", "held"]},
    title="A table",
)


def test_numbers_stand_to_the_right_and_texts_to_the_left():
    assert table_text(TABLE, 80).splitlines() == [
        "A table",
        "  name       value  count",
        "  a              1      3",
        "  longer  -0.12346   1000  held",
    ]


@pytest.mark.parametrize("width", [12, 20, 26, 60])
def test_columns_that_do_not_fit_stand_below(width):
    lines = table_text(TABLE, width).splitlines()
    # The first column and one other is the least that a line can hold.
    assert all(len(line) <= max(width, 18) for line in lines)
    assert sum(line.startswith("  longer") for line in lines) == lines.count("") + 1
    for cell in ("-0.12346", "1000", "held"):
        assert sum(cell in line for line in lines) == 1
