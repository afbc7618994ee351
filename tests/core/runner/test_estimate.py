"""What a run needs, told before it is run, against what it then takes."""

import functools
import pathlib

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

import plugax as px
from plugax import _memory
from plugax.runner import estimate

RATES = jnp.linspace(0.01, 0.1, 2)
NUMBERS, WIDE = 2**20, 2**17


class Weighted(px.AbstractProblem):
    """Unknowns and data of known size, and a square of the unknowns in the loss."""

    weights: jax.Array
    size: int = eqx.field(static=True, default=WIDE)
    square: bool = eqx.field(static=True, default=False)

    def init(self, key):
        return jnp.ones(self.size, "float32")

    def loss(self, unknowns, batch, key):
        more = jnp.sum(jnp.sin(jnp.outer(unknowns, unknowns)) @ unknowns) if self.square else 0.0
        return jnp.mean(self.weights) * jnp.sum(unknowns**2) + more, {}


@pytest.fixture
def memory(monkeypatch):
    """Sets the free memory of this machine [bytes]."""

    def set_free(size):
        monkeypatch.setattr(_memory, "_of_system", lambda: size)
        monkeypatch.setattr(_memory, "_of_group", lambda: None)

    return set_free


def size_of(directory):
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("over", [None, {"learning_rate": RATES, "seed": range(2)}])
def test_the_size_on_disk_is_that_of_the_files(bowl, descent, over, tmp_path):
    told = {"steps": 900, "evaluate_every": 100, "record_every": 2, "keep_best": "norm"}
    if over is not None:
        told["over"] = over
    solver = descent(jnp.asarray(0.01))  # the last evaluation is the best
    expected = estimate(bowl, solver, **told, out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
    run = px.solve if over is None else px.sweep
    run(bowl, solver, **told, out=tmp_path / "run")
    assert size_of(tmp_path / "run") == pytest.approx(expected.disk, abs=2**11, rel=0.02)


def test_the_memory_is_that_of_the_arrays():
    found = estimate(Weighted(jnp.ones(NUMBERS)), "gradient", steps=10)
    parts = found.memory_parts
    assert parts["data"] == pytest.approx(4 * NUMBERS, rel=1e-3)
    unknowns = 4 * WIDE
    state = parts["states"] / 3  # before a chunk, after it, and before the chunk before
    assert state == pytest.approx(round(state / unknowns) * unknowns, rel=1e-3)
    assert parts["answers"] == pytest.approx(unknowns, rel=1e-3)
    assert sum(parts.values()) == found.memory
    assert found.fits


def test_the_work_of_a_step_is_that_of_its_largest_array():
    problem = functools.partial(Weighted, jnp.ones(1), square=True)
    small, large = (
        estimate(problem(size=size), "gradient", steps=10).memory_parts["work"]
        for size in (500, 1000)
    )
    assert large >= 4 * 1000**2
    assert large / small == pytest.approx(4, rel=0.1)


def test_the_largest_population_fits_and_a_larger_one_does_not(memory):
    problem = Weighted(jnp.ones(1), 2**12)
    memory(12 * 2**20)
    found = estimate(problem, "gradient", over={"seed": range(2000)}, steps=2)
    assert not found.fits
    assert found.step_seconds is None
    assert "All 2000 members need at least" in found.obstacles[0]
    assert f"{found.most_members} members fit" in found.obstacles[0]
    most = found.most_members
    assert estimate(problem, "gradient", over={"seed": range(most)}, steps=2).fits
    more = range(int(1.2 * most))
    assert not estimate(problem, "gradient", over={"seed": more}, steps=2).fits


def test_members_that_do_not_fit_side_by_side_are_planned_in_blocks(memory):
    problem = Weighted(jnp.ones(1), 500, square=True)
    memory(12 * 2**20)
    told = {"over": {"seed": range(8)}, "steps": 2}
    found = estimate(problem, "gradient", **told)
    assert found.fits
    assert 1 <= found.block < 8
    assert px.sweep(problem, "gradient", **told).success.all()
    alone = estimate(problem, "gradient", **told, block=1)
    assert alone.block == 1
    assert alone.memory < found.memory


def test_a_single_run_that_does_not_fit_is_told(bowl, descent, memory):
    memory(2**20)
    found = estimate(Weighted(jnp.ones(1), 2**30), "gradient", steps=5)
    assert not found.fits
    assert found.most_members is None
    assert "Choose a smaller size" in found.obstacles[0]


def test_a_history_that_does_not_fit_is_named(bowl, descent, memory):
    memory(2**22)
    found = estimate(bowl, descent(0.1), steps=10**7)
    assert "The history of all steps takes 153 MiB" in found.obstacles[0]
    assert estimate(bowl, descent(0.1), steps=10**7, record_every=10**5).fits


def test_what_does_not_fit_on_disk_is_told(bowl, descent, tmp_path, monkeypatch):
    monkeypatch.setattr("plugax.runner.estimates._estimate_job.free_on_disk", lambda _: 1000)
    found = estimate(bowl, descent(0.1), steps=100, out=tmp_path / "run")
    assert found.disk > 1000
    assert "and 1e+03 bytes is free for" in found.obstacles[0]


def test_programs_are_summed_up(tmp_path):
    told = {"steps": 30, "out": tmp_path / "run"}
    names = ["sgd", "adam"]
    one, other = (
        estimate("regression", "gradient", over={"seed": range(2)}, optimizer=name, **told)
        for name in names
    )
    both = estimate(
        "regression", "gradient", over={"seed": range(2), "optimizer.name": names}, **told
    )
    assert both.programs == 2
    assert both.memory >= max(one.memory, other.memory)
    assert both.disk == pytest.approx(one.disk + other.disk, abs=2**10)
    assert both.seconds > both.step_seconds > 0


def test_data_that_are_read_on_the_host_are_counted(tmp_path):
    from plugax.data import Iterated

    class Fit(px.AbstractProblem):
        stream: Iterated

        def init(self, key):
            return jnp.zeros(3)

        @property
        def data(self):
            return self.stream

        def loss(self, unknowns, batch, key):
            return jnp.sum((unknowns - batch) ** 2), {}

    batch = jnp.ones(3)
    stream = Iterated(lambda: iter([batch] * 200), memory=2**16)
    found = estimate(Fit(stream), "gradient", steps=100)
    assert 0.5 * 2**16 < found.memory_parts["data"] < 1.1 * 2**16
    assert found.seconds > 0


def test_wrong_calls_are_those_of_a_run(bowl, descent, tmp_path):
    px.solve(bowl, descent(0.1), steps=2, out=tmp_path / "run")
    with pytest.raises(px.PlugaxError, match=r"holds solution\.json of another run"):
        estimate(bowl, descent(0.1), out=tmp_path / "run")
    assert estimate(bowl, descent(0.1), steps=2, out=tmp_path / "run", force=True).disk
    file = pathlib.Path(tmp_path / "file")
    file.touch()
    with pytest.raises(px.PlugaxError, match="Nothing can be saved in"):
        estimate(bowl, descent(0.1), out=file / "run")
    with pytest.raises(px.PlugaxError, match="There is nothing to sweep over"):
        estimate(bowl, descent(0.1), over={})
    with pytest.raises(px.PlugaxError, match="evaluate returns no scalar 'morm'"):
        estimate(bowl, descent(0.1), steps=9, evaluate_every=3, keep_best="morm")
