"""Problems by name, also if the project was installed before this plugin was there."""

import numpy as np
import pytest

import plugax as px
import plugax_markov


@pytest.fixture(scope="module", autouse=True)
def registered():
    manager = px.default_manager()
    if not any(record.name == "markov" for record in manager.records):
        manager.register(plugax_markov, "markov")


@pytest.fixture(scope="session")
def chain():
    """A chain of three states, one of which cannot be reached from another, at six times."""
    rng = np.random.default_rng(0)
    initial = np.asarray([0.5, 0.3, 0.2])
    transition = np.asarray([[0.7, 0.3, 0.0], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
    log_likelihoods = rng.normal(-2, 1.5, (6, 3))
    log_likelihoods[3] = 0  # not observed
    return initial, transition, log_likelihoods
