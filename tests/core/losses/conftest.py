"""What the tests of losses share."""

import jaxtyping
import pytest


@pytest.fixture
def unchecked():
    """Annotations are not checked: a user's call gets as far as the library's own message."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
