"""What a run achieved, as data (`twin report --json`) and as tables for people."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.results.balances import Balances, Limit
from twin.results.factors import factor_lines, factors_of
from twin.results.kpi import Flows, duties_of, holdups_of, pmi_of, quality_of, read_kpi, yield_of
from twin.results.reader import Run

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


#: Narrowest page, in characters, on which every number keeps its digits and every name its column.
WIDTH = 80


def report(run: Run) -> dict[str, Any]:
    """Summarise a run.

    Parameters
    ----------
    run : Run
        Finished or not.

    Returns
    -------
    dict
        Of plain numbers and texts, ready for JSON; None stands for what the plant does not define,
        and for what is not finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # numbers of a run that failed may be too large to be added up
        found: dict[str, Any] = _finite(_summary(run))
    return found


def _finite(value: Any) -> Any:
    """Put None for what is no finite number, however deep: JSON has no word for it."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _summary(run: Run) -> dict[str, Any]:
    kpi, flows = read_kpi(run), Flows(run)
    span = float(run.time[-1] - run.time[0]) if run.rows else 0.0
    return {
        "file": str(run.path),
        "scenario": run.attrs["scenario"],
        "plant": run.attrs["plant"],
        "outcome": run.outcome,
        "outcome_message": run.outcome_message,
        "simulated_s": span,
        "rows": run.rows,
        "events": len(run.events),
        "alarms": [row.text for row in run.alarms],
        "feeds": flows.table("feed"),
        "products": flows.table("product"),
        "product": kpi.product or None,
        "yield": yield_of(run, kpi, flows),
        "pmi": pmi_of(kpi, flows),
        "quality": [quality_of(run, kpi, flows, limits) for limits in run.quality if _recorded(run, limits.tag)],
        "holdup": holdups_of(run),
        "utilities": duties_of(run),
        "factors": factors_of(run, kpi, flows),
        "balances": _balances(run.balances) if run.rows else [],
        "closure": Limit.of(run.attrs)._asdict(),
        "solver": run.statistics,
        "session": run.provenance["session"],
        "content_hash": run.attrs.get("content_hash"),
    }


def render(summary: dict[str, Any]) -> RenderableType:
    """Lay a report out for a terminal: `rich.print(render(report(run)))`.

    Made for `WIDTH` columns and more; narrower ones would cut digits off numbers.
    """
    from rich.console import Group
    from rich.text import Text

    head = Text(f"{summary['scenario']} on {summary['plant']}: {summary['outcome_message']}", style="bold")
    hours = summary["simulated_s"] / 3600.0
    line = Text(f"{hours:.4g} h simulated, {summary['rows']} rows, {summary['events']} events · {summary['file']}")
    parts: list[Any] = [head, line, *(Text(f"alarm: {text}", style="red") for text in summary["alarms"])]
    parts += [_flow_table(summary), _merit(summary)]
    for make in (_quality_table, _holdup_table, _duty_table, _balance_table, _solver_table):
        table = make(summary)
        if table is not None:
            parts.append(table)
    if summary["factors"] is not None:
        table = _table("\nFactors", "", "utility", "GJ", "EUR", "kg CO2")
        sentence = factor_lines(summary["factors"], table)
        parts += [table, Text("\n" + sentence)]
    return Group(*parts)


def _recorded(run: Run, tag: str) -> bool:
    return tag.partition("[")[0] in run.tags


def _balances(balances: Balances) -> list[dict[str, Any]]:
    return [{"name": b.name, "unit": b.unit, **b.measures, "closes": balances.closes(b)} for b in balances.all]


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="bold", pad_edge=False, box=None, collapse_padding=True
    )
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", no_wrap=i > 0, overflow="fold")
    return table


def _flow_table(summary: dict[str, Any]) -> Table:
    table = _table("\nThroughput", "", "", "kg", "kg/h", "kg/h, last hour")
    for role in ("feeds", "products"):
        for name, row in summary[role].items():
            rates = (row["mass_kg"], row["mean_kg_per_h"], row["last_kg_per_h"])
            table.add_row(name, role[:-1], *(_number(v) for v in rates))
    return table


def _merit(summary: dict[str, Any]) -> Any:
    from rich.text import Text

    parts = []
    made = summary["yield"]
    if made is not None and made["yield"] is not None:
        parts.append(
            f"yield of {made['api']} in {made['product']} {100.0 * made['yield']:.2f} % "
            f"({_number(made['api_out_kg'])} of {_number(made['theoretical_kg'])} kg)"
        )
    if summary["pmi"] is not None:
        parts.append(f"PMI {summary['pmi']:.4g} kg fed, gases and water included, per kg of product")
    if not parts and summary["product"]:
        parts.append(f"no yield yet: nothing has left as {summary['product']}")
    return Text("\n" + ("; ".join(parts) or "no yield: the plant names no product (`kpi:`)"))


def _quality_table(summary: dict[str, Any]) -> Table | None:
    if not summary["quality"]:
        return None
    columns = ("", "", "low", "mean", "high", "min", "max", "inside", "out")
    table = _table("\nQuality, moving averages while producing", *columns)
    for row in summary["quality"]:
        inside = f"{100.0 * row['inside']:.4g} %" if "inside" in row else "no product"
        numbers = [_number(row.get(key)) for key in ("low", "mean", "high", "min", "max")]
        unit = "" if row["unit"] == "1" else row["unit"]
        table.add_row(row["tag"], unit, *numbers, inside, _number(row.get("excursions")))
    return table


def _holdup_table(summary: dict[str, Any]) -> Table | None:
    if not summary["holdup"]:
        return None
    table = _table("\nHoldup at the end", "", "fluids kg", "solids kg", "most kg")
    for unit, row in summary["holdup"].items():
        table.add_row(unit, *(_number(row.get(key)) for key in ("fluids_kg", "solids_kg", "most_kg")))
    return table


def _duty_table(summary: dict[str, Any]) -> Table | None:
    if not summary["utilities"]:
        return None
    table = _table("\nDuties and utilities over the run", "", "unit", "added", "removed", "net")
    for unit, terms in summary["utilities"].items():
        for label, row in terms.items():
            numbers = (_number(row[key]) for key in ("added", "removed", "net"))
            table.add_row(f"{unit}.{label}", row["unit"], *numbers)
    return table


def _balance_table(summary: dict[str, Any]) -> Table | None:
    if not summary["balances"]:
        return None
    limit = summary["closure"]
    title = f"\nBalances; closure at most {limit['value']:g} ({limit['basis']})"
    table = _table(title, "", "", "in", "out", "source", "held", "closure", "streams")
    for row in summary["balances"]:
        ends = row["final"], row["initial"]
        change = None if None in ends else ends[0] - ends[1]
        numbers = [_number(v) for v in (row["in"], row["out"], row["source"], change)]
        # the solver's integrals are always there: without a closure the numbers were too large to be added up
        lost = row["relative"] is None
        closure = ["not finite" if lost else _closure(row[key]) for key in ("relative", "relative_streams")]
        table.add_row(row["name"], row["unit"], *numbers, *closure)
    return table


def _solver_table(summary: dict[str, Any]) -> Table | None:
    if not summary["solver"]:
        return None
    table = _table("\nSolver", "", "")
    for name, value in summary["solver"].items():
        table.add_row(name, _number(value) if isinstance(value, (int, float)) else str(value))
    wall = summary["session"].get("wall_seconds")
    if wall is not None:
        table.add_row("wall seconds", _number(wall))
    return table


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value + 0.0:.4g}"  # + 0.0 for the sign of zero


def _closure(value: float | None) -> str:
    return "–" if value is None else f"{value:.1e}"
