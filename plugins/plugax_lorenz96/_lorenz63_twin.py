"""The problem `lorenz63-twin`: Lorenz63 observed over many cycles, in set-ups of the literature."""

import dataclasses
from typing import ClassVar, Literal

import numpy as np

import plugax as px

from ._abstract_twin import AbstractTwin
from ._climate import lorenz63_climate
from ._free_run import lorenz63
from ._lorenz63 import Lorenz63
from ._methods import LOCALISED, METHODS
from ._observation import ObserveFirst
from ._setup import Errors, Setup, setup_of, values_of
from ._twin_draws import draw_experiment, draws_of

Preset = Literal["sakov2012", "bocquet2012"]
Observe = Literal["all", "x"]


@dataclasses.dataclass(frozen=True)
class Lorenz63Setup(Setup):
    """The options of `Lorenz63Twin`; the defaults are those of Sakov, Oliver and Bertino."""

    dt: float = 0.01
    cycles: int = 1001
    observe_every: int = 25
    observation_std: float = 2**0.5
    initial_std: float = 2**0.5
    burn_in: float = 16.0
    sigma: float = 10.0
    rho: float = 28.0
    beta: float = 8 / 3
    observe: Observe = "all"

    def __post_init__(self):
        super().__post_init__()
        self.check_fits(3)


PRESETS: dict[str, Lorenz63Setup] = {
    "sakov2012": Lorenz63Setup(),
    "bocquet2012": Lorenz63Setup(observation_std=1.0),
}


class Lorenz63Twin(AbstractTwin):
    """Lorenz63 observed over many cycles: a twin experiment for every method of assimilation.

    The truth is a run of the model, and observations are drawn from it. Without a spin-up it starts
    from a draw of N((1.509, −1.531, 25.46), σ₀² I), on the attractor, and so does every method;
    with a spin-up, methods start at a distance of this size from the truth.

    The preset defines the options that are not given: `sakov2012` (Sakov, Oliver and Bertino 2012;
    an interval of 0.25 makes it strongly nonlinear) or `bocquet2012` (Bocquet and Sakov 2012, with
    R = I, otherwise the same).

    Arguments:
        preset: the set-up that defines the options that are not given.
        sigma: σ of the model.
        rho: ρ of the model.
        beta: β of the model.
        dt: time step [model time units].
        cycles: number of observation times.
        observe_every: time from one observation time to the next; there is none at the start
            [time steps].
        observe: what is observed: all variables, or x alone.
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

    Source: P. Sakov, D. S. Oliver and L. Bertino, Mon. Wea. Rev. 140 (2012),
    doi 10.1175/MWR-D-11-00176.1; M. Bocquet and P. Sakov, Nonlin. Processes Geophys. 19 (2012),
    doi 10.5194/npg-19-383-2012.
    """

    presets: ClassVar = values_of(PRESETS)
    # Members and inflation are those of the first set-up; its other rows have other values.
    # Over windows of several intervals, as long as these are, the cost has several minima.
    recipes: ClassVar = {name: {} for name in METHODS if name not in LOCALISED} | {
        "etkf": {"members": 10, "inflation": 1.02},
        "hybrid-4dvar": {"window": 1},
    }

    def __init__(
        self,
        preset: Preset = "sakov2012",
        sigma: float | None = None,
        rho: float | None = None,
        beta: float | None = None,
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
        parameters = setup.sigma, setup.rho, setup.beta
        experiment = draw_experiment(
            setup,
            draws_of(twin_seed),
            model=Lorenz63(*parameters),
            tendency=lorenz63(*parameters),
            rest=np.array([1.509, -1.531, 25.46]),
            observation_operator=ObserveFirst(3 if setup.observe == "all" else 1),
            integrator=integrator,
            climatology=lorenz63_climate(*parameters, setup.dt),
        )
        self._take(experiment, setup)
