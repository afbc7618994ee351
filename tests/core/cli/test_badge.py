"""A badge tells how the kit went, and is green only if every check was run and passed."""

import json
import sys
import xml.etree.ElementTree as ElementTree

import pytest

import plugax as px
from plugax.cli import _badge, _check
from plugax.cli._badge import GREEN, GREY, RED, write_badge


@pytest.fixture
def quick(monkeypatch):
    """`quick(**outcomes)`: every component has these checks, and no others."""

    def quick(**outcomes):
        def check(passes):
            if not passes:
                raise AssertionError("it does not hold")

        checks = {name: lambda passes=passes: check(passes) for name, passes in outcomes.items()}
        monkeypatch.setattr(_check, "checks_of", lambda *_: ("optimizer", checks))

    return quick


@pytest.fixture
def badge(tmp_path):
    """A file with a green badge of an earlier run."""
    path = tmp_path / "kit.svg"
    write_badge(path, passed=7)
    assert GREEN in path.read_text()
    return path


def read(path):
    """What a badge says and its color."""
    root = ElementTree.fromstring(path.read_text())
    *_, message = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    _, color = [rect.get("fill") for rect in root.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert root.get("aria-label") == f"plugax kit: {message}"
    return message, color


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((23, 0, 0), ("passed 23", GREEN)),
        ((22, 1, 0), ("failed 1 of 23", RED)),
        ((3, 1, 19), ("failed 1 of 23", RED)),
        ((22, 0, 1), ("passed 22, not run 1", GREY)),
        ((0, 0, 0), ("not run", GREY)),
        ((0, 0, 2), ("not run", GREY)),
    ],
)
def test_only_all_checks_make_it_green(numbers, expected, tmp_path):
    for path in (tmp_path / "kit.svg", tmp_path / "kit.json"):
        write_badge(path, *numbers)
    assert read(tmp_path / "kit.svg") == expected
    found = json.loads((tmp_path / "kit.json").read_text())
    assert found.pop("schemaVersion") == 1
    assert found == {"label": _badge.LABEL, "message": expected[0], "color": expected[1]}


def test_checks_that_pass_are_counted(call, quick, badge):
    quick(dtypes=True, descends=True)
    assert call("check", "fixed", "--badge", badge).status == 0
    assert read(badge) == ("passed 2", GREEN)


def test_a_check_that_fails_is_told(call, quick, badge):
    quick(dtypes=True, descends=False)
    assert call("check", "fixed", "--badge", badge).status == 1
    assert read(badge) == ("failed 1 of 2", RED)


@pytest.mark.parametrize(
    "arguments",
    [("fixde",), ("fixed", "--rat", "1"), ("--plugin", "nobody"), (), ("--seed", "x", "fixed")],
)
def test_an_older_badge_does_not_outlive_a_call_that_failed(call, badge, arguments):
    assert call("check", *arguments, "--badge", badge).status == 2
    assert read(badge) == ("not run", GREY)


def test_an_older_badge_does_not_outlive_a_run_that_broke_off(call, badge, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(_check, "run_checks", interrupt)
    assert call("check", "fixed", "--badge", badge).status == 130
    assert read(badge) == ("not run", GREY)


@pytest.mark.parametrize(
    ("file", "message"),
    [("kit.png", "ends in .svg or .json"), ("nowhere/kit.svg", "there is no directory")],
)
def test_a_badge_that_cannot_be_written_is_refused_first(call, tmp_path, file, message):
    result = call("check", "fixed", "--badge", tmp_path / file)
    assert result.status == 2
    assert message in result.err


class Needy(px.AbstractProblem):
    """A problem that cannot be made without an option."""

    path: str

    def init(self, key):
        raise NotImplementedError

    def loss(self, unknowns, batch, key):
        raise NotImplementedError


class Mixed:
    """Components that are fine, that need an option, and that cannot be made."""

    @px.hookimpl
    def register_problems(self, register):
        register("needy", Needy)
        register("lost", "nowhere:Lost")

    @px.hookimpl
    def register_optimizers(self, register):
        register("fine", "components:Fixed")


def test_a_whole_plugin_is_checked(call, manager, components, monkeypatch, badge):
    monkeypatch.setitem(sys.modules, "components", components)
    manager.register(Mixed(), "mixed")
    result = call("check", "--plugin", "mixed", "--badge", badge, "--json")
    needy, lost, fine = result.json["components"]
    assert (needy["target"], needy["checks"], needy["passed"]) == ("mixed:needy", [], False)
    assert "cannot be imported: ModuleNotFoundError" in lost["checks"][0]["message"]
    assert len(fine["checks"]) == 6
    # Its rate is a Python number, and so it fails one.
    assert (result.status, result.json["failed"], result.json["not_run"]) == (1, 2, 1)
    assert read(badge) == ("failed 2 of 8", RED)
    lines = call("check", "--plugin", "mixed").out.splitlines()
    assert lines[-2:] == [
        "2 of 7 checks failed",
        "mixed:needy was not checked: it needs path; check it by itself",
    ]


class Listener:
    """A plugin without components."""

    @px.hookimpl
    def before_run(self):
        raise NotImplementedError


def test_a_plugin_without_components_is_never_green(call, manager, badge):
    manager.register(Listener(), "listener")
    result = call("check", "--plugin", "listener", "--badge", badge)
    assert result.status == 0
    assert "'listener' registers nothing that could be checked" in result.out
    assert read(badge) == ("not run", GREY)
    assert call("check", "--plugin", "listener", "--json").json["passed"] is False


def test_a_plugin_and_a_target_are_one_too_many(call):
    result = call("check", "--plugin", "stranger", "orbit")
    assert result.status == 2
    assert "Either --plugin, or one target; got both 'stranger' and 'orbit'." in result.err
