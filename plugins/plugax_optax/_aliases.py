"""The factories that are registered: one for every alias of optax, under its name.

Their signatures and docstrings are made from optax's. `optimistic_adam` is left out, since optax
has deprecated it in favour of `optimistic_adam_v2`.
"""

from collections.abc import Callable
from typing import Any

import optax

from ._optimizer import Optax
from ._options import docstring_of, name_of, signature_of


def _factory(alias: Callable[..., Any]) -> Callable[..., Optax]:
    """The function that makes an `Optax` of one alias from its options."""

    def factory(**options: Any) -> Optax:
        return Optax(alias, **options)

    factory.__name__ = factory.__qualname__ = name_of(alias)
    factory.__doc__ = docstring_of(alias)
    factory.__signature__ = signature_of(alias)  # pyright: ignore[reportFunctionMemberAccess]
    return factory


adabelief = _factory(optax.adabelief)
adadelta = _factory(optax.adadelta)
adafactor = _factory(optax.adafactor)
adagrad = _factory(optax.adagrad)
adam = _factory(optax.adam)
adamax = _factory(optax.adamax)
adamaxw = _factory(optax.adamaxw)
adamw = _factory(optax.adamw)
adan = _factory(optax.adan)
amsgrad = _factory(optax.amsgrad)
fromage = _factory(optax.fromage)
lamb = _factory(optax.lamb)
lars = _factory(optax.lars)
lbfgs = _factory(optax.lbfgs)
lion = _factory(optax.lion)
nadam = _factory(optax.nadam)
nadamw = _factory(optax.nadamw)
noisy_sgd = _factory(optax.noisy_sgd)
novograd = _factory(optax.novograd)
optimistic_adam_v2 = _factory(optax.optimistic_adam_v2)
optimistic_gradient_descent = _factory(optax.optimistic_gradient_descent)
polyak_sgd = _factory(optax.polyak_sgd)
radam = _factory(optax.radam)
rmsprop = _factory(optax.rmsprop)
rprop = _factory(optax.rprop)
sgd = _factory(optax.sgd)
sign_sgd = _factory(optax.sign_sgd)
signum = _factory(optax.signum)
sm3 = _factory(optax.sm3)
yogi = _factory(optax.yogi)
