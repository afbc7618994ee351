"""Which of several processes of a distributed run this one is."""

import contextvars

_number: contextvars.ContextVar[int] = contextvars.ContextVar("process", default=0)


def set_number(number: int) -> None:
    """Say which process this is, from 0 on."""
    _number.set(number)


def is_first() -> bool:
    """Whether this is the process that writes files, prints and reports; the only one is."""
    return _number.get() == 0
