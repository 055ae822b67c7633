"""Reads `linked:` of a study: values and event times that follow from its factors.

factors:
  cooling: {unit: min, from: 90 min, to: 330 min}     # a number of its own
linked:
  - {event: second ramp, key: at, is: 135 min + cooling / 3}
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from twin.config.document import Node, Problems
from twin.config.spec import ScenarioSpec
from twin.config.study_keys import LINK
from twin.schedule.segments import run_end
from twin.study.expression import dimension_of, read_expression
from twin.study.factor_reading import read_target
from twin.study.file import Factor
from twin.study.number_reading import Number, check_range, leads_to, range_of
from twin.study.spec import FactorSpec, Link, StudySpec
from twin.units import UnitError, describe, example, parse_quantity, parse_unit, si_unit

_EXAMPLE = "[{event: heater off, key: at, is: start + 20 min}]"
#: A number with a unit behind it: `135 min`, `2e-3 kg/s`, `4 W/(m^2 K)`; not `3 * a`, nor the call `min(`.
_QUANTITY = re.compile(
    r"(?<![\w.\]])(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? +[A-Za-zµ%°][\w%°^/µ]*(?:\([^()]*\)|\b(?! *\())"
)


def read_links(
    problems: Problems, root: Node, factors: Sequence[FactorSpec], scenarios: Sequence[ScenarioSpec]
) -> list[Link]:
    """Read `linked`; `scenarios` have to know what each link leads to."""
    node, found = root.get("linked"), []
    for item in problems.sequence(node, "linked is a list", _EXAMPLE) if node is not None and not node.is_null else []:
        link = _link(problems, item, factors, scenarios)
        if link is not None:
            found.append(link)
    given = root.get("factors")
    if given is not None and not problems.found:
        _unused(problems, given, factors, found)
    return found


def _link(
    problems: Problems, node: Node, factors: Sequence[FactorSpec], scenarios: Sequence[ScenarioSpec]
) -> Link | None:
    if node.kind != "map" or not node.pairs:
        problems.add(node, "not a link", f"A link reads {_EXAMPLE[1:-1]}, but this is {node.what}.")
        return None
    problems.known_keys(node, LINK.names, "unknown key", "a link")
    given = node.get("is")
    if given is None or given.is_null:
        problems.add(node, "missing is", f"A link says what its value is, as in {_EXAMPLE[1:-1]}.")
        return None
    if (node.get("path") is None) == (node.get("event") is None):
        problems.add(node, "not a link", "A link has either path: or event:, which take its value.")
        return None
    read = read_target(problems, node.get("path") or node, node, scenarios)
    if read is None:
        return None
    what, targets, how = read
    text = given.text
    constants = _constants(problems, given)
    if constants is None:
        return None
    numbers = {factor.name: factor.column.unit for factor in factors if factor.column.kind == "number"}
    units = numbers | {quantity: unit for quantity, (_, unit) in constants.items()}
    try:
        read_expression(text, list(units))
        kind = dimension_of(text, units)
    except ValueError as error:
        problems.add(given, "not an expression", f"{str(error)[:1].upper()}{str(error)[1:]}")
        return None
    unit = what.unit
    if kind != parse_unit(unit).dimension:
        wanted = "a plain number" if unit == "1" else f"{describe(unit)}, as {example(unit)} is"
        problems.add(given, "another unit", f"What {targets[0]} takes is {wanted}, but '{text}' is not.")
        return None
    name = f"{how['event']}.{how['key']}" if how.get("event") else targets[0]
    column = Factor(name, unit, what.field.meaning, targets, "number", -np.inf, np.inf, {"kind": "linked", "is": text})
    target = FactorSpec(column, **how)
    low, high = _limits(what, target, scenarios)
    return Link(target, text, tuple(units), {quantity: value for quantity, (value, _) in constants.items()}, low, high)


def _limits(what: Number, taker: FactorSpec, scenarios: Sequence[ScenarioSpec]) -> tuple[float, float]:
    """Between which values a number is taken: by its model, or as the time of an event within the run."""
    if taker.how != "event" or taker.key == "value" or taker.relative:
        return range_of(what)
    return 0.0, min(run_end(scenario) for scenario in scenarios) if taker.key == "at" else np.inf


def _constants(problems: Problems, node: Node) -> dict[str, tuple[float, str]] | None:
    """Quantities in an expression, as they are written: values in SI, and SI units."""
    found = {}
    for match in _QUANTITY.finditer(node.text):
        text = match.group().strip()
        try:
            unit = si_unit(text.partition(" ")[2].strip())
            found[text] = parse_quantity(text, unit), unit
        except UnitError as error:
            problems.add(node, "not such a quantity", f"{error}.")
            return None
    return found


def _unused(problems: Problems, node: Node, factors: Sequence[FactorSpec], links: Sequence[Link]) -> None:
    """Name numbers of their own that lead nowhere, and what is given twice."""
    used = {name for link in links for name in link.names if mentions(link.text, name)}
    for factor in factors:
        if factor.how == "free" and factor.name not in used:
            problems.add(
                node.key(factor.name), "zero variance", f"{factor.name} leads nowhere: nothing under linked uses it."
            )
    takers = [*factors, *(link.target for link in links)]
    given = [(t.event, t.key, path) for t in takers if t.how in ("path", "event") for path in t.column.targets]
    for i, (event, key, path) in enumerate(given):
        if (event, key, path) in given[:i]:
            what = f"{key} of '{event}'" if event else f"'{path}'"
            problems.add(node, "given twice", f"Factors and links give {what} twice: only one of them would count.")


def check_links(problems: Problems, node: Node, study: StudySpec, X: np.ndarray) -> None:
    """Name values that models refuse, or times beyond the run, which links give in rows of the design."""
    items = node.items
    for item, link in zip(items, study.links, strict=True):
        values = link.of(study.names, X)
        gone = int((~np.isfinite(values)).sum())
        if gone:
            problems.add(item, "not a number", f"'{link.text}' has no value in {gone} of {len(X)} rows.")
            continue
        check_taken(problems, item, study, link.target, values)


def check_taken(problems: Problems, node: Node, study: StudySpec, taker: FactorSpec, values: np.ndarray) -> None:
    """Name values that what takes them refuses."""
    low, high = float(values.min()), float(values.max())
    if taker.how == "event" and taker.key != "value":
        if low < 0.0:
            problems.add(node, "out of range", f"{taker.name} goes to {low:g} s: no time is below zero.")
        end = min(run_end(scenario) for scenario in study.scenarios)
        if taker.key == "at" and high > end and not taker.relative:
            problems.add(node, "never happens", f"{taker.name} goes to {high:g} s, but a run ends at {end:g} s.")
        return
    field, positive = leads_to(study.scenarios[0], taker.column.targets[0])
    what = Number(field, positive, taker.relative)
    check_range(problems, node, taker.name, what, low, high)
    if field.kind == "int" and not taker.relative and np.any(values != np.round(values)):
        problems.add(node, "not a whole number", f"{taker.name} takes whole numbers only.")


def mentions(text: str, name: str) -> bool:
    """Whether an expression has a factor in it."""
    return re.search(rf"(?<![\w.\]]){re.escape(name)}(?![\w.\[@])", text) is not None
