import sys
import textwrap

import pytest

OWN = """
    import jax
    import jax.numpy as jnp
    import numpy as np
    import plugax as px
    import plugax_state_space as ss
    import equinox as eqx

    class Hill(px.AbstractProblem):
        def init(self, key):
            return jax.random.normal(key, (2,))

        def loss(self, unknowns, batch, key):
            return jnp.sum(jnp.cos(unknowns)), {}

    class Needy(Hill):
        size: int

    class Crooked(Hill):
        def loss(self, unknowns, batch, key):
            return jnp.sum(unknowns * jax.lax.stop_gradient(unknowns)), {}

    class Narrow(Hill):
        def loss(self, unknowns):
            return jnp.sum(unknowns), {}

    class Decay(eqx.Module):
        def __call__(self, t, x):
            return -x * jnp.abs(x)

    def decay():
        return ss.StateSpace(
            Decay(),
            np.asarray([0.1, 0.2]),
            np.ones((2, 2)),
            lambda t, x: x**2,
            ss.ScalarCovariance(1.0, 2),
            ss.Gaussian(jnp.ones(2), ss.ScalarCovariance(0.1, 2)),
            dt=0.1,
            integrator=Euler(),
        )

    class Euler(px.AbstractIntegrator):
        def trajectory(self, field, y0, *, dt, steps, every=1, t0=0.0):
            def step(y, _):
                return jax.tree.map(lambda a, b: a + dt * b, y, field(t0, y)), None
            return jax.tree.map(lambda a: a[None], jax.lax.scan(step, y0, length=steps)[0])

    hill = Hill()
    number = 3

    def nothing():
        return None
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of the user's in the current directory."""
    (tmp_path / "checked_by_its_author.py").write_text(textwrap.dedent(OWN))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "checked_by_its_author"
    sys.modules.pop("checked_by_its_author", None)


def test_a_registered_problem_is_checked_with_its_options(call):
    result = call("check", "orbit", "--dim", 3, "--json")
    names = {check["name"] for check in result.json["checks"]}
    assert {"pytree round trip", "loss gradient", "recipes"} < names
    assert result.json["kind"] == "problem"
    assert result.json["target"] == "orbit"
    assert result.status == (1 if result.json["failed"] else 0)


def test_the_other_kinds_are_checked_too(call):
    result = call("check", "fixed", "--rate", 0.2)
    *lines, last = result.out.splitlines()
    assert sum(line.startswith("passed  ") for line in lines) == 5
    # Its rate is a Python number: every other one is compiled anew.
    assert "FAILED  traces once" in result.out
    assert (result.status, last) == (1, "1 of 6 checks failed")


@pytest.mark.parametrize("name", ["Hill", "hill"])
def test_what_lies_in_the_current_directory_is_checked(call, own, name):
    result = call("check", f"{own}:{name}")
    assert (result.status, result.err) == (0, "")
    assert "loss gradient" in result.out


def test_what_fails_is_named_with_its_remedy_and_exits_with_one(call, own):
    result = call("check", f"{own}:Crooked")
    assert result.status == 1
    (line,) = [line for line in result.out.splitlines() if line.startswith("FAILED")]
    assert line.split("  ")[1] == "loss gradient"
    assert "Crooked: the gradient of the loss equals its finite differences" in result.out
    assert result.out.splitlines()[-1].startswith("1 of ")


def test_it_stops_at_what_all_other_checks_take_for_granted(call, own):
    result = call("check", f"{own}:Narrow")
    failed = [line for line in result.out.splitlines() if line.startswith("FAILED")]
    assert [line.split()[1] for line in failed] == ["loss"]
    assert "Narrow.loss must take (unknowns, batch, key) besides self" in result.out
    assert result.out.splitlines()[-1].endswith("were not run, since they depend on 'loss'")
    assert result.status == 1


def test_a_state_space_problem_gets_the_tests_of_its_derivatives(call, own, monkeypatch):
    from plugax.testing import _checks

    monkeypatch.setattr(_checks, "checks_for", lambda kind, component: [])
    result = call("check", f"{own}:decay", "--json")
    assert result.status == 0
    figures = {check["name"]: check["figure"] for check in result.json["checks"]}
    assert [name.split()[0] for name in figures] == ["forecast"] * 3 + ["observe"] * 3 + [
        "loss"
    ] * 3
    assert figures["forecast adjoint"].startswith("difference ")
    assert figures["loss taylor"].startswith("slope 2.0")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("bwol", "Nothing is named 'bwol'. Did you mean 'bowl'"),
        ("nowhere_at_all:Hill", "cannot be imported: ModuleNotFoundError"),
        ("{own}:Hlil", "cannot be imported: AttributeError"),
        ("{own}:number", "is of type int; a problem, solver"),
        ("{own}:nothing", "is of type NoneType; a problem, solver"),
        ("{own}:Needy", "cannot be made without arguments"),
    ],
)
def test_what_cannot_be_checked_exits_with_two(call, own, target, message):
    result = call("check", target.format(own=own))
    assert (result.status, result.out) == (2, "")
    assert message in result.err


def test_without_a_target_it_asks_for_one(call):
    assert "What is to be checked?" in call("check").err
