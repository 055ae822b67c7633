"""What may be typed behind `twin loops`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the commands of control loops to the command line."""
    loops = command(
        "loops", "list the control loops of a plant and what is wrong with them; of a run, how well they held"
    )
    loops.add_argument("name", metavar="NAME", help="a plant, a scenario, or a run file (.h5)")
    loops.add_argument(
        "--beside", metavar="RUN", help="a run to compare with, e.g. the same loops continuous: greatest differences"
    )
    loops.add_argument("--json", action="store_true", help="one JSON object on standard output")
