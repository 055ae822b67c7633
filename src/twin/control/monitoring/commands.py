"""What `twin monitor` does."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twin.control.monitoring.alarms import Alarm
from twin.control.monitoring.judge import together
from twin.control.monitoring.session import Watched
from twin.control.monitoring.training import EMPTY, Trained, read_trained, train
from twin.errors import UsageError
from twin.units import UnitError, parse_quantity


def monitor(arguments: Namespace) -> int:
    """`twin monitor RUN…`"""
    from twin.control.monitoring.file import monitor_path, write
    from twin.control.monitoring.session import monitors_of, watch
    from twin.results.files import FileProblem
    from twin.results.reader import open_run

    if arguments.train and arguments.model:
        raise UsageError("--train learns anew, --model takes what was learned: give one of them")
    if arguments.out and len(arguments.runs) > 1:
        raise UsageError("--out names one file: with several runs each has its own beside it")
    if not arguments.runs and not (arguments.train and arguments.save):
        raise UsageError("name runs to look at, or learn from clean ones with --train RUN… --save FILE")
    grace, response = _time(arguments, "grace"), _time(arguments, "acknowledge")
    clean = [open_run(name) for name in arguments.train]
    runs = [open_run(name) for name in arguments.runs]
    trained: Trained = EMPTY
    if arguments.model:
        trained = read_trained(Path(arguments.model))
    elif clean:
        trained = train(monitors_of((runs or clean)[0], arguments.monitors), clean)
    if arguments.save:
        place = Path(arguments.save)
        try:
            with place.open("x", encoding="utf-8") as file:
                file.write(trained.text())
        except FileExistsError:
            raise FileProblem(f"{place} exists; what was learned is never overwritten") from None
    found, paths = [], []
    for run in runs:
        one = watch(run, monitors_of(run, arguments.monitors), trained, response=response, grace=grace or 0.0)
        found.append(one)
        paths.append(write(one, trained, Path(arguments.out) if arguments.out else monitor_path(run.path)))
    if arguments.json:
        told = {"ok": True, "exit_code": 0, "trained_on": list(trained.runs), **as_json(found)}
        for row, path in zip(told["runs"], paths, strict=True):
            row["file"] = str(path)
        sys.stdout.write(json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        tell(found)
        for path in paths:
            sys.stderr.write(f"{path}\n")
    return 0


def _time(arguments: Namespace, name: str) -> float | None:
    text = getattr(arguments, name)
    if text is None:
        return None
    try:
        value = parse_quantity(text, "s")
    except UnitError as error:
        raise UsageError(f"--{name}: {error}") from error
    if value < 0.0:
        raise UsageError(f"--{name}: a time cannot be negative")
    return value


def as_json(found: Sequence[Watched]) -> dict[str, Any]:
    """Give all of it but the statistics."""
    return {
        "runs": [
            {
                "run": str(one.run.path),
                "alarms": [alarm_json(alarm) for alarm in one.alarms],
                "load": one.load.plain(),
                "faults": one.verdict.rows(),
                "verdict": one.verdict.plain(),
            }
            for one in found
        ],
        "together": together([one.verdict for one in found]).plain(),
        "each": {name: verdict.plain() for name, verdict in _each(found).items()},
    }


def alarm_json(alarm: Alarm) -> dict[str, Any]:
    """Give an alarm as JSON has it."""
    return {
        key: None if isinstance(value, float) and value != value else value
        for key, value in {**asdict(alarm), "state": alarm.state}.items()
    }


def _each(found: Sequence[Watched]) -> dict[str, Any]:
    names = dict.fromkeys(name for one in found for name in one.each)
    return {name: together([one.each[name] for one in found if name in one.each]) for name in names}


def tell(found: Sequence[Watched]) -> None:
    """Print tables."""
    from rich.text import Text

    from twin.progress import clock
    from twin.tables import table_of, terminal

    console = terminal()
    for one in found:
        load = one.load
        console.print(Text(f"{one.run.path}: {load.alarms} alarms in {load.hours:.4g} h"))
        if one.alarms:
            table = table_of("raised", "monitor", "priority", "cause", "acknowledged", "returned", "state")
            for a in one.alarms:
                times = [clock(value) if value == value else "" for value in (a.acknowledged, a.returned)]
                row = (clock(a.raised), Text(f"{a.monitor} {a.kind}"), a.priority, Text(a.cause))
                table.add_row(*row, *times, a.state)
            console.print(table)
            console.print(
                Text(
                    f"in 10 min: {load.per_10_min:.3g} on average, {load.peak_10_min} at most; {load.floods} floods "
                    f"({load.flood_minutes:g} min); {load.standing_peak} standing at once, {load.standing_end} at the "
                    f"end, {load.unacknowledged_end} unacknowledged; stale {load.stale}, fleeting {load.fleeting}"
                    + (f"; chattering: {', '.join(load.chattering)}" if load.chattering else "")
                )
            )
        for d in one.verdict.detections:
            said = "missed" if d.missed else f"told after {d.delay:.4g} s by {d.by} ({d.tag})"
            console.print(Text(f"fault '{d.label}' at {d.where or 'no place'} from {clock(d.start)}: {said}"))
    if not found:
        return
    table = table_of("monitor", "faults", "missed", "median delay", "false alarms", "a day")
    whole = together([one.verdict for one in found])
    for name, verdict in [*_each(found).items(), ("together", whole)]:
        plain = verdict.plain()
        delay = "" if plain["median_delay_s"] is None else f"{plain['median_delay_s']:.4g} s"
        rate = "" if plain["false_alarms_per_day"] is None else f"{plain['false_alarms_per_day']:.3g}"
        table.add_row(Text(name), str(plain["faults"]), str(plain["missed"]), delay, str(verdict.false_alarms), rate)
    console.print(table)
