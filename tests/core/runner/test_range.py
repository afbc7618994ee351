"""Ranges, grids and drawn points."""

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

import plugax as px


def test_a_grid_is_even_and_has_its_bounds():
    np.testing.assert_allclose(px.Range(0, 1, 5).grid(), [0, 0.25, 0.5, 0.75, 1])
    rates = px.Range(1e-4, 1e-1, 64, log=True).grid()
    np.testing.assert_allclose(rates, np.geomspace(1e-4, 1e-1, 64), rtol=1e-12)
    assert (rates[0], rates[-1]) == (1e-4, 1e-1)


@pytest.fixture(scope="module")
def drawn(bowl, descent):
    return px.sweep(
        bowl,
        descent(jnp.asarray(0.1), noise=0.01),
        over={
            "learning_rate": px.Range(1e-3, 1e-1, log=True),
            "seed": range(2),
            "noise": px.Range(0.0, 0.1),
        },
        points=8,
        steps=5,
    )


def test_drawn_points_lie_along_one_axis_beside_the_others(drawn):
    assert drawn.status.shape == (8, 2)
    assert list(drawn.swept) == ["points", "seed"]
    assert set(drawn.values) == {"learning_rate", "noise", "seed"}
    rates = drawn.values["learning_rate"].reshape(8, 2)
    np.testing.assert_array_equal(rates[:, 0], rates[:, 1])
    assert drawn.history.coords["learning_rate"].dims == ("points",)


def test_sobol_points_fill_every_eighth_of_every_range_once(drawn):
    points = drawn.swept["points"]
    shares = np.log(points["learning_rate"] / 1e-3) / np.log(100), points["noise"] / 0.1
    for share in shares:
        assert sorted((8 * share).astype(int)) == list(range(8))


def test_a_drawn_member_is_the_run_of_its_own(drawn, bowl, descent):
    best = drawn.best()
    alone = px.solve(
        bowl,
        descent(
            jnp.asarray(best.coordinates["learning_rate"], "float32"),
            noise=jnp.asarray(best.coordinates["noise"], "float32"),
        ),
        seed=int(best.coordinates["seed"]),
        steps=5,
    )
    np.testing.assert_allclose(best.unknowns, alone.unknowns, rtol=1e-5)


def test_points_are_drawn_by_the_seed_and_saved(drawn, bowl, descent, tmp_path):
    drawn.save(tmp_path)
    again = px.load(tmp_path, problem=bowl, solver=drawn.solver)
    for name, values in drawn.swept["points"].items():
        np.testing.assert_array_equal(values, again.swept["points"][name])
    told = {"over": {"noise": px.Range(0.0, 0.1)}, "points": 3, "sampling": "random", "steps": 1}
    first, same, other = (
        px.sweep(bowl, descent(jnp.asarray(0.1)), **told, seed=seed).values["noise"]
        for seed in (0, 0, 1)
    )
    assert (first == same).all()
    assert (first != other).all()


def test_points_of_ones_own_go_together(bowl, descent):
    points = {"learning_rate": [0.1, 0.2], "noise": [0.0, 0.01]}
    population = px.sweep(bowl, descent(), over={"points": points}, steps=2)
    assert population.status.shape == (2,)
    with pytest.raises(px.PlugaxError, match="same number of values"):
        px.sweep(bowl, descent(), over={"points": {**points, "noise": [0.0]}}, steps=2)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: px.Range(1, 1), "to a larger one"),
        (lambda: px.Range(0, np.inf), "to a larger one"),
        (lambda: px.Range(0, 1, log=True), "above zero"),
        (lambda: px.Range(0, 1, 1), "two values or more"),
        (lambda: px.Range(0, 1).grid(), "no number of values"),
    ],
)
def test_a_wrong_range_is_refused(made, message):
    with pytest.raises(px.PlugaxError, match=message):
        made()


def test_a_wrong_sampling_is_refused(bowl, descent):
    over = {"learning_rate": px.Range(0, 1)}
    # Where annotations are checked, they speak first.
    with pytest.raises((px.PlugaxError, TypeCheckError), match="sobol"):
        px.sweep(bowl, descent(), over=over, points=4, sampling="sobl", steps=2)
