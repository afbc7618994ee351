"""1000 members of Lorenz96, 20 RK4 steps of each, float64: forward, and the gradient of a cost.

The peers are a loop over the members in C, and diffrax as most people vmap it. Before anything is
timed, all results are checked to agree; diffrax's Tsit5 to within the order of the schemes.
"""

import ctypes
import os
import pathlib
import subprocess
import tempfile

from measure import Row, best, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import diffrax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

import plugax as px  # noqa: E402
from plugax_lorenz96 import Lorenz96  # noqa: E402

MEMBERS, VARIABLES, STEPS, DT = 1000, 40, 20, 0.05
# As many members as fit into the first-level cache with all that a step needs.
BLOCK = 10
USUAL_C_SOURCE = pathlib.Path(__file__).parents[2] / "shared" / "peers" / "lorenz96.c"
LOOP = """
void members(double *x, int count, int steps, double dt) {
  for (int i = 0; i < count; i++) forward(x + i * N, steps, dt);
}
"""


def integrated(x):
    """The state after all steps."""
    return px.integrator("rk4").trajectory(Lorenz96(), x, dt=DT, steps=STEPS, every=STEPS)[0]


def through_diffrax(x):
    """Diffrax as most people call it: Tsit5, constant steps, the rest default."""
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, x, args: Lorenz96()(t, x)),  # noqa: ARG005 - diffrax's signature
        diffrax.Tsit5(),
        0.0,
        STEPS * DT,
        DT,
        x,
        stepsize_controller=diffrax.ConstantStepSize(),
    )
    return solution.ys[0]


def gradient_of(forward):
    """The gradient of half the squared norm of the last state."""
    return jax.grad(lambda x: jnp.sum(forward(x) ** 2) / 2)


def in_blocks(function):
    return jax.jit(lambda members: jax.lax.map(function, members, batch_size=BLOCK))


def rows() -> list[Row]:
    start = on_the_attractor()
    time = lambda function: best(lambda: jax.block_until_ready(function(start)), 15) * 1e3  # noqa: E731
    blocks, vmapped = in_blocks(integrated), jax.jit(jax.vmap(integrated))
    gradient = gradient_of(integrated)
    gradient_blocks, gradient_vmapped = in_blocks(gradient), jax.jit(jax.vmap(gradient))
    peer = jax.jit(jax.vmap(through_diffrax))
    peer_gradient = jax.jit(jax.vmap(gradient_of(through_diffrax)))

    np.testing.assert_allclose(blocks(start), vmapped(start), rtol=1e-12)
    assert distance(blocks(start), peer(start)) < 0.01
    np.testing.assert_allclose(gradient_blocks(start), gradient_vmapped(start), rtol=1e-9)
    assert distance(gradient_blocks(start), peer_gradient(start)) < 0.01

    what, unit = f"{MEMBERS} members of Lorenz96, {STEPS} steps", "ms"
    table = []
    floor = in_c(np.asarray(start), np.asarray(blocks(start)))
    forward = {"blocks of 10": time(blocks), "vmapped": time(vmapped)}
    backward = {"blocks of 10": time(gradient_blocks), "vmapped": time(gradient_vmapped)}
    theirs, theirs_backward = time(peer), time(peer_gradient)
    for way in forward:
        if floor is not None:
            target = "≤ 1.1" if way != "vmapped" else ""
            table.append(Row(f"{what}, {way}", forward[way], "C, -O3", floor, unit, target))
        peer_name = "diffrax, Tsit5 with its defaults, vmapped"
        table.append(Row(f"{what}, {way}", forward[way], peer_name, theirs, unit))
        row = Row(f"{what}, gradient, {way}", backward[way], peer_name, theirs_backward, unit)
        row.target = "≤ 0.5"
        table.append(row)
    return table


def on_the_attractor():
    """Members after ten time units, when their starts have no influence any more."""
    start = 8 + jax.random.normal(jax.random.key(0), (MEMBERS, VARIABLES))
    for _ in range(10):
        start = in_blocks(integrated)(start)
    return start


def distance(one, other) -> float:
    """The root-mean-square difference relative to the root-mean-square of the other."""
    return float(jnp.sqrt(jnp.mean((one - other) ** 2) / jnp.mean(other**2)))


def in_c(start, expected) -> float | None:
    """The members one after another in C, in ms; None without source or compiler."""
    source = pathlib.Path(os.environ.get("PLUGAX_LORENZ96_C", USUAL_C_SOURCE))
    if not source.is_file():
        return None
    with tempfile.TemporaryDirectory() as folder:
        program, library = pathlib.Path(folder) / "members.c", pathlib.Path(folder) / "members.so"
        program.write_text(f'#include "{source}"\n{LOOP}')
        command = ["gcc", "-O3", "-march=native", "-shared", "-fPIC", str(program)]
        try:
            subprocess.run([*command, "-o", str(library)], check=True)
        except FileNotFoundError:
            return None
        function = ctypes.CDLL(str(library)).members

    def many():
        x = start.copy()
        pointer = ctypes.c_void_p(x.ctypes.data)
        function(pointer, MEMBERS, STEPS, ctypes.c_double(DT))
        return x

    np.testing.assert_allclose(many(), expected, rtol=1e-9)
    return best(many, 15) * 1e3


if __name__ == "__main__":
    report(rows())
