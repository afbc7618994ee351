"""plugax sweep."""

import json

import numpy as np
import pytest

import plugax as px

RATES = ("--over", "rate=0.01:1:log:5")


def test_the_members_are_those_of_the_library_the_best_first(call, components, tmp_path):
    result = call("sweep", "bowl", *RATES, "--over", "seed=0:2", "--out", tmp_path / "a", "--json")
    assert result.status == 0
    solver = components.Descent(px.optimizer("fixed", rate=0.25), 1e-3)
    over = {"optimizer.rate": np.geomspace(0.01, 1, 5), "seed": range(2)}
    expected = px.sweep(components.Bowl(), solver, over=over, steps=50)
    saved = px.load(tmp_path / "a")
    np.testing.assert_allclose(saved.unknowns, expected.unknowns, rtol=1e-6)
    losses = result.json["members"]["loss"]
    assert losses == sorted(losses)
    assert len(losses) == 10
    best = expected.best()
    assert result.json["best"]["over"]["optimizer.rate"] == best.coordinates["optimizer.rate"]


def test_the_table_is_cut_and_ends_with_what_to_do_next(call, tmp_path):
    result = call("sweep", "bowl", "--over", "rate=0.01:1:20", "--out", tmp_path / "a")
    assert result.status == 0
    assert "… and 8 more; --json prints all" in result.out
    assert "best loss at optimizer.rate 1" in result.out
    # A long path may be broken at the end of a line.
    assert f"figures:plugaxplot{tmp_path / 'a'}" in "".join(result.out.split())


def test_a_sweep_is_repeated_from_its_configuration(call, tmp_path):
    call("sweep", "bowl", *RATES, "--race", "halving", "--eta", 2, "--out", tmp_path / "a")
    again = call("sweep", "--config", tmp_path / "a" / "config.toml", "--out", tmp_path / "b")
    assert again.status == 0
    one, other = (px.load(tmp_path / name) for name in "ab")
    assert (one.names == "pruned").any()
    np.testing.assert_array_equal(one.steps, other.steps)
    np.testing.assert_array_equal(one.unknowns, other.unknowns)


def test_population_based_training_tells_the_schedule_of_the_best(call, tmp_path):
    told = ("--race", "population", "--steps", 12, "--rungs", 3, "--out", tmp_path / "a")
    found = call("sweep", "bowl", "--over", "rate=0.01:0.3:log:8", *told, "--json").json
    schedule = found["best"]["schedule"]
    assert schedule["step"][0] == 0
    assert schedule["optimizer.rate"][-1] == found["best"]["over"]["optimizer.rate"]
    text = call("sweep", "bowl", "--over", "rate=0.01:0.3:log:8", *told, "--force").out
    assert "its options, each from a step on:" in text
    assert call("plot", tmp_path / "a").out.splitlines()[1].endswith("lineage.png")


def test_names_of_components_and_options_that_need_programs_are_grouped(call, tmp_path):
    over = ("--over", "optimizer=fixed,signed", "--over", "dim=2,3", "--over", "seed=0:2")
    over = [word.replace("dim=", "problem.dim=") for word in over]
    result = call("sweep", "bowl", *over, "--steps", 3, "--out", tmp_path / "a", "--json")
    found = px.load(tmp_path / "a")
    assert [group.unknowns.shape for group in found] == [(2, 2), (2, 3), (2, 2), (2, 3)]
    assert set(result.json["members"]["optimizer.name"]) == {"fixed", "signed"}
    assert call("plot", tmp_path / "a").out.splitlines()[0].endswith("sweep.png")


def test_drawn_points_lie_in_their_ranges_along_one_axis(call):
    over = ("--over", "rate=0.01:1:log", "--over", "problem.curvature=0.5:1")
    for how in ("--sobol", "--random"):
        members = call("sweep", "bowl", *over, how, 8, "--json").json["members"]
        rates, curvatures = members["optimizer.rate"], members["problem.curvature"]
        assert len(set(rates)) == len(set(curvatures)) == 8
        assert all(0.01 <= rate <= 1 for rate in rates)
        assert all(0.5 <= curvature <= 1 for curvature in curvatures)


def test_the_best_may_be_the_largest(call):
    told = ("--over", "rate=0.1:0.5:3", "--steps", 2, "--json", "--best", "distance")
    least, largest = call("sweep", "bowl", *told), call("sweep", "bowl", *told, "--largest")
    assert least.json["best"]["over"]["optimizer.rate"] == 0.5
    assert largest.json["best"]["over"]["optimizer.rate"] == 0.1


def test_an_unknown_metric_costs_no_run(call, tmp_path):
    result = call("sweep", "bowl", *RATES, "--best", "distnce", "--out", tmp_path / "a")
    assert result.status == 2
    assert "no figure 'distnce' to choose by" in result.err
    assert px.load(tmp_path / "a").status.shape == (5,)


def test_resume_goes_on_to_the_very_same_population(call, tmp_path):
    told = ("--over", "size=0.1:0.5:3", "--optimizer", "signed", "--tolerance", "none")
    call("sweep", "bowl", *told, "--steps", 4, "--out", tmp_path / "a")
    call("sweep", "bowl", *told, "--steps", 9, "--out", tmp_path / "b")
    result = call("resume", tmp_path / "a", "--steps", 9)
    assert result.status == 0
    assert "best loss at optimizer.size" in result.out
    one, other = (px.load(tmp_path / name) for name in "ab")
    np.testing.assert_array_equal(one.unknowns, other.unknowns)


def test_another_sweep_replaces_one_of_another_form(call, tmp_path):
    call("sweep", "bowl", "--over", "optimizer=fixed,signed", "--steps", 2, "--out", tmp_path / "a")
    told = ("--out", tmp_path / "a", "--force")
    call("sweep", "bowl", *RATES, "--steps", 2, *told)
    assert px.load(tmp_path / "a").status.shape == (5,)
    call("sweep", "bowl", "--over", "optimizer=fixed,signed", "--steps", 2, *told)
    assert len(px.load(tmp_path / "a")) == 2
    assert json.loads((tmp_path / "a" / "sweep.json").read_text())["groups"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "nothing to sweep over"),
        (("--over", "rate"), "expected NAME=LOW:HIGH:COUNT"),
        (("--over", "rate=1:2:3:4"), "expected LOW:HIGH:COUNT"),
        (("--over", "rate=a:2:3"), "expected LOW:HIGH:COUNT"),
        (("--over", "rate=2:1:3"), "from a number to a larger one"),
        (("--over", "rate=0:1:log:3"), "begins above zero"),
        (("--over", "rate=0:1"), "no number of values"),
        (("--over", "rate=0:1:1"), "two values or more"),
        (("--over", "rate=0:1:3", "--sobol", 4), "3 values of a grid, and 4 points"),
        (("--over", "seed=0:4", "--sobol", 4), "no range to draw 4 points from"),
        (("--over", "rate=0:1", "--sobol", 4, "--random", 4), "Either --sobol or --random"),
        (("--over", "rat=0:1:3"), "Did you mean 'rate'"),
        (("--over", "rate=0:1:3", "--over", "rate=1,2"), "given twice"),
        (("--over", "seed=3:1"), "expected FIRST:END"),
        (("--over", "seed=0.5"), "expected FIRST:END"),
        (("--over", "optimizer=fixd"), "fixd"),
        (("--over", "problem.dim=2,x"), "problem.dim=2,x: expected"),
        (("--over", "problem.dim=0,2"), "dim must be at least 1"),
        (("--over", "seed=0:2", "--race", "halvin"), "halving"),
        (("--over", "seed=0:2", "--eta", 3), "--race"),
        (("--over", "seed=0:2", "--race", "halving"), "has no rung"),
        (("--over", "seed=0:8", "--race", "halving", "--eta", 1), "eta must be"),
        (("--over", "seed=0:8", "--race", "population"), "options that are numbers"),
        (("--over", "rate=0:1", "--sobol", 0), "number of points must be"),
        (("--over", "seed=0:2", "--block", 0), "block must be a whole number"),
    ],
)
def test_a_wrong_call_says_what_was_expected(call, flags, message):
    result = call("sweep", "bowl", *flags)
    assert result.status == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert result.out == ""
