"""The run that a command line asks for: a problem, a solver, and how to run them.

Arguments are parsed in two passes. The first finds the components, which decide which options there
are; flags take precedence over the configuration file, and that over the problem's recommendation.
The second pass parses all options.
"""

import argparse
import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from ..errors import PlugaxError, unexpected
from ..plugins import build, component_kind, default_manager
from ._component import Layer, Peek, ResolvedComponent, choose
from ._config import RUN, read_config
from ._distributed import add_distributed_flags
from ._early import check_common, check_names, names_given
from ._environment import prepare
from ._flags import INNER_KINDS, add_flags, join_negative_numbers, parse_flags, peek, peek_component
from ._numbers import whole
from ._observers import add_observer_flag, choose_observers
from ._parser import Parser
from ._precision import HELP as PRECISION_HELP
from ._precision import NAMES

WHAT = {
    "run": "Solve a problem.",
    "sweep": "Solve a problem many times, for every combination of the values of --over.",
}
ANSWERS = ("stop", "skip", "rollback")
"""What `--on-non-finite` may be."""
DEVICES_HELP = (
    "several devices: how many, or names with commas between them, or all; batch=N or state=N says "
    "what is divided among them"
)
EVALUATION_WORDS = ("epoch", "never")
"""What `--evaluate-every` may be instead of a number of steps."""


@dataclasses.dataclass
class Request:
    """A run that was asked for.

    Attributes:
        problem: the problem and its options.
        solver: the solver and its options.
        observers: the observers and their options, without the progress bar.
        seed: the seed of the run.
        steps: the maximum number of steps; None for the default.
        epochs: the maximum number of passes over the data; None for the default.
        evaluate_every: a number of steps, `"epoch"` or `"never"`; None for the default.
        record: the names of the metrics to keep, with commas between them; None for all.
        record_every: steps from one that is kept to the next; None for every step.
        keep_best: the metric by which the best is kept; None for none.
        snapshot_every: a number of steps, or a time such as `"30s"`; None for the default.
        keep_last: how many snapshots are kept; None for the default.
        on_non_finite: what is done when a metric is not finite; None for the default.
        chunk: compiled steps between returns to the host; None for about a second's worth.
        device: the name of the device; None for JAX's choice.
        devices: how many devices, or their names; None for one.
        precision: `"float32"` or `"float64"`; None for what the problem needs.
        out: the directory to save in, or None.
        force: whether to replace another run in `out`.
        profile: the directory for a profile, or None.
        json: whether to answer in JSON.
        dry_run: whether only to tell what the run needs.
        more: the values of the flags that only this command has, by name.
        sweep: the table `[sweep]` of the configuration.
    """

    problem: ResolvedComponent
    solver: ResolvedComponent
    observers: list[ResolvedComponent]
    seed: int
    steps: int | None
    epochs: int | float | None
    evaluate_every: int | str | None
    record: str | None
    record_every: int | None
    keep_best: str | None
    snapshot_every: int | str | None
    keep_last: int | None
    on_non_finite: str | None
    chunk: int | None
    device: str | None
    devices: int | str | None
    precision: str | None
    out: str | None
    force: bool
    profile: str | None
    json: bool
    dry_run: bool
    more: dict[str, Any] = dataclasses.field(default_factory=dict)
    sweep: dict[str, Any] = dataclasses.field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """What the library is told of every run, whatever its length."""
        saved = {
            name: getattr(self, name) for name in ("snapshot_every", "keep_last", "on_non_finite")
        }
        return {
            "seed": self.seed,
            "record": names_of(self.record),
            "record_every": 1 if self.record_every is None else self.record_every,
            "keep_best": self.keep_best,
            **{n: x for n, x in saved.items() if x is not None},
            "chunk": self.chunk,
            "device": self.device,
            "devices": self.devices,
            "force": self.force,
        }


def read_request(
    argv: list[str], command: str = "run", add_more: Callable[[Parser], None] | None = None
) -> Request:
    """The run that the arguments of `plugax run` ask for, or of a command with more flags.

    Arguments:
        argv: the arguments.
        command: the name of the command.
        add_more: adds the flags that `plugax run` does not have.

    Errors: `PlugaxError` and its subclasses; `SystemExit` after `--help`.
    """
    argv = join_negative_numbers(argv)
    config = read_config(peek(argv, "--config"))
    name = problem_name(argv) or config["problem"].get("name")
    make_parser = functools.partial(run_parser, command=command, add_more=add_more)
    if name is None:
        make_parser(inner=True).parse_args(argv)  # for --help, and for flags without a value
        raise PlugaxError(
            f"Which problem? `plugax list problems` lists them; `plugax {command} NAME`."
        )
    check_common(make_parser(inner=False, problem=name), argv)
    solver_name = peek(argv, "--solver") or config["solver"].get("name")
    names = {"problem": [name], "solver": [solver_name]}
    check_names(names | names_given(argv, *INNER_KINDS, "observer"))
    device, devices = (
        peek(argv, f"--{name}") or config["run"].get(name) for name in ("device", "devices")
    )
    prepare(device, devices)
    find = functools.partial(peek_component, argv)
    problem = choose("problem", name, [config["problem"]], find)
    recipes = dict(problem.known("recipes", {}))
    recommended = next(iter(recipes), None)
    solver_name = solver_name or recommended
    observers = choose_observers(argv, config["observer"], find)
    parser = make_parser(inner=False, problem=name)
    common = {action.dest for action in parser._actions}
    if solver_name is None:
        add_flags(parser, [problem, *observers], argv)
        parse_flags(parser, argv, [problem, *observers])
        raise PlugaxError(_no_solver(problem))
    solver = choose_solver(problem, solver_name, config["solver"], find)
    roots = [problem, solver, *observers]
    add_flags(parser, roots, argv)
    flags = vars(parse_flags(parser, argv, roots))
    given = {key: flags[key] for key in RUN if flags[key] is not None}
    configured = dict(config["run"])
    for alike in ("steps", "epochs"), ("device", "devices"):
        # Both say the same: a flag for one takes precedence over the other in the file.
        if given.keys() & set(alike):
            configured = {k: v for k, v in configured.items() if k not in alike}
    run: dict[str, Any] = dict.fromkeys(RUN) | {"seed": 0} | configured | given
    return Request(
        problem,
        solver,
        observers,
        **run,
        out=flags["out"],
        force=flags["force"],
        profile=flags["profile"],
        json=flags["json"],
        dry_run=flags["dry_run"],
        more={key: flags[key] for key in common if key not in RUN and key in flags},
        sweep=config["sweep"],
    )


def names_of(record: str | None) -> tuple[str, ...] | None:
    """The names in a list with commas, none of them for `none`; None for no list."""
    if record is None:
        return None
    return () if record == "none" else tuple(name.strip() for name in record.split(","))


def choose_solver(
    problem: ResolvedComponent, name: str, config: Layer, find: Peek
) -> ResolvedComponent:
    """The solver by name, with options from the problem's recipe.

    Errors: those of `choose`.
    """
    from ..runner import recipe_with_parts

    alone = choose("solver", name, [config], find)
    # What neither flags nor configuration give comes from the recipe.
    given = {
        option
        for option in alone.options
        if option in config or find(("solver", option), _kind_of(alone, option)) is not None
    }
    parts = {option: part and part.name for option, part in alone.parts.items() if option in given}
    chosen = dict.fromkeys(given) | parts
    recipe, inner, _ = recipe_with_parts(problem.known("recipes", {}), name, chosen)
    return choose("solver", name, [recipe | inner | {"name": name}, config], find)


def _kind_of(chosen: ResolvedComponent, option: str) -> str:
    return component_kind(chosen.options[option].types) or ""


def run_parser(
    *,
    inner: bool,
    problem: str = "",
    command: str = "run",
    add_more: Callable[[Parser], None] | None = None,
) -> Parser:
    """The options that every run has.

    Arguments:
        inner: whether to include options that name a component inside the problem or the solver.
        problem: the problem's name, if it is known.
        command: the name of the command.
        add_more: adds the flags that `plugax run` does not have.
    """
    prog = f"plugax {command} {problem}".strip()
    more = f"`plugax {command} PROBLEM --help` adds the options of that problem and of its solver."
    parser = Parser(
        prog=prog,
        brief=True,
        usage=f"{prog}{' PROBLEM' if inner else ''} [--option value]…",
        description=f"{WHAT[command]} Flags take precedence over the configuration file, then come "
        "the problem's recommendations for the solver, then defaults.",
        epilog=more if inner else None,
    )
    name_help = "a name from `plugax list problems`; may be given in the configuration instead"
    parser.add_argument(
        "problem", nargs="?", metavar="PROBLEM", help=name_help if inner else argparse.SUPPRESS
    )
    if add_more is not None:
        add_more(parser)
    add = parser.add_argument
    solver_help = "name of the solver; default: the first that the problem recommends"
    add("--solver", metavar="NAME", help=solver_help)
    for kind in INNER_KINDS * inner:
        add(f"--{kind}", metavar="NAME", help=f"for a problem or a solver that takes an {kind}")
    steps_help = "maximum number of steps; default: what the problem recommends"
    add("--steps", type=int, metavar="N", help=steps_help)
    add("--epochs", type=float, metavar="N", help="maximum number of passes over the data")
    add("--seed", type=int, metavar="K", help="seed of all random numbers; default: 0")
    add("--out", metavar="DIR", help="directory for solution, history and configuration")
    add("--force", action="store_true", help="replace another run in --out")
    dry_help = "run nothing; tell how much memory, time and space on disk the run needs"
    add("--dry-run", action="store_true", help=dry_help)
    add("--json", action="store_true", help="print one JSON object on standard output")
    _add_further_options(parser)
    return parser


def _add_further_options(parser: Parser) -> None:
    """Add what few runs need; only `--help-all` shows it."""
    add = parser.add_further
    add("--config", metavar="FILE", help="TOML, such as the config.toml of an earlier --out")
    add_observer_flag(parser)
    add(
        "--evaluate-every",
        type=_steps_or_word,
        metavar="N",
        help="steps between evaluations during the run, or epoch, or never; default: what the "
        "problem recommends",
    )
    record_help = "metrics that the history keeps, such as loss,norm, or none; default: all"
    add("--record", metavar="NAMES", help=record_help)
    every_help = "steps from one that the history keeps to the next; default: 1"
    add("--record-every", type=int, metavar="N", help=every_help)
    best_help = (
        "a metric of the evaluations; the run is also saved, in DIR/best, as it was when this was "
        "smallest; largest with max:NAME"
    )
    add("--keep-best", metavar="NAME", help=best_help)
    snapshot_help = "how often the state is saved in --out: steps, or 30s, 5min, 1h; default: 30s"
    add("--snapshot-every", type=_steps_or_time, metavar="N", help=snapshot_help)
    last_help = "how many snapshots are kept in --out, the newest included; default: 2"
    add("--keep-last", type=int, metavar="K", help=last_help)
    non_finite_help = (
        "when a metric is not finite: stop, skip the step, or go back, and on with half the "
        "learning rate; default: stop"
    )
    add("--on-non-finite", choices=ANSWERS, help=non_finite_help)
    add("--device", metavar="NAME", help="cpu, gpu or tpu, with an index as in gpu:1")
    add("--devices", metavar="N|NAMES", help=DEVICES_HELP)
    add_distributed_flags(parser)
    add("--precision", choices=NAMES, help=PRECISION_HELP)
    profile_help = "directory for JAX's trace of the run; also print where the time went"
    add("--profile", metavar="DIR", help=profile_help)
    add(
        "--chunk",
        type=int,
        metavar="N",
        help="compiled steps between returns to Python; default: about a second's worth",
    )


def _steps_or_word(text: str) -> int | str:
    """A number of steps, or one of the words."""
    if text in EVALUATION_WORDS:
        return text
    try:
        return whole(text)
    except ValueError:
        words = "|".join(("integer", *EVALUATION_WORDS))
        raise argparse.ArgumentTypeError(unexpected(words, text, EVALUATION_WORDS)) from None


def _steps_or_time(text: str) -> int | str:
    """A number of steps, or a time, which the runner reads."""
    return whole(text) if text.strip().isdecimal() else text


def problem_name(argv: list[str]) -> str | None:
    """The problem's name among arguments whose options are not known yet.

    The first word that is a problem's name; else the first that cannot be the value of an option.
    """
    known = {component.name for component in default_manager().components("problem")}
    words = [
        (word, before.startswith("--") and "=" not in before and before != "--json")
        for before, word in zip(["", *argv], argv, strict=False)
        if not word.startswith("-")
    ]
    for word, _ in words:
        if word.rpartition(":")[2] in known:
            return word
    return next((word for word, may_be_value in words if not may_be_value), None)


def _no_solver(problem: ResolvedComponent) -> str:
    from ..runner import fitting

    fit = fitting(build("problem", problem.spec(), {}))
    return (
        f"The problem {problem.name!r} recommends no solver; give one with --solver. Those that "
        f"fit: {', '.join(fit)}."
    )
