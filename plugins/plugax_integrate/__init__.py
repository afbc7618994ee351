"""Integrators: explicit, implicit and stochastic ones in fixed steps, and diffrax's adaptive ones.

Short names are fixed steps: `rk4`, `tsit5`. Step-size control has its own names, `adaptive-tsit5`;
the stiff schemes, such as `kvaerno5`, always have it. `map` is for models with discrete time.
"""

from plugax import hookimpl


@hookimpl
def register_integrators(register):
    """Register eleven schemes in fixed steps, six adaptive and three stochastic ones, and maps."""
    register("euler", "plugax_integrate._fixed:euler", summary="Fixed steps, order 1, 1 stage")
    register("heun", "plugax_integrate._fixed:heun", summary="Fixed steps, order 2, 2 stages")
    register(
        "midpoint", "plugax_integrate._fixed:midpoint", summary="Fixed steps, order 2, 2 stages"
    )
    register("ralston", "plugax_integrate._fixed:ralston", summary="Fixed steps, order 2, 2 stages")
    register("bosh3", "plugax_integrate._fixed:bosh3", summary="Fixed steps, order 3, 3 stages")
    register(
        "rk4",
        "plugax_integrate._fixed:rk4",
        summary="Fixed steps, the classical scheme of order 4, 4 stages",
    )
    register("tsit5", "plugax_integrate._embedded:tsit5", summary="Fixed steps, order 5, 6 stages")
    register(
        "dopri5", "plugax_integrate._embedded:dopri5", summary="Fixed steps, order 5, 6 stages"
    )
    register(
        "dopri8", "plugax_integrate._embedded:dopri8", summary="Fixed steps, order 8, 13 stages"
    )
    register(
        "implicit-euler",
        "plugax_integrate._implicit:implicit_euler",
        summary="Fixed implicit steps, order 1, for stiff equations",
    )
    register(
        "implicit-midpoint",
        "plugax_integrate._implicit:implicit_midpoint",
        summary="Fixed implicit steps, order 2, symplectic: keeps energies over long times",
    )
    register(
        "adaptive-tsit5",
        "plugax_integrate._adaptive:adaptive_tsit5",
        summary="Adaptive steps, order 5 (diffrax): the first choice for adaptive steps",
    )
    register(
        "adaptive-dopri5",
        "plugax_integrate._adaptive:adaptive_dopri5",
        summary="Adaptive steps, order 5 (diffrax)",
    )
    register(
        "adaptive-dopri8",
        "plugax_integrate._adaptive:adaptive_dopri8",
        summary="Adaptive steps, order 8 (diffrax): for tight tolerances",
    )
    register(
        "kvaerno3",
        "plugax_integrate._adaptive:kvaerno3",
        summary="Adaptive implicit steps, order 3, for stiff equations and loose tolerances",
    )
    register(
        "kvaerno4",
        "plugax_integrate._adaptive:kvaerno4",
        summary="Adaptive implicit steps, order 4, for stiff equations",
    )
    register(
        "kvaerno5",
        "plugax_integrate._adaptive:kvaerno5",
        summary="Adaptive implicit steps, order 5, for stiff equations",
    )
    register(
        "map",
        "plugax_integrate._map:Map",
        summary="Discrete time: the model gives the next state itself",
    )
    register(
        "euler-maruyama",
        "plugax_integrate._stochastic:euler_maruyama",
        summary="Stochastic (Itô), fixed steps, strong order 1/2",
    )
    register(
        "milstein",
        "plugax_integrate._stochastic:milstein",
        summary="Stochastic (Itô), fixed steps, strong order 1 for commutative noise",
    )
    register(
        "stochastic-heun",
        "plugax_integrate._stochastic:stochastic_heun",
        summary="Stochastic (Stratonovich), fixed steps, strong order 1 for commutative noise",
    )
