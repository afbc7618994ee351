"""Problems by name, also if the project was installed before this plugin was there."""

import pytest

import plugax as px
import plugax_sequences


@pytest.fixture(scope="module", autouse=True)
def registered():
    manager = px.default_manager()
    if not any(record.name == "sequences" for record in manager.records):
        manager.register(plugax_sequences, "sequences")
