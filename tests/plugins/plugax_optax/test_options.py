"""What is registered, and what can be said to it."""

import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
import pytest

import plugax as px
import plugax_optax
from plugax.plugins import options_of

NAMES = sorted(plugax_optax.OPTIMIZERS)
# Aliases of optax that are not registered, and why.
EXCLUDED = {"optimistic_adam": "deprecated in optax for optimistic_adam_v2"}
COMMON = {
    "schedule",
    "warmup_steps",
    "decay_steps",
    "final_fraction",
    "power",
    "cycle_steps",
    "cycle_factor",
    "initial_fraction",
    "clip_value",
    "clip_norm",
    "accumulate",
}


def aliases():
    """All public functions of optax that make an optimizer."""
    functions = {name: getattr(value, "func", value) for name, value in vars(optax).items()}
    return {
        name
        for name, value in functions.items()
        if inspect.isfunction(value) and value.__module__ == optax.adam.__module__
    }


def options(name):
    return options_of(px.default_manager().find("optimizer", name).load())


def test_every_alias_of_optax_is_registered_or_excluded_with_a_reason():
    assert aliases() == set(NAMES) | set(EXCLUDED)


def test_the_registry_holds_these_names():
    components = px.default_manager().components("optimizer")
    assert {c.name for c in components if c.plugin == "optax"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_has_a_plain_type_a_default_and_help(name):
    plain = {float, int, bool, str, type(None)}
    for option in options(name):
        # A function is a mask too, the one thing that can be said in Python only.
        kinds = {typing.get_origin(kind) or kind for kind in option.types} - {Callable}
        assert kinds <= plain | {typing.Literal}, option
        assert not option.required, option
        assert option.help, option


@pytest.mark.parametrize("name", NAMES)
def test_options_and_defaults_are_those_of_optax(name):
    theirs = inspect.signature(getattr(optax, name)).parameters
    ours = {option.name: option.default for option in options(name)}
    added = {"max_linesearch_steps"} if name == "lbfgs" else set()
    assert set(ours) - COMMON == set(theirs) - {"seed"} | added
    for key, parameter in theirs.items():
        if isinstance(parameter.default, bool | int | float | str) and "mask" not in key:
            assert ours[key] == parameter.default


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_is_made_without_options(name):
    assert isinstance(px.optimizer(name), px.AbstractOptimizer)


def test_floats_are_array_leaves_and_all_else_is_static():
    optimizer = px.optimizer("sgd", learning_rate=0.1, momentum=0.9, nesterov=True)
    leaves = jax.tree.leaves(optimizer)
    assert all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in leaves)
    assert set(optimizer.hyperparameters) == {
        "learning_rate",
        "momentum",
        "final_fraction",
        "power",
        "initial_fraction",
    }
    assert optimizer.nesterov is True
    assert optimizer.accumulator_dtype is None


def test_none_stays_none():
    optimizer = px.optimizer("rmsprop", learning_rate=0.1)
    assert optimizer.momentum is None
    assert optimizer.clip_norm is None


def test_an_attribute_that_is_no_option_is_an_attribute_error():
    with pytest.raises(AttributeError, match="momentun"):
        px.optimizer("sgd").momentun  # noqa: B018


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("adam", {"learnin_rate": 0.1}, "learning_rate"),
        ("adam", {"learning_rate": None}, "learning_rate must be a number"),
        ("adam", {"learning_rate": "fast"}, "learning_rate must be a number"),
        ("adam", {"mu_dtype": "float31"}, "float31"),
        ("adam", {"schedule": "cosin", "decay_steps": 9}, "one of constant, linear, cosine"),
        ("adam", {"schedule": "cosine", "decay_steps": 5, "warmup_steps": 5}, "larger than its 5"),
        ("adam", {"schedule": "exponential", "decay_steps": 5}, "final_fraction above zero"),
        ("adam", {"nesterov": 1}, "True or False"),
        ("adam", {"accumulate": 2.0}, "an integer"),
        ("sgd", {"momentum": True}, "a number or None"),
        ("adam", {"warmup_steps": -1}, "must not be negative"),
        ("adam", {"accumulate": 0}, "accumulate must be at least 1"),
        ("adamw", {"mask": "vectors"}, "mask must be one of all, weights, matrices"),
        ("lbfgs", {"accumulate": 2}, "reads the loss of one batch"),
        ("lbfgs", {"linesearch": "armijo"}, "one of zoom, backtracking, none"),
        ("lbfgs", {"memory_size": 0}, "memory_size must be >= 1"),
        ("lbfgs", {"warmup_steps": 2}, "needs a learning_rate"),
        ("polyak_sgd", {"variant": "sps++"}, "one of sps"),
    ],
)
def test_options_that_do_not_fit_are_refused_where_they_are_given(name, given, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.optimizer(name, **given)


def test_registering_imports_no_jax():
    program = "import sys, plugax_optax; sys.exit('jax' in sys.modules or 'optax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_docs_name_every_optimizer_and_its_own_options(name, root):
    page = (root / "docs" / "optimizers.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1
    column = rows[0].split("|")[3]
    if not column.startswith(" as "):  # else it names those that come on top
        own = {option.name for option in options(name)} - COMMON
        assert own | {"learning_rate"} == {*re.findall(r"`(\w+)`", column), "learning_rate"}
