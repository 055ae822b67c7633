"""`twin bench`: the benchmarks of a clone, run from the command line."""

from __future__ import annotations

import argparse
import importlib
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from twin.errors import TwinError


class BenchError(TwinError):
    """No benchmarks here, or none of that name."""

    exit_code = 2


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add `twin bench`; `command` makes a parser of a name and a text."""
    bench = command("bench", "list the benchmarks of a clone, or run some: times, counts, errors, memory, as JSON")
    bench.add_argument("names", nargs="*", metavar="NAME", help="which; `all` for every one (default: list them)")
    bench.add_argument("--quick", action="store_true", help="short forms: seconds to a minute each, nothing committed")
    bench.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="write results, figures and a summary there (with --quick: else nowhere)",
    )
    bench.add_argument("--json", action="store_true", help="one JSON object on standard output")


def suite() -> ModuleType:
    """The suite of the clone that the current folder is in, or that this file is of."""
    places = [Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[2]]
    for root in places:
        if (root / "benchmarks" / "suite.py").is_file() and (root / "src" / "twin").is_dir():
            if str(root) not in sys.path:
                sys.path.insert(0, str(root))
            return importlib.import_module("benchmarks.suite")
    raise BenchError(
        "Benchmarks come with the sources, not with the installed package: run twin bench in a clone of the repository."
    )


def bench(arguments: Namespace) -> int:
    """`twin bench [NAME…]`"""
    import json
    from contextlib import redirect_stdout
    from difflib import get_close_matches

    found = suite()
    known = found.benchmarks()
    if not arguments.names:
        if arguments.json:
            rows = [{"name": b.name, "question": b.question} for b in known.values()]
            sys.stdout.write(json.dumps({"ok": True, "exit_code": 0, "benchmarks": rows}) + "\n")
        else:
            for b in known.values():
                sys.stdout.write(f"{b.name:<20s} {b.question}\n")
        return 0
    names = [name for name in known if not (arguments.quick and name in found.LONG)]
    if arguments.names != ["all"]:
        names = arguments.names
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise BenchError(f"There is no benchmark '{name}'.{f' Did you mean {near[0]!r}?' if near else ''}")
    with redirect_stdout(sys.stderr if arguments.json else sys.stdout):
        rows = found.carry_out(names, quick=arguments.quick, out=arguments.out)
    code = 1 if any(row["outcome"] == "failed" for row in rows) else 0
    if arguments.json:
        sys.stdout.write(json.dumps({"ok": not code, "exit_code": code, "benchmarks": rows}) + "\n")
    return code
