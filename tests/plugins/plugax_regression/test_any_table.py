"""Any file as a table of data, through the command line: a message, and never a wrong fit.

`nox -s faults` asks for as many examples as `PLUGAX_FAULTS` says.
"""

import csv
import io
import json
import os

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as hnp

from plugax.cli import main

EXAMPLES = int(os.environ.get("PLUGAX_FAULTS", "0") or 0)
pytestmark = pytest.mark.filterwarnings("default")
NUMBERS = st.floats(-1e3, 1e3, width=32) | st.integers(-5, 5).map(float)
CELLS = (
    NUMBERS.map(repr)
    | st.sampled_from(["", " ", "NA", "nan", "inf", "1e400", "1,5", "1_0", "½", "x", '"', "1\n2"])
    | st.text(max_size=4)
)


def examples(few):
    return settings(
        max_examples=EXAMPLES * 5 or few,
        deadline=None,
        derandomize=not EXAMPLES,
        # What was printed before is read away at every example.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture
def fitted(tmp_path, capsys):
    """What the command line says to a file of that content: a status, a report or a message."""

    def fitted(content):
        path = tmp_path / "data.csv"
        path.write_bytes(content)
        capsys.readouterr()
        words = ["run", "linear-regression", "--data", str(path), "--response", "y", "--json"]
        status = main(words)
        found = capsys.readouterr()
        assert "Traceback" not in found.err
        assert "--traceback shows all" not in found.err, "an exception that nobody foresaw"
        if status == 2:
            assert "plugax: " in found.err
            return status, found.err
        assert status in (0, 1)
        return status, json.loads(found.out)

    return fitted


def table(rows, quoting, end):
    file = io.StringIO()
    writer = csv.writer(file, quoting=quoting, lineterminator=end)
    writer.writerows([["a", "b", "y"], *rows])
    return file.getvalue().encode("utf-8", "replace")


FORMS = {
    "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    "end": st.sampled_from(["\n", "\r\n"]),
}


@examples(40)
@given(numbers=hnp.arrays(np.float64, (7, 3), elements=NUMBERS), **FORMS)
def test_the_fit_of_a_table_is_that_of_its_numbers(fitted, numbers, quoting, end):
    status, found = fitted(table(numbers.tolist(), quoting, end))
    design = np.column_stack([np.ones(7), numbers[:, :2]])
    scale = np.linalg.norm(design, axis=0)
    spread = np.linalg.svd(design / np.where(scale > 0, scale, 1), compute_uv=False)
    if status == 2:
        assert spread[-1] < 1e-3 * spread[0], found  # the terms are not independent
        return
    if spread[-1] > 1e-2 * spread[0]:
        wanted, *_ = np.linalg.lstsq(design, numbers[:, 2])
        estimates = found["metrics"]["coefficients"]
        size = np.abs(numbers[:, 2]).max() + 1e-6
        np.testing.assert_allclose(estimates * scale, wanted * scale, atol=1e-6 * size)


@examples(40)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=5, max_size=5), **FORMS)
def test_any_cells(fitted, rows, quoting, end):
    status, found = fitted(table(rows, quoting, end))
    if status != 2:
        # Numbers only, so nothing was passed over.
        assert found["tables"][0]["columns"]
        assert all(len(row) == 3 for row in rows)


@examples(40)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode()))
def test_any_bytes(fitted, content):
    status, _ = fitted(content)
    assert status == 2
