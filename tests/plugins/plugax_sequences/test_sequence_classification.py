"""Sequences and texts in a table: what is learned from, and what is wrong with a column."""

import numpy as np
import pytest

import plugax as px
from plugax.cli import main
from plugax_sequences import SequenceClassification
from plugax_sequences._alphabet import alphabet_of
from plugax_supervised import split

random = np.random.default_rng(3)
NUMBER = 60
LENGTHS = random.integers(3, 9, NUMBER)
WHO = np.repeat([f"s{k}" for k in range(NUMBER)], LENGTHS)
KIND = np.where(np.arange(NUMBER) % 2, "up", "down")
# A ramp that rises or falls, in units of its own, and noise.
RAMP = np.concatenate([np.arange(n) * (1 if k % 2 else -1) for k, n in enumerate(LENGTHS)])
WALKS = {
    "who": WHO,
    "x": 500 + 100 * (RAMP + 0.1 * random.normal(size=len(WHO))),
    "y": random.normal(size=len(WHO)),
    "kind": np.repeat(KIND, LENGTHS),
}
WORDS = {
    "word": ["".join(random.choice(list("abc" if k % 2 else "xyz"), 4)) for k in range(NUMBER)],
    "kind": KIND,
}
SMALL = {"width": 4, "batch_size": 12, "buckets": 1}


@pytest.fixture(scope="module")
def walks():
    problem = px.problem(
        "sequence-classification", data=WALKS, response="kind", sequence="who", **SMALL
    )
    return px.solve(problem, epochs=30)


@pytest.mark.slow
def test_rising_and_falling_sequences_are_told_apart(walks):
    assert walks.metrics["validation_accuracy"] == 1
    rows = {"who": ["a"] * 3 + ["b"] * 4, "x": [500, 600, 700, 500, 400, 300, 200], "y": [0] * 7}
    assert walks.predict(rows).tolist() == ["up", "down"]
    found = walks.predict_table(rows)
    assert list(found) == ["who", "kind", "probability down", "probability up"]
    assert found["who"].tolist() == ["a", "b"]
    assert (found["probability up"] > 0.5).tolist() == [True, False]


def test_features_are_scaled_by_the_training_part_alone(walks):
    """Other values in the sequences that are kept back change nothing."""
    kept = np.isin(np.arange(NUMBER), split(NUMBER, 0.2, 0, np.arange(NUMBER) % 2)[1])
    other = WALKS | {"x": np.where(np.repeat(kept, LENGTHS), 1e9, WALKS["x"])}
    changed = SequenceClassification(other, "kind", "who", **SMALL)
    assert changed.scaling == walks.problem.scaling
    values, lengths = walks.problem.train.arrays[0]
    own = np.concatenate([v[:n] for v, n in zip(values, lengths, strict=True)])
    np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-4)
    assert (len(walks.problem.train.arrays[1]), len(walks.problem.validation[1])) == (48, 12)


def test_the_rows_of_a_sequence_need_not_be_side_by_side():
    order = np.argsort(np.concatenate([np.arange(n) for n in LENGTHS]), kind="stable")
    mixed = SequenceClassification({k: v[order] for k, v in WALKS.items()}, "kind", "who", **SMALL)
    plain = SequenceClassification(WALKS, "kind", "who", **SMALL)
    np.testing.assert_array_equal(mixed.rows(WALKS)[0], plain.rows(WALKS)[0])
    for found, expected in zip(mixed.train.arrays[0], plain.train.arrays[0], strict=True):
        # Means are of sums in another order.
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_columns_are_chosen():
    problem = SequenceClassification(WALKS, "kind", "who", columns=("y",), **SMALL)
    assert problem.rows(WALKS)[0].shape == (NUMBER, LENGTHS.max(), 1)


def test_words_are_told_apart_by_their_letters_also_with_unknown_ones():
    problem = px.problem(
        "sequence-classification", data=WORDS, response="kind", text="word", **SMALL
    )
    solution = px.solve(problem, epochs=30)
    assert solution.metrics["validation_accuracy"] == 1
    assert problem.alphabet.characters == "abcxyz"
    assert solution.predict({"word": ["aaab?", "Żxyz"]}).tolist() == ["up", "down"]


def test_an_accent_is_a_letter_however_it_was_typed_and_rare_letters_are_unknown():
    alphabet = alphabet_of(["e\u0301a", "\u00e9a", "aq"])
    assert alphabet.characters == "a\u00e9"
    assert [t.tolist() for t in alphabet.tokens(["a\u00e9q", "e\u0301"])] == [[1, 2, 0], [2]]


def test_a_saved_run_predicts_from_files(tmp_path, capsys):
    table, out = tmp_path / "walks.csv", tmp_path / "found.csv"
    lines = [
        ",".join(WALKS),
        *(",".join(map(str, row)) for row in zip(*WALKS.values(), strict=True)),
    ]
    table.write_text("\n".join(lines))
    words = ["sequence-classification", "--data", table, "--response", "kind", "--sequence", "who"]
    options = ["--width", 4, "--batch-size", 12, "--buckets", 1, "--epochs", 1]
    run = tmp_path / "run"
    assert main([str(w) for w in ["run", *words, *options, "--quiet", "--out", run]]) == 0
    assert main([str(w) for w in ["predict", run, "--data", table, "--out", out]]) == 0
    assert capsys.readouterr().out.endswith(f"{out}\n")
    header, *rows = out.read_text().splitlines()
    assert header == "who,kind,probability down,probability up"
    assert [row.split(",")[0] for row in rows] == [f"s{k}" for k in range(NUMBER)]


def fails(data=WALKS, response="kind", sequence="who", **options):
    return lambda: SequenceClassification(data, response, sequence, **options)


def with_cell(name, cell, row=5):
    column = [*WALKS[name]]
    column[row] = cell
    return WALKS | {name: column}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (fails(sequence=None), r"--sequence.*--text.*'who', 'x', 'y', 'kind'"),
        (fails(text="kind"), "Name either"),
        (fails(sequence="whom"), "no column 'whom', which sequence names. Did you mean 'who'"),
        (fails(response="knd"), "no column 'knd', which response names. Did you mean 'kind'"),
        (fails(WORDS, sequence=None, text="wrd"), "no column 'wrd', which text names"),
        (fails(columns=("z",)), "no column 'z', which columns names"),
        (fails(columns=("x", "kind")), "'kind' is among the columns to learn from"),
        (fails(WORDS, sequence=None, text="word", columns=("x",)), "a text has none"),
        (fails(with_cell("x", "abc")), "index 5, column 'x': 'abc' is not a number"),
        (fails(with_cell("x", "")), "index 5, column 'x': the value is missing"),
        (fails(with_cell("who", "")), "index 5, column 'who' is empty"),
        (
            fails(with_cell("kind", "sideways", 1)),
            r"index 1.*'sideways', but 'down' at index 0.*'s0'",
        ),
        (fails(WALKS | {"kind": ["a"] * len(WHO)}), "holds one class, 'a'"),
        (fails({"who": WHO, "kind": WALKS["kind"]}), "no column besides 'kind' and 'who'"),
        (
            fails({"t": ["a", " "], "k": [0, 1]}, "k", None, text="t"),
            "index 1, column 't' is empty",
        ),
        (fails(width=0), "width is a number of 1 or more; got 0"),
        (fails(layers=0), "layers is a number of 1 or more; got 0"),
        (fails(model="convolution", bidirectional=True), "a convolution looks both ways"),
        (fails(dropout=1.0), "below 1; got 1.0"),
        (fails(buckets=0), "buckets is a number"),
        (fails(validation=1.0), "validation is the share"),
        (fails(metrics=("rmse",)), "about numbers"),
    ],
)
def test_a_bad_column_or_option_is_named(call, message):
    with pytest.raises(px.PlugaxError, match=message):
        call()


def test_a_new_table_lacks_a_column(walks):
    with pytest.raises(px.PlugaxError, match="no column 'y', which columns names"):
        walks.predict({"who": ["a"], "x": [1.0]})
