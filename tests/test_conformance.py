"""Everything that the bundled plugins register holds to the conformance kit."""

import pathlib
import struct
import tempfile
import warnings

import jax
import numpy as np
import pytest

import plugax as px
from plugax.testing import (
    check_batches,
    check_figures,
    check_init,
    check_integrator_accuracy,
    check_integrator_callbacks,
    check_integrator_composition,
    check_integrator_every,
    check_integrator_gradient,
    check_integrator_precision,
    check_integrator_stiff_gradient,
    check_integrator_vmap_equals_loop,
    check_loss,
    check_loss_precision,
    check_optimizer_hyperparameters,
    check_pytree_round_trip,
    check_solver_chunks,
    check_solver_devices,
    check_solver_goes_back,
    check_solver_hyperparameters,
    check_solver_race,
    check_solver_resumes,
    check_solver_seeds,
    check_solver_skips,
    check_solver_state,
    check_static_fields,
    check_stochastic_drift,
    check_stochastic_noise,
    check_stochastic_precision,
    check_strict_promotion,
    collect_checks,
)
from plugax_state_space.laws import check_solver_gaps, check_solver_truth

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


def write_utterances(path: pathlib.Path) -> None:
    """Eighteen short utterances, two of each speaker, as arrays in a file."""
    random = np.random.default_rng(0)
    lengths, speakers = np.arange(18) % 3 + 1, np.arange(18) // 2
    one = {"frames": random.normal(size=(36, 12)), "lengths": lengths, "speaker": speakers}
    parts = {f"{part}_{name}": a for part in ("train", "test") for name, a in one.items()}
    np.savez(path, **parts)


write_pictures(pathlib.Path(PICTURES.name))
write_utterances(pathlib.Path(PICTURES.name) / "vowels.npz")
SPOTS = {"model": "linear", "batch_size": 8, "data": PICTURES.name}

# Two groups of four.
GROUPS = {
    "x": [0.0, 1.0, 0.5, 0.7, 5.0, 6.0, 5.5, 5.1],
    "y": [1.0, 0.2, 0.4, 0.9, 2.0, 3.0, 2.2, 2.9],
}

# Problems small enough to be checked in seconds; what they are made of is the same.
OPTIONS = {
    "csv": {"path": f"{PICTURES.name}/metrics.csv"},
    "json-lines": {"path": f"{PICTURES.name}/metrics.jsonl"},
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
    "generalised-linear-model": {
        "data": {"x": [1.0, 2.0, 3.0, 5.0, 8.0, 9.0], "y": [1, 0, 2, 2, 5, 7]},
        "response": "y",
        "family": "negative-binomial",
    },
    "penalised-regression": {
        "data": {
            "x": [1.0, 2.0, 3.0, 5.0, 8.0],
            "z": [2.0, 0.0, 1.0, 1.0, 0.5],
            "y": [1.2, 1.9, 3.2, 4.8, 8.1],
        },
        "response": "y",
        "strength": 0.2,
        "penalty": "elastic-net",
    },
    "gaussian-mixture": {"data": GROUPS, "components": 2},
    "student-t-mixture": {"data": GROUPS, "components": 2},
    "penalised-path": {
        "data": {
            "x": [1.0, 2.0, 3.0, 5.0, 8.0, 7.0],
            "z": [2.0, 0.0, 1.0, 1.0, 0.5, 0.3],
            "y": [0, 1, 0, 1, 1, 1],
        },
        "response": "y",
        "family": "binomial",
        "strengths": 5,
        "ratio": 0.1,
        "folds": 2,
    },
    "classification": {
        "data": {"x": [1.0, 2.0, 3.0, 5.0, 8.0, 9.0], "kind": ["a", "b", "a", "b", "a", "b"]},
        "response": "kind",
        "validation": 0.4,
        "hidden": (3,),
        "batch_size": 2,
    },
    "sequence-classification": {
        "data": {
            "who": ["p", "p", "q", "q", "q", "r", "s", "s", "t", "u"],
            "x": [1.0, 2.0, 3.0, 5.0, 8.0, 9.0, 1.0, 3.0, 0.0, 2.0],
            "kind": ["a", "a", "b", "b", "b", "a", "b", "b", "a", "b"],
        },
        "sequence": "who",
        "response": "kind",
        "validation": 0.4,
        "width": 2,
        "batch_size": 2,
        "buckets": 2,
    },
    "japanese-vowels": {
        "data": f"{PICTURES.name}/vowels.npz",
        "width": 2,
        "batch_size": 4,
        "buckets": 2,
    },
    "adding-problem": {"length": 4, "width": 2, "batch_size": 3},
    "regression-network": {
        "data": {"x": [1.0, 2.0, 3.0, 5.0, 8.0, 9.0], "y": [1.2, 1.9, 3.2, 4.8, 8.1, 8.8]},
        "response": "y",
        "validation": 0.4,
        "hidden": (3,),
        "batch_size": 2,
    },
    "hidden-markov-model": {
        "data": {
            "who": ["a"] * 12 + ["b"] * 9,
            "count": [0, 1, 0, 2, 9, 8, 11, 7, 1, 0, 2, 1, 8, 9, 12, 1, 0, None, 1, 10, 7],
        },
        "states": 2,
        "emission": "poisson",
        "sequence": "who",
        "concentration": 1.5,
        "stickiness": 0.5,
    },
    "robust-regression": {
        "data": {"x": [1.0, 2.0, 3.0, 5.0, 8.0], "y": [1.2, 1.9, 3.2, 4.8, 8.1]},
        "response": "y",
        "terms": ("x",),
    },
}

# Components made by the code of another one, the first of each row, but for coefficients or one
# formula. What checks ask of that code is then asked of the first alone, and of all of them by the
# nox session `slow`.
ALIKE = {
    "rk4": ("euler", "heun", "midpoint", "ralston", "bosh3", "tsit5", "dopri5", "dopri8"),
    "adaptive-tsit5": ("adaptive-dopri5", "adaptive-dopri8"),
    "kvaerno5": ("kvaerno3", "kvaerno4"),
    "implicit-midpoint": ("implicit-euler",),
    "milstein": ("euler-maruyama", "stochastic-heun"),
    "lbfgs": ("bfgs", "nonlinear-cg"),
    "levenberg-marquardt": ("dogleg",),
    "optimistix-bfgs": (
        *("optimistix-dfp", "optimistix-lbfgs", "optimistix-nonlinear-cg"),
        *("optimistix-gradient-descent", "optimistix-nelder-mead"),
    ),
    "optimistix-levenberg-marquardt": (
        *("optimistix-gauss-newton", "optimistix-indirect-levenberg-marquardt"),
        "optimistix-dogleg",
    ),
    "enkf": ("etkf", "serial-enkf", "denkf", "enkf-n"),
    "letkf": ("local-serial-eakf",),
    "4dvar": ("weak-4dvar",),
    "3dvar": ("optimal-interpolation",),
    "no-assimilation": ("climatology",),
    "nuts": ("hmc", "mala", "random-walk"),
    "mnist": ("fashion-mnist",),
    "classification": ("regression-network",),
    "sequence-classification": ("japanese-vowels",),
    "lorenz96-twin": ("lorenz63-twin",),
    "gaussian-mixture": ("student-t-mixture",),
}
LIKE = {name: first for first, others in ALIKE.items() for name in others}
# What a component's own coefficients or formula can be wrong in.
OWN = {
    "integrator": (
        check_pytree_round_trip,
        check_static_fields,
        check_integrator_accuracy,
        check_stochastic_drift,
        check_stochastic_noise,
        check_stochastic_precision,
    ),
    "solver": (
        check_pytree_round_trip,
        check_static_fields,
        check_solver_state,
        check_solver_chunks,
        check_solver_resumes,
    ),
    "problem": (
        check_pytree_round_trip,
        check_static_fields,
        check_init,
        check_loss,
        check_loss_precision,
        check_strict_promotion,
        check_batches,
    ),
}
# Methods of one class whose steps tests/plugins/plugax_optimistix compares with optimistix's.
COMPARED = tuple(name for name in LIKE if name.startswith("optimistix-"))
# Steps side by side, which may not reach each other: `check_solver_hyperparameters` asks that of
# these kinds of step, and `check_solver_seeds` in whole runs of fewer.
SIDE_BY_SIDE = (
    *("gradient", "lbfgs", "levenberg-marquardt", "nelder-mead", "proximal-newton", "then"),
    *("enkf", "ekf", "ienks", "4dvar", "adam", "sgd"),
)
IN_WHOLE_RUNS = ("gradient", "lbfgs", "enkf", "4dvar")
# Members that stop early or are on several devices, and steps that are taken back, where the runner
# does the same with all.
DONE_BY_THE_RUNNER = (
    check_solver_race,
    check_solver_devices,
    check_solver_skips,
    check_solver_goes_back,
)
IN_RACES = ("gradient", "enkf")
# Filters have their metrics, and what they do without an observation, from one place.
OF_FILTERS = (check_solver_gaps, check_solver_truth)
AMONG_FILTERS = ("enkf", "particle-filter", "ienks")
# Figures of which a plugin has tests of its own, or which are those of another problem.
DRAWN = ("regression", "classification", "lorenz96-twin")
# What another check asks of the same code. `check_integrator_stiff_gradient` differentiates
# programs of the same steps, some of them rejected, in both modes and side by side; what cuts a run
# into time steps is the same for explicit and for implicit adaptive schemes, which have half of the
# other checks each.
LEFT_TO_OTHERS = {
    "adaptive-tsit5": (
        check_integrator_gradient,
        check_integrator_precision,
        check_integrator_vmap_equals_loop,
        check_integrator_callbacks,
        check_integrator_stiff_gradient,
    ),
    "implicit-midpoint": (check_integrator_stiff_gradient,),
    "map": (check_integrator_stiff_gradient,),
    "kvaerno5": (
        check_integrator_gradient,
        check_integrator_vmap_equals_loop,
        check_integrator_composition,
        check_integrator_every,
    ),
}
ASKED_OF_FEW = (
    ((check_solver_hyperparameters, check_optimizer_hyperparameters), SIDE_BY_SIDE),
    ((check_solver_seeds,), IN_WHOLE_RUNS),
    (DONE_BY_THE_RUNNER, IN_RACES),
    (OF_FILTERS, AMONG_FILTERS),
    ((check_figures,), DRAWN),
)
BASELINES = ("optimal-interpolation", "climatology", "no-assimilation")

with warnings.catch_warnings():
    # One plugin that is broken must not take the checks of all others with it.
    warnings.simplefilter("ignore", px.errors.PluginWarning)
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

if jax.device_count() == 1:
    # tests/test_devices.py runs it in a process with eight.
    CHECKS = [check for check in CHECKS if check.check is not check_solver_devices]


def test_what_is_said_of_a_component_here_is_said_of_one_that_is_there():
    names = {check.subject.name for check in CHECKS}
    few = {*SIDE_BY_SIDE, *IN_WHOLE_RUNS, *IN_RACES, *AMONG_FILTERS, *DRAWN}
    assert {*LIKE, *ALIKE, *LEFT_TO_OTHERS, *few} <= names


def is_slow(check):
    """Whether a quicker test asks the same of the same code."""
    name, kind = check.subject.name, check.subject.kind
    if name in COMPARED:
        return check.check not in (check_pytree_round_trip, check_static_fields)
    if name in LIKE and check.check not in OWN[kind]:
        return True
    for checks, names in ASKED_OF_FEW:
        if check.check in checks and name not in names:
            return True
    return check.check in LEFT_TO_OTHERS.get(name, ())


def marked(check):
    """The check as a parameter of a test."""
    return pytest.param(check, id=check.id, marks=[pytest.mark.slow] if is_slow(check) else [])


@pytest.mark.parametrize("check", [marked(check) for check in CHECKS])
def test_what_is_registered_conforms(check):
    check()
