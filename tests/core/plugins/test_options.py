"""What signatures and docstrings say of options."""

import functools
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Optional

import equinox as eqx
import jax.numpy as jnp
import pytest
from jaxtyping import Array, Float

from plugax.errors import PluginError
from plugax.plugins import Option, options_of


def as_array(value: float) -> Array:
    return jnp.asarray(value)


class Base(eqx.Module):
    """The base.

    Arguments:
        size: number of `unknowns`.
        step: a time step [s].
    """

    kind: ClassVar[str] = "base"
    size: int = 2
    step: float = 0.1


class Derived(Base):
    """The derived.

    Some text about: things that are no arguments.

    Arguments:
        step: its own time step,
            told about on two lines [ms].
        method: how, one of two.

        where:
            on a line of its own.

    Returns:
        nothing: at all.
    """

    method: Literal["fast", "safe"] = "safe"
    where: "tuple[float, ...] | None" = None
    rate: Float[Array, ""] = eqx.field(converter=jnp.asarray, default=0.1)
    decay: Float[Array, ""] = eqx.field(converter=as_array, kw_only=True)
    offsets: Float[Array, " n"] = eqx.field(default_factory=lambda: jnp.zeros(2))
    hidden: int = eqx.field(init=False, default=3)


@pytest.fixture
def derived():
    return {option.name: option for option in options_of(Derived)}


def test_options_are_the_fields_one_may_give_in_the_order_of_the_signature(derived):
    assert list(derived) == ["size", "step", "method", "where", "rate", "offsets", "decay"]


def test_help_is_inherited_and_overridden_with_the_fields(derived):
    assert derived["size"].help == "number of unknowns."
    assert derived["step"].help == "its own time step, told about on two lines [ms]."
    assert derived["method"].help == "how, one of two."
    assert derived["where"].help == "on a line of its own."
    assert derived["decay"].help == ""


def test_types_are_objects_even_where_annotations_are_strings(derived):
    assert derived["size"].type is int
    assert derived["where"].types == (tuple[float, ...], type(None))


def test_a_converter_tells_what_to_write(derived):
    assert derived["rate"].type is float
    assert derived["decay"].type is float


def test_defaults_are_plain_absent_or_computed(derived):
    assert derived["size"].default == 2
    assert not derived["size"].required
    assert derived["decay"].default is inspect.Parameter.empty
    assert derived["decay"].required
    assert derived["offsets"].default is ...
    assert not derived["offsets"].required


def test_a_literal_names_its_choices(derived):
    assert derived["method"].choices == ("fast", "safe")
    assert derived["size"].choices is None
    assert Option("a", Literal[1, 2] | None, None, "").choices == (1, 2)


def test_a_class_with_its_own_init_is_read_off_it():
    class Component(eqx.Module):
        """Arguments:
        size: as the class says.
        """

        weights: Array

        def __init__(self, size: "int", scale: float = 1.0):
            """Make the weights.

            Arguments:
                size: as `__init__` says.
                scale: of the weights.
            """
            self.weights = scale * jnp.ones(size)

    options = {option.name: option for option in options_of(Component)}
    assert [option.type for option in options.values()] == [int, float]
    # The class is what `help` shows first; what it leaves out, its `__init__` tells.
    assert options["scale"].help == "of the weights."


def test_a_factory_is_read_off_its_signature():
    def factory(rate: float, *rest: int, nesterov: bool = False, **others: Any) -> Base:
        """Make one.

        Arguments:
            rate: of learning.
            nesterov: look ahead.
            **others: is no option.
                Nor is this.
        """
        return Base()

    options = options_of(factory)
    assert [(option.name, option.type, option.default, option.help) for option in options] == [
        ("rate", float, inspect.Parameter.empty, "of learning."),
        ("nesterov", bool, False, "look ahead."),
    ]


def test_a_signature_given_by_hand_is_believed():
    def factory(**options: Any) -> Base:
        """Make one.

        Arguments:
            rate: of learning.
        """
        return Base(**options)

    parameter = inspect.Parameter(
        "rate", inspect.Parameter.KEYWORD_ONLY, default=0.5, annotation=float
    )
    factory.__signature__ = inspect.Signature([parameter])
    assert options_of(factory) == (Option("rate", float, 0.5, "of learning."),)


def test_what_a_partial_has_filled_in_is_a_default():
    options = {option.name: option for option in options_of(functools.partial(Base, size=5))}
    assert options["size"].default == 5
    assert options["size"].type is int


def test_an_option_without_annotation_has_the_type_of_its_default():
    def factory(rate=0.1, name="a", other=None, most: Any = 3): ...

    types = [option.type for option in options_of(factory)]
    assert types == [float, str, inspect.Parameter.empty, int]


def test_an_annotation_that_cannot_be_resolved_stays_a_string():
    def factory(size: "Unknown", rate: float = 0.1): ...

    assert [option.type for option in options_of(factory)] == ["Unknown", float]


def test_optional_is_a_union():
    def factory(a: Optional[int] = None, b: int | None = None): ...  # noqa: UP045 - is the claim

    assert [option.types for option in options_of(factory)] == [(int, type(None))] * 2


def test_what_has_no_signature_is_an_error():
    with pytest.raises(PluginError, match="The options of <class 'dict'> cannot be read"):
        options_of(dict)


@pytest.mark.parametrize(
    ("kind", "given", "fitted"),
    [
        (float, 1, 1.0),
        (float | None, 1, 1.0),
        (float, True, True),
        (int, 1, 1),
        (int | float, 1, 1),
        (str, 1, 1),
        (tuple[float, ...], [1, 2], (1.0, 2.0)),
        (tuple[float, ...] | None, [1, 2.5], (1.0, 2.5)),
        (tuple[int, float], [1, 2], (1, 2.0)),
        (tuple[int, int], [1, 2, 3], (1, 2, 3)),
        (tuple[tuple[int, ...], ...], [[1], [2, 3]], ((1,), (2, 3))),
        (tuple, [1], (1,)),
        (list[float], [1], [1]),
        (list[Path], ["a"], [Path("a")]),
        (list, [1], [1]),
        (Sequence[float], [1, 2], (1.0, 2.0)),
        (tuple[float, ...] | None, None, None),
    ],
)
def test_plain_data_are_fitted_to_the_type(kind, given, fitted):
    value = Option("a", kind, None, "").fit(given)
    assert (value, type(value)) == (fitted, type(fitted))
    if isinstance(fitted, tuple):
        assert [type(item) for item in value] == [type(item) for item in fitted]
