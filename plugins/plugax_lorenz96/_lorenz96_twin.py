"""The problem `lorenz96-twin`: Lorenz96 observed over many cycles, in set-ups of the literature."""

import dataclasses
from typing import ClassVar, Literal

import numpy as np

import plugax as px
import plugax_state_space as ss

from ._abstract_twin import AbstractTwin
from ._check import check_whole
from ._climate import lorenz96_climate
from ._free_run import lorenz96
from ._lorenz96 import Lorenz96
from ._methods import METHODS
from ._observation import Instrument, Observe, observation_operator
from ._setup import Errors, Setup, setup_of, values_of
from ._twin_draws import draw_experiment, draws_of

Preset = Literal["sakov2008", "hoteit2015", "todter2015", "solvik2025"]


@dataclasses.dataclass(frozen=True)
class Lorenz96Setup(Setup):
    """The options of `Lorenz96Twin`; the defaults are those of Sakov and Oke."""

    dt: float = 0.05
    cycles: int = 1001
    observe_every: int = 1
    observation_std: float = 1.0
    initial_std: float = 0.001**0.5
    burn_in: float = 20.0
    dim: int = 40
    forcing: float = 8.0
    observe: Observe = "all"
    observe_stride: int = 2
    observe_count: int | None = None
    instrument: Instrument = "identity"

    def __post_init__(self):
        super().__post_init__()
        check_whole("dim", self.dim, 4)
        self.check_fits(self.dim)


PRESETS: dict[str, Lorenz96Setup] = {
    "sakov2008": Lorenz96Setup(),
    "hoteit2015": Lorenz96Setup(cycles=7300, burn_in=4.0),
    "todter2015": Lorenz96Setup(
        dim=80,
        cycles=2000,
        observe_every=2,
        observe="every-kth",
        observation_errors="laplace",
    ),
    "solvik2025": Lorenz96Setup(
        dim=36,
        dt=0.01,
        observe_every=5,
        observe="every-kth",
        observation_std=0.5,
        cycles=2000,
        spinup=20.0,
        initial_std=1.0,
        burn_in=10.0,
    ),
}


class Lorenz96Twin(AbstractTwin):
    """Lorenz96 observed over many cycles: a twin experiment for every method of assimilation.

    The truth is a run of the model, and observations are drawn from it. Without a spin-up the truth
    starts near rest, from x₀ ~ N(e₁, σ₀² I), and so does every method. With a spin-up the truth
    starts from x₀ on the attractor, and methods from N(x₀ + ε, σ₀² I) with ε ~ N(0, σ₀² I).

    The preset defines the options that are not given: `sakov2008` (Sakov and Oke 2008; with
    `observe_every` 4 it is their set-up for long intervals), `hoteit2015` (like `sakov2008`, over
    365 time units), `todter2015` (80 variables, every other one observed at every second time step,
    with Laplace errors) or `solvik2025` (36 variables, every other one observed; the paper's
    windows are two observation times long, and include those at both ends).

    Arguments:
        preset: the set-up that defines the options that are not given.
        dim: number of variables, at least 4.
        forcing: F; chaotic from about 5 on [model units].
        dt: time step [model time units].
        cycles: number of observation times.
        observe_every: time from one observation time to the next; there is none at the start
            [time steps].
        observe: which variables are observed.
        observe_stride: with observe every-kth, k: variables 0, k, 2k and so on are observed.
        observe_count: with observe random, how many variables; by default half of them.
        instrument: what is measured of an observed variable x: identity x, arctan 5 arctan(x / 5),
            or square x² / 10.
        observation_std: standard deviation of the observations' errors [model units].
        observation_errors: distribution of the observations' errors; methods assume normal ones.
        missing: probability that an observation is missing, from 0 to below 1.
        model_error_std: standard deviation of the error that the model makes from one observation
            time to the next, in every variable [model units].
        initial_std: σ₀, standard deviation of the initial distribution [model units].
        spinup: how long the truth runs before the start [model time units].
        burn_in: cycles up to this time are left out of the scores [model time units].
        twin_seed: seed of start, errors and randomly observed variables.
        integrator: advances the model in the methods. The truth is always a run of the classical
            Runge–Kutta scheme on the host.

    Errors: `PlugaxError` for an option outside its range.

    Source: P. Sakov and P. R. Oke, Tellus A 60 (2008), doi 10.1111/j.1600-0870.2007.00299.x; I.
    Hoteit, D.-T. Pham, M. E. Gharamti and X. Luo, Mon. Wea. Rev. 143 (2015),
    doi 10.1175/MWR-D-14-00088.1; J. Tödter and B. Ahrens, Mon. Wea. Rev. 143 (2015); K. Solvik,
    S. G. Penny and S. Hoyer, J. Adv. Model. Earth Syst. 17 (2025), doi 10.1029/2024MS004608.
    """

    presets: ClassVar = values_of(PRESETS)
    recipes: ClassVar = {name: {} for name in METHODS}

    def __init__(
        self,
        preset: Preset = "sakov2008",
        dim: int | None = None,
        forcing: float | None = None,
        dt: float | None = None,
        cycles: int | None = None,
        observe_every: int | None = None,
        observe: Observe | None = None,
        observe_stride: int | None = None,
        observe_count: int | None = None,
        instrument: Instrument | None = None,
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
        draws, size = draws_of(twin_seed), setup.dim
        operator = observation_operator(
            size,
            setup.observe,
            stride=setup.observe_stride,
            count=setup.observe_count,
            instrument=setup.instrument,
            permuted=lambda: draws.places.permutation(size),
        )
        experiment = draw_experiment(
            setup,
            draws,
            model=Lorenz96(setup.forcing),
            tendency=lorenz96((size,), setup.forcing),
            rest=np.eye(1, size)[0],
            observation_operator=operator,
            integrator=integrator,
            climatology=lorenz96_climate(size, setup.forcing, setup.dt),
            geometry=ss.Geometry(
                np.arange(size, dtype=float),
                operator.variables(size).astype(float),
                period=float(size),
            ),
        )
        self._take(experiment, setup)
