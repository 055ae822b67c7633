"""Reads a diversion rule from its file.

YAML, quantities with their units:

    signal: nir.w_measured           # what the sensor tells
    tag: press.api_content           # the true quality at the gate, and its specification
    low: 0.18
    high: 0.22
    alarm_low: 0.186                 # of the signal, inside the specification
    alarm_high: 0.214
    worst: 0.2                       # greatest excursion beyond the alarm
    path: nir.product -> press.tablets
    period: 5 s                      # between readings
    delay: 0 s                       # until a reading is told
    margin: 10 s
    start_up: 25 min                 # nothing is accepted before
    shut_down: 22.5 h                # and after
    frozen: 2 min                    # a reading unchanged for so long is lost
    ride_through: 30 s               # before the gate opens for a lost signal
    price: 1                         # of a kilogram diverted in vain

and what it is tried on and searched with (:mod:`twin.trace.searching`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from twin.config.document import Problems
from twin.config.reading import read_file
from twin.units import UnitError, parse_quantity

if TYPE_CHECKING:
    from twin.config.document import Node

TEXTS = ("signal", "tag", "path")
TIMES = {"period", "delay", "margin", "start_up", "shut_down", "frozen", "ride_through"}
LEVELS = {"low", "high", "alarm_low", "alarm_high", "worst"}
NEEDED = {*TEXTS, *LEVELS, "period"}
#: Of a rule's file: what it is tried on and searched with.
TRIED = ("disturbances", "search")


class Asked(NamedTuple):
    """A rule as it was written: texts, and numbers in SI (levels in the unit of their tag, where none is written)."""

    texts: dict[str, str]
    numbers: dict[str, float]
    disturbances: Mapping[str, Any] = {}
    search: Mapping[str, list[float]] = {}


def read_rule(path: Path) -> Asked:
    """Read a rule's file.

    Raises
    ------
    ConfigError
        For keys that do not exist, are missing, or cannot be read.
    """
    from twin.evidence.dossier.plan import disturbances

    problems = Problems()
    root = read_file(path, str(path), problems)
    found = asked(root, problems, TRIED)
    drawn, wanted = root.get("disturbances"), root.get("search")
    levels = _searched(wanted, problems) if wanted is not None else {}
    if wanted is not None and drawn is None:
        problems.add(wanted, "nothing to search on", "A search needs disturbances: that the rule has to withstand.")
    problems.stop()
    return found._replace(disturbances=disturbances(drawn.plain() if drawn else None, str(path)), search=levels)


def _searched(node: Node, problems: Problems) -> dict[str, list[float]]:
    """Distances of the alarm from the specification, and margins, that are tried."""
    problems.known_keys(node, ["guard", "margin"], "unknown key", "A search")
    found = {}
    for name, unit in (("guard", "1"), ("margin", "s")):
        part = node.get(name)
        try:
            found[name] = [parse_quantity(item.text, unit) for item in (part.items if part is not None else [])]
        except UnitError as error:
            problems.add(part or node, "not such quantities", f"{name}: {error}.")
        if not found.get(name):
            problems.add(part or node, "missing values", f"A search tries some values of guard and margin: {name}.")
    return found


def asked(root: Node, problems: Problems, more: tuple[str, ...] = ()) -> Asked:
    """Read a rule from a mapping; `more` keys are read elsewhere. Raises ConfigError."""
    problems.known_keys(root, [*TEXTS, *LEVELS, *TIMES, "price", *more], "unknown key", "A diversion rule")
    texts, numbers = {}, {}
    for key, node in root.pairs:
        if key.text in TEXTS:
            texts[key.text] = problems.string(node, "not a text")
        elif key.text in (*LEVELS, *TIMES, "price"):
            try:
                numbers[key.text] = parse_quantity(node.text, "s" if key.text in TIMES else "1")
            except UnitError as error:
                problems.add(node, "not such a quantity", f"{key.text}: {error}.")
    missing = sorted(NEEDED - set(texts) - set(numbers))
    if missing and not problems.found:
        problems.add(root, "missing keys", f"A diversion rule needs {', '.join(missing)}.")
    if "path" in texts and "->" not in texts["path"]:
        problems.add(root.key("path"), "not a path", "path reads 'SENSOR -> GATE': nir.product -> press.tablets.")
    problems.stop()
    return Asked(texts, numbers)
