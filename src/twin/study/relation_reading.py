"""Reads what ties factors together: `correlations:` and `constraints:` of a study."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

import numpy as np

from twin.config.document import Node, Problems, closest
from twin.study.designs import DRAWN
from twin.study.number_reading import read_quantity
from twin.study.spec import Constraint, FactorSpec

_RELATION = re.compile(r"(.*?)(<=|>=|<|>)(.*)")


def read_correlation(problems: Problems, node: Node | None, factors: Sequence[FactorSpec], drawn: bool) -> np.ndarray:
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
            if i == j:
                problems.add(pair, "not a correlation", f"{names[i]} stands beside itself: name two factors.")
                continue
            matrix[i, j] = matrix[j, i] = float(r.value)
    if not problems.found and np.linalg.eigvalsh(matrix)[0] < 1e-10:
        problems.add(
            node, "no such correlations", "No quantities can be correlated in this way: they contradict each other."
        )
    return matrix


def read_constraints(problems: Problems, node: Node | None, factors: Sequence[FactorSpec]) -> list[Constraint]:
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
    sides = [left, right]
    for i, name in enumerate(names):
        sides = [re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w.])", f"__{i}__", side) for side in sides]
    if "__" in sides[1]:  # factors on both sides: what is left of them is compared with nothing
        sides, right = [f"({sides[0]}) - ({sides[1]})"], "0"
    coefficients: dict[str, float] = {}
    try:
        constant = _linear(ast.parse(sides[0].strip(), mode="eval").body, 1.0, coefficients)
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
    value = read_quantity(
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
