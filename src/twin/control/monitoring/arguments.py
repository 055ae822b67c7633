"""What may be typed behind `twin monitor`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add `twin monitor`; `command` makes a parser of a name and a text."""
    monitor = command(
        "monitor", "raise alarms on runs: limits, EWMA, CUSUM, principal components; judge them by the fault labels"
    )
    monitor.add_argument("runs", nargs="*", metavar="RUN", help="run files (.h5) to look at")
    monitor.add_argument("--with", dest="monitors", metavar="FILE", help="a file with monitors: (default: the run's)")
    monitor.add_argument("--train", nargs="+", default=[], metavar="RUN", help="clean runs to learn from")
    monitor.add_argument("--model", metavar="FILE", help="what was learned before, in place of --train")
    monitor.add_argument("--save", metavar="FILE", help="write what was learned (.json), which must not exist")
    monitor.add_argument(
        "--acknowledge", metavar="TIME", help="how long after an alarm somebody acknowledges it (default: never)"
    )
    monitor.add_argument(
        "--grace", default="0 s", metavar="TIME", help="time after a fault in which alarms are of it (default: none)"
    )
    monitor.add_argument("--out", metavar="FILE", help="the file to write (default: <run>.monitor.h5 beside each run)")
    monitor.add_argument("--json", action="store_true", help="one JSON object on standard output")
