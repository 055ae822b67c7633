"""What follows from the states of sections and the risk: computed, never stronger than its weakest part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Grades of influence and consequence; their sum gives the risk from 1 to 5.
GRADES = ("low", "medium", "high")
#: ASME V&V 40's credibility factors, by their names.
FACTORS = (
    "Software quality assurance",
    "Numerical code verification",
    "Discretization error",
    "Numerical solver error",
    "Use error",
    "Model form",
    "Model inputs",
    "Test samples",
    "Test conditions",
    "Equivalency of input parameters",
    "Output comparison",
    "Relevance of the quantities of interest",
    "Relevance of the validation activities to the COU",
)
YES, PARTLY, NO, NOT = "DEMONSTRATED", "PARTLY", "NOT DEMONSTRATED", "NOT APPLICABLE"
_ORDER = (NO, PARTLY, YES)
#: Sections that have to be demonstrated, by class of risk.
LOW = ("D9", "D10", "D19", "D20", "D21", "D22")
REQUIRED = {
    "low": LOW,
    "medium": (*LOW, "D2", "D3", "D5", "D12", "D13", "D14", "D16"),
    "high": (*LOW, "D2", "D3", "D5", "D7", "D11", "D12", "D13", "D14", "D15", "D16"),
}
#: Sections that a credibility factor rests on.
EVIDENCE = {
    "Software quality assurance": ("D19",),
    "Numerical code verification": ("D9",),
    "Discretization error": ("D10",),
    "Numerical solver error": ("D10",),
    "Use error": ("D3", "D8"),
    "Model form": ("D12",),
    "Model inputs": ("D7", "D13"),
    "Test samples": ("D12",),
    "Test conditions": ("D12",),
    "Equivalency of input parameters": ("D12",),
    "Output comparison": ("D12",),
    "Relevance of the quantities of interest": ("D3",),
    "Relevance of the validation activities to the COU": ("D12", "D14"),
}


def risk_number(influence: str, consequence: str) -> int:
    """Influence of the model and consequence of a wrong decision together, from 1 to 5."""
    return GRADES.index(influence) + GRADES.index(consequence) + 1


def risk_class(number: int) -> str:
    """low (1, 2), medium (3) or high (4, 5)."""
    return {1: "low", 2: "low", 3: "medium"}.get(number, "high")


def weakest(states: list[str]) -> str:
    """The weakest state; what is not applicable does not count."""
    counted = [_ORDER.index(state) for state in states if state != NOT]
    return _ORDER[min(counted)] if counted else NOT


def conclude(states: Mapping[str, str], number: int) -> dict[str, Any]:
    """Adequacy, its reasons, and each credibility factor's goal and achievement."""
    grade = risk_class(number)
    required = REQUIRED[grade]
    failing = [section for section in required if states[section] not in (YES, NOT)]
    overall = weakest([states[section] for section in required])
    goal = {"low": PARTLY, "medium": YES, "high": YES}[grade]
    factors = []
    for factor in FACTORS:
        achieved = weakest([states[section] for section in EVIDENCE[factor]])
        met = achieved == NOT or _ORDER.index(achieved) >= _ORDER.index(goal)
        factors.append(
            {"factor": factor, "goal": goal, "achieved": achieved, "met": met, "from": list(EVIDENCE[factor])}
        )
    return {
        "adequate": not failing,
        "state": overall,
        "required": list(required),
        "failing": failing,
        "risk": number,
        "risk_class": grade,
        "factors": factors,
    }
