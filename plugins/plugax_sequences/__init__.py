"""Sequences of different lengths: networks that read them, and problems to learn from them.

Importing this package does not import JAX: everything is imported on first use.
"""

import lazy_loader

from plugax import hookimpl

# Without its `__dir__`, by which pluggy looks for hooks.
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


@hookimpl
def register_problems(register):
    """Register the problems of sequences."""
    register(
        "sequence-classification",
        "plugax_sequences._sequence_classification:SequenceClassification",
        summary="Tell sequences or texts apart, from a CSV file or columns of yours",
    )
    register(
        "japanese-vowels",
        "plugax_sequences._japanese_vowels:JapaneseVowels",
        summary="Which of nine men speaks: 640 utterances of 7 to 29 steps",
    )
    register(
        "adding-problem",
        "plugax_sequences._adding_problem:AddingProblem",
        summary="Add two numbers marked long ago: whether a network remembers",
    )
