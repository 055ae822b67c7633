"""Tables on standard output: plans and the library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from twin.progress import clock

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec
    from twin.schedule.segments import Condition, Segment


def show_plan(
    scenario: ScenarioSpec, plan: Sequence[Segment], guarded: Sequence[Condition], end: float, rows: int
) -> None:
    """Print the segments of a scenario and what guards may add; at most `rows` (0: all)."""
    console = terminal()
    plant = scenario.plant
    console.print(Text(f"{scenario.name}: {scenario.title}"))
    console.print(
        Text(
            f"plant {plant.name} ({len(plant.units)} units), {clock(end)} in {len(plan)} segments,"
            f" {scenario.method} at rtol {scenario.rtol:g}, recorded every {scenario.record_every:g} s\n"
        )
    )
    table = table_of("#", "start", "end", "length", "what starts it")
    for i, segment in enumerate(plan):
        if rows and i >= rows - 1 and len(plan) > rows:
            table.add_row("…", "", "", "", f"{len(plan) - i} more; --rows 0 prints all")
            break
        causes = "\n".join(segment.causes) or ("start" if i == 0 else "")
        length = clock(segment.end - segment.start)
        table.add_row(str(i + 1), clock(segment.start), clock(segment.end), length, Text(causes))
    console.print(table)
    if guarded:
        console.print(Text("\nWhenever a guard says so:"))
        table = table_of("guard", "when it", "what it does")
        for condition in guarded:
            table.add_row(Text(condition.guard), condition.direction, Text("\n".join(condition.causes)))
        console.print(table)


def show_library(models: Sequence[dict[str, Any]]) -> None:
    """Print the list of unit operations."""
    console = terminal()
    table = table_of("model", "what it is", "in", "out")
    for model in models:
        ports = {way: ", ".join(p["name"] for p in model["ports"] if p["direction"] == way) for way in ("in", "out")}
        table.add_row(Text(model["name"]), Text(model["summary"]), Text(ports["in"]), Text(ports["out"]))
    console.print(table)
    console.print(Text("\ntwin models NAME prints one with its ports, parameters and states."))


def show_model(model: dict[str, Any]) -> None:
    """Print one unit operation: description, ports and tables."""
    console = terminal()
    console.print(Text(f"{model['name']}\n\n{model['description']}\n"), soft_wrap=True)
    table = table_of("port", "", "carries", "meaning")
    for port in model["ports"]:
        carries = f"{port['carries']} [{port['unit']}]" if port["unit"] else port["carries"]
        meaning = port["meaning"] + (" (may stay unconnected)" if port["optional"] else "")
        table.add_row(Text(port["name"]), port["direction"], Text(carries), Text(meaning))
    console.print(table)
    for heading, rows in model["tables"].items():
        table = table_of(heading, "unit", "meaning", "")
        for row in rows:
            shape = f"[{', '.join(row['dimensions'])}]" if "dimensions" in row else ""
            table.add_row(Text(row["name"] + shape), Text(row["unit"]), Text(row["meaning"]), Text(notes(row)))
        console.print()
        console.print(table)


def notes(row: dict[str, Any]) -> str:
    """What is to be said of a quantity beside unit and meaning: default, range, choices, where it comes from."""
    said = []
    if "default" in row:
        said.append(f"default {row['default']}")
    if "range" in row:
        said.append(f"{row['range'][0]:g} to {row['range'][1]:g}")
    if "choices" in row:
        said.append(" | ".join(row["choices"]))
    if "filled_from" in row:
        said.append(f"from {row['filled_from']}")
    if row.get("ends_the_run"):
        said.append("the run ends where it rises above zero")
    return "; ".join(said)


def terminal() -> Console:
    """Rich, but with nothing read from the text as markup or numbers to colour."""
    return Console(highlight=False, markup=False)


def title_of(text: str, style: str = "table.title") -> Text:
    """Make a title that stays on one line: a plain one is broken where its table is narrower than it."""
    return Text(text, style, no_wrap=True, overflow="ignore")


def table_of(*headings: str) -> Table:
    """Make a bare table with these headings."""
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for i, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=i == 0)
    return table
