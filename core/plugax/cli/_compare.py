"""`plugax compare`: solvers on one problem, over seeds, as a table."""

import argparse
import dataclasses
import functools
import pathlib
import sys
from typing import TYPE_CHECKING, Any

from ..errors import PlugaxError, unexpected
from ._cluster import add_cluster_flags, cluster_from
from ._component import ResolvedComponent, choose
from ._early import check_common, check_names, names_given
from ._entrants import add_solver_flags, entries_of, names
from ._environment import prepare
from ._exit import FAILURE, INTERRUPTED, SUCCESS
from ._flags import INNER_KINDS, add_flags, join_negative_numbers, parse_flags, peek, peek_component
from ._parser import Parser, version
from ._precision import HELP as PRECISION_HELP
from ._precision import NAMES, precision
from ._request import DEVICES_HELP
from ._request import problem_name as problem_name
from ._signals import restore_signals
from ._text import answer, print_json
from ._verbosity import quiet, tell_device

if TYPE_CHECKING:
    from ..comparison import Comparison

FORMATS = ("table", "markdown", "csv", "json")
FILES = (".csv", ".json", ".md", ".pdf", ".png", ".svg")


def main(argv: list[str]) -> int:
    """Compare, and print the table."""
    problem, flags = _read(argv)
    cluster = cluster_from(vars(flags))
    # A directory keeps the rows, so that the same call goes on; a file is the table or the figure.
    directory = flags.out if flags.out is not None and not flags.out.suffix else None
    if directory is not None:
        flags.out = None
    if flags.out is not None and flags.out.exists() and not flags.force:
        raise PlugaxError(f"{flags.out} exists; give another --out, or --force to write over it.")
    import plugax

    from ..comparison import compare

    wanted = flags.precision or problem.precision()
    with precision(wanted, asked=flags.precision is not None):
        # The device is started before there is anything to lose.
        tell_device(flags.device, flags.devices)
        restore_signals()
        options = problem.spec()
        comparison = compare(
            plugax.problem(options.pop("name"), **options),
            flags.solvers,
            seeds=None if flags.seeds is None else range(flags.seeds),
            over=None if flags.over is None else dict([flags.over]),
            steps=flags.steps,
            epochs=flags.epochs,
            metrics=flags.metrics,
            device=flags.device,
            devices=flags.devices,
            out=directory,
            cluster=cluster,
            after_each=functools.partial(_after_each, path=flags.out),
            until_decided=flags.until_decided,
            level=flags.level,
            most_seeds=flags.most_seeds,
        )
        comparison = dataclasses.replace(comparison, problem=problem.name)
        _write(comparison, flags.out)
    _print(comparison, problem, flags.format)
    if comparison.interrupted:
        return INTERRUPTED
    return SUCCESS if comparison.success else FAILURE


def _read(argv: list[str]) -> tuple[ResolvedComponent, argparse.Namespace]:
    """The problem and the flags.

    Errors: `PlugaxError` and its kinds; `SystemExit` after `--help`.
    """
    argv = join_negative_numbers(argv)
    name = problem_name(argv)
    if name is None:
        _parser("plugax compare", alone=True).parse_args(argv)
        raise PlugaxError("Which problem? `plugax list problems` lists them.")
    common = _parser(f"plugax compare {name}", alone=False)
    given = check_common(common, argv).solvers or []
    solvers = [entry if isinstance(entry, str) else entry[0] for entry in given]
    check_names({"problem": [name], "solver": solvers} | names_given(argv, *INNER_KINDS))
    prepare(peek(argv, "--device"), peek(argv, "--devices"))
    problem = choose("problem", name, [], functools.partial(peek_component, argv))
    parser = _parser(f"plugax compare {name}", alone=False)
    add_flags(parser, [problem], argv)
    flags = parse_flags(parser, argv, [problem])
    entrants = flags.solvers or list(problem.known("recipes", {}))
    flags.solvers = entries_of(problem, entrants)
    flags.format = "json" if flags.json else flags.format
    if not flags.solvers:
        raise PlugaxError(f"The problem {name!r} recommends no solvers; give some with --solvers.")
    return problem, flags


def _parser(prog: str, *, alone: bool) -> Parser:
    """The options of every comparison.

    Arguments:
        prog: the command, as far as it is known.
        alone: whether the problem is not named yet.
    """
    parser = Parser(
        prog=prog,
        brief=True,
        usage=f"{prog}{' PROBLEM' if alone else ''} [--option value]…",
        description="Compare solvers on a problem: the mean of every score over seeds, its "
        "standard error, the seeds that failed, and the time of a step. Every seed gives the "
        "solver other random numbers and, if the problem's data are random, other data.",
        epilog="`plugax compare PROBLEM --help` adds the options of that problem." * alone or None,
    )
    add = parser.add_argument
    help_ = "a name from `plugax list problems`"
    add("problem", nargs="?", metavar="PROBLEM", help=help_ if alone else argparse.SUPPRESS)
    add_solver_flags(parser)
    seeds_help = "number of seeds, from 0 on; default: 3, or 16 at a time with --until-decided"
    add("--seeds", type=int, metavar="N", help=seeds_help)
    add(
        "--until-decided",
        action="store_true",
        help="add seeds, as many at a time as --seeds says, until the ranking by the first metric "
        "is settled",
    )
    add(
        "--over",
        type=_over,
        metavar="OPTION=A,B,…",
        help="run every solver with each value of one of its options, as in members=10,20,40",
    )
    add("--steps", type=int, metavar="N", help="maximum number of steps; default: as for `run`")
    add("--epochs", type=float, metavar="N", help="maximum number of passes over the data")
    add("--metrics", type=names, metavar="A,B,…", help="metrics to show; default: the problem's")
    add(
        "--out",
        type=_file,
        metavar="PATH",
        help="a directory, in which all that is done is kept: the same call goes on with the rest; "
        f"or a file for the table or the figure, by suffix: {', '.join(FILES)}",
    )
    add("--force", action="store_true", help="overwrite the file that --out names")
    add("--format", choices=FORMATS, default="table", help="format of the output; default: table")
    add("--json", action="store_true", help="short for --format json")
    further = parser.add_further
    level_help = "probability that nothing called settled is wrong; default: 0.95"
    further("--level", type=float, default=0.95, metavar="P", help=level_help)
    most_help = "with --until-decided, the number of seeds that is not exceeded; default: 256"
    further("--most-seeds", type=int, default=256, metavar="N", help=most_help)
    further("--device", metavar="NAME", help="cpu, gpu or tpu, with an index as in gpu:1")
    further("--devices", metavar="N|NAMES", help=DEVICES_HELP)
    add_cluster_flags(parser, "every row")
    further("--precision", choices=NAMES, help=PRECISION_HELP)
    return parser


def _over(text: str) -> tuple[str, list[Any]]:
    """`members=10,20` as a name and its values: whole numbers, numbers or words."""
    name, equals, values = text.partition("=")
    if not equals or not names(values):
        raise argparse.ArgumentTypeError(f"expected OPTION=A,B,…; got {text!r}")
    return name.strip().replace("-", "_"), [_value(word) for word in names(values)]


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _file(text: str) -> pathlib.Path:
    """A directory, or a file that can be written; checked now rather than after an hour's run."""
    path = pathlib.Path(text)
    if not path.suffix:
        return path
    if path.suffix not in FILES:
        known = f"a directory, or a file that ends in one of {', '.join(FILES)}"
        raise argparse.ArgumentTypeError(unexpected(known, text))
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no directory {path.absolute().parent}")
    return path


def _after_each(comparison: "Comparison", path: pathlib.Path | None) -> None:
    """Save the comparison so far, and tell a watching user."""
    if path is not None and path.suffix in (".csv", ".json", ".md"):
        _write(comparison, path)
    if sys.stderr.isatty() and not quiet():
        if comparison.decision is not None:
            print(f"plugax: {comparison.decision}", file=sys.stderr)
            return
        row = comparison.rows[-1]
        over = "" if comparison.over is None else f", {comparison.over} {row.value}"
        print(f"plugax: {row.solver}{over}: {row.outcome or 'done'}", file=sys.stderr)


def _write(comparison: "Comparison", path: pathlib.Path | None) -> None:
    if path is None:
        return
    writers = {
        ".csv": comparison.to_csv,
        ".json": comparison.to_json,
        ".md": comparison.to_markdown,
    }
    if path.suffix in writers:
        writers[path.suffix](path)
    else:
        comparison.figure().savefig(path, dpi=150)


def _print(comparison: "Comparison", problem: ResolvedComponent, form: str) -> None:
    if form == "json":
        plain = comparison.as_plain()
        print_json(plain | {"options": problem.plain_options(), "plugax": version()})
    elif form == "csv":
        answer(comparison.to_csv(), end="")
    elif form == "markdown":
        answer(comparison.to_markdown(), end="")
    else:
        answer(comparison.problem)
        answer(comparison)
