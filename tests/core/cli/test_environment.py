import pytest

from plugax.cli._environment import apply, settings

TESTED = (0, 10, 2)
OURS = "xla_cpu_small_while_loop_byte_threshold=524288"


@pytest.fixture(autouse=True)
def _cache_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def after(environment, jaxlib=TESTED, device=None):
    """The environment with all settings made."""
    environment = dict(environment)
    apply(settings(environment, jaxlib, device), environment)
    return environment


def test_an_empty_environment_gets_fast_loops_and_a_cache(tmp_path):
    made = after({})
    assert made["XLA_FLAGS"] == f"--xla_backend_extra_options={OURS}"
    assert made["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "plugax" / "jax")
    assert made["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] == "0"
    assert made["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] == "-1"
    assert "JAX_PLATFORMS" not in made


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("--xla_dump_to=/x", f"--xla_dump_to=/x --xla_backend_extra_options={OURS}"),
        ("--xla_backend_extra_options=a=1", f"--xla_backend_extra_options={OURS},a=1"),
        ('--xla_backend_extra_options="a=1"', f'--xla_backend_extra_options="{OURS},a=1"'),
        (
            "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=1",
            "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=1",
        ),
        ("/a/file/of/flags", "/a/file/of/flags"),
    ],
)
def test_the_users_xla_flags_stay(before, expected):
    assert after({"XLA_FLAGS": before})["XLA_FLAGS"] == expected


@pytest.mark.parametrize("jaxlib", [(), (0, 9, 9), (0, 13, 0), (1, 0, 0)])
def test_a_jaxlib_that_was_not_tested_gets_no_flag(jaxlib):
    assert "XLA_FLAGS" not in after({}, jaxlib)


def test_what_the_user_has_set_stays():
    mine = {
        "JAX_COMPILATION_CACHE_DIR": "/mine",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "7",
        "JAX_PLATFORMS": "tpu",
    }
    assert after(mine, device="cpu").items() >= mine.items()


def test_asking_for_the_cpu_starts_nothing_else():
    assert after({}, device="cpu:0")["JAX_PLATFORMS"] == "cpu"
    assert "JAX_PLATFORMS" not in after({}, device="gpu")


def test_a_cache_that_cannot_be_made_is_left_out(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    assert "JAX_COMPILATION_CACHE_DIR" not in after({})


@pytest.mark.parametrize(
    ("devices", "count"),
    [("2", "2"), (2, "2"), ("batch=2", "2"), ("cpu:0,cpu:1", "2"), ("1", None), ("all", None)],
)
def test_the_cpu_is_made_as_many_devices_as_are_asked_for(monkeypatch, devices, count):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    made = {}
    apply(settings({}, TESTED, None, devices), made)
    assert made.get("JAX_NUM_CPU_DEVICES") == count
    assert made.get("JAX_PLATFORMS") == ("cpu" if "cpu" in str(devices) else None)


@pytest.mark.parametrize(
    ("environment", "devices"),
    [
        ({"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}, 2),
        ({"JAX_NUM_CPU_DEVICES": "8"}, 2),
        ({}, 3),
    ],
)
def test_no_number_of_cpu_devices_is_set_against_the_user_or_beyond_the_cores(
    monkeypatch, environment, devices
):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    chosen = {s.name: s.value for s in settings(environment, TESTED, None, devices)}
    assert chosen["JAX_NUM_CPU_DEVICES"] is None
