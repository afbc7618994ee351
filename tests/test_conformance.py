"""Everything that the bundled plugins register holds to the conformance kit."""

import pathlib
import struct
import tempfile
import warnings

import numpy as np
import pytest

import plugax as px
from plugax.testing import (
    check_integrator_accuracy,
    check_pytree_round_trip,
    check_static_fields,
    collect_checks,
)

# Kept until the process ends: the checks make their problems anew.
PICTURES = tempfile.TemporaryDirectory()


def write_pictures(directory: pathlib.Path) -> None:
    """Forty noisy pictures in the four files of MNIST."""
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (40, 28, 28)), np.arange(40) % 10
    for part in ("train", "t10k"):
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
            path = directory / f"{part}-{kind}-ubyte"
            path.write_bytes(header + array.astype(np.uint8).tobytes())


write_pictures(pathlib.Path(PICTURES.name))
SPOTS = {"model": "linear", "batch_size": 8, "data": PICTURES.name}

# Problems small enough to be checked in seconds; what they are made of is the same.
OPTIONS = {
    "mnist": SPOTS,
    "fashion-mnist": SPOTS,
    "lorenz96-4dvar": {
        "dim": 8,
        "window_steps": 4,
        "forecast_steps": 4,
        "spinup_steps": 20,
    },
    "lorenz96-twin": {"dim": 8, "cycles": 6, "burn_in": 0.0},
    "lorenz63-twin": {"cycles": 6, "observe_every": 5, "burn_in": 0.0},
    "two-scale-lorenz96-twin": {"slow": 8, "fast": 2, "cycles": 6, "spinup": 1.0, "burn_in": 0.0},
    "linear-regression": {
        "data": {"x": [1.0, 2.0, 3.0, 5.0, 8.0], "y": [1.2, 1.9, 3.2, 4.8, 8.1]},
        "response": "y",
        "terms": ("x",),
    },
    "robust-regression": {
        "data": {"x": [1.0, 2.0, 3.0, 5.0, 8.0], "y": [1.2, 1.9, 3.2, 4.8, 8.1]},
        "response": "y",
        "terms": ("x",),
    },
}

# Integrators that differ from "adaptive-tsit5" and "kvaerno5" in their coefficients alone, and take
# long to compile; whether those are right, the check of accuracy says.
LIKE_ANOTHER = ("adaptive-dopri5", "adaptive-dopri8", "kvaerno3", "kvaerno4")
CHEAP = (check_pytree_round_trip, check_static_fields, check_integrator_accuracy)
BASELINES = ("optimal-interpolation", "climatology", "no-assimilation")

with warnings.catch_warnings():
    # One plugin that is broken must not take the checks of all others with it.
    warnings.simplefilter("ignore", px.PluginWarning)
    BUNDLED = [r for r in px.default_manager().records if r.distribution == "plugax"]
ACTIVE = [record.name for record in BUNDLED if record.status == "active"]


def test_every_bundled_plugin_is_active():
    assert BUNDLED
    assert {r.name: r.error for r in BUNDLED if r.status != "active"} == {}


CHECKS = collect_checks(
    plugin=ACTIVE,
    options=OPTIONS,
    # Baselines: they follow nothing, which is what they are for.
    without={name: ["check_solver_solves"] for name in BASELINES},
)


def marked(check):
    """The check as a parameter of a test: slow where the same program is checked already."""
    slow = check.subject.name in LIKE_ANOTHER and check.check not in CHEAP
    return pytest.param(check, id=check.id, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize("check", [marked(check) for check in CHECKS])
def test_what_is_registered_conforms(check):
    check()
