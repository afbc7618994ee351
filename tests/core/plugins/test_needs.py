"""A component that needs a library which is not installed is listed with how to install it."""

import sys

import pytest

import plugax as px
from plugax.plugins import build
from plugax.testing import collect_checks


class Patient(px.AbstractObserver):
    """Waits."""


class Plugin:
    @px.hookimpl
    def register_observers(self, register):
        register("here", Patient, needs={"json": "plugax[json]"})
        needs = {"no_such_module": "plugax[nothing]", "nor_this": "more>=2"}
        register("absent", Patient, summary="Waits for more", needs=needs)


@pytest.fixture
def manager():
    found = px.PluginManager(discover=False)
    found.register(Plugin(), "extras")
    return found


def test_what_is_there_is_made(manager):
    assert manager.find("observer", "here").missing == ()
    assert isinstance(build("observer", "here", {}, plugins=manager), Patient)


def test_what_is_missing_is_named_with_the_command(manager):
    assert manager.find("observer", "absent").missing == ("plugax[nothing]", "more>=2")
    told = r"needs no_such_module and nor_this.*pip install 'plugax\[nothing\]' 'more>=2'\."
    with pytest.raises(px.PlugaxError, match=told):
        build("observer", "absent", {}, plugins=manager)
    assert "no_such_module" not in sys.modules


def test_the_kit_leaves_out_what_cannot_be_made(manager):
    checks = collect_checks(plugin="extras", plugins=manager)
    assert {check.subject.name for check in checks} == {"here"}
