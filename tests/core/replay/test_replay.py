"""A step of a saved run once more: the same bits, and where they come to nothing finite."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.cli import main
from plugax.replay import replay


class Decay(px.AbstractProblem):
    """Σ u − a log u, whose descent walks to where u is no longer positive, in batches and noise."""

    drift: float = 0.5

    def init(self, key):
        return {"rate": 2.0 + 0.1 * jax.random.normal(key, (3,))}

    @property
    def data(self):
        return px.Shuffled(jnp.arange(12.0), batch_size=4)

    def loss(self, unknowns, batch, key):
        noise = jax.random.normal(key, (3,))
        rate = unknowns["rate"]
        tilt = self.drift * jnp.mean(batch) / 5.5
        return jnp.sum(tilt * rate + 1e-3 * noise * rate - 1e-3 * jnp.log(rate)), {
            "low": rate.min()
        }


def sgd(rate):
    return px.solver("gradient", optimizer=px.optimizer("sgd", learning_rate=rate))


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """A run that ends as non-finite, and its directory."""
    out = tmp_path_factory.mktemp("failed")
    return px.solve(Decay(), sgd(0.2), steps=100, out=out), out


def test_the_step_that_ended_a_run_is_found_with_its_operation(failed):
    solution, out = failed
    assert solution.status.name == "non-finite"
    found = replay(out, problem=Decay())
    assert (found.step, found.start) == (solution.steps + 1, solution.steps)
    assert found.leaves[0].path == "metrics.loss"
    assert found.operation.name == "log"
    assert "jnp.log(rate)" in found.operation.text
    assert found.operation.inputs[0].least < 0
    assert np.isnan(found.metrics["loss"])


@pytest.mark.parametrize("step", [0, 1, 7])
def test_a_finite_step_has_the_bits_of_the_history_and_says_that_it_is_finite(failed, step):
    found = replay(failed[0], step=step)
    assert found.finite
    assert found.start == 0
    assert found.recorded.keys() == found.metrics.keys()
    assert not found.differs
    for name, value in found.metrics.items():
        assert value.tobytes() == failed[0].series[name][step].tobytes()


def test_a_step_whose_state_was_spoiled_before_names_the_step_that_did_it():
    class Kink(px.AbstractProblem):
        def init(self, key):
            return jnp.asarray([1.0, 4.0])

        def loss(self, unknowns, batch, key):
            return jnp.sum(jnp.abs(unknowns)) + jnp.linalg.norm(unknowns[:1] * 0), {}

    solution = px.solve(Kink(), sgd(0.1), steps=20)
    found = replay(solution)
    assert found.step == 0
    assert {leaf.path for leaf in found.leaves} == {"state.unknowns", "gradient"}
    assert found.operation.name == "div"
    assert "jnp.linalg.norm(unknowns[:1] * 0)" in found.operation.text
    assert found.became.backward
    asked = replay(solution, step=1)
    assert (asked.step, asked.asked) == (0, 1)


def test_data_that_are_not_finite_are_named(tmp_path):
    class Mean(px.AbstractProblem):
        points: jax.Array

        def init(self, key):
            return jnp.zeros(())

        @property
        def data(self):
            return px.Sequence(self.points)

        def loss(self, unknowns, batch, key):
            return jnp.square(unknowns - batch), {}

    problem = Mean(jnp.arange(30.0).at[11].set(jnp.nan))
    px.solve(problem, sgd(0.01), steps=20, out=tmp_path)
    found = replay(tmp_path, problem=problem)
    assert found.step == 11
    assert found.given.path == "batch"
    assert found.operation is None
    px.solve(problem, sgd(0.01), steps=20, on_non_finite="skip", out=tmp_path, force=True)
    skipped = replay(tmp_path, step=11, problem=problem)
    assert skipped.given.path == "batch"
    assert replay(tmp_path, step=13, problem=problem).finite
    assert not replay(tmp_path, step=13, problem=problem).differs


def test_a_run_that_went_back_is_replayed_with_the_learning_rates_of_its_steps():
    class Steep(px.AbstractProblem):
        def init(self, key):
            return jax.random.normal(key, (2,))

        def loss(self, unknowns, batch, key):
            return 15 * jnp.sum(unknowns**2), {}

    solution = px.solve(Steep(), sgd(0.2), steps=320, on_non_finite="rollback")
    assert len(solution.recoveries["failed"])
    for step, start in ((3, 0), (130, 100 if 100 in solution.points else 0), (319, 300)):
        found = replay(solution, step=step)
        assert found.start == start
        assert found.recorded
        assert not found.differs


def test_what_cannot_be_replayed_is_said(failed, capsys):
    solution, out = failed
    with pytest.raises(px.PlugaxError, match=f"steps 0 to {solution.steps + 1}"):
        replay(solution, step=99)
    with pytest.raises(px.PlugaxError, match="has not ended as non-finite"):
        replay(px.solve(Decay(), sgd(0.2), steps=5))
    population = px.sweep(Decay(), sgd(0.2), over={"seed": [0, 1]}, steps=5)
    with pytest.raises(px.PlugaxError, match="Choose a member"):
        replay(population)
    assert replay(population.member(seed=1), step=2).finite
    assert main(["replay", str(out.parent / "nowhere")]) == 2
    assert "There is no solution" in capsys.readouterr().err


def test_the_command_tells_it_all(tmp_path, capsys):
    told = ["--solver", "gradient", "--optimizer", "sgd", "--learning-rate", "1e4", "--steps", "30"]
    assert main(["run", "regression", *told, "--out", str(tmp_path)]) == 1
    capsys.readouterr()
    assert main(["replay", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "not finite: metrics.loss" in shown
    assert "first operation: " in shown
    assert main(["replay", str(tmp_path), "--step", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["finite"]
    assert found["differs"] == []
    assert found["metrics"] == found["recorded"]
