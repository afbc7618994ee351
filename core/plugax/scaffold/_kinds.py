"""What `plugax new` can write: one example for every kind of component."""

import dataclasses

from ..errors import PlugaxError, did_you_mean


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of component that `plugax new` writes.

    Attributes:
        name: the word for it on the command line, such as `state-space`.
        registered: the kind under which it is registered; None for losses, which are imported.
        example: the name of the example if the user gives none.
        summary: one line about the example, for `plugax list`.
        trial: a command that uses the example, a template.
    """

    name: str
    registered: str | None
    example: str
    summary: str
    trial: str

    @property
    def template(self) -> str:
        """The name of its templates, without the suffix."""
        return self.name.replace("-", "_")

    @property
    def words(self) -> str:
        """The kind in a sentence."""
        return "state-space problem" if self.name == "state-space" else self.name

    @property
    def plural(self) -> str:
        """The kind, of several."""
        return "losses" if self.name == "loss" else f"{self.words}s"


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "problem",
            "problem",
            "rosenbrock",
            "Curved valley, a classic hard minimum",
            "plugax run NEW_name",
        ),
        Kind(
            "state-space",
            "problem",
            "roessler",
            "Rössler's chaotic model, of which one variable is observed",
            "plugax run NEW_name",
        ),
        Kind(
            "solver",
            "solver",
            "heavy-ball",
            "Gradient descent with Polyak's momentum",
            "plugax run regression --solver NEW_name",
        ),
        Kind(
            "optimizer",
            "optimizer",
            "normalized-momentum",
            "Momentum of which only the direction counts",
            "plugax run regression --solver gradient --optimizer NEW_name",
        ),
        Kind(
            "integrator",
            "integrator",
            "ssprk3",
            "Strong-stability-preserving Runge–Kutta scheme of order 3",
            "plugax run lorenz63-twin --integrator NEW_name --cycles 100",
        ),
        Kind(
            "observer",
            "observer",
            "early-stop",
            "Stops a run whose loss reaches no new minimum",
            "plugax run regression --solver gradient --observer NEW_name",
        ),
        Kind(
            "loss",
            None,
            "log-cosh",
            "Squares for small errors, absolute values for large ones",
            'python -c "from NEW_package.NEW_module import NEW_class; print(NEW_class())"',
        ),
    )
}


def kind_of(word: str) -> Kind:
    """The kind that a word of the command line means.

    Errors: `PlugaxError` if there is none.
    """
    if word not in KINDS:
        raise PlugaxError(
            f"A plugin brings {', '.join(KINDS)}; got {word!r}.{did_you_mean(word, KINDS)}"
        )
    return KINDS[word]
