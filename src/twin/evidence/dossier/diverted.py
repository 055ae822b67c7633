"""Section D16: disturbances, and a diversion rule judged on the run and on runs with disturbances drawn at random."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.evidence.dossier.gates import NO, NOT, PARTLY, YES
from twin.evidence.dossier.parts import Section
from twin.evidence.dossier.work import Work
from twin.results.reader import open_run

if TYPE_CHECKING:
    from twin.trace.asked import Asked
    from twin.trace.assess import Diversion
    from twin.trace.diversion import Case, Verdict

#: Openings of the gate that are listed.
LISTED = 40


def diversion(w: Work) -> None:
    """D16: what was disturbed, and what the rule of the plan did about it."""
    s = w.section("D16")
    faults = [e for e in w.run.events if "fault" in e.kind or "fault" in e.cause]
    s.table(
        ("time", "kind", "tag", "text"),
        [[s.clock(e.time, "time of an event", "/events"), e.kind, e.path, e.cause] for e in faults],
        "faults",
    )
    if not w.continuous:
        s.is_(NOT, "not_continuous")
        return
    asked, found = w.plan.rule, w.diverted
    if asked is None or found is None:
        s.is_(NO, "no_diversion")
        return
    if isinstance(found, str):
        s.is_(NO, "rule_unjudged", why=found)
        return
    _rule(s, found, asked)
    _verdict(s, found.verdict, "this run")
    cases = _disturbed(w, s, found, asked)
    _judge(s, found, [found.case, *cases], [found.verdict, *(_weighed(asked, found, case) for case in cases)])


def _rule(s: Section, found: Diversion, asked: Asked) -> None:
    rule, of = found.rule, "of the plan's rule, from residence times between sensor and gate"
    s.fact("signal", found.signal)
    s.fact("tag", found.tag)
    for name in ("low", "high", "alarm_low", "alarm_high", "worst", "period"):
        s.facts.append([name, s.given(asked.numbers[name], f"diversion: rule: {name}")])
    for name in ("delay", "margin", "start_up", "shut_down", "frozen", "ride_through"):
        if name in asked.numbers:
            s.facts.append([name, s.given(asked.numbers[name], f"diversion: rule: {name}, in s")])
    s.fact("path", asked.texts["path"])
    s.fact("detected", rule.period + rule.delay, "period + delay of the rule")
    s.fact("lag_first", rule.lag_first, f"lag_first {of}")
    s.fact("lag_last", rule.lag_last, f"lag_last {of}")
    s.fact("in_time", rule.in_time)
    from twin.trace.tracing import WIDTHS

    curve = found.curves[0]
    of = f"greatest part of an upset that passes from {curve.source} to {curve.target}"
    shown = curve.attenuation(WIDTHS)
    rows = [
        [s.clock(width, "lengths that a funnel is drawn for"), s.cell(float(part), f"{of}, {width:g} s long")]
        for width, part in zip(WIDTHS, shown)
    ]
    s.table(("length", "part_seen"), rows, "funnel")


def _masses(s: Section, v: Verdict, of: str) -> list[Any]:
    parts = (("made", v.made), ("accepted", v.accepted), ("diverted", v.diverted), ("missed", v.missed))
    cells = [s.cell(value, f"kg {name}, {of}") for name, value in parts]
    return [*cells, s.cell(v.false, f"kg conforming and diverted, {of}"), s.cell(v.cost, f"price × the latter, {of}")]


MASSES = ("made", "accepted", "diverted_kg", "missed", "falsely", "cost")


def _verdict(s: Section, v: Verdict, of: str) -> None:
    s.table(MASSES, [_masses(s, v, of)], "masses")
    rows = []
    for number, (start, end, reason) in enumerate(v.opened[:LISTED], start=1):
        times = [s.clock(round(t, 3), f"{what} of opening {number} by the plan's rule") for t, what in (
            (start, "start"), (end, "end"),
        )]  # fmt: skip
        rows.append([*times, reason])
    s.table(("from", "until", "text"), rows, "openings")


def _weighed(asked: Asked, found: Diversion, case: Case) -> Verdict:
    from twin.trace.assess import weighed

    return weighed(asked, found.rule, case)


def _disturbed(w: Work, s: Section, found: Diversion, asked: Asked) -> list[Case]:
    """Run the plan's disturbances; give what diversion asks of each."""
    given: Mapping[str, Any] = w.plan.diversion.get("disturbances") or {}
    if not given:
        s.is_(PARTLY, "undisturbed")
        return []
    from twin.trace.assess import case_of

    def read(path: Path) -> Case:
        return case_of(open_run(path), asked)

    rows, cases, failed = [], [], []
    seed = int(given.get("seed", 0))
    for number, one in enumerate(w.again.disturbed(given, read), start=1):
        of = f"disturbance {number} from seed {seed}"
        cells = [s.cell(one[name], f"{name} of {of}, drawn at random") for name in ("at", "length", "value")]
        if one["read"] is None:
            failed.append(one["why"])
            rows.append([one["path"], *cells, *("" for _ in MASSES)])
            continue
        cases.append(one["read"])
        rows.append([one["path"], *cells, *_masses(s, _weighed(asked, found, cases[-1]), of)])
    s.table(("input", "at", "length", "value", *MASSES), rows, "disturbances")
    if failed:
        count = s.cell(len(failed), f"disturbances that failed, from seed {seed}")
        s.is_(PARTLY, "disturbed_failed", count=count, why=failed[0])
    return cases


def _judge(s: Section, found: Diversion, cases: Sequence[Case], verdicts: Sequence[Verdict]) -> None:
    from twin.trace.diversion import broken, judge

    rule = found.rule
    never = broken(rule, low=-math.inf, high=math.inf, frozen=math.inf, start_up=0.0, shut_down=math.inf)
    without = [judge(never, c.t, c.signal, c.flow, c.truth, found.low, found.high).missed for c in cases]
    s.fact("without", sum(without), f"kg out of specification that no rule would keep out, {len(cases)} runs")
    s.fact("yield_loss", sum(v.diverted for v in verdicts) / (sum(v.made for v in verdicts) or 1.0),
           f"diverted / made, {len(cases)} runs")  # fmt: skip
    missed = [v.missed for v in verdicts]
    if any(missed):
        mass = s.cell(sum(missed), f"kg missed, {len(cases)} runs")
        count = s.cell(sum(m > 0.0 for m in missed), f"runs in which something is missed, of {len(cases)}")
        s.is_(NO, "missed_some", mass=mass, count=count)
    if not rule.in_time:
        s.is_(PARTLY, "rule_late")
    if not math.isfinite(rule.frozen):
        s.is_(PARTLY, "no_contingency")
    seen = max(_beyond(c, found) for c in cases)
    if seen > found.worst:
        got = s.cell(seen, f"greatest excursion of {found.signal} beyond its alarm, {len(cases)} runs")
        s.is_(PARTLY, "worse_than_worst", got=got, limit=s.given(found.worst, "diversion: rule: worst"))
    if len(cases) > 1 and not any(without[1:]):
        s.is_(PARTLY, "harmless")
    if s.state == YES:
        count = s.cell(len(cases), "this run and the disturbed ones")
        s.is_(YES, "nothing_missed", count=count, mass=s.facts[-2][1])


def _beyond(case: Case, found: Diversion) -> float:
    """Greatest excursion of the signal beyond its alarm, in what start-up and shutdown do not exclude."""
    rule = found.rule
    now = np.isfinite(case.signal) & (case.t >= rule.start_up) & (case.t <= rule.shut_down)
    x = case.signal[now]
    return float(max(rule.low - x.min(), x.max() - rule.high)) if x.size else 0.0
