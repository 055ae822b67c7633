"""Sections D1 to D5: what people said, and when."""

from __future__ import annotations

from twin.evidence.dossier.gates import NO, PARTLY, YES
from twin.evidence.dossier.parts import Section
from twin.evidence.dossier.work import Work

REGISTERED = "plan.registered"


def identity(w: Work) -> None:
    """D1: which dossier, of which run."""
    s = w.section("D1")
    s.fact("id", w.plan.id)
    for label, name in (("scenario", "scenario"), ("plant", "plant"), ("content_hash", "content_hash")):
        s.fact(label, str(w.run.attrs[name]))
    s.fact("run_id", w.run_id)
    s.fact("plan_hash", w.plan.hash)


def question(w: Work) -> None:
    """D2: the one question."""
    s = w.section("D2")
    s.fact("question", w.plan.question)
    if not w.plan.question.strip():
        s.is_(NO, "blanks", names=["question"])
    _registered(w, s)


def _registered(w: Work, s: Section) -> None:
    planned = [e for e in w.chain.of(REGISTERED) if e.object.get("plan_hash") == w.plan.hash]
    started = [e for e in w.chain.of("run.started") if e.object.get("run_id") == w.run_id]
    if started:
        s.fact("started", started[0].utc)
    if not planned or not started:
        s.is_(PARTLY, "not_registered")
        w.final = False
    elif planned[0].seq > started[0].seq:
        s.fact("registered", planned[0].utc)
        s.is_(PARTLY, "registered_late")
        w.final = False
    else:
        s.fact("registered", planned[0].utc)
        s.is_(YES, "plan_before")


def context(w: Work) -> None:
    """D3: what the numbers are for."""
    s, context = w.section("D3"), w.plan.context
    for name in ("role", "users", "other_evidence"):
        s.fact(name, str(context.get(name) or ""))
    blank = [name for name in w.plan.blanks() if name.startswith(("context", "quantities"))]
    if blank:
        s.is_(NO, "blanks", names=blank)
        w.final = False
    if not w.quantities:
        s.is_(NO, "no_quantity")
    for why in w.missing:
        name, _, text = why.partition(": ")
        s.is_(NO, "quantity_missing", name=name, why=text)
    rows = []
    for q, origin, value in w.quantities:
        unit = w.run.unit(q.tag)
        cell = s.cell(value, origin.formula(), origin.dataset)
        low, high = (s.given(end, f"quantities: {q.name}: {name}") for name, end in (("low", q.low), ("high", q.high)))
        rows.append([q.name, q.tag, cell, unit, low, high, q.relevance])
    s.table(("name", "tag", "value", "unit", "low", "high", "rationale"), rows)


def risk(w: Work) -> None:
    """D4: influence and consequence."""
    s = w.section("D4")
    for name in ("influence", "consequence"):
        s.facts.append([name, {"k": f"{w.plan.risk[name]}_grade"}])
    s.fact("rationale", w.plan.risk["rationale"])
    s.fact("risk", w.plan.risk_number, "grade of influence + grade of consequence + 1, grades from 0")
    s.facts.append(["risk_class", {"k": f"{w.plan.risk_class}_grade"}])
    if not w.plan.risk["rationale"].strip():
        s.is_(NO, "blanks", names=["risk.rationale"])
        w.final = False


def credibility(w: Work) -> None:
    """D5: what was declared beforehand."""
    s = w.section("D5")
    for name, value in w.plan.criteria.items():
        label = name if name in ("tolerance", "grid", "balance") else "cross"
        s.facts.append([label, s.given(value, f"criteria: {name}")])
    _registered(w, s)
