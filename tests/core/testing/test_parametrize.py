"""One test for every component and check, of what is given and of what is registered."""

import re
import subprocess
import sys

import jax
import pytest

import plugax as px
from plugax.testing import check_loss, collect_checks, parametrize_checks
from plugax.testing.kinds._references import Line, Rosenbrock, Valley


class Exact(Valley):
    """Wants float64, and says what it was made in."""

    made_in: object = None
    precision = "float64"

    def __init__(self):
        self.made_in = jax.numpy.ones(1)


class Mine:
    """A plugin as an object."""

    made = 0

    @px.hookimpl
    def register_problems(self, register):
        register("valley", Valley)
        register("sized", sized)
        register("lost", "nowhere_to_be_found:Problem")


def sized(size: int) -> px.AbstractProblem:
    """A factory with an option.

    Arguments:
        size: not used.
    """
    Mine.made += 1
    return Rosenbrock()


@pytest.fixture
def manager():
    plugins = px.PluginManager(discover=False)
    plugins.register(Mine(), "mine")
    return plugins


def names(checks):
    return [check.id for check in checks]


def test_a_component_has_the_checks_of_all_that_it_is():
    general = names(collect_checks(problems={"a": Valley()}))
    squares = names(collect_checks(problems={"a": Rosenbrock()}))
    linear = names(collect_checks(problems={"a": Line}))
    assert set(squares) - set(general) == {"problem-a-residuals"}
    assert set(linear) - set(squares) == {"problem-a-residuals_affine"}
    assert "problem-a-loss" in general


def test_objects_and_constructors_may_be_given_and_constructors_are_called_when_needed():
    calls = []

    def make():
        calls.append(1)
        return Valley()

    checks = collect_checks(problems={"made": Valley(), "class": Valley, "function": make})
    assert not calls
    assert len(checks) == 3 * len(collect_checks(problems={"a": Valley}))
    for check in checks:
        if check.check is check_loss:
            check()
            check(jax.random.key(3))
    assert len(calls) == 1


def test_everything_a_plugin_registered_is_checked_with_the_options_given(manager):
    Mine.made = 0
    checks = collect_checks(plugin="mine", plugins=manager, options={"sized": {"size": 3}})
    found = {check.subject.name: check for check in checks if check.check is check_loss}
    assert set(found) == {"valley", "sized", "lost"}
    assert not Mine.made
    found["valley"]()
    found["sized"]()
    assert Mine.made == 1
    with pytest.raises(px.errors.PluginError, match="nowhere_to_be_found"):
        found["lost"]()


def test_an_option_that_is_missing_is_named(manager):
    checks = collect_checks(plugin="mine", plugins=manager)
    with pytest.raises(px.PlugaxError, match="needs the option 'size'"):
        next(check for check in checks if check.subject.name == "sized")()


def test_a_problem_that_wants_float64_is_made_in_it():
    for make in (Exact, lambda: Exact()):
        check = collect_checks(problems={"exact": make})[0]
        assert check.subject.component.made_in.dtype == "float64"


def test_observers_are_made_anew_for_every_check():
    class Once(px.AbstractObserver):
        runs = 0

        def on_start(self, steps):
            self.runs += 1

        def on_end(self, solution):
            assert self.runs <= 2  # a run and a population, of one check

    (check,) = collect_checks(observers={"once": Once})
    check()
    check()


def test_checks_can_be_left_out_by_name():
    all_of_them = names(collect_checks(problems={"a": Valley}))
    fewer = names(collect_checks(problems={"a": Valley}, without={"a": ["check_figures"]}))
    assert set(all_of_them) - set(fewer) == {"problem-a-figures"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"plugin": "optaxe"}, "No plugin 'optaxe' is active.* Did you mean 'optax'"),
        ({"problems": {"a": Valley}, "without": {"b": []}}, "without names 'b'"),
        ({"problems": {"a": Valley}, "without": {"a": ["check_los"]}}, "'check_loss'"),
        ({"problems": {"a": Valley}, "options": {"b": {}}}, "options names 'b'"),
        ({"problems": {"a": 3}}, "The problem 'a' is a int; give an AbstractProblem"),
    ],
)
def test_wrong_calls_are_explained(wrong, message):
    with pytest.raises(px.PlugaxError, match=message):
        collect_checks(**wrong)


def test_a_function_that_makes_something_else_is_told():
    checks = collect_checks(problems={"a": lambda: 3})
    with pytest.raises(AssertionError, match="'a' is a int, which is not an AbstractProblem"):
        checks[0]()


@parametrize_checks(problems={"valley": Valley()}, without={"valley": ["check_figures"]})
def test_it_parametrizes_a_test(check):
    assert callable(check)


def test_the_kit_needs_no_pytest_and_no_matplotlib():
    program = (
        "import sys, plugax.testing as t\n"
        "t.collect_checks(problems={})\n"
        "assert not {'pytest', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.slow
def test_the_example_of_the_docs_passes_as_tests(root, tmp_path):
    page = (root / "docs" / "testing.md").read_text()
    example = re.search(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "test_example.py").write_text(example.group(1))
    # Of its own, or pytest looks for one above: the temporary directory may lie in the project.
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^2\d passed", done.stdout, re.MULTILINE), done.stdout
