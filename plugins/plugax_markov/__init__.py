"""Hidden Markov models: filters, smoothers, paths, and models of the user's own sequences.

Importing this package does not import JAX: what it exports is imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


@hookimpl
def register_problems(register):
    """Register the model of the user's own sequences."""
    register(
        "hidden-markov-model",
        "plugax_markov._hidden_markov_model:HiddenMarkovModel",
        summary="Hidden states of your own series, from a CSV file or arrays, and their changes",
    )


@hookimpl
def register_solvers(register):
    """Register the expectation-maximisation of hidden Markov models."""
    register(
        "baum-welch",
        "plugax_markov._baum_welch:BaumWelch",
        summary="Expectation-maximisation of hidden Markov models: never a step uphill",
    )
