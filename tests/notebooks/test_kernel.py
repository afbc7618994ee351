"""In the kernel of a notebook: outputs as frontends receive them, and the interrupt button."""

import contextlib

import pytest
from jupyter_client.manager import KernelManager

SET_UP = """
import jax.numpy as jnp
import plugax as px

class Endless(px.AbstractProblem):
    def init(self, key):
        return jnp.ones(2)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2), {}

endless = {"steps": 2_000_000_000, "observers": ["progress"], "record": ()}
"""


class Kernel:
    """A kernel, and what it sends for a cell."""

    def __init__(self, manager, client):
        self.manager, self.client = manager, client

    def run(self, code, *, interrupt_at=None):
        """The messages of a cell with outputs; interrupted at the first that holds some text."""
        outputs, waiting = [], [interrupt_at] if interrupt_at else []

        def receive(message):
            if message["msg_type"] in ("status", "execute_input"):
                return
            outputs.append((message["msg_type"], message["content"]))
            if waiting and waiting[0] in str(message["content"]):
                waiting.clear()
                self.manager.interrupt_kernel()

        reply = self.client.execute_interactive(code, output_hook=receive, timeout=120)
        assert reply["content"]["status"] == "ok", reply["content"]
        assert not waiting
        return outputs


@pytest.fixture(scope="module")
def kernel():
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        kernel = Kernel(manager, client)
        kernel.run(SET_UP)
        yield kernel
    finally:
        client.stop_channels()
        with contextlib.suppress(RuntimeError):
            manager.shutdown_kernel(now=True)


def text_of(outputs):
    return "".join(content["text"] for kind, content in outputs if kind == "stream")


def test_a_cell_shows_one_line_of_progress_and_the_solution(kernel):
    code = 'solution = px.solve("regression", "bfgs", observers=["progress"])\nsolution'
    shown, *updates, result = kernel.run(code)
    assert shown[0] == "display_data"
    assert {kind for kind, _ in updates} == {"update_display_data"}
    identities = {content["transient"]["display_id"] for _, content in [shown, *updates]}
    assert len(identities) == 1
    last = updates[-1][1]["data"]
    assert last["text/plain"].startswith("converged ")
    assert "<progress" not in last["text/html"]
    assert result[0] == "execute_result"
    assert result[1]["data"]["text/plain"].startswith("Solution of regression by bfgs: converged")
    assert "std. error" in result[1]["data"]["text/html"]


def test_figures_are_shown_once_and_pyplot_keeps_none(kernel):
    kernel.run('solution = px.solve("regression", "bfgs")')
    ((kind, content),) = kernel.run('import matplotlib.pyplot as plt\nsolution.plot("fit")')
    assert kind == "execute_result"
    assert {"image/png", "text/plain"} == content["data"].keys()
    ((kind, content),) = kernel.run('from matplotlib import pyplot\nsolution.plot("history")')
    assert "image/png" in content["data"]
    assert text_of(kernel.run("print(pyplot.get_fignums())")) == "[]\n"


@pytest.mark.parametrize(
    "call",
    [
        'px.solve(Endless(), "gradient", **endless)',
        'px.sweep(Endless(), "gradient", over={"seed": [0, 1]}, **endless)',
    ],
)
def test_an_interrupted_cell_goes_on_with_what_was_done(kernel, call):
    cell = f"result = {call}\nprint(result)\nprint(result.steps > 0)"
    outputs = kernel.run(cell, interrupt_at="running")
    lines = text_of(outputs).splitlines()
    assert "interrupted" in lines[0]
    assert "False" not in lines[-1]
    line = [content for kind, content in outputs if kind == "update_display_data"][-1]
    assert "interrupted" in line["data"]["text/plain"]
    assert text_of(kernel.run("print('here')")) == "here\n"


def test_an_interrupted_comparison_returns_the_rows_that_are_done(kernel):
    code = (
        'result = px.compare(Endless(), ["newton", "gradient"], seeds=[0], steps=2_000_000_000,'
        " metrics=[], after_each=lambda so_far: print('first', flush=True))\nprint(result)"
    )
    lines = text_of(kernel.run(code, interrupt_at="first")).splitlines()
    assert lines[-1].startswith("Interrupted")
