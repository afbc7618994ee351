import tomllib

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px


def test_a_run_reports_one_json_object_and_exits_with_zero(call):
    result = call("run", "bowl", "--json")
    assert result.status == 0
    assert result.json["problem"] == "bowl"
    assert result.json["solver"] == "descent"
    assert result.json["status"] == "converged"
    assert result.json["options"]["solver"]["optimizer"] == {"name": "fixed", "rate": 0.25}
    assert result.json["options"]["problem"]["centre"] == [0.0]
    assert result.json["metrics"]["names"] == ["a", "b"]
    assert result.json["metrics"]["none"] is None  # NaN, which JSON cannot say
    assert result.json["device"] == "cpu:0"
    assert result.json["steps"] <= 50
    assert {"compile_seconds", "run_seconds", "import_seconds"} < result.json.keys()
    assert result.err == ""


def test_a_run_reports_to_people_on_a_few_lines(call):
    result = call("run", "bowl")
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[0] == "bowl · descent"
    assert lines[1].startswith("converged The solver converged after")
    assert any(line.split()[0] == "distance" for line in lines)
    assert result.err == ""


def test_what_a_problem_has_to_say_of_a_run_is_told_everywhere(call, components, tmp_path):
    result = call("run", "bowl", "--tilted", "--steps", 40, "--out", tmp_path)
    remark = result.out.splitlines()[2]
    assert remark.startswith("The bowl leans, since step ")
    assert list(px.load(tmp_path).status.remarks) == [remark]
    assert str(px.load(tmp_path).status).endswith(remark)
    assert call("run", "bowl", "--tilted", "--steps", 40, "--json").json["remarks"] == [remark]
    assert call("run", "bowl", "--json").json["remarks"] == []
    solver = components.Descent(px.optimizer("fixed", rate=0.25), 1e-3)
    swept = px.sweep(components.Bowl(tilted=True), solver, over={"seed": range(2)}, steps=40)
    assert [status.remarks for status in swept.status] == [(remark,)] * 2


def test_the_result_is_that_of_the_library(call, components, tmp_path):
    call("run", "bowl", "--dim", 3, "--centre", 0.5, "--seed", 7, "--out", tmp_path)
    solver = components.Descent(px.optimizer("fixed", rate=0.25), 1e-3)
    expected = px.solve(components.Bowl(dim=3, centre=(0.5,)), solver, seed=7, steps=50)
    np.testing.assert_array_equal(px.load(tmp_path).unknowns, expected.unknowns)


def test_not_converging_exits_with_one(call):
    result = call("run", "bowl", "--steps", 2, "--json")
    assert result.status == 1
    assert result.json["status"] == "not-converged"
    assert result.json["steps"] == 2


def test_diverging_exits_with_one_and_valid_json(call):
    result = call("run", "bowl", "--rate", 1e30, "--json")
    assert result.status == 1
    assert result.json["status"] == "non-finite"


def test_a_switch_to_another_optimizer_leaves_its_predecessors_options_behind(call):
    result = call("run", "bowl", "--optimizer", "signed", "--size", 0.5, "--json")
    assert result.json["options"]["solver"]["optimizer"] == {
        "name": "signed",
        "size": 0.5,
        "momentum": 0.9,
        "dim": 3,
    }
    assert result.json["options"]["solver"]["tolerance"] is None  # it was meant for the other


def test_every_form_of_a_flag_means_the_same(call):
    forms = ["--rate", "--solver.optimizer.rate"]
    values = [
        call("run", "bowl", form, 0.3, "--json").json["options"]["solver"]["optimizer"]["rate"]
        for form in forms
    ]
    assert values == [0.3, 0.3]


def test_values_have_the_types_of_the_options(call):
    result = call(
        *("run", "bowl", "--json", "--dim", 3, "--centre", "-1e-3,2,.5", "--tilted"),
        *("--shape", "square", "--label", "none", "--tolerance", "none", "--steps", 1),
    )
    options = result.json["options"]
    assert options["problem"] == {
        "dim": 3,
        "curvature": 1.0,
        "centre": [-0.001, 2.0, 0.5],
        "shape": "square",
        "tilted": True,
        "label": None,
        "colour": None,
    }
    assert options["solver"]["tolerance"] is None
    assert result.json["status"] == "completed"
    off = call("run", "bowl", "--json", "--no-tilted", "--label", "rim")
    assert off.json["options"]["problem"]["tilted"] is False
    assert off.json["options"]["problem"]["label"] == "rim"


def test_negative_numbers_need_no_equals_sign(call):
    assert (
        call("run", "bowl", "--curvature", "-1e-3", "--json").json["options"]["problem"][
            "curvature"
        ]
        == -1e-3
    )


def test_flags_may_stand_before_the_problem(call):
    assert call("run", "--dim", 4, "bowl", "--json").json["options"]["problem"]["dim"] == 4


def test_the_inner_component_may_be_in_the_problem(call):
    result = call("run", "orbit", "--integrator", "euler", "--substeps", 3, "--json")
    assert result.json["options"]["problem"]["integrator"] == {"name": "euler", "substeps": 3}


def test_the_common_options_keep_their_names(call):
    result = call("run", "bowl", "--solver", "jump", "--height", 1, "--steps", 3, "--json")
    assert result.json["steps"] == 3
    assert result.json["options"]["solver"]["steps"] == 1
    inner = call("run", "bowl", "--solver", "jump", "--height", 1, "--solver.steps", 9, "--json")
    assert inner.json["options"]["solver"]["steps"] == 9


def test_a_name_may_say_its_plugin(call):
    result = call("run", "stranger:bowl", "--solver", "stranger:descent", "--json")
    assert result.status == 0
    assert result.json["problem"] == "stranger:bowl"
    assert result.json["options"]["solver"]["tolerance"] == 1e-3  # its recipe was found


def test_precision_follows_the_problem_and_the_flag_and_is_put_back(call):
    assert call("run", "deep", "--solver", "descent", "--json").json["precision"] == "float64"
    single = call("run", "deep", "--solver", "descent", "--precision", "float32", "--json")
    assert single.json["precision"] == "float32"
    assert call("run", "bowl", "--precision", "float64", "--json").json["precision"] == "float64"
    assert jnp.result_type(float) == "float32"


def test_what_a_plugin_prints_does_not_spoil_the_json(call):
    result = call("run", "deep", "--solver", "descent", "--steps", 1, "--json")
    assert result.json["steps"] == 1
    assert "a plugin that prints" in result.err


def test_help_has_options_with_defaults_units_and_headings(call):
    result = call("run", "bowl", "--help")
    assert result.status == 0
    text = " ".join(result.out.split())
    assert "--steps N" in text
    assert "options of the problem bowl" in text
    assert "options of the solver descent" in text
    assert "options of the optimizer fixed" in text
    assert "--curvature NUMBER how steep it is [per metre] (default: 1.0)" in text
    assert "--rate NUMBER the fraction (default: 0.25)" in text  # the recipe's
    assert "--shape {round,square}" in text
    assert "--[no-]tilted" in text
    assert "--tolerance NUMBER|NONE" in text
    assert "--colour" not in text  # a function, which has no text


def test_help_follows_the_flags(call):
    text = call("run", "bowl", "--solver", "jump", "--help").out
    assert "options of the solver jump" in text
    assert "has to be given (required)" in " ".join(text.split())
    assert "--solver.steps" in text
    assert (
        "options of the optimizer signed"
        in call("run", "bowl", "--optimizer", "signed", "--help").out
    )
    assert "--optimizer NAME" in call("run", "--help").out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("bowl", "--lerning-rate", "3"), "there is no option --lerning-rate"),
        (("bowl", "--curvatur", "3"), "Did you mean '--curvature'"),
        (("bowk",), "Did you mean 'bowl'"),
        (("bowl", "--solver", "desent"), "Did you mean 'descent'"),
        (("bowl", "--optimizer", "fixd"), "Did you mean 'fixed'"),
        (("bowl", "--dim", "many"), "expected integer; got 'many'"),
        (("bowl", "--dim", "2.5"), "expected integer; got '2.5'"),
        (("bowl", "--shape", "oval"), "expected round|square; got 'oval'"),
        (("bowl", "--centre", "1,x"), "expected number,…; got '1,x'"),
        (("bowl", "--dim", "0"), "dim must be at least 1; got 0"),
        (("bowl", "--dim"), "expected one argument"),
        (("bowl", "--steps", "0"), "steps must be a whole number, at least 1"),
        (("bowl", "--steps", "ten"), "--steps: expected integer; got 'ten'"),
        (("bowl", "--seed", "-1"), "seed must be a whole number from 0 to"),
        (("bowl", "other"), "unexpected argument 'other'"),
        (("bowl", "--device", "abacus"), "There is no device 'abacus' here"),
        (("bowl", "--precision", "float16"), "float32"),
        (("bowl", "--integrator", "euler"), "Neither the problem bowl nor the solver descent"),
        (("bowl", "--solver", "jump"), "needs the option 'height'"),
        (("orbit", "--solver", "jump", "--height", "1"), "AbstractLeastSquares"),
        (("orbit", "--dim", "2", "--optimizer", "signed"), "--solver.optimizer.dim"),
        (("deep",), "recommends no solver"),
        ((), "Which problem?"),
        (("bowl", "--config", "/nowhere.toml"), "cannot be read"),
        (("bowl", "--out", "/dev/null/x"), "Nothing can be saved in /dev/null/x"),
    ],
)
def test_a_wrong_call_is_told_on_standard_error_and_exits_with_two(call, argv, said):
    result = call("run", *argv)
    assert result.status == 2
    assert result.out == ""
    # This problem is made to see what fits, and prints.
    before = "a plugin that prints\n" if argv == ("deep",) else ""
    assert result.err.startswith(f"{before}plugax: ")
    assert said in result.err
    assert "Traceback" not in result.err


def test_an_ambiguous_short_form_names_the_qualified_ones_which_work(call):
    argv = ("run", "orbit", "--optimizer", "signed", "--json")
    refused = call(*argv, "--dim", 2)
    assert "--problem.dim or --solver.optimizer.dim" in refused.err
    result = call(*argv, "--problem.dim", 2, "--solver.optimizer.dim", 5)
    assert result.json["options"]["problem"]["dim"] == 2
    assert result.json["options"]["solver"]["optimizer"]["dim"] == 5


def test_out_holds_a_configuration_that_repeats_the_run(call, tmp_path):
    first, again = tmp_path / "a", tmp_path / "b"
    before = call(
        *("run", "bowl", "--curvature", 3, "--optimizer", "signed", "--momentum", "none", "--json"),
        *("--tolerance", "none", "--seed", 5, "--out", first),
    ).json
    after = call("run", "--config", first / "config.toml", "--out", again, "--json").json
    timed = {key for key in before if key.endswith("_seconds")} | {"out"}
    assert {k: v for k, v in after.items() if k not in timed} == {
        k: v for k, v in before.items() if k not in timed
    }
    assert (again / "config.toml").read_text() == (first / "config.toml").read_text()
    tables = tomllib.loads((first / "config.toml").read_text())
    run = {"seed": 5, "steps": 1000, "evaluate_every": "never", "precision": "float32"}
    assert tables["run"] == run
    assert tables["solver"]["tolerance"] == "none"  # the recipe's would come back otherwise


def test_the_history_keeps_what_is_asked_for_again_and_again(call, tmp_path):
    flags = ("--record", "loss", "--record-every", 4, "--steps", 9)
    call("run", "bowl", *flags, "--out", tmp_path / "a")
    call("run", "--config", tmp_path / "a" / "config.toml", "--out", tmp_path / "b")
    for directory in ("a", "b"):
        history = px.load(tmp_path / directory).history
        assert [*history] == ["loss"]
        assert history.step.values.tolist() == [0, 4, 8]
    call("run", "bowl", "--record", "none", "--steps", 9, "--out", tmp_path / "c")
    assert not px.load(tmp_path / "c").history
    assert "no metric 'los'" in call("run", "bowl", "--record", "los").err


def test_arrays_paths_and_members_of_an_enumeration_have_flags(call, tmp_path):
    flags = ("--weights", "1,2.5", "--shade", "dark", "--path", "a/b")
    result = call("run", "painted", *flags, "--json", "--out", tmp_path / "run")
    assert result.json["metrics"] == {"total": 3.5, "shade": "dark", "path": "a/b"}
    given = {"weights": [1.0, 2.5], "shade": "dark", "path": "a/b"}
    assert result.json["options"]["problem"] == given
    again = call("run", "--config", tmp_path / "run" / "config.toml", "--json")
    assert again.json["metrics"] == result.json["metrics"]
    loaded = px.load(tmp_path / "run").problem
    assert (loaded.weights.tolist(), loaded.shade.name) == ([1.0, 2.5], "dark")


def test_none_takes_an_option_back(call, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[problem]\nname = 'painted'\nweights = [1.0]\n")
    assert call("run", "--config", config, "--json").json["metrics"]["total"] == 1
    taken = call("run", "--config", config, "--weights", "none", "--json")
    assert taken.json["metrics"]["total"] == 0


def test_what_only_python_can_say_is_told_so(call):
    result = call("run", "painted", "--activation", "tanh")
    assert (result.status, result.out) == (2, "")
    assert "from Python only: px.problem('painted', activation=…)" in result.err


def test_what_a_component_raises_is_one_line_that_says_where(call):
    result = call("run", "crooked")
    assert result.status == 1
    (line,) = result.err.splitlines()
    assert "LookupError: no such figure" in line
    assert "Crooked.evaluate" in line
    assert "components.py, line " in line
    assert "--traceback" in line


def test_an_author_may_see_the_traceback(call, monkeypatch):
    assert "Traceback" in call("run", "crooked", "--traceback").err
    monkeypatch.setenv("PLUGAX_TRACEBACK", "1")
    assert "Traceback" in call("run", "crooked").err
    # An error of the user's own is a line, unless it is asked for more.
    monkeypatch.setenv("PLUGAX_TRACEBACK", "0")
    assert "Traceback" not in call("run", "crooked").err


def test_quiet_leaves_the_result(call):
    usual, quiet = call("run", "bowl"), call("run", "bowl", "--quiet")
    assert quiet.status == usual.status == 0
    assert "compiled in" in usual.out
    assert "compiled in" not in quiet.out
    assert "distance" in quiet.out


def test_verbose_tells_what_was_decided_apart_from_the_answer(call):
    result = call("run", "bowl", "--dim", 3, "--steps", 7, "--verbose", "--json")
    assert result.json["steps"] <= 7
    for line in (
        "plugax: device: cpu:0",
        "plugax: precision: float32 (JAX's)",
        "dim=3",
        "plugax: steps: at most 7 (asked for)",
        "plugax: compiled in:",
    ):
        assert line in result.err
    assert "plugax: device" not in call("run", "bowl").err


def test_quiet_and_verbose_at_once_are_refused(call):
    result = call("list", "--quiet", "--verbose")
    assert (result.status, result.out) == (2, "")
