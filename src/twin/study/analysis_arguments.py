"""Command lines of the analyses: imports nothing that takes time, since `twin --help` shows them."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add `twin analyse`, `twin optimise`, `twin explore` and `twin estimate`."""
    analyse = command("analyse", "say what a study found: surfaces, sensitivities, capability, design space")
    analyse.add_argument("file", metavar="STUDY", help="the file of a study")
    analyse.add_argument(
        "--response", action="append", default=[], metavar="NAME", help="only this response (may be repeated)"
    )
    analyse.add_argument(
        "--uncertain",
        action="append",
        default=[],
        metavar="FACTOR",
        help="a factor that nobody chooses: the design space is over the others (may be repeated)",
    )
    analyse.add_argument(
        "--level", type=float, metavar="P", help="probability of the design space (default: the study's, or 0.95)"
    )
    _output(analyse)

    optimise = command("optimise", "find the best factors within a number of runs")
    optimise.add_argument("file", metavar="FILE", help="a study's YAML with a section optimise:")
    _searching(optimise)

    explore = command("explore", "find where all limits are met, by runs that go to where that is undecided")
    explore.add_argument("file", metavar="FILE", help="a study's YAML with a section explore:")
    _searching(explore)

    estimate = command("estimate", "estimate parameters from data files, and how well the data determine them")
    estimate.add_argument("file", metavar="FILE", help="an estimation's YAML: experiments, their data, parameters")
    _running(estimate)


def _searching(command: argparse.ArgumentParser) -> None:
    command.add_argument("--runs", metavar="STUDY", help="keep all runs, too, as the file of a study (.h5)")
    _running(command)


def _running(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--resume", action="store_true", help="go on with the runs that were finished before it stopped"
    )
    command.add_argument("--quiet", action="store_true", help="no progress")
    command.add_argument("--workers", type=int, default=0, metavar="N", help="threads (default: one a core)")
    _output(command)


def _output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", metavar="PAGE", help="write a page with tables and pictures (.html)")
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")
