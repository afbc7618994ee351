"""Problems and solvers by name, also if the project was installed before this plugin was there."""

import numpy as np
import pytest

import plugax as px
import plugax_mixtures


@pytest.fixture(scope="package", autouse=True)
def registered():
    manager = px.default_manager()
    if not any(record.name == "mixtures" for record in manager.records):
        manager.register(plugax_mixtures, "mixtures")


@pytest.fixture(scope="package")
def groups():
    """Ninety points in three groups of different size and form."""
    rng = np.random.default_rng(3)
    parts = [
        rng.normal(size=(40, 2)) @ [[1.0, 0.6], [0.0, 0.5]],
        rng.normal(size=(30, 2)) * [0.4, 1.2] + [5.0, 3.0],
        rng.normal(size=(20, 2)) * 0.7 + [0.0, 6.0],
    ]
    points = np.concatenate(parts)
    return {"length": points[:, 0], "width": points[:, 1]}
