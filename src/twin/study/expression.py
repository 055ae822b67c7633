"""Arithmetic over factors and responses, as `filter.cake_mass / cycle`: read once, worked out for all runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from twin.config.document import closest
from twin.unit_tables import KINDS, NUMBER, Dimension
from twin.units import parse_unit

FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "min": lambda *v: np.minimum.reduce(np.broadcast_arrays(*v)),
    "max": lambda *v: np.maximum.reduce(np.broadcast_arrays(*v)),
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
}
_OPERATORS: dict[type, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
Made = Callable[[Mapping[str, np.ndarray]], np.ndarray]


def _words(text: str, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Put a word that Python can read in the place of each name."""
    words = {}
    for i, name in enumerate(sorted(names, key=len, reverse=True)):
        words[f"__{i}__"] = name
        text = re.sub(rf"(?<![\w.\]]){re.escape(name)}(?![\w.\[@])", f"__{i}__", text)
    return text, words


def read_expression(text: str, names: Sequence[str]) -> Made:
    """Read an expression: names, numbers, + - * / **, and min, max, abs, sqrt, log, exp.

    Parameters
    ----------
    text : str
    names : sequence of str
        Of factors and responses, dots and brackets included; values are in their own units.

    Returns
    -------
    callable
        Columns by name to the column of the expression; NaN where a column is, or where it is not defined.

    Raises
    ------
    ValueError
        With a sentence.
    """
    replaced, words = _words(text, names)
    try:
        tree = ast.parse(replaced.strip(), mode="eval").body
    except SyntaxError:
        raise ValueError(f"'{text}' is no expression of factors and responses.") from None
    made = _made(tree, words, names, text)

    def columns(values: Mapping[str, np.ndarray]) -> np.ndarray:
        length = len(next(iter(values.values())))
        with np.errstate(all="ignore"):  # not defined in a run: not a number there
            found = np.broadcast_to(np.asarray(made(values), dtype=float), (length,))
        return np.where(np.isfinite(found), found, np.nan)

    return columns


def dimension_of(text: str, units: Mapping[str, str]) -> Dimension:
    """Dimension of an expression that `read_expression` takes, of names with these units.

    Raises
    ------
    ValueError
        With a sentence: where what is added or compared is not of one kind.
    """
    replaced, words = _words(text, list(units))
    return _kind(ast.parse(replaced.strip(), mode="eval").body, {word: units[name] for word, name in words.items()})


def _kind(tree: ast.expr, units: Mapping[str, str]) -> Dimension:
    if isinstance(tree, ast.Name):
        return parse_unit(units[tree.id]).dimension
    if isinstance(tree, ast.UnaryOp):
        return _kind(tree.operand, units)
    if isinstance(tree, ast.BinOp):
        left, right = _kind(tree.left, units), _kind(tree.right, units)
        if isinstance(tree.op, (ast.Mult, ast.Div)):
            sign = 1 if isinstance(tree.op, ast.Mult) else -1
            return _times(left, right, Fraction(sign))
        if isinstance(tree.op, ast.Pow):
            if left == NUMBER and right == NUMBER:
                return NUMBER
            if not isinstance(tree.right, ast.Constant):
                raise ValueError("a quantity with a unit is raised to a plain number only.")
            return _times(NUMBER, left, Fraction(str(tree.right.value)))
        return _alike([left, right])
    if isinstance(tree, ast.Call):
        assert isinstance(tree.func, ast.Name)
        kinds = [_kind(item, units) for item in tree.args]
        if tree.func.id in ("log", "exp"):
            return _alike([*kinds, NUMBER])
        return _times(NUMBER, kinds[0], Fraction(1, 2)) if tree.func.id == "sqrt" else _alike(kinds)
    return NUMBER


def _times(a: Dimension, b: Dimension, power: Fraction) -> Dimension:
    kg, m, s, K, mol = (x + power * y for x, y in zip(a, b, strict=True))
    return kg, m, s, K, mol


def _alike(kinds: Sequence[Dimension]) -> Dimension:
    for kind in kinds[1:]:
        if kind != kinds[0]:
            raise ValueError(f"{_said(kinds[0])} and {_said(kind)} are no quantities of one kind.")
    return kinds[0]


def _said(kind: Dimension) -> str:
    if kind == NUMBER:
        return "a plain number"
    names = (name for unit, (name, _) in KINDS.items() if parse_unit(unit).dimension == kind)
    return next(names, "something with another unit")


def _made(tree: ast.expr, words: Mapping[str, str], names: Sequence[str], text: str) -> Made:
    if isinstance(tree, ast.Name) and tree.id in words:
        name = words[tree.id]
        return lambda values: values[name]
    if isinstance(tree, ast.Constant) and isinstance(tree.value, (int, float)) and not isinstance(tree.value, bool):
        number = np.asarray(float(tree.value))
        return lambda values: number
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
        inner, sign = _made(tree.operand, words, names, text), -1.0 if isinstance(tree.op, ast.USub) else 1.0
        return lambda values: sign * inner(values)
    if isinstance(tree, ast.BinOp) and type(tree.op) in _OPERATORS:
        left, right = (_made(side, words, names, text) for side in (tree.left, tree.right))
        operator = _OPERATORS[type(tree.op)]
        return lambda values: operator(left(values), right(values))
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in FUNCTIONS:
        function = FUNCTIONS[tree.func.id]
        arguments = [_made(item, words, names, text) for item in tree.args]
        if arguments and not tree.keywords:
            return lambda values: function(*(item(values) for item in arguments))
    if isinstance(tree, (ast.Name, ast.Attribute, ast.Subscript)):
        word = ast.unparse(tree)
        raise ValueError(f"'{word}' is no factor or response.{closest(word, names)}")
    raise ValueError(f"'{text}' has more in it than names, numbers, + - * / ** and {', '.join(FUNCTIONS)}.")
