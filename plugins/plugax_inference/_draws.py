"""Draws with named axes."""

from typing import TYPE_CHECKING, Any

from ._diagnostics import PREFIX
from ._sampler import after_warm_up
from ._summary import series_of

if TYPE_CHECKING:
    import xarray as xr

OWN_NAMES = {
    "acceptance": "acceptance_rate",
    "divergent": "diverging",
    "gradients": "n_steps",
    "loss": "lp",
}


def draws(chains: Any) -> "xr.DataTree":
    """The draws after the warm-up as ArviZ takes them: groups `posterior` and `sample_stats`.

    Their dimensions are `chain` and `draw`, then those of a quantity, `theta_dim_0` and so on. The
    names of the statistics are ArviZ's: `diverging`, `energy`, `acceptance_rate`, `n_steps`, `lp`
    (here the log-density, not the loss), `step_size`.

    Arguments:
        chains: a solution of a sampler, or a population of chains.

    Errors: `PlugaxError` if it was not recorded which steps were warm-up.
    """
    import xarray as xr

    groups: dict[str, dict[str, Any]] = {"posterior": {}, "sample_stats": {}}
    for name, values in after_warm_up(series_of(chains)).items():
        if name == "warm_up":
            continue
        drawn = name == "draw" or name.startswith(PREFIX)
        own = name.removeprefix(PREFIX) if drawn else OWN_NAMES.get(name, name)
        axes = [f"{own}_dim_{axis}" for axis in range(values.ndim - 2)]
        values = -values if name == "loss" else values
        groups["posterior" if drawn else "sample_stats"][own] = (["chain", "draw", *axes], values)
    return xr.DataTree.from_dict({name: xr.Dataset(group) for name, group in groups.items()})
