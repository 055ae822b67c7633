"""What may be typed behind `twin linearise` and `twin tune`."""

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

    tune = command("tune", "tune controllers on the twin: experiments, identification, rules, optimisation, margins")
    tune.add_argument("scenario", metavar="SCENARIO", help="a name in scenarios/ or a file")
    tune.add_argument("loops", nargs="+", metavar="LOOP", help="controllers, e.g. TIC-101")
    tune.add_argument("--at", metavar="TIME", help="where experiments begin: a plant time, or steady (default: steady)")
    tune.add_argument(
        "--rule",
        default="simc",
        choices=("simc", "imc", "zn", "cohen-coon", "amigo"),
        help="rule whose settings are taken, or begun with (default: %(default)s)",
    )
    tune.add_argument("--pid", action="store_true", help="rules give derivative action, too (controllers: model: pid)")
    tune.add_argument("--relay", action="store_true", help="a relay experiment as well")
    tune.add_argument(
        "--delay",
        default="30 s",
        metavar="TIME",
        help="allowed for sensor, scan and valve beside what the plant has (default: %(default)s)",
    )
    tune.add_argument("--optimise", action="store_true", help="go on from the rule's settings, all loops together")
    tune.add_argument(
        "--objective", default="itae", choices=("itae", "iae", "ise", "cost"), help="(default: %(default)s)"
    )
    tune.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="TAG=NUMBER",
        help="of --objective cost: what a measurement, signal or stream costs in SI and second (a flow: by the kg; a"
        " power: by the J); below zero it earns; may be repeated",
    )
    tune.add_argument("--also", nargs="+", default=[], metavar="SCENARIO", help="further scenarios to be good in")
    tune.add_argument("--test", nargs="+", default=[], metavar="SCENARIO", help="scenarios to judge by, not tuned on")
    tune.add_argument(
        "--case",
        action="append",
        default=[],
        metavar="PATH=VALUE,…",
        help="values that the plant may have, too: the worst of all cases counts; may be repeated",
    )
    tune.add_argument("--Ms", type=float, default=2.0, help="largest sensitivity allowed (default: %(default)s)")
    tune.add_argument("--trials", type=int, default=120, metavar="N", help="of the search (default: %(default)s)")
    tune.add_argument("--out", metavar="FILE", help="write the settings as a YAML patch for a scenario")
    tune.add_argument("--plot", metavar="FILE", help="draw experiments and errors: .svg, .pdf or .png")
    tune.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="replace a value, as for twin run"
    )
    tune.add_argument("--json", action="store_true", help="one JSON object on standard output")
    tune.add_argument("--quiet", action="store_true", help="no progress")
