"""Networks for tables: what is learned from, in which units, and what is wrong with a column."""

import math

import numpy as np
import pytest

import plugax as px
from plugax_supervised import Classification, RegressionNetwork
from plugax_supervised._split import split

random = np.random.default_rng(1)
ROWS = 300
KIND = random.integers(0, 3, ROWS)
LENGTH = np.asarray([0.0, 3.0, 6.0])[KIND] + random.normal(size=ROWS)
WIDTH = 1e6 * random.normal(size=ROWS)
COLOUR = np.asarray(["red", "green", "blue"])[random.integers(0, 3, ROWS)]
KINDS = {
    "length": LENGTH,
    "width": WIDTH,
    "colour": COLOUR,
    "kind": np.asarray(["ant", "bee", "cow"])[KIND],
}
YIELD = {
    "x": LENGTH,
    "colour": COLOUR,
    "price": 1e4 + 300 * LENGTH + 1000 * (COLOUR == "red") + random.normal(size=ROWS),
}
SHORT = {"hidden": (16,), "batch_size": 32}


@pytest.fixture(scope="module")
def kinds():
    return px.solve(px.problem("classification", data=KINDS, response="kind", **SHORT), epochs=40)


@pytest.mark.slow
def test_three_classes_are_told_apart_as_well_as_they_can_be(kinds):
    """Middles at 0, 3 and 6, variance 1: the borders are missed by Φ(−1.5), the inner one twice."""
    wrong = 4 / 3 * 0.5 * (1 - math.erf(1.5 / math.sqrt(2)))
    error = math.sqrt(wrong * (1 - wrong) / 60)
    assert abs(kinds.metrics["validation_accuracy"] - (1 - wrong)) < 3 * error
    rows = {"length": [0.0, 6.0], "width": [0.0, 0.0], "colour": ["red", "blue"]}
    assert kinds.predict(rows).tolist() == ["ant", "cow"]
    found = kinds.predict_table(rows)
    assert list(found) == ["kind", "probability ant", "probability bee", "probability cow"]
    each = np.stack(list(found.values())[1:]).astype(float)
    np.testing.assert_allclose(each.sum(axis=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(each.argmax(axis=0), [0, 2])


def test_a_number_is_predicted_in_its_unit():
    solution = px.solve(RegressionNetwork(YIELD, "price", **SHORT), epochs=60)
    spread = np.std(YIELD["price"])
    assert solution.metrics["validation_rmse"] < 0.1 * spread
    assert solution.metrics["validation_r2"] > 0.99
    found = solution.predict_table({"x": LENGTH, "colour": COLOUR})["price"]
    kept = np.sqrt(np.mean((found - YIELD["price"]) ** 2))
    assert kept == pytest.approx(solution.metrics["validation_rmse"], rel=0.5)


def test_scales_and_medians_are_of_the_training_part_alone():
    """Other values in the rows that are kept back change neither."""
    plain = RegressionNetwork(YIELD | {"x": with_gap(LENGTH)}, "price", missing="median", **SHORT)
    kept = np.isin(np.arange(ROWS), split(ROWS, 0.2, 0)[1])
    other = {
        "x": np.where(kept, 1e9, with_gap(LENGTH)),
        "colour": COLOUR,
        "price": np.where(kept, -1e9, YIELD["price"]),
    }
    changed = RegressionNetwork(other, "price", missing="median", **SHORT)
    assert changed.scaling == plain.scaling
    assert changed.columns == plain.columns
    np.testing.assert_allclose(np.asarray(plain.train.arrays[0]).mean(axis=0), 0, atol=1e-5)


def with_gap(values, row=5):
    return np.where(np.arange(len(values)) == row, np.nan, values)


def test_missing_cells_are_filled_or_told_of():
    data = YIELD | {"x": with_gap(LENGTH), "colour": np.where(np.arange(ROWS) == 7, "", COLOUR)}
    filled = RegressionNetwork(data, "price", missing="median", **SHORT)
    told = RegressionNetwork(data, "price", missing="indicator", **SHORT)
    inputs = [name for column in told.columns for name in column.inputs]
    assert inputs == [
        *("x", "x missing", "colour=blue", "colour=green", "colour=red", "colour missing")
    ]
    rows = told.rows(data)
    np.testing.assert_array_equal(np.flatnonzero(rows[:, 1]), [5])
    np.testing.assert_array_equal(np.flatnonzero(rows[:, 5]), [7])
    assert abs(filled.rows(data)[5, 0] - np.median(LENGTH)) < 0.5
    assert np.all(rows[:, 2:5].sum(axis=1) == 1)


def test_numbers_that_stand_for_categories_are_named():
    data = KINDS | {"colour": random.integers(0, 2, ROWS)}
    problem = Classification(data, "kind", ("length", "colour"), ("colour",), **SHORT)
    inputs = [name for column in problem.columns for name in column.inputs]
    assert inputs == ["length", "colour=0", "colour=1"]


def test_classes_are_in_the_order_of_numbers():
    problem = Classification({"x": LENGTH, "kind": [2, 10, 1] * 100}, "kind", **SHORT)
    assert problem.classes == ("1", "2", "10")


def test_weights_and_balance_weigh_the_training_part():
    data = KINDS | {"w": np.arange(ROWS) % 2 + 1.0}
    one, both = (
        Classification(data, "kind", ("length",), weights="w", balanced=balanced, **SHORT)
        for balanced in (False, True)
    )
    assert set(np.asarray(one.train.arrays[2]).tolist()) == {1.0, 2.0}
    labels, weights = (np.asarray(both.train.arrays[place]) for place in (1, 2))
    share = weights / np.asarray(one.train.arrays[2])
    sums = [share[labels == label].sum() for label in range(3)]
    np.testing.assert_allclose(sums, sums[0], rtol=1e-5)
    np.testing.assert_array_equal(both.validation[2], one.validation[2])


def fails(kind=Classification, data=KINDS, response="kind", **options):
    return lambda: kind(data, response, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (fails(response="knd"), r"no column 'knd', which response names. Did you mean 'kind'"),
        (fails(response="length"), "300 different values.*regression-network"),
        (fails(RegressionNetwork, response="colour"), r"index 0, column 'colour'.*not a number"),
        (fails(columns=("length", "kind")), "'kind' is among the columns to learn from"),
        (fails(columns=("size",)), "no column 'size', which columns names"),
        (fails(categories=("size",)), "no column 'size', which categories names"),
        (fails(weights="w"), "no column 'w', which weights names"),
        (fails(data={"kind": ["a", "b"]}), "no column besides 'kind'"),
        (fails(data=KINDS | {"kind": ["a"] * ROWS}), "holds one class, 'a'"),
        (fails(data=KINDS | {"width": with_gap(WIDTH)}), r"index 5, column 'width'.*--missing"),
        (fails(data=KINDS | {"kind": [None, *KINDS["kind"][1:]]}), "of the response is missing"),
        (fails(data=KINDS | {"width": ["1,5", *WIDTH[1:]]}), "index 0, column 'width': '1,5' is"),
        (fails(data=KINDS | {"name": [f"n{i}" for i in range(ROWS)]}), "300 different texts"),
        (fails(data=KINDS | {"width": np.where(WIDTH > 0, np.inf, WIDTH)}), "not finite"),
        (fails(RegressionNetwork, YIELD | {"price": [1.0] * ROWS}, "price"), "is 1 in every row"),
        (fails(hidden=(0,)), "1 or more"),
        (fails(dropout=1.0), "below 1; got 1.0"),
        (fails(validation=1.0), "validation is the share"),
        (fails(metrics=("rmse",)), "about numbers"),
    ],
)
def test_a_bad_column_or_option_is_named(call, message):
    with pytest.raises(px.PlugaxError, match=message):
        call()


def test_a_new_table_lacks_a_column_or_holds_a_new_category(kinds):
    rows = {"length": [0.0], "width": [0.0], "colour": ["pink"]}
    with pytest.raises(px.PlugaxError, match=r"'pink' is not among the categories.*'blue'"):
        kinds.predict(rows)
    with pytest.raises(px.PlugaxError, match="no column 'width', which the model names"):
        kinds.predict({"length": [0.0], "colour": ["red"]})


def test_a_saved_run_predicts_from_files_what_it_predicts_here(tmp_path, capsys):
    table, out = tmp_path / "kinds.csv", tmp_path / "found.csv"
    lines = [
        ",".join(KINDS),
        *(",".join(map(str, row)) for row in zip(*KINDS.values(), strict=True)),
    ]
    table.write_text("\n".join(lines))
    problem = px.problem("classification", data=table, response="kind", **SHORT)
    solution = px.solve(problem, epochs=2, out=tmp_path / "run")
    assert plugax_main("predict", tmp_path / "run", "--data", table, "--out", out) == 0
    assert capsys.readouterr().out.strip() == str(out)
    header, *rows = out.read_text().splitlines()
    assert header == "kind,probability ant,probability bee,probability cow"
    assert [row.split(",")[0] for row in rows] == solution.predict(table).tolist()


def plugax_main(*words):
    from plugax.cli import main

    return main([str(word) for word in words])
