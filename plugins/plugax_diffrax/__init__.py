"""Integrators: explicit Runge–Kutta schemes in fixed steps, and diffrax's adaptive and stiff ones.

Short names are fixed steps: `rk4`, `tsit5`. Step-size control is asked for: `adaptive-tsit5`.
"""

from plugax import hookimpl


@hookimpl
def register_integrators(register):
    """Bring nine schemes in fixed steps, three adaptive ones and a stiff one."""
    register("euler", "plugax_diffrax._fixed:euler", summary="Fixed steps, order 1, 1 stage")
    register("heun", "plugax_diffrax._fixed:heun", summary="Fixed steps, order 2, 2 stages")
    register("midpoint", "plugax_diffrax._fixed:midpoint", summary="Fixed steps, order 2, 2 stages")
    register("ralston", "plugax_diffrax._fixed:ralston", summary="Fixed steps, order 2, 2 stages")
    register("bosh3", "plugax_diffrax._fixed:bosh3", summary="Fixed steps, order 3, 3 stages")
    register(
        "rk4",
        "plugax_diffrax._fixed:rk4",
        summary="Fixed steps, the classical scheme of order 4, 4 stages",
    )
    register("tsit5", "plugax_diffrax._embedded:tsit5", summary="Fixed steps, order 5, 6 stages")
    register("dopri5", "plugax_diffrax._embedded:dopri5", summary="Fixed steps, order 5, 6 stages")
    register("dopri8", "plugax_diffrax._embedded:dopri8", summary="Fixed steps, order 8, 13 stages")
    register(
        "adaptive-tsit5",
        "plugax_diffrax._adaptive:adaptive_tsit5",
        summary="Adaptive steps, order 5 (diffrax): the first choice where one is needed",
    )
    register(
        "adaptive-dopri5",
        "plugax_diffrax._adaptive:adaptive_dopri5",
        summary="Adaptive steps, order 5 (diffrax)",
    )
    register(
        "adaptive-dopri8",
        "plugax_diffrax._adaptive:adaptive_dopri8",
        summary="Adaptive steps, order 8 (diffrax): for tight tolerances",
    )
    register(
        "kvaerno5",
        "plugax_diffrax._adaptive:kvaerno5",
        summary="Adaptive implicit steps, order 5, for stiff equations",
    )
