"""The message of a failed check: the component, the law, what was found, what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...plugins import origin_of


def name_of(component: Any) -> str:
    """The component's name in messages: the name of its class, and its own name if it has one."""
    name = (origin_of(component) or {}).get("name")
    return f"{type(component).__name__} ({name!r})" if name else type(component).__name__


def claim(holds: Any, component: Any, law: str, came: Any, remedy: str) -> None:
    """Raise `AssertionError` unless the law holds.

    Arguments:
        holds: whether the law holds.
        component: the component that has to obey the law.
        law: the law, as a sentence without its full stop.
        came: what was found instead.
        remedy: what to do, in one or more sentences.
    """
    # Not an `assert`, which would always pass under `python -O`.
    if not holds:
        raise AssertionError(f"{name_of(component)}: {law}. Found: {came}. {remedy}")


@contextmanager
def claimed(component: Any, law: str, remedy: str) -> Iterator[None]:
    """Turn any exception in the block into an `AssertionError` that the law is broken."""
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        came = f"{type(error).__name__}: {error}"
        raise AssertionError(f"{name_of(component)}: {law}. Found: {came} {remedy}") from error
