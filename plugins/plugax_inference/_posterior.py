"""Log-densities of parameters in spaces of their own."""

import abc
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

import plugax as px

from .spaces import AbstractSpace

Parameters = dict[str, Array]
START = 2.0


class AbstractPosterior(px.AbstractLogDensity):
    """A density of named parameters, each in a space of its own, known up to a factor.

    A solver works on unconstrained numbers z, a dictionary of arrays; a parameter is x = f(z), and
    ℓ(z) = log p(x) + log |det f′(z)|. So the draws of a sampler are those of p. The mode that a
    minimiser finds is that of ℓ, as a density of z.

    A subclass writes `spaces` and `log_posterior`, and `derived` if it wants more in the draws.
    """

    recipes: ClassVar = {"nuts": {}, "hmc": {}, "lbfgs": {}}

    @property
    @abc.abstractmethod
    def spaces(self) -> Mapping[str, AbstractSpace]:
        """The spaces of the parameters by name."""

    @abc.abstractmethod
    def log_posterior(self, parameters: Parameters) -> Float[Array, ""]:
        """log p(x), without regard to a constant: log prior plus log likelihood."""

    def derived(self, parameters: Parameters) -> Parameters:  # noqa: ARG002 - the default has none
        """Further quantities that the draws shall contain."""
        return {}

    def init(self, key: PRNGKeyArray) -> Parameters:
        """z, each number uniform in (−2, 2), as in Stan."""
        spaces = self.spaces
        keys = jr.split(key, len(spaces))
        return {
            name: jr.uniform(key, space.shape, minval=-START, maxval=START)
            for key, (name, space) in zip(keys, spaces.items(), strict=True)
        }

    def log_density(
        self, unknowns: Parameters, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """ℓ(z)."""
        del batch, key
        mapped = {name: space(unknowns[name]) for name, space in self.spaces.items()}
        value = self.log_posterior({name: x for name, (x, _) in mapped.items()})
        return value + sum(slope for _, slope in mapped.values()), {}

    def constrained(self, unknowns: Parameters) -> Parameters:
        """The parameters x, and what is derived from them."""
        parameters = {name: space(unknowns[name])[0] for name, space in self.spaces.items()}
        return {**parameters, **self.derived(parameters)}


class Posterior(AbstractPosterior):
    """The density that a function says.

        def log_density(parameters, data):
            return (
                norm.logpdf(data, parameters["mu"], parameters["sigma"]).sum()
                + norm.logpdf(parameters["mu"], 0.0, 10.0) + expon.logpdf(parameters["sigma"])
            )

        Posterior(log_density, {"mu": Real(), "sigma": Positive()}, data)

    Arguments:
        density: log p(x) as a function of the parameters, a dictionary of arrays, and of `given` if
            that is not None.
        in_spaces: the spaces of the parameters by name.
        given: data, any pytree of arrays.
        also: further quantities for the draws, a function as `density` that returns a dictionary.

    Errors: `ValueError` if there is no space, or a space is something else.
    """

    density: Callable = eqx.field(static=True)
    in_spaces: dict[str, AbstractSpace]
    given: PyTree = None
    also: Callable | None = eqx.field(static=True, default=None)

    def __init__(
        self,
        density: Callable,
        in_spaces: Mapping[str, AbstractSpace],
        given: PyTree = None,
        also: Callable | None = None,
    ):
        if not in_spaces:
            raise ValueError('A posterior needs parameters, such as {"mu": Real()}; got none.')
        for name, space in in_spaces.items():
            if not isinstance(space, AbstractSpace):
                raise ValueError(
                    f"The space of {name!r} must be an AbstractSpace, such as Real() or "
                    f"Positive(); got {space!r}."
                )
        self.density, self.in_spaces, self.also = density, dict(in_spaces), also
        self.given = jax.tree.map(lambda x: jnp.asarray(x) if eqx.is_array_like(x) else x, given)

    @property
    def spaces(self) -> Mapping[str, AbstractSpace]:
        """The spaces of the parameters by name."""
        return self.in_spaces

    def log_posterior(self, parameters: Parameters) -> Float[Array, ""]:
        """What the function says."""
        return self._with_data(self.density, parameters)

    def derived(self, parameters: Parameters) -> Parameters:
        """What `also` says."""
        return {} if self.also is None else self._with_data(self.also, parameters)

    def _with_data(self, function: Callable, parameters: Parameters) -> Any:
        return function(parameters) if self.given is None else function(parameters, self.given)
