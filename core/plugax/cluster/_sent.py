"""Objects made by hand on their way into another program.

Whatever was made by name is sent as plain data: its name and its options. Only an object without a
name is pickled, by cloudpickle, and read again by the program that it was sent to; it is in no file
that a later call reads. Its class has to be in a module that the program can import: of a class in
the script itself, which is another one there, equinox's modules lose their fields.
"""

import sys
from typing import Any

from ..errors import PlugaxError


def sent(component: Any, kind: str) -> bytes | None:
    """The component as bytes; None for None, which stands for what is made by name.

    Arguments:
        component: a problem or a solver.
        kind: what it is, for messages.

    Errors: `PlugaxError` if it cannot be sent.
    """
    if component is None:
        return None
    made = type(component)
    if made.__module__ == "__main__" or "<locals>" in made.__qualname__:
        raise PlugaxError(
            f"The {kind} is a {made.__qualname__}, a class of the script or notebook itself, which "
            "other programs cannot import. Write the class into a module beside it (my_model.py) "
            "and import it from there, or register it as a plugin."
        )
    import cloudpickle

    try:
        return cloudpickle.dumps(component)
    except Exception as error:  # an object's own pickling may raise anything
        raise PlugaxError(
            f"The {kind}, a {made.__qualname__}, cannot be sent to another program: "
            f"{type(error).__name__}: {error}. Make it by name (plugax.{kind}), or leave out what "
            "cannot be pickled."
        ) from error


def unpacked(content: bytes | None, kind: str, paths: list[str]) -> Any:
    """The component that was sent; None for None.

    Arguments:
        content: what `sent` returned.
        kind: what it is, for messages.
        paths: where the sender finds its modules (`sys.path`).

    Errors: `PlugaxError` if it cannot be read here.
    """
    if content is None:
        return None
    sys.path += [path for path in paths if path not in sys.path]
    import cloudpickle

    try:
        return cloudpickle.loads(content)
    except Exception as error:
        raise PlugaxError(
            f"The {kind} that was sent cannot be made here: {type(error).__name__}: {error}. Its "
            "module has to be importable on the machine of the worker."
        ) from error
