"""What every test runs under: strict promotion, checked annotations, the data where they are."""

import contextlib
import fcntl
import gc
import itertools
import os
import pathlib
import shutil
import signal
from importlib import metadata

# Before JAX loads it: small matrices gain nothing from threads, and workers would wait for them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Most of the time of the tests goes into compiling programs that then run for milliseconds. Without
# optimisation, by the older of XLA's two ways to make kernels, and each program in one piece, that
# takes a third of it. What the environment has stays: the nox sessions of long runs, and of the
# lowest versions, compile as users do. XLA ends a process for a flag that it does not know, as 0.12
# does for the last.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1"
    + " --xla_cpu_use_fusion_emitters=false" * metadata.version("jaxlib").startswith("0.10."),
)
# Programs compiled once are there for the other workers, for the next run within this one, and for
# the processes that tests start, which have it from the environment.
if "JAX_COMPILATION_CACHE_DIR" in os.environ:
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

import jax
import pytest
from jaxtyping import install_import_hook

PACKAGES = (
    "plugax",
    "plugax_optax",
    "plugax_minimise",
    "plugax_optimistix",
    "plugax_lineax",
    "plugax_integrate",
    "plugax_inference",
    "plugax_regression",
    "plugax_mnist",
    "plugax_supervised",
    "plugax_sequences",
    "plugax_markov",
    "plugax_mixtures",
    "plugax_state_space",
    "plugax_lorenz96",
    "plugax_assimilation",
    "plugax_classics",
    "plugax_compose",
    "plugax_progress",
    "plugax_training",
    "plugax_optuna",
    "plugax_augmentation",
)
# Every jaxtyping annotation of the project is checked at run time, which takes a fifth of the time;
# the session of nox for the oldest Python does without. This must come before the first import of
# any of it.
if os.environ.get("PLUGAX_CHECK_ANNOTATIONS", "1") != "0":
    install_import_hook(PACKAGES, "beartype.beartype")

ROOT = pathlib.Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

# Tests of several devices are run in a process with so many of the CPU.
if "PLUGAX_TEST_DEVICES" in os.environ:
    jax.config.update("jax_num_cpu_devices", int(os.environ["PLUGAX_TEST_DEVICES"]))
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")
if SHARED_DATA.is_dir():
    os.environ.setdefault("PLUGAX_DATA", str(SHARED_DATA))

# Tracing makes many objects that stay; to look for garbage among them after every 700 new ones, as
# Python does, takes some per cent of the time.
gc.set_threshold(20_000, 20, 20)

# Every compiled program takes some mappings of memory, of which Linux allows a process 65 530: XLA
# crashes at the next. A worker that has compiled many forgets them, well before; but not often,
# since what tests share has then to be traced and loaded again.
MAPPINGS, MOST_MAPPINGS = pathlib.Path("/proc/self/maps"), 20_000
# Reading what there are takes milliseconds: so only after every tenth test, which make some
# thousands each at most.
TESTS = itertools.count(1)


@pytest.fixture(autouse=True)
def few_mappings():
    """Forget what is compiled, where this process has made too many programs."""
    yield
    if next(TESTS) % 10 or not MAPPINGS.exists():
        return
    if MAPPINGS.read_bytes().count(b"\n") > MOST_MAPPINGS:
        jax.clear_caches()
        gc.collect()


@pytest.fixture
def root() -> pathlib.Path:
    """The project's root directory."""
    return ROOT


@pytest.fixture
def x64():
    """Double precision for one test."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def data_directory() -> pathlib.Path:
    """Where the real data lie; the test is skipped where they do not."""
    directory = os.environ.get("PLUGAX_DATA")
    if not directory or not pathlib.Path(directory).is_dir():
        pytest.skip("needs real data: set PLUGAX_DATA to a directory with mnist/, nist-strd/ in it")
    return pathlib.Path(directory)


@pytest.fixture(scope="session")
def shared_directory(tmp_path_factory, worker_id):
    """A directory that all workers of a run share, for one of them at a time, by its name."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent

    @contextlib.contextmanager
    def shared_directory(name):
        directory = base / f"shared-{name}"
        directory.mkdir(exist_ok=True)
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield directory

    return shared_directory


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window; the test is skipped if there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs the browser Chromium, in Debian the package `chromium`")
    # Imported here, and ended with the module: what it runs in a loop would refuse another's.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync"),
                *("--disable-background-networking", "--disable-component-update"),
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """An empty page in a browser that knows nothing; no script of it may report an error."""
    context = browser.new_context()
    page, errors = context.new_page(), []
    page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


# The contrast of every text to what is behind it, as the WCAG define it.
CONTRASTS = """selector => {
    const canvas = document.createElement("canvas").getContext("2d");
    const numbers = colour => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].map(x => x / 255);
    };
    const behind = element => {
        for (let e = element; e; e = e.parentElement) {
            const colour = numbers(getComputedStyle(e).backgroundColor);
            if (colour[3] > 0.99) return colour;
        }
        return numbers(getComputedStyle(empty).backgroundColor);
    };
    const opacity = element =>
        element ? getComputedStyle(element).opacity * opacity(element.parentElement) : 1;
    const luminance = rgb => rgb.slice(0, 3)
        .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const empty = document.body.appendChild(document.createElement("p"));
    empty.style.backgroundColor = "Canvas";
    return [...document.querySelectorAll(selector)]
        .filter(element => element.innerText.trim())
        .map(element => {
            const back = behind(element), front = numbers(getComputedStyle(element).color);
            const part = opacity(element);
            const seen = front.map((c, i) => part * c + (1 - part) * back[i]);
            const [a, b] = [luminance(seen), luminance(back)];
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        });
}"""


@pytest.fixture(scope="session")
def contrasts():
    """The contrasts of all texts of a page that a selector finds; from 1 to 21, 4.5 is legible."""
    return lambda page, selector: page.evaluate(CONTRASTS, selector)


@pytest.fixture
def ctrl_c():
    """Ctrl-C as in a terminal; what was started in the background inherits that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
