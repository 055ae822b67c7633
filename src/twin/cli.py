"""The `twin` command: what may be typed. `commands.py` does it.

argparse, because `twin --help` has to answer at once: it imports in 0.02 s, where the libraries
that draw prettier help take 0.1 to 0.2 s. Everything else is imported by the command that needs it.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from twin.errors import TwinError

#: Objects after which Python looks for circles among them: a run makes fewer before it begins (at 700 it looked a
#: thousand times, at 50,000 twice, for 20 ms).
GARBAGE = 200_000
EPILOG = """\
exit codes:
  0    done
  1    the run ended before its time for a named reason; its file holds what there is
  2    bad input: command line, plant or scenario
  3    a file could not be read or written (exists already, disk full, ...)
  4    an unexpected error in Twin; the message says where its log is
  10 … what twin verify found; its help lists them
  130  interrupted by Ctrl-C; the file holds what there is

Twin simulates; it controls no real equipment. The results of the plants that come with it are synthetic.
"""


class Unasked:
    """Stands for the arguments of a command that is not the one asked for: to build them all takes 20 ms."""

    def __getattr__(self, name: str) -> Callable[..., Unasked]:
        return lambda *_, **__: self


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """Build the command line; `only` the arguments of one command, where there is such a one."""
    top = argparse.ArgumentParser(
        prog="twin",
        description="Simulate a continuous pharmaceutical plant, from reactor to tablet.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="store_true", help="print the version and stop")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def command(name: str, text: str) -> Any:
        if only not in (None, name):
            return Unasked()
        return commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")

    demo = command("demo", "run the flagship plant's start-up into ./runs and say what to look at")
    demo.add_argument("--until", metavar="TIME", help="stop the plant's clock earlier, e.g. 8h")
    _output(demo)

    check = command("check", "say everything that is wrong with a plant or scenario file")
    check.add_argument("file", metavar="FILE", help="a plant or scenario")
    check.add_argument("--json", action="store_true", help="one JSON object on standard output")

    show = command("show", "print the plan of a scenario before it runs: its segments and what starts them")
    _scenario(show)
    show.add_argument(
        "--resolved", action="store_true", help="print the whole configuration, every default explicit, in SI"
    )
    show.add_argument("--rows", type=int, default=60, metavar="N", help="longest table of segments (0: all of them)")
    show.add_argument("--json", action="store_true", help="one JSON object on standard output")

    run = command(
        "run", "run a scenario into an HDF5 file; go on with a run that was killed, or fork one in the middle"
    )
    _scenario(run, optional=True)
    run.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="PARTIAL",
        help="go on with a run that was killed, from its last checkpoint (default: the newest in ./runs)",
    )
    run.add_argument("--from", dest="parent", metavar="RUN", help="fork a run: take its past, change what comes")
    run.add_argument("--at", metavar="TIME", help="plant time of the fork, e.g. 6h; --set applies from there on")
    run.add_argument("--out", metavar="FILE", help="the file to write (default: runs/<scenario>-<utc>-<id>.h5)")
    run.add_argument(
        "--solver",
        metavar="METHOD",
        help="rodas (which is rodas4p), rodas4p2, rodas5p, multirate, cvode or cvode-gmres (default: the scenario's)",
    )
    run.add_argument("--rtol", type=float, metavar="R", help="relative tolerance (default: the scenario's)")
    run.add_argument("--no-table", action="store_true", help="apply every event from Python (same bits, slower)")
    _output(run)

    steady = command("steady", "solve for the steady state of a plant, and say whether it is stable")
    steady.add_argument("name", metavar="PLANT", help="a plant, or a scenario whose plant and values are taken")
    _set(steady)
    steady.add_argument("--nearest", action="store_true", help="also an unstable one, near the initial state")
    steady.add_argument("--out", metavar="FILE", help="write all of it, with every state, as JSON")
    steady.add_argument("--json", action="store_true", help="one JSON object on standard output")

    report = command("report", "print throughput, yield, quality, utilities and balances of a run")
    report.add_argument("file", metavar="FILE", help="a run file")
    report.add_argument("--json", action="store_true", help="one JSON object on standard output")

    compare = command("compare", "say how two runs differ, or set a run against measured data")
    compare.add_argument("file", metavar="RUN", help="a run file")
    compare.add_argument("other", metavar="OTHER", help="another run file, or a CSV file of data")
    compare.add_argument("--map", metavar="FILE", help="which tag each column of the data is measured of (YAML)")
    compare.add_argument("--out", metavar="FILE", help="write the residuals of data as a page (.html) or figure (.svg)")
    compare.add_argument("--rows", type=int, default=20, metavar="N", help="longest table (0: all rows)")
    compare.add_argument("--json", action="store_true", help="one JSON object on standard output")

    from twin.evidence.arguments import add_commands

    add_commands(command)

    from twin.control.arguments import add_commands as add_loops

    add_loops(command)

    from twin.study.analysis_arguments import add_commands as add_analyses

    add_analyses(command)

    from twin.study.arguments import add_commands as add_study

    add_study(command)

    from twin.control.linear.arguments import add_commands as add_linear

    add_linear(command)

    from twin.control.estimation.arguments import add_commands as add_replay

    add_replay(command)

    from twin.control.monitoring.arguments import add_commands as add_monitor

    add_monitor(command)

    from twin.trace.arguments import add_commands as add_trace

    add_trace(command)

    from twin.bench_commands import add_commands as add_bench

    add_bench(command)

    models = command("models", "list the library of unit operations, or one with its tables")
    models.add_argument("name", nargs="?", metavar="NAME", help="a model, e.g. piping.tank")
    models.add_argument("--json", action="store_true", help="one JSON object on standard output")

    schema = command("schema", "print the JSON Schema of plants, scenarios or studies, for completion in an editor")
    kinds = ("plant", "scenario", "study")
    schema.add_argument("kind", nargs="?", choices=kinds, default="plant", help="(default: %(default)s)")
    schema.add_argument("--out", metavar="FILE", help="write it into a file, in place of what is there")

    new = command("new", "write a unit operation, plant or scenario to start from")
    new.add_argument("kind", choices=("unit", "plant", "scenario"))
    new.add_argument("name", metavar="NAME", help="e.g. my_models.vessel for a unit, my_plant for a plant")
    new.add_argument("--plant", default="two_tanks", help="the plant of a new scenario (default: %(default)s)")

    view = command("view", "open runs in the browser: flowsheet, trends, comparisons, what-if, evidence")
    view.add_argument("files", metavar="RUN|FOLDER", nargs="*", help="run files or a folder of them (default: runs)")
    view.add_argument("--port", type=int, default=8050, metavar="N", help="port (default: %(default)s; 0: a free one)")
    view.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to serve on; any but this computer's own demands a token (default: %(default)s)",
    )
    view.add_argument("--token", default="", metavar="TEXT", help="the token to demand (default: one is made)")
    view.add_argument("--review", action="store_true", help="for reviewers: nothing can be written")
    view.add_argument("--no-browser", action="store_true", help="serve without opening a browser")
    return top if only is None or only in commands.choices else parser()


def _scenario(command: Any, optional: bool = False) -> None:
    count = "?" if optional else None
    command.add_argument("scenario", nargs=count, metavar="SCENARIO", help="a name in scenarios/ or a file")
    _set(command)
    command.add_argument("--until", metavar="TIME", help="stop the plant's clock earlier, e.g. 8h")


def _set(command: Any) -> None:
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="replace a value, e.g. --set 'reactor.T_jacket=65 degC'",
    )


def _output(command: Any) -> None:
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    command.add_argument("--quiet", action="store_true", help="no progress")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code."""
    gc.set_threshold(GARBAGE)
    atexit.register(gc.freeze)  # else Python looks for circles among all objects once more before it lets go of them
    _utf8()
    words = sys.argv[1:] if argv is None else argv
    top = parser(words[0] if words else None)
    arguments = top.parse_args(words)
    if arguments.version:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"twin {version('continuous-twin')}")
        except PackageNotFoundError:
            print("twin, from a folder of sources that is not installed")
        return 0
    if arguments.command is None:
        top.print_help()
        return 0
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # models of one's own are found beside one's plants
    try:
        from twin import commands

        return int(getattr(commands, arguments.command)(arguments))
    except TwinError as error:
        return _fail(arguments, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail(arguments, "interrupted", 130)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(arguments, f"{error.filename or 'file'}: {error.strerror or error}", 3)
    except Exception as error:
        if os.environ.get("TWIN_DEBUG", "0") not in ("", "0"):
            raise
        from twin.commands import log_unexpected

        what = f"unexpected error, please report it: {f'{error!r}':.300}"
        return _fail(arguments, f"{what}\n(log: {log_unexpected(error)}; TWIN_DEBUG=1 shows it)", 4)


def _fail(arguments: argparse.Namespace, message: str, code: int) -> int:
    """Say what went wrong, to people and to scripts."""
    print(message, file=sys.stderr)
    if getattr(arguments, "json", False):
        import json

        print(json.dumps({"ok": False, "exit_code": code, "error": message}))
    return code


def _utf8() -> None:
    """Windows consoles and pipes may default to an encoding without our symbols."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8", errors="replace")
