"""Mixtures of the user's own tables: predictions, tables, figures, criteria, errors."""

import numpy as np
import pytest

import plugax as px
from plugax.cli import main
from plugax_mixtures import GaussianMixture, StudentTMixture, criteria_figure, criteria_of
from plugax_mixtures._check import check_mixture


@pytest.fixture(autouse=True)
def double(x64):
    return x64


@pytest.fixture(scope="module")
def lengths():
    rng = np.random.default_rng(5)
    return {"length": np.concatenate([rng.normal(0, 1, 40), rng.normal(6, 0.5, 30)])}


@pytest.fixture(scope="module")
def numbers_of_components(lengths):
    """A sweep over 1 to 3 components."""
    import jax

    with jax.enable_x64(True):
        over = {"problem.components": [1, 2, 3], "seed": range(3)}
        problem = px.problem("gaussian-mixture", data=lengths, components=1)
        return px.sweep(problem, "em", over=over)


def test_criteria_find_the_number_of_components(numbers_of_components, lengths):
    found = criteria_of(numbers_of_components)
    assert found.components.tolist() == [1, 2, 3]
    assert found.best() == found.best("icl") == 2
    # One component is the normal distribution of all rows.
    spread = np.std(lengths["length"])
    one = -70 * (np.log(spread) + 0.5 * np.log(2 * np.pi) + 0.5)
    assert found.log_likelihood[0] == pytest.approx(one, rel=1e-10)
    np.testing.assert_allclose(found.aic, 2 * np.array([2, 5, 8]) - 2 * found.log_likelihood)
    assert np.all(found.icl >= found.bic - 1e-9)
    assert np.all(np.diff(found.log_likelihood) > -1e-6)
    with pytest.raises(px.PlugaxError, match="'bic', 'icl' or 'aic'"):
        found.best("dic")


def test_criteria_have_a_figure(numbers_of_components):
    axes = criteria_figure(numbers_of_components).axes[0]
    assert axes.get_xlabel() == "number of components"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["AIC", "BIC", "ICL"]


def test_criteria_of_another_problem_are_refused():
    sweep = px.sweep("regression", "gradient", over={"seed": range(2)}, steps=2)
    with pytest.raises(px.PlugaxError, match="takes a sweep of a mixture"):
        criteria_of([sweep])


def test_one_column_is_drawn_with_its_densities(numbers_of_components):
    solution = numbers_of_components.select(problem__components=2).best()
    axes = solution.figures()["components"].axes[0]
    assert axes.get_xlabel() == "length"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["rows", "component 1", "component 2", "mixture"]
    # The density of the mixture integrates to 1, but for what lies outside of the axis.
    x, y = axes.get_lines()[2].get_data()
    assert np.trapezoid(y, x) == pytest.approx(1, abs=0.02)


def test_predictions_are_probabilities(numbers_of_components):
    solution = numbers_of_components.select(problem__components=2).best()
    found = solution.predict_table({"length": [-1.0, 6.2], "other": ["a", "b"]})
    assert list(found) == ["component", "probability 1", "probability 2", "log_density"]
    assert found["component"].tolist() == [1, 2]
    np.testing.assert_allclose(found["probability 1"] + found["probability 2"], 1)
    assert solution.predict([0.0, 6.0]).tolist() == [1, 2]
    weights, means = np.asarray(solution.metrics["weights"]), np.asarray(solution.metrics["means"])
    variances = np.asarray(solution.metrics["covariances"])[:, 0, 0]
    gaps = (6.2 - means[:, 0]) ** 2 / variances
    density = np.sum(weights * np.exp(-gaps / 2) / np.sqrt(2 * np.pi * variances))
    assert found["log_density"][1] == pytest.approx(np.log(density), rel=1e-10)
    with pytest.raises(px.PlugaxError, match="no column 'length', which the mixture names"):
        solution.predict({"width": [1.0]})
    with pytest.raises(px.PlugaxError, match="has the 1 columns 'length'"):
        solution.predict(np.zeros((3, 2)))


def test_tables_have_the_names_of_the_columns(groups):
    problem = StudentTMixture(groups, 2, covariance="tied")
    solution = px.solve(problem, "em", steps=2)
    components, matrices = solution.problem.tables(solution)
    assert list(components.columns) == [
        *("component", "weight", "rows", "mean length", "mean width"),
        *("scale length", "scale width", "freedom"),
    ]
    assert matrices.title == "scale matrices"
    assert matrices.columns["component"] == ["all", "all"]
    assert matrices.columns["column"] == ["length", "width"]
    length = components.columns["scale length"]
    assert matrices.columns["length"][0] == pytest.approx(length[0] ** 2)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"components": 0}, "components is a number of 1 or more"),
        ({"least_spread": 1.0}, "least_spread must be at least 0 and less than 1"),
        (
            {"columns": ("lenght",)},
            "no column 'lenght', which columns names.*Did you mean 'length'",
        ),
        ({"columns": ()}, "columns names no column"),
        ({"columns": ("length", "length")}, "columns lists 'length' 2 times"),
        ({"components": 90}, "90 components of 2 columns need at least 91"),
        ({"data": [1.0, 2.0, 3.0]}, "one array of two axes"),
        ({"data": {"x": ["a", "b", "c"]}}, "index 0, column 'x': 'a' is not a number"),
        ({"data": {"x": [1.0, None, 2.0]}}, "index 1, column 'x': the value is missing"),
        ({"data": {"x": [2.0] * 9, "y": range(9)}}, "column 'x' is the same in every row"),
        (
            {"data": {"x": np.arange(9), "y": 2 * np.arange(9)}},
            "one is a combination of the others",
        ),
    ],
)
def test_what_cannot_be_used_is_told(groups, changed, said):
    with pytest.raises(px.PlugaxError, match=said):
        GaussianMixture(**{"data": groups, "components": 2, **changed})


@pytest.mark.parametrize(
    ("covariance", "start", "said"),
    [
        ("round", "mixed", "covariance must be one of full, tied, diagonal, spherical"),
        ("full", "somewhere", "start must be one of mixed, k-means, random"),
    ],
)
def test_a_choice_that_does_not_exist_is_told(covariance, start, said):
    with pytest.raises(px.PlugaxError, match=said):
        check_mixture(2, covariance, start, 1e-3)


def test_degrees_of_freedom_are_positive(groups):
    with pytest.raises(px.PlugaxError, match="freedom must be a positive number"):
        StudentTMixture(groups, 2, freedom=-1.0)


def test_parameters_that_are_given_have_to_fit(groups):
    problem = GaussianMixture(groups, 2)
    with pytest.raises(px.PlugaxError, match="must have the shapes"):
        problem.unknowns_of([1.0], [[0.0, 0.0]], [np.eye(2)])
    with pytest.raises(px.PlugaxError, match="covariances positive definite"):
        problem.unknowns_of([0.5, 0.5], np.zeros((2, 2)), [np.eye(2), -np.eye(2)])


@pytest.mark.slow
def test_a_file_is_learned_and_predicted_from_the_command_line(groups, tmp_path, capsys):
    path, out = tmp_path / "leaves.csv", tmp_path / "run"
    rows = zip(*groups.values(), strict=True)
    lines = ["tree,length,width", *(f"t,{x:.4f},{y:.4f}" for x, y in rows)]
    path.write_text("\n".join(lines))
    told = ["--data", str(path), "--columns", "length,width", "--components", "3"]
    assert main(["run", "gaussian-mixture", *told, "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "mean length" in shown
    assert "covariances" in shown
    assert main(["predict", str(out), "--data", str(path)]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.startswith("component,probability 1,")
    counts = np.bincount([int(line.split(",")[0]) for line in lines])[1:]
    assert sorted(counts.tolist()) == [20, 30, 40]
    assert main(["run", "gaussian-mixture", *told[:-1], "0"]) != 0
    assert "components is a number of 1 or more" in capsys.readouterr().err
