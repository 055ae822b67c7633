"""Responses of a run, from its samples in memory: the numbers that `twin report` has of its file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from twin.config.spec import ScenarioSpec
from twin.results.factors import worked_out
from twin.results.kpi import RECENT, Flows, duties_of, pmi_of, quality_of, read_kpi, yield_of
from twin.results.reader import Run
from twin.study.memory import MemoryRun
from twin.study.spec import Wanted


def tags_of(wanted: Sequence[Wanted]) -> list[str]:
    """Tags that have to be recorded for responses."""
    return [row.what for row in wanted if row.how in ("tag", "quality")]


def values(memory: MemoryRun, scenario: ScenarioSpec, wanted: Sequence[Wanted]) -> np.ndarray:
    """Make all responses of a run, [responses]; NaN where it does not define one."""
    with np.errstate(over="ignore", invalid="ignore"):  # a run that failed may have left numbers too large to add up
        found = np.array(_each(memory, scenario, wanted), dtype=float)
    found[np.isnan(found)] = np.nan  # of one bit pattern, as a log gives it back: a sign of 0/0 would change hashes
    return found


def _each(memory: MemoryRun, scenario: ScenarioSpec, wanted: Sequence[Wanted]) -> list[float]:
    if memory.rows < 2:
        return [np.nan] * len(wanted)
    run = cast(Run, memory)  # as far as these functions ask
    hows = {row.how for row in wanted}
    flowing = bool(hows & {"kpi", "quality", "product", "feed"})
    kpi, flows = (read_kpi(run), Flows(run)) if flowing else (None, None)
    duties = duties_of(run) if "duty" in hows else {}
    judged: dict[str, dict[str, Any]] = {}
    found: list[float] = []
    for row in wanted:
        value: float | None
        if row.how == "run":
            value = float(memory.time[-1] - memory.time[0])
        elif row.how == "tag":
            value = _tag(memory, row)
        elif row.how == "duty":
            unit, _, label = row.what.partition(".")
            value = duties[unit][label][row.of]
        else:
            assert kpi is not None
            assert flows is not None
            if row.how == "quality":
                if row.what not in judged:
                    limits = next(limits for limits in memory.quality if limits.tag == row.what)
                    judged[row.what] = quality_of(run, kpi, flows, limits)
                value = judged[row.what].get("judged_s" if row.of == "judged" else row.of)
            elif row.how == "kpi":
                value = _kpi(memory, scenario, row.what, kpi, flows)
            else:
                value = _flow(memory, row, flows)
        found.append(np.nan if value is None else float(value))
    return found


def _kpi(memory: MemoryRun, scenario: ScenarioSpec, what: str, kpi: Any, flows: Flows) -> float | None:
    run = cast(Run, memory)
    if what == "yield":
        found = yield_of(run, kpi, flows)
        return None if found is None else found["yield"]
    if what == "pmi":
        return pmi_of(kpi, flows)
    asked = scenario.factors
    assert asked is not None
    rows = [
        {"duty": u.duty, "utility": u.utility, "heating": u.heating, "price": u.price, "co2": u.co2}
        for u in asked.utilities
    ]
    worked = worked_out(run, kpi, flows, rows, list(asked.uncounted))
    key = {"cost": "cost_EUR", "co2": "co2_kg", "co2_per_kg": "co2_kg_per_kg", "e_factor": "e_factor"}[what]
    return cast("float | None", worked[key])


def _flow(memory: MemoryRun, row: Wanted, flows: Flows) -> float:
    if row.component:
        return flows.components[row.what].get(row.component, 0.0)
    mass, time = flows.mass[row.what], memory.time
    if row.of == "mass":
        return float(mass[-1])
    span = time[-1] - time[0]
    if row.of == "last_rate":
        span = min(RECENT, span)
    return float((mass[-1] - np.interp(time[-1] - span, time, mass)) / span)


def _tag(memory: MemoryRun, row: Wanted) -> float:
    time, values = memory.time, memory.get(row.what)
    if row.of == "final":
        return float(values[-1])
    if row.of == "at":
        return float(np.interp(row.at, time, values)) if row.at <= time[-1] else np.nan
    start, end = max(row.start, time[0]), min(row.end, time[-1])
    inside = (time > start) & (time < end)
    t = np.concatenate([[start], time[inside], [end]])
    x = np.concatenate([[np.interp(start, time, values)], values[inside], [np.interp(end, time, values)]])
    if row.of == "mean":
        return float(np.trapezoid(x, t) / (end - start)) if end > start else float(x[0])
    return float(x.min() if row.of == "min" else x.max())
