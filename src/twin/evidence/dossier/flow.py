"""Sections D15 and D17: residence times, lots, and the process at rest and away from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.evidence.dossier.gates import NO, PARTLY, YES
from twin.evidence.dossier.parts import Section
from twin.evidence.dossier.work import Work
from twin.results.kpi import Flows, quality_of, read_kpi

if TYPE_CHECKING:
    from twin.trace.assess import Controlled
    from twin.trace.genealogy import Genealogy
    from twin.trace.rtd import Residence
    from twin.trace.tracing import Trace

#: Largest gap of what left a unit by all its outlets from all of a pulse; of fractions from one.
ARRIVED, WHOLE = 1e-6, 1e-9
#: Shares of a lot below this are summed up in the run's trace, and not listed here; containers listed.
LISTED, MOST = 1e-3, 40
#: Parts of the run at which ways through the plant are asked for the range of their residence times.
PARTS = (0.25, 0.5, 0.75)


def residence(w: Work) -> None:
    """D15: residence times of units and ways, over the flows that occurred; lots by containers."""
    s, found = w.section("D15"), w.traced
    if isinstance(found, str):
        s.is_(NO, "not_traced", why=found)
        return
    _curves(s, found)
    _range(s, found)
    _lots(s, found.genealogy, w.plan.criteria["tolerance"])
    if s.state == YES:
        s.is_(YES, "traced")


def _curves(s: Section, found: Trace) -> None:
    rows = []
    for c in found.residences:
        if not c.arrived > 0.0:
            continue
        of = f"pulse into {c.source} at {c.entered:g} s, counted at {c.target}, {'held' if c.steady else 'as_run'}"
        numbers = (("mean", c.mean), ("standard deviation", c.variance**0.5 if c.variance > 0.0 else 0.0))
        cells = [s.cell(value, f"{name} of a {of}") for name, value in numbers]
        cells += [s.cell(c.percentile(p), f"{p:g} % of a {of}") for p in (1.0, 99.0)]
        cells += [s.cell(c.tanks, f"mean²/variance of a {of}")]
        cells += [s.cell(c.apart(), f"largest |F − F of as many tanks| of a {of}")]
        cells += [s.cell(c.arrived, f"part that arrived of a {of}")]
        rows.append([c.source, c.target, {"k": "held" if c.steady else "as_run"}, *cells])
    heads: tuple[str, ...] = ("source_place", "target_place", "flows", "mean_s", "spread_s", "by_1", "by_99")
    heads = (*heads, "tanks", "apart", "arrived")
    s.table(heads, rows, "residence_times")
    units = _by_unit(found)
    if units:
        gap = max(abs(part - 1.0) for part in units.values())
        s.fact("arrived_gap", gap, "largest |sum over a unit's outlets of what arrived − 1|, flows held")
        open_ = [name for name, part in units.items() if abs(part - 1.0) > ARRIVED]
        if open_:
            s.is_(PARTLY, "rtd_open", names=open_, limit=s.cell(ARRIVED, "what a dossier asks of every unit"))
    for why in found.skipped:
        s.is_(PARTLY, "rtd_skipped", why=why)


def _by_unit(found: Trace) -> dict[str, float]:
    """What arrived of a pulse by all outlets of a unit, by inlet and unit."""
    products = {product.name for product in found.spec.plant.products}
    parts: dict[str, float] = {}
    for c in found.residences:
        if c.steady and c.target not in products and "." in c.target:
            name = f"{c.source} → {c.target.split('.')[0]}"
            parts[name] = parts.get(name, 0.0) + c.arrived
    return parts


def _range(s: Section, found: Trace) -> None:
    """Ways through the plant at several instants: residence times over the flows that occurred."""
    from twin.trace.network import TOTAL, TraceError
    from twin.trace.rtd import residence as pulse

    products = {product.name for product in found.spec.plant.products}
    rows = []
    for way in [c for c in found.residences if c.steady and c.target in products and c.arrived > 1e-3]:
        trajectory = found.trajectories.get(way.of, found.trajectories[TOTAL])
        curves: list[Residence] = []
        for part in PARTS:
            at = trajectory.start + part * (trajectory.end - trajectory.start)
            try:
                curves.append(pulse(trajectory, way.source, way.target, at, steady=True, tolerance=1e-7))
            except TraceError:
                continue  # nothing flowed there then
        means = [c.mean for c in curves if c.arrived > 1e-3]
        if means:
            when = ", ".join(f"{c.entered:g} s" for c in curves)
            of = f"mean residence time from {way.source} to {way.target}, flows held as at {when}"
            cells = [s.cell(min(means), f"least {of}"), s.cell(max(means), f"greatest {of}")]
            count = s.cell(len(means), f"instants at which a pulse arrived from {way.source} to {way.target}")
            rows.append([way.source, way.target, count, *cells])
    s.table(("source_place", "target_place", "instants", "least_s", "greatest_s"), rows, "over_flows")


def _lots(s: Section, g: Genealogy, tolerance: float) -> None:
    s.fact("followed", ", ".join(g.components))
    if g.components == ("total",):
        s.is_(YES, "lots_total")
    if not g.vessels:
        s.is_(PARTLY, "no_containers")
        return
    rows = []
    for i, vessel in enumerate(g.vessels[:MOST]):
        for lot, share, error in g.backward(vessel.name):
            if share >= LISTED:
                of = f"of {lot} in {vessel.name}, {vessel.start:g} to {vessel.end:g} s"
                j = g.lots.index(lot)
                cells = [
                    s.cell(float(g.mass[i, j].sum()), f"kg {of}"),
                    s.cell(share, f"share {of}"),
                    s.cell(error, f"standard uncertainty of the share {of}, holdups ± {g.holdup:g}"),
                ]
                rows.append([vessel.name, vessel.of, lot, *cells])
    s.table(("container", "product", "lot", "kilograms", "share", "uncertainty"), rows, "genealogy")
    if len(g.vessels) > MOST:
        s.fact("containers", len(g.vessels), f"containers and batches of the scenario; {MOST} are listed")
    filled = g.mass.sum(axis=(1, 2)) > 0.0
    sums = float(np.max(np.abs(g.fractions.sum(axis=1)[filled] - 1.0), initial=0.0))
    apart = float(np.max(np.abs(g.unaccounted[filled]), initial=0.0))
    fed = float(g.fed.sum())
    lost = float(np.max(np.abs(g.lost), initial=0.0)) / (fed or 1.0)
    s.fact("sums", sums, "largest |sum of a container's fractions − 1|")
    s.fact("lost", lost, "largest |fed − held − gone out| of a lot / all that was fed")
    s.fact("unaccounted", apart, "largest |all lots of a container − what the plant put into it| / the latter")
    if max(sums, lost) > WHOLE or apart > tolerance:
        s.is_(NO, "lots_apart", worst=s.cell(max(sums, lost, apart), "greatest of the three gaps of lots above"))


def control(w: Work) -> None:
    """D17: quality limits at their averaging interval; rest, charts, capability, deviations."""
    s = w.section("D17")
    kpi, flows = read_kpi(w.run), Flows(w.run)
    rows, kept = [], True
    for limits in w.run.quality:
        row = quality_of(w.run, kpi, flows, limits)
        if row.get("mean") is None:
            continue
        of = f"moving average over {row['average_s']:g} s while product leaves"
        cells = [
            s.cell(row[name], f"{name} of the {of}", limits.tag)
            for name in ("mean", "min", "max", "inside", "excursions")
        ]
        place = f"quality: {limits.tag}"
        ends = ["" if row[end] is None else s.configured(f"{row[end]:g}", f"{place}: {end}") for end in ("low", "high")]
        average = s.configured(f"{row['average_s']:g} s", f"{place}: average")
        rows.append([limits.tag, row["unit"], *ends, average, *cells])
        if row["inside"] < 1.0:
            kept = False
            s.is_(PARTLY, "out_of_control", tag=limits.tag, part=cells[3])
    columns = ("tag", "unit", "low", "high", "average", "value", "low", "high", "inside", "excursions")
    s.table(columns, rows)
    if not rows:
        s.is_(PARTLY, "no_limits")
    elif kept:
        s.is_(YES, "in_control")
    if w.run.quality:
        if isinstance(w.traced, str):
            s.is_(PARTLY, "not_traced", why=w.traced)
        else:
            _charts(s, _controlled(w, w.traced))


def _controlled(w: Work, found: Trace) -> list[Controlled]:
    """As the trace says, with what the plan's rule would have diverted where there is one."""
    from twin.trace.assess import control

    if isinstance(w.diverted, str | None):
        return found.control
    return control(found, w.run, w.diverted)


def _charts(s: Section, found: list[Controlled]) -> None:
    rows, records = [], []
    for c in found:
        of = f"of means of {c.tag} over {c.interval:g} s from {c.at_rest:g} s on"
        low, high = c.capability.Cpk_interval
        rows.append(
            [
                c.tag, s.clock(c.interval, f"quality: {c.tag}: average, or what mixing justifies where none is asked"),
                s.cell(c.justified, f"√12 standard deviations of the residence time from {c.tag} to the product"),
                s.cell(c.at_rest, f"first time at which {c.tag} was steady"),
                s.cell(c.capability.n, f"number {of}"),
                s.cell(c.broken, f"number {of} that break a rule of the individuals chart"),
                s.cell(c.capability.Cpk, f"Cpk {of}, spread from moving ranges"),
                s.cell(low, f"lower end of the 95 % interval of Cpk {of}"),
                s.cell(high, f"upper end of the 95 % interval of Cpk {of}"),
            ]
        )  # fmt: skip
        if c.interval > c.justified:
            s.is_(PARTLY, "averaged_long", tag=c.tag, got=rows[-1][1], limit=rows[-1][2])
        for d in c.deviations:
            of = f"excursion {d.number} of {d.tag}"
            cells = [s.cell(v, f"{name} of {of}") for name, v in (("mean furthest out", d.peak), ("kg made", d.mass))]
            times = [
                s.clock(t, f"{what} of {of}") for t, what in ((d.start, "start"), (d.end, "end"), (d.alarm, "alarm"))
            ]
            records.append([d.tag, *times, *cells, {"k": d.disposition.replace(" ", "_")}])
    heads = ("tag", "average", "justified", "at_rest", "intervals", "rules_broken", "Cpk", "low", "high")
    s.table(heads, rows, "charts")
    s.table(("tag", "from", "until", "alarm", "peak", "kilograms", "disposition"), records, "deviation_records")
