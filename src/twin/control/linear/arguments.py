"""What may be typed behind `twin linearise`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the commands of linear systems to the command line."""
    linearise = command(
        "linearise", "give a plant as a linear system about one of its states, and what follows from it"
    )
    linearise.add_argument("name", metavar="PLANT", help="a plant, a scenario, or a run file (.h5)")
    linearise.add_argument(
        "--at", metavar="TIME", help="plant time, e.g. 6h, or steady (default: steady; of a run, its end)"
    )
    linearise.add_argument(
        "--inputs", nargs="+", default=[], metavar="TAG", help="signal inlets, setpoints, feeds, parameters"
    )
    linearise.add_argument("--outputs", nargs="+", default=[], metavar="TAG", help="measurements, states, streams")
    linearise.add_argument(
        "--loops",
        nargs="+",
        default=[],
        metavar="NAME",
        help="open these controllers' loops: what they move are inputs, what they measure outputs",
    )
    linearise.add_argument("--open", nargs="+", default=[], metavar="NAME", help="open these controllers' loops, too")
    linearise.add_argument("--reduce", type=int, metavar="N", help="reduce to N states by balanced truncation")
    linearise.add_argument("--hankel", action="store_true", help="Hankel singular values, also where that takes long")
    linearise.add_argument("--out", metavar="FILE", help="write the system: .mat for MATLAB, .npz for NumPy")
    linearise.add_argument("--plot", metavar="FILE", help="draw step and frequency responses: .svg, .pdf or .png")
    linearise.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="replace a value, as for twin run"
    )
    linearise.add_argument("--json", action="store_true", help="one JSON object on standard output")
