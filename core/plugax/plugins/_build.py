"""From a name or a spec, and options, to the component itself."""

import collections.abc
import functools
import inspect
import typing
from typing import Any

from .._memory import first_line, lacks_memory
from .._origin import Origin, Spec, origin_of, remember_origin
from ..errors import OutOfMemoryError, PlugaxError, PluginError, UnknownNameError, did_you_mean
from ._component import Component
from ._in_words import in_words
from ._manager import PluginManager, default_manager
from ._options import Option, options_of
from ._written import SEQUENCES, choices, is_path, members, names_in, plain, wrong_among

_WORDS = {
    float: "a number",
    int: "an integer",
    bool: "True or False",
    str: "text",
    type(None): "None",
}


def build(kind: str, name: Any, options: Spec, *, plugins: PluginManager | None = None) -> Any:
    """The component of a kind by name, made with `options`; or `name` itself if it is a component.

    Arguments:
        kind: one of `plugax.plugins.KINDS`.
        name: a name, a spec, or a component.
        options: options by keyword; they take precedence over those of a spec.
        plugins: where names are looked up, by default in `default_manager()`.

    Errors: `UnknownNameError` for a name or an option that does not exist, `PlugaxError` for an
    option that is missing or invalid, `PluginError` if the target makes something of another kind.
    Other exceptions of a component are passed on unchanged.
    """
    interface = _interfaces()[kind]
    if isinstance(name, interface):
        if options:
            raise PlugaxError(
                f"Options ({', '.join(options)}) were given for the {kind}, which is made already: "
                "give them when it is made, or pass its name."
            )
        return name
    if isinstance(name, dict):
        options = {key: value for key, value in name.items() if key != "name"} | options
        name = name.get("name")
    if not isinstance(name, str):
        raise PlugaxError(_not_a_name(kind, interface, name))
    if kind == "solver":
        name, parts = in_words(name)
        options = parts | options
    plugins = plugins or default_manager()
    component = plugins.find(kind, name)
    component.check_needs()
    target = component.load()
    options = _resolve(component, target, options, plugins)
    try:
        made = target(**_with_arrays(target, options))
    except PlugaxError:
        raise
    except (TypeError, ValueError, OSError) as error:
        raise PlugaxError(f"The {kind} {name!r} cannot be made: {error}") from error
    except Exception as error:
        if not lacks_memory(error):
            raise
        raise OutOfMemoryError(
            f"The {kind} {name!r} needs more memory than there is: {first_line(error)}. Choose a "
            "smaller size."
        ) from error
    if not isinstance(made, interface):
        raise PluginError(
            f"The {kind} {name!r} of {component.owner} made a {type(made).__name__}, which is not "
            f"an {interface.__name__}."
        )
    spec = {key: origin_of(value) or plain(value) for key, value in options.items()}
    qualified = name if ":" in name else component.name
    remember_origin(made, Origin({"name": qualified, **spec}, target, component.summary))
    return made


def _not_a_name(kind: str, interface: type, given: Any) -> str:
    expected = f"The {kind} must be a name, a spec with a name, or an {interface.__name__}"
    if given is None:
        return f"{expected}; got None. One that was made by hand has no name: pass the object."
    if inspect.isclass(given) and issubclass(given, interface):
        return f"{expected}; got the class itself. Make an instance: {given.__name__}(…)."
    return f"{expected}; got an object of type {type(given).__name__}."


def _resolve(component: Component, target: Any, options: Spec, plugins: PluginManager) -> Spec:
    """Check option names, and build the options that are components themselves."""
    known = {option.name: option for option in options_of(target)}
    parameters = inspect.signature(target).parameters.values()
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    unknown = [key for key in options if key not in known]
    if unknown and not takes_any:
        inside = _inside(unknown[0], known, options, plugins)
        raise UnknownNameError(
            f"The {component.kind} {component.name!r} has no option {unknown[0]!r}"
            f"{inside or '.' + did_you_mean(unknown[0], known)} "
            f"Its options are {', '.join(known) or 'none at all'}."
        )
    missing = [name for name, option in known.items() if option.required and name not in options]
    if missing:
        raise PlugaxError(
            f"The {component.kind} {component.name!r} needs the option "
            f"{' and the option '.join(map(repr, missing))}; `plugax describe {component.name}` "
            "explains it."
        )
    return {
        key: _resolve_option(component, known[key], value, plugins) if key in known else value
        for key, value in options.items()
    }


def _inside(
    name: str, known: dict[str, Option], options: Spec, plugins: PluginManager
) -> str | None:
    """How to write an option that belongs to a component inside this one; None if it does not.

    The command line has one flag for both, as in `--learning-rate`.
    """
    for option in known.values():
        kind, held = component_kind(option.types), options.get(option.name, option.default)
        spec = held if isinstance(held, dict) else origin_of(held) or {"name": held}
        if kind is None or not isinstance(spec.get("name"), str):
            continue
        target = plugins.find(kind, spec["name"]).load()
        if name in {inner.name for inner in options_of(target)}:
            return (
                f", but its {option.name} has: write "
                f"{option.name}=px.{kind}({spec['name']!r}, {name}=…)."
            )
    return None


def _with_arrays(target: Any, options: Spec) -> Spec:
    """The options, with numbers turned into arrays if the component does not do so itself."""
    arrays = {option.name for option in options_of(target) if option.array}
    if not arrays & options.keys():
        return options
    import jax.numpy as jnp

    return {
        key: jnp.asarray(value)
        if key in arrays and isinstance(value, bool | int | float | list | tuple)
        else value
        for key, value in options.items()
    }


def _resolve_option(
    component: Component, option: Option, value: Any, plugins: PluginManager
) -> Any:
    kind = component_kind(option.types)
    if kind and isinstance(value, str | dict):
        value = build(kind, value, {}, plugins=plugins)
    if kind and isinstance(value, _interfaces()[kind]):
        _check_interface(kind, option, value)
        return value
    value = option.fit(value)
    if not option.suits(value):
        known = names_in(option.types)
        raise PlugaxError(
            f"The {component.kind} {component.name!r} cannot be made: {option.name} must be "
            f"{_in_words(option.types)}; got {value!r}."
            f"{did_you_mean(wrong_among(value, known), known)}"
        )
    return value


def _in_words(kinds: tuple[Any, ...]) -> str:
    """Types in words, as values that a user may give."""
    return " or ".join(map(_in_word, sorted(kinds, key=lambda kind: kind is type(None))))


def _in_word(kind: Any) -> str:
    inner = typing.get_args(kind)
    if values := choices(kind):
        return f"one of {', '.join(map(str, values))}"
    if is_path(kind):
        return "a path"
    origin = typing.get_origin(kind)
    if origin in SEQUENCES and inner:
        several = origin is not tuple or inner[1:] == (...,)
        items = f"each {_in_words(members(inner[0]))}" if several else f"of {len(inner)} items"
        return f"a {origin.__name__.lower()}, {items}"
    if collections.abc.Callable in (kind, typing.get_origin(kind)):
        return "a function"
    return _WORDS.get(kind) or inspect.formatannotation(kind)


def _check_interface(kind: str, option: Option, made: Any) -> None:
    """Raise `PlugaxError` unless the component has the interface that the option requires."""
    interface = _interfaces()[kind]
    asked = tuple(t for t in option.types if inspect.isclass(t) and issubclass(t, interface))
    if not isinstance(made, asked):
        name = (origin_of(made) or {}).get("name", type(made).__name__)
        bases = [c.__name__ for c in type(made).__mro__ if c.__name__.startswith("Abstract")]
        raise PlugaxError(
            f"The option {option.name!r} takes an {' or '.join(t.__name__ for t in asked)}; the "
            f"{kind} {name!r} is an {bases[0]} instead. `plugax list {kind}s` shows all."
        )


def component_kind(types: tuple[Any, ...]) -> str | None:
    """The kind of component that an option of these types holds, or None."""
    classes = [kind for kind in types if inspect.isclass(kind)]
    for kind, interface in _interfaces().items():
        if any(issubclass(found, interface) for found in classes):
            return kind
    return None


@functools.cache
def _interfaces() -> dict[str, type]:
    """The abstract class of every kind; imported late, so that listing components needs no JAX."""
    from .. import integrators, observers, optimizers, problems, solvers

    return {
        "problem": problems.AbstractProblem,
        "solver": solvers.AbstractSolver,
        "optimizer": optimizers.AbstractOptimizer,
        "integrator": integrators.AbstractAnyIntegrator,
        "observer": observers.AbstractObserver,
    }


def problem(name: Any, **options: Any) -> Any:
    """The problem by this name, made with these options."""
    return build("problem", name, options)


def solver(name: Any, **options: Any) -> Any:
    """The solver by this name, made with these options."""
    return build("solver", name, options)


def optimizer(name: Any, **options: Any) -> Any:
    """The optimizer by this name, made with these options."""
    return build("optimizer", name, options)


def integrator(name: Any, **options: Any) -> Any:
    """The integrator by this name, made with these options."""
    return build("integrator", name, options)


def observer(name: Any, **options: Any) -> Any:
    """The observer by this name, made with these options."""
    return build("observer", name, options)
