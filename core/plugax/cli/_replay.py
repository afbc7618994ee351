"""`plugax replay`: a step of a saved run once more, and where it came to nothing finite."""

import dataclasses
from typing import TYPE_CHECKING, Any

from ._environment import prepare
from ._exit import SUCCESS
from ._parser import Parser
from ._precision import precision
from ._saved import add_own_flags, own_components, saved_precision
from ._signals import restore_signals
from ._tables import show_metric
from ._text import answer, columns, print_json

if TYPE_CHECKING:
    from ..replay import Operation, Replay


def main(argv: list[str]) -> int:
    """Replay the step, and tell what was found."""
    parser = Parser(
        prog="plugax replay",
        description="Compute a step of a saved run once more, bit for bit, and name the first "
        "operation whose result is not finite, with the line that it comes from.",
    )
    add = parser.add_argument
    add("directory", metavar="DIR", help="the directory that was --out of the run")
    step_help = "number of the step, from 0 on; default: the one that ended a run as non-finite"
    add("--step", type=int, metavar="N", help=step_help)
    add("--json", action="store_true", help="print one JSON object on standard output")
    add_own_flags(parser)
    arguments = parser.parse_args(argv)
    prepare()
    from ..replay import replay

    with precision(saved_precision(arguments.directory)):
        found = replay(arguments.directory, step=arguments.step, **own_components(arguments))
        restore_signals()
        if arguments.json:
            print_json(_plain(found))
        else:
            _print(found)
    return SUCCESS


def _plain(found: "Replay") -> dict[str, Any]:
    from ..solution import finite

    told = dataclasses.asdict(found)
    told |= {"finite": found.finite, "differs": list(found.differs)}
    for name in ("metrics", "recorded"):
        told[name] = {metric: value.tolist() for metric, value in told[name].items()}
    for name in ("operation", "became"):
        operation = getattr(found, name)
        if operation is not None:
            told[name]["text"] = operation.text
    return finite(told)


def _print(found: "Replay") -> None:
    if found.step != found.asked:
        answer(f"The state before step {found.asked} is not finite: step {found.step} made it so.")
    begin = "the beginning" if not found.start else f"the state saved after {_steps(found.start)}"
    answer(f"step {found.step}, computed from {begin}")
    answer(_compared(found))
    shown = {name: show_metric(value.tolist()) for name, value in found.metrics.items()}
    answer(columns(list(shown.items()), indent=2))
    if found.finite:
        answer("All of it is finite: the metrics, and the state after the step.")
        return
    first, *others = found.leaves
    answer(f"not finite: {first.path}, {first.range}")
    for leaf in others:
        answer(f"            {leaf.path}, {leaf.range}")
    if found.given is not None:
        answer(f"from: {found.given.path}, {found.given.range}, before the step already")
    if found.operation is not None:
        _print_operation("first operation", found.operation)
    if found.became is not None:
        _print_operation("which became NaN in", found.became)
    if found.operation is None and found.became is None and found.given is None:
        answer(
            "Computed operation by operation, it is finite: the compiled step rounds or overflows "
            "where single operations do not. Try float64."
        )


def _compared(found: "Replay") -> str:
    """Whether the metrics are those of the history."""
    if not found.recorded:
        return "metrics (the history has no row of this step)"
    if found.differs:
        return (
            f"metrics, of which {', '.join(found.differs)} differ from the history: it was made on "
            "another machine, or with other versions"
        )
    return "metrics, bit for bit those of the history"


def _print_operation(what: str, operation: "Operation") -> None:
    derivative = ", in the derivative of this line" if operation.backward else ""
    answer(f"{what}: {operation.name}{derivative}")
    rows = [("line", operation.where), ("", operation.text)]
    rows += [("loop", loop) for loop in operation.inside]
    rows += [("in" if not number else "", str(x)) for number, x in enumerate(operation.inputs)]
    rows += [("out" if not number else "", str(x)) for number, x in enumerate(operation.outputs)]
    answer(columns([row for row in rows if row[1]], indent=2))


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"
