"""The problem `hidden-markov-model`: options, data, priors, what is reported."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_markov import HiddenMarkovModel

pytestmark = pytest.mark.usefixtures("x64")

RNG = np.random.default_rng(3)
STATES = np.repeat([0, 1, 0, 1, 1, 0], 15)
TWO = {
    "x": np.where(STATES, 20.0, -4.0) + RNG.normal(size=90),
    "y": np.where(STATES, 1e-3, 3e-3) + 5e-4 * RNG.normal(size=90),
}
COUNTS = RNG.poisson(np.where(STATES, 9, 2))


@eqx.filter_jit
def compiled_loss(problem, unknowns):
    return problem.loss(unknowns, problem.data.first(), jax.random.key(0))[0]


def loss_of(problem, unknowns):
    return float(compiled_loss(problem, unknowns))


@eqx.filter_jit
def start_of(problem, seed):
    return problem.init(jax.random.key(seed))


@eqx.filter_jit
def densities_of(problem, unknowns, batch):
    return problem.expanded(unknowns, batch)[2]


def numbers(solution, name):
    return np.asarray(solution.metrics[name])


@pytest.fixture(scope="module")
def solution():
    with jax.enable_x64(True):
        return px.solve(HiddenMarkovModel(TWO, states=2, prior_weight=0.0), "bfgs")


def test_what_is_reported_has_the_units_of_the_data(solution):
    assert solution.status.success
    for name, column in TWO.items():
        place = list(TWO).index(name)
        own = [column[k == STATES] for k in range(2)]
        means, deviations = [o.mean() for o in own], [o.std() for o in own]
        np.testing.assert_allclose(numbers(solution, "means")[:, place], means, rtol=1e-6)
        np.testing.assert_allclose(
            numbers(solution, "standard_deviations")[:, place], deviations, rtol=1e-5
        )
    np.testing.assert_allclose(
        numbers(solution, "covariances")[0],
        np.cov([*TWO.values()], aweights=STATES == 0, ddof=0),
        rtol=1e-5,
        atol=1e-12,
    )


def test_the_likelihood_has_the_units_of_the_data(solution):
    # A unit a thousand times as small makes densities a thousand times as small.
    scaled = HiddenMarkovModel(TWO | {"y": 1e3 * TWO["y"]}, states=2, prior_weight=0.0)
    shift = loss_of(scaled, solution.unknowns) - loss_of(solution.problem, solution.unknowns)
    assert shift == pytest.approx(90 * np.log(1e3), rel=1e-12)


def test_states_are_found_and_shown(solution):
    found = solution.problem.predict(solution)
    assert (found.path == STATES + 1).all()
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-12)
    states, moves = solution.tables()
    assert states.columns["state"] == [1, 2]
    assert states.columns["mean of x"] == pytest.approx(numbers(solution, "means")[:, 0].tolist())
    assert states.columns["share of rows"] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert list(moves.columns) == ["from state", "to 1", "to 2"]
    # Each state has 45 rows and is left twice; the last row is followed by none.
    assert numbers(solution, "transition")[0, 1] == pytest.approx(2 / 44, abs=1e-6)
    assert solution.metrics["durations"] == pytest.approx([22, 22.5], rel=1e-5)
    assert solution.metrics["parameters"] == 1 + 2 + 2 * 2 + 2 * 3


def test_new_rows_have_states_too(solution):
    new = {"x": [-4.0, 20.0, np.nan], "y": [3e-3, 1e-3, np.nan], "note": ["a", "b", "c"]}
    table = solution.problem.predict_table(solution, new)
    assert table["state"].tolist() == [1, 2, 2]
    # Of the last row nothing is known but what it follows.
    stay = numbers(solution, "transition")[1, 1]
    assert table["probability of state 2"][2] == pytest.approx(stay, abs=1e-6)


def test_a_missing_row_is_as_if_it_had_not_been_looked_at(solution):
    gap = {name: np.where(np.arange(90) == 40, np.nan, column) for name, column in TWO.items()}
    model = solution.problem
    rows = model.emission.rows_of(np.stack([*gap.values()], axis=1)[None])
    log_b = densities_of(model, solution.unknowns, (rows, model.within))
    full = densities_of(model, solution.unknowns, model.data.first())
    assert (log_b[0, 40] == 0).all()
    np.testing.assert_allclose(np.delete(log_b[0], 40, 0), np.delete(full[0], 40, 0), rtol=1e-12)


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
def test_a_missing_cell_leaves_the_marginal_of_the_others(solution, covariance):
    data = {name: column.copy() for name, column in TWO.items()}
    data["y"][7] = np.nan
    both = HiddenMarkovModel(data, states=2, covariance=covariance)
    unknowns = start_of(both, 1)
    report = both.emission.report(unknowns["emission"])
    log_b = densities_of(both, unknowns, both.data.first())
    mean, deviation = report["means"][:, 0], report["standard_deviations"][:, 0]
    expected = jax.scipy.stats.norm.logpdf(TWO["x"][7], mean, deviation)
    np.testing.assert_allclose(log_b[0, 7], expected, rtol=1e-10)


def test_sequences_are_independent():
    which = np.repeat(["a", "b", "c"], [40, 20, 30])
    data = {"n": COUNTS, "which": which}
    all_of_them = HiddenMarkovModel(
        data, states=2, emission="poisson", sequence="which", concentration=1.0
    )
    unknowns = start_of(all_of_them, 0)
    alone = [
        loss_of(HiddenMarkovModel({"n": COUNTS[which == w]}, 2, emission="poisson"), unknowns)
        for w in "abc"
    ]
    assert loss_of(all_of_them, unknowns) == pytest.approx(sum(alone), rel=1e-12)
    shuffled = np.random.default_rng(0).permutation(3)
    mixed = np.argsort(np.argsort(shuffled)[np.searchsorted(["a", "b", "c"], which)], kind="stable")
    again = HiddenMarkovModel(
        {name: column[mixed] for name, column in data.items()},
        states=2,
        emission="poisson",
        sequence="which",
    )
    assert loss_of(again, unknowns) == pytest.approx(sum(alone), rel=1e-12)


def test_another_order_of_the_states_changes_nothing(solution):
    problem, unknowns = solution.problem, solution.unknowns
    swapped = {
        "initial": -unknowns["initial"],
        "transition": unknowns["transition"][::-1],
        "emission": {name: value[::-1] for name, value in unknowns["emission"].items()},
    }
    assert loss_of(problem, swapped) == pytest.approx(loss_of(problem, unknowns), rel=1e-13)
    one, other = (eqx.filter_jit(problem.evaluate)(u) for u in (unknowns, swapped))
    for name, value in one.items():
        np.testing.assert_allclose(other[name], value, rtol=1e-9, atol=1e-12)


def test_the_associative_scan_gives_the_same_loss_and_gradient(solution):
    other = HiddenMarkovModel(TWO, states=2, prior_weight=0.0, parallel=True)
    unknowns = start_of(other, 4)
    key, batch = jax.random.key(0), other.data.first()
    (one, slope), (two, slope_too) = (
        jax.jit(jax.value_and_grad(lambda u, p=p: p.loss(u, batch, key)[0]))(unknowns)
        for p in (solution.problem, other)
    )
    assert float(one) == pytest.approx(float(two), rel=1e-13)
    for a, b in zip(jax.tree.leaves(slope), jax.tree.leaves(slope_too), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_the_prior_is_the_dirichlets():
    problem = HiddenMarkovModel(
        {"n": COUNTS}, states=3, emission="poisson", concentration=2.5, stickiness=4.0
    )
    unknowns = start_of(problem, 0)
    matrix = np.asarray(problem.chain(unknowns).transition)
    concentrations = 2.5 + 4.0 * np.eye(3)
    expected = np.sum((concentrations - 1) * np.log(matrix))
    assert float(problem.log_prior(unknowns)) == pytest.approx(expected, rel=1e-12)


def test_an_initial_distribution_may_be_stationary_or_uniform():
    for initial in ("stationary", "uniform"):
        problem = HiddenMarkovModel({"n": COUNTS}, states=3, emission="poisson", initial=initial)
        unknowns = start_of(problem, 0)
        assert "initial" not in unknowns
        first, matrix = problem.chain(unknowns)
        if initial == "stationary":
            np.testing.assert_allclose(first @ matrix, first, atol=1e-15)
        else:
            np.testing.assert_allclose(first, 1 / 3)


def test_a_switching_mean_is_the_sum_over_all_paths():
    y = np.asarray([0.3, 1.2, -0.5, 0.9, 2.0, -1.0, 0.1])
    problem = HiddenMarkovModel(
        {"y": y}, states=2, emission="switching-mean", order=2, initial="stationary"
    )
    unknowns = start_of(problem, 2)
    report = problem.emission.report(unknowns["emission"])
    mu, phi = np.asarray(report["means"][:, 0]), np.asarray(report["lags"][0, :, 0, 0])
    deviation = float(report["standard_deviations"][0, 0])
    first, matrix = map(np.asarray, problem.chain(unknowns))
    total = 0.0
    for path in itertools.product(range(2), repeat=7):
        z = np.asarray(path)
        weight = first[z[0]] * np.prod(matrix[z[:-1], z[1:]])
        away = y - mu[z]
        errors = away[2:] - phi[0] * away[1:-1] - phi[1] * away[:-2]
        density = np.exp(-0.5 * (errors / deviation) ** 2) / deviation / np.sqrt(2 * np.pi)
        total += weight * np.prod(density)
    assert -loss_of(problem, unknowns) == pytest.approx(np.log(total), abs=1e-12)


WRONG = {
    "no such column": (dict(data=TWO, states=2, columns=("z",)), "no column 'z', which columns"),
    "no such sequence": (dict(data=TWO, states=2, sequence="who"), "which sequence names"),
    "twice": (dict(data=TWO, states=2, columns=("x", "x")), "names a column twice"),
    "no states": (dict(data=TWO, states=0), "states must be at least 1; got 0"),
    "order": (dict(data=TWO, states=2, emission="autoregressive", order=0), "order must be"),
    "concentration": (dict(data=TWO, states=2, concentration=0.5), "concentration must be at"),
    "stickiness": (dict(data=TWO, states=2, stickiness=-1.0), "stickiness must be a finite"),
    "not counts": (
        dict(data=TWO, states=2, emission="poisson"),
        r"index 0: x must be a count, 0 or more \(emission poisson\); got",
    ),
    "constant": (dict(data={"x": np.ones(9)}, states=2), "'x' has one value only"),
    "few rows": (dict(data={"x": [1.0, 2.0]}, states=2), "2 rows are too few for 2 states"),
    "no values": (dict(data={"x": [np.nan] * 5}, states=2), "'x' has no values"),
    "no number": (dict(data={"x": ["a", "b", "c"]}, states=1), "index 0, column 'x': 'a' is not"),
    "short": (
        dict(
            data={"x": [1.0, 2, 3, 4], "s": ["a", "a", "a", "b"]},
            states=1,
            sequence="s",
            emission="autoregressive",
        ),
        "the sequence 'b' has 1 rows",
    ),
    "unnamed": (
        dict(data={"x": [1.0, 2, 3], "s": ["a", "", "b"]}, states=1, sequence="s"),
        "every row needs the name",
    ),
    "combinations": (
        dict(data=TWO, states=4, emission="switching-mean", order=6),
        "make 16384 combinations",
    ),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        HiddenMarkovModel(**options)


def test_a_category_that_the_model_has_not_seen_is_refused():
    data = {"letter": list("aabbabacca"), "other": [1.0, 2, 2, 1, 1, None, 2, 1, 1, 2]}
    problem = HiddenMarkovModel(data, states=2, emission="categorical")
    assert problem.emission.categories == (("a", "b", "c"), ("1", "2"))
    solution = px.solve(problem, "baum-welch", steps=5)
    assert [table.title for table in solution.tables()][2:] == [
        "Probabilities of letter",
        "Probabilities of other",
    ]
    with pytest.raises(px.PlugaxError, match="index 1, column 'letter': 'd' is a category"):
        problem.predict(solution, {"letter": ["a", "d"], "other": [1, 2]})


def test_a_state_without_rows_is_told_of():
    problem = HiddenMarkovModel({"n": COUNTS}, states=3, emission="poisson")
    told = problem.remarks({"smallest_share": np.asarray([0.3, 0.001])})
    assert "A state has 0.09 rows" in told[0]
    assert problem.remarks({"smallest_share": np.asarray([0.001, 0.2])}) == ()
    assert "probability 0" in problem.remarks({"smallest_probability": np.asarray([1e-12])})[0]


def test_figures_have_labels(solution):
    figures = solution.figures()
    assert set(figures) == {"states", "transition", "durations"}
    assert figures["states"].axes[0].get_ylabel() == "x"
    assert figures["durations"].axes[-1].get_xlabel() == "length of a stay [rows]"


def test_what_is_held_is_no_parameter(solution):
    held = jax.tree.map(lambda leaf: jnp.ones(leaf.shape, bool), solution.unknowns)
    held["transition"] = jnp.zeros_like(held["transition"])
    found = eqx.filter_jit(solution.problem.evaluate_held)(solution.unknowns, held)
    assert int(found["parameters"]) == 2
    assert float(found["aic"]) == pytest.approx(4 - 2 * solution.metrics["log_likelihood"])
