"""Run the benchmarks, each in a separate process, and print one table."""

import json
import pathlib
import platform
import subprocess
import sys

from measure import Row

HERE = pathlib.Path(__file__).parent
ALL = (
    "regression",
    "penalised",
    "posteriors",
    "lorenz96",
    "ensemble",
    "minimisers",
    "curve_fits",
    "populations",
    "devices",
    "processes",
    "clusters",
    "snapshots",
    "mnist",
    "streams",
    "sequences",
    "markov",
    "mixtures",
    "training",
    "compilation",
    "assimilation",
    "startup",
)


def main() -> None:
    chosen = sys.argv[1:] or ALL
    if unknown := set(chosen) - set(ALL):
        sys.exit(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(ALL)}")
    print(f"{platform.machine()}, Python {platform.python_version()}\n")
    print("| what | plugax | peer | its time | plugax / peer | target |")
    print("|---|---:|---|---:|---:|---|")
    for name in chosen:
        done = subprocess.run(
            [sys.executable, HERE / f"{name}.py"], stdout=subprocess.PIPE, check=True
        )
        for row in (Row(**fields) for fields in json.loads(done.stdout)):
            print(
                f"| {row.what} | {row.ours:.4g} {row.unit} | {row.peer} | "
                f"{row.theirs:.4g} {row.unit} | {row.ratio:.3g} | {row.target} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
