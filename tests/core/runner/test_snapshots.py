"""What is on the disk while a run goes on, and what is left of it when that is cut off."""

import os
import shutil
import signal
import warnings

import numpy as np
import pytest
import xarray as xr
from jaxtyping import TypeCheckError

import plugax as px
from plugax.runner import verify
from plugax.solution import branches_of, locked, snapshots_in


class At(px.AbstractObserver):
    """Does something once, when a step is reached."""

    def __init__(self, step, do):
        self.step, self.do = step, do

    def on_progress(self, progress):
        if progress.step >= self.step and self.do is not None:
            do, self.do = self.do, None
            do()


@pytest.fixture
def solver(descent):
    return descent(0.05, noise=0.1)


@pytest.fixture
def given(bowl, solver):
    return {"problem": bowl, "solver": solver}


def assert_same(found, wanted):
    np.testing.assert_array_equal(found.unknowns, wanted.unknowns)
    xr.testing.assert_identical(found.history, wanted.history)
    xr.testing.assert_identical(found.evaluations, wanted.evaluations)


def test_the_last_snapshots_are_kept_each_a_run_that_goes_on_to_the_same_end(given, tmp_path):
    told = {"steps": 40, "evaluate_every": 7}
    whole = px.solve(*given.values(), **told)
    saved = {"snapshot_every": 10, "keep_last": 3, "out": tmp_path / "run"}
    px.solve(*given.values(), **told, **saved)
    places = snapshots_in(tmp_path / "run")
    assert list(places) == [20, 30]
    for step, place in places.items():
        then = px.load(place, **given)
        assert (then.steps, then.history.sizes["step"]) == (step, step)
        assert then.status.name == "interrupted"
        assert_same(px.resume(place, **given), whole)
    assert_same(px.load(tmp_path / "run", **given), whole)


def test_the_history_is_appended_to_not_written_again(given, tmp_path):
    sizes = []

    def look():
        (rows,) = tmp_path.glob("history-*.rows")
        sizes.append((rows.stat().st_ino, rows.stat().st_size))

    every = [At(step, look) for step in (10, 20, 30)]
    told = {"chunk": 10, "snapshot_every": 10, "observers": every}
    px.solve(*given.values(), steps=40, out=tmp_path, **told)
    px.resume(tmp_path, steps=60, observers=[At(50, look)], chunk=10, **given)
    assert [size for _, size in sizes] == [8 * step for step in (10, 20, 30, 50)]  # two float32
    assert len({file for file, _ in sizes}) == 1


def test_a_run_can_be_resumed_from_its_first_moment(given, tmp_path):
    at_the_start = {}

    class Look(px.AbstractObserver):
        def on_progress(self, progress):
            if not at_the_start:
                shutil.copytree(tmp_path / "run", tmp_path / "killed")
                at_the_start["steps"] = px.load(tmp_path / "killed", **given).steps

    whole = px.solve(*given.values(), steps=20, chunk=5, observers=[Look()], out=tmp_path / "run")
    assert at_the_start == {"steps": 0}
    assert_same(px.resume(tmp_path / "killed", **given), whole)


def test_a_new_run_leaves_nothing_of_the_one_that_it_replaces(given, tmp_path):
    told = {"snapshot_every": 5, "keep_last": 4, "evaluate_every": 5, "keep_best": "norm"}
    px.solve(*given.values(), steps=40, out=tmp_path, **told)
    px.solve(*given.values(), steps=8, out=tmp_path, force=True, snapshot_every=100)
    names = sorted(path.name.partition("-")[0] for path in tmp_path.iterdir())
    files = ["history", "history.nc", "solution.json", "state.npz", "unknowns.npz"]
    assert names == ["evaluations.nc", *files]
    px.load(tmp_path, **given)


def test_if_the_newest_snapshot_is_damaged_the_one_before_serves(given, tmp_path):
    told = {"evaluate_every": 5, "keep_best": "norm"}
    whole = px.solve(*given.values(), steps=60, **told)
    px.solve(*given.values(), steps=40, out=tmp_path, snapshot_every=30, **told)
    content = bytearray((tmp_path / "state.npz").read_bytes())
    content[-300] ^= 1
    (tmp_path / "state.npz").write_bytes(content)
    with pytest.raises(px.errors.DamagedRunError, match=r"state\.npz is damaged"):
        px.load(tmp_path, **given)
    with pytest.warns(px.errors.ResumeWarning, match="set aside in .*damaged-1.* after 30 steps"):
        resumed = px.resume(tmp_path, steps=60, **given)
    assert_same(resumed, whole)
    assert_same(px.load(tmp_path, **given), whole)
    assert (tmp_path / "damaged-1" / "solution.json").exists()


def test_a_full_disk_costs_nothing_but_a_warning(given, tmp_path, monkeypatch):
    whole = px.solve(*given.values(), steps=60)
    fsync, full = os.fsync, []

    def maybe(file):
        if full:
            raise OSError(28, "No space left on device")
        fsync(file)

    monkeypatch.setattr("os.fsync", maybe)
    turns = [At(10, lambda: full.append(1)), At(40, full.clear)]
    told = {"chunk": 10, "snapshot_every": 10, "observers": turns, "out": tmp_path}
    with pytest.warns(px.errors.UnsavedWarning, match="No space left.* It goes on, and is saved"):
        solution = px.solve(*given.values(), steps=60, **told)
    assert solution.unsaved is None
    assert_same(solution, whole)
    assert_same(px.load(tmp_path, **given), whole)


def test_rows_that_could_not_be_written_are_written_later(given, tmp_path, monkeypatch):
    from plugax.solution import RowsFile

    append, full = RowsFile.append, []

    def maybe(self, values):
        if full:
            raise OSError(28, "No space left on device")
        append(self, values)

    monkeypatch.setattr(RowsFile, "append", maybe)
    turns = [At(10, lambda: full.append(1)), At(40, full.clear)]
    told = {"evaluate_every": 5, "keep_best": "norm"}
    whole = px.solve(*given.values(), steps=60, **told)
    solution = px.solve(*given.values(), steps=60, chunk=5, observers=turns, out=tmp_path, **told)
    for run in (solution, px.load(tmp_path, **given)):
        assert_same(run, whole)
        assert_same(run.best, whole.best)


def test_a_directory_that_is_removed_costs_the_files_and_not_the_result(given, tmp_path):
    whole = px.solve(*given.values(), steps=40)
    gone = At(20, lambda: shutil.rmtree(tmp_path / "run"))
    told = {"chunk": 10, "observers": [gone], "out": tmp_path / "run"}
    with pytest.warns(px.errors.UnsavedWarning, match="could not be saved"):
        solution = px.solve(*given.values(), steps=40, **told)
    assert "could not be saved" in solution.unsaved
    assert_same(solution, whole)


def test_two_runs_do_not_write_into_one_directory(given, tmp_path):
    px.solve(*given.values(), steps=4, out=tmp_path)
    with locked(tmp_path), pytest.raises(px.PlugaxError, match="Another run is writing into"):
        px.resume(tmp_path, steps=8, **given)
    assert px.resume(tmp_path, steps=8, **given).steps == 8
    assert not (tmp_path / ".lock").exists()


@pytest.mark.usefixtures("ctrl_c")
def test_termination_is_delivered_once_more_when_the_run_is_saved(given, tmp_path):
    seen = []
    before = signal.signal(signal.SIGTERM, lambda *_: seen.append(px.load(tmp_path, **given).steps))
    try:
        kill = At(30, lambda: os.kill(os.getpid(), signal.SIGTERM))
        told = {"chunk": 10, "observers": [kill], "out": tmp_path}
        solution = px.solve(*given.values(), steps=60, **told)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (seen, solution.steps, solution.status.name) == ([30], 30, "interrupted")


def test_wrong_wishes_are_explained(given, tmp_path):
    for every in (0, -1, True, 1.5, "10", "3 weeks", "0s"):
        told = r"snapshot_every must be a number of steps|'snapshot_every'"
        with pytest.raises((px.PlugaxError, TypeCheckError), match=told):
            px.solve(*given.values(), steps=4, snapshot_every=every)
    with pytest.raises(px.PlugaxError, match="keep_last must be a whole number, at least 1"):
        px.solve(*given.values(), steps=4, keep_last=0)


def test_verify_runs_a_stretch_again(given, tmp_path):
    px.solve(*given.values(), steps=40, snapshot_every=10, keep_last=3, out=tmp_path)
    found = {(v.first, v.last): v for v in (verify(tmp_path, seed=s, **given) for s in range(20))}
    assert found.keys() == {(0, 20), (20, 30), (30, 40)}
    assert {v.numbers for v in found.values()} == {20 * 2 + 4, 10 * 2 + 4}  # rows, and the state
    assert all(found_.success for found_ in found.values())
    short = verify(tmp_path, steps=3, seed=1, **given)
    assert short.numbers == 3 * 2


def test_verify_finds_the_first_number_that_differs(given, bowl, descent, tmp_path):
    px.solve(*given.values(), steps=20, out=tmp_path)
    other = {"problem": bowl, "solver": descent(0.05000001, noise=0.1)}
    found = verify(tmp_path, **other)
    assert not found.success
    assert "of step" in found.difference


def test_a_branch_goes_on_with_other_options_and_both_say_so(given, bowl, descent, tmp_path):
    kept = px.solve(*given.values(), steps=40, snapshot_every=10, out=tmp_path / "a")
    told = {"from_step": 25, "options": {"learning_rate": 0.01}, "out": tmp_path / "b"}
    branch = px.resume(tmp_path / "a", **told, **given)
    np.testing.assert_array_equal(branch.series["loss"][:26], kept.series["loss"][:26])
    assert branch.steps == 40
    half = px.solve(*given.values(), steps=25)
    by_hand = descent(np.float32(0.01), noise=0.1)
    half.save(tmp_path / "half")
    wanted = px.resume(tmp_path / "half", steps=40, problem=bowl, solver=by_hand)
    np.testing.assert_array_equal(branch.unknowns, wanted.unknowns)
    origin = {"of": str(tmp_path / "a"), "step": 25, "options": {"learning_rate": 0.01}}
    assert branch.provenance["run"]["branch"] == origin
    assert branches_of(tmp_path / "a") == [{**origin, "out": str(tmp_path / "b")}]
    assert_same(px.load(tmp_path / "a", **given), kept)
    found = verify(tmp_path / "b", problem=bowl, solver=by_hand)
    assert (found.first, found.last, found.success) == (30, 40, True)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"from_step": 5}, "needs a directory of its own"),
        ({"options": {"learning_rate": 1.0}}, "needs a directory of its own"),
        ({"from_step": 99, "out": "b"}, "has taken 20 steps"),
        ({"from_step": 5, "out": "b", "options": {"learning_rat": 1.0}}, "is no option of Descent"),
        ({"from_step": 20, "out": "b"}, "begins after 20 steps"),
        ({"from_step": 5, "out": "a"}, "cannot be saved there too"),
    ],
)
def test_a_branch_that_cannot_be_is_explained(given, tmp_path, told, said):
    px.solve(*given.values(), steps=20, out=tmp_path / "a")
    told = told | ({"out": tmp_path / told["out"]} if "out" in told else {})
    with pytest.raises(px.PlugaxError, match=said):
        px.resume(tmp_path / "a", **told, **given)


def test_no_damage_to_a_saved_run_is_believed(given, tmp_path):
    rng = np.random.default_rng(0)
    told = {"evaluate_every": 4, "keep_best": "norm", "snapshot_every": 8}
    px.solve(*given.values(), steps=20, out=tmp_path / "run", **told)
    whole = px.load(tmp_path / "run", **given)
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    outcomes = set()
    for _ in range(60):
        path = files[rng.integers(len(files))]
        content = path.read_bytes()
        damaged = bytearray(content)
        at = int(rng.integers(len(content)))
        if rng.random() < 0.3:
            del damaged[at:]
        else:
            damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                loaded = px.load(tmp_path / "run", **given)
        except px.PlugaxError as error:
            assert str(tmp_path) in str(error)  # noqa: PT017 - either may happen
            outcomes.add("refused")
        else:
            assert_same(loaded, whole)
            assert_same(loaded.best, whole.best)
            assert loaded.metrics == whole.metrics
            outcomes.add("of no importance")
        path.write_bytes(content)
    assert outcomes == {"refused", "of no importance"}
