"""Everything that the bundled plugins register holds to the conformance kit."""

import pathlib
import struct
import tempfile
import warnings

import numpy as np

import plugax as px
from plugax.testing import parametrize_checks

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
    "linear-regression": {
        "data": {"x": [1.0, 2.0, 3.0, 5.0, 8.0], "y": [1.2, 1.9, 3.2, 4.8, 8.1]},
        "response": "y",
        "terms": ("x",),
    },
}

with warnings.catch_warnings():
    # One plugin that is broken must not take the checks of all others with it.
    warnings.simplefilter("ignore", px.PluginWarning)
    BUNDLED = [r for r in px.default_manager().records if r.distribution == "plugax"]
ACTIVE = [record.name for record in BUNDLED if record.status == "active"]


def test_every_bundled_plugin_is_active():
    assert BUNDLED
    assert {r.name: r.error for r in BUNDLED if r.status != "active"} == {}


@parametrize_checks(
    plugin=ACTIVE,
    options=OPTIONS,
)
def test_what_is_registered_conforms(check):
    check()
