"""Runs whose batches are read on the host: what they give, and what can go wrong on the way."""

import itertools
import os
import signal
import threading

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.data import Iterated, Stream
from plugax.runner.loop._program import traces

X = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
Y = X @ np.array([1.0, 2.0, 3.0], "float32")
BATCH = 16
# Blocks of four batches, so that some lie in a run of a few steps; the first is filled with one.
FOUR = 4 * 4 * BATCH * 4 * 4


class Line(px.AbstractProblem):
    """Find w for which y = x·w."""

    batches: px.AbstractData
    worst: float = eqx.field(static=True, default=float("inf"))

    def init(self, key):
        return jnp.zeros(3)

    @property
    def data(self):
        return self.batches

    def loss(self, unknowns, batch, key):
        x, y = batch
        loss = jnp.mean((x @ unknowns - y) ** 2)
        # A step at which the metrics are not finite, for `worst` below the largest |y|.
        return jnp.where(jnp.max(jnp.abs(y)) > self.worst, jnp.nan, loss), {}

    def evaluate(self, unknowns):
        return {"norm": jnp.sum(unknowns**2)}


def streamed(**options):
    return Line(Stream((X, Y), BATCH, memory=FOUR), **options)


def loader(batches=40):
    """A list of batches that each hold other examples."""
    return [(X[i % 34 : i % 34 + BATCH], Y[i % 34 : i % 34 + BATCH]) for i in range(batches)]


@pytest.fixture
def solver(descent):
    return descent(0.05)


@pytest.fixture(autouse=True)
def no_thread_survives():
    before = set(threading.enumerate())
    yield
    assert not {thread.name for thread in set(threading.enumerate()) - before}


def same(one, other):
    np.testing.assert_array_equal(one.unknowns, other.unknowns)
    assert one.series.keys() == other.series.keys()
    for name in one.series:
        np.testing.assert_array_equal(one.series[name], other.series[name])


@pytest.fixture(scope="module")
def on_device(descent):
    """The run on data on the device, with which those on streams are compared."""
    return px.solve(Line(px.Shuffled((X, Y), BATCH)), descent(0.05), seed=3, steps=30)


def test_a_run_equals_that_on_the_device_bit_for_bit_in_any_chunks(solver, on_device):
    for told in ({}, {"chunk": 1}, {"chunk": 3}, {"chunk": 100}, {"device": "cpu"}):
        solution = px.solve(streamed(), solver, seed=3, steps=30, **told)
        same(solution, on_device)
        assert solution.status.name == "completed"
        assert 0 < solution.wait_seconds <= solution.run_seconds


def test_nothing_is_compiled_again_for_other_seeds_lengths_and_files_of_the_same_shapes(solver):
    px.solve(streamed(), solver, steps=9, chunk=2)
    before = traces.copy()
    px.solve(streamed(), solver, seed=7, steps=21)
    px.solve(Line(Stream((X[::-1], -Y), BATCH, memory=FOUR)), solver, epochs=2)
    assert traces == before


def test_epochs_and_evaluations_are_counted_as_on_the_device(solver):
    device = Line(px.Shuffled((X, Y), BATCH))
    told = {"epochs": 5, "evaluate_every": "epoch", "keep_best": "max:norm", "record_every": 3}
    ours, theirs = (px.solve(problem, solver, **told) for problem in (streamed(), device))
    same(ours, theirs)
    assert ours.evaluations.equals(theirs.evaluations)
    same(ours.best, theirs.best)


@pytest.mark.parametrize("record", [None, ()])
def test_a_run_that_fails_goes_back_to_its_last_good_step(solver, record):
    """The failed chunk is run again, on the batches it had."""
    worst = float(np.sort(np.abs(Y))[-1]) - 1e-6
    told = {"seed": 4, "steps": 30, "record": record}
    device = px.solve(Line(px.Shuffled((X, Y), BATCH), worst), solver, **told)
    assert device.status.name == "non-finite"
    assert device.steps > 0
    for chunk in (None, 1):
        solution = px.solve(streamed(worst=worst), solver, chunk=chunk, **told)
        assert str(solution.status) == str(device.status)
        same(solution, device)


def test_members_share_the_batches_or_have_those_of_their_seeds(descent, on_device):
    rates = px.sweep(
        streamed(), descent(0.05), over={"learning_rate": [0.05, 0.1]}, steps=30, seed=3
    )
    # Side by side the products of matrices are summed in another order.
    np.testing.assert_allclose(rates.unknowns[0], on_device.unknowns, rtol=1e-5)
    seeds = px.sweep(streamed(), descent(0.05), over={"seed": [1, 3]}, steps=30)
    np.testing.assert_allclose(seeds.unknowns[1], on_device.unknowns, rtol=1e-5)
    assert not np.allclose(*seeds.series["loss"])
    one_by_one = px.sweep(streamed(), descent(0.05), over={"seed": [1, 3]}, steps=30, block=1)
    np.testing.assert_array_equal(one_by_one.unknowns[1], on_device.unknowns)


def test_a_race_on_a_stream_leaves_the_members_as_they_are_without(descent):
    over = {"learning_rate": [0.01, 0.02, 0.05, 0.1]}
    told = {"over": over, "steps": 16, "seed": 3, "block": 1}
    raced, all_of_them = (
        px.sweep(streamed(), descent(), race=race, **told) for race in (px.Race(eta=2), None)
    )
    alive = raced.names == "completed"
    assert 0 < alive.sum() < 4
    np.testing.assert_array_equal(raced.unknowns[alive], all_of_them.unknowns[alive])


def test_resuming_is_exact_alone_and_in_a_population(solver, on_device, tmp_path):
    px.solve(streamed(), solver, seed=3, steps=7, out=tmp_path / "one")
    resumed = px.resume(tmp_path / "one", steps=30, problem=streamed(), solver=solver)
    same(resumed, on_device)
    over = {"over": {"seed": [1, 3]}}
    px.sweep(streamed(), solver, **over, steps=7, out=tmp_path / "two")
    resumed = px.resume(tmp_path / "two", steps=30, problem=streamed(), solver=solver)
    same(resumed, px.sweep(streamed(), solver, **over, steps=30))


def test_a_run_is_not_resumed_on_other_data(solver, tmp_path):
    px.solve(streamed(), solver, steps=7, out=tmp_path)
    others = {
        "examples of the stream are not": Stream((X + 1, Y), BATCH),
        "in batches of 8, and that of the saved run 50 in batches of 16": Stream((X, Y), 8),
        "has 49 examples": Stream((X[:49], Y[:49]), BATCH),
    }
    for told, stream in others.items():
        with pytest.raises(px.PlugaxError, match=f"cannot be resumed.*{told}"):
            px.resume(tmp_path, steps=30, problem=Line(stream), solver=solver)


class Counting:
    """An iterable of batches whose iterator tells its position."""

    def __init__(self, wrap=lambda number: number):
        self.wrap = wrap

    def __iter__(self):
        batches, wrap = loader(), self.wrap

        class Iterator:
            number = 0

            def __next__(self):
                self.number += 1
                return batches[(self.number - 1) % len(batches)]

            def get_state(self):
                return wrap(self.number)

            def set_state(self, state):
                self.number = int(state)

        # `iter` asks for no more than __next__.
        return type("Iterator", (Iterator,), {"__iter__": lambda self: self})()


@pytest.mark.parametrize("wrap", [int, lambda number: str(number).encode()], ids=["int", "bytes"])
@pytest.mark.parametrize("half", [6, 9])
def test_an_iterator_that_tells_its_position_is_resumed_exactly(solver, tmp_path, wrap, half):
    """In the middle of a block of four, and at its end."""
    problem = Line(Iterated(Counting(wrap), memory=FOUR))
    whole = px.solve(problem, solver, steps=20)
    px.solve(problem, solver, steps=half, out=tmp_path)
    same(px.resume(tmp_path, steps=20, problem=problem, solver=solver), whole)


@pytest.mark.parametrize(
    ("batches", "why"),
    [(lambda: iter(loader()), "has no get_state"), (Counting(lambda n: {n}), "no plain data")],
    ids=["iterator", "state"],
)
def test_what_does_not_tell_its_position_says_that_it_cannot_be_resumed(
    solver, tmp_path, batches, why
):
    problem = Line(Iterated(batches, memory=FOUR))
    solution = px.solve(problem, solver, steps=6, out=tmp_path)
    assert solution.status.success
    with pytest.raises(px.PlugaxError, match=f"cannot be resumed.*position.*{why}"):
        px.resume(tmp_path, steps=20, problem=problem, solver=solver)


def test_the_best_of_a_run_on_an_iterator_goes_on_from_its_own_place(solver, tmp_path):
    problem = Line(Iterated(Counting(), memory=FOUR))
    told = {"evaluate_every": 3, "keep_best": "norm"}  # the norm grows
    whole = px.solve(problem, solver, steps=12, **told, out=tmp_path)
    assert whole.best.steps == 3
    same(px.resume(tmp_path / "best", steps=12, problem=problem, solver=solver), whole)


def test_few_batches_are_read_again_to_resume(solver, tmp_path):
    """The position is noted every 64 batches, and not only where a block begins."""
    problem = Line(Iterated(Counting()))
    solution = px.solve(problem, solver, steps=200, out=tmp_path)
    assert solution.place["readers"] == [{"step": 192, "position": {"state": 192}}]


def test_a_run_ends_when_its_data_do_and_says_so(solver):
    problem = Line(Iterated(lambda: iter(loader(9)), memory=FOUR))
    solution = px.solve(problem, solver, steps=20)
    assert solution.status.name == "stopped"
    assert "ended after 9 steps of 20" in str(solution.status)
    assert len(solution.series["loss"]) == solution.steps == 9
    assert px.solve(problem, solver, steps=9).status.name == "completed"
    listed = Line(Iterated(loader(9)))
    assert px.solve(listed, solver).steps == 9
    with pytest.raises(px.PlugaxError, match="data last for 9 steps only"):
        px.solve(listed, solver, steps=10)


def breaks(step, what):
    def batches():
        yield from loader(step)
        yield what()

    return Line(Iterated(batches, memory=FOUR))


def _raise():
    raise OSError("the disk is gone")


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (_raise, "The batch of step 6 could not be read: OSError: the disk is gone"),
        (lambda: (X[:3], Y[:3]), r"step 6 differs .* float32\[3, 3\].*the first has .*\[16, 3\]"),
        (lambda: X, "step 6 differs from the first"),
        (lambda: (X[:BATCH].astype("int32"), Y[:BATCH]), r"step 6 differs.*int32\[16, 3\]"),
        (lambda: (X[:BATCH], "text"), r"step 6 differs.*<U4\[\]"),
    ],
)
def test_what_goes_wrong_in_the_thread_is_an_error_here_and_the_run_before_it_is_saved(
    solver, tmp_path, what, told
):
    with pytest.raises(px.PlugaxError, match=told) as caught:
        px.solve(breaks(6, what), solver, steps=20, out=tmp_path)
    if what is _raise:
        assert isinstance(caught.value.__cause__, OSError)
    saved = px.load(tmp_path, problem=breaks(6, what), solver=solver)
    assert saved.steps == 6
    assert saved.status.name == "interrupted"


def test_an_index_that_fails_is_an_error_here(solver):
    class Broken:
        def __len__(self):
            return 50

        def __getitem__(self, numbers):
            if len(numbers) > 1:
                raise OSError("the disk is gone")
            return X[numbers], Y[numbers]

    with pytest.raises(px.PlugaxError, match="from step 0 on: OSError: the disk is gone"):
        px.solve(Line(Stream(Broken(), BATCH)), solver, steps=3)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_while_the_run_waits_for_a_batch_ends_it(solver, monkeypatch):
    """Even if the batch never comes; a warning then says that its thread is still there."""
    monkeypatch.setattr("plugax.runner.loop._feed.PATIENCE", 0.01)
    go_on = threading.Event()

    def batches():
        yield from loader(4)
        os.kill(os.getpid(), signal.SIGINT)
        go_on.wait()

    with pytest.warns(RuntimeWarning, match="has not returned"):
        solution = px.solve(Line(Iterated(batches, memory=FOUR)), solver, steps=20)
    assert solution.status.name == "interrupted"
    assert solution.steps < 4
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "plugax-data":
            thread.join()


def test_generators_are_closed_when_a_run_ends(solver):
    closed = []

    def batches():
        try:
            yield from itertools.cycle(loader())
        finally:
            closed.append(True)

    problem = Line(Iterated(batches, memory=FOUR))
    px.solve(problem, solver, steps=3)
    assert closed == [True, True]  # of the first look, and of the run


def test_a_stream_is_for_runs_and_not_for_pure_functions(solver):
    with pytest.raises(px.PlugaxError, match="read on the host"):
        px.unrolled(streamed(), solver, steps=3)
    with pytest.raises(px.PlugaxError, match="needs all data at every step"):
        px.solve(streamed(), "bfgs")


def test_parts_of_a_composition_read_one_stream(on_device):
    told = {"inner": px.solver("gradient", tolerance=None), "steps": 12, "seed": 3}
    ours, theirs = (
        px.solve(problem, "restart", **told)
        for problem in (streamed(), Line(px.Shuffled((X, Y), BATCH)))
    )
    same(ours, theirs)


def test_members_with_batches_of_their_own_need_room_for_them(solver):
    tight = Line(Stream((X, Y), BATCH, memory=FOUR // 4))
    with pytest.raises(px.PlugaxError, match="of 3 members, each with its own, takes"):
        px.sweep(tight, solver, over={"seed": range(3)}, steps=3)


def test_double_precision_reaches_the_thread(solver, x64):
    problem = Line(Stream((X.astype("float64"), Y.astype("float64")), BATCH))
    solution = px.solve(problem, solver, steps=30)
    assert solution.unknowns.dtype == "float64"
    assert jax.tree.leaves(problem.data.batch)[0].dtype == "float64"
