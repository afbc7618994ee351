"""From names, specs and options to components, and back to where they came from."""

import copy
import dataclasses
import traceback
from collections.abc import Callable
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

from plugax import (
    AbstractIntegrator,
    AbstractObserver,
    AbstractOptimizer,
    AbstractProblem,
    PlugaxError,
    PluginManager,
    hookimpl,
)
from plugax._origin import _origins
from plugax.errors import PluginError, UnknownNameError
from plugax.plugins import build, origin_of


class Valley(AbstractProblem):
    """A valley.

    Arguments:
        size: number of unknowns.
        where: its bounds.
    """

    size: int
    where: tuple[float, ...] = (0.0, 1.0)
    depth: float = 1.0

    def __check_init__(self):
        if self.size < 1:
            raise ValueError(f"size must be at least 1; got {self.size}.")

    def init(self, key):
        return jnp.zeros(self.size)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}


class Plain(AbstractOptimizer):
    """Plain steps."""

    learning_rate: Float[Array, ""] = eqx.field(converter=jnp.asarray, default=0.1)

    def init(self, params):
        return ()

    def update(self, grads, state, params, **extra):
        return grads, state


class Lookahead(AbstractOptimizer):
    """An optimizer with an optimizer and an integrator inside."""

    inner: AbstractOptimizer
    scheme: AbstractIntegrator | None = None

    def init(self, params):
        return ()

    def update(self, grads, state, params, **extra):
        return grads, state


class Bell(AbstractObserver):
    """Rings."""


def faulty():
    """Raises deep inside."""
    return jnp.ones(3) @ jnp.ones(4)


def buggy():
    """Raises what no caller can be to blame for."""
    return {}["missing"]


def reading(path: str = "nowhere/valley.csv"):
    """Reads a file that is not there."""
    with open(path) as file:
        return file.read()


def shaped(
    shape: Literal["round", "flat"] = "round",
    sizes: tuple[int, ...] = (2,),
    parts: tuple[Literal["left", "right"], ...] = (),
    depth: float | None = None,
    slope: Callable[[float], float] | Literal["steep"] = "steep",
):
    """Leaves it to who builds it to look at what is given."""
    return Valley(2)


def anything(**options):
    """Takes what comes."""
    return Valley(**options)


class Plugin:
    @hookimpl
    def register_problems(self, register):
        register("valley", Valley)
        register("wrong-kind", Bell)
        register("unsigned", dict)
        register("faulty", faulty)
        register("buggy", buggy)
        register("reading", reading)
        register("shaped", shaped)
        register("anything", anything)

    @hookimpl
    def register_optimizers(self, register):
        register("plain", Plain)
        register("lookahead", Lookahead)

    @hookimpl
    def register_observers(self, register):
        register("bell", Bell)


@pytest.fixture
def manager():
    manager = PluginManager(discover=False)
    manager.register(Plugin(), "mine")
    return manager


def test_a_component_is_built_by_name_with_options(manager):
    valley = build("problem", "valley", {"size": 3}, plugins=manager)
    assert valley == Valley(3)
    assert build("problem", "mine:valley", {"size": 3}, plugins=manager) == valley


def test_a_component_is_built_from_a_spec_and_options_go_first(manager):
    spec = {"name": "valley", "size": 3, "depth": 2.0}
    assert build("problem", spec, {}, plugins=manager) == Valley(3, depth=2.0)
    assert build("problem", spec, {"size": 4}, plugins=manager) == Valley(4, depth=2.0)
    assert spec == {"name": "valley", "size": 3, "depth": 2.0}


def test_what_is_built_passes_through(manager):
    valley = Valley(3)
    assert build("problem", valley, {}, plugins=manager) is valley
    with pytest.raises(PlugaxError, match=r"Options \(size\) were given for the problem, which is"):
        build("problem", valley, {"size": 4}, plugins=manager)


def test_components_inside_are_built_from_objects_names_and_specs(manager):
    inner = Plain()
    by_object = build("optimizer", "lookahead", {"inner": inner}, plugins=manager)
    assert by_object.inner is inner
    by_name = build("optimizer", "lookahead", {"inner": "plain"}, plugins=manager)
    assert by_name.inner.learning_rate == jnp.asarray(0.1)
    spec = {"name": "lookahead", "inner": {"name": "plain", "learning_rate": 0.5}}
    twice = build("optimizer", "lookahead", {"inner": spec}, plugins=manager)
    assert twice.inner.inner.learning_rate == 0.5
    assert by_name.scheme is None


def test_what_plain_data_cannot_say_is_fitted_to_its_type(manager):
    spec = {"name": "valley", "size": 3, "where": [0, 2], "depth": 4}
    valley = build("problem", spec, {}, plugins=manager)
    assert valley.where == (0.0, 2.0)
    assert [type(value) for value in (valley.size, *valley.where, valley.depth)] == [
        int,
        float,
        float,
        float,
    ]
    rate = build("optimizer", "plain", {"learning_rate": 1}, plugins=manager).learning_rate
    assert jnp.issubdtype(rate.dtype, jnp.floating)


def test_origin_is_the_spec_that_builds_the_component_again(manager):
    spec = {"name": "lookahead", "inner": {"name": "plain", "learning_rate": 0.5}}
    made = build("optimizer", spec, {}, plugins=manager)
    assert origin_of(made) == spec
    assert origin_of(made.inner) == spec["inner"]
    assert eqx.tree_equal(build("optimizer", origin_of(made), {}, plugins=manager), made)
    assert origin_of(build("problem", "mine:valley", {"size": 3}, plugins=manager)) == {
        "name": "mine:valley",
        "size": 3,
    }


def test_origin_holds_by_itself_what_was_made_by_hand(manager):
    inner = Plain()
    made = build("optimizer", "lookahead", {"inner": inner}, plugins=manager)
    assert origin_of(inner) is None
    assert origin_of(made)["inner"] is inner


def test_an_observer_has_an_origin_too(manager):
    assert origin_of(build("observer", "bell", {}, plugins=manager)) == {"name": "bell"}


@pytest.mark.parametrize(
    "change",
    [
        lambda made: eqx.tree_at(lambda tree: tree.learning_rate, made, jnp.asarray(2.0)),
        lambda made: jax.tree.map(lambda leaf: leaf, made),
        lambda made: dataclasses.replace(made, learning_rate=2.0),
        lambda made: eqx.filter_jit(lambda tree: tree)(made),
        copy.copy,
    ],
)
def test_origin_does_not_survive_a_change(manager, change):
    made = build("optimizer", "plain", {}, plugins=manager)
    assert origin_of(made) == {"name": "plain"}
    assert origin_of(change(made)) is None
    assert origin_of(made) == {"name": "plain"}


def test_origin_dies_with_its_component(manager):
    made = build("optimizer", "plain", {}, plugins=manager)
    address = id(made)
    assert address in _origins
    del made
    assert address not in _origins


def test_origin_is_no_part_of_the_tree(manager):
    built = build("problem", "valley", {"size": 3}, plugins=manager)
    assert jax.tree.structure(built) == jax.tree.structure(Valley(3))
    assert built == Valley(3)
    assert hash(built) == hash(Valley(3))
    assert repr(built) == repr(Valley(3))


def test_an_unknown_option_brings_close_matches_and_all_options(manager):
    with pytest.raises(
        UnknownNameError,
        match=r"'valley' has no option 'sise'\. Did you mean 'size'\? .* are size, where, depth\.",
    ):
        build("problem", "valley", {"sise": 3}, plugins=manager)
    with pytest.raises(UnknownNameError, match="Its options are none at all"):
        build("observer", "bell", {"sise": 3}, plugins=manager)


def test_an_option_of_a_component_inside_is_told_where_it_goes(manager):
    with pytest.raises(
        UnknownNameError,
        match=r"but its inner has: write inner=px\.optimizer\('plain', learning_rate=…\)",
    ):
        build("optimizer", "lookahead", {"inner": "plain", "learning_rate": 1.0}, plugins=manager)


def test_a_missing_option_is_named_with_where_to_read_about_it(manager):
    with pytest.raises(PlugaxError, match=r"needs the option 'size'; `plugax describe valley`"):
        build("problem", "valley", {}, plugins=manager)


def test_an_unknown_component_inside_is_an_unknown_name(manager):
    with pytest.raises(UnknownNameError, match=r"No optimizer is named 'plane'.*mean 'plain'\?"):
        build("optimizer", "lookahead", {"inner": "plane"}, plugins=manager)


def test_a_factory_that_takes_any_option_gets_it(manager):
    assert build("problem", "anything", {"size": 2}, plugins=manager) == Valley(2)


@pytest.mark.parametrize(
    ("option", "given", "reason"),
    [
        ("shape", "square", "one of round, flat; got 'square'"),
        ("shape", None, "one of round, flat; got None"),
        ("sizes", (1, 2.5), r"a tuple, each an integer; got \(1, 2.5\)"),
        ("sizes", "12", "a tuple, each an integer; got '12'"),
        ("parts", ["middle"], "a tuple, each one of left, right; got"),
        ("depth", "deep", "a number or None; got 'deep'"),
        ("depth", (1.0,), "a number or None; got"),
        ("slope", "gentle", "a function or one of steep; got 'gentle'"),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_is_taken(manager, option, given, reason):
    with pytest.raises(
        PlugaxError, match=f"The problem 'shaped' cannot be made: {option} must be {reason}"
    ):
        build("problem", "shaped", {option: given}, plugins=manager)


@pytest.mark.parametrize(
    "options",
    [
        {"shape": "flat", "sizes": [1, 2], "parts": ["left"], "depth": None},
        {"depth": 1, "sizes": (), "slope": float},
        {"depth": np.float32(1.0), "slope": "steep"},
        {"depth": jnp.ones(())},
    ],
)
def test_a_value_that_may_fit_is_left_to_the_component(manager, options):
    assert build("problem", "shaped", options, plugins=manager) == Valley(2)


def test_a_refused_option_keeps_its_cause(manager):
    with pytest.raises(
        PlugaxError, match="'valley' cannot be made: size must be at least 1; go"
    ) as raised:
        build("problem", "valley", {"size": 0}, plugins=manager)
    assert isinstance(raised.value.__cause__, ValueError)


def test_an_error_deep_inside_keeps_its_cause_and_its_place(manager):
    message = r"The problem 'faulty' cannot be made: .*shape"
    with pytest.raises(PlugaxError, match=message) as raised:
        build("problem", "faulty", {}, plugins=manager)
    cause = raised.value.__cause__
    assert isinstance(cause, TypeError)
    frames = [frame.name for frame in traceback.extract_tb(cause.__traceback__)]
    assert faulty.__name__ in frames


def test_a_file_that_is_not_there_is_an_unusable_input(manager):
    with pytest.raises(PlugaxError, match=r"'reading' cannot be made: .*nowhere/valley\.csv"):
        build("problem", "reading", {}, plugins=manager)


def test_a_bug_comes_through_as_it_is(manager):
    with pytest.raises(KeyError, match="missing"):
        build("problem", "buggy", {}, plugins=manager)


def test_a_target_that_makes_the_wrong_kind_is_its_plugin_s_fault(manager):
    message = r"'wrong-kind' of plugin 'mine' .* made a Bell, which is not an AbstractProblem"
    with pytest.raises(PluginError, match=message):
        build("problem", "wrong-kind", {}, plugins=manager)


def test_a_target_without_a_signature_is_its_plugin_s_fault(manager):
    with pytest.raises(PluginError, match="The options of <class 'dict'> cannot be read"):
        build("problem", "unsigned", {}, plugins=manager)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (Valley, r"got the class itself\. Make an instance: Valley\(…\)"),
        (Bell(), "got an object of type Bell"),
        (3, "got an object of type int"),
        ({"name": None, "class": "valley:Valley"}, "One that was made by hand has no name"),
        ({}, "got None"),
    ],
)
def test_what_is_no_component_is_refused_with_what_is(manager, given, reason):
    with pytest.raises(PlugaxError, match=f"must be a name, .* AbstractProblem; .*{reason}"):
        build("problem", given, {}, plugins=manager)
