"""Judges a run: a diversion rule (:mod:`twin.trace.asked`), and the state of control of its `quality:`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.trace.asked import TIMES, Asked
from twin.trace.diversion import Case, Rule, Verdict, design, inside, judge
from twin.trace.network import TOTAL, TraceError
from twin.trace.rtd import Residence, residence
from twin.trace.searching import Disturbed, Searched, disturb, search
from twin.trace.state import Capability, Deviation, averaging_interval, capability, chart, deviations, means, steady
from twin.trace.trajectory import Trajectory

if TYPE_CHECKING:
    from twin.results.reader import Run
    from twin.trace.tracing import Trace

#: Instants after start-up at which residence times are taken for a rule: flows change.
INSTANTS = (0.05, 0.5, 0.95)
#: Part of the width between limits that a signal may drift over its averaging interval and be at rest.
AT_REST = 0.1


@dataclass(frozen=True)
class Diversion:
    """A rule, what it rests on, and what it would have done."""

    signal: str
    tag: str
    low: float
    high: float
    rule: Rule
    curves: tuple[Residence, ...]
    verdict: Verdict
    worst: float
    case: Case  #: signal, flow and true quality of the run
    disturbed: tuple[Disturbed, ...] = ()
    searched: Searched | None = None


@dataclass(frozen=True)
class Controlled:
    """State of control of one tag."""

    tag: str
    low: float
    high: float
    interval: float  #: over which is averaged, in s
    justified: float  #: the longest that can be justified; NaN where no residence time says so
    at_rest: float  #: first time at which it was steady, in s; NaN: never
    broken: int  #: intervals that break a rule of the chart
    capability: Capability
    deviations: tuple[Deviation, ...]


def divert(found: Trace, run: Run, rule: Asked, say: Callable[[str], None] = lambda _: None) -> Diversion:
    """Design a rule from residence times of this run, and judge what it would have done with it.

    Where its file says so, it is judged on disturbed runs, too (`say` is told of each), and a cheaper one searched.
    """
    texts, n = rule.texts, rule.numbers
    source, _, target = (part.strip() for part in texts["path"].partition("->"))
    trajectory = found.trajectories[TOTAL]
    start, end = n.get("start_up", 0.0), min(n.get("shut_down", math.inf), trajectory.end)
    curves = []
    for part in INSTANTS:
        when = start + part * (end - start)
        if _flow(trajectory, source, np.array([when]))[0] > 0.0:
            curves.append(residence(trajectory, source, target, when, steady=True))
    if not curves:
        raise TraceError(f"nothing flows through {source} between start-up and shutdown: no rule can be designed")
    known = {key: n[key] for key in ("alarm_low", "alarm_high", *TIMES) if key in n}
    made = design(curves, low=n["low"], high=n["high"], worst=n["worst"], **known)
    flow = _flow(trajectory, target, run.time)
    case = Case(run.time, run.get(texts["signal"]), flow, run.get(texts["tag"]))
    disturbed = disturb(run, rule, made, say)
    return Diversion(
        signal=texts["signal"],
        tag=texts["tag"],
        low=n["low"],
        high=n["high"],
        rule=made,
        curves=tuple(curves),
        verdict=weighed(rule, made, case),
        worst=n["worst"],
        case=case,
        disturbed=disturbed,
        searched=search(curves, rule, known, case, disturbed),
    )


def weighed(rule: Asked, made: Rule, case: Case) -> Verdict:
    """What a rule would have done with a run, by the specification and price as asked."""
    n = rule.numbers
    return judge(made, case.t, case.signal, case.flow, case.truth, n["low"], n["high"], n.get("price", 0.0))


def case_of(run: Run, rule: Asked) -> Case:
    """What diversion asks of a run that was not traced: the flow at the gate as it was recorded."""
    texts = rule.texts
    gate = texts["path"].partition("->")[2].strip()
    return Case(run.time, run.get(texts["signal"]), _recorded(run, gate), run.get(texts["tag"]))


def _recorded(run: Run, place: str) -> np.ndarray:
    """Flow through an outlet or into a product, in kg/s, from what a run recorded."""
    found = [tag for tag, about in run.tags.items() if tag.startswith(f"{place}.") and about.unit == "kg/s"]
    if not found:
        raise TraceError(f"the run records no flow of '{place}': name the gate by an outlet, such as press.tablets")
    flows = [np.asarray(run.get(tag), dtype=float).reshape(len(run.time), -1).sum(axis=1) for tag in found]
    return np.asarray(np.sum(flows, axis=0))


def _flow(trajectory: Trajectory, place: str, times: np.ndarray) -> np.ndarray:
    net = trajectory.network
    point = net.point(place)
    raw = np.array([trajectory.raw(min(max(t, trajectory.start), trajectory.end)) for t in times])
    return np.asarray(net.through(raw, point))


def control(found: Trace, run: Run, diversion: Diversion | None = None) -> list[Controlled]:
    """Judge every tag of the scenario's `quality:`: rest, chart, capability, excursions.

    Means are weighted with what leaves the tag's unit. A point counts from the first time at rest on.
    """
    trajectory = found.trajectories[TOTAL]
    result = []
    for row in found.spec.quality:
        unit = row.tag.split(".")[0]
        pipes = [pipe for pipe in trajectory.network.pipes if pipe.startswith(f"{unit}.")]
        flow = sum((_flow(trajectory, pipe, run.time) for pipe in pipes), np.zeros(len(run.time)))
        low = -math.inf if row.low is None else row.low
        high = math.inf if row.high is None else row.high
        justified = _justified(found, unit)
        interval = row.average if row.average > 0.0 else justified
        if not interval > 0.0 or not math.isfinite(interval):
            continue
        x = run.get(row.tag)
        whole = high - low if math.isfinite(high - low) else abs(high if math.isfinite(high) else low)
        rest = steady(run.time, x, interval, AT_REST * whole) & (flow > 0.0)
        first = float(run.time[np.argmax(rest)]) if rest.any() else math.nan
        since = run.time >= first if rest.any() else np.zeros(len(run.time), dtype=bool)
        t, y, f = run.time[since], x[since], flow[since]
        if len(t) < 2 or t[-1] - t[0] < interval:
            result.append(
                Controlled(row.tag, low, high, interval, justified, first, 0, capability(np.zeros(0), low, high), ())
            )
            continue
        time, mean = means(t, y, interval, f)
        gate = inside(t, diversion.verdict.opened) if diversion is not None else np.zeros(len(t), dtype=bool)
        hits = chart(time, mean)
        result.append(
            Controlled(
                row.tag,
                low,
                high,
                interval,
                justified,
                first,
                sum(bool(hit) for hit in hits.broken),
                capability(mean, low, high),
                tuple(deviations(row.tag, time, mean, interval, low, high, t, f, gate)),
            )
        )
    return result


def _justified(found: Trace, unit: str) -> float:
    """Longest averaging interval, from the widest way from this unit to a product; NaN where there is none."""
    widest: Mapping[str, Residence] = {
        curve.target: curve for curve in found.residences if curve.source.startswith(f"{unit}.") and curve.steady
    }
    if not widest:
        return _way_on(found, unit)
    return max(averaging_interval(curve) for curve in widest.values())


def _way_on(found: Trace, unit: str) -> float:
    """Work the way from a unit's outlets to the products out, where it was not asked for."""
    trajectory = found.trajectories[TOTAL]
    at = 0.5 * (trajectory.start + trajectory.end)
    products = [product.name for product in found.spec.plant.products]
    best = math.nan
    for pipe in trajectory.network.pipes:
        if pipe.startswith(f"{unit}.") and _flow(trajectory, pipe, np.array([at]))[0] > 0.0:
            for product in products:
                curve = residence(trajectory, pipe, product, at, steady=True, tolerance=1e-7)
                if curve.arrived > 0.5:
                    best = max(averaging_interval(curve), best if math.isfinite(best) else 0.0)
    return best
