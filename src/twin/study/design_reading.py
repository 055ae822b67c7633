"""Reads `design:` of a study: its kind and settings, and the rows of a table."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twin.config.document import Node, Problems, Source, closest
from twin.config.plant import shown
from twin.config.reading import scalar
from twin.config.study_keys import DESIGNS
from twin.study.designs import DRAWN, SCHEMES
from twin.study.number_reading import read_quantity
from twin.study.spec import FactorSpec
from twin.units import UnitError, parse_quantity


def read_whole(problems: Problems, node: Node | None, name: str, default: int, least: int = 1) -> int:
    if node is None or node.is_null:
        return default
    if isinstance(node.value, int) and not isinstance(node.value, bool) and least <= node.value <= 10_000_000:
        return node.value
    problems.add(node, "not a whole number", f"{name} is a whole number from {least} on, not {node.what}.")
    return default


def read_design(problems: Problems, root: Node, factors: Sequence[FactorSpec], folder: Path | None) -> dict[str, Any]:
    node = root.get("design")
    if node is None or node.is_null:
        problems.add(
            root.pairs[0][0],
            "missing design",
            "A study needs design:, as in design: {kind: latin_hypercube, runs: 200}.",
        )
        return {}
    named = node.get("kind") if node.kind == "map" else node
    if named is None or named.kind != "scalar" or named.text not in DESIGNS:
        what = node.what if named is None else named.what
        problems.add(
            named or node,
            "unknown design",
            f"There is no design {what}.{closest(named.text if named else '', DESIGNS)}",
        )
        return {}
    kind = named.text
    problems.known_keys(node, ("kind", *DESIGNS[kind]), "unknown key", f"a {kind} design")
    design: dict[str, Any] = {"kind": kind}
    for key, least in (("runs", 1), ("levels", 2), ("center", 0), ("trajectories", 2), ("points", 2)):
        if node.get(key) is not None:
            design[key] = read_whole(problems, node.get(key), key, 0, least)
    if "runs" in DESIGNS[kind] and "runs" not in design:
        problems.add(named, "missing runs", f"A {kind} design needs runs:, for example {{kind: {kind}, runs: 200}}.")
    _of_scheme(problems, node, named, design)
    if node.get("resolution") is not None:
        design["resolution"] = read_whole(problems, node.get("resolution"), "resolution", 4, 3)
    if node.get("beyond") is not None:
        design["beyond"] = bool(node.get("beyond").value)  # type: ignore[union-attr]
    alpha = node.get("alpha")
    if alpha is not None:
        if alpha.text in ("rotatable", "face") or (isinstance(alpha.value, (int, float)) and alpha.value > 0):
            design["alpha"] = alpha.value
        else:
            problems.add(alpha, "unknown choice", f"alpha is rotatable, face or a number above zero, not {alpha.what}.")
    if kind == "table":
        design["table"] = _table(problems, node, factors, folder)
    generators = node.get("generators")
    if generators is not None:
        design["generators"] = _generators(problems, generators, factors)
    _suits(problems, root, factors, design)
    return design


def _of_scheme(problems: Problems, node: Node, named: Node, design: dict[str, Any]) -> None:
    """Settings of the designs for indices of sensitivity."""
    kind, points, second = design["kind"], node.get("points"), node.get("second_order")
    if kind == "saltelli" and points is None:
        problems.add(
            named, "missing points", "A saltelli design needs points:, a power of two: {kind: saltelli, points: 256}."
        )
    elif points is not None and "points" in design and design["points"] & (design["points"] - 1):
        problems.add(
            points, "not a power of two", f"Sobol' points are balanced at powers of two only, not {points.what}."
        )
    if kind == "morris" and design.get("levels", 4) % 2:
        problems.add(
            node.get("levels") or node, "not an even number", "The levels of a Morris screening are an even number."
        )
    if second is not None:
        if not isinstance(second.value, bool):
            problems.add(second, "not true or false", f"second_order is true or false, not {second.what}.")
        design["second_order"] = second.value is True


def _suits(problems: Problems, root: Node, factors: Sequence[FactorSpec], design: Mapping[str, Any]) -> None:
    """Name factors that a kind of design cannot vary."""
    kind = design["kind"]
    given = root.get("factors")
    assert given is not None
    if kind in SCHEMES and root.get("constraints") is not None:
        problems.add(root.key("constraints"), "key without a use", f"A {kind} design cannot leave rows out.")
    for factor in factors:
        column, node = factor.column, given.key(factor.name)
        bounded = np.isfinite(column.low) and np.isfinite(column.high)
        if kind in DRAWN or kind in ("table", "saltelli"):
            continue
        if not bounded:
            detail = f"{factor.name}: a {kind} design needs from and to, or levels; this has no ends."
            problems.add(node, "no ends", detail)
        levels = column.distribution.get("values", [])
        if kind in ("central_composite", "morris") and column.kind == "choice":
            problems.add(node, "not a number", f"{factor.name}: a {kind.replace('_', ' ')} design has no choices.")
        if kind == "fractional_factorial" and levels and len(levels) != 2:
            problems.add(
                node, "not two levels", f"{factor.name}: a fractional factorial has two levels of each factor."
            )
        if column.kind == "choice" and design.get("center"):
            problems.add(
                node, "not a number", f"{factor.name}: a choice has no middle, so there are no rows in the center."
            )


def _generators(problems: Problems, node: Node, factors: Sequence[FactorSpec]) -> dict[str, list[str]]:
    names = [factor.name for factor in factors]
    found: dict[str, list[str]] = {}
    for key, value in problems.mapping(node, "generators are a mapping", "{d: [a, b, c]}"):
        product = [item.text for item in value.items]
        for item in [key, *value.items]:
            if item.text not in names:
                problems.add(item, "unknown factor", f"There is no factor {item.what}.{closest(item.text, names)}")
        found[key.text] = product
    for key, value in node.pairs:
        for item in value.items:
            if item.text in found:
                problems.add(item, "circular", f"{item.text} is a product itself: {key.text} is one of the others.")
        if len(value.items) < 2:
            problems.add(value, "not a product", f"{key.text} is a product of at least two factors, as in [a, b].")
    return found


def _table(problems: Problems, node: Node, factors: Sequence[FactorSpec], folder: Path | None) -> list[list[float]]:
    """Rows of an explicit design, in SI."""
    listed, file = node.get("rows"), node.get("file")
    if (listed is None) == (file is None):
        problems.add(node, "not a table", "A table has rows: [{factor: value}], or file: a CSV file.")
        return []
    if file is not None:
        return _csv(problems, file, factors, folder)
    assert listed is not None
    rows = []
    names = [factor.name for factor in factors]
    for item in problems.sequence(listed, "rows are a list", "[{tau: 60 s}, {tau: 90 s}]"):
        if item.kind != "map":
            problems.add(item, "not a row", f"A row is a mapping of factors to values, but this is {item.what}.")
            continue
        problems.known_keys(item, names, "unknown factor", "the study")
        row = []
        for factor in factors:
            cell = item.get(factor.name)
            if cell is None:
                problems.add(item, "missing value", f"The row gives no value of {factor.name}.")
            row.append(np.nan if cell is None else _cell(problems, cell, factor))
        rows.append(row)
    if not rows and not problems.found:
        problems.add(listed, "no rows", "The table has no rows.")
    return rows


def _cell(problems: Problems, node: Node, factor: FactorSpec, unit: str = "") -> float:
    if factor.column.levels:
        if node.text in factor.column.levels:
            return float(factor.column.levels.index(node.text))
        hint = closest(node.text, factor.column.levels)
        problems.add(node, "unknown level", f"{factor.name} has no level {node.what}.{hint}")
        return np.nan
    if unit and isinstance(node.value, (int, float)):
        node = Node(
            node.source, "scalar", node.line, node.col, node.length, f"{node.text} {unit}", f"{node.text} {unit}"
        )
    value = read_quantity(problems, node, factor.name, factor.column.unit)
    return np.nan if value is None else value


def _csv(problems: Problems, node: Node, factors: Sequence[FactorSpec], folder: Path | None) -> list[list[float]]:
    """Read a CSV file whose columns are headed `name [unit]`."""
    path = (folder or Path()) / node.text
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(node, "cannot be read", f"{node.text}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}.")
        return []
    lines = tuple(text.replace("\r\n", "\n").split("\n"))
    source = Source(shown(path), lines, text)
    table = [(i, row) for i, row in enumerate(csv.reader(lines), start=1) if any(cell.strip() for cell in row)]
    if len(table) < 2:
        problems.add(node, "no rows", f"{node.text} has no rows below its header.")
        return []

    def place(line: int, cell: str) -> Node:
        at = lines[line - 1].find(cell)
        return Node(source, "scalar", line, at + 1, max(1, len(cell)), scalar(cell), cell)

    head: dict[str, tuple[int, str]] = {}
    for column, cell in enumerate(table[0][1]):
        name, _, unit = cell.strip().partition("[")
        head[name.strip()] = (column, unit.rstrip("] "))
        factor = next((f for f in factors if f.name == name.strip()), None)
        if factor is not None and unit and not factor.column.levels:
            try:
                parse_quantity(f"1 {unit.rstrip('] ')}", factor.column.unit)
            except UnitError as error:
                problems.add(place(table[0][0], cell.strip()), "wrong unit", f"{factor.name}: {error}.")
                return []
    rows = []
    for factor in factors:
        if factor.name not in head:
            hint = closest(factor.name, head)
            problems.add(
                place(table[0][0], table[0][1][0]), "missing column", f"There is no column {factor.name}.{hint}"
            )
            return []
    for line, cells in table[1:]:
        row = []
        for factor in factors:
            column, unit = head[factor.name]
            cell = cells[column].strip() if column < len(cells) else ""
            row.append(_cell(problems, place(line, cell), factor, unit))
        rows.append(row)
    return rows
