"""Computes the sections of a dossier from a run, its log and runs like it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twin.evidence.dossier import asked, diverted, flow, given, kept, verified, world
from twin.evidence.dossier.crosswalk import CROSSWALK
from twin.evidence.dossier.gates import NO, YES, conclude
from twin.evidence.dossier.plan import Plan
from twin.evidence.dossier.work import Work

SCHEMA = "twin dossier 1"
#: In the order of the sections: later ones may use what earlier ones have found.
SECTIONS: tuple[Callable[[Work], None], ...] = (
    asked.identity, asked.question, asked.context, asked.risk, asked.credibility,
    given.plant, given.parameters, given.inputs,
    verified.code, verified.calculation,
    world.calibration, world.validation, world.uncertainty, world.applicability,
    flow.residence, diverted.diversion, flow.control,
    kept.deviations, kept.provenance, kept.integrity, kept.signatures, kept.reproduction,
)  # fmt: skip


def build(plan: Plan, path: Path, say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Compute a dossier.

    Parameters
    ----------
    plan : Plan
    path : Path
        A finished run, in the folder of its log.
    say : callable
        Told what is being run again.

    Returns
    -------
    dict
        `sections`, `conclusion`, `quantities` (with what the verifier reads again), `origins`: ready for JSON.
    """
    work = Work(plan, path, say)
    for section in SECTIONS:
        section(work)
    states = {name: section.state for name, section in work.sections.items()}
    conclusion = conclude(states, plan.risk_number)
    _conclude(work, conclusion)
    _crosswalk(work)
    return {"schema": SCHEMA, **work.as_dict(conclusion)}


def _conclude(w: Work, conclusion: dict[str, Any]) -> None:
    """D23: computed from the states and the risk."""
    s = w.section("D23")
    s.state = YES if conclusion["adequate"] else NO
    risk = conclusion["risk_class"]
    s.why.append({"key": "adequate"} if conclusion["adequate"] else {"key": "inadequate", "risk": f"{risk}_grade"})
    for name in conclusion["failing"]:
        s.why.append({"key": "gate", "section": f"{name}", "state": w.sections[name].state})
    s.why.append({"key": "weakest"})
    rows = []
    for row in conclusion["factors"]:
        met = {"k": "yes" if row["met"] else "no"}
        rows.append([row["factor"], {"k": row["goal"]}, {"k": row["achieved"]}, met, ", ".join(row["from"])])
    s.table(("factor", "goal", "achieved", "met", "section"), rows)


def _crosswalk(w: Work) -> None:
    """D24: where texts ask for what a section holds."""
    s = w.section("D24")
    s.why.append({"key": "crosswalk_note"})
    s.table(("section", "asks"), [[name, "; ".join(texts)] for name, texts in CROSSWALK.items()])
