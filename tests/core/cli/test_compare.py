import csv
import io
import os
import subprocess
import sys

import pytest

PLUGAX = "import sys; from plugax.cli import main; sys.exit(main())"
SHORT = ("compare", "bowl", "--solvers", "descent", "--seeds", 2)


def test_a_comparison_prints_a_table_and_exits_with_zero(call):
    result = call(*SHORT, "--dim", 3)
    assert result.status == 0
    title, head, rule, row = result.out.splitlines()
    assert title == "bowl"
    assert head.startswith("solver")
    assert "distance" in head
    assert set(rule) == {"─"}
    assert row.startswith("descent")
    assert result.err == ""


def test_json_is_one_object_with_every_figure(call):
    result = call(*SHORT, "--dim", 3, "--json")
    assert result.status == 0
    assert result.json["problem"] == "bowl"
    assert result.json["options"]["dim"] == 3
    assert result.json["seeds"] == [0, 1]
    (row,) = result.json["rows"]
    assert row["statuses"] == ["converged"] * 2
    assert len(row["scores"]["distance"]) == 2
    assert row["distance"] == pytest.approx(sum(row["scores"]["distance"]) / 2)
    assert row["options"]["name"] == "descent"
    assert {"seconds_per_step", "compile_seconds", "failed"} < row.keys()
    assert result.json["provenance"]["device"]["platform"] == "cpu"
    assert call(*SHORT, "--format", "json").json["seeds"] == [0, 1]


def test_what_a_plugin_prints_is_not_in_the_json(call):
    result = call("compare", "deep", "--solvers", "descent", "--steps", 2, "--seeds", 1, "--json")
    assert result.json["provenance"]["precision"] == "float64"
    assert "a plugin that prints" in result.err


def test_the_other_formats(call):
    rows = list(csv.DictReader(io.StringIO(call(*SHORT, "--format", "csv").out)))
    assert [row["solver"] for row in rows] == ["descent"]
    assert call(*SHORT, "--format", "markdown").out.startswith("| solver | distance |")


@pytest.mark.parametrize("suffix", ["csv", "json", "md", "png"])
def test_the_table_is_written_to_a_file_too(call, tmp_path, suffix):
    path = tmp_path / f"table.{suffix}"
    assert call(*SHORT, "--out", path).status == 0
    assert path.stat().st_size > 0
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_comparison_goes_over_an_option(call):
    result = call(*SHORT, "--over", "tolerance=1e-1,1e-3", "--json")
    assert result.json["over"] == "tolerance"
    assert [row["tolerance"] for row in result.json["rows"]] == [0.1, 0.001]


def test_a_solver_has_options_of_its_own(call):
    one = "descent --tolerance 1e-1"
    other = "descent --optimizer signed --size .125 --solver.optimizer.dim 4 --tolerance none"
    argv = ("compare", "bowl", "--seeds", 1, "--dim", 3, "--steps", 4)
    argv = (*argv, "--solver", one, "--solvers", "descent", "--solver", other, "--solver", one)
    rows = call(*argv, "--json").json["rows"]
    assert [row["solver"] for row in rows] == [
        "descent(tolerance=0.1)",
        "descent",
        "descent(optimizer=signed, optimizer.size=0.125, optimizer.dim=4, tolerance=none)",
        "descent(tolerance=0.1) #2",
    ]
    hasty, usual, signed, again = (row["options"] for row in rows)
    # What the problem recommends stays, where it was meant for these options.
    assert hasty == again == usual | {"tolerance": 0.1}
    assert usual["optimizer"] == {"name": "fixed", "rate": 0.25}
    expected = {"name": "signed", "size": 0.125, "momentum": 0.9, "dim": 4}
    assert signed["optimizer"] == expected
    assert signed["tolerance"] is None
    # Four steps of 1/8 down from 1.
    assert rows[2]["distance"] == pytest.approx(0.5 * 3**0.5)
    table = call(*argv, "--format", "markdown").out
    assert table.splitlines()[2].startswith("| descent(tolerance=0.1) |")


def test_options_of_one_solver_and_values_of_all_go_together(call):
    argv = ("compare", "bowl", "--solver", "descent --rate .5", "--over", "tolerance=1e-1,1e-3")
    rows = call(*argv, "--seeds", 1, "--json").json["rows"]
    assert [row["tolerance"] for row in rows] == [0.1, 0.001]
    assert {row["solver"] for row in rows} == {"descent(optimizer.rate=0.5)"}
    assert {row["options"]["optimizer"]["rate"] for row in rows} == {0.5}


def test_help_on_one_solver_lists_its_options(call):
    result = call("compare", "bowl", "--solver", "descent --help")
    assert result.status == 0
    assert "--tolerance" in result.out


def test_chosen_metrics_and_what_nobody_reports(call):
    result = call(*SHORT, "--metrics", "distance,speed")
    assert result.out.splitlines()[-1].startswith("No solver reports speed; there are distance")


def test_a_run_that_fails_exits_with_one(call):
    result = call(*SHORT, "--steps", 2)
    assert result.status == 1
    assert "2 not-converged" in result.out
    assert "descent: The solver did not converge within 2 steps." in result.out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("compare",), "Which problem?"),
        (("compare", "bwol"), "Did you mean 'bowl'"),
        (("compare", "bowl", "--solvers", "descent,decent"), "Did you mean 'descent'"),
        (("compare", "bowl"), "needs the option 'height'"),
        (("compare", "deep"), "recommends no solvers; give some with --solvers"),
        (("compare", "deep", "--solvers", "descent", "--dim", 2), "there is no option --dim"),
        (("compare", "bowl", "--solver", "decent --rate 1"), "Did you mean 'descent'"),
        (
            ("compare", "bowl", "--solver", "descent --toleranc 1"),
            '--solver "descent --toleranc 1": there is no option --toleranc. Did you mean '
            "'--tolerance'",
        ),
        (
            ("compare", "bowl", "--solver", "descent --rate quick"),
            "--rate: expected number; got 'quick'",
        ),
        (("compare", "bowl", "--solver", "descent 3"), "unexpected argument '3'"),
        (("compare", "bowl", "--solver", "--rate 3"), 'as in "A --option value"; got'),
        (("compare", "bowl", "--solver", "descent '"), "No closing quotation"),
        (("compare", "bowl", "--solver", "jump"), "needs the option 'height'"),
        ((*SHORT, "--seeds", 0), "Seeds must be different whole numbers"),
        ((*SHORT, "--out", "table.xls"), "expected a directory, or a file that ends in one of"),
        ((*SHORT, "--out", "no/where/table.csv"), "there is no directory"),
        ((*SHORT, "--over", "tolerance"), "expected OPTION=A,B,…; got 'tolerance'"),
        ((*SHORT, "--over", "colour=1"), "no option 'colour'"),
    ],
)
def test_a_wrong_call_exits_with_two_and_says_what_is_wrong(call, argv, message):
    result = call(*argv)
    assert (result.status, result.out) == (2, "")
    assert message in result.err


def test_help_lists_the_options_of_the_problem(call):
    result = call("compare", "bowl", "--help")
    assert result.status == 0
    assert "--curvature" in result.out
    assert "--solvers" in result.out


@pytest.mark.parametrize("command", ["compare", "check"])
def test_help_imports_no_jax(command, block_bundled, root):
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, (root / "core",))))
    command = [sys.executable, "-X", "importtime", "-c", PLUGAX, command, "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "plugax.cli._main" in imported
    assert not imported & {"jax", "numpy", "equinox", "matplotlib"}
