"""Problems by name, also if the project was installed before this plugin was there."""

import pytest

import plugax as px
import plugax_supervised


@pytest.fixture(scope="module", autouse=True)
def registered():
    manager = px.default_manager()
    if not any(record.name == "supervised" for record in manager.records):
        manager.register(plugax_supervised, "supervised")
