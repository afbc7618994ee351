"""DAPPER's part of `assimilation.py`, run by a Python with DAPPER; prints one JSON line per method.

    python dapper_peer.py CYCLES etkf-24 letkf-7 …

Seconds per cycle are what DAPPER itself reports for `assimilate`, with its default statistics and
with errors only; drawing the truth and the observations is not included.
"""

import json
import os
import sys
import tempfile
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["DAPPER_DATA_ROOT"] = tempfile.gettempdir()
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
warnings.filterwarnings("ignore")

import dapper  # noqa: E402
import dapper.da_methods as methods  # noqa: E402
import dapper.tools.progressbar  # noqa: E402
from dapper.dpr_config import rc  # noqa: E402
from dapper.mods.Lorenz96.sakov2008 import HMM  # noqa: E402

dapper.tools.progressbar.disable_progbar = True

METHODS = {
    "etkf-24": lambda: methods.EnKF("Sqrt", N=24, infl=1.013, rot=True),
    "etkf-40": lambda: methods.EnKF("Sqrt", N=40, infl=1.02, rot=True),
    "letkf-7": lambda: methods.LETKF(N=7, infl=1.04, rot=True, loc_rad=4),
    "ienks-25": lambda: methods.iEnKS("Sqrt", N=25, Lag=1, nIter=3, infl=1.02, rot=True),
}
BURN_IN = 400


def main() -> None:
    cycles = int(sys.argv[1])
    for name in sys.argv[2:]:
        figures = {"method": name}
        for statistics in ("default", "errors only"):
            rc.comps.error_only = statistics == "errors only"
            model = HMM.copy()
            model.tseq.Ko = cycles - 1
            model.tseq.BurnIn = min(BURN_IN, cycles // 2) * 0.05
            dapper.set_seed(3000)
            truth, observations = model.simulate()
            run = METHODS[name]()
            run.assimilate(model, truth, observations, liveplots=False)
            run.stats.average_in_time()
            figures[statistics] = run.stats.duration / cycles
            figures["rmse"] = float(run.avrgs.err.rms.a.val)
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
