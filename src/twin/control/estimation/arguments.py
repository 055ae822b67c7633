"""What may be typed behind `twin replay`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add `twin replay`; `command` makes a parser of a name and a text."""
    replay = command(
        "replay", "replay a plant's record through an estimator of a scenario: what nobody measured, and what drifts"
    )
    replay.add_argument("scenario", metavar="SCENARIO", help="a name in scenarios/ or a file, with estimators:")
    replay.add_argument("data", metavar="DATA", help="a CSV file: a line of names, then numbers")
    replay.add_argument(
        "--map", required=True, metavar="FILE", help="which sensor or input each column is (YAML, as of twin compare)"
    )
    replay.add_argument("--estimator", metavar="TAG", help="which one, where the scenario has several")
    replay.add_argument(
        "--out", metavar="FILE", help="the file to write (default: runs/<scenario>-replay-<utc>-<id>.h5)"
    )
    replay.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="replace a value, as for twin run"
    )
    replay.add_argument("--json", action="store_true", help="one JSON object on standard output")
