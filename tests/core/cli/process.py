"""`plugax` with some of components.py registered, in a process of its own: a script."""

import sys

import plugax as px
from plugax import hookimpl
from plugax.cli import main


class Announcer:
    """Lazy targets, and a word when a run begins, for whoever waits to interrupt it."""

    @hookimpl
    def register_problems(self, register):
        register("bowl", "components:Bowl")

    @hookimpl
    def register_solvers(self, register):
        register("descent", "components:Descent")

    @hookimpl
    def register_optimizers(self, register):
        register("fixed", "components:Fixed")

    @hookimpl
    def before_run(self):
        print("running", file=sys.stderr, flush=True)


if __name__ == "__main__":
    px.default_manager().register(Announcer(), "stranger")
    sys.exit(main())
