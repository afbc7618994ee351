"""What `print` shows of a solution and of a population."""

import shutil

import jax.numpy as jnp
import pytest

import plugax as px


class Bowl(px.AbstractProblem):
    """Σ uᵢ², with unknowns of many kinds and metrics without end."""

    scores = ("size",)
    steep: bool = False

    def init(self, key):
        return {"a": jnp.asarray(3.0), "w": jnp.ones((784, 10))}

    def loss(self, unknowns, batch, key):
        loss = jnp.sum(unknowns["a"] ** 2)
        return jnp.where(self.steep, jnp.nan, loss), {}

    def evaluate(self, unknowns):
        return {f"metric{i}": jnp.asarray(i) for i in range(12)} | {"size": unknowns["a"]}


@pytest.fixture(scope="module")
def solution(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "bowl"
    return px.solve(Bowl(), "gradient", steps=3, tolerance=None, out=out)


@pytest.fixture(scope="module")
def population():
    rates = {"optimizer.learning_rate": [0.001, 0.5]}
    return px.sweep(Bowl(), "gradient", over={"seed": [0, 1, 2], **rates}, steps=3)


def test_a_solution_is_printed_in_short(solution):
    lines = str(solution).splitlines()
    assert lines[0] == "Solution of Bowl by gradient: completed"
    assert lines[1] == "All 3 steps were run."
    assert lines[2] == '  unknowns      {"a": 2.997, "w": float32[784, 10]}'
    assert lines[3] == "  loss history  9 → 8.988"
    assert lines[4] == "  size          2.997"
    assert lines[-3] == "  …             and 5 more in metrics"
    assert lines[-2].startswith("3 steps on cpu:0 in float32: compiled in ")
    assert lines[-1] == f"saved in {solution.directory}"
    assert str(solution) == repr(solution)
    assert len(str(solution)) < 700


def test_the_place_is_that_of_the_last_save_or_of_the_load(solution, tmp_path):
    loaded = px.load(solution.directory, problem=Bowl())
    assert loaded.directory == solution.directory
    assert str(loaded) == str(solution)
    loaded.save(tmp_path / "again")
    assert str(loaded).endswith(f"saved in {tmp_path / 'again'}")
    fresh = px.solve(Bowl(), "gradient", steps=3)
    assert fresh.directory is None
    assert "saved" not in str(fresh)


def test_a_run_that_could_not_be_saved_says_why(solution, tmp_path):
    out = tmp_path / "run"

    class Vandal(px.AbstractObserver):
        def on_progress(self, progress):
            shutil.rmtree(out)
            out.touch()

    with pytest.warns(px.errors.UnsavedWarning):
        unsaved = px.solve(Bowl(), "gradient", steps=3, out=out, observers=[Vandal()])
    assert unsaved.directory is None
    assert str(unsaved).splitlines()[-1].startswith(f"The run could not be saved in {out}: ")


def test_a_failed_run_gives_cause_and_remedy():
    printed = str(px.solve(Bowl(steep=True), "gradient", steps=3))
    assert printed.splitlines()[0].endswith("non-finite")
    assert "at step 0; it was not finite at the start already. Try" in " ".join(printed.split())


def test_a_population_is_printed_in_short(population):
    lines = str(population).splitlines()
    assert lines[0] == (
        "Population of 6 members (3 × seed, 2 × optimizer.learning_rate), Bowl by gradient: "
        "6 completed"
    )
    facts = {line[:11].strip(): line[13:] for line in lines[1:-1]}
    assert facts["unknowns"] == '{"a": float32[3, 2], "w": float32[3, 2, 784, 10]}'
    assert facts["last loss"].startswith("4")
    assert facts["best loss"].endswith(", seed 0, optimizer.learning_rate 0.5")
    assert " … 2.997, median " in facts["size"]
    assert len(str(population)) < 900


def test_a_member_says_which_it_is(population):
    lines = str(population.member(seed=2, optimizer__learning_rate=1)).splitlines()
    assert "  seed                     2" in lines
    assert "  optimizer.learning_rate  0.5" in lines


def test_a_population_without_a_recorded_loss_is_printed_too():
    population = px.sweep(Bowl(), "gradient", over={"seed": [0]}, steps=3, record=())
    assert "best" not in str(population)
    assert "size" in str(population)
