"""Sections D9 and D10: verification of code and calculation."""

from __future__ import annotations

import numpy as np

from twin.evidence.dossier import cases
from twin.evidence.dossier.gates import NO, PARTLY, YES
from twin.evidence.dossier.parts import Section
from twin.evidence.dossier.work import Work


def code(w: Work) -> None:
    """D9: verified cases of the unit operations of this plant."""
    s, known = w.section("D9"), cases.stored()
    rows, without, part = [], [], []
    for model in sorted(set(w.models.values())):
        files = known["models"].get(model, {})
        if not files:
            without.append(model)
            rows.append([model, {"k": "none"}, "", "", ""])
        elif "whole" not in files.values():
            part.append(model)
        for file, how in sorted(files.items(), key=lambda item: item[1] != "whole"):
            for case in known["files"][file]["cases"]:
                formula = f"largest relative error of {case['numbers']} numbers in tests/verification/{file}"
                order = s.cell(case["order"], f"smallest observed order in {file}") if "order" in case else ""
                name = case["case"] if how == "whole" else f"({case['case']})"
                rows.append([model, name, case["source"], s.cell(case["error"], formula), order])
    s.table(("model", "case", "source", "error", "order"), rows)
    if without:
        s.is_(NO if len(without) == len(set(w.models.values())) else PARTLY, "uncovered", names=without)
    if part:
        s.is_(PARTLY, "covered_in_part", names=part)
    if not without and not part:
        s.is_(YES, "covered")


def calculation(w: Work) -> None:
    """D10: balances; tolerance, grid and integrator changed."""
    s, limits = w.section("D10"), w.plan.criteria
    if w.run.outcome != "finished":
        s.is_(NO, "outcome_bad", text=w.run.outcome_message)
    if w.run.alarms:
        s.is_(PARTLY, "alarmed", count=s.cell(len(w.run.alarms), "rows of /alarms", "/alarms"))
    _balances(w, s, limits.get("balance"))
    if not w.quantities:
        s.is_(NO, "no_quantity")
        return
    for what, found, limit in (
        ("tolerance", w.again.tighter(), limits["tolerance"]),
        ("grid", w.again.finer(), limits["grid"]),
        ("cross", w.again.crossed(), limits["cross_check"]),
    ):
        if found.get("none"):
            s.is_(YES, "grid_none")
        elif found["values"] is None:
            s.is_(PARTLY, "again_failed", what=what, why=found["why"])
        else:
            _compared(w, s, what, found["values"], limit)


def _compared(w: Work, s: Section, what: str, values: list[float], limit: float) -> None:
    rows, bad, worst = [], [], 0.0
    declared = s.given(limit, f"criteria: {'cross_check' if what == 'cross' else what}")
    for (q, origin, value), other in zip(w.quantities, values, strict=True):
        gap = abs(other - value) / (max(abs(value), abs(other)) or 1.0)
        worst = max(worst, gap)
        if not gap <= limit:
            bad.append(q.name)
        formula = f"{origin.formula()} of the run with: {what}"
        apart = f"|difference| / larger magnitude of both, of {origin.formula()}, with: {what}"
        cells = [s.cell(value, origin.formula(), origin.dataset), s.cell(other, formula, origin.dataset)]
        cells.append(s.cell(gap, apart))
        rows.append([q.name, *cells, declared, s.cell(gap <= limit)])
    s.table(("name", "value", what, "difference", "criterion", "met"), rows, what)
    if bad:
        greatest = s.cell(worst, f"greatest |difference| / larger magnitude of both, with: {what}")
        s.is_(NO, f"{what}_bad", names=bad, worst=greatest, limit=declared)
    else:
        s.is_(YES, f"{what}_ok", limit=declared)


def _balances(w: Work, s: Section, given: float | None) -> None:
    limit, basis = w.run.balances.limit
    if given is None:
        declared = s.cell(limit, f"limit of the run itself ({basis}), by its method and rtol", "/")
    else:
        limit, declared = given, s.given(given, "criteria: balance")
    rows = []
    for balance in w.run.balances.all:
        closure = float(balance.measures["relative"])
        if np.isfinite(closure):
            met = s.cell(closure <= limit)
            cell = s.cell(closure, f"residual / throughput of {balance.name}", "/balances")
            rows.append([balance.name, cell, declared, met])
    s.table(("balance", "closure", "criterion", "met"), rows, "balance")
    worst = w.run.balances.worst
    closure = float(worst.measures["relative"])
    if closure <= limit:
        s.is_(YES, "balances_ok", limit=declared)
    else:
        greatest = s.cell(closure, f"residual / throughput of {worst.name}", "/balances")
        s.is_(NO, "balances_bad", name=worst.name, worst=greatest, limit=declared)
