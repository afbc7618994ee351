"""Plugins that come as installed distributions: what becomes of good ones and of broken ones."""

import importlib.util
import json
import re
import zipfile

import pytest

REGISTERS = """
from plugax import hookimpl

@hookimpl
def register_problems(register):
    register({name!r}, "collections:OrderedDict", summary="stands for a problem")
"""

# One module each, with the distribution's name and version: every way to go wrong, and one right.
MODULES = {
    "valley": ("valley-plugin", "2.1", REGISTERS.format(name="valley")),
    "raising": ("raising-plugin", "1.2", "raise RuntimeError('no sextant on board')"),
    "leaving": ("leaving-plugin", "1.0", "raise SystemExit('no licence')"),
    "left": ("left-plugin", "1.0", REGISTERS.format(name="twin")),
    "right": ("right-plugin", "1.0", REGISTERS.format(name="twin")),
    "misspelt": (
        "misspelt-plugin",
        "1.0",
        REGISTERS.format(name="a").replace("register_problems", "register_problem"),
    ),
    "unfitting": (
        "unfitting-plugin",
        "1.0",
        "from plugax import hookimpl\n@hookimpl\ndef register_problems(registr): ...",
    ),
    "stumbling": (
        "stumbling-plugin",
        "1.0",
        REGISTERS.format(name="half-done") + "    register('undone', 1 / 0)",
    ),
    "misnaming": ("misnaming-plugin", "1.0", REGISTERS.format(name="a:b")),
    "mistyping": ("mistyping-plugin", "1.0", REGISTERS.format(name=3)),
    "missing": (
        "missing-plugin",
        "1.0",
        REGISTERS.format(name="no-module").replace("collections:OrderedDict", "nowhere:Problem")
        + "    register('no-class', 'collections:Problem')\n"
        + "    register('no-function', 'math:pi')\n"
        + "    register('raises', 'raising:Problem')\n",
    ),
    "shy": (
        "shy-plugin",
        "1.0",
        "import os, pathlib\npathlib.Path(os.environ['FOOTPRINT']).touch()\n"
        + REGISTERS.format(name="shy"),
    ),
}
RIVALS = {
    "rival_a": ("rival-a", REGISTERS.format(name="both") + "    register('a', dict)"),
    "rival_b": ("rival-b", REGISTERS.format(name="both") + "    register('b', dict)"),
}
# What is looked up; the rivals share one entry point's name.
NAMES = [
    "valley",
    "valley:valley",
    "valey",
    "VALLEY",
    "twin",
    "left:twin",
    "right:twin",
    "both",
    "rival:both",
    "rival@rival-a:both",
    "a",
    "rival:a",
    "rival@rival-a:a",
    "no-module",
    "no-class",
    "no-function",
    "raises",
    "shy",
]


@pytest.fixture(scope="module")
def site(install, tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    for module, (name, version, text) in MODULES.items():
        install(site, name, {f"{module}.py": text}, {module: module}, version)
    for module, (name, text) in RIVALS.items():
        install(site, name, {f"{module}.py": text}, {"rival": module})
    return site


@pytest.fixture(scope="module")
def seen(site, probe):
    return probe(site, *NAMES, FOOTPRINT=str(site / "footprint"))


def test_a_good_plugin_is_active_among_broken_ones(seen):
    assert seen["plugins"]["valley"] == {
        "distribution": "valley-plugin",
        "version": "2.1",
        "status": "active",
        "error": None,
        "components": ["valley"],
    }
    assert seen["found"]["valley"] == seen["found"]["valley:valley"] == "valley"


def test_finding_plugins_imports_no_jax(seen):
    assert not seen["jax"]


def test_a_broken_import_gives_one_warning_that_names_everything(seen):
    (warning,) = [text for text in seen["warnings"] if "'raising'" in text]
    for part in ("PluginWarning", "raising-plugin 1.2", "RuntimeError: no sextant on board"):
        assert part in warning
    assert "PLUGAX_BLOCK=raising silences this" in warning
    assert seen["plugins"]["raising"]["status"] == "failed"
    assert seen["plugins"]["raising"]["error"] == "RuntimeError: no sextant on board."


def test_a_plugin_that_exits_while_it_is_imported_stops_nobody(seen):
    assert seen["plugins"]["leaving"]["status"] == "failed"
    assert "no licence" in seen["plugins"]["leaving"]["error"]


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        ("misspelt", "there is no hook named 'register_problem'. Did you mean 'register_problems'"),
        (
            "unfitting",
            "takes 'registr', which is not one of its arguments. Did you mean 'register'?",
        ),
        ("stumbling", "ZeroDivisionError: division by zero"),
        ("misnaming", "the name of this problem must consist of letters, digits, .* got 'a:b'"),
        ("mistyping", "the name of this problem must consist of letters, digits, .* got 3"),
    ],
)
def test_a_plugin_that_does_not_fit_is_refused_whole(seen, plugin, reason):
    record = seen["plugins"][plugin]
    assert record["status"] == "refused"
    assert re.search(reason, record["error"])
    assert record["components"] == []
    (warning,) = [text for text in seen["warnings"] if f"'{plugin}'" in text]
    assert record["error"] in warning


def test_nothing_else_is_warned_about(seen):
    left_out = {name for name, plugin in seen["plugins"].items() if plugin["error"]}
    assert len(seen["warnings"]) == len(left_out)


def test_a_component_claimed_by_two_plugins_is_neither_s(seen):
    error = seen["found"]["twin"]
    assert error.startswith("AmbiguousNameError")
    assert "plugin 'left' (left-plugin 1.0) and plugin 'right' (right-plugin 1.0)" in error
    assert "Write left:twin or right:twin" in error
    assert seen["found"]["left:twin"] == "left"
    assert seen["found"]["right:twin"] == "right"


def test_an_entry_point_claimed_by_two_distributions_is_neither_s(seen):
    assert {"rival@rival-a", "rival@rival-b"} <= set(seen["plugins"])
    error = seen["found"]["a"]
    assert error.startswith("AmbiguousNameError")
    assert "'rival', a name that rival-a 1.0 and rival-b 1.0 both claim" in error
    assert "Write rival:a or rival@rival-a:a" in error
    assert seen["found"]["rival:a"] == seen["found"]["rival@rival-a:a"] == "rival@rival-a"


def test_two_rivals_with_one_component_are_told_apart_by_distribution(seen):
    for name in ("both", "rival:both"):
        assert "Write rival@rival-a:both or rival@rival-b:both" in seen["found"][name]
    assert seen["found"]["rival@rival-a:both"] == "rival@rival-a"


@pytest.mark.parametrize("name", ["valey", "VALLEY"])
def test_an_unknown_name_brings_close_matches_and_how_to_list(seen, name):
    error = seen["found"][name]
    assert error.startswith(f"UnknownNameError: No problem is named '{name}'. Did you mean 'valley")
    assert "`plugax list problems` lists all of them" in error
    # It may have been a name of theirs.
    assert "raising (failed)" in error
    assert "misspelt (refused)" in error


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no-module", "cannot be imported: ModuleNotFoundError: No module named 'nowhere'"),
        ("no-class", "cannot be imported: AttributeError: module 'collections' has no attribute"),
        ("no-function", "is a float and cannot be called"),
        ("raises", "cannot be imported: RuntimeError: no sextant on board"),
    ],
)
def test_a_lazy_target_that_is_not_there_is_its_plugin_s_fault(seen, name, reason):
    error = seen["found"][name]
    assert error.startswith(f"PluginError: The problem '{name}' of plugin 'missing'")
    assert reason in error


def test_a_blocked_plugin_is_not_even_imported(site, seen, probe, tmp_path):
    assert seen["found"]["shy"] == "shy"
    assert (site / "footprint").exists()
    footprint = tmp_path / "footprint"
    blocked = "shy, raising,rival@rival-b"
    now = probe(site, "shy", "a", "both", PLUGAX_BLOCK=blocked, FOOTPRINT=str(footprint))
    assert not footprint.exists()
    assert now["plugins"]["shy"]["status"] == "blocked"
    assert now["plugins"]["shy"]["error"] == "named in PLUGAX_BLOCK"
    assert now["found"]["shy"].startswith("UnknownNameError")
    assert "shy (blocked)" in now["found"]["shy"]
    # No warning for what was left out on purpose; and one rival less settles the dispute.
    assert not [text for text in now["warnings"] if "'raising'" in text]
    assert now["plugins"]["rival@rival-b"]["status"] == "blocked"
    assert now["found"]["a"] == now["found"]["both"] == "rival"


def test_plugins_all_json_tells_all_of_this(site, seen, python, tmp_path):
    run = "import sys; from plugax.cli import main; sys.exit(main())"
    footprint = str(tmp_path / "footprint")
    done = python(site, "-c", run, "plugins", "--all", "--json", FOOTPRINT=footprint)
    assert done.returncode == 0, done.stderr
    listed = {entry.pop("name"): entry for entry in json.loads(done.stdout)}
    registers = {name: entry.pop("registers").get("problems", []) for name, entry in listed.items()}
    for name in (*MODULES, "rival@rival-a", "rival@rival-b"):
        assert listed[name].pop("seconds") >= 0
        assert {**listed[name], "components": registers[name]} == seen["plugins"][name]
    for plugin in ("raising", "misspelt"):
        assert seen["plugins"][plugin]["error"] in done.stderr


def test_strict_raises_where_a_plugin_cannot_be_used(site, python):
    done = python(
        site, "-c", "import plugax; plugax.default_manager()", PLUGAX_STRICT="1", PLUGAX_BLOCK="shy"
    )
    assert done.returncode == 1
    assert "plugax.errors.PluginError: The plugin 'leaving' of leaving-plugin 1.0" in done.stderr


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="needs pip to install a wheel")
def test_a_wheel_that_pip_installs_is_found(files_of, python, probe, tmp_path):
    wheel = tmp_path / "valley_plugin-2.1-py3-none-any.whl"
    name, version, text = MODULES["valley"]
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in files_of(name, {"valley.py": text}, {"valley": "valley"}, version):
            archive.writestr(path, content)
    site = tmp_path / "site"
    done = python(
        tmp_path,
        *("-m", "pip", "install", "--no-deps", "--no-index", "--no-compile", "--quiet"),
        *("--disable-pip-version-check", "--target", str(site), str(wheel)),
    )
    assert done.returncode == 0, done.stderr
    seen = probe(site, "valley")
    assert seen["found"]["valley"] == "valley"
    assert seen["plugins"]["valley"]["distribution"] == "valley-plugin"
    assert not [text for text in seen["warnings"] if "valley" in text]
