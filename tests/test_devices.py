"""What holds on several devices, in one process in which the CPU is eight of them."""

import os
import subprocess
import sys

import pytest

TESTS = ("tests/core/runner/on_eight_devices.py", "tests/test_conformance.py")


@pytest.mark.parametrize(
    "marks", ["not slow", pytest.param("slow", marks=pytest.mark.slow)], ids=["quick", "slow"]
)
def test_the_laws_of_several_devices_hold_on_eight(root, marks):
    # All of the first file, and the law of the kit that speaks of devices.
    told = ("-q", "-x", "-p", "no:cacheprovider", "-k", "devices", "-m", marks)
    environment = {n: value for n, value in os.environ.items() if not n.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *TESTS, *told],
        cwd=root,
        env=environment | {"PLUGAX_TEST_DEVICES": "8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
