"""docs/plugins.md promises that public names last: none is lost without a warning before.

The names are recorded in stable_names.txt; run with PLUGAX_WRITE_NAMES=1, at a release, this test
adds new ones. A name may leave the list only a minor release after it was deprecated.
"""

import importlib
import inspect
import os
import pathlib
import re
import warnings

import plugax

FILE = pathlib.Path(__file__).with_name("stable_names.txt")


def rooms():
    """The public modules, as Python has them."""
    return [
        name
        for name in plugax.__all__
        if inspect.ismodule(getattr(plugax, name)) and not name.startswith("_")
    ]


def public_names(module):
    """The names that a module exports: those it lists, or those it defines in its own package."""
    package = module.__name__.partition(".")[0]
    found = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not inspect.ismodule(value)
        and getattr(value, "__module__", package).partition(".")[0] == package
    ]
    return sorted(name for name in found if not name.startswith("_"))


def test_the_page_lists_the_public_modules(root):
    page = (root / "docs" / "plugins.md").read_text()
    (sentence,) = re.findall(r"in its modules (.*?);", page, re.DOTALL)
    assert sorted(re.findall(r"`(\w+)`", sentence)) == sorted(rooms())


def hooks():
    """The hooks with their arguments, as in `hook:after_run(solution)`."""
    for name, hook in vars(plugax.plugins.HookSpecs).items():
        if not name.startswith("_"):
            arguments = [argument for argument in inspect.signature(hook).parameters][1:]
            yield f"hook:{name}({','.join(arguments)})"


def is_deprecated(name):
    """Whether a name that is listed no more is there nevertheless, and warns."""
    module, _, attribute = name.partition(":")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = module != "hook" and getattr(importlib.import_module(module), attribute, None)
    return bool(found) and any(item.category is DeprecationWarning for item in caught)


def test_no_public_name_is_lost():
    modules = ["plugax", *(f"plugax.{room}" for room in rooms())]
    modules += ["plugax_state_space", "plugax_state_space.laws"]
    present = {
        f"{module}:{name}"
        for module in modules
        for name in public_names(importlib.import_module(module))
    } | set(hooks())
    recorded = set(FILE.read_text().split())
    if os.environ.get("PLUGAX_WRITE_NAMES", "0") != "0":
        recorded |= present
        FILE.write_text("".join(f"{name}\n" for name in sorted(recorded)))
    lost = [name for name in sorted(recorded - present) if not is_deprecated(name)]
    assert not lost, "deprecate these first, see docs/plugins.md; or they were never released"
