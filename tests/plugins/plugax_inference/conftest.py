import importlib.util
import json
import pathlib
import sys

import numpy as np
import pytest

FILE = pathlib.Path(__file__).with_name("posteriors.py")


@pytest.fixture(scope="session")
def posteriors():
    """The posteriors of posteriors.py by name, functions of their data."""
    spec = importlib.util.spec_from_file_location("plugax_inference_test_posteriors", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.ALL


@pytest.fixture
def posteriordb(data_directory, posteriors):
    """A problem of posteriordb with its reference by name; skipped where the data are not."""
    directory = data_directory / "posteriordb"
    if not directory.is_dir():
        pytest.skip("needs posteriordb/ below PLUGAX_DATA")
    references = json.loads((directory / "reference.json").read_text())

    def posteriordb(name):
        entry = references[name]
        data = json.loads((directory / entry["data"]).read_text())
        return posteriors[name]({n: np.asarray(x, float) for n, x in data.items()}), entry

    return posteriordb
