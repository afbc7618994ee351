"""A registration goes to the end of its hook, or into a hook of its own; or nothing is changed."""

import ast
import textwrap

import pytest

from plugax.scaffold._hooks import call_text, with_call

CALL = call_text("new", "a.new:New", "A summary")


def written(source):
    """The source with one more problem, dedented; None if it is left alone."""
    return with_call(textwrap.dedent(source).lstrip(), "problem", CALL)


def registers(source, hook="register_problems"):
    """The names that a hook registers, in order, with everything else as it was run."""
    names = {}
    exec(source, names)
    found = []
    names[hook](lambda name, target, *, summary="": found.append(name))
    return found


def test_it_goes_to_the_end_of_its_hook():
    source = """
        from plugax import hookimpl


        @hookimpl
        def register_problems(register):
            \"\"\"Mine.\"\"\"
            for name in ("a", "b"):
                pass
            register("old", "a.old:Old")  # the first


        X = 1  # stays
        """
    after = written(source)
    assert registers(after) == ["old", "new"]
    before = textwrap.dedent(source).lstrip().splitlines()
    assert [line for line in after.splitlines() if line in before] == before


def test_it_goes_to_a_new_hook_at_the_end():
    after = written("import plugax as px\n\n@px.hookimpl\ndef register_solvers(register): ...")
    assert registers(after) == ["new"]
    assert after.count("@px.hookimpl") == 2
    assert after.endswith(")\n")


def test_a_hook_with_nothing_in_it_is_replaced():
    after = written(
        """
        from plugax import hookimpl

        @hookimpl
        def register_problems():
            \"\"\"Nothing yet.\"\"\"
        """
    )
    assert registers(after) == ["new"]
    assert "Nothing yet" not in after


@pytest.mark.parametrize(
    "source",
    [
        "def register_problems(register",
        "X = 1",
        "from plugax import hookimpl\nregister_problems = hookimpl(print)",
        "from plugax import hookimpl\nfrom elsewhere import register_problems",
        "from plugax import hookimpl\nclass A:\n    def register_problems(self, register): ...",
        "from plugax import hookimpl\n@hookimpl\ndef register_problems(register):\n"
        "    for name in 'ab':\n        register(name, 'a:b')",
        "from plugax import hookimpl\n@hookimpl\ndef register_problems(register):\n"
        "    register('a', 'a:b')\n    return",
        "from plugax import hookimpl\n@hookimpl\ndef register_problems(register):\n"
        "  register('a', 'a:b')",
        "from plugax import hookimpl\n@hookimpl\ndef register_problems(register): "
        "register('a', 'a:b')",
        "from plugax import hookimpl\ndef register_problems(register): ...\n"
        "def register_problems(register): ...",
    ],
)
def test_a_module_that_is_not_clear_is_left_alone(source):
    assert written(source) is None


def test_what_is_added_is_a_program():
    assert isinstance(ast.parse(textwrap.dedent(CALL)), ast.Module)
