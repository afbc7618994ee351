"""Observers for training: they end a run in time, and write its metrics for people and programs."""

from plugax import hookimpl


@hookimpl
def register_observers(register):
    """Register what ends a run, and the loggers; some need a library that is an extra."""
    register(
        "early-stopping",
        "plugax_training._early_stopping:EarlyStopping",
        summary="Ends a run whose metric no longer improves",
    )
    register(
        "maximum-time",
        "plugax_training._maximum_time:MaximumTime",
        summary="Ends a run after some seconds",
    )
    register("csv", "plugax_training._csv:Csv", summary="Writes the metrics into a CSV file")
    register(
        "json-lines",
        "plugax_training._json_lines:JsonLines",
        summary="Writes the metrics into a file, a JSON object a line",
    )
    register(
        "tensorboard",
        "plugax_training._tensorboard:TensorBoard",
        summary="Writes the metrics for TensorBoard",
        needs={"tensorboardX": "plugax[tensorboard]"},
    )
    register(
        "mlflow",
        "plugax_training._mlflow:MLflow",
        summary="Logs the metrics and the options to MLflow",
        needs={"mlflow": "plugax[mlflow]"},
    )
    register(
        "wandb",
        "plugax_training._wandb:WeightsAndBiases",
        summary="Logs the metrics for Weights and Biases, offline by default",
        needs={"wandb": "plugax[wandb]"},
    )
