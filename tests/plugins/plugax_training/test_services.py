"""The loggers that need an extra: what they tell it, and what is said if it is not installed."""

import sys
import types

import pytest

import plugax as px
from plugax.plugins import build
from plugax_training._mlflow import MLflow
from plugax_training._tensorboard import TensorBoard
from plugax_training._wandb import WeightsAndBiases

TOLD = {"steps": 9, "evaluate_every": 4}
# Steps divisible by three, and the evaluations; 8 is an evaluation only.
LOGGED = [(0, "loss"), (3, "loss"), (4, "evaluation/distance"), (6, "loss")]
LOGGED += [(8, "evaluation/distance")]
EXTRAS = {"tensorboard": "tensorboardX", "mlflow": "mlflow", "wandb": "wandb"}


class Notes:
    """An object whose every method notes how it was called."""

    def __init__(self, calls):
        self.calls = calls

    def __getattr__(self, name):
        return lambda *args, **keywords: self.calls.append((name, args, keywords))


def test_tensorboard_is_told_every_third_step_and_the_evaluations(bumpy, by_one, stand_in):
    calls = []
    module = types.ModuleType("tensorboardX")
    module.SummaryWriter = lambda directory, purge_step: Notes(calls)
    with stand_in("tensorboardX", module):
        px.solve(bumpy, by_one, **TOLD, observers=[TensorBoard("there", every=3)])
    told = [args for name, args, _ in calls if name == "add_scalar"]
    assert [(step, name) for name, _, step in told if name != "twice"] == LOGGED
    assert dict(told and [(name, value) for name, value, step in told if step == 3])["loss"] == -3
    assert calls[-1][0] == "close"


def test_mlflow_is_told_metrics_and_options(bumpy, by_one, stand_in):
    calls = []
    module = types.ModuleType("mlflow")
    notes = Notes(calls)
    for name in ("set_experiment", "start_run", "log_metrics", "log_params", "end_run"):
        setattr(module, name, getattr(notes, name))
    with stand_in("mlflow", module):
        px.solve(bumpy, by_one, **TOLD, observers=[MLflow(every=3)])
    told = [(k["step"], next(iter(a[0]))) for name, a, k in calls if name == "log_metrics"]
    assert told == LOGGED
    (params,) = [args[0] for name, args, _ in calls if name == "log_params"]
    assert params["solver.optimizer.learning_rate"] == 1.0
    assert params["seed"] == 0
    assert calls[-1] == ("end_run", (), {"status": "FINISHED"})


def test_what_mlflow_refuses_is_said_in_its_words(bumpy, by_one, stand_in):
    module = types.ModuleType("mlflow")

    def refuse(name):
        raise RuntimeError("no store of that kind")

    module.set_experiment = refuse
    with stand_in("mlflow", module), pytest.raises(px.PlugaxError, match="no store of that kind"):
        px.solve(bumpy, by_one, **TOLD, observers=[MLflow()])


def test_weights_and_biases_stay_offline_by_default(bumpy, by_one, stand_in, tmp_path):
    calls, begun = [], {}
    module = types.ModuleType("wandb")

    def init(**told):
        begun.update(told)
        run = Notes(calls)
        run.config = Notes(calls)
        return run

    module.init = init
    with stand_in("wandb", module):
        px.solve(bumpy, by_one, **TOLD, observers=[WeightsAndBiases(directory=tmp_path, every=3)])
    assert begun["mode"] == "offline"
    told = [(k["step"], next(iter(a[0]))) for name, a, k in calls if name == "log"]
    assert told == LOGGED
    assert calls[-1] == ("finish", (), {"exit_code": 0})


@pytest.mark.parametrize(("name", "module"), EXTRAS.items())
def test_a_missing_extra_says_what_to_install(manager, name, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    component = manager.find("observer", name)
    assert component.missing == (f"plugax[{name}]",)
    with pytest.raises(px.PlugaxError, match=rf"not installed: pip install 'plugax\[{name}\]'"):
        build("observer", name, {}, plugins=manager)
    assert component.load().__doc__  # it can be described all the same


def test_tensorboards_files_are_written(bumpy, by_one, tmp_path):
    px.solve(bumpy, by_one, **TOLD, observers=[TensorBoard(tmp_path, every=3)])
    assert any(path.stat().st_size > 100 for path in tmp_path.iterdir())


def test_hooks_import_no_jax(root):
    import subprocess

    code = "import sys, plugax_training; assert not {'jax', 'numpy'} & set(sys.modules)"
    path = f"{root / 'core'}:{root / 'plugins'}"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": path})
