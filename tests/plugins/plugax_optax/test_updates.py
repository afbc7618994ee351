"""Every optimizer makes the updates that optax makes, in every precision.

That every hyperparameter can be vmapped and changed without compiling again is shown by the
conformance kit, for all that is registered.
"""

import functools
import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
import pytest

import plugax as px
import plugax_optax

NAMES = sorted(plugax_optax.OPTIMIZERS)
# Options away from their defaults, so that every branch on an option is taken once.
VARIANTS = [
    ("adabelief", {"nesterov": True}),
    ("adadelta", {"weight_decay": 0.01}),
    ("adafactor", {"learning_rate": 0.1, "min_dim_size_to_factor": 2, "momentum": 0.9}),
    ("adafactor", {"weight_decay_rate": 0.01, "clipping_threshold": None, "factored": False}),
    ("adam", {"nesterov": True, "eps_root": 1e-9}),
    ("amsgrad", {"bias_correction_mu": False, "bias_correction_nu": False}),
    ("lars", {"weight_decay": 0.01, "nesterov": True}),
    ("lbfgs", {"learning_rate": 0.5, "scale_init_precond": False, "memory_size": 2}),
    ("optimistic_gradient_descent", {"alpha": 0.5, "beta": 0.25}),
    ("polyak_sgd", {"variant": "sps+", "f_min": 0.1}),
    ("rmsprop", {"centered": True, "eps_in_sqrt": False, "momentum": 0.5, "nesterov": True}),
    ("rmsprop", {"bias_correction": True, "initial_scale": 1.0}),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9, "nesterov": True}),
]
CASES = [(name, {}) for name in NAMES] + VARIANTS
# What the formulas are, double precision tells; how a state is kept in single, one of each kind.
SINGLE = [
    case
    if case in [("sgd", {}), ("adam", {}), ("adafactor", {})]
    else pytest.param(*case, marks=pytest.mark.slow)
    for case in CASES
]


def case_id(value):
    return value if isinstance(value, str) else ",".join(value)


def settled(name, given):
    """The options with a rate that moves things, where the optimizer takes one."""
    takes_rate = "learning_rate" in inspect.signature(getattr(optax, name)).parameters
    # Optax lets all arrays decay; here that has to be asked for where it is Adam's.
    decays = {"mask": "all"} if name in ("adamw", "nadamw", "adamaxw") else {}
    return ({"learning_rate": 0.05} if takes_rate and name != "lbfgs" else {}) | decays | given


def directly(name, given, dtype=None):
    """Optax's own init and update, numbers as they are or as arrays of a dtype."""
    given = settled(name, given)
    given.pop("mask", None)
    if name == "noisy_sgd":
        given["key"] = 0
    if "momentum" in given and name == "adafactor":
        given["dtype_momentum"] = jnp.result_type(float)  # float32 in optax, whatever it trains
    if dtype is not None:
        parameters = inspect.signature(getattr(optax, name)).parameters
        given = {
            key: parameter.default for key, parameter in parameters.items()
            if isinstance(parameter.default, float)
        } | given  # fmt: skip
        given = {
            key: jnp.asarray(value, dtype) if isinstance(value, float) else value
            for key, value in given.items()
        }
    made = optax.with_extra_args_support(getattr(optax, name)(**given))

    def standard(function):
        def wrapped(*args, **extra):
            # Optax cannot be traced under strict promotion.
            with jax.numpy_dtype_promotion("standard"):
                return function(*args, **extra)

        return wrapped

    if name != "sm3":
        return standard(made.init), standard(made.update)
    # Optax's sm3 fails at scalars; a vector of one element stands for one.
    widen = functools.partial(jax.tree.map, jnp.atleast_1d)

    def update(grads, state, params, **extra):
        updates, state = made.update(widen(grads), state, widen(params))
        return jax.tree.map(lambda new, old: new.reshape(old.shape), updates, params), state

    return standard(lambda params: made.init(widen(params))), standard(update)


def assert_same(ours, theirs, **tolerance):
    for mine, yours in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(mine, yours, **{"rtol": 0, "atol": 0} | tolerance)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("name", "given"), CASES, ids=case_id)
def test_updates_are_exactly_those_of_optax_in_double_precision(name, given, tree, descend):
    optimizer = px.optimizer(name, **settled(name, given))
    # Loops that are not compiled are traced anew at every call.
    compiled = name == "lbfgs"
    ours, _ = descend(optimizer.init, optimizer.update, tree(), compiled=compiled)
    # Numbers as Python has them, but for adafactor, which would compute with them in float32.
    dtype = jnp.float64 if name == "adafactor" else None
    theirs, _ = descend(*directly(name, given, dtype), tree(), compiled=compiled)
    # fromage's x ** 0.5 is a power for a Python number and a root for an array: one bit.
    assert_same(ours, theirs, rtol=1e-15 if name == "fromage" else 0)


@pytest.mark.parametrize(("name", "given"), SINGLE, ids=case_id)
def test_updates_are_exactly_those_of_optax_in_single_precision(name, given, tree, descend):
    # Of the same numbers, that is: Python would round 1 − 0.999 once, arrays round it twice.
    optimizer = px.optimizer(name, **settled(name, given))
    # Loops that are not compiled are traced anew at every call.
    compiled = name == "lbfgs"
    ours, _ = descend(optimizer.init, optimizer.update, tree(), compiled=compiled)
    theirs, _ = descend(*directly(name, given, jnp.float32), tree(), compiled=compiled)
    assert_same(ours, theirs)


def dtypes(tree):
    return [leaf.dtype for leaf in jax.tree.leaves(tree)]


# Half precision would be promoted to what single would be: that is slow.
@pytest.mark.parametrize(
    "dtype", ["bfloat16", pytest.param("float32", marks=pytest.mark.slow), "float64"]
)
@pytest.mark.parametrize(("name", "given"), CASES, ids=case_id)
@pytest.mark.usefixtures("x64")
def test_parameters_and_state_keep_their_dtypes(name, given, dtype, tree, loss_of):
    optimizer = px.optimizer(name, **settled(name, given))
    params = tree(dtype)
    state = optimizer.init(params)

    def step(params, state):
        value, grads = jax.value_and_grad(loss_of)(params)
        return optimizer.update(grads, state, params, value=value, grad=grads, value_fn=loss_of)

    updates, after = jax.eval_shape(step, params, state)
    assert dtypes(updates) == dtypes(params)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    assert dtypes(after) == dtypes(state)
    assert not any(leaf.weak_type for leaf in jax.tree.leaves(after))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_different_precision_can_stand_side_by_side(name, tree):
    params = tree() | {"half": jnp.ones(3, "float32")}
    optimizer = px.optimizer(name)
    loss = lambda p: sum(jnp.sum(leaf**2).astype("float64") for leaf in jax.tree.leaves(p))  # noqa: E731

    def step(params):
        value, grads = jax.value_and_grad(loss)(params)
        state = optimizer.init(params)
        return optimizer.update(grads, state, params, value=value, grad=grads, value_fn=loss)[0]

    assert dtypes(jax.eval_shape(step, params)) == dtypes(params)


def test_a_hyperparameter_is_found_and_replaced_by_its_name():
    optimizer = px.optimizer("adam", learning_rate=0.1, clip_norm=1.0)
    changed = eqx.tree_at(lambda o: (o.learning_rate, o.clip_norm), optimizer, replace_fn=jnp.log)
    np.testing.assert_allclose(changed.learning_rate, np.log(0.1), rtol=1e-6)
    np.testing.assert_allclose(changed.clip_norm, 0.0)
    assert changed.b1 == optimizer.b1


def test_plain_gradient_descent_has_no_state(tree):
    assert jax.tree.leaves(px.optimizer("sgd").init(tree())) == []


def test_in_half_precision_the_second_moment_still_moves(loss_of):
    # 0.999 is 1 in bfloat16; a second moment that stays zero would blow the update up.
    params = {"a": jnp.ones(3, "bfloat16")}
    optimizer = px.optimizer("adam", learning_rate=0.01)
    updates, _ = optimizer.update(jax.grad(loss_of)(params), optimizer.init(params), params)
    np.testing.assert_allclose(updates["a"].astype("float32"), -0.01, rtol=1e-2)


def test_weight_decay_can_be_kept_to_matrices(tree):
    params = tree()
    none = jax.tree.map(jnp.zeros_like, params)
    optimizer = px.optimizer("adamw", learning_rate=1.0, weight_decay=0.5, mask="matrices")
    updates, _ = optimizer.update(none, optimizer.init(params), params)
    np.testing.assert_allclose(updates["weights"], -params["weights"] / 2, rtol=1e-6)
    assert not jnp.any(updates["biases"])


def test_a_mask_may_be_a_function(tree):
    params = tree()
    none = jax.tree.map(jnp.zeros_like, params)
    mask = lambda params: {name: name == "biases" for name in params}  # noqa: E731
    optimizer = px.optimizer("adamw", learning_rate=1.0, weight_decay=0.5, mask=mask)
    updates, _ = optimizer.update(none, optimizer.init(params), params)
    np.testing.assert_allclose(updates["biases"], -params["biases"] / 2, rtol=1e-6)
    assert not jnp.any(updates["weights"])


def test_moments_can_be_kept_in_half_precision(tree):
    state = px.optimizer("adam", mu_dtype="bfloat16").init(tree())
    assert set(dtypes(optax.tree.get(state, "mu"))) == {jnp.dtype("bfloat16")}


def test_noise_follows_the_key_that_is_given(tree):
    params = tree()
    none = jax.tree.map(jnp.zeros_like, params)
    optimizer = px.optimizer("noisy_sgd", learning_rate=1.0, eta=1.0)
    state = optimizer.init(params)
    first, after = optimizer.update(none, state, params, key=jr.key(1))
    again, _ = optimizer.update(none, state, params, key=jr.key(1))
    other, _ = optimizer.update(none, state, params, key=jr.key(2))
    assert_same(first, again)
    assert not jnp.allclose(first["weights"], other["weights"])
    assert jr.key_data(optax.tree.get(after, "rng_key")).tolist() == [0, 0]


def test_a_line_search_keeps_the_rules_of_promotion_for_the_loss():
    def loss(x):
        return jnp.sum(x * jnp.arange(3))  # integers: refused under strict promotion

    x = jnp.ones(3)
    optimizer = px.optimizer("lbfgs")
    with pytest.raises(ValueError, match="promotion"):
        optimizer.update(
            x, optimizer.init(x), x, value=jnp.asarray(3.0), grad=x, value_fn=loss
        )  # fmt: skip
