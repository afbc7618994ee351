"""Every check of a problem catches a problem made wrong in just that way, and passes its twin."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax import testing
from plugax.testing.kinds._laws import laws_of
from plugax.testing.kinds._references import Fenced, Gaussian, Line, Rosenbrock, Valley
from plugax_state_space.laws._tracking import Tracking


class Hidden(Valley):
    def __init__(self):
        object.__setattr__(self, "scale", 2.0)


class Unhashable(Valley):
    sizes: list = eqx.field(static=True)

    def __init__(self):
        self.sizes = [1, 2]


class HostRandom(Valley):
    def init(self, key):
        return {"x": jnp.asarray(np.random.default_rng().normal(size=2), float), "s": jnp.ones(())}


class Concrete(Valley):
    def init(self, key):
        return {"x": jnp.zeros(2), "s": jnp.asarray(float(jr.normal(key, ())))}


class PythonNumber(Valley):
    def init(self, key):
        return {"x": jnp.zeros(2), "s": 0.5}


class Dropped(Valley):
    """The share of a dropout is a number that is meant to stay."""

    def init(self, key):
        return super().init(key) | {"dropout": eqx.nn.Dropout(0.3)}


class Normed(eqx.Module):
    weight: jax.Array
    norm: eqx.nn.BatchNorm


class Normalised(Valley):
    def init(self, key):
        norm = eqx.nn.BatchNorm(2, "batch", mode="batch")
        return Normed(jnp.ones(2), norm)


def with_loss(function, base=Valley):
    """A problem whose loss is `function(the right loss, unknowns)`; a pair holds metrics too."""

    class Changed(base):
        def loss(self, unknowns, batch, key):
            loss, metrics = super().loss(unknowns, batch, key)
            changed = function(loss, unknowns)
            return changed if isinstance(changed, tuple) else (changed, metrics)

    return Changed


calls = itertools.count()


@jax.custom_batching.custom_vmap
def leaky(x):
    return x


@leaky.def_vmap
def _leaky_vmap(size, batched, x):
    return jnp.broadcast_to(jnp.mean(x, axis=0, keepdims=True), x.shape), True


def differs_when_traced(loss, unknowns):
    return loss + 1.0 * isinstance(loss, jax.core.Tracer)


def in_few_digits(loss, unknowns):
    return loss.astype("float16").astype(loss.dtype)


def root_of_nothing(loss, unknowns):
    """A finite loss whose derivative, that of √ at 0, is 0 · ∞."""
    return loss + jnp.sqrt(0 * unknowns["s"])


def rough(loss, unknowns):
    return loss + jax.lax.stop_gradient(jnp.sin(1e9 * unknowns["s"]))


def with_evaluate(function):
    class Changed(Valley):
        def evaluate(self, unknowns):
            return function(unknowns)

    return Changed


def with_reference(function):
    class Changed(Valley):
        def init(self, key):
            return Valley().init(key)

        def reference(self):
            return function(super().reference())

        @property
        def data(self):
            return px.FullBatch(Valley().reference())

    return Changed


class Forgetful(px.AbstractData):
    """Counts from zero wherever it begins."""

    def init(self, key, step):
        return jnp.zeros((), int)

    def next(self, cursor, key, step):
        return cursor, cursor + 1


class WithForgetfulData(Valley):
    @property
    def data(self):
        return Forgetful()


class DataOfTheWrongType(Valley):
    @property
    def data(self):
        return jnp.ones(3)


class Lambda(Valley):
    function: object = eqx.field(static=True)

    def __init__(self):
        self.function = lambda x: x


def with_figures(function):
    class Changed(Valley):
        def figures(self, solution):
            return function(solution)

    return Changed


def with_tables(function):
    class Changed(Valley):
        def tables(self, solution):
            return function(solution)

    return Changed


def figure(**labels):
    from matplotlib.figure import Figure

    made = Figure()
    axes = made.subplots()
    axes.set(**labels)
    return made


def animation(**labels):
    from matplotlib.animation import FuncAnimation

    return FuncAnimation(figure(**labels), lambda frame: (), frames=2)


def from_pyplot(solution):
    import matplotlib.pyplot as plt

    made, axes = plt.subplots()
    axes.set(xlabel="x", ylabel="y")
    return {"figure": made}


def shared(solution):
    from matplotlib.figure import Figure

    made = Figure()
    left, right = made.subplots(1, 2, sharey=True)
    left.set(xlabel="x", ylabel="y")
    right.set(xlabel="x")
    made.colorbar(left.imshow(np.eye(2)), ax=right)
    return {"shared": made}


def with_recipes(recipes, base=Valley):
    return type("WithRecipes", (base,), {"recipes": recipes})


class NotAffine(px.AbstractLinearLeastSquares):
    def init(self, key):
        return Rosenbrock().init(key)

    def residuals(self, unknowns, batch, key):
        return Rosenbrock().residuals(unknowns, batch, key)


LABELS = {"xlabel": "x", "ylabel": "y"}

# check, good, broken, what the message says
TABLE = [
    (testing.check_pytree_round_trip, Valley, Hidden, r"\['scale'\] missing"),
    (testing.check_static_fields, Valley, Unhashable, "can be hashed"),
    (testing.check_static_fields, Valley, Lambda, "made twice"),
    (testing.check_init, Valley, HostRandom, "same unknowns for the same key"),
    (testing.check_init, Valley, Concrete, "ConcretizationTypeError"),
    (testing.check_init, Dropped, PythonNumber, r"0\.5.*Python number"),
    (testing.check_init, Dropped, Normalised, "unknowns.norm is an equinox BatchNorm"),
    (
        testing.check_loss,
        Valley,
        with_loss(lambda loss, u: u["x"]),
        r"must return a pair.*f32\[2\]",
    ),
    (testing.check_loss, Valley, with_loss(lambda loss, u: (loss, None)), r"f32\[\], None"),
    (testing.check_loss, Valley, with_loss(lambda loss, u: (loss, {"loss": loss})), "'loss'"),
    (testing.check_loss, Valley, with_loss(lambda loss, u: (loss, {"a": "b"})), r"\{'a': 'b'\}"),
    (testing.check_loss, Valley, with_loss(lambda loss, u: (loss, {}, 1)), "pair"),
    (
        testing.check_loss_precision,
        Valley,
        with_loss(lambda loss, u: loss + jnp.sum(jnp.ones(2))),
        "float32 for unknowns in float32.*loss float64",
    ),
    (
        testing.check_loss_precision,
        Valley,
        with_loss(lambda loss, u: loss.astype("float32")),
        "float64 for unknowns in float64.*loss float32",
    ),
    (
        testing.check_strict_promotion,
        Valley,
        with_loss(lambda loss, u: loss + jnp.ones((), int)),
        "strict promotion of dtypes and ranks, in float32.*int32",
    ),
    (
        testing.check_strict_promotion,
        Valley,
        with_loss(lambda loss, u: loss + jnp.sum(u["x"] * jnp.ones((2, 2), u["x"].dtype))),
        "strict promotion.*rank_promotion",
    ),
    (
        testing.check_strict_promotion,
        Valley,
        with_evaluate(lambda u: {"x": u["s"] + jnp.ones(())}),
        "evaluate passes.*float32 with float64 switched on",
    ),
    (testing.check_evaluate, Valley, with_evaluate(lambda u: {"s": float(u["s"])}), "under jit"),
    (testing.check_evaluate, Valley, with_evaluate(lambda u: {"a": {"b": u["s"]}}), "flat"),
    (testing.check_evaluate, Valley, with_evaluate(lambda u: u["s"]), "Return a dict"),
    (
        testing.check_loss_jit_equals_eager,
        Valley,
        with_loss(differs_when_traced),
        "the same compiled and not compiled",
    ),
    (
        testing.check_loss_jit_equals_eager,
        Valley,
        with_loss(lambda loss, u: loss + next(calls)),
        "pure function",
    ),
    (
        testing.check_loss_jit_equals_eager,
        Valley,
        with_loss(lambda loss, u: loss if loss > 0 else -loss),
        "TracerBoolConversionError",
    ),
    (
        testing.check_loss_jit_equals_eager,
        Valley,
        with_loss(lambda loss, u: jnp.log(-loss)),
        "finite number.*nan",
    ),
    (
        testing.check_loss_vmap_equals_loop,
        Valley,
        with_loss(lambda loss, u: loss + leaky(jax.lax.stop_gradient(u["s"]))),
        "under vmap is that of each",
    ),
    (
        testing.check_loss_gradient,
        Valley,
        with_loss(lambda loss, u: loss - 0.5 * u["s"] ** 2 + jax.lax.stop_gradient(u["s"] ** 2)),
        "equals its finite differences",
    ),
    (testing.check_loss_gradient, Valley, with_loss(in_few_digits), "finite differences"),
    (testing.check_loss_gradient, Valley, with_loss(rough), "smooth enough"),
    (testing.check_loss_gradient, Valley, with_loss(root_of_nothing), "gradient .* is finite"),
    (testing.check_reference, Valley, with_reference(lambda m: m["x"]), "structure"),
    (
        testing.check_reference,
        Valley,
        with_reference(lambda m: jax.tree.map(lambda leaf: leaf + 5, m)),
        "not above that at the start",
    ),
    (
        testing.check_reference,
        Valley,
        with_reference(lambda m: jax.tree.map(lambda leaf: leaf + 0.1, m)),
        "gradient vanishes",
    ),
    (testing.check_batches, Valley, WithForgetfulData, "begun there or before"),
    (testing.check_batches, Valley, DataOfTheWrongType, "Write it as a property"),
    (testing.check_problem_traces_once, Valley, Lambda, "traces nothing"),
    (
        testing.check_saves_and_loads,
        Valley,
        with_evaluate(lambda u: {"z": jax.lax.complex(u["s"], u["s"])}),
        "saved and loaded",
    ),
    *(
        (
            testing.check_saves_and_loads,
            with_tables(lambda s: (px.Table({"s": [float(s.unknowns["s"])]}),)),
            with_tables(broken),
            message,
        )
        for broken, message in (
            (lambda s: [px.Table({"a": [1]})], "tuple.*Table"),
            (lambda s: (px.Table({"a": [1]}, ("nonesuch",)),), "show metrics there are"),
            (lambda s: (px.Table({"a": [1], "b": []}),), "must have the same length"),
            (
                lambda s: (px.Table(["a", "b"]),),
                "given by their headings.*got .'a', 'b'|parameter 'columns'",
            ),
            (lambda s: (px.Table({"a": [s.provenance["created"]["seconds"]]}),), "KeyError"),
            (lambda s: (px.Table({"a": [id(s)]}),), "a loaded solution are the same"),
        )
    ),
    (
        testing.check_figures,
        with_figures(lambda s: {"a": figure(**LABELS), "b": animation(**LABELS)}),
        with_figures(lambda s: {"a": figure(xlabel="x")}),
        "no label along y",
    ),
    (
        testing.check_figures,
        with_figures(shared),
        with_figures(lambda s: {"a": animation(ylabel="y")}),
        "no label along x",
    ),
    (testing.check_figures, Valley, with_figures(from_pyplot), "pyplot"),
    (testing.check_figures, Valley, with_figures(lambda s: {"a": [1, 2]}), "a list"),
    (testing.check_figures, Valley, with_figures(lambda s: [figure(**LABELS)]), "dict"),
    (testing.check_figures, Valley, with_figures(lambda s: s.series["nonesuch"]), "KeyError"),
    (
        testing.check_recipes,
        with_recipes({"gradient": {"optimizer": {"name": "sgd"}, "steps": 5}}),
        with_recipes({"gradeint": {"steps": 5}}),
        "No solver is named 'gradeint'",
    ),
    (
        testing.check_recipes,
        with_recipes({"gauss-newton": {"steps": 5}}, Rosenbrock),
        with_recipes({"gauss-newton": {"steps": 5}}),
        "needs an AbstractLeastSquares",
    ),
    (
        testing.check_recipes,
        Valley,
        with_recipes({"gradient": {"optimiser": "sgd"}}),
        "no option 'optimiser'",
    ),
    (testing.check_recipes, Valley, with_recipes({"gradient": {"steps": 0}}), "steps = 0"),
    (
        testing.check_residuals,
        Rosenbrock,
        with_loss(lambda loss, u: 2 * loss, Rosenbrock),
        "half the squared norm",
    ),
    (testing.check_residuals_affine, Line, NotAffine, "Jacobian is the same"),
    (
        testing.check_log_density,
        Gaussian,
        with_loss(lambda loss, u: -loss, Gaussian),
        "minus the log-density",
    ),
]


def test_a_check_catches_what_is_wrong_and_nothing_else(catches, check, good, broken, message):
    catches(check, good, broken, message)


def test_every_check_of_problems_has_a_row():
    kinds = (
        px.AbstractLinearLeastSquares,
        px.AbstractLogDensity,
        px.problems.Constrained,
    )
    checks = {check for kind in kinds for laws in laws_of(kind) for check in laws.checks}
    assert checks == {row[0] for row in TABLE}


@pytest.mark.parametrize("reference", [Valley, Rosenbrock, Line, Gaussian, Fenced, Tracking])
def test_the_references_conform(reference):
    for check in testing.collect_checks(problems={"reference": reference}):
        check()
