"""The interface of optimizers: optax's, with hyperparameters that are array leaves."""

import abc
from typing import Any

import equinox as eqx
from jaxtyping import PyTree

from ..display import component_html


class AbstractOptimizer(eqx.Module):
    """Turns gradients into updates, to be added to the parameters.

    The two methods are those of an `optax.GradientTransformationExtraArgs`. Hyperparameters are
    array leaves of the module: they can be vmapped, and a change of one needs no new compilation.
    """

    @property
    def needs_steps(self) -> bool:
        """Whether updates depend on the number of steps of the run: a schedule that ends with it.

        Then `update` needs `steps` among its extra arguments.
        """
        return False

    @abc.abstractmethod
    def init(self, params: PyTree) -> PyTree:
        """The optimizer's state for parameters of this shape."""

    @abc.abstractmethod
    def update(
        self, grads: PyTree, state: PyTree, params: PyTree, **extra: Any
    ) -> tuple[PyTree, PyTree]:
        """The updates and the next state.

        Arguments:
            grads: the gradient, in the structure of `params`.
            state: the optimizer's state.
            params: the parameters at which the gradient was taken.
            extra: what some optimizers need in addition: `value` and `grad` of the loss, the loss
                function `value_fn` itself (for line searches), `key`, the step's random key, and
                `steps`, the number of steps of the run.
        """

    def _repr_html_(self) -> str:
        return component_html(self, "optimizer")
