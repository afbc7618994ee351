"""MNIST beside its peers: seconds per epoch, with and without evaluation, and to an accuracy.

The data are read from PLUGAX_DATA. All use the same models, batch sizes and optimizers:

- the perceptron 784-512-512-10, batches of 128, SGD with momentum;
- the convolutional network of Equinox's MNIST example, batches of 64, AdamW;
- `cnn-bn`, four convolutions with batch normalisation, batches of 128, Adam.

"Bare" is a `lax.scan` over the steps as one would write it by hand, with the same models, batches
taken from bytes on the device, and an evaluation at the end, as in Plugax; the time that Plugax
needs beyond it is the cost of the runner. PyTorch makes no evaluation.
"""

import math
import os
import pathlib
import sys
import time

from measure import Row, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import equinox as eqx  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import jax.random as jr  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

import plugax as px  # noqa: E402
from plugax_mnist import AbstractClassifier, Mnist, convolve, max_pool, mnist  # noqa: E402

TIMES = 3
EPOCHS = 2
FEW = 200
SGD = {"learning_rate": 0.05, "momentum": 0.9}
ADAMW = {"learning_rate": 3e-4}


class ExampleNetwork(AbstractClassifier):
    """The network of Equinox's MNIST example, for a batch at once.

    Source: https://docs.kidger.site/equinox/examples/mnist/
    """

    kernel: jax.Array
    bias: jax.Array
    layers: tuple[eqx.nn.Linear, ...]

    def __init__(self, key):
        kernel_key, bias_key, *keys = jr.split(key, 5)
        self.kernel = jr.uniform(kernel_key, (3, 1, 4, 4), minval=-0.25, maxval=0.25)
        self.bias = jr.uniform(bias_key, (3,), minval=-0.25, maxval=0.25)
        sizes = ((1728, 512), (512, 64), (64, 10))
        self.layers = tuple(eqx.nn.Linear(*s, key=k) for s, k in zip(sizes, keys, strict=True))

    def __call__(self, images):
        """The logits of every picture."""
        features = convolve(jnp.moveaxis(images, 0, -1)[None], self.kernel)
        features = max_pool(features + self.bias[:, None, None, None], size=2, stride=1)
        units = jax.nn.relu(features).reshape(1728, -1)
        first, second, third = self.layers
        units = jax.nn.sigmoid(jax.vmap(first, in_axes=-1)(units))
        return jax.vmap(third)(jax.nn.relu(jax.vmap(second)(units)))


def rows(data: pathlib.Path) -> list[Row]:
    mlp = Mnist("mlp", batch_size=128, data=data)
    cnn = Mnist(ExampleNetwork, batch_size=64, data=data)
    sgd, adamw = px.optimizer("sgd", **SGD), px.optimizer("adamw", **ADAMW, mask="all")
    table = []
    for name, problem, optimizer, by_hand, target in (
        ("perceptron", mlp, sgd, optax.sgd(**SGD), "≤ 0.95"),
        ("Equinox's network", cnn, adamw, optax.adamw(**ADAMW), "≤ 0.85"),
    ):
        what = f"MNIST: an epoch, {name}"
        # Measured in turns, since other work on the machine varies.
        peers = {
            "plugax": ours(problem, optimizer),
            "bare": bare(problem, by_hand),
            "PyTorch eager": eager(problem, name),
        }
        seconds = in_turns({peer: f for peer, f in peers.items() if f is not None})
        table.append(Row(what, seconds["plugax"], "bare lax.scan", seconds["bare"], "s", "≤ 1.05"))
        if "PyTorch eager" in seconds:
            peer, theirs = "PyTorch eager", seconds["PyTorch eager"]
            table.append(Row(what, seconds["plugax"], peer, theirs, "s", target))
    with_norm, adam = mnist("cnn-bn", data=data), px.optimizer("adam", learning_rate=1e-3)
    peer = eager(with_norm, "cnn-bn")
    if peer is not None:
        seconds = in_turns({"plugax": ours(with_norm, adam), "PyTorch eager": peer})
        what = "MNIST: an epoch, batch normalisation"
        theirs = seconds["PyTorch eager"]
        table.append(Row(what, seconds["plugax"], "PyTorch eager", theirs, "s", "≤ 0.7"))
        changes = ("shift=2", "rotate=12", "scale=0.12")
        augmented = ours(mnist("cnn-bn", data=data, augment=changes), adam)
        seconds |= in_turns({"augmented": augmented}, times=2)
        what = "MNIST: an epoch, batch normalisation and augmentation"
        row = Row(
            what, seconds["augmented"], "without augmentation", seconds["plugax"], "s", "≤ 1.2"
        )
        table.append(row)
    loop = the_examples_loop(cnn)
    if loop is not None:
        with_evaluation = ours(cnn, adamw, evaluate_every="epoch")
        seconds = in_turns({"plugax": with_evaluation, "loop": loop}, times=2)
        what = "MNIST: an epoch and an evaluation, Equinox's network"
        peer = "the loop of Equinox's example"
        table.append(Row(what, seconds["plugax"], peer, seconds["loop"], "s", "≤ 0.5"))
    for name, accuracy in (("mlp", 0.98), ("cnn", 0.99), ("cnn-bn", 0.99)):
        table += to_accuracy(name, accuracy, data)
    return table


def in_turns(functions, times=TIMES) -> dict[str, float]:
    """The least seconds that each function returns, after one call to warm up."""
    for function in functions.values():
        function()
    found = {name: [] for name in functions}
    for _ in range(times):
        for name, function in functions.items():
            found[name].append(function())
    return {name: min(seconds) for name, seconds in found.items()}


def ours(problem, optimizer, **options):
    """Seconds per epoch, with the evaluation at the end of the run, as for a user."""
    solver = px.solver("gradient", optimizer=optimizer)
    return lambda: px.solve(problem, solver, epochs=EPOCHS, **options).run_seconds / EPOCHS


def bare(problem, optimizer):
    """By hand: the same steps on the same shapes, losses and accuracies stored, one evaluation."""
    images, labels = problem.data.arrays
    steps, size = math.ceil(problem.data.steps_per_epoch), problem.data.batch_size
    parameters, static = eqx.partition(problem.init(jr.key(0)), eqx.is_array)

    @jax.jit
    def epoch(key, parameters, state, images, labels):
        order = jr.permutation(key, len(images))
        order = jnp.concatenate([order, order[: steps * size - len(order)]]).reshape(steps, size)

        def loss(parameters, x, y):
            x = (x.astype("float32") - problem.mean) / problem.deviation
            logits = eqx.combine(parameters, static)(x)
            value = optax.losses.softmax_cross_entropy_with_integer_labels(logits, y).mean()
            return value, jnp.mean(jnp.argmax(logits, -1) == y)

        def step(carry, picked):
            parameters, state = carry
            found, gradient = jax.value_and_grad(loss, has_aux=True)(
                parameters, images[picked], labels[picked]
            )
            updates, state = optimizer.update(gradient, state, parameters)
            return (optax.apply_updates(parameters, updates), state), found

        return jax.lax.scan(step, (parameters, state), order)

    evaluate = eqx.filter_jit(problem.evaluate)

    def run():
        here = parameters, optimizer.init(parameters)
        began = time.perf_counter()
        for number in range(EPOCHS):
            here, _ = epoch(jr.key(number), *here, images, labels)
        jax.block_until_ready(evaluate(eqx.combine(here[0], static)))
        return (time.perf_counter() - began) / EPOCHS

    return run


def networks():
    """The models in PyTorch, by the names above."""
    from torch import nn

    def example():
        return nn.Sequential(
            *(nn.Conv2d(1, 3, 4), nn.MaxPool2d(2, 1), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(1728, 512), nn.Sigmoid(), nn.Linear(512, 64), nn.ReLU()),
            nn.Linear(64, 10),
        )

    def mlp():
        return nn.Sequential(
            *(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU()),
            nn.Linear(512, 10),
        )

    def cnn():
        return nn.Sequential(
            *(nn.Conv2d(1, 16, 5), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Conv2d(16, 32, 5), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(512, 10)),
        )

    def cnn_bn():
        def block(inputs, outputs, size, pool):
            pooling = [nn.MaxPool2d(pool)] if pool > 1 else []
            convolution = nn.Conv2d(inputs, outputs, size, bias=False)
            return [convolution, *pooling, nn.BatchNorm2d(outputs, momentum=0.01), nn.ReLU()]

        return nn.Sequential(
            *(*block(1, 24, 5, 2), *block(24, 48, 3, 1), *block(48, 64, 3, 2)),
            *(*block(64, 96, 3, 1), nn.Flatten(), nn.Linear(384, 10)),
        )

    return {
        "perceptron": mlp,
        "Equinox's network": example,
        "mlp": mlp,
        "cnn": cnn,
        "cnn-bn": cnn_bn,
    }


def tensors(problem):
    import torch

    torch.set_num_threads(1)
    images, labels = (np.array(array) for array in problem.data.arrays)
    images = (torch.from_numpy(images)[:, None].float() - problem.mean) / problem.deviation
    return images, torch.from_numpy(labels).long()


def train_epoch(network, optimizer, images, labels, size, schedule=None):
    import torch

    for picked in torch.randperm(len(images)).split(size):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(images[picked]), labels[picked])
        loss.backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()


def eager(problem, name):
    """PyTorch, with normalised pictures in memory; None if it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    images, labels = tensors(problem)
    network = networks()[name]()
    if name == "perceptron":
        optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    elif name == "cnn-bn":
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    else:
        optimizer = torch.optim.AdamW(network.parameters(), lr=3e-4, weight_decay=1e-4)

    def run():
        began = time.perf_counter()
        train_epoch(network, optimizer, images, labels, problem.data.batch_size)
        return time.perf_counter() - began

    return run


def the_examples_loop(problem):
    """Equinox's example: torch's DataLoader, a `filter_jit` step, the evaluation in Python.

    Some steps of training are timed and scaled to an epoch; the evaluation is timed whole. The data
    set is torchvision's, written out: every picture goes through PIL, `ToTensor` and `Normalize`.
    """
    try:
        import torch
    except ImportError:
        return None
    from PIL import Image

    torch.set_num_threads(1)

    class Pictures(torch.utils.data.Dataset):
        def __init__(self, images, labels):
            self.images, self.labels = np.array(images), np.array(labels)

        def __len__(self):
            return len(self.images)

        def __getitem__(self, index):
            picture = np.array(Image.fromarray(self.images[index]), copy=True)
            tensor = torch.from_numpy(picture).view(28, 28, 1).permute(2, 0, 1).contiguous()
            return tensor.float().div(255).sub(0.5).div(0.5), int(self.labels[index])

    loaders = [
        torch.utils.data.DataLoader(Pictures(*pair), 64, shuffle=True)
        for pair in (problem.data.arrays, (problem.test_images, problem.test_labels))
    ]
    optimizer = optax.adamw(**ADAMW)

    class Example(eqx.Module):
        layers: list

        def __init__(self, key):
            a, b, c, d = jr.split(key, 4)
            self.layers = [
                eqx.nn.Conv2d(1, 3, kernel_size=4, key=a),
                *(eqx.nn.MaxPool2d(kernel_size=2), jax.nn.relu, jnp.ravel),
                *(eqx.nn.Linear(1728, 512, key=b), jax.nn.sigmoid),
                *(eqx.nn.Linear(512, 64, key=c), jax.nn.relu),
                *(eqx.nn.Linear(64, 10, key=d), jax.nn.log_softmax),
            ]

        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    def loss(model, x, y):
        predicted = jax.vmap(model)(x)
        return -jnp.mean(jnp.take_along_axis(predicted, jnp.expand_dims(y, 1), axis=1))

    @eqx.filter_jit
    def step(model, state, x, y):
        value, gradient = eqx.filter_value_and_grad(loss)(model, x, y)
        updates, state = optimizer.update(gradient, state, eqx.filter(model, eqx.is_array))
        return eqx.apply_updates(model, updates), state, value

    loss_of = eqx.filter_jit(loss)

    @eqx.filter_jit
    def accuracy_of(model, x, y):
        return jnp.mean(jnp.argmax(jax.vmap(model)(x), axis=1) == y)

    def run():
        model = Example(jr.key(0))
        state = optimizer.init(eqx.filter(model, eqx.is_array))
        began = time.perf_counter()
        for _, (x, y) in zip(range(FEW), loaders[0], strict=False):
            model, state, value = step(model, state, x.numpy(), y.numpy())
        value.block_until_ready()
        training = (time.perf_counter() - began) * len(loaders[0]) / FEW
        began, total_loss, total = time.perf_counter(), 0, 0
        for x, y in loaders[1]:
            total_loss += loss_of(model, x.numpy(), y.numpy())
            total += accuracy_of(model, x.numpy(), y.numpy())
        float(total_loss), float(total)
        return training + time.perf_counter() - began

    return run


def to_accuracy(name, accuracy, data) -> list[Row]:
    """The recipe in Plugax and in PyTorch, both evaluated after every epoch."""
    problem = mnist(name, data=data)
    what = f"MNIST: {name} to {accuracy:.0%} of the test set"
    recipe = problem.recipes["gradient"]
    px.solve(problem, epochs=1, evaluate_every="epoch")
    solution = px.solve(problem)
    reached = solution.evaluations.test_accuracy.values >= accuracy
    if not reached.any():
        return []
    mine = solution.run_seconds * (1 + int(reached.argmax())) / recipe["epochs"]
    try:
        import torch
    except ImportError:
        return []
    torch.manual_seed(0)
    images, labels = tensors(problem)
    test = torch.from_numpy(np.array(problem.test_images))[:, None].float()
    test = (test - problem.mean) / problem.deviation
    answers = torch.from_numpy(np.array(problem.test_labels)).long()
    network = networks()[name]()
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe["optimizer"]["learning_rate"])
    steps = recipe["epochs"] * math.ceil(problem.data.steps_per_epoch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    began = time.perf_counter()
    for epoch in range(recipe["epochs"]):
        train_epoch(network, optimizer, images, labels, problem.data.batch_size, schedule)
        network.eval()
        with torch.no_grad():
            found = torch.cat([network(piece).argmax(1) for piece in test.split(250)])
        network.train()
        if (found == answers).float().mean() >= accuracy:
            theirs = time.perf_counter() - began
            peer = f"PyTorch eager, {epoch + 1} epochs (plugax {1 + int(reached.argmax())})"
            return [Row(what, mine, peer, theirs, "s")]
    return []


if __name__ == "__main__":
    directory = pathlib.Path(os.environ.get("PLUGAX_DATA", "")) / "mnist"
    if not os.environ.get("PLUGAX_DATA") or not directory.is_dir():
        sys.stderr.write("mnist: skipped, PLUGAX_DATA names no directory with mnist/ in it\n")
        report([])
    else:
        report(rows(directory))
