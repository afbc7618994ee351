"""What holds for the whole plugin: it starts quickly, and obeys the laws of the kit."""

import subprocess
import sys

from plugax.testing import parametrize_checks

# Options with which a component is checked, by its name: small sizes make quick tests.
OPTIONS = {}


@parametrize_checks(plugin="NEW_plugin", options=OPTIONS)
def test_it_conforms(check):
    check()


def test_hooks_import_no_jax():
    program = "import sys, NEW_package; sys.exit('jax' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
