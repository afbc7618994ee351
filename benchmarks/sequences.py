"""Recurrent networks beside PyTorch: seconds per epoch, and how well they learn.

The same data, sizes, batches, epochs, optimizer and schedule on both sides: Japanese Vowels (270
utterances of 7 to 26 steps) and MNIST row by row (60 000 pictures of 28 steps), one LSTM layer, the
last state. The data are read from PLUGAX_DATA.

Utterances of different lengths are given to PyTorch in both ways that it has: packed, which
computes no padding, and filled up to the longest of a batch, from which the state of the last
valid step is picked. Processor time of one thread, so that other work on the machine counts little.
"""

import os
import pathlib
import sys
import time

from measure import Row, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import numpy as np  # noqa: E402

import plugax as px  # noqa: E402
from plugax_mnist import Mnist  # noqa: E402
from plugax_sequences import JapaneseVowels  # noqa: E402

TIMES, SEEDS = 5, 10
EPOCHS, RATE, DECAY, CLIP = 60, 5e-3, 1e-2, 1.0
TARGET = "≤ 0.8"


def rows() -> list[Row]:
    vowels = JapaneseVowels(dropout=0.0)
    table = []
    what = "Japanese Vowels: an epoch, LSTM of 64 units"
    peers = {"plugax": our_epochs(vowels, EPOCHS)}
    for way in ("packed", "padded"):
        peers[f"PyTorch, {way}"] = their_epochs(vowels, way, 10)
    seconds = in_turns({name: f for name, f in peers.items() if f is not None})
    ours = seconds.pop("plugax")
    table += [Row(what, ours, name, theirs, "s", TARGET) for name, theirs in seconds.items()]
    table += accuracies(vowels)
    mnist = Mnist("lstm")
    peers = {"plugax": our_epochs(mnist, 1), "PyTorch": their_pictures(mnist)}
    seconds = in_turns({name: f for name, f in peers.items() if f is not None}, times=2)
    if "PyTorch" in seconds:
        what = "MNIST row by row: an epoch, LSTM of 128 units"
        table.append(Row(what, seconds["plugax"], "PyTorch", seconds["PyTorch"], "s", TARGET))
    return table


def in_turns(functions, times=TIMES) -> dict[str, float]:
    """The least processor seconds per epoch of each function, after one call to warm up."""
    for function, _ in functions.values():
        function()
    found = {name: [] for name in functions}
    for _ in range(times):
        for name, (function, epochs) in functions.items():
            began = time.process_time()
            function()
            found[name].append((time.process_time() - began) / epochs)
    return {name: min(seconds) for name, seconds in found.items()}


def solver():
    return px.solver(
        "gradient",
        optimizer=px.optimizer(
            "adamw", learning_rate=RATE, weight_decay=DECAY, schedule="cosine", clip_norm=CLIP
        ),
    )


def our_epochs(problem, epochs):
    """A run as a user makes it, with the evaluation at its end."""
    own = solver()
    return lambda: px.solve(problem, own, epochs=epochs, evaluate_every="never"), epochs


def network(features, units, classes):
    from torch import nn

    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(features, units, batch_first=True)
            self.last = nn.Linear(units, classes)

        def forward(self, values, lengths=None, way="whole"):
            import torch

            if way == "packed":
                values = nn.utils.rnn.pack_padded_sequence(
                    values, lengths, batch_first=True, enforce_sorted=False
                )
                return self.last(self.lstm(values)[1][0][0])
            if way == "padded":
                states = self.lstm(values[:, : lengths.max()])[0]
                return self.last(states[torch.arange(len(states)), lengths - 1])
            return self.last(self.lstm(values)[1][0][0])

    return Last()


def tensors(part):
    import torch

    torch.set_num_threads(1)
    (values, lengths), labels, weights = part
    own = slice(None) if weights is None else np.flatnonzero(np.asarray(weights))
    arrays = (np.array(values)[own], np.array(lengths)[own], np.array(labels)[own])
    return tuple(torch.from_numpy(array) for array in arrays)


def their_run(problem, way, epochs, seed=0):
    """PyTorch's network after a run."""
    import torch

    torch.manual_seed(seed)
    values, lengths, labels = tensors(problem.train.arrays)
    labels, size = labels.long(), problem.train.batch_size
    lstm = network(values.shape[2], 64, 9)
    optimizer = torch.optim.AdamW(lstm.parameters(), lr=RATE, weight_decay=DECAY)
    steps = epochs * -(-len(labels) // size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(epochs):
        for picked in torch.randperm(len(labels)).split(size):
            optimizer.zero_grad()
            logits = lstm(values[picked], lengths[picked], way)
            torch.nn.functional.cross_entropy(logits, labels[picked]).backward()
            torch.nn.utils.clip_grad_norm_(lstm.parameters(), CLIP)
            optimizer.step()
            schedule.step()
    return lstm


def their_epochs(problem, way, epochs):
    """PyTorch; None if it is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        return None
    return lambda: their_run(problem, way, epochs), epochs


def accuracies(problem) -> list[Row]:
    """The mean accuracy on the test part over seeds, and its standard error in the name."""
    try:
        import torch
    except ImportError:
        return []
    values, lengths, labels = tensors(problem.validation)

    def theirs(seed):
        lstm = their_run(problem, "padded", EPOCHS, seed)
        with torch.no_grad():
            return (lstm(values, lengths, "padded").argmax(1) == labels).float().mean().item()

    own = solver()
    ours = [
        float(px.solve(problem, own, epochs=EPOCHS, seed=seed).metrics["validation_accuracy"])
        for seed in range(SEEDS)
    ]
    found = [theirs(seed) for seed in range(SEEDS)]
    spread = np.sqrt((np.var(ours, ddof=1) + np.var(found, ddof=1)) / SEEDS)
    what = f"Japanese Vowels: accuracy, mean of {SEEDS} seeds (± {spread:.4f} of the difference)"
    return [Row(what, float(np.mean(ours)), "PyTorch", float(np.mean(found)), "", "≥ 1")]


def their_pictures(problem):
    """PyTorch's epoch of MNIST, with normalised pictures in memory; None if not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    images, labels = (np.array(array) for array in problem.data.arrays)
    images = (torch.from_numpy(images).float() - problem.mean) / problem.deviation
    labels = torch.from_numpy(labels).long()
    lstm = network(28, 128, 10)
    optimizer = torch.optim.AdamW(lstm.parameters(), lr=RATE, weight_decay=DECAY)

    def run():
        for picked in torch.randperm(len(images)).split(problem.data.batch_size):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(lstm(images[picked]), labels[picked]).backward()
            torch.nn.utils.clip_grad_norm_(lstm.parameters(), CLIP)
            optimizer.step()

    return run, 1


if __name__ == "__main__":
    if "PLUGAX_DATA" not in os.environ or not pathlib.Path(os.environ["PLUGAX_DATA"]).is_dir():
        sys.stderr.write("sequences: skipped, PLUGAX_DATA names no directory\n")
        report([])
    else:
        report(rows())
