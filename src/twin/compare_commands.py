"""What `twin compare` does, and how it looks on the screen."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import UsageError
from twin.progress import clock

if TYPE_CHECKING:
    from rich.table import Table


def compare(arguments: Namespace) -> int:
    """`twin compare A B`, `twin compare RUN data.csv --map tags.yaml`"""
    from twin.results.reader import open_run

    run = open_run(arguments.file)
    if arguments.map is None:
        if arguments.out is not None:
            raise UsageError("--out writes residuals of data: it needs data and --map FILE")
        if Path(arguments.other).suffix.lower() in (".csv", ".tsv", ".txt"):
            raise UsageError(f"{arguments.other} holds data: --map FILE says which tag each column is measured of")
        from twin.compare import compare as compare_runs

        result = compare_runs(run, open_run(arguments.other))
        draw = _runs
    else:
        from twin.compare_data import compare_with_data, read_data, read_map

        plan = read_map(arguments.map, run)
        found = compare_with_data(run, read_data(arguments.other, plan), plan)
        if arguments.out is not None:
            from twin.compare_plot import write_plot

            write_plot(Path(arguments.out), found)
        result = found.summary()
        draw = _data
    if arguments.json:
        sys.stdout.write(json.dumps({"ok": True, "exit_code": 0, **result}, allow_nan=False) + "\n")
        return 0
    draw(result, arguments.rows)
    if arguments.out is not None:
        sys.stdout.write(f"\nwrote {arguments.out}\n")
    return 0


def _runs(result: dict[str, Any], most: int) -> None:
    """Print how two runs differ."""
    from rich.console import Console
    from rich.text import Text

    console = Console(width=max(Console().width, 80))
    for side in ("a", "b"):
        head = result[side]
        text = f"{side}  {head['file']}: {head['scenario']} on {head['plant']}, {head['outcome']}"
        console.print(Text(f"{text} at {clock(head['reached_s'])}", style="bold"))
        if "fork" in head:
            fork = head["fork"]
            changes = "; ".join(fork["set"].split("\n")) or "nothing changed"
            console.print(Text(f"   forked from {fork['parent_file']} at {clock(fork['at'])}: {changes}"))
    if result["same"]:
        console.print("\nThe same content, bit for bit.")
        return
    rows = result["configuration"]
    table = _table("Configuration", "", "a", "b")
    for row in _some(table, rows, most):
        table.add_row(*(Text(text) for text in (row["path"], _short(row["a"]), _short(row["b"]))))
    _print(console, table, rows, "Configuration: the same")
    _print_events(console, result["events"], most)
    rows = result["figures"]
    table = _table("Key figures", "", "a", "b", "change")
    for row in _some(table, rows, most):
        table.add_row(Text(row["name"]), *(_number(row[key]) for key in ("a", "b", "change")))
    _print(console, table, rows, "Key figures: the same")
    rows = result["tags"]
    table = _table("Results that differ most", "", "unit", "largest", "relative", "at", "final a", "final b")
    for row in _some(table, rows, most):
        numbers = [_number(row["largest"]), _number(row["relative"], 2), clock(row["at_s"])]
        table.add_row(Text(row["tag"]), row["unit"], *numbers, _number(row["final_a"], 6), _number(row["final_b"], 6))
    _print(console, table, rows, "Results: the same at all times that both recorded")
    for side in ("a", "b"):
        if result["only"][side]:
            console.print(Text(f"\nonly in {side}: {', '.join(result['only'][side])}"))


def _print_events(console: Any, events: dict[str, Any], most: int) -> None:
    from rich.text import Text

    lines = [(f"only {side}", row) for side in ("a", "b") for row in events[f"only_{side}"]]
    lines += [("value a", pair["a"]) for pair in events["other_values"]]
    table = _table(f"Events: {events['a']} in a, {events['b']} in b", "", "at", "what", "new value", "why")
    for what, row in _some(table, lines, most):
        words = (f"{row['kind']} {row['path']}", _number(row["new"]), row["cause"])
        table.add_row(what, clock(row["time"]), *(Text(word) for word in words))
    _print(console, table, lines, f"Events: the same {events['a']}, in the same order")
    if events["moved"]:
        a, b = events["furthest"]["a"], events["furthest"]["b"]
        moved = f"{events['moved']} at other times; the furthest, '{a['cause']}', at {a['time']:.6g} s in a,"
        console.print(Text(f"{moved} at {b['time']:.6g} s in b"))


def _data(result: dict[str, Any], most: int) -> None:
    """Print how a run compares with data."""
    from rich.console import Console
    from rich.text import Text

    console = Console(width=max(Console().width, 80))
    console.print(Text(f"{result['run']} beside {result['data']}: residuals are run minus data", style="bold"))
    shift, how = result["shift_s"], "estimated" if result["estimated"] else "given"
    console.print(Text(f"data set {abs(shift):.6g} s {'later' if shift >= 0.0 else 'earlier'} ({how})"))
    if result["at_the_edge"]:
        console.print(Text("the estimate lies at the edge of what was searched: see `within:`", style="red"))
    table = _table("", "", "unit", "n", "missing", "outside", "bias", "RMSE", "largest", "at", "covered")
    for row in _some(table, result["tags"], most):
        covered = "–" if row["coverage"] is None else f"{100.0 * row['coverage']:.4g} %"
        at = "–" if row["at_s"] is None else clock(row["at_s"])
        counts = (str(row[key]) for key in ("n", "missing", "outside"))
        numbers = (_number(row[key]) for key in ("bias", "rmse", "largest"))
        table.add_row(Text(row["tag"]), row["unit"], *counts, *numbers, at, covered)
    console.print(table)


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    from twin.tables import title_of

    head = title_of(f"\n{title}", "bold") if title else None
    table = Table(title=head, title_justify="left", pad_edge=False, box=None)
    for i, column in enumerate(columns):
        table.add_column(column, overflow="fold", justify="left" if i == 0 else "right")
    return table


def _some(table: Table, rows: list[Any], most: int) -> list[Any]:
    if most and len(rows) > most:
        table.caption, table.caption_justify = f"{len(rows) - most} more; --rows 0 prints all", "left"
        return rows[:most]
    return rows


def _print(console: Any, table: Table, rows: list[Any], otherwise: str) -> None:
    console.print(table if rows else f"\n{otherwise}")


def _number(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value + 0.0:.{digits}g}"


def _short(value: Any) -> str:
    if value is None:
        return "–"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
