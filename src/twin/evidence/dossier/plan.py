"""The plan of a dossier: what people decide before the run. Everything else is computed."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.config.document import Problems, closest
from twin.config.reading import read_text
from twin.errors import TwinError
from twin.evidence.dossier.gates import GRADES, risk_class, risk_number
from twin.units import parse_quantity

if TYPE_CHECKING:
    from twin.config.document import Node
    from twin.trace.asked import Asked

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
        "calibration",
        "trace",
        "diversion",
    ),
    "context": ("role", "users", "other_evidence", "envelope"),
    "envelope": ("tag", "low", "high"),
    "quantities": ("name", "tag", "statistic", "from", "to", "low", "high", "relevance"),
    "risk": ("influence", "consequence", "rationale"),
    "criteria": ("tolerance", "grid", "cross_check", "balance"),
    "uncertainty": ("runs", "seed", "inputs"),
    "inputs": ("path", "low", "high"),
    "validation": ("data", "map", "source", "external", "rmse"),
    "calibration": ("study", "result"),
    "trace": ("of",),
    "diversion": ("rule", "disturbances"),
    "disturbances": ("runs", "seed", "from", "to", "shortest", "longest", "inputs"),
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
    calibration: dict[str, Any] = field(default_factory=dict)
    trace: dict[str, Any] = field(default_factory=dict)
    diversion: dict[str, Any] = field(default_factory=dict)
    rule: Asked | None = None  #: that of `diversion`, read

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


#: Of a plan that gives none; balances are then judged as the run itself judges them.
DEFAULT_CRITERIA = {"tolerance": 1e-3, "grid": 2e-2, "cross_check": 1e-2}


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
    return with_folder(plan, path.parent)


def with_folder(plan: Plan, folder: Path) -> Plan:
    """The same plan, whose data stand in a folder."""
    for part in (plan.validation, plan.calibration):
        if part:
            part["folder"] = str(folder)
    return plan


def parse_plan(text: str, shown: str) -> Plan:
    """Read a plan's text."""
    root = read_text(text, shown)
    value = root.plain()
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
    calibration, trace = dict(value.get("calibration") or {}), dict(value.get("trace") or {})
    _known(calibration, "calibration", shown)
    _known(trace, "trace", shown)
    if calibration and not {"study", "result"} <= set(calibration):
        raise PlanProblem(f"{shown}: calibration names a study (YAML) and its result (twin estimate STUDY --json)")
    diversion = dict(value.get("diversion") or {})
    _known(diversion, "diversion", shown)
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
        calibration=calibration,
        trace=trace,
        diversion={**diversion, "disturbances": disturbances(diversion.get("disturbances"), shown)},
        rule=_rule(root),
    )


def _rule(root: Node) -> Asked | None:
    part = root.get("diversion")
    node = part.get("rule") if part is not None else None
    if node is None:
        return None
    from twin.trace.asked import asked

    return asked(node, Problems())


def disturbances(given: Any, shown: str) -> dict[str, Any]:
    """Read disturbances that a diversion rule has to withstand; times become seconds. Raises PlanProblem."""
    if not given:
        return {}
    _known(given, "disturbances", shown)
    found = dict(given)
    for name in ("from", "to", "shortest", "longest"):
        if given.get(name) is None:
            raise PlanProblem(f"{shown}: disturbances need runs, from, to, shortest, longest and inputs")
        found[name] = parse_quantity(str(given[name]), "s")
    if not isinstance(given.get("runs"), int) or given["runs"] < 1 or not given.get("inputs"):
        raise PlanProblem(f"{shown}: disturbances are some runs with some inputs")
    for row in given["inputs"]:
        _known(row, "inputs", shown)
    return found


def template(scenario: Any) -> str:
    """Text of a new plan for a scenario: what can be taken from it is there, the rest is blank."""
    from twin.results.balances import Limit

    limit = Limit.of({"method": scenario.method, "rtol": scenario.rtol})
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
criteria: {{tolerance: 1e-3, grid: 2e-2, cross_check: 1e-2, balance: {limit.value:g}}}

# uncertainty: {{runs: 40, seed: 1, inputs: [{{path: reactor.tau, low: 55, high: 65}}]}}   # uniform, in SI
# diversion:                  # the rule as for twin trace --divert, and disturbances that it has to withstand
#   rule: {{signal: nir.w_measured, tag: press.api_content, low: 0.18, high: 0.22, alarm_low: 0.186, alarm_high: 0.214,
#          worst: 0.2, path: nir.product -> press.tablets, period: 5 s, margin: 10 s, start_up: 25 min, frozen: 2 min}}
#   disturbances: {{runs: 20, seed: 1, from: 30 min, to: 40 min, shortest: 5 s, longest: 5 min,
#                  inputs: [{{path: api_feeder.deviation, low: -0.5, high: 0.5}}]}}
# trace: {{of: components}}     # lots by components, all material together (total), or some mol for mol (a+b)
# calibration: {{study: fit.yaml, result: fit.json}}   # result: twin estimate fit.yaml --json > fit.json
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
