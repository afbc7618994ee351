"""The commands that only answer: list, describe, plugins, doctor."""

import pytest

import plugax as px


def test_list_of_a_kind_is_a_list_of_objects(call):
    listed = call("list", "problems", "--json").json
    assert listed[0] == {"name": "bowl", "plugin": "stranger", "summary": "A round bowl"}
    assert [entry["name"] for entry in listed] == ["bowl", "crooked", "deep", "orbit", "painted"]


def test_list_of_all_kinds_has_a_section_each(call):
    listed = call("list", "--json").json
    assert list(listed) == ["problems", "solvers", "optimizers", "integrators", "observers"]
    assert listed["observers"] == []
    text = call("list").out
    assert "optimizers\n  fixed " in text
    assert "observers\n  (none)" in text


def test_list_for_a_problem_has_the_solvers_that_fit_it_the_recommended_first(call):
    listed = call("list", "solvers", "--for", "bowl", "--json").json
    assert [(e["name"], e["recommended"], e["default"]) for e in listed] == [
        ("descent", True, True),
        ("jump", True, False),
    ]
    assert [e["name"] for e in call("list", "--for", "orbit", "--json").json] == ["descent"]
    assert "(default) Downhill" in call("list", "--for", "bowl").out


def test_describe_has_documentation_options_and_recipes(call):
    (described,) = call("describe", "bowl", "--json").json
    assert described["kind"] == "problem"
    assert described["documentation"] == "Find the bottom of a bowl."
    assert described["recipes"]["descent"]["steps"] == 50
    options = {option["name"]: option for option in described["options"]}
    assert options["curvature"] == {
        "name": "curvature",
        "type": "number",
        "required": False,
        "default": 1.0,
        "choices": None,
        "help": "how steep it is [per metre].",
    }
    assert options["shape"]["choices"] == ["round", "square"]
    text = call("describe", "stranger:bowl").out
    assert "--curvature  number, default 1.0" in text
    assert "colour  from Python only, default none" in text
    assert "descent  optimizer fixed (rate 0.25), tolerance 0.001, steps 50 (default)" in text


def test_describe_tells_what_a_solver_needs(call):
    (described,) = call("describe", "jump", "--json").json
    assert described["requires"] == "AbstractLeastSquares"
    assert "height  number, required" in call("describe", "jump").out
    assert "name of an optimizer, default fixed" in call("describe", "descent").out


def test_describe_tells_of_every_kind_that_has_the_name(call, manager, components):
    class Twice:
        @px.hookimpl
        def register_solvers(self, register):
            register("fixed", components.Descent)

    manager.register(Twice(), "second")
    assert [d["kind"] for d in call("describe", "fixed", "--json").json] == ["solver", "optimizer"]
    assert [d["kind"] for d in call("describe", "second:fixed", "--json").json] == ["solver"]


def test_a_name_that_two_plugins_claim_is_told(call, manager, components):
    manager.register(components.Plugin(), "double")
    for argv in (("describe", "bowl"), ("run", "bowl")):
        result = call(*argv)
        assert result.status == 2
        assert "stranger:bowl" in result.err
        assert "double:bowl" in result.err
    assert call("run", "double:bowl", "--optimizer", "double:fixed", "--json").status == 2
    argv = ("--solver", "double:descent", "--optimizer", "double:fixed", "--json")
    assert call("run", "double:bowl", *argv).json["solver"] == "double:descent"


def test_plugins_tells_what_became_of_each(call, block_bundled):
    active = call("plugins", "--json").json
    assert [plugin["name"] for plugin in active] == ["stranger"]
    assert active[0]["registers"]["optimizers"] == ["fixed", "signed"]
    every = {plugin["name"]: plugin for plugin in call("plugins", "--all", "--json").json}
    assert every.keys() == block_bundled | {"stranger"}
    blocked = every[min(block_bundled)]
    assert blocked["status"] == "blocked"
    assert blocked["error"] == "named in PLUGAX_BLOCK"
    assert blocked["distribution"] == "plugax"
    assert blocked["registers"] == {}
    assert "named in PLUGAX_BLOCK" in call("plugins", "--all").out
    assert "blocked" not in call("plugins").out


def test_doctor_tells_of_devices_versions_settings_plugins_and_caches(call):
    result = call("doctor")
    assert result.status == 0
    for said in ("cpu:0", "jaxlib", "XLA_FLAGS", "compilation cache", "stranger"):
        assert said in result.out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("lsit",), "Did you mean 'list'"),
        (("list", "problem"), "Did you mean 'problems'?"),
        (("list", "optimizers", "--for", "bowl"), "which solvers fit"),
        (("list", "--for", "bowk"), "Did you mean 'bowl'"),
        (("describe", "bowk"), "Did you mean 'bowl'"),
        (("describe", "stranger:bowk"), "Did you mean 'stranger:bowl'"),
        (("plugins", "--some"), "--some"),
        (("plot", "/nowhere"), "There is no solution in /nowhere"),
        (("resume", "/nowhere"), "There is no solution in /nowhere"),
    ],
)
def test_a_wrong_call_exits_with_two(call, argv, said):
    result = call(*argv)
    assert result.status == 2
    assert result.out == ""
    assert said in result.err


@pytest.mark.parametrize(
    "argv", [["--help"], *([c, "--help"] for c in ("list", "describe", "plugins", "doctor"))]
)
def test_help_is_an_answer(call, argv):
    result = call(*argv)
    assert result.status == 0
    assert result.out.startswith("usage: plugax")


def test_version(call):
    assert call("--version").out == f"plugax {px.__version__}\n"


def test_no_command_at_all_is_a_wrong_call(call):
    result = call()
    assert result.status == 2
    assert "commands:" in result.err


@pytest.mark.parametrize(
    "argv",
    [
        ("--help",),
        ("list",),
        ("plugins",),
        ("doctor",),
        ("describe", "bowl"),
        ("run", "bowl", "--help"),
        ("run", "bowl"),
        ("compare", "bowl", "--solvers", "descent", "--steps", 2, "--over", "tolerance=1,2"),
    ],
)
def test_answers_fit_a_narrow_terminal(call, monkeypatch, argv):
    monkeypatch.setenv("COLUMNS", "60")
    result = call(*argv)
    assert result.out
    assert [line for line in result.out.splitlines() if len(line) > 60] == []


def test_a_table_for_another_program_has_a_line_for_each(call, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    result = call("list", "problems")
    assert len(result.out.splitlines()) == len(call("list", "problems", "--json").json)
