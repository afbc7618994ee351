"""`--help` is short, the usual first; `--help-all` has everything."""

import pytest

from plugax.cli._help import brief


@pytest.mark.parametrize(
    ("text", "short"),
    [
        (
            "how steep it is [per metre] (default: 1.0)",
            "how steep it is [per metre] (default: 1.0)",
        ),
        (
            "the dt; none at the start [steps] (default: 1, of a)",
            "the dt [steps] (default: 1, of a)",
        ),
        ("λ, a factor. In a method it fades (default: 1.0)", "λ, a factor (default: 1.0)"),
        ("what x is: identity x, or square x² (required)", "what x is (required)"),
        ("steps, e.g. 3, of the run; default: 1", "steps, e.g. 3, of the run; default: 1"),
        ("default: the first that is recommended", "default: the first that is recommended"),
        ("a name; may be elsewhere instead", "a name"),
        ("", ""),
    ],
)
def test_a_brief_text_keeps_the_first_clause_the_unit_and_the_default(text, short):
    assert brief(text) == short


def test_the_usual_options_come_first_and_the_rest_is_in_help_all(call):
    short, whole = (
        " ".join(call("run", "bowl", flag).out.split()) for flag in ("--help", "--help-all")
    )
    order = [
        *("--solver NAME", "--steps N", "--seed K", "--out DIR", "--force", "--json"),
        *("options of the problem bowl", "options of the solver descent", "--help-all` shows"),
    ]
    places = [short.index(text) for text in order]
    assert places == sorted(places)
    assert "stop where the loss falls below this (default: 0.001)" in short
    assert "None runs all steps" not in short
    assert "None runs all steps" in whole
    for flag in ("--chunk", "--device", "--precision", "--record", "--config", "--observer"):
        assert f"{flag} " not in short
        assert f"{flag} " in whole
    assert whole.index("further options") > whole.index("--json")


@pytest.mark.parametrize("command", ["run", "compare", "resume", "check"])
def test_commands_with_many_options_say_where_the_rest_is(call, command):
    short, whole = (call(command, flag) for flag in ("--help", "--help-all"))
    assert (short.status, whole.status) == (0, 0)
    assert short.out.endswith(
        f"`plugax {command} --help-all` shows all options, with their whole texts.\n"
    )
    assert "shows all options, with" not in whole.out


def test_help_all_is_understood_by_every_command(call):
    assert call("list", "--help-all").out == call("list", "--help").out
    assert "--help-all" not in call("list", "--help").out
    text = call("compare", "bowl", "--solver", "descent --help-all").out
    assert "None runs all steps" in " ".join(text.split())


def test_names_in_help_are_as_they_are_written(call):
    assert "--shape {round,square}" in call("run", "bowl", "--help").out
    assert "--shade {light,dark}" in call("run", "painted", "--help").out
