import os
import signal

import numpy as np
import pytest

import plugax as px


class CtrlC(px.AbstractObserver):
    """Sends the signal of Ctrl-C to this process when a step is reached."""

    def __init__(self, step):
        self.step = step

    def on_progress(self, progress):
        if progress.step == self.step:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_run_after_its_chunk_with_a_state_to_go_on_from(bowl, descent, tmp_path):
    solver = descent(0.05, noise=0.1)
    solution = px.solve(bowl, solver, steps=60, chunk=10, observers=[CtrlC(30)], out=tmp_path)
    assert solution.status.name == "interrupted"
    assert not solution.status.success
    assert solution.steps == 30
    resumed = px.resume(tmp_path, problem=bowl, solver=solver)
    whole = px.solve(bowl, solver, steps=60)
    np.testing.assert_array_equal(resumed.unknowns, whole.unknowns)


def test_the_handler_of_ctrl_c_is_put_back(bowl, descent):
    before = signal.getsignal(signal.SIGINT)
    px.solve(bowl, descent(), steps=2)
    assert signal.getsignal(signal.SIGINT) is before
