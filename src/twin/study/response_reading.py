"""Reads `responses:` of a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twin.config.document import Node, Problems, closest
from twin.config.spec import QualitySpec, ScenarioSpec
from twin.config.study_keys import KPIS, OF_DUTY, OF_FLOW, OF_QUALITY, OF_TAG, RESPONSE, RUN
from twin.schedule.segments import run_end
from twin.study.file import Response
from twin.study.memory import Names
from twin.study.spec import Wanted
from twin.units import UnitError, parse_quantity

_EXAMPLE = "[{kpi: yield}, {tag: reactor.T, at: 2 h}]"
_HOW = ("kpi", "quality", "tag", "product", "feed", "duty", "run")
#: What may be taken of each, the first unless said.
_OF = {"quality": OF_QUALITY, "tag": OF_TAG, "product": OF_FLOW, "feed": OF_FLOW, "duty": OF_DUTY}
_KPI = {
    "yield": ("1", "API in the product over what the feeds could give"),
    "pmi": ("1", "mass fed over mass of product"),
    "cost": ("EUR", "cost of utilities"),
    "co2": ("kg", "CO2 of utilities"),
    "co2_per_kg": ("1", "CO2 of utilities over mass of product"),
    "e_factor": ("1", "mass of waste over mass of product"),
}
_SAID = {
    "std": "standard deviation of",
    "inside": "part of the time within limits:",
    "excursions": "times outside of limits:",
    "judged": "time that is judged:",
}


@dataclass(frozen=True)
class _Place:
    """Scenarios with the names of what their plants record."""

    scenario: ScenarioSpec
    names: Names


def read_responses(problems: Problems, node: Node | None, scenarios: Sequence[ScenarioSpec]) -> list[Wanted]:
    """Read all responses; without a section, the figures of merit and qualities of the first scenario."""
    places = [_Place(scenario, Names(scenario.plant)) for scenario in scenarios]
    if not places:
        return []
    if node is None or node.is_null:
        found = _usual(places[0])
        if not found:
            problems.add(
                node or _nowhere(), "no responses", f"{places[0].scenario.name} has no figures of merit: add responses."
            )
        return found
    wanted: list[Wanted] = []
    for item in problems.sequence(node, "responses are a list", _EXAMPLE):
        for row in _response(problems, item, places):
            if row.column.name in [other.column.name for other in wanted]:
                problems.add(item, "name used twice", f"'{row.column.name}' names two responses: give one a name.")
            wanted.append(row)
    if not wanted and not problems.found:
        problems.add(node, "no responses", f"A study keeps something of its runs, as in {_EXAMPLE}.")
    return wanted


def _nowhere() -> Node:
    from twin.config.document import Source

    return Node(Source("study", ()), "scalar", 0, 0)


def _usual(place: _Place) -> list[Wanted]:
    scenario = place.scenario
    kpi = scenario.plant.kpi
    rows = [_kpi("yield")] if kpi is not None and kpi.api and kpi.product else []
    rows += [_kpi("pmi")] if kpi is not None and kpi.product else []
    for product in scenario.plant.products:
        if place.names.flows("product", product.name):
            rows.append(_flow("product", product.name, "mass", ""))
    for limits in scenario.quality:
        rows += [_quality(place, limits, of) for of in ("mean", "min", "max", "inside")]
    return rows


def _response(problems: Problems, node: Node, places: Sequence[_Place]) -> list[Wanted]:
    if node.kind != "map" or not node.pairs:
        problems.add(node, "not a response", f"A response reads {_EXAMPLE[1:-1]}, but this is {node.what}.")
        return []
    problems.known_keys(node, RESPONSE.names, "unknown key", "a response")
    kinds = [key for key in _HOW if node.get(key) is not None]
    if len(kinds) != 1:
        problems.add(node, "not a response", f"A response has one of {', '.join(_HOW)}.")
        return []
    how = kinds[0]
    given = node.get(how)
    assert given is not None
    what = problems.string(given, f"not a {how}")
    of = _of(problems, node, how)
    if not what or of is None:
        return []
    found: Wanted | None = None
    for place in reversed(places):
        found = _made(problems, node, given, how, what, of, place)
        if found is None:
            return []
    assert found is not None
    found = _limited(problems, node, found)
    rows = _timed(problems, node, found, min(run_end(place.scenario) for place in places))
    named = node.get("name")
    if named is not None:
        name = problems.string(named, "not a name")
        several = len(rows) > 1
        rows = [
            replace(row, column=replace(row.column, name=name + (row.column.name[len(what) :] if several else "")))
            for row in rows
        ]
    return rows


def _of(problems: Problems, node: Node, how: str) -> str | None:
    given = node.get("of")
    if how not in _OF:
        if given is not None:
            problems.add(given, "key without a use", f"of means nothing beside {how}.")
        return ""
    if given is None:
        return _OF[how][0]
    if given.text not in _OF[how]:
        problems.add(given, "unknown choice", f"of a {how} there is no {given.what}.{closest(given.text, _OF[how])}")
        return None
    return given.text


def _made(problems: Problems, node: Node, given: Node, how: str, what: str, of: str, place: _Place) -> Wanted | None:
    """Find what a response is made from in one scenario; the problem is named where it is not there."""
    scenario, names = place.scenario, place.names
    if how == "kpi":
        if what not in KPIS:
            problems.add(given, "unknown choice", f"There is no figure of merit {given.what}.{closest(what, KPIS)}")
            return None
        lacking = _lacking(scenario, what)
        if lacking:
            problems.add(given, "not defined", f"{what}: {lacking}")
            return None
        return _kpi(what)
    if how == "run":
        if what not in RUN:
            problems.add(given, "unknown choice", f"Of a run there is its length, not {given.what}.")
            return None
        return Wanted(
            Response("run.length", "s", "time from the start to the end of the run", source={"run": what}), how, what
        )
    if how == "quality":
        limits = next((row for row in scenario.quality if row.tag == what), None)
        if limits is None:
            known = [row.tag for row in scenario.quality]
            hint = closest(what, known) or " It has none."
            problems.add(given, "unknown quality", f"{scenario.name} has no quality limit of '{what}'.{hint}")
            return None
        return _quality(place, limits, of)
    if how == "tag":
        try:
            unit, meaning = names.scalar(what)
        except KeyError as error:
            problems.add(given, "unknown tag", str(error.args[0]))
            return None
        start, end = (_time(problems, node.get(key), key, default) for key, default in (("from", 0.0), ("to", np.inf)))
        name = what if of == "final" else f"{what}.{of}"
        said = meaning if of == "final" else f"{of} of {meaning}"
        return Wanted(Response(name, unit, said, source={"tag": what, "of": of}), "tag", what, of, np.nan, start, end)
    if how in ("product", "feed"):
        known = [item.name for item in (scenario.plant.products if how == "product" else scenario.plant.feeds)]
        if what not in known or not names.flows(how, what):
            problems.add(given, f"unknown {how}", f"{scenario.plant.name} has no {how} '{what}'.{closest(what, known)}")
            return None
        part = node.get("component")
        component = "" if part is None else part.text
        listed = list(dict.fromkeys((*scenario.plant.fluids, *scenario.plant.solids)))
        if component and component not in listed:
            assert part is not None
            problems.add(part, "unknown component", f"There is no component {part.what}.{closest(component, listed)}")
            return None
        if component and of != "mass":
            problems.add(node, "not defined", f"{what}: of a component there is the mass only.")
            return None
        return _flow(how, what, of, component)
    unit_of = names.duties
    if what not in unit_of:
        problems.add(given, "unknown duty", f"{scenario.plant.name} has no duty '{what}'.{closest(what, unit_of)}")
        return None
    return Wanted(
        Response(f"{what}.{of}", unit_of[what], f"{of} of {what}", source={"duty": what, "of": of}), how, what, of
    )


def _lacking(scenario: ScenarioSpec, what: str) -> str:
    kpi = scenario.plant.kpi
    if what == "yield" and not (kpi is not None and kpi.api and kpi.product):
        return f"{scenario.plant.name} does not say in kpi: what its API and product are."
    if what in ("pmi", "co2_per_kg", "e_factor") and not (kpi is not None and kpi.product):
        return f"{scenario.plant.name} does not say in kpi: what its product is."
    if what in ("cost", "co2", "co2_per_kg", "e_factor") and scenario.factors is None:
        return f"{scenario.name} has no factors: for utilities."
    return ""


def _kpi(what: str) -> Wanted:
    unit, meaning = _KPI[what]
    return Wanted(Response(what, unit, meaning, source={"kpi": what}), "kpi", what)


def _quality(place: _Place, limits: QualitySpec, of: str) -> Wanted:
    unit, meaning = place.names.scalar(limits.tag)
    unit = {"inside": "1", "excursions": "1", "judged": "s"}.get(of, unit)
    bounded = of in ("mean", "min", "max")
    low = limits.low if bounded and limits.low is not None else -np.inf
    high = limits.high if bounded and limits.high is not None else np.inf
    said = f"{_SAID.get(of, f'{of} of')} {meaning}"
    column = Response(f"{limits.tag}.{of}", unit, said, low, high, {"quality": limits.tag, "of": of})
    return Wanted(column, "quality", limits.tag, of)


def _flow(how: str, what: str, of: str, component: str) -> Wanted:
    name = f"{what}.{component}.{of}" if component else f"{what}.{of}"
    unit, said = ("kg", "mass") if of == "mass" else ("kg/s", "mean rate" if of == "rate" else "rate in the last hour")
    meaning = f"{said} of {component or 'all'} in {what}"
    source: dict[str, Any] = {how: what, "of": of, **({"component": component} if component else {})}
    return Wanted(Response(name, unit, meaning, source=source), how, what, of, component=component)


def _time(problems: Problems, node: Node | None, name: str, default: float) -> float:
    if node is None or node.is_null:
        return default
    try:
        return parse_quantity(node.value if isinstance(node.value, bool) else node.text, "s")
    except UnitError as error:
        problems.add(node, "not such a quantity", f"{name}: {error}.")
        return default


def _timed(problems: Problems, node: Node, row: Wanted, end: float) -> list[Wanted]:
    """One response for each time of `at`."""
    given = node.get("at")
    if given is None or given.is_null:
        if row.start >= min(row.end, end):
            problems.add(node, "empty interval", f"{row.column.name}: nothing lies between from and to.")
        return [row]
    if row.how != "tag" or node.get("of") is not None:
        problems.add(given, "key without a use", "at is for tags, and stands in place of `of`.")
        return []
    rows = []
    for item in given.items if given.kind == "list" else [given]:
        at = _time(problems, item, "at", np.nan)
        if not 0.0 <= at <= end:
            if at == at:
                problems.add(
                    item, "out of range", f"{row.what}: a run goes from 0 s to {end:g} s, {item.text} is outside."
                )
            continue
        column = replace(
            row.column,
            name=f"{row.what}@{item.text}",
            meaning=f"{row.column.meaning} at {item.text}",
            source={"tag": row.what, "at": at},
        )
        rows.append(replace(row, column=column, of="at", at=at))
    return rows


def _limited(problems: Problems, node: Node, row: Wanted) -> Wanted:
    limits: dict[str, float] = {}
    for key in ("low", "high"):
        given = node.get(key)
        if given is not None and not given.is_null:
            try:
                limits[key] = parse_quantity(given.text, row.column.unit)
            except UnitError as error:
                problems.add(given, "not such a quantity", f"{row.column.name}: {key}: {error}.")
    column = replace(row.column, **limits)  # type: ignore[arg-type]
    if not column.low < column.high:
        problems.add(node, "empty range", f"{row.column.name}: high must be greater than low.")
    return replace(row, column=column)
