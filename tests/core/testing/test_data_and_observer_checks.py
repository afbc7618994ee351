"""Every check of data and of observers catches what is made wrong in just that way."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

import plugax as px
from plugax import testing
from plugax.testing._checks import CHECKS


class Noise(px.AbstractData):
    """A new random batch every step."""

    shape: tuple[int, ...] = eqx.field(static=True, default=(3,))

    def init(self, key, step):
        return step

    def next(self, cursor, key, step):
        return jr.normal(jr.fold_in(key, step), self.shape), cursor + 1


class CountsFromItsBeginning(Noise):
    def init(self, key, step):
        return jnp.zeros_like(step)

    def next(self, cursor, key, step):
        return jr.normal(jr.fold_in(key, cursor), self.shape), cursor + 1


class DrawsInTurn(Noise):
    def init(self, key, step):
        return key

    def next(self, cursor, key, step):
        return jr.normal(cursor, self.shape), jr.split(cursor)[0]


class ChangesItsCursor(Noise):
    def next(self, cursor, key, step):
        return super().next(cursor, key, step)[0], cursor.astype("float32")


class AsksForTheStep(Noise):
    def next(self, cursor, key, step):
        return jnp.zeros(int(step) + 1), cursor


class Lambda(Noise):
    function: object = eqx.field(static=True)

    def __init__(self):
        self.shape = (3,)
        self.function = lambda x: x


class Hidden(Noise):
    def __init__(self):
        self.shape = (3,)
        object.__setattr__(self, "scale", 2)


class Listens(px.AbstractObserver):
    def on_progress(self, progress):
        self.seen = progress.unknowns()


class StopsTheRun(px.AbstractObserver):
    def on_progress(self, progress):
        return True


class WantsMore(px.AbstractObserver):
    def on_progress(self, progress):
        self.seen = progress.metrics["accuracy"]


class FailsAtErrors(px.AbstractObserver):
    def on_error(self, error):
        raise error


class ChangesTheRun(px.AbstractObserver):
    def on_start(self, steps):
        jax.config.update("jax_default_prng_impl", "rbg")

    def on_end(self, solution):
        jax.config.update("jax_default_prng_impl", "threefry2x32")


class ChangesTheRunAndEndsIt(ChangesTheRun):
    def on_progress(self, progress):
        return progress.step >= 4


def shuffled():
    return px.Shuffled((jnp.arange(5.0), jnp.arange(5)), 2)


def sequence():
    return px.Sequence(jnp.arange(4.0))


# check, good, broken, what the message says
TABLE = [
    (testing.check_pytree_round_trip, shuffled, Hidden, r"\['scale'\] missing"),
    (testing.check_static_fields, shuffled, Lambda, "made twice"),
    (testing.check_batches, Noise, CountsFromItsBeginning, "in the batch of step 1"),
    (testing.check_batches, shuffled, DrawsInTurn, "begun there or before"),
    (testing.check_batches, sequence, ChangesItsCursor, "cursor keeps its structure"),
    (testing.check_batches, lambda: px.FullBatch(()), AsksForTheStep, "under jit"),
    (testing.check_observer_survives, Listens, WantsMore, "goes through a run.*accuracy"),
    (testing.check_observer_survives, StopsTheRun, FailsAtErrors, "breaks off"),
    (testing.check_observer_survives, px.AbstractObserver, ChangesTheRun, "the same result"),
    (testing.check_observer_survives, StopsTheRun, ChangesTheRunAndEndsIt, "the same result"),
]


def test_a_check_catches_what_is_wrong_and_nothing_else(catches, check, good, broken, message):
    catches(check, good, broken, message)


def test_every_check_of_data_and_observers_has_a_row():
    # Those of streams have a table of their own.
    kinds = (CHECKS["data"][px.AbstractData], CHECKS["observer"][px.AbstractObserver])
    assert {check for checks in kinds for check in checks} == {row[0] for row in TABLE}
