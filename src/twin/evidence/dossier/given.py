"""Sections D6 to D8: what was run."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from twin.config.numbers import numbers
from twin.config.reading import read_text
from twin.evidence.dossier.gates import NO, PARTLY, YES
from twin.evidence.dossier.work import Work
from twin.flowsheet.sheet import read_sheet
from twin.flowsheet.svg import draw
from twin.results.kpi import Flows
from twin.results.reader import Run

#: Part of the time that product leaves a plant that is called continuous.
CONTINUOUS = 0.25
_INVENTED = re.compile(r"[-+\d.e]+…|\binvented\b|\bassumed\b")


def plant(w: Work) -> None:
    """D6: the process."""
    from twin.plant_pages import stream_of_port

    s = w.section("D6")
    plain = read_text(w.run.plant_yaml, "plant").plain()
    resolved = read_text(w.run.resolved_yaml, "resolved").plain()
    units = plain.get("units") if isinstance(plain.get("units"), dict) else resolved["plant"]["units"]
    w.models = {name: str(unit.get("model", "")) for name, unit in resolved["plant"]["units"].items()}
    w.flowsheet = draw(read_sheet(plain if "units" in plain else resolved["plant"], stream_of_port), w.plan.title)
    s.fact("units_counted", len(units), "units of the plant's file")
    s.fact("feeds", ", ".join(resolved["plant"].get("feeds") or {}))
    s.fact("products", ", ".join(_products(resolved["plant"].get("products"))))
    w.continuous = _continuous(w.run)
    s.facts.append(["mode", {"k": "continuous" if w.continuous else "batch"}])
    s.fact("events", len(w.run.events), "rows of /events", "/events")
    s.table(("name", "model"), sorted(w.models.items()))
    s.is_(YES, "computed")


def parameters(w: Work) -> None:
    """D7: every number of the plant's file, and where it comes from."""
    s = w.section("D7")
    tree = read_text(w.run.plant_yaml, "plant")
    rows, assumed, bare = [], 0, 0
    for number in numbers(tree):
        if number.path[0] == "twin" or "position" in number.path:
            continue
        words = " ".join([number.source, *(comment.text for comment in number.above)]).strip()
        invented = bool(_INVENTED.search(words))
        assumed += invented
        bare += not words
        value = s.configured(number.text, "the number at the path in front of it", "/configuration/plant")
        rows.append([".".join(number.path), value, words])
    formula = "numbers of /configuration/plant"
    s.fact("parameters", len(rows), formula, "/configuration/plant")
    s.fact("assumed", assumed, f"{formula} whose comment says so", "/configuration/plant")
    s.fact("unsourced", bare, f"{formula} without a comment", "/configuration/plant")
    total, invented_, unsourced = (value for _, value in s.facts[-3:])
    s.fact("hash", str(w.run.provenance["model_fingerprint"]))
    s.table(("name", "value", "source"), rows)
    if assumed or bare:
        s.is_(PARTLY, "assumed_many", count=invented_, total=total, unsourced=unsourced)
    else:
        s.is_(YES, "all_sourced")


def inputs(w: Work) -> None:
    """D8: configurations, verbatim and resolved."""
    from twin.config import resolved_yaml
    from twin.config.scenario import build_scenario
    from twin.evidence.register import text_hash

    s = w.section("D8")
    texts = {
        "plant": w.run.plant_yaml,
        "scenario": w.run.scenario_yaml,
        "resolved": w.run.resolved_yaml,
    }
    s.table(("name", "hash"), [[f"/configuration/{name}", text_hash(text)] for name, text in texts.items()])
    spec = build_scenario(read_text(texts["resolved"], "resolved"), None, "run")
    same = resolved_yaml(spec) == texts["resolved"]
    s.is_(YES if same else NO, "config_same" if same else "config_apart")


def _continuous(run: Run) -> bool:
    """Whether product leaves the plant in a good part of the time."""
    flows = Flows(run)
    parts = [float(np.mean(np.diff(mass) > 0.0)) for mass in flows.mass.values() if len(mass) > 1]
    return max(parts, default=0.0) > CONTINUOUS


def _products(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | dict) else []
