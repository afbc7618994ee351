"""The plugin manager with plugins at hand, and what it says of names."""

import types

import pytest

from plugax import PluginManager, hookimpl
from plugax.errors import AmbiguousNameError, PluginError, UnknownNameError


class Brings:
    """A plugin object that registers targets as problems and solvers."""

    def __init__(self, problems=(), solvers=()):
        self.problems, self.solvers = problems, solvers

    @hookimpl
    def register_problems(self, register):
        for name in self.problems:
            register(name, dict, summary=f"The problem {name}")

    @hookimpl
    def register_solvers(self, register):
        for name in self.solvers:
            register(name, "collections:OrderedDict")


@pytest.fixture
def manager():
    return PluginManager(discover=False)


def test_a_plugin_at_hand_is_registered_and_found(manager):
    record = manager.register(Brings(["valley"]), "mine")
    assert manager.records == [record]
    assert (record.name, record.status, record.error) == ("mine", "active", None)
    found = manager.find("problem", "mine:valley")
    assert found == manager.find("problem", "valley")
    assert found.summary == "The problem valley"
    assert found.owner == "plugin 'mine' (registered by hand)"
    assert found.load() is dict


def test_components_are_listed_by_name_and_kind(manager):
    manager.register(Brings(["b", "a"], ["c"]), "one")
    manager.register(Brings(["a"]), "other")
    listed = [(c.kind, c.name, c.plugin) for c in manager.components()]
    assert listed == [
        ("problem", "a", "one"),
        ("problem", "a", "other"),
        ("problem", "b", "one"),
        ("solver", "c", "one"),
    ]
    assert [c.name for c in manager.components("solver")] == ["c"]


def test_unregistering_undoes_registering(manager):
    plugin = Brings(["valley"])
    manager.register(plugin, "mine")
    manager.unregister("mine")
    assert manager.records == []
    assert manager.hook.register_problems.get_hookimpls() == []
    with pytest.raises(UnknownNameError, match="No problem is named 'valley'"):
        manager.find("problem", "valley")
    manager.register(plugin, "mine")
    assert manager.find("problem", "valley").plugin == "mine"


def test_unregistering_what_is_not_there_says_so(manager):
    manager.register(Brings(), "mine")
    with pytest.raises(UnknownNameError, match=r"named 'mina'\. Did you mean 'mine'\?"):
        manager.unregister("mina")


def test_one_name_is_registered_once(manager):
    manager.register(Brings(), "mine")
    with pytest.raises(PluginError, match=r"registered already: .* call unregister\('mine'\)"):
        manager.register(Brings(), "mine")


@pytest.mark.parametrize("name", ["", "a:b", "a@b", "-a", "a b"])
def test_a_name_that_look_up_could_not_take_apart_is_refused(manager, name):
    with pytest.raises(PluginError, match="The name of a plugin"):
        manager.register(Brings(), name)


def test_a_plugin_at_hand_that_does_not_fit_raises_and_leaves_nothing(manager):
    with pytest.raises(PluginError, match="'mine' is refused: the problem 'a' is registered twice"):
        manager.register(Brings(["b", "a", "a"]), "mine")
    assert manager.records == []
    assert manager.hook.register_problems.get_hookimpls() == []
    manager.register(Brings(["b", "a"]), "mine")
    assert [c.name for c in manager.components()] == ["a", "b"]


def test_one_object_is_registered_under_one_name(manager):
    plugin = Brings(["valley"])
    manager.register(plugin, "mine")
    with pytest.raises(PluginError, match="registered under a different name"):
        manager.register(plugin, "again")
    assert manager.find("problem", "valley").plugin == "mine"


@pytest.mark.parametrize(
    "target", ["module", "module:", ":name", "module:a b", "..module:name", 3, None]
)
def test_a_target_that_is_none_is_refused(manager, target):
    class Plugin:
        @hookimpl
        def register_problems(self, register):
            register("valley", target)

    with pytest.raises(PluginError, match="must be a class, a factory or a lazy 'module:qualname'"):
        manager.register(Plugin(), "mine")


def test_a_lazy_target_may_be_nested(manager):
    class Plugin:
        @hookimpl
        def register_problems(self, register):
            register("valley", "collections.abc:Mapping.get")

    manager.register(Plugin(), "mine")
    assert callable(manager.find("problem", "valley").load())


def test_two_owners_of_one_name_are_both_named(manager):
    manager.register(Brings(["a"]), "one")
    manager.register(Brings(["a"]), "other")
    with pytest.raises(AmbiguousNameError, match=r"'one' .* and plugin 'other' .*one:a or other:a"):
        manager.find("problem", "a")
    assert manager.find("problem", "other:a").plugin == "other"


def test_one_name_may_stand_for_things_of_two_kinds(manager):
    manager.register(Brings(["a"], ["a"]), "one")
    assert manager.find("problem", "a").kind == "problem"
    assert manager.find("solver", "a").kind == "solver"


def test_a_name_of_another_kind_says_so(manager):
    manager.register(Brings([], ["descent"]), "one")
    with pytest.raises(UnknownNameError, match="'descent', but one of the solvers is"):
        manager.find("problem", "descent")


def test_a_close_match_of_a_qualified_name_is_qualified(manager):
    manager.register(Brings(["valley"]), "mine")
    with pytest.raises(UnknownNameError, match=r"Did you mean 'mine:valley'\?"):
        manager.find("problem", "mein:valley")


def test_an_unknown_kind_is_an_unknown_name(manager):
    with pytest.raises(UnknownNameError, match="There is no kind 'planet'; kinds are problem, "):
        manager.find("planet", "a")


def test_a_module_is_a_plugin(manager):
    module = types.ModuleType("valley")
    exec(
        "from plugax import hookimpl\n"
        "@hookimpl\n"
        "def register_problems(register): register('valley', dict)",
        vars(module),
    )
    manager.register(module, "mine")
    assert manager.find("problem", "valley").plugin == "mine"
