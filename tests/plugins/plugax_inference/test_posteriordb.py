"""The means and mean squares of posteriordb's reference draws, within Monte Carlo error."""

import re

import numpy as np
import pytest

import plugax as px

pytest.importorskip("blackjax")
from arviz_stats.base import array_stats

from plugax_inference import draws, summary

QUICK = ("eight_schools-eight_schools_noncentered", "sblrc-blr")
SLOW = (
    *("kilpisjarvi_mod-kilpisjarvi", "arK-arK", "garch-garch11", "hmm_example-hmm_example"),
    *("hudson_lynx_hare-lotka_volterra", "gp_pois_regr-gp_regr", "mesquite-logmesquite"),
)


def of_reference(table, name):
    """Draws by the name that posteriordb gives, counted from 1."""
    own, places = re.fullmatch(r"(\w+)(?:\[([\d,]+)\])?", name).groups()
    index = tuple(int(place) - 1 for place in (places or "").split(",") if place)
    return table[own].values[(slice(None), slice(None), *index)]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
def test_means_and_squares_are_those_of_the_reference(name, posteriordb):
    problem, entry = posteriordb(name)
    schools = name.startswith("eight_schools")
    solver = px.solver("nuts", target=0.95 if schools else 0.8)
    chains = px.sweep(problem, solver, over={"seed": range(4)})
    table = draws(chains)["posterior"]
    assert max(summary(chains).columns["r_hat"]) < 1.01
    if schools:
        assert chains.joint_metrics["divergent"] == 0
    for parameter, wanted in entry["reference"].items():
        own = of_reference(table, parameter)
        for found, mean, sd in (
            (own, wanted["mean"], wanted["sd"]),
            (own**2, wanted["mean_of_squares"], wanted["sd_of_squares"]),
        ):
            ess = array_stats.ess(found, chain_axis=0, draw_axis=1, method="mean")
            assert abs(found.mean() - mean) <= 4 * sd * np.sqrt(1 / ess + 1e-4), parameter
