"""The laws of runs on several devices; `tests/test_devices.py` runs this where there are eight."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax import testing

COUNTS = (*(pytest.param(n, marks=pytest.mark.slow) for n in (2, 4)), 8)
SEEDS = {"seed": range(9)}


def arrays_of(run):
    """All arrays of a run: unknowns, state, metrics, history."""
    found = jax.tree.leaves((run.unknowns, run.state, dict(run.metrics), dict(run.series)))
    return [np.asarray(x) for x in found if isinstance(x, jax.Array | np.ndarray)]


def assert_same_bits(one, other):
    np.testing.assert_array_equal(one.steps, other.steps)
    for a, b in zip(arrays_of(one), arrays_of(other), strict=True):
        np.testing.assert_array_equal(a, b)


class Fit(px.AbstractProblem):
    """Mean squared error of a network with one hidden layer, in shuffled batches."""

    batches: px.data.AbstractData

    @property
    def data(self):
        return self.batches

    def init(self, key):
        return jr.normal(key, (5, 16)) / 4, jr.normal(key, (16,)) / 4

    def loss(self, unknowns, batch, key):
        (inner, outer), (x, y) = unknowns, batch
        return jnp.mean((jnp.tanh(x @ inner) @ outer - y) ** 2), {}


@pytest.fixture(scope="module")
def fit():
    return Fit(px.Shuffled(examples(), 32))


def examples():
    """Sums of sines."""
    x = np.random.default_rng(0).normal(size=(256, 5)).astype("float32")
    return x, np.sin(x).sum(1)


@pytest.fixture(scope="module")
def adam():
    return px.solver("gradient", optimizer=px.optimizer("adam"), tolerance=None)


@pytest.fixture(scope="module")
def noisy(descent):
    return descent(jnp.asarray(0.1), noise=0.01, tolerance=1e-2)


@pytest.fixture(scope="module")
def alone(bowl, noisy):
    """A population on one device, of as many members as no number of devices divides."""
    return px.sweep(bowl, noisy, over=SEEDS, steps=20, devices=1)


def test_there_are_eight():
    assert jax.device_count() == 8


@pytest.mark.parametrize("count", COUNTS)
def test_a_population_has_the_same_bits_on_any_number_of_devices(bowl, noisy, alone, count):
    spread = px.sweep(bowl, noisy, over=SEEDS, steps=20, devices=count)
    assert_same_bits(alone, spread)
    assert spread.provenance["device"]["indices"] == list(range(count))


def test_every_device_has_its_part_of_a_population(bowl, noisy):
    spread = px.sweep(bowl, noisy, over={"seed": range(16)}, steps=2, devices=8)
    parts = spread.unknowns.addressable_shards
    assert sorted(part.device.id for part in parts) == list(range(8))
    assert {part.data.shape for part in parts} == {(2, 2)}


@pytest.mark.slow
def test_members_beside_their_data_and_their_rates_are_the_same_on_all_devices(fit, adam):
    over = {"optimizer.learning_rate": jnp.geomspace(1e-3, 1e-1, 3), "seed": range(2)}
    one, all_of_them = (px.sweep(fit, adam, over=over, steps=5, devices=n) for n in (1, 8))
    assert_same_bits(one, all_of_them)


@pytest.mark.slow
def test_devices_can_be_named(bowl, noisy, alone):
    spread = px.sweep(bowl, noisy, over=SEEDS, steps=20, devices=["cpu:5", "cpu:2"])
    assert_same_bits(alone, spread)
    assert spread.provenance["device"]["indices"] == [5, 2]


def test_a_member_that_fails_stops_alone_on_its_device(cliff, descent):
    over = {"learning_rate": jnp.asarray([0.25, 0.015625, 0.5])}
    one, other = (
        px.sweep(cliff(), descent(jnp.asarray(0.1)), over=over, steps=20, devices=n) for n in (1, 8)
    )
    assert one.names.tolist() == ["non-finite", "completed", "non-finite"]
    assert one.names.tolist() == other.names.tolist()
    np.testing.assert_array_equal(one.unknowns, other.unknowns)


@pytest.mark.slow
@pytest.mark.parametrize("race", ["halving", "population"])
def test_a_race_is_the_same_on_all_devices(bowl, descent, race):
    solver = descent(jnp.asarray(0.1), noise=0.01)
    over = {"learning_rate": jnp.geomspace(0.001, 0.3, 11)}
    one, other = (px.sweep(bowl, solver, over=over, steps=40, race=race, devices=n) for n in (1, 8))
    assert one.names.tolist() == other.names.tolist()
    assert_same_bits(one, other)


@pytest.mark.slow
def test_a_population_goes_on_with_the_same_bits_on_other_devices(bowl, descent, tmp_path):
    solver = descent(jnp.asarray(0.1), noise=0.01)
    whole = px.sweep(bowl, solver, over=SEEDS, steps=20, devices=2)
    for device in ({"devices": 2}, {"devices": 1}, {}):
        px.sweep(bowl, solver, over=SEEDS, steps=8, devices=8, out=tmp_path, force=True)
        resumed = px.resume(tmp_path, steps=20, problem=bowl, solver=solver, **device)
        assert_same_bits(whole, resumed)
    loaded = px.load(tmp_path, problem=bowl, solver=solver)
    np.testing.assert_array_equal(loaded.unknowns, whole.unknowns)


def test_batches_spread_over_devices_give_the_same_up_to_rounding(fit, adam):
    one = px.solve(fit, adam, steps=20)
    several = px.solve(fit, adam, steps=20, devices=4)
    again = px.solve(fit, adam, steps=20, devices=4)
    assert_same_bits(several, again)
    streamed = px.solve(Fit(px.data.Stream(examples(), 32)), adam, steps=20, devices=4)
    assert_same_bits(several, streamed)
    # The mean of the first batch, before anything could grow: of 32 terms, in another order.
    first = [run.series["loss"][0] for run in (one, several)]
    np.testing.assert_allclose(*first, rtol=32 * np.finfo("float32").eps)
    # Adam divides by the root of the second moment: rounding of a gradient near zero grows to
    # parts of a step, which is 1e-3 here.
    np.testing.assert_allclose(one.unknowns[0], several.unknowns[0], atol=1e-5)


@pytest.mark.slow
def test_a_gradient_of_a_spread_batch_is_the_gradient_up_to_rounding(fit):
    plain = px.solver("gradient", optimizer=px.optimizer("sgd", learning_rate=1.0), tolerance=None)
    begun = px.solve(fit, plain, steps=1)
    start = fit.init(jr.split(jr.key(0), 4)[0])
    for count in (2, 8):
        several = px.solve(fit, plain, steps=1, devices=count)
        for was, one, other in zip(start, begun.unknowns, several.unknowns, strict=True):
            # 32 examples, whose terms are at most of the size of the largest gradient.
            scale = float(jnp.abs(one - was).max())
            bound = 32 * np.finfo("float32").eps * max(scale, float(jnp.abs(was).max()))
            np.testing.assert_allclose(one, other, atol=bound, rtol=0)


@pytest.mark.slow
def test_a_run_with_spread_batches_goes_on_with_another_number_of_devices(fit, adam, tmp_path):
    whole = px.solve(fit, adam, steps=20, devices=4)
    px.solve(fit, adam, steps=12, devices=4, out=tmp_path)
    resumed = px.resume(tmp_path, steps=20, problem=fit, solver=adam, devices=4)
    assert_same_bits(whole, resumed)
    px.solve(fit, adam, steps=12, devices=4, out=tmp_path, force=True)
    other = px.resume(tmp_path, steps=20, problem=fit, solver=adam, devices=2)
    np.testing.assert_allclose(whole.unknowns[0], other.unknowns[0], atol=1e-5)
    assert other.provenance["device"]["indices"] == [0, 1]


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_without_examples_the_state_is_spread():
    twin = px.problem("lorenz96-twin", dim=8, cycles=4, burn_in=0.0)
    filters = px.solver("enkf", members=8)
    one, several = (px.solve(twin, filters, devices=n) for n in (1, 8))
    ensembles = [x for x in jax.tree.leaves(several.state) if np.shape(x) == (8, 8)]
    assert {part.data.shape for x in ensembles for part in x.addressable_shards} == {(1, 8)}
    for a, b in zip(arrays_of(one), arrays_of(several), strict=True):
        # Rounding, which a chaotic model lets grow, over four windows by less than tenfold each.
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11, equal_nan=True)


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        (9, "There are no 9 devices here: cpu has 8.*JAX_NUM_CPU_DEVICES=9"),
        (0, "at least 1"),
        ("cpu:0,cpu:8", "no device 'cpu:8' here: cpu has 8"),
        ("cpu:0,abacus", "no device 'abacus' here"),
        ("cpu:0,cpu:0", "named once"),
        ("columns=2", "one of members, batch, state"),
        ("members=2", "A single run is spread over devices by 'batch' or 'state'"),
        (3, "A batch of 32 cannot be divided among 3 devices.*such as 30 or 33"),
    ],
)
def test_what_cannot_be_is_said(fit, adam, devices, words):
    with pytest.raises(px.errors.DeviceError, match=words):
        px.solve(fit, adam, steps=1, devices=devices)


def test_one_and_several_devices_contradict_each_other(bowl, noisy):
    with pytest.raises(px.errors.DeviceError, match="device or devices, not both"):
        px.solve(bowl, noisy, device="cpu", devices=2)


def test_platforms_are_not_mixed(monkeypatch):
    from plugax.runner.devices import _device

    class Fake:
        def __init__(self, name):
            self.platform = name

    monkeypatch.setattr(_device, "find_device", Fake)
    with pytest.raises(px.errors.DeviceError, match="of one platform; got cpu, gpu"):
        _device.find_devices(devices="cpu,gpu")


@pytest.mark.slow
def test_a_comparison_spreads_its_seeds(bowl, noisy):
    one, several = (
        px.compare(bowl, {"descent": noisy}, seeds=range(5), steps=5, devices=n) for n in (1, 8)
    )
    np.testing.assert_array_equal(one.rows[0].scores["norm"], several.rows[0].scores["norm"])


def test_the_kit_finds_what_differs_between_devices(bowl):
    testing.check_solver_devices(Descending(), jr.key(0), bowl)
    with pytest.raises(AssertionError, match="a population on 8 devices is that on one, bit for"):
        testing.check_solver_devices(Descending(fickle=True), jr.key(0), bowl)


class Descending(px.AbstractSolver):
    """Gradient descent; if it is fickle, its rate is another one in every program."""

    fickle: bool = eqx.field(static=True, default=False)

    def init(self, problem, unknowns, key):
        return unknowns

    def step(self, problem, state, batch, key):
        (loss, metrics), grad = jax.value_and_grad(problem.loss, has_aux=True)(state, batch, key)
        rate = 0.1 + 0.001 * next(PROGRAMS) * self.fickle
        return state - rate * grad, {"loss": loss, **metrics}

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state


PROGRAMS = itertools.count()
