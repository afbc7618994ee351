"""Whatever is written on the command line or in a file: a message, and never a wrong run.

`nox -s faults` asks for as many examples as `PLUGAX_FAULTS` says.
"""

import math
import os
import re

import hypothesis.strategies as st
import numpy as np
import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings

pytestmark = pytest.mark.filterwarnings("default")

EXAMPLES = int(os.environ.get("PLUGAX_FAULTS", "0") or 0)


def examples(few):
    return settings(
        max_examples=EXAMPLES * 5 or few,
        deadline=None,
        derandomize=not EXAMPLES,
        # The fixtures are registries, and a reader of what was printed; none holds a state.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def assert_answered(result):
    """The status is one of those that are documented, and whatever failed has been explained."""
    assert result.status in (0, 1, 2), result
    assert "Traceback" not in result.err
    assert "--traceback shows all" not in result.err, "an exception that nobody foresaw"
    if result.status == 2:
        assert re.search(r"^plugax: .{10}", result.err, re.MULTILINE), result


# Numbers beyond what their type holds, texts for numbers, and what shells and files leave behind.
STRANGE = st.sampled_from(
    [
        *("", " ", "none", "None", "yes", "no", "nan", "inf", "-inf", "-0.0", "1e400", "1e-400"),
        *("1_000", "0x10", "1e2", "½", "१", "99999999999999999999", "2147483648", "-1", "-", "--"),
        *("=", "a=b", "=1", ",", "1,,2", "1,2,3", "()", "[]", "[1", "{}", "'", '"', "a\nb", "\x00"),
        *("é", "\u202e", "日本", "/", "/dev/null", "/nowhere/x", "~", "a" * 300, "1" * 400),
        *("1:2", "1:2:log", "1:0:log:3", "0:1:lin:2", "cpu:9", "cpu:x", "gpu", "max:loss", "3s"),
        *("square", "signed", "fixed", "descent", "jump", "loss", "never", "epoch", "float16"),
    ]
)
VALUES = (
    STRANGE
    | st.integers(-3, 40).map(str)
    | st.floats(-10, 10, width=32).map(str)
    | st.text(max_size=8)
)
# What any number of steps or members could take any time for is left to small numbers.
LONG = ("--steps", "--epochs", "--seeds")
# Files are written below the test's own directory.
FILES = ("--out", "--config")
# These wait for something, or are about other computers.
APART = ("--help", "--help-all", "--profile", "--until-decided", "--cluster", "--distributed")


def flags_of(call, *words):
    shown = call(*words, "--help-all").out
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][\w.-]*", shown)) - set(APART))


@st.composite
def argument_lists(draw, flags):
    words = []
    for _ in range(draw(st.integers(1, 3))):
        flag, value = draw(st.sampled_from(flags)), draw(VALUES)
        if flag in LONG:
            value = draw(st.sampled_from(["0", "-1", "2", "1.5", "x", ""]))
        if flag in FILES:
            value = value.replace("/", "").lstrip("~.")
        words += draw(st.sampled_from([[flag], [f"{flag}={value}"], [flag, value]]))
    return words


@examples(100)
@given(data=st.data())
def test_any_options(call, data, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("run"))
    command = data.draw(st.sampled_from(["run", "sweep", "compare"]))
    over = ["--over", "curvature=1,2"] if command == "sweep" else []
    words = data.draw(argument_lists(flags_of(call, command, "bowl")))
    assert_answered(call(command, "bowl", *over, *words, "--steps", "2"))


NUMBERS = st.floats(width=32)
ONE_STEP = ("--steps", "1", "--tolerance", "none", "--json")


@examples(50)
@given(dim=st.integers(-1, 3), curvature=NUMBERS, centre=NUMBERS, seed=st.integers(0, 99))
def test_what_is_run_is_what_was_asked_for(call, dim, curvature, centre, seed):
    given = {"dim": dim, "curvature": curvature, "centre": centre}
    words = [f"--{name}={value!r}" for name, value in given.items()]
    result = call("run", "bowl", *words, "--seed", seed, *ONE_STEP)
    assert_answered(result)
    if result.status == 2:
        assert dim < 1
        return
    asked = {name: value if math.isfinite(value) else None for name, value in given.items()}
    found = result.json["options"]["problem"]
    assert (found["dim"], found["curvature"]) == (asked["dim"], asked["curvature"])
    assert found["centre"] == [asked["centre"]]
    assert result.json["seed"] == seed
    # One step down, by hand. What is too large for float32 is told; XLA may compute squares first.
    with np.errstate(all="ignore"):
        slope = np.float32(curvature) ** 2 * (1 - np.float32(centre))
        wanted = abs(1 - np.float32(0.25) * slope) * np.sqrt(np.float32(dim))
    if abs(curvature) < 1e6 and abs(centre) < 1e6:
        assert result.status == 0
        np.testing.assert_allclose(result.json["metrics"]["distance"], wanted, rtol=1e-3, atol=1e-3)
    elif not np.isfinite(wanted):
        assert (result.status, result.json["status"]) == (1, "non-finite")


TABLES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | VALUES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "dim", "steps", "over", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        *("name", "dim", "curvature", "centre", "optimizer", "tolerance", "rate", "seed", "device"),
        *("record", "evaluate_every", "precision", "keep_best", "chunk", "over", "races", "x"),
    ]
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(["problem", "solver", "observer", "run", "sweep", "x"]),
    st.dictionaries(KEYS, TABLES, max_size=3) | TABLES,
    max_size=3,
)


def without_none(value):
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return (
        [without_none(item) for item in value if item is not None]
        if isinstance(value, list)
        else value
    )


@examples(100)
@given(document=DOCUMENTS.map(without_none), raw=st.none() | st.binary(max_size=30))
def test_any_configuration(call, document, raw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.toml"
    text = {key: value for key, value in document.items() if value is not None}
    path.write_bytes(tomli_w.dumps(text).encode("utf-8", "replace") if raw is None else raw)
    for command in ("run", "sweep"):
        assert_answered(call(command, "bowl", "--config", path, "--steps", "2"))
