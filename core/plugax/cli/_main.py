"""`main`: runs the command, and turns errors into messages and an exit status.

    0    success
    1    a run that did not succeed, or a component that raised an unexpected exception
    2    a wrong call, or an invalid input
    130  interrupted

Every command has a module of its own with a function `main(argv) -> int`, imported only when the
command is called. For this reason, and because JAX is not imported before it is needed, short
commands are quick.
"""

import importlib
import io
import os
import pathlib
import sys
import sysconfig
import traceback
from collections.abc import Sequence

from ..errors import PlugaxError, did_you_mean
from ._cache_upkeep import cache_upkeep
from ._distributed import DISTRIBUTED, IN_SEVERAL_PROCESSES, in_processes
from ._exit import FAILURE, INTERRUPTED, SUCCESS, WRONG_CALL
from ._parser import Parser, UsageError, version
from ._text import answers_apart
from ._verbosity import QUIET, VERBOSE, plain_warnings, set_verbosity

COMMANDS = {
    "run": "solve a problem",
    "sweep": "solve a problem for many values, seeds or options at once",
    "resume": "go on with a run that was saved",
    "verify": "run a stretch of a saved run again, and compare the bits",
    "compare": "compare solvers on a problem, as a table",
    "plot": "draw the figures of a run that was saved",
    "replay": "compute a step of a saved run again, and find a NaN",
    "predict": "what a run that was saved predicts for a table",
    "report": "write saved runs as one HTML file, to read and to hand round",
    "runs": "list the saved runs below a directory",
    "list": "list problems, solvers, optimizers, …",
    "describe": "describe one of these, with all its options",
    "plugins": "list the plugins, and whether each is in use",
    "check": "test a component, registered or your own",
    "new": "begin a plugin, or add a component to one",
    "doctor": "report devices, versions, settings, plugins and caches",
    "completion": "print a script for <TAB> in bash, zsh or fish",
}
TRACEBACK = "--traceback"
EVERYWHERE = {
    TRACEBACK: "show tracebacks of errors; or PLUGAX_TRACEBACK=1",
    QUIET: "no warnings, no progress, only results and errors",
    VERBOSE: "also show device, precision, length, data and times",
}
"""Flags of every command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit status.

    Arguments:
        argv: the command and its arguments; those of this process by default.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal cannot show must not cost a result.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    wanted = os.environ.get("PLUGAX_TRACEBACK", "0") not in ("", "0")
    given = [flag for flag in EVERYWHERE if flag in arguments]
    arguments = [word for word in arguments if word not in EVERYWHERE]
    wanted = wanted or TRACEBACK in given
    try:
        if {QUIET, VERBOSE} <= set(given):
            raise UsageError(f"either {QUIET} or {VERBOSE}, not both")
        set_verbosity(next((flag for flag in given if flag != TRACEBACK), None))
        with cache_upkeep() as upkeep, plain_warnings(upkeep.takes), answers_apart():
            status = _dispatch(arguments)
    except SystemExit as exit_:  # argparse's --help and --version
        return exit_.code if isinstance(exit_.code, int) else SUCCESS
    except PlugaxError as error:
        if wanted:
            traceback.print_exc()
        print(f"plugax: {error}", file=sys.stderr)
        return WRONG_CALL
    except KeyboardInterrupt:
        print("plugax: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of the output has closed it (`plugax list | head`); Python would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except Exception as error:
        if wanted:
            traceback.print_exc()
        print(f"plugax: {_describe_error(error)}", file=sys.stderr)
        return FAILURE
    return status


def _describe_error(error: Exception) -> str:
    """An exception of a component, and the last line of code outside of libraries."""
    libraries = (
        str(pathlib.Path(__file__).parents[1]),
        "site-packages",
        sysconfig.get_path("stdlib"),
    )
    frames = [
        frame
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if not any(library in frame.f_code.co_filename for library in libraries)
    ]
    where = ""
    if frames:
        code, line = frames[-1].f_code, frames[-1].f_lineno
        where = f"{code.co_qualname} ({pathlib.Path(code.co_filename).name}, line {line}) raised "
    text = str(error).strip().partition("\n")[0]
    return f"{where}{type(error).__name__}: {text} ({TRACEBACK} shows all)"


def _dispatch(arguments: list[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        command = importlib.import_module(f"._{arguments[0]}", __package__)
        if DISTRIBUTED in arguments and arguments[0] in IN_SEVERAL_PROCESSES:
            return in_processes(arguments[0], command.main, arguments[1:])
        return command.main(arguments[1:])
    parser = main_parser()
    if arguments and not arguments[0].startswith("-"):
        raise UsageError(
            f"there is no command {arguments[0]!r}.{did_you_mean(arguments[0], COMMANDS)} "
            f"Commands are {', '.join(COMMANDS)}."
        )
    parser.parse_args(arguments)
    print(parser.format_help(), end="", file=sys.stderr)
    return WRONG_CALL


def main_parser() -> Parser:
    """The parser of what stands in place of a command."""
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    parser = Parser(
        prog="plugax",
        usage="plugax [--help] [--version] COMMAND …",
        description="Scientific machine learning on JAX: any solver on any problem.",
        epilog=f"commands:\n{commands}\n\n`plugax COMMAND --help` tells more; a start is\n"
        "  plugax list problems\n  plugax run NAME",
    )
    show = f"plugax {version()}"
    add = parser.add_argument
    add("--version", "-V", action="version", version=show, help="show it and exit")
    for flag, meaning in EVERYWHERE.items():
        add(flag, action="store_true", help=f"with any command: {meaning}")
    return parser
