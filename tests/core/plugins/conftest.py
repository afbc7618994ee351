"""Small distributions as pip leaves them, and a fresh Python that sees them."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping

import pytest

import plugax

SOURCE = pathlib.Path(plugax.__file__).parents[1]


def distribution_files(
    name: str, files: Mapping[str, str], entry_points: Mapping[str, str], version: str = "1.0"
) -> dict[str, str]:
    """All files of an installed distribution, its metadata included, by path."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    lines = [f"{point} = {target}" for point, target in entry_points.items()]
    everything = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "\n".join(["[plugax]", *lines, ""]),
    }
    record = "".join(
        f"{path},sha256={hashlib.sha256(text.encode()).hexdigest()},{len(text)}\n"
        for path, text in everything.items()
    )
    return everything | {f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}


def write(directory: pathlib.Path, files: Mapping[str, str]) -> None:
    """Write files below a directory."""
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)


@pytest.fixture(scope="session")
def files_of() -> Callable[..., Iterable[tuple[str, str]]]:
    """`files_of(name, files, entry_points, version)`: path and text of a distribution's files."""
    return lambda *distribution: distribution_files(*distribution).items()


@pytest.fixture(scope="session")
def install() -> Callable[..., None]:
    """`install(directory, name, files, entry_points, version)`: unpacks a distribution there."""

    def install(directory: pathlib.Path, *distribution, **keywords) -> None:
        write(directory, distribution_files(*distribution, **keywords))

    return install


@pytest.fixture(scope="session")
def python() -> Callable[..., subprocess.CompletedProcess]:
    """`python(site, *arguments, **environment)`: runs Python with `site` on its path."""

    def python(site: pathlib.Path, *arguments: str, **environment: str):
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith("PLUGAX_")
        }
        path = os.pathsep.join([str(site), str(SOURCE)])
        return subprocess.run(
            [sys.executable, *arguments],
            env=inherited | {"PYTHONPATH": path} | environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return python


# Asks a fresh process what became of every plugin, and looks names up.
PROBE = """
import json, sys, warnings
import plugax

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    manager = plugax.default_manager()


def look_up(kind, name):
    try:
        component = manager.find(kind, name)
        component.load()
    except plugax.PlugaxError as error:
        return f"{type(error).__name__}: {error}"
    return component.plugin


print(json.dumps({
    "warnings": [f"{item.category.__name__}: {item.message}" for item in caught],
    "plugins": {
        record.name: {
            "distribution": record.distribution,
            "version": record.version,
            "status": record.status,
            "error": record.error,
            "components": [component.name for component in record.components],
        }
        for record in manager.records
    },
    "found": {name: look_up("problem", name) for name in sys.argv[1:]},
    "jax": "jax" in sys.modules,
}))
"""


@pytest.fixture(scope="session")
def probe(python) -> Callable[..., dict]:
    """`probe(site, *names, **environment)`: what a fresh process says of its plugins."""

    def probe(site: pathlib.Path, *names: str, **environment: str) -> dict:
        done = python(site, "-c", PROBE, *names, **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return probe
