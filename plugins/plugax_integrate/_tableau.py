"""An explicit Runge–Kutta scheme as data: its Butcher tableau.

The coefficients a, b and c_i = Σ_j a_ij of

    k_i = f(t + c_i dt, y + dt Σ_{j<i} a_ij k_j),    y(t + dt) ≈ y + dt Σ_i b_i k_i.
"""

import dataclasses

Row = tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Tableau:
    """The coefficients of an explicit Runge–Kutta scheme; hashable.

    Arguments:
        name: the name under which the scheme is registered.
        title: a line about the scheme, with its source.
        order: the order of convergence.
        a: row i has the i coefficients a_i0 … a_i(i−1); the first row is empty.
        b: the weights of the stages.
    """

    name: str
    title: str
    order: int
    a: tuple[Row, ...]
    b: Row

    def __post_init__(self):
        lengths = [len(row) for row in self.a]
        if lengths != list(range(len(self.b))):
            raise ValueError(
                f"An explicit tableau of {len(self.b)} stages needs rows of 0, 1, …, "
                f"{len(self.b) - 1} coefficients; got rows of {lengths}."
            )

    @property
    def stages(self) -> int:
        """How often a step evaluates the vector field."""
        return len(self.b)

    @property
    def c(self) -> Row:
        """The time of each stage, in steps from the step's start."""
        return tuple(sum(row, 0.0) for row in self.a)

    @property
    def matrix(self) -> tuple[Row, ...]:
        """The rows of a, padded with zeros to a square."""
        return tuple(row + (0.0,) * (self.stages - len(row)) for row in self.a)

    @property
    def next_from_last(self) -> Row | None:
        """a_(i+1)i for every stage i, if a stage depends only on the previous one; else None.

        The last stage has no next one, and so has zero.
        """
        if any(coefficient for row in self.a for coefficient in row[:-1]):
            return None
        return (*(row[-1] for row in self.a[1:]), 0.0)


EULER = Tableau(
    "euler",
    "Euler's scheme: order 1, 1 stage (Euler, Institutionum calculi integralis I, 1768).",
    order=1,
    a=((),),
    b=(1.0,),
)
HEUN = Tableau(
    "heun",
    "Heun's scheme: order 2, 2 stages (Heun, Z. Math. Phys. 45, 1900).",
    order=2,
    a=((), (1.0,)),
    b=(1 / 2, 1 / 2),
)
MIDPOINT = Tableau(
    "midpoint",
    "The explicit midpoint scheme: order 2, 2 stages (Runge, Math. Ann. 46, 1895, "
    "doi:10.1007/BF01446807).",
    order=2,
    a=((), (1 / 2,)),
    b=(0.0, 1.0),
)
RALSTON = Tableau(
    "ralston",
    "Ralston's scheme, the least error bound of order 2: 2 stages (Ralston, Math. Comp. 16, 1962, "
    "doi:10.1090/S0025-5718-1962-0150954-0).",
    order=2,
    a=((), (2 / 3,)),
    b=(1 / 4, 3 / 4),
)
BOSH3 = Tableau(
    "bosh3",
    "Bogacki and Shampine's scheme: order 3, 3 stages (Bogacki and Shampine, Appl. Math. Lett. 2, "
    "1989, doi:10.1016/0893-9659(89)90079-7).",
    order=3,
    a=((), (1 / 2,), (0.0, 3 / 4)),
    b=(2 / 9, 1 / 3, 4 / 9),
)
RK4 = Tableau(
    "rk4",
    "The classical Runge–Kutta scheme: order 4, 4 stages (Kutta, Z. Math. Phys. 46, 1901).",
    order=4,
    a=((), (1 / 2,), (0.0, 1 / 2), (0.0, 0.0, 1.0)),
    b=(1 / 6, 1 / 3, 1 / 3, 1 / 6),
)
