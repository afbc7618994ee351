"""`plugax verify`: a stretch of a saved run, run again and compared to the bit."""

import dataclasses

from ._environment import prepare
from ._exit import FAILURE, SUCCESS
from ._flags import peek
from ._parser import Parser
from ._precision import precision
from ._saved import add_own_flags, own_components, saved_precision
from ._signals import restore_signals
from ._text import answer, print_json


def main(argv: list[str]) -> int:
    """Run the stretch again, and say whether the bits are the same."""
    parser = Parser(
        prog="plugax verify",
        usage="plugax verify DIR [--option value]…",
        description="Compare all files of a saved run with their SHA-256. Then run a stretch of it "
        "again, from a random snapshot, and compare the history and the state to the bit. On "
        "another kind of device, or with other versions, they may differ.",
    )
    add = parser.add_argument
    add("directory", metavar="DIR", help="the directory that was --out of the run")
    add("--steps", type=int, metavar="N", help="the most steps to run again; default: 1000")
    add("--seed", type=int, metavar="K", help="of the random choice; default: another every time")
    add("--json", action="store_true", help="print one JSON object on standard output")
    add_own_flags(parser)
    arguments = parser.parse_args(argv)
    prepare(peek(argv, "--device"))
    from ..runner import verify

    with precision(saved_precision(arguments.directory)):
        restore_signals()
        own = own_components(arguments)
        found = verify(arguments.directory, steps=arguments.steps, seed=arguments.seed, **own)
    if arguments.json:
        print_json(dataclasses.asdict(found) | {"success": found.success})
    else:
        answer(str(found))
    return SUCCESS if found.success else FAILURE
