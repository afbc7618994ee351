"""What holds on several devices, in processes in which the CPU is eight of them."""

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def on_eight_devices(root):
    """Runs pytest in such a process; returns what it printed if something failed."""

    def on_eight_devices(*arguments):
        told = ("-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", *arguments)
        environment = os.environ | {"PLUGAX_TEST_DEVICES": "8"}
        for name in [name for name in environment if name.startswith("PYTEST_")]:
            del environment[name]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *told],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout if done.returncode else None

    return on_eight_devices


@pytest.mark.parametrize(
    "marks", ["not slow", pytest.param("slow", marks=pytest.mark.slow)], ids=["quick", "slow"]
)
def test_the_laws_of_several_devices_hold(on_eight_devices, marks):
    tests = "tests/core/runner/on_eight_devices.py"
    assert on_eight_devices(tests, "-m", marks) is None


@pytest.mark.parametrize(
    "marks", ["not slow", pytest.param("slow", marks=pytest.mark.slow)], ids=["quick", "slow"]
)
def test_every_solver_has_the_same_bits_on_eight_devices(on_eight_devices, marks):
    tests = "tests/test_conformance.py"
    assert on_eight_devices(tests, "-k", "check_solver_devices", "-m", marks) is None
