"""What holds on several devices, in one process in which the CPU is eight of them."""

import os
import subprocess
import sys

import pytest

TESTS = "tests/core/runner/on_eight_devices.py"


@pytest.mark.parametrize(
    "tests",
    [
        (TESTS, "-m", "not slow"),
        pytest.param((TESTS, "-m", "slow"), marks=pytest.mark.slow),
        # What the kit asks of every solver.
        pytest.param(("tests/test_conformance.py", "-k", "devices"), marks=pytest.mark.slow),
    ],
    ids=["quick", "slow", "every solver"],
)
def test_the_laws_of_several_devices_hold_on_eight(root, tests):
    told = (*tests, "-q", "-x", "-p", "no:cacheprovider")
    environment = {n: value for n, value in os.environ.items() if not n.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *told],
        cwd=root,
        env=environment | {"PLUGAX_TEST_DEVICES": "8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
