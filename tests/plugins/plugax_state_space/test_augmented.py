"""Joint estimation of a state and of parameters of the model or of the observations."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax.testing import collect_checks
from plugax_state_space import AugmentedState, augmented
from plugax_state_space.covariances import BlockCovariance

KEY = jax.random.key(0)


@pytest.fixture(autouse=True)
def _double(x64):
    pass


def known(mean, std):
    """The distribution of some numbers."""
    size = sum(np.size(leaf) for leaf in jax.tree.leaves(mean))
    return ss.Gaussian(mean, ss.ScalarCovariance(std, size))


@pytest.fixture
def joint(make_springs):
    """Drive of the model and bias of the observations, with the springs they belong to."""
    return augmented(
        make_springs(),
        lambda problem: (problem.model.drive, problem.observation_operator.bias),
        known((0.7, 0.1), 0.2),
    )


def test_forecast_and_observation_are_those_of_the_problem_with_the_parameters_in_it(
    make_springs, joint, cycle_of
):
    cycle = cycle_of(joint, 1)
    state = joint.init(KEY)
    assert isinstance(state, AugmentedState)
    plain = eqx.tree_at(lambda p: p.model.drive, make_springs(), jnp.asarray(0.7))
    plain = eqx.tree_at(lambda p: p.observation_operator.bias, plain, jnp.asarray(0.1))
    ahead = joint.forecast(state, cycle)
    assert eqx.tree_equal(ahead.state, plain.forecast(state.state, cycle))
    assert eqx.tree_equal(ahead.parameters, state.parameters)
    seen = joint.observe(cycle.time, ahead)
    np.testing.assert_array_equal(seen, plain.observe(cycle.time, ahead.state))
    assert eqx.tree_equal(joint.verified(ahead), ahead.state)


def test_the_diagnosis_has_all_parameters_and_single_ones_by_name(make_springs, joint):
    figures = joint.diagnose(joint.init(KEY))
    np.testing.assert_array_equal(figures["parameters"], [0.7, 0.1])
    assert figures["model_drive"] == 0.7
    assert figures["observation_operator_bias"] == 0.1
    rows = augmented(make_springs(), lambda p: p.model.stiffness, known(np.ones(2), 1.0))
    assert set(rows.diagnose(rows.init(KEY))) == {"parameters"}


@pytest.mark.slow
def test_a_joint_problem_conforms(make_springs):
    truth = {"q": np.zeros((4, 2)), "p": np.zeros((4, 2))}
    problem = make_springs(truth=truth)

    def make():
        return augmented(problem, lambda p: p.model.stiffness, known(np.ones(2), 0.1))

    # Figures have tests of their own.
    for check in collect_checks(problems={"joint": make}, without={"joint": ["check_figures"]}):
        check()


def test_two_lambdas_that_pick_the_same_make_one_program(make_springs):
    problem = make_springs()
    one, other = (
        augmented(problem, eval("lambda p: p.model.drive"), known(1.0, 1.0)) for _ in range(2)
    )
    assert jax.tree.structure(eqx.filter(one, eqx.is_array)) == jax.tree.structure(
        eqx.filter(other, eqx.is_array)
    )


def test_the_parts_are_those_of_the_state_with_the_parameters_at_their_end(make_springs):
    problem = make_springs(
        climatology=ss.Gaussian(
            {"q": jnp.zeros(2), "p": jnp.zeros(2)}, ss.ScalarCovariance(3.0, 4)
        ),
        geometry=ss.Geometry(np.arange(4.0), np.arange(2.0), period=5.0),
    )
    joint = augmented(
        problem, lambda p: p.model.drive, known(1.0, 0.5), drift=ss.ScalarCovariance(0.1, 1)
    )
    np.testing.assert_allclose(joint.initial.covariance.variances(), [0.01] * 4 + [0.25])
    np.testing.assert_allclose(joint.climatology.covariance.variances(), [9.0] * 4 + [0.25])
    # No model error but the drift.
    np.testing.assert_allclose(joint.model_error.variances(), [0.0] * 4 + [0.01])
    assert augmented(problem, lambda p: p.model.drive, known(1.0, 1.0)).model_error is None
    near = joint.geometry.near(1.0)
    assert np.isfinite(near.distances[4]).all()
    np.testing.assert_array_equal(near.indices[4], [0, 1])
    np.testing.assert_array_equal(np.isfinite(near.distances[2]), [True, False])


def test_without_drift_parameters_stay_where_the_model_has_an_error(make_springs):
    problem = make_springs(model_error=ss.ScalarCovariance(0.3, 4))
    joint = augmented(problem, lambda p: p.model.drive, known(1.0, 1.0))
    assert isinstance(joint.model_error, BlockCovariance)
    noise = joint.model_error.sample(KEY)
    assert noise[4] == 0
    assert (noise[:4] != 0).all()


def test_weights_of_a_network_are_parameters_and_its_functions_are_not(make_springs):
    class Network(eqx.Module):
        inner: eqx.nn.MLP

        def __call__(self, t, x):
            q = self.inner(jnp.concatenate([x["q"], x["p"]]))
            return {"q": x["p"], "p": q}

    network = Network(eqx.nn.MLP(4, 2, 3, 1, key=KEY))
    weights = eqx.filter(network.inner, eqx.is_inexact_array)
    joint = augmented(make_springs(model=network), lambda p: p.model.inner, known(weights, 0.1))
    figures = joint.diagnose(joint.init(KEY))
    assert figures["parameters"].shape == (4 * 3 + 3 + 3 * 2 + 2,)


@pytest.mark.parametrize(
    ("where", "initial", "message"),
    [
        (lambda p: p.model.forcing, (1.0, 1.0), "where cannot be applied .*forcing.*Write"),
        (lambda p: p.observation_error.std, (np.ones(2), 1.0), r"got \['observation_error_std'\]"),
        (lambda p: p.substeps, (1.0, 1.0), "floating-point numbers .*got none"),
        (lambda p: (), (1.0, 1.0), "got none"),
        (lambda p: p.model.drive, (np.ones(2), 1.0), r"with the shapes \(\); got \(2,\)"),
        (lambda p: (p.model.drive,), (1.0, 1.0), r"shapes \(\(\),\); got \(\)"),
        (lambda p: (p.model.drive, p.model.drive), ((1.0, 1.0), 1.0), "picks a parameter twice"),
    ],
)
def test_what_cannot_be_estimated_is_refused(make_springs, where, initial, message):
    with pytest.raises(px.PlugaxError, match=message):
        augmented(make_springs(), where, known(*initial))


def test_a_drift_of_another_size_is_refused(make_springs):
    with pytest.raises(px.PlugaxError, match="drift must be a covariance of the 1 parameters"):
        augmented(
            make_springs(),
            lambda p: p.model.drive,
            known(1.0, 1.0),
            drift=ss.ScalarCovariance(1.0, 2),
        )
