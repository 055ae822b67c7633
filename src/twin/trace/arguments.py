"""Command line of tracing: imports nothing that takes time, since `twin --help` shows it."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add `twin trace`; `command` makes a parser of a name and a text."""
    trace = command(
        "trace", "tell residence times by a virtual tracer, and which lot is in which container, of a run or a scenario"
    )
    trace.add_argument("name", metavar="RUN|SCENARIO", help="a run file (.h5), or a scenario's name or file")
    trace.add_argument("--out", metavar="FILE", help="the file to write (default: beside the run, <run>.trace.h5)")
    trace.add_argument("--at", metavar="TIME", help="plant time of the pulses, e.g. 6h (default: the middle)")
    trace.add_argument(
        "--path",
        action="append",
        default=[],
        metavar="'A -> B'",
        help="residence times from a feed or outlet to a product or outlet (default: all units and ways)",
    )
    trace.add_argument(
        "--of",
        default="components",
        metavar="WHAT",
        help="follow lots by components, those that react as one (components), all material together (total), or"
        " some components as one, mol for mol, such as p_aminophenol+paracetamol (default: %(default)s)",
    )
    trace.add_argument(
        "--holdup",
        type=float,
        default=0.1,
        metavar="U",
        help="relative standard uncertainty of each unit's holdup, for that of fractions (default: %(default)s)",
    )
    trace.add_argument("--divert", metavar="RULE", help="judge a diversion rule (YAML file) on a run file")
    trace.add_argument("--best", metavar="FILE", help="write the rule that the search: of RULE has found")
    trace.add_argument("--until", metavar="TIME", help="stop the scenario's clock earlier, e.g. 8h")
    trace.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="replace a value of the scenario or plant"
    )
    trace.add_argument("--json", action="store_true", help="one JSON object on standard output")
