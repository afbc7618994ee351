import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px


class Quadratic(px.AbstractProblem):
    """½ uᵀ H u − Σ u for u = (a, b)."""

    hessian: jax.Array

    def init(self, key):
        return {"a": jnp.asarray([3.0, 1.0]), "b": jnp.asarray(2.0)}

    def loss(self, unknowns, batch, key):
        u = jnp.append(unknowns["a"], unknowns["b"])
        return u @ self.hessian @ u / 2 - jnp.sum(u), {}


HESSIAN = np.array([[2, 0.3, 1], [0.3, 1, 0.2], [1, 0.2, 2]])


def test_as_long_as_the_first_turn_lasts_it_is_the_first_with_the_others_held(bowls, sgd):
    bowls = px.starting_at(bowls, {"a": jnp.asarray([1.0, -2.0]), "b": jnp.asarray([0.5, 3.0])})
    held = px.solve(px.fixed(bowls, lambda u: u["b"]), sgd(), steps=4)
    solver = px.solver("alternate", block="a", first=sgd(), second=sgd(), first_turn=8)
    solution = px.solve(bowls, solver, steps=4)
    np.testing.assert_allclose(solution.unknowns["a"], held.unknowns["a"], atol=1e-6)
    np.testing.assert_allclose(solution.unknowns["b"], held.unknowns["b"])


def test_blocks_that_know_nothing_of_each_other_take_the_steps_of_their_solvers(bowls, sgd):
    solver = px.solver(
        "alternate", block="a", first=sgd(0.1), second=sgd(0.05), first_turn=2, second_turn=3
    )
    solution = px.solve(bowls, solver, steps=10)  # two rounds
    for name, steps, rate in (("a", 4, 0.1), ("b", 6, 0.05)):
        alone = px.solve(bowls, sgd(rate), steps=steps)
        np.testing.assert_allclose(solution.unknowns[name], alone.unknowns[name], rtol=1e-5)
    assert solution.series["part"].tolist() == [1, 1, 2, 2, 2] * 2
    assert solution.series["rounds"].tolist() == [0] * 5 + [1] * 5


@pytest.mark.usefixtures("x64")
def test_on_a_quadratic_loss_it_is_gauss_seidel():
    solver = px.solver("alternate", block="b", first="newton", second="newton")
    solution = px.solve(Quadratic(jnp.asarray(HESSIAN)), solver)
    assert solution.status.name == "converged"
    answer = np.linalg.solve(HESSIAN, np.ones(3))
    # A loss that is right to rounding: unknowns that are right to its square root.
    np.testing.assert_allclose(solution.unknowns["a"], answer[:2], rtol=1e-6)
    opens = np.flatnonzero(np.diff(solution.series["part"], prepend=2) == -1)
    least = -answer.sum() / 2
    gaps = solution.series["loss"][opens] - least
    # The error in a falls by ρ in every round, the gap of the loss by ρ².
    coupling = np.outer(HESSIAN[:2, 2], HESSIAN[2, :2]) / HESSIAN[2, 2]
    inner = np.linalg.solve(HESSIAN[:2, :2], coupling)
    factor = np.abs(np.linalg.eigvals(inner)).max() ** 2
    np.testing.assert_allclose(gaps[2:5] / gaps[1:4], factor, rtol=1e-3)


def test_more_than_two_blocks_are_alternations_inside(settling_sgd):
    inner = px.solver("alternate", block="b", first=settling_sgd(0.5), second=settling_sgd(0.5))
    solver = px.solver("alternate", block="a", first=settling_sgd(0.5), second=inner)
    solution = px.solve(Three(), solver, steps=300)
    for value in solution.unknowns.values():
        np.testing.assert_allclose(value, 0, atol=1e-3)


class Three(px.AbstractProblem):
    """½ (a² + b² + c²) + ¼ (ab + bc), lowest at 0."""

    def init(self, key):
        return {name: jnp.asarray(1.0) for name in "abc"}

    def loss(self, u, batch, key):
        squares = sum(value**2 for value in u.values()) / 2
        return squares + (u["a"] * u["b"] + u["b"] * u["c"]) / 4, {}


def test_each_sees_the_data_it_needs():
    class Blocks(px.AbstractProblem):
        @property
        def data(self):
            return px.Shuffled(jnp.arange(8.0), 2)

        def init(self, key):
            return {"a": jnp.asarray(0.0), "b": jnp.asarray(0.0)}

        def loss(self, u, batch, key):
            return jnp.mean((u["a"] - batch) ** 2) + (u["b"] - 1) ** 2, {}

    solver = px.solver("alternate", block="a", first="bfgs", second="gradient")
    solution = px.solve(Blocks(), solver, steps=30)
    np.testing.assert_allclose(solution.unknowns["a"], 3.5, rtol=1e-5)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("aa", "no unknown 'aa'. Did you mean 'a'"),
        ("a,b", "holds all of the unknowns"),
        ("", "holds none of the unknowns"),
        (lambda u: u["c"], "does not fit the unknowns, which are a, b"),
    ],
)
def test_what_is_no_block_is_said(bowls, block, said):
    with pytest.raises(px.PlugaxError, match=said):
        px.solve(bowls, px.solver("alternate", block=block))


def test_without_a_block_it_is_the_first_array_if_there_are_two(bowls, sgd):
    parts = {"first": sgd(), "second": sgd()}
    one, other = (
        px.solve(bowls, px.solver("alternate", **parts, **block), steps=12)
        for block in ({}, {"block": "a"})
    )
    np.testing.assert_array_equal(one.unknowns["a"], other.unknowns["a"])
    with pytest.raises(px.errors.UnsuitableProblemError, match="in two arrays or more"):
        px.solve("regression", "alternate")


def test_a_turn_has_a_step_and_a_part_its_kind_of_problem(bowls):
    with pytest.raises(px.PlugaxError, match="first_turn must be at least 1"):
        px.solver("alternate", block="a", first_turn=0)
    with pytest.raises(px.errors.UnsuitableProblemError, match="cannot give a block to gauss-new"):
        px.solve(bowls, px.solver("alternate", block="a", first="gauss-newton"))


def test_a_state_that_is_carried_has_no_blocks():
    class Carrying(px.AbstractStatefulProblem):
        def init(self, key):
            return px.Stateful({"a": jnp.ones(2), "b": jnp.ones(2)}, jnp.zeros(2))

        def stateful_loss(self, u, batch, key):
            return jnp.sum(u.free["a"] ** 2 + u.free["b"] ** 2), {}, u.state + u.free["a"]

    with pytest.raises(px.errors.UnsuitableProblemError, match="cannot hold a block"):
        px.solve(Carrying(), px.solver("alternate", block="free.a"))
    both = px.solve(Carrying(), "gradient then gradient", steps=4)
    alone = px.solve(Carrying(), "gradient", steps=2)
    assert (both.unknowns.state > alone.unknowns.state).all()
