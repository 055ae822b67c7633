"""Reads a study: YAML, or what a notebook gives, to a `StudySpec`, with all problems together."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from twin.config import load_scenario
from twin.config.document import Node, Problems, closest
from twin.config.plant import check_version, find, name_of, shown
from twin.config.reading import read_file, read_text
from twin.config.scenario import LONGEST, _number, _seed, _solver
from twin.config.spec import ScenarioSpec
from twin.config.study_keys import DESIGNS, STUDY
from twin.errors import ConfigError, Problem
from twin.study.designs import DRAWN, Infeasible, rows, spread
from twin.study.factor_reading import _in_range, _leads_to, _Number, _quantity, read_factors
from twin.study.response_reading import read_responses
from twin.study.spec import Constraint, FactorSpec, StudySpec
from twin.units import UnitError

_RELATION = re.compile(r"(.*?)(<=|>=|<|>)(.*)")


def load_study(given: str | Path | Mapping[str, Any], beside: Path | None = None) -> StudySpec:
    """Read a study and check it as far as that is possible before a run.

    Parameters
    ----------
    given : str, Path or mapping
        A file; or what its YAML would say.
    beside : Path, optional
        Folder in which a mapping's scenario and data are looked for.

    Raises
    ------
    ConfigError
        With every problem that was found.
    """
    problems = Problems()
    if isinstance(given, Mapping):
        root = read_text(json.dumps(given, indent=1, ensure_ascii=False, default=_plainly), "the study", problems)
        return _study(problems, root, None, beside, "study")
    path = Path(given)
    if not path.is_file():
        raise ConfigError([Problem(str(given)[:200], 0, 0, 0, "no such file", "There is no file of this name.")])
    return _study(problems, read_file(path, shown(path), problems), path, path.parent, path.stem)


def _plainly(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


def _study(problems: Problems, root: Node, path: Path | None, folder: Path | None, stem: str) -> StudySpec:
    check_version(problems, root)
    problems.known_keys(root, STUDY.names, "unknown key", "a study")
    scenarios = _scenarios(problems, root, folder)
    factors = read_factors(problems, root.get("factors"), scenarios)
    if not root.get("factors") and not problems.found:
        problems.add(root.pairs[0][0], "missing factors", "A study needs factors:, what differs between its runs.")
    elif not factors and not problems.found:
        problems.add(root.key("factors"), "no factors", "A study needs at least one factor.")
    complete = not problems.found
    design = _design(problems, root, factors, folder) if complete else {}
    drawn = design.get("kind") in DRAWN
    correlation = _correlation(problems, root.get("correlations"), factors, drawn or not design)
    constraints = _constraints(problems, root.get("constraints"), factors)
    replicates = _whole(problems, root.get("replicates"), "replicates", 1)
    seed = _seed(problems, root.get("seed"))
    responses = read_responses(problems, root.get("responses"), scenarios) if scenarios else []
    analysis = root.get("analysis")
    study = StudySpec(
        name=name_of(problems, root, stem),
        title=problems.text(root, "title", stem.replace("_", " ")),
        scenarios=tuple(scenarios),
        factors=tuple(factors),
        responses=tuple(responses),
        design=design,
        correlation=correlation,
        constraints=tuple(constraints),
        replicates=replicates,
        seed=seed,
        source_text="" if path is None else root.source.text,
        path=path,
        plain=dict(sorted(root.plain().items())),
        analysis={} if analysis is None or analysis.kind != "map" else analysis.plain(),
        notes=tuple(_notes(factors, scenarios)),
    )
    if not problems.found:
        _look(problems, root, study)
    problems.stop()
    return study


def _scenarios(problems: Problems, root: Node, folder: Path | None) -> list[ScenarioSpec]:
    """Load what is run: the scenario, or those of the factor that chooses among them."""
    first = root.pairs[0][0] if root.pairs else root
    node = root.get("scenario")
    nodes = [node] if node is not None and not node.is_null else []
    for _, factor in (root.get("factors") or root).pairs if root.get("factors") is not None else []:
        chosen = factor.get("scenarios")
        if chosen is not None and chosen.kind == "list":
            if nodes:
                problems.add(root.key("scenario"), "key without a use", "a factor chooses among scenarios already.")
            nodes = chosen.items
    if not nodes:
        problems.add(
            first, "missing scenario", "A study needs scenario:, a name in scenarios or a file beside this one."
        )
        return []
    settings = root.get("set")
    given: dict[str, Any] = {}
    for key, value in problems.mapping(settings, "set is a mapping", "{reactor.UA: 500 W/K}") if settings else []:
        for inner, item in value.pairs:
            given[f"{key.text}.{inner.text}"] = item.text
        if value.kind != "map":
            given[key.text] = value.text
    found = []
    for item in nodes:
        scenario = _scenario(problems, root, item, given, folder)
        if scenario is not None:
            found.append(scenario)
    return found if len(found) == len(nodes) else []


def _scenario(
    problems: Problems, root: Node, node: Node, given: Mapping[str, Any], folder: Path | None
) -> ScenarioSpec | None:
    name = problems.string(node, "not a scenario")
    if not name:
        return None
    try:
        path, _ = find(name, "scenarios", folder)
    except ConfigError as error:
        problems.add(node, "no such scenario", error.problems[0].detail)
        return None
    try:
        scenario = load_scenario(path, dict(given))
    except ConfigError as error:
        problems.found.extend(p for p in error.problems if p not in problems.found)
        return None
    stop, record = root.get("until"), root.get("record")
    if stop is not None and not stop.is_null:
        scenario = replace(scenario, until=_number(problems, stop, "until", "s", 0.0, LONGEST))
    if record is not None and not record.is_null:
        every = _number(problems, record, "record", "s", 0.0, LONGEST)
        scenario = replace(scenario, record_every=every or scenario.record_every)
    solver = root.get("solver")
    if solver is not None:
        method, rtol = _solver(problems, solver)
        scenario = replace(
            scenario,
            method=method if solver.get("method") is not None else scenario.method,
            rtol=rtol if solver.get("rtol") is not None else scenario.rtol,
        )
    return scenario


def _whole(problems: Problems, node: Node | None, name: str, default: int, least: int = 1) -> int:
    if node is None or node.is_null:
        return default
    if isinstance(node.value, int) and not isinstance(node.value, bool) and least <= node.value <= 10_000_000:
        return node.value
    problems.add(node, "not a whole number", f"{name} is a whole number from {least} on, not {node.what}.")
    return default


def _design(problems: Problems, root: Node, factors: Sequence[FactorSpec], folder: Path | None) -> dict[str, Any]:
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
    for key, least in (("runs", 1), ("levels", 2), ("center", 0)):
        if node.get(key) is not None:
            design[key] = _whole(problems, node.get(key), key, 0, least)
    if "runs" in DESIGNS[kind] and "runs" not in design:
        problems.add(named, "missing runs", f"A {kind} design needs runs:, for example {{kind: {kind}, runs: 200}}.")
    if node.get("resolution") is not None:
        design["resolution"] = _whole(problems, node.get("resolution"), "resolution", 4, 3)
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


def _suits(problems: Problems, root: Node, factors: Sequence[FactorSpec], design: Mapping[str, Any]) -> None:
    """Name factors that a kind of design cannot vary."""
    kind = design["kind"]
    given = root.get("factors")
    assert given is not None
    for factor in factors:
        column, node = factor.column, given.key(factor.name)
        bounded = np.isfinite(column.low) and np.isfinite(column.high)
        if kind in DRAWN or kind == "table":
            continue
        if not bounded:
            detail = f"{factor.name}: a {kind} design needs from and to, or levels; this has no ends."
            problems.add(node, "no ends", detail)
        levels = column.distribution.get("values", [])
        if kind == "central_composite" and column.kind == "choice":
            problems.add(node, "not a number", f"{factor.name}: a central composite design has no choices.")
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
    value = _quantity(problems, node, factor.name, factor.column.unit)
    return np.nan if value is None else value


def _csv(problems: Problems, node: Node, factors: Sequence[FactorSpec], folder: Path | None) -> list[list[float]]:
    """Read a CSV file whose columns are headed `name [unit]`."""
    from twin.config.document import Source
    from twin.config.reading import _resolve

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
        return Node(source, "scalar", line, at + 1, max(1, len(cell)), _resolve(cell), cell)

    head: dict[str, tuple[int, str]] = {}
    for column, cell in enumerate(table[0][1]):
        name, _, unit = cell.strip().partition("[")
        head[name.strip()] = (column, unit.rstrip("] "))
        factor = next((f for f in factors if f.name == name.strip()), None)
        if factor is not None and unit and not factor.column.levels:
            try:
                from twin.units import parse_quantity

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


def _correlation(problems: Problems, node: Node | None, factors: Sequence[FactorSpec], drawn: bool) -> np.ndarray:
    """Matrix of correlations, checked to be one."""
    names = [factor.name for factor in factors]
    matrix = np.eye(len(names))
    if node is None or node.is_null:
        return matrix
    if not drawn and names:
        problems.add(node, "key without a use", f"correlations are of drawn designs: {', '.join(DRAWN)}.")
        return matrix
    for item in problems.sequence(node, "correlations are a list", "[{between: [a, b], r: 0.6}]"):
        problems.known_keys(item, ("between", "r"), "unknown key", "a correlation")
        pair, r = item.get("between"), item.get("r")
        if pair is None or pair.kind != "list" or len(pair.items) != 2 or r is None:
            problems.add(item, "not a correlation", "A correlation reads {between: [a, b], r: 0.6}.")
            continue
        known = [entry for entry in pair.items if entry.text in names]
        for entry in pair.items:
            if entry not in known:
                problems.add(entry, "unknown factor", f"There is no factor {entry.what}.{closest(entry.text, names)}")
        if not isinstance(r.value, (int, float)) or isinstance(r.value, bool) or not -1.0 < r.value < 1.0:
            problems.add(r, "out of range", f"r is a number between -1 and 1, not {r.what}.")
        elif len(known) == 2:
            i, j = (names.index(entry.text) for entry in known)
            matrix[i, j] = matrix[j, i] = float(r.value)
    if not problems.found and np.linalg.eigvalsh(matrix)[0] < 1e-10:
        problems.add(
            node, "no such correlations", "No quantities can be correlated in this way: they contradict each other."
        )
    return matrix


def _constraints(problems: Problems, node: Node | None, factors: Sequence[FactorSpec]) -> list[Constraint]:
    found = []
    for item in problems.sequence(node, "constraints are a list", '["hot - cold >= 20 K"]') if node else []:
        constraint = _constraint(problems, item, factors)
        if constraint is not None:
            found.append(constraint)
    return found


def _constraint(problems: Problems, node: Node, factors: Sequence[FactorSpec]) -> Constraint | None:
    """Read `a - 2*b >= 5 K`: factors added with numbers before them, and a quantity."""
    match = _RELATION.fullmatch(node.text if node.kind == "scalar" else "")
    if match is None:
        problems.add(node, "not a constraint", f"A constraint reads hot - cold >= 20 K, but this is {node.what}.")
        return None
    left, relation, right = match.groups()
    # dotted names are no Python names: each stands for itself under one that is
    names = sorted((factor.name for factor in factors), key=len, reverse=True)
    text = left
    for i, name in enumerate(names):
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w.])", f"__{i}__", text)
    coefficients: dict[str, float] = {}
    try:
        constant = _linear(ast.parse(text.strip(), mode="eval").body, 1.0, coefficients)
    except (SyntaxError, ValueError) as error:
        detail = error.args[0] if isinstance(error, ValueError) else "This is no sum of factors."
        problems.add(node, "not a constraint", f"{detail} Factors: {', '.join(f.name for f in factors)}.")
        return None
    by_name = {f"__{i}__": name for i, name in enumerate(names)}
    told = {by_name[key]: value for key, value in coefficients.items() if key in by_name}
    units = {factor.column.unit for factor in factors if factor.name in told}
    if len(told) != len(coefficients) or not told:
        unknown = next((key for key in coefficients if key not in by_name), left.strip())
        problems.add(node, "unknown factor", f"There is no factor '{unknown}'.{closest(unknown, names)}")
        return None
    if len(units) > 1:
        problems.add(node, "another unit", f"{left.strip()} adds what has different units: {', '.join(sorted(units))}.")
        return None
    value = _quantity(
        problems,
        Node(node.source, "scalar", node.line, node.col, node.length, right.strip(), right.strip()),
        "the constraint",
        units.pop(),
        difference=sum(told.values()) == 0.0,
    )
    if value is None:
        return None
    sign = 1.0 if relation.startswith(">") else -1.0
    return Constraint(node.text, {name: sign * c for name, c in told.items()}, sign * (constant - value))


def _linear(tree: ast.expr, factor: float, into: dict[str, float]) -> float:
    """Gather coefficients of a linear expression; give its constant."""
    if isinstance(tree, ast.Name):
        into[tree.id] = into.get(tree.id, 0.0) + factor
        return 0.0
    if isinstance(tree, ast.Constant) and isinstance(tree.value, (int, float)) and not isinstance(tree.value, bool):
        return factor * float(tree.value)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
        return _linear(tree.operand, -factor if isinstance(tree.op, ast.USub) else factor, into)
    if isinstance(tree, ast.BinOp):
        if isinstance(tree.op, (ast.Add, ast.Sub)):
            sign = -1.0 if isinstance(tree.op, ast.Sub) else 1.0
            return _linear(tree.left, factor, into) + _linear(tree.right, sign * factor, into)
        if isinstance(tree.op, ast.Mult):
            for number, other in ((tree.left, tree.right), (tree.right, tree.left)):
                if isinstance(number, ast.Constant) and isinstance(number.value, (int, float)):
                    return _linear(other, factor * float(number.value), into)
        divisor = tree.right
        if (
            isinstance(tree.op, ast.Div)
            and isinstance(divisor, ast.Constant)
            and isinstance(divisor.value, (int, float))
        ):
            if divisor.value:
                return _linear(tree.left, factor / float(divisor.value), into)
    raise ValueError("A constraint is linear: numbers times factors, added up.")


def _notes(factors: Sequence[FactorSpec], scenarios: Sequence[ScenarioSpec]) -> list[str]:
    """What a factor does not do: events of the scenario set the same value later."""
    notes = []
    for factor in factors:
        if factor.how != "path" or factor.relative:
            continue
        for scenario in scenarios:
            times = sorted(e.at for e in scenario.events if e.path in factor.column.targets and e.kind != "fire")
            if times:
                notes.append(
                    f"{factor.name} holds until an event of {scenario.name} sets it at {times[0]:g} s;"
                    " relative: true would change what events set, too"
                )
    return notes


def _look(problems: Problems, root: Node, study: StudySpec) -> None:
    """Draw the design and name what no run could make good."""
    given = root.get("factors")
    assert given is not None
    try:
        X = rows(study)
    except Infeasible as error:
        problems.add(
            root.key("constraints" if study.constraints else "design"),
            "infeasible",
            f"{str(error)[:1].upper()}{str(error)[1:]}.",
        )
        return
    for name in spread(X, study.factors):
        problems.add(given.key(name), "zero variance", f"{name} has one value only in all {len(X)} rows of the design.")
    for i, factor in enumerate(study.factors):
        if factor.how != "path" or factor.column.kind == "choice":
            continue
        target = factor.column.targets[0]
        field, positive = _leads_to(study.scenarios[0], target)
        what = _Number(field, positive, factor.relative)
        _in_range(problems, given.key(factor.name), factor.name, what, float(X[:, i].min()), float(X[:, i].max()))
        whole = field.kind == "int" and not factor.relative
        if whole and np.any(X[:, i] != np.round(X[:, i])):
            problems.add(given.key(factor.name), "not a whole number", f"{factor.name} takes whole numbers only.")
