"""What `twin run --resume` and `twin run --from` do, and the offer to resume what was killed."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.run import RunResult

#: Options of `twin run` that belong to a run from the start.
FRESH = {"scenario": "SCENARIO", "solver": "--solver", "rtol": "--rtol", "no_table": "--no-table"}
#: Those that a run has that is forked, and not resumed.
FORKED = {"parent": "--from", "at": "--at", "out": "--out", "until": "--until", "set": "--set"}


def go_on(arguments: Namespace) -> RunResult:
    """Resume or fork, as the command line says."""
    from twin.again import fork, resume
    from twin.progress import shown

    if arguments.resume is not None:
        _refuse(arguments, {**FRESH, **FORKED}, "--resume", "the run goes on as it was begun")
        with shown(arguments.quiet) as progress:
            return resume(arguments.resume or _newest(), parallel=True, progress=progress)
    _refuse(arguments, FRESH, "--from", "a fork takes them from its parent")
    with shown(arguments.quiet) as progress:
        return fork(
            arguments.parent,
            arguments.at,
            arguments.out,
            set=arguments.set,
            until=arguments.until,
            parallel=True,
            progress=progress,
        )


def offer(name: str, out: str | None) -> None:
    """Say which killed runs of a scenario, or of a file's name, can be resumed."""
    from twin.progress import clock
    from twin.results.log import SUFFIX, reached
    from twin.results.past import leftovers

    folder, begins = (Path("runs"), f"{name}-") if out is None else (Path(out).parent, f"{Path(out).name}.")
    for path in leftovers(folder, begins)[:1]:
        partial = path.with_name(path.name.removesuffix(SUFFIX))
        text = f"a run was killed at {clock(reached(path))}; to go on with it instead: twin run --resume {partial}\n"
        sys.stderr.write(text)


def _refuse(arguments: Namespace, options: dict[str, str], chosen: str, why: str) -> None:
    given = [option for name, option in options.items() if getattr(arguments, name) not in (None, False, [])]
    if given:
        raise UsageError(f"{chosen} goes without {', '.join(given)}: {why}")


def _newest() -> Path:
    from twin.results.files import FileProblem
    from twin.results.log import SUFFIX
    from twin.results.past import leftovers

    found = leftovers(Path("runs"), "")
    if not found:
        raise FileProblem("there is no killed run in ./runs; name the partial file: twin run --resume FILE.h5.partial")
    return found[0].with_name(found[0].name.removesuffix(SUFFIX))
