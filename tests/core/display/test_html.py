"""The HTML of results and components: escaped, cut, and without scripts."""

import re
import subprocess
import sys

import jax.numpy as jnp
import pytest

import plugax as px
from plugax.display import fold, pairs, table

EVIL = "<script>alert(1)</script>&"


def text_of(html):
    """The text of HTML as a reader sees it, its pieces separated by one space."""
    bare = re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)
    return " ".join(bare.split())


class Evil(px.AbstractProblem):
    """A <b>bold</b> problem."""

    name: str = EVIL
    size: int = 2

    def init(self, key):
        return jnp.ones(self.size)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}

    def evaluate(self, unknowns):
        return {EVIL: jnp.sum(unknowns), "names": [EVIL]}

    def tables(self, solution):
        return (px.Table({EVIL: [EVIL]}, title=EVIL),)


class House:
    @staticmethod
    @px.hookimpl
    def register_problems(register):
        register("evil", Evil, summary=EVIL)


def test_every_text_is_escaped():
    solution = px.solve(Evil(), "gradient", steps=2)
    population = px.sweep(Evil(), "gradient", over={"seed": [0, 1]}, steps=2)
    comparison = px.compare(Evil(), {EVIL: "gradient"}, seeds=[0], steps=2)
    for shown in (Evil(), solution, population, comparison):
        html = shown._repr_html_()
        assert "<script" not in html
        assert "<b>" not in html
        assert "&lt;" in html


def test_a_long_table_is_cut_and_says_by_how_much():
    html = table({"number": list(range(4000))}, of="members")
    assert html.count("<tr>") == 21
    assert "… and 3980 more members" in html


def test_a_population_of_thousands_is_shown_in_little():
    population = px.sweep("regression", "gradient", over={"seed": range(3000)}, steps=2)
    html = population._repr_html_()
    assert len(html) < 20_000
    assert "… and 2980 more members" in html
    assert text_of(html).startswith(
        "Population of 3000 members (3000 × seed), regression by gradient : 3000 not-converged"
    )


def test_columns_of_numbers_are_aligned_to_the_right():
    html = table({"name": ["a"], "value": [1.23456789]}, title="Values")
    assert html.startswith("<p>Values</p>")
    assert '<td class="plugax-number">1.2346</td>' in html
    assert "<td>a</td>" in html


def test_what_is_empty_takes_no_place():
    assert table({}) == pairs({}) == fold("nothing", "") == ""


def test_a_problem_shows_its_summary_its_options_and_who_solves_it():
    shown = text_of(px.problem("regression", points=7)._repr_html_())
    assert shown.startswith("regression , a problem A straight line through noisy points")
    assert "points 7" in shown
    assert "noise 1" in shown
    assert "recommended solvers least-squares, " in shown
    assert shown.endswith("bfgs")


def test_a_component_made_by_hand_shows_its_fields():
    shown = text_of(Evil(size=3)._repr_html_())
    assert shown.startswith("Evil , a problem A &lt;b&gt;bold&lt;/b&gt; problem.")
    assert "size 3" in shown
    assert shown.endswith(f"class {Evil.__module__}.Evil, an AbstractProblem")


@pytest.mark.parametrize(
    ("component", "told"),
    [
        (lambda: px.solver("gradient"), "requires AbstractProblem"),
        (lambda: px.optimizer("adam", learning_rate=0.25), "learning_rate 0.25"),
        (lambda: px.integrator("rk4"), "rk4 , an integrator"),
    ],
)
def test_every_kind_of_component_shows_itself(component, told):
    assert told in text_of(component()._repr_html_())


def test_a_bounded_problem_says_of_what_it_is_made():
    bounded = px.bounded(px.problem("regression", points=7), lower=0.0)
    assert "problem regression(points=7) constraint Box(lower=[0, 0]" in text_of(
        bounded._repr_html_()
    )


def test_the_manager_shows_plugins_and_components():
    manager = px.PluginManager(discover=False)
    assert repr(manager) == "Plugins: 0 of 0 in use."
    manager.register(House, "house")
    assert repr(manager) == "Plugins: 1 of 1 in use, 1 problem."
    html = manager._repr_html_()
    assert "<script" not in html
    assert "house active" in text_of(html)
    assert "evil (house)" in text_of(html)


def test_a_plugin_that_is_left_out_is_named():
    manager = px.PluginManager(block=["optax"])
    assert "optax (blocked): named in PLUGAX_BLOCK" in repr(manager)
    assert "optax (blocked): named in PLUGAX_BLOCK" in text_of(manager._repr_html_())


def test_showing_plugins_needs_neither_jax_nor_ipython():
    code = (
        "import sys, plugax as px; px.default_manager()._repr_html_();"
        "repr(px.default_manager());"
        "print(sorted({'jax', 'IPython', 'matplotlib', 'xarray'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
