"""The problem `two-scale-lorenz96-twin`: the slow variables observed, the fast ones not."""

import dataclasses
from typing import ClassVar, Literal

import numpy as np

import plugax as px
import plugax_state_space as ss

from ._abstract_twin import AbstractTwin
from ._check import check_whole
from ._climate import two_scale_climate
from ._free_run import two_scale
from ._methods import FOR_FEW_VARIABLES, METHODS
from ._observation import ObserveFirst
from ._setup import Errors, Setup, setup_of, values_of
from ._twin_draws import draw_experiment, draws_of
from ._two_scale import TwoScaleLorenz96

Preset = Literal["lorenz1996"]
Observe = Literal["slow", "all"]


@dataclasses.dataclass(frozen=True)
class TwoScaleSetup(Setup):
    """The options of `TwoScaleLorenz96Twin`."""

    dt: float = 0.005
    cycles: int = 1000
    observe_every: int = 10
    observation_std: float = 1.0
    initial_std: float = 0.1
    burn_in: float = 6.0
    spinup: float = 10.0
    slow: int = 36
    fast: int = 10
    forcing: float = 10.0
    coupling: float = 1.0
    amplitude_ratio: float = 10.0
    time_ratio: float = 10.0
    observe: Observe = "slow"

    def __post_init__(self):
        super().__post_init__()
        check_whole("slow", self.slow, 4)
        check_whole("fast", self.fast, 1)
        self.check_fits(self.slow * (1 + self.fast))


PRESETS: dict[str, TwoScaleSetup] = {"lorenz1996": TwoScaleSetup()}


class TwoScaleLorenz96Twin(AbstractTwin):
    """Two-scale Lorenz96 observed over many cycles, usually in its slow variables alone.

    The truth is a run of the model, and observations are drawn from it. After the spin-up it is on
    the attractor at x₀, and methods start from N(x₀ + ε, σ₀² I) with ε ~ N(0, σ₀² I).

    The preset defines the options that are not given: `lorenz1996`, the model of Lorenz 1996.

    Arguments:
        preset: the set-up that defines the options that are not given.
        slow: K, number of slow variables, at least 4.
        fast: J, number of fast variables per slow one.
        forcing: F [model units].
        coupling: h.
        amplitude_ratio: b, how many times smaller the fast variables are.
        time_ratio: c, how many times faster the fast variables are.
        dt: time step [model time units].
        cycles: number of observation times.
        observe_every: time from one observation time to the next; there is none at the start
            [time steps].
        observe: what is observed: the slow variables, or all.
        observation_std: standard deviation of the observations' errors [model units].
        observation_errors: distribution of the observations' errors; methods assume normal ones.
        missing: probability that an observation is missing, from 0 to below 1.
        model_error_std: standard deviation of the error that the model makes from one observation
            time to the next, in every variable [model units].
        initial_std: σ₀, standard deviation of the initial distribution [model units].
        spinup: how long the truth runs before the start [model time units].
        burn_in: cycles up to this time are left out of the scores [model time units].
        twin_seed: seed of start and errors.
        integrator: advances the model in the methods. The truth is always a run of the classical
            Runge–Kutta scheme on the host.

    Errors: `PlugaxError` for an option outside its range.

    Source: E. N. Lorenz, Predictability: a problem partly solved, ECMWF Seminar on Predictability
    (1996).
    """

    presets: ClassVar = values_of(PRESETS)
    recipes: ClassVar = {name: {} for name in METHODS if name not in FOR_FEW_VARIABLES}

    def __init__(
        self,
        preset: Preset = "lorenz1996",
        slow: int | None = None,
        fast: int | None = None,
        forcing: float | None = None,
        coupling: float | None = None,
        amplitude_ratio: float | None = None,
        time_ratio: float | None = None,
        dt: float | None = None,
        cycles: int | None = None,
        observe_every: int | None = None,
        observe: Observe | None = None,
        observation_std: float | None = None,
        observation_errors: Errors | None = None,
        missing: float | None = None,
        model_error_std: float | None = None,
        initial_std: float | None = None,
        spinup: float | None = None,
        burn_in: float | None = None,
        twin_seed: int = 0,
        integrator: px.AbstractIntegrator | str = "rk4",
    ):
        setup = setup_of(PRESETS, preset, given=locals())
        size = setup.slow * (1 + setup.fast)
        parameters = {
            "forcing": setup.forcing,
            "coupling": setup.coupling,
            "amplitude_ratio": setup.amplitude_ratio,
            "time_ratio": setup.time_ratio,
        }
        # Slow variable k lies at k, the fast ones of its group from there on to the next.
        positions = np.concatenate(
            [np.arange(setup.slow), np.arange(setup.slow * setup.fast) / setup.fast]
        )
        observed = setup.slow if setup.observe == "slow" else size
        experiment = draw_experiment(
            setup,
            draws_of(twin_seed),
            model=TwoScaleLorenz96(**parameters, fast=setup.fast),
            tendency=two_scale((size,), **parameters, fast=setup.fast),
            rest=np.eye(1, size)[0],
            observation_operator=ObserveFirst(observed),
            integrator=integrator,
            climatology=two_scale_climate(setup.slow, setup.fast, dt=setup.dt, **parameters),
            geometry=ss.Geometry(positions, positions[:observed], period=float(setup.slow)),
        )
        self._take(experiment, setup)
