"""The line search: every length it accepts satisfies the conditions, from any first trial."""

import functools
import itertools

import jax
import jax.lax as lax
import jax.numpy as jnp
import pytest

from plugax_minimise._wolfe import MOST_TRIALS, Verdict, begin, judge

pytestmark = pytest.mark.usefixtures("x64")

FUNCTIONS = {
    "quadratic": lambda a: (a - 1) ** 2,
    "quartic": lambda a: (a - 3) ** 4 - a,
    "steep wall": lambda a: -a / (a**2 + 2),
    "oscillating": lambda a: (a - 2) ** 2 / 4 + jnp.sin(5 * a) / 10,
    "logarithm": lambda a: a - jnp.log(a + 1e-3),
    "nothing beyond 2": lambda a: -jnp.sqrt(2 - a) * (a + 0.5),
}


@functools.partial(jax.jit, static_argnums=0)
def search(function, first, curvature):
    evaluate = jax.value_and_grad(function)

    def attempt(verdict):
        return judge(verdict.search, *evaluate(verdict.search.length), curvature)

    no = jnp.asarray(False)
    start = Verdict(begin(*evaluate(jnp.asarray(0.0)), jnp.asarray(first)), no, no, no)
    return lax.while_loop(lambda v: ~(v.accepted | v.failed), attempt, start)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_accepted_satisfies_the_strong_wolfe_conditions(name):
    function = FUNCTIONS[name]
    evaluate = jax.jit(jax.value_and_grad(function))
    value_0, slope_0 = evaluate(0.0)
    for first, curvature in itertools.product([1e-6, 1e-2, 1.0, 1e3], [0.1, 0.9]):
        found = search(function, first, curvature)
        assert found.accepted
        length = found.search.tried
        value, slope = evaluate(length)
        assert value <= value_0 + 1e-4 * length * slope_0
        assert abs(slope) <= -curvature * slope_0
        assert found.search.trials <= 15


def test_a_good_first_trial_costs_one_evaluation():
    assert search(FUNCTIONS["quadratic"], 1.0, 0.9).search.trials == 1


def test_where_nothing_decreases_the_search_fails_and_ends():
    # The slope says down, the values say up.
    def attempt(verdict):
        length = verdict.search.length
        return judge(verdict.search, 1 + length, -jnp.ones(()), 0.9)

    no = jnp.asarray(False)
    verdict = Verdict(begin(jnp.ones(()), -jnp.ones(()), jnp.ones(())), no, no, no)
    for _ in range(MOST_TRIALS):
        assert not verdict.failed
        verdict = attempt(verdict)
    assert verdict.failed
    assert not verdict.accepted
