"""A kind of problem of a stranger's own, with laws of its own."""

import jax.numpy as jnp
import jax.random as jr
import pytest

import plugax as px
from plugax import testing
from plugax.testing.kinds._references import Descent

KEY = jr.key(0)


class Orbit(px.AbstractProblem):
    """Problems that say how long a turn takes."""

    laws = f"{__name__}:ORBITS"
    period: float = 1.0

    def init(self, key):
        return jnp.ones(2)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}


def check_orbit_period(problem, key):
    """A turn takes some time."""
    assert problem.period > 0, "an orbit has a positive period"


def check_solver_turns(solver, key, problem=None):
    """A law of the solvers for orbits."""
    seen.append(("turns", type(solver).__name__))


def claim_it_turned(solver, problem, solution, key):
    seen.append(("solves", type(problem).__name__))


def period_of(problem, key):
    return {"period": lambda: problem.period}


ORBITS = testing.Laws(
    reference=Orbit,
    checks=(check_orbit_period,),
    solver_checks=(check_solver_turns,),
    details=period_of,
    solves=claim_it_turned,
)
seen = []


class Circling(Descent):
    """Requires the kind, and knows of no test of the kit."""

    requires = Orbit


class Ellipse(Orbit):
    """A problem of the kind."""


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


def named(checks, end):
    return next(check for check in checks if check.id.endswith(end))


def test_a_problem_is_held_to_the_laws_of_its_kind_too():
    checks = testing.collect_checks(problems={"good": Ellipse(), "bad": Ellipse(-1.0)})
    named(checks, "good-orbit_period")()
    named(checks, "good-loss")()
    with pytest.raises(AssertionError, match="an orbit has a positive period"):
        named(checks, "bad-orbit_period")()


def test_a_solver_is_tried_on_the_example_of_the_kind_that_it_requires():
    checks = testing.collect_checks(solvers={"circling": Circling()})
    named(checks, "circling-turns")()
    named(checks, "circling-solves")()
    named(checks, "circling-history")()  # as of all problems: the kind says nothing else
    assert seen == [("turns", "Circling"), ("solves", "Orbit")]


def test_solvers_of_all_problems_know_nothing_of_it():
    checks = testing.collect_checks(solvers={"descent": Descent()})
    assert not [check for check in checks if check.id.endswith("turns")]


def test_the_command_line_shows_its_figures(tmp_path, monkeypatch, capfd):
    from plugax.cli._main import main

    (tmp_path / "orbits.py").write_text(
        "import jax.numpy as jnp, plugax as px\nfrom plugax.testing import Laws\n\n"
        "class Orbit(px.AbstractProblem):\n    laws = 'orbits:LAWS'\n"
        "    def init(self, key): return jnp.ones(2)\n"
        "    def loss(self, unknowns, batch, key): return jnp.sum(unknowns**2), {}\n\n"
        "LAWS = Laws(details=lambda problem, key: {'period': lambda: '3 days'})\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["check", "orbits:Orbit"]) == 0
    assert "period" in (out := capfd.readouterr().out)
    assert "3 days" in out
