"""Every component that this plugin registers obeys the laws of its kind."""

from plugax.testing import parametrize_checks

# Options with which a component is checked, by its name: small sizes make quick tests.
OPTIONS = {}


@parametrize_checks(plugin="NEW_plugin", options=OPTIONS)
def test_it_conforms(check):
    check()
