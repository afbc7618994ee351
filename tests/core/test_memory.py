"""What does not fit into memory is one line at once, before anything is computed."""

import jax.numpy as jnp
import jax.random as jr
import pytest

import plugax as px
from plugax import _memory
from plugax._memory import check_memory, free_memory, lacks_memory, size_text


class Wide(px.AbstractProblem):
    size: int

    def init(self, key):
        return jr.normal(key, (self.size,))

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}


class Square(Wide):
    """Small unknowns, and a matrix of them in the loss."""

    def loss(self, unknowns, batch, key):
        square = jnp.outer(unknowns, unknowns)
        return jnp.sum(jnp.sin(square) @ unknowns), {}


class Exhausted(Wide):
    """Finds out late."""

    def init(self, key):
        raise MemoryError("no room for 3 of these")


def test_what_is_free_is_known_here():
    free = free_memory()
    assert free is not None
    assert 2**20 < free < 2**50
    check_memory(free // 2, "Half of it")
    with pytest.raises(px.PlugaxError, match=r"All of it needs at least .* is free here"):
        check_memory(2**60, "All of it")


class Accelerator:
    """What JAX tells of a device with memory of its own."""

    platform, id = "gpu", 1

    def __init__(self, stats):
        self.stats = stats

    def memory_stats(self):
        return self.stats


def test_a_device_with_memory_of_its_own_is_asked():
    device = Accelerator({"bytes_limit": 8 * 2**30, "bytes_in_use": 2**30})
    assert free_memory(device) == 7 * 2**30
    with pytest.raises(
        px.errors.OutOfMemoryError, match=r"8 GiB of memory, and 7 GiB is free on gpu:1"
    ):
        check_memory(8 * 2**30, "It", device=device)
    assert free_memory(Accelerator(None)) is None
    check_memory(2**60, "It", device=Accelerator(None))


def test_where_nothing_is_known_nothing_is_said(monkeypatch):
    monkeypatch.setattr(_memory, "_of_system", lambda: None)
    monkeypatch.setattr(_memory, "_of_group", lambda: None)
    check_memory(2**60, "All of it")


@pytest.mark.parametrize(
    ("problem", "solver"),
    [
        (Wide(10**13), "gradient"),  # the unknowns
        (Wide(10**7), "bfgs"),  # the solver's state
        (Square(10**7), "gradient"),  # what a step computes
    ],
)
def test_a_run_beyond_memory_is_refused(problem, solver):
    name = type(problem).__name__
    with pytest.raises(px.PlugaxError, match=rf"on {name} needs at least .*iB of memory, and .*"):
        px.solve(problem, solver, steps=1)


def test_a_population_beyond_memory_is_refused():
    with pytest.raises(px.PlugaxError, match="on Wide, all 3000 members at once, needs at least"):
        px.sweep(Wide(10**9), "gradient", over={"seed": range(3000)}, steps=1)


def test_memory_that_ends_in_the_run_is_said():
    with pytest.raises(px.PlugaxError, match="Exhausted needs more memory than there is: no room"):
        px.solve(Exhausted(2), "gradient", steps=1)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("regression", {"points": 10**12}),
        ("more-garbow-hillstrom", {"function": "extended-rosenbrock", "size": 10**12}),
        ("lorenz96-4dvar", {"dim": 10**11}),
        ("lorenz96-twin", {"dim": 10**11}),
        ("lorenz63-twin", {"cycles": 10**12}),
        ("two-scale-lorenz96-twin", {"slow": 10**11}),
    ],
)
def test_a_problem_beyond_memory_is_refused_when_made(name, options):
    with pytest.raises(px.PlugaxError, match=r"needs at least .* of memory"):
        px.problem(name, **options)


def test_both_words_for_too_little_memory_are_known():
    assert lacks_memory(MemoryError())
    assert lacks_memory(RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 5 bytes."))
    assert not lacks_memory(RuntimeError("out of range"))


def test_sizes_are_shown_in_the_unit_that_suits_them():
    sizes = [size_text(n) for n in (12, 2048, 3 * 2**30, 1e30)]
    assert sizes == ["12 bytes", "2 KiB", "3 GiB", "8.88e+14 PiB"]
