"""Terms of a linear model: functions of columns, as formulas of statistics write them.

    x          a column
    x^3        a power (also x**3)
    x:z        a product, of powers too: x^2:z
    log(x)     a function: log, log2, log10, exp, sqrt or abs

A column whose name is the whole term is that column, whatever its name looks like.

Source: Wilkinson and Rogers 1973, Symbolic description of factorial models for analysis of
variance, doi 10.2307/2346786. There x*z stands for the three terms x, z and x:z, and x^2 has
another meaning, too; here * is refused, and ^ is a power.
"""

import dataclasses
import re
from collections.abc import Collection, Mapping

import numpy as np

from plugax import PlugaxError

from ._table import Table, unknown_column

FUNCTIONS = {
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
}


@dataclasses.dataclass(frozen=True)
class Factor:
    """A power of a column, or of a function of it."""

    column: str
    function: str | None = None
    power: float = 1

    def values(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Its value in every row."""
        column = columns[self.column]
        base = FUNCTIONS[self.function](column) if self.function else column
        return base if self.power == 1 else base**self.power


@dataclasses.dataclass(frozen=True)
class Term:
    """A product of factors.

    Attributes:
        name: the term as it was written.
        factors: what is multiplied.
    """

    name: str
    factors: tuple[Factor, ...]

    @property
    def columns(self) -> set[str]:
        """The columns it is a function of."""
        return {factor.column for factor in self.factors}

    def values(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """The value in every row, not finite where the term is not defined."""
        with np.errstate(all="ignore"):
            return np.prod([factor.values(columns) for factor in self.factors], axis=0)

    def of(self, table: Table) -> np.ndarray:
        """The value in every row of a table.

        Errors: `PlugaxError` for the first row in which the term is not defined.
        """
        columns = {name: table.column(name) for name in sorted(self.columns)}
        values = self.values(columns)
        if not np.all(np.isfinite(values)):
            row = int(np.argmin(np.isfinite(values)))
            where = ", ".join(f"{name} = {columns[name][row]:g}" for name in columns)
            raise PlugaxError(
                f"{table.source}, {table.place(row)}: the term {self.name} has no finite value at "
                f"{where}."
            )
        return values


def parse_term(text: str, names: Collection[str], what: str = "a term") -> Term:
    """The term that a text stands for.

    Arguments:
        text: a term, such as `x`, `x^3`, `x:z` or `log(x)`.
        names: the names of the columns.
        what: the name of the text in messages.

    Errors: `PlugaxError` for a column that does not exist, and for an invalid term.
    """
    name = text.strip()
    if name in names:
        return Term(name, (Factor(name),))
    if not name:
        raise PlugaxError(f"{what.capitalize()} is empty; name a column, or a function of columns.")
    if name in ("0", "1", "-1", "+1", "intercept", "(Intercept)"):
        raise PlugaxError(
            f"{name!r} is not a term: the model has an intercept unless intercept=False (on the "
            "command line --no-intercept)."
        )
    factors = [part.strip() for part in name.replace("**", "^").split(":")]
    if any("*" in factor for factor in factors):
        raise PlugaxError(
            f"{name!r} is not a term. Write a product of columns with a colon, as in x:z; for what "
            "x*z means in R, list the three terms x, z and x:z."
        )
    return Term(name, tuple(_factor(factor, names, name, what) for factor in factors))


def _factor(text: str, names: Collection[str], term: str, what: str) -> Factor:
    if text in names:
        return Factor(text)
    inner = re.fullmatch(r"I\((.+)\)", text)  # R's way to say that ^ is a power
    if inner:
        return _factor(inner.group(1).strip(), names, term, what)
    base, caret, exponent = text.rpartition("^")
    if caret:
        power = _power(exponent, term)
        factor = _factor(base.strip(), names, term, what)
        return dataclasses.replace(factor, power=factor.power * power)
    call = re.fullmatch(r"(\w+)\((.+)\)", text)
    if call:
        function, column = call.group(1), call.group(2).strip()
        if function not in FUNCTIONS:
            raise PlugaxError(
                f"{term!r} is not a term: there is no function {function!r}; there are "
                f"{', '.join(FUNCTIONS)}."
            )
        if column in names:
            return Factor(column, function)
        text = column
    raise unknown_column(text, names, what if text == term else f"the term {term!r}")


def _power(text: str, term: str) -> float:
    try:
        power = float(text)
    except ValueError:
        power = np.nan
    if not np.isfinite(power) or power == 0:
        raise PlugaxError(
            f"{term!r} is not a term: ^ must be followed by a number other than 0; got {text!r}."
        )
    return power
