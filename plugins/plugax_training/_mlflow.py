"""The observer `mlflow`, by mlflow-skinny."""

import importlib
from typing import Any

from plugax import AbstractObserver, PlugaxError, Population, Solution
from plugax.observers import Progress

from ._columns import of_evaluation, of_steps
from ._options import options_of


class MLflow(AbstractObserver):
    """Logs the metrics, and at the end the options, of a run to MLflow.

    mlflow-skinny, which the extra brings, talks to a tracking server; for a database of its own
    (`sqlite:///mlflow.db`) MLflow needs its whole package, `pip install mlflow`.

    Arguments:
        tracking_uri: the address of the server, or of a store; None for that of MLflow itself
            (MLFLOW_TRACKING_URI).
        experiment: the name of the experiment; it is made if it is missing.
        run_name: the name of the run; None for one that MLflow makes.
        every: steps from one that is logged to the next; evaluations are all logged.

    Errors: `PlugaxError` with MLflow's own words if no run can be begun there.
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        experiment: str = "plugax",
        run_name: str | None = None,
        every: int = 50,
    ):
        self.tracking_uri, self.experiment = tracking_uri, experiment
        self.run_name, self.every = run_name, every
        self._mlflow: Any = None

    def on_start(self, steps: int) -> None:  # noqa: ARG002 - not of interest there
        """Begin a run of MLflow."""
        mlflow = importlib.import_module("mlflow")
        try:
            if self.tracking_uri is not None:
                mlflow.set_tracking_uri(self.tracking_uri)
            mlflow.set_experiment(self.experiment)
            mlflow.start_run(run_name=self.run_name)
        except Exception as error:
            raise PlugaxError(
                f"MLflow cannot begin a run at {self.tracking_uri or 'its default address'}: "
                f"{error}. Give the address of a server as tracking_uri."
            ) from error
        self._mlflow = mlflow

    def on_progress(self, progress: Progress) -> None:
        """Log the scalars of the chunk."""
        rows = [*of_steps(progress).rows(self.every), *of_evaluation(progress).rows()]
        for step, values in rows:
            named = {name.replace(",", "_"): value for name, value in values.items()}
            self._mlflow.log_metrics(named, step=step)

    def on_end(self, solution: Solution | Population) -> None:
        """Log the options, and end the run."""
        self._mlflow.log_params(options_of(solution))
        self._end("FINISHED")

    def on_error(self, error: BaseException) -> None:  # noqa: ARG002 - MLflow knows no causes
        """End the run as failed."""
        self._end("FAILED")

    def _end(self, status: str) -> None:
        if self._mlflow is not None:
            self._mlflow.end_run(status=status)
        self._mlflow = None
