"""Runs that are killed at random moments, resumed, and compared to the bit with others."""

import importlib.util
import os
import pathlib
import random
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

import plugax as px

SCRIPT = pathlib.Path(__file__).with_name("cases.py")
KILLS = int(os.environ.get("PLUGAX_FAULTS", "0") or 0)
LONGEST = 60.0
CACHE = ("JAX_COMPILATION_CACHE_DIR",)


def cases():
    spec = importlib.util.spec_from_file_location("plugax_fault_cases", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


CASES = cases()


def leaves_of(found):
    own = (found.unknowns, found.state, dict(found.series), dict(found.evaluation_series))
    arrays = [leaf for leaf in jax.tree.leaves(own) if hasattr(leaf, "dtype")]
    return [np.asarray(leaf).tobytes() for leaf in arrays]


def run_for(kind, directory, seconds):
    """Run in a process of its own, killed so long after JAX is there; whether it was killed."""
    command = [sys.executable, str(SCRIPT), kind, str(directory)]
    # JAX's compilation cache does not survive that: an entry that was being written stays cut off.
    own = {name: value for name, value in os.environ.items() if name not in CACHE}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own) as process:
        assert process.stdout.readline() == "running\n"
        try:
            status = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return True
    assert status == 0, f"{kind} ended with {status}"
    return False


@pytest.mark.filterwarnings("ignore::plugax.errors.PrecisionWarning")
@pytest.mark.parametrize("kind", list(CASES.KINDS))
def test_a_run_that_is_killed_again_and_again_has_the_bits_of_one_that_is_not(kind, tmp_path):
    if kind == "mnist" and not os.environ.get("PLUGAX_DATA"):
        pytest.skip("needs real data: set PLUGAX_DATA to a directory with mnist/ in it")
    wanted = leaves_of(CASES.KINDS[kind]())
    began = time.monotonic()
    assert not run_for(kind, tmp_path / "whole", LONGEST)
    longest = time.monotonic() - began
    kills, rounds, moments = 0, 0, random.Random(kind)
    while kills < KILLS / len(CASES.KINDS):
        directory = tmp_path / str(rounds)
        while run_for(kind, directory, moments.uniform(0.0, longest)):
            kills += 1
        found = px.load(directory, **CASES.given_of(kind))
        assert leaves_of(found) == wanted, f"{kind}, after {kills} kills"
        rounds += 1
    print(f"{kind}: {kills} kills, {rounds} runs")
