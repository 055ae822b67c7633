"""`twin replay`."""

from __future__ import annotations

import json
import math
import sys
from argparse import Namespace
from typing import Any

from twin.control.estimation.filter import Alarm, Filter
from twin.control.estimation.replay import Replayed
from twin.control.estimation.seen import Seen, seen, warnings
from twin.progress import clock


def replay(arguments: Namespace) -> int:
    """Replay, and say what came of it."""
    from twin.control.estimation.replay import replay as carry_out

    found = carry_out(
        arguments.scenario, arguments.data, arguments.map, arguments.out, name=arguments.estimator, set=arguments.set
    )
    ok = found.outcome == "finished"
    result = {"ok": ok, "exit_code": 0 if ok else 1, **as_dict(found)}
    if arguments.json:
        sys.stdout.write(json.dumps(result, allow_nan=False) + "\n")
    else:
        _print(result)
    return 0 if ok else 1


def as_dict(found: Replayed) -> dict[str, Any]:
    """Give a replay ready for JSON."""
    one, record = found.filter, found.record
    return {
        "file": str(found.path),
        "content_hash": found.content_hash,
        "outcome": found.outcome,
        "message": found.message,
        "record": {"file": str(record.path), "sha256": record.sha256, "rows": len(record.time)},
        "missing": record.gaps,
        "beyond": record.beyond,
        **consistency(one),
        "uncertain": [_row(one, k, row) for k, row in enumerate(seen(one))],
        "estimates": _estimates(one),
        "alarms": [_alarm(alarm) for alarm in one.alarms],
        "false_alarms_s": one.spec.false_alarms,
        "warnings": warnings(one, found.message),
    }


def consistency(one: Filter) -> dict[str, Any]:
    """Mean of the normalised innovations squared per reading, and between which 95 % lie if the model is right."""
    from twin.control.linear.needs import library

    looks = [look for look in one.looks if math.isfinite(look.nis)]
    count = int(sum(look.used.sum() for look in looks))
    refused = int(sum((~look.used & (look.read == look.read)).sum() for look in one.looks))
    if not count:
        return {"readings": 0, "not_used": refused, "nis": None, "nis_from": None, "nis_to": None}
    low, high = library("scipy.stats").chi2.ppf([0.025, 0.975], count) / count
    mean = float(sum(look.nis for look in looks)) / count
    return {"readings": count, "not_used": refused, "nis": mean, "nis_from": float(low), "nis_to": float(high)}


def _row(one: Filter, k: int, row: Seen) -> dict[str, Any]:
    return {
        "what": row.what,
        "first": float(one.looks[0].values[k]),
        "last": float(one.looks[-1].values[k]),
        "sd": row.sd,
        "sd_unread": row.unread,
        "told": row.told,
        "not_told_from": row.partner,
        "correlation": row.correlation,
    }


def _estimates(one: Filter) -> list[dict[str, Any]]:
    if not one.looks:
        return []
    names, last = [*(m.tag for m in one.spec.measured), *one.spec.estimates], one.looks[-1]
    return [
        {"tag": name, "last": float(value), "sd": float(sd)}
        for name, value, sd in zip(names, last.estimates, last.estimate_sds, strict=True)
    ]


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {name: getattr(alarm, name) for name in alarm.__dataclass_fields__}


def said(alarm: Alarm) -> str:
    """Say an alarm in a sentence."""
    when = f"{clock(alarm.time)} (since {clock(alarm.since)})"
    way = "upwards" if alarm.direction > 0 else "downwards"
    match alarm.kind:
        case "drift" | "bias":
            return f"{when}: {alarm.what} drifts {way} beyond its drift:, to {alarm.value:.4g} ± {alarm.sd:.2g}"
        case "change":
            return f"{when}: {alarm.what} is no longer what it was, {way}, to {alarm.value:.4g} ± {alarm.sd:.2g}"
        case "sensor":
            return f"{when}: {alarm.what} reads {way} of what is expected, by {alarm.value:.3g}, again and again"
    return f"{when}: innovations are larger than the model explains ({alarm.value:.3g}, at most {alarm.sd:.3g})"


def _print(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from twin.tables import title_of

    console = Console(width=max(Console().width, 80))
    console.print(Text(f"{result['file']}: {result['outcome']}, {result['message']}", style="bold"))
    for key, word in (("missing", "missing"), ("beyond", "beyond the limits of the sensor")):
        for tag, count in result[key].items():
            console.print(Text(f"{tag}: {count} values {word}"))
    if result["nis"] is not None:
        bounds = f"{result['nis_from']:.3f} to {result['nis_to']:.3f}"
        console.print(f"normalised innovation squared per reading: {result['nis']:.3f} (95 % of means: {bounds})")
    for title, rows, first in (
        ("Uncertain, in SI", result["uncertain"], "what"),
        ("Estimates", result["estimates"], "tag"),
    ):
        table = Table(title=title_of(title), box=None, pad_edge=False, title_justify="left")
        heads = ("at first", "at last", "± sd", "unread ±") if first == "what" else ("at last", "± sd")
        for head in (first, *heads):
            table.add_column(head, justify="left" if head == first else "right")
        for row in rows:
            numbers = [row[key] for key in ("first", "last", "sd", "sd_unread") if key in row]
            table.add_row(Text(row[first]), *(f"{n:.5g}" for n in numbers))
        console.print(table)
    for said_ in result["warnings"]:
        console.print(Text(said_, style="yellow"))
    for alarm in result["alarms"]:
        console.print(Text(said(Alarm(**alarm)), style="red"))
    if not result["alarms"]:
        console.print(f"no alarm (each test cries wolf once in {clock(result['false_alarms_s'])})")
