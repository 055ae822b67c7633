"""The plan of a dossier: what people decide before the run. Everything else is computed."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.config.document import closest
from twin.config.reading import read_text
from twin.errors import TwinError
from twin.evidence.dossier.gates import GRADES, risk_class, risk_number

STATISTICS = ("final", "mean", "min", "max")
_KEYS = {
    "": (
        "dossier",
        "id",
        "title",
        "question",
        "context",
        "quantities",
        "risk",
        "criteria",
        "uncertainty",
        "validation",
    ),
    "context": ("role", "users", "other_evidence", "envelope"),
    "envelope": ("tag", "low", "high"),
    "quantities": ("name", "tag", "statistic", "from", "to", "low", "high", "relevance"),
    "risk": ("influence", "consequence", "rationale"),
    "criteria": ("tolerance", "grid", "cross_check", "balance"),
    "uncertainty": ("runs", "seed", "inputs"),
    "inputs": ("path", "low", "high"),
    "validation": ("data", "map", "source", "external", "rmse"),
}


class PlanProblem(TwinError):
    """A plan that cannot be used."""

    exit_code = 2


@dataclass(frozen=True)
class Quantity:
    """A quantity of interest: one number of a run. Times in s, limits in the tag's unit."""

    name: str
    tag: str
    statistic: str = "final"
    start: float | None = None
    end: float | None = None
    low: float | None = None
    high: float | None = None
    relevance: str = ""


@dataclass(frozen=True)
class Plan:
    """A plan as it was read; `text` is what was hashed."""

    text: str
    id: str
    title: str
    question: str
    context: dict[str, Any]
    quantities: tuple[Quantity, ...]
    risk: dict[str, str]
    criteria: dict[str, float]
    uncertainty: dict[str, Any] = field(default_factory=dict)
    validation: dict[str, Any] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Hash of the text, as `sha256sum` gives it."""
        return f"sha256:{hashlib.sha256(self.text.encode()).hexdigest()}"

    @property
    def risk_number(self) -> int:
        """Influence and consequence together, from 1 to 5."""
        return risk_number(self.risk["influence"], self.risk["consequence"])

    @property
    def risk_class(self) -> str:
        """low (1, 2), medium (3) or high (4, 5)."""
        return risk_class(self.risk_number)

    def blanks(self) -> list[str]:
        """Texts that only people can give, and that are not there."""
        texts = {
            "question": self.question,
            "context.role": self.context.get("role"),
            "context.users": self.context.get("users"),
            "context.other_evidence": self.context.get("other_evidence"),
            "context.envelope": self.context.get("envelope"),
            "risk.rationale": self.risk.get("rationale"),
            "quantities": self.quantities,
        }
        texts |= {f"quantities.{q.name}.relevance": q.relevance for q in self.quantities}
        return [name for name, text in texts.items() if not (text.strip() if isinstance(text, str) else text)]


DEFAULT_CRITERIA = {"tolerance": 1e-3, "grid": 2e-2, "cross_check": 1e-2, "balance": 1e-8}


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Raises
    ------
    PlanProblem
        When it is none, or has an unknown key; ConfigError when it is no YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanProblem(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'no UTF-8'}") from None
    plan = parse_plan(text, str(path))
    if plan.validation:
        plan.validation["folder"] = str(path.parent)  # where its data stand
    return plan


def parse_plan(text: str, shown: str) -> Plan:
    """Read a plan's text."""
    value = read_text(text, shown).plain()
    if not isinstance(value, dict) or value.get("dossier") != 1:
        raise PlanProblem(f'{shown} is no plan of a dossier: it begins with "dossier: 1" (twin dossier new SCENARIO)')
    _known(value, "", shown)
    context, risk = dict(value.get("context") or {}), {"rationale": "", **(value.get("risk") or {})}
    _known(context, "context", shown)
    _known(risk, "risk", shown)
    for row in context.get("envelope") or []:
        _known(row, "envelope", shown)
        for side in ("low", "high"):
            _number(row.get(side), f"envelope of {row.get('tag')}: {side}", shown)
    for name in ("influence", "consequence"):
        if risk.get(name) not in GRADES:
            raise PlanProblem(f"{shown}: risk.{name} is low, medium or high, not {risk.get(name)!r}")
    criteria = {**DEFAULT_CRITERIA, **(value.get("criteria") or {})}
    _known(criteria, "criteria", shown)
    for name, number in criteria.items():
        if not _number(number, f"criteria.{name}", shown) > 0.0:
            raise PlanProblem(f"{shown}: criteria.{name} is above zero")
    uncertainty = dict(value.get("uncertainty") or {})
    _known(uncertainty, "uncertainty", shown)
    for row in uncertainty.get("inputs") or []:
        _known(row, "inputs", shown)
    validation = dict(value.get("validation") or {})
    _known(validation, "validation", shown)
    if str(validation.get("data", "")).endswith((".h5", ".hdf5", ".nc")):
        raise PlanProblem(f"{shown}: a run is no experiment; synthetic data are never called validation")
    return Plan(
        text=text,
        id=str(value.get("id", "")),
        title=str(value.get("title", "")),
        question=str(value.get("question") or ""),
        context=context,
        quantities=tuple(_quantity(row, shown) for row in value.get("quantities") or []),
        risk={name: str(text) for name, text in risk.items()},
        criteria={name: float(number) for name, number in criteria.items()},
        uncertainty=uncertainty,
        validation=validation,
    )


def template(scenario: Any) -> str:
    """Text of a new plan for a scenario: what can be taken from it is there, the rest is blank."""
    rows = [
        f"  - {{name: {row.tag} at the end, tag: {row.tag}, statistic: final, relevance: ''}}"
        for row in scenario.quality
    ]
    return f"""\
# Plan of a dossier. Fill in the blanks, then, before the run: twin dossier register FILE FOLDER
dossier: 1
id: {uuid.uuid4()}
title: {scenario.title or scenario.name}

# One question that a decision hangs on.
question: ''

context:
  role: ''             # of the model in the decision
  users: ''            # who uses it, and how they are kept from using it wrongly
  other_evidence: ''   # what else there is
  envelope: []         # - {{tag: reactor.T, low: 290, high: 350}}, in the units of the run file

# Numbers that the decision is made of: the state at the end, or the mean, min or max from … to … [s].
quantities:{"" if rows else " []"}
{chr(10).join(rows)}

risk:
  influence: medium      # of the model on the decision: low, medium, high
  consequence: medium    # of a wrong decision
  rationale: ''

# Largest relative differences that are accepted.
criteria: {{tolerance: 1e-3, grid: 2e-2, cross_check: 1e-2, balance: 1e-8}}

# uncertainty: {{runs: 40, seed: 1, inputs: [{{path: reactor.tau, low: 55, high: 65}}]}}   # uniform, in SI
# validation: {{data: measured.csv, map: tags.yaml, source: '', external: false, rmse: {{reactor.T: 0.5}}}}
"""


def _quantity(row: Any, shown: str) -> Quantity:
    if not isinstance(row, dict) or not row.get("name") or not row.get("tag"):
        raise PlanProblem(f"{shown}: a quantity has a name and a tag")
    _known(row, "quantities", shown)
    if row.get("statistic", "final") not in STATISTICS:
        raise PlanProblem(f"{shown}: a statistic is {', '.join(STATISTICS)}, not {row['statistic']!r}")
    numbers = {key: _optional(row.get(key), f"{row['name']}: {key}", shown) for key in ("from", "to", "low", "high")}
    return Quantity(
        str(row["name"]), str(row["tag"]), row.get("statistic", "final"), numbers["from"], numbers["to"],
        numbers["low"], numbers["high"], str(row.get("relevance") or ""),
    )  # fmt: skip


def _known(value: Any, part: str, shown: str) -> None:
    if not isinstance(value, dict):
        raise PlanProblem(f"{shown}: {part} is a table of keys and values")
    for key in value:
        if key not in _KEYS[part]:
            raise PlanProblem(f"{shown}: {part or 'a plan'} has no key '{key}'.{closest(str(key), _KEYS[part]) or ''}")


def _optional(value: Any, name: str, shown: str) -> float | None:
    return None if value is None else _number(value, name, shown)


def _number(value: Any, name: str, shown: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PlanProblem(f"{shown}: {name} is a number, not {value!r}")
    return float(value)
