import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.runner.loop import _program

RATES = jnp.asarray([0.05, 0.1, 0.2])


def test_a_member_is_the_run_of_its_own(bowl, descent):
    population = px.sweep(
        bowl,
        descent(jnp.asarray(0.1), noise=0.01),
        over={"learning_rate": RATES, "seed": range(2)},
        steps=30,
    )
    assert population.unknowns.shape == (3, 2, 2)
    assert population.history.loss.dims == ("learning_rate", "seed", "step")
    for i, rate in enumerate(RATES):
        for seed in range(2):
            alone = px.solve(bowl, descent(rate, noise=0.01), steps=30, seed=seed)
            # The same operations in another order of a vectorised program: rounding only.
            np.testing.assert_allclose(population.unknowns[i, seed], alone.unknowns, rtol=1e-5)
            history = population.history.loss[i, seed]
            np.testing.assert_allclose(history, alone.series["loss"], rtol=1e-5)


def test_leaves_of_the_problem_are_swept_too(bowl, descent):
    curvatures = jnp.asarray([[1.0, 4.0], [2.0, 3.0]])
    population = px.sweep(bowl, descent(), over={"problem.curvature": curvatures}, steps=5)
    for i in range(2):
        alone = px.solve(type(bowl)(curvatures[i]), descent(), steps=5)
        np.testing.assert_allclose(population.unknowns[i], alone.unknowns, rtol=1e-6)
    assert population.metrics["norm"].shape == (2,)


def test_every_member_stops_at_its_own_step(bowl, descent):
    solver = descent(jnp.asarray(0.1), tolerance=1e-3)
    population = px.sweep(bowl, solver, over={"learning_rate": RATES}, steps=500, chunk=16)
    assert population.success.all()
    for i, rate in enumerate(RATES):
        alone = px.solve(bowl, descent(rate, tolerance=1e-3), steps=500)
        assert population.steps[i] == alone.steps
        lost = np.isnan(population.history.loss[i]).values
        assert lost[alone.steps :].all()
        assert not lost[: alone.steps].any()


@pytest.mark.parametrize("chunk", [None, 1, 2, 3])
def test_a_member_that_fails_stops_alone_with_its_last_good_unknowns(cliff, descent, chunk):
    population = px.sweep(
        cliff(),
        descent(jnp.asarray(0.1)),
        over={"learning_rate": jnp.asarray([0.25, 0.015625, 0.5, 2.0])},
        steps=20,
        chunk=chunk,
    )
    assert [status.name for status in population.status] == [
        "non-finite",
        "completed",
        "non-finite",
        "non-finite",
    ]
    np.testing.assert_array_equal(population.unknowns[:, 0], [2.0, 1 + 20 / 64, 2.0, 1.0])
    np.testing.assert_array_equal(population.steps, [4, 20, 2, 0])
    assert "step 3" in population.status[2].message


def test_values_compile_nothing_again(bowl, descent):
    solver = descent(jnp.asarray(0.1))
    px.sweep(bowl, solver, over={"learning_rate": RATES}, steps=8)
    before = _program.traces.copy()
    px.sweep(bowl, solver, over={"learning_rate": RATES * 2}, steps=8)
    assert _program.traces == before


def test_member_picks_one(bowl, descent):
    population = px.sweep(bowl, descent(), over={"seed": [5, 6]}, steps=2)
    member = population.member(seed=1)
    assert member.status.success
    assert member.coordinates == {"seed": 6}
    np.testing.assert_array_equal(member.unknowns, population.unknowns[1])


class TwoWells(px.AbstractProblem):
    """(u² − 1)² + 0.1 u: two minima, of which the one near −1 is the lower."""

    def init(self, key):
        return {"u": jnp.asarray(1.0), "label": "wells"}

    def loss(self, unknowns, batch, key):
        u = unknowns["u"]
        return (u**2 - 1) ** 2 + 0.1 * u, {}

    def evaluate(self, unknowns):
        return {"distance_to_upper": jnp.abs(unknowns["u"] - 1)}


def test_the_best_of_many_starts_is_the_lowest_minimum():
    starts = {"u": jnp.linspace(-2.0, 2.0, 9), "label": "wells"}
    population = px.sweep(TwoWells(), "bfgs", over={"start": starts}, steps=100)
    assert population.history.loss.dims == ("start", "step")
    found = np.round(np.asarray(population.unknowns["u"]))
    assert set(found) == {-1.0, 1.0}
    best = population.best()
    assert best.status.success
    # The lower root of 4 u (u² − 1) + 0.1 = 0.
    roots = np.roots([4, 0, -4, 0.1])
    np.testing.assert_allclose(best.unknowns["u"], roots.min(), atol=1e-3)
    assert best.unknowns["label"] == "wells"
    assert population.best("distance_to_upper").unknowns["u"] > 0


def test_a_start_is_that_of_a_run_of_its_own(bowl, descent):
    starts = jnp.asarray([[1.0, 2.0], [3.0, 4.0]])
    rates = jnp.asarray([0.1, 0.2])
    population = px.sweep(
        bowl,
        descent(jnp.asarray(0.1)),
        over={"learning_rate": rates, "start": starts, "problem.curvature": [[1.0, 2.0]]},
        steps=7,
    )
    problem = type(bowl)(jnp.asarray([1.0, 2.0]))
    for i, j in ((0, 1), (1, 0)):
        alone = px.solve(px.starting_at(problem, starts[j]), descent(rates[i]), steps=7)
        np.testing.assert_allclose(population.unknowns[i, j, 0], alone.unknowns, rtol=1e-5)


def test_a_member_that_failed_is_never_the_best(cliff, descent):
    rates = jnp.asarray([0.25, 0.01, 0.02])
    population = px.sweep(
        cliff(), descent(jnp.asarray(0.1)), over={"learning_rate": rates}, steps=10
    )
    # The first walked furthest down before it fell.
    assert population.status[0].name == "non-finite"
    assert population.best().coordinates["learning_rate"] == rates[2]
    with pytest.raises(px.PlugaxError, match="no figure 'height' to choose by; there are loss"):
        population.best("height")


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({}, "nothing to sweep over"),
        ({"learning_rat": [0.1]}, "nothing at that path.*learning_rate"),
        ({"tolerance": [0.1]}, "not an array leaf"),
        ({"problem.slope": [0.1]}, "problem.curvature"),
        ({"seed": [0.5]}, "whole numbers"),
        ({"seed": 3}, "one value or more"),
        ({"start": jnp.asarray([1.0, 2.0])}, r"unknowns of Bowl, 2 at once, are f32\[2,2\]"),
        ({"start": 1.0}, "one or more"),
    ],
)
def test_what_cannot_be_swept_is_said(bowl, descent, over, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.sweep(bowl, descent(), over=over, steps=1)


class Scheduled(px.AbstractSolver):
    """u ← u − r_k ∇J, with the rates r_k made on the host: as many as the value says, or four."""

    first: jax.Array | float = 0.1
    count: jax.Array | int = 3
    keeps_length: bool = eqx.field(static=True, default=False)

    def prepare(self, problem, steps):
        most = int(np.max(np.asarray(self.count)))
        number = 4 if self.keeps_length else most
        return (jnp.asarray(float(self.first) / np.arange(1, number + 1)),)

    def init(self, problem, unknowns, key, rates):
        return unknowns, jnp.zeros((), int)

    def step(self, problem, state, batch, key, rates):
        unknowns, number = state
        loss, slope = jax.value_and_grad(lambda u: problem.loss(u, batch, key)[0])(unknowns)
        rate = jnp.where(number < self.count, rates[number % len(rates)], 0)
        return (unknowns - rate.astype(slope.dtype) * slope, number + 1), {"loss": loss}

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state[0]


def assert_as_alone(population, bowl, members, **options):
    for member, values in zip(np.ndindex(population.status.shape), members, strict=True):
        alone = px.solve(bowl, Scheduled(**values, **options), steps=5)
        np.testing.assert_allclose(population.unknowns[member], alone.unknowns, rtol=1e-6)
    assert np.unique(population.unknowns[..., 0]).size == len(members)


def test_every_member_has_what_it_prepares_alone(bowl):
    before = _program.traces["advance"]
    population = px.sweep(
        bowl,
        Scheduled(keeps_length=True),
        over={
            "first": [0.2, 0.05],
            "problem.curvature": [[1.0, 4.0], [2.0, 3.0]],
            "seed": range(2),
        },
        steps=5,
    )
    assert _program.traces["advance"] == before + 1
    for i, first in enumerate((0.2, 0.05)):
        for j, curvature in enumerate(([1.0, 4.0], [2.0, 3.0])):
            problem = type(bowl)(jnp.asarray(curvature))
            alone = px.solve(problem, Scheduled(first, keeps_length=True), steps=5, seed=1)
            np.testing.assert_allclose(population.unknowns[i, j, 1], alone.unknowns, rtol=1e-6)


@pytest.mark.parametrize("counts", [(1, 2, 4), (4, 1, 2)])
def test_where_what_is_prepared_differs_in_shape_one_serves_all_in_any_order(bowl, counts):
    over = {"count": counts, "problem.curvature": [[1.0, 4.0]]}
    population = px.sweep(bowl, Scheduled(count=1), over=over, steps=5)
    assert_as_alone(population, bowl, [{"count": count} for count in counts])


def test_sweeps_for_which_nothing_prepared_serves_all_are_refused(bowl):
    over = {"count": (1, 2), "first": (0.1, 0.2)}
    with pytest.raises(
        px.PlugaxError, match=r"prepare returns, 0: must be .* for every member.* failed .Only"
    ):
        px.sweep(bowl, Scheduled(), over=over, steps=5)


class Spread(Scheduled):
    """Its rates take on the axis of what is swept."""

    def prepare(self, problem, steps):
        return (jnp.asarray(np.asarray(self.count)[..., None] * np.ones(np.max(self.count))),)


def test_what_is_prepared_with_the_axis_of_the_members_in_it_is_refused(bowl):
    with pytest.raises(px.PlugaxError, match="made arrays with one axis too many"):
        px.sweep(bowl, Spread(), over={"count": (1, 2)}, steps=5)


def test_equal_values_are_members_too(bowl):
    population = px.sweep(bowl, Scheduled(), over={"count": [2, 2]}, steps=5)
    np.testing.assert_array_equal(population.unknowns[0], population.unknowns[1])
    assert population.success.shape == (2,)


class Summed(px.AbstractProblem):
    """½ s u², whose summary says s."""

    steepness: jax.Array

    def init(self, key):
        return jnp.ones(2)

    def loss(self, unknowns, batch, key):
        return self.steepness * jnp.sum(unknowns**2) / 2, {}

    def summary(self, series):
        return {"steepness": np.asarray(self.steepness), "first": series["loss"][0]}


def test_the_summary_of_a_member_is_that_of_its_own_problem(descent):
    population = px.sweep(
        Summed(jnp.asarray(1.0)),
        descent(),
        over={"seed": range(2), "problem.steepness": [1.0, 3.0]},
        steps=2,
    )
    assert population.metrics["steepness"].tolist() == [[1.0, 3.0]] * 2
    assert population.metrics["first"].tolist() == [[1.0, 3.0]] * 2


class Sized(px.AbstractProblem):
    """A number of unknowns that a plugin forgot to make static."""

    size: int = 2
    power: int = 2

    def init(self, key):
        return jnp.ones(self.size)

    def loss(self, unknowns, batch, key):
        return jnp.sum(jnp.abs(unknowns) ** jnp.asarray(self.power, unknowns.dtype)), {}


def test_a_whole_number_that_decides_a_shape_cannot_be_swept(descent):
    with pytest.raises(px.PlugaxError, match=r"'problem\.size' cannot be swept: .*a shape"):
        px.sweep(Sized(), descent(), over={"problem.size": [2, 3]}, steps=2)


def test_a_whole_number_that_is_only_a_value_can(descent):
    population = px.sweep(Sized(), descent(), over={"problem.power": [2, 3]}, steps=2)
    assert population.success.all()


class Deep(px.AbstractProblem):
    """A kind that does not say how it is started elsewhere."""

    def init(self, key):
        return jnp.ones(2)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}

    def depth(self, unknowns):
        return jnp.sum(unknowns)


class Diver(Scheduled):
    requires = Deep

    def prepare(self, problem, steps):
        return (jnp.ones(4),)


def test_starts_of_a_kind_that_cannot_be_started_elsewhere_are_refused():
    message = r"Diver needs a Deep, which Variant is not any more: Deep does not say.*in_variables"
    with pytest.raises(px.errors.UnsuitableProblemError, match=message):
        px.sweep(Deep(), Diver(), over={"start": jnp.ones((3, 2))}, steps=2)
    with pytest.raises(px.errors.UnsuitableProblemError, match=message):
        px.solve(px.starting_at(Deep(), jnp.ones(2)), Diver(), steps=2)
    assert px.sweep(Deep(), Diver(), over={"seed": range(2)}, steps=2).success.all()
