"""Arithmetic over factors and responses, as `filter.cake_mass / cycle`: read once, worked out for all runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from twin.config.document import closest

_FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
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
    words = {}
    replaced = text
    for i, name in enumerate(sorted(names, key=len, reverse=True)):
        word = f"__{i}__"
        words[word] = name
        replaced = re.sub(rf"(?<![\w.\]]){re.escape(name)}(?![\w.\[@])", word, replaced)
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
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in _FUNCTIONS:
        function = _FUNCTIONS[tree.func.id]
        arguments = [_made(item, words, names, text) for item in tree.args]
        if arguments and not tree.keywords:
            return lambda values: function(*(item(values) for item in arguments))
    if isinstance(tree, (ast.Name, ast.Attribute, ast.Subscript)):
        word = ast.unparse(tree)
        raise ValueError(f"'{word}' is no factor or response.{closest(word, names)}")
    raise ValueError(f"'{text}' has more in it than names, numbers, + - * / ** and {', '.join(_FUNCTIONS)}.")
