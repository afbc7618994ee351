"""Everything that the bundled plugins register holds to the conformance kit."""

import warnings

import plugax as px
from plugax.testing import parametrize_checks

# Problems small enough to be checked in seconds; what they are made of is the same.
OPTIONS = {
    "lorenz96-4dvar": {
        "dim": 8,
        "window_steps": 4,
        "forecast_steps": 4,
        "spinup_steps": 20,
    },
}

with warnings.catch_warnings():
    # One plugin that is broken must not take the checks of all others with it.
    warnings.simplefilter("ignore", px.PluginWarning)
    BUNDLED = [r for r in px.default_manager().records if r.distribution == "plugax"]
ACTIVE = [record.name for record in BUNDLED if record.status == "active"]


def test_every_bundled_plugin_is_active():
    assert BUNDLED
    assert {r.name: r.error for r in BUNDLED if r.status != "active"} == {}


@parametrize_checks(
    plugin=ACTIVE,
    options={name: options for name, options in OPTIONS.items() if "lorenz96" in ACTIVE},
)
def test_what_is_registered_conforms(check):
    check()
