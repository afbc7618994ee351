"""Every hook: called when it should be, with what it should, refused where it does not fit."""

import inspect

import jax
import jax.numpy as jnp
import pytest

import plugax
from plugax import AbstractProblem, AbstractSolver, PluginManager, hookimpl
from plugax.errors import PluginError
from plugax.plugins import KINDS, HookSpecs

OFFERED = {
    name: [p for p in inspect.signature(spec).parameters if p != "self"]
    for name, spec in vars(HookSpecs).items()
    if not name.startswith("_")
}
REGISTRATION = {f"register_{kind}s": kind for kind in KINDS}
# A run that goes well calls these, in this order; one that breaks off where it is traced, those.
RUN = ["before_compile", "after_compile", "before_run", "after_run"]
BROKEN_RUN = ["before_compile", "on_run_error"]


class Bowl(AbstractProblem):
    """Minimise ½u², or break off on the way."""

    breaks: bool = False

    def init(self, key):
        return jnp.ones(())

    def loss(self, unknowns, batch, key):
        if self.breaks:
            raise ArithmeticError("the bowl is broken")
        return unknowns**2 / 2, {}


class Descent(AbstractSolver):
    """Gradient descent; the state is the unknowns."""

    def init(self, problem, unknowns, key):
        return unknowns

    def step(self, problem, state, batch, key):
        (loss, metrics), slope = jax.value_and_grad(problem.loss, has_aux=True)(state, batch, key)
        return state - slope / 2, {"loss": loss, **metrics}

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state


class Diary:
    """A plugin that writes down every call of a life-cycle hook."""

    def __init__(self):
        self.calls = []

    @hookimpl
    def before_compile(self, problem, solver):
        self.calls.append(("before_compile", {"problem": problem, "solver": solver}))

    @hookimpl
    def after_compile(self, problem, solver, seconds):
        call = {"problem": problem, "solver": solver, "seconds": seconds}
        self.calls.append(("after_compile", call))

    @hookimpl
    def before_run(self, problem, solver, steps):
        self.calls.append(("before_run", {"problem": problem, "solver": solver, "steps": steps}))

    @hookimpl
    def after_run(self, solution):
        self.calls.append(("after_run", {"solution": solution}))

    @hookimpl
    def on_run_error(self, problem, solver, error):
        self.calls.append(("on_run_error", {"problem": problem, "solver": solver, "error": error}))


@pytest.fixture
def register():
    """Registers plugins in the process's own manager, for one test."""
    manager = plugax.default_manager()
    names = []

    def register(plugin):
        names.append(manager.register(plugin, f"test-{len(names)}").name)
        return plugin

    yield register
    for name in names:
        manager.unregister(name)


def test_every_hook_is_tested_here():
    assert set(OFFERED) == {*REGISTRATION, *RUN, *BROKEN_RUN}


@pytest.mark.parametrize("hook", OFFERED)
def test_every_hook_stands_in_the_docs(hook, root):
    docs = (root / "docs" / "plugins.md").read_text()
    assert f"`{hook}({', '.join(OFFERED[hook])})`" in docs


@pytest.mark.parametrize(("hook", "kind"), REGISTRATION.items())
def test_a_registration_hook_brings_components_of_its_kind(hook, kind):
    def implementation(self, register):
        register("thing", dict, summary="A thing")

    manager = PluginManager(discover=False)
    manager.register(type("Plugin", (), {hook: hookimpl(implementation)})(), "mine")
    (component,) = manager.components()
    assert (component.kind, component.name, component.summary) == (kind, "thing", "A thing")


def test_a_run_calls_its_hooks_in_order(register):
    diary = register(Diary())
    problem, solver = Bowl(), Descent()
    solution = plugax.solve(problem, solver, steps=3)
    assert [hook for hook, _ in diary.calls] == RUN
    calls = dict(diary.calls)
    assert {hook: list(call) for hook, call in calls.items()} == {h: OFFERED[h] for h in RUN}
    for hook in ("before_compile", "after_compile", "before_run"):
        assert calls[hook]["problem"] is problem
        assert calls[hook]["solver"] is solver
    assert calls["after_compile"]["seconds"] > 0
    assert calls["before_run"]["steps"] == 3
    assert calls["after_run"]["solution"] is solution


def test_a_run_that_breaks_off_calls_on_run_error(register):
    diary = register(Diary())
    problem, solver = Bowl(breaks=True), Descent()
    with pytest.raises(ArithmeticError, match="the bowl is broken") as raised:
        plugax.solve(problem, solver, steps=3)
    assert [hook for hook, _ in diary.calls] == BROKEN_RUN
    call = dict(diary.calls)["on_run_error"]
    assert list(call) == OFFERED["on_run_error"]
    assert call["problem"] is problem
    assert call["solver"] is solver
    assert call["error"] is raised.value


def test_hooks_see_no_tracers(register):
    class Watch:
        @hookimpl
        def before_run(self, problem, solver, steps):
            leaves = jax.tree.leaves((problem, solver, steps))
            self.traced = any(isinstance(leaf, jax.core.Tracer) for leaf in leaves)

        @hookimpl
        def after_run(self, solution):
            self.traced |= isinstance(solution.unknowns, jax.core.Tracer)

    watch = register(Watch())
    plugax.solve(Bowl(), Descent(), steps=2)
    assert not watch.traced


def test_a_hook_takes_the_arguments_it_needs(register):
    class Plugin:
        @hookimpl
        def before_run(self, steps):
            self.steps = steps

    plugin = register(Plugin())
    plugax.solve(Bowl(), Descent(), steps=2)
    assert plugin.steps == 2


def test_a_hook_that_raises_ends_the_run(register):
    class Plugin:
        @hookimpl
        def before_run(self):
            raise RuntimeError("not today")

    register(Plugin())
    diary = register(Diary())
    with pytest.raises(RuntimeError, match="not today"):
        plugax.solve(Bowl(), Descent(), steps=2)
    assert diary.calls[-1][0] == "on_run_error"


def refusal(name, implementation, **marks):
    """What a manager says of a plugin with this one hook."""
    plugin = type("Plugin", (), {name: hookimpl(**marks)(implementation)})()
    with pytest.raises(PluginError) as raised:
        PluginManager(discover=False).register(plugin, "mine")
    return str(raised.value)


def test_a_misspelt_hook_is_refused_with_the_right_spelling():
    message = refusal("after_runs", lambda self, solution: None)
    assert "there is no hook named 'after_runs'. Did you mean 'after_run'" in message
    assert "Hooks are register_problems, " in message


def test_a_misspelt_argument_is_refused_with_the_right_spelling():
    message = refusal("after_run", lambda self, solutoin: None)
    assert (
        "takes 'solutoin', which is not one of its arguments. Did you mean 'solution'?" in message
    )
    assert "It may take solution." in message


@pytest.mark.parametrize(
    "implementation",
    [
        lambda self, problem, solver=None: None,
        lambda self, problem, *, solver: None,
        lambda self, *problem: None,
        lambda self, **problem: None,
    ],
)
def test_an_argument_that_might_not_be_passed_is_refused(implementation):
    assert "which might not be passed" in refusal("before_compile", implementation)


def test_a_wrapper_that_is_no_generator_is_refused():
    message = refusal("after_run", lambda self, solution: None, wrapper=True)
    assert "not a generator function" in message


def test_a_hook_without_its_mark_is_refused():
    class Plugin:
        def register_problems(self, register): ...

    with pytest.raises(
        PluginError, match="the hook register_problems is not marked: write @plugax"
    ):
        PluginManager(discover=False).register(Plugin(), "mine")


@pytest.mark.parametrize(("plugin", "described"), [(None, "NoneType"), (pytest, "module 'pytest'")])
def test_a_plugin_without_hooks_is_refused(plugin, described):
    with pytest.raises(PluginError, match=f"{described}.* has no hook at all"):
        PluginManager(discover=False).register(plugin, "mine")


def test_a_hook_of_another_version_may_be_marked_optional():
    class Plugin:
        @hookimpl(optionalhook=True)
        def register_planets(self, register): ...

        @hookimpl(specname="register_problems")
        def under_another_name(self, register):
            register("thing", dict)

    manager = PluginManager(discover=False)
    manager.register(Plugin(), "mine")
    assert manager.find("problem", "thing").plugin == "mine"
