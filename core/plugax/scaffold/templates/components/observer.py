"""The observer `NEW_name`: stops a run that no longer gets better."""

import numpy as np
from plugax import AbstractObserver


class NEW_class(AbstractObserver):
    """Stops a run whose loss has reached no new minimum for some time.

    Of a population, the lowest loss of all members counts.

    Arguments:
        patience: how long to wait for a new minimum [steps].
    """

    def __init__(self, patience: int = 1000):
        self.patience = patience
        self.on_start(0)

    def on_start(self, steps):
        self._lowest, self._since = np.inf, 0

    def on_progress(self, progress):
        loss = np.min(progress.last["loss"])
        if loss < self._lowest:
            self._lowest, self._since = loss, progress.step
        return progress.step - self._since >= self.patience
