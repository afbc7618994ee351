"""How the kit itself is tested: each check passes a good component and catches its broken twin.

A module has a `TABLE` with a row for every such pair: the check, what makes the good component,
what makes the broken one, and what the check says of it.
"""

import inspect

import jax.random as jr
import pytest

ROW = ("check", "good", "broken", "message")
KEY = jr.key(0)


def pytest_generate_tests(metafunc):
    if set(ROW) <= set(metafunc.fixturenames):
        table = metafunc.module.TABLE
        ids = [f"{row[0].__name__.removeprefix('check_')}-{i}" for i, row in enumerate(table)]
        metafunc.parametrize(ROW, table, ids=ids)


@pytest.fixture
def catches():
    """The test of one row."""

    def run(check, make):
        more = {"again": make()} if "again" in inspect.signature(check).parameters else {}
        check(make(), KEY, **more)

    def test(check, good, broken, message):
        run(check, good)
        with pytest.raises(AssertionError, match=f"(?s){message}") as caught:
            run(check, broken)
        assert str(caught.value).startswith(broken.__name__)

    return test
