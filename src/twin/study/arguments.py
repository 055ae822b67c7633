"""Command line of studies: imports nothing that takes time, since `twin --help` shows it."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add `twin study` and `twin dataset`; `command` makes a parser of a name and a text."""
    study = command(
        "study", "run a scenario over a design of factors into one file; go on with a study that was stopped"
    )
    study.add_argument("file", metavar="STUDY", help="a YAML file")
    study.add_argument("--out", metavar="FILE", help="the file to write (default: runs/<study>-<utc>-<id>.h5)")
    study.add_argument("--resume", action="store_true", help="go on with the runs that were finished before it stopped")
    study.add_argument("--workers", type=int, metavar="N", help="threads (default: as many as cores)")
    study.add_argument("--cluster", metavar="ADDRESS", help="make the runs on a Dask scheduler, e.g. tcp://head:8786")
    study.add_argument("--keep-going", action="store_true", help="go on even when the first runs all fail")
    study.add_argument("--check", action="store_true", help="say what would be run, and stop")
    study.add_argument("--row", type=int, metavar="N", help="make run N alone, into a run file with all its tags")
    study.add_argument("--json", action="store_true", help="one JSON object on standard output")
    study.add_argument("--quiet", action="store_true", help="no progress")

    dataset = command("dataset", "make labelled runs of a study into a data set for machine learning, or verify one")
    dataset.add_argument("file", metavar="STUDY", help="a study's YAML with a section dataset:")
    dataset.add_argument("--out", metavar="FOLDER", help="the folder to make (default: runs/<study>-dataset)")
    dataset.add_argument("--verify", metavar="FOLDER", help="make it again and compare with the one in this folder")
    dataset.add_argument("--workers", type=int, default=0, metavar="N", help="threads (default: one a core)")
    dataset.add_argument("--json", action="store_true", help="one JSON object on standard output")
    dataset.add_argument("--quiet", action="store_true", help="no progress")
