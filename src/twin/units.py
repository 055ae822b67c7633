"""Units at the YAML boundary: `"2 mL/min"` to a float in the unit of the field that receives it.

A table-driven parser instead of a unit library, because loading a plant must stay far below a
second. Factors are exact fractions and the product is rounded once, so that `200 um`, `0.2 mm` and
`2e-4` are the same float on every platform.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from twin.unit_tables import KINDS, NUMBER, OFFSET, PLAIN, PREFIXED, PREFIXES, REFUSED, Dimension, dimension_of


@dataclass(frozen=True)
class Unit:
    """A unit: SI value = factor × number + offset."""

    factor: Fraction
    dimension: Dimension
    offset: Fraction = Fraction(0)


class UnitError(ValueError):
    """A text is no quantity, or none of the wanted kind; the message says what to write instead."""


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_TOKEN = re.compile(r"\s*(\*\*|[()*/^·]|-?\d+(?:\.\d+)?|[A-Za-z°µμ%#_]+%?)|\s+$")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
#: Longest text read as a quantity: no real one comes near.
_LONGEST = 80


@cache
def parse_unit(text: str) -> Unit:
    """Read a unit such as `W/(m^2 K)`, `kg/h`, `m³/s`, `1/s`, `degC`.

    Raises
    ------
    UnitError
        For an unknown or ambiguous unit; the message names the closest known one.
    """
    stripped = text.strip()
    if stripped in OFFSET:
        return Unit(Fraction(1), dimension_of(K=1), OFFSET[stripped])
    if stripped in REFUSED:
        raise UnitError(REFUSED[stripped])
    tokens = _tokens(stripped)
    unit, rest = _product(tokens, text)
    if rest:
        raise UnitError(f"'{text}' has an unmatched parenthesis")
    return unit


def _tokens(text: str) -> list[str]:
    text = re.sub(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "^" + m.group().translate(_SUPERSCRIPTS), text)
    tokens, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match or match.end() == place:
            raise UnitError(f"'{text[place:].strip()}' cannot be read as a unit")
        if match.group(1):
            tokens.append({"**": "^", "·": "*"}.get(match.group(1), match.group(1)))
        place = match.end()
    if not tokens:
        raise UnitError("a unit is missing")
    return tokens


def _product(tokens: list[str], text: str, depth: int = 0) -> tuple[Unit, list[str]]:
    """Read factors up to the end or a closing parenthesis."""
    factor, dimension = Fraction(1), NUMBER
    sign, divided, empty = 1, False, True
    while tokens and tokens[0] != ")":
        if tokens[0] in ("*", "/"):
            if empty or sign == 0:
                raise UnitError(f"'{text}' has an operator without a unit before it")
            divided = divided or tokens[0] == "/"
            if tokens[0] == "*" and divided:
                raise UnitError(f"'{text}' is ambiguous: put what stands under the line in parentheses")
            sign = -1 if tokens[0] == "/" else 1
            tokens = tokens[1:]
            if not tokens or tokens[0] in ("*", "/", ")"):
                raise UnitError(f"'{text}' has an operator without a unit after it")
        elif divided:
            raise UnitError(f"'{text}' is ambiguous: put what stands under the line in parentheses, as in kg/(m s)")
        unit, tokens = _power(tokens, text, depth)
        factor *= unit.factor**sign
        dimension = _add(dimension, unit.dimension, Fraction(sign))
        empty = False
    if empty:
        raise UnitError(f"'{text}' has empty parentheses")
    return Unit(factor, dimension), tokens


def _power(tokens: list[str], text: str, depth: int) -> tuple[Unit, list[str]]:
    if tokens[0] == "(":
        if depth > 5:
            raise UnitError(f"'{text}' nests too deeply")
        unit, tokens = _product(tokens[1:], text, depth + 1)
        if not tokens:
            raise UnitError(f"'{text}' has an unmatched parenthesis")
        tokens = tokens[1:]
    else:
        unit, tokens = _named(tokens[0]), tokens[1:]
        if tokens and re.fullmatch(r"-?\d", tokens[0]):
            tokens = ["^", *tokens]  # m3, s-1
    if tokens and tokens[0] == "^":
        if len(tokens) < 2 or not re.fullmatch(r"-?\d(\.\d+)?", tokens[1]):
            raise UnitError(f"'{text}' has an exponent that is no number below 10")
        exponent = Fraction(tokens[1])
        whole = exponent.denominator == 1
        # a fractional exponent (empirical laws) makes the factor a float, rounded here
        factor = unit.factor ** int(exponent) if whole else Fraction(float(unit.factor) ** float(exponent))
        unit = Unit(factor, _add(NUMBER, unit.dimension, exponent))
        tokens = tokens[2:]
    return unit, tokens


def _named(name: str) -> Unit:
    if name in OFFSET:
        return Unit(Fraction(1), dimension_of(K=1))  # within a product a degree is a difference
    if name in PLAIN:
        return Unit(Fraction(PLAIN[name][0]), PLAIN[name][1])
    if name in PREFIXED:
        return Unit(Fraction(PREFIXED[name][0]), PREFIXED[name][1])
    if name not in REFUSED and name[:1] in PREFIXES and name[1:] in PREFIXED:
        factor, dimension = PREFIXED[name[1:]]
        return Unit(Fraction(factor) * Fraction(10) ** PREFIXES[name[0]], dimension)
    if name in REFUSED:
        raise UnitError(REFUSED[name])
    known = [*PLAIN, *PREFIXED, *OFFSET, *(p + u for p in PREFIXES for u in PREFIXED)]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise UnitError(f"'{name}' is no unit known here{hint}")


def _add(a: Dimension, b: Dimension, times: Fraction) -> Dimension:
    kg, m, s, K, mol = (x + times * y for x, y in zip(a, b, strict=True))
    return kg, m, s, K, mol


@cache
def si_unit(text: str) -> str:
    """Unit of SI of the same dimension: `min` is `s`. Raises UnitError."""
    bases = zip(("kg", "m", "s", "K", "mol"), parse_unit(text).dimension, strict=True)
    parts = [f"{base}^{power}" if power.denominator == 1 else f"{base}^({power})" for base, power in bases if power]
    return " ".join(part.removesuffix("^1") for part in parts) or "1"


def describe(unit: str) -> str:
    """Say what quantity a unit measures: `a time`, or the unit itself when it has no common name."""
    dimension = parse_unit(unit).dimension
    for known, (name, _) in KINDS.items():
        if parse_unit(known).dimension == dimension:
            return name
    return f"a quantity in {unit}"


@cache
def example(unit: str) -> str:
    """Give a quantity of the same dimension, as one would write it in YAML."""
    dimension = parse_unit(unit).dimension
    for known, (_, text) in KINDS.items():
        if parse_unit(known).dimension == dimension:
            return text
    return f"1.5 {unit}"


def same_dimension(a: str, b: str) -> bool:
    """Whether two units measure the same kind of quantity."""
    return parse_unit(a).dimension == parse_unit(b).dimension


def parse_quantity(text: str | float, unit: str) -> float:
    """Read a quantity into the given unit.

    Parameters
    ----------
    text : str, int or float
        `"2 mL/min"`; a plain number is taken to be in `unit`.
    unit : str
        Unit of the result; the text must have its dimension.

    Returns
    -------
    float
        The finite value in `unit`, correctly rounded.

    Raises
    ------
    UnitError
        When the text is no quantity or has another dimension; the message gives an example.
    """
    shown = f"'{text}'" if len(str(text)) < _LONGEST else f"'{str(text)[:40]}…'"
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise UnitError(f"{shown} is no quantity; write for example {example(unit)}")
    string = repr(text) if isinstance(text, float) else str(text).strip()
    match = _NUMBER.match(string) if len(string) <= _LONGEST else None
    if not match:
        raise UnitError(f"{shown} is no quantity; write for example {example(unit)}")
    number, rest = match.group(), string[match.end() :].strip()
    if not rest:
        value = float(number)
    else:
        value = _converted(number, rest, unit, shown)
    if value in (float("inf"), float("-inf")):
        raise UnitError(f"{shown} is too large for a number")
    return value


def _converted(number: str, rest: str, unit: str, shown: str) -> float:
    if rest.startswith(("^", "*", "+", "-", ".")) or (rest[0].isdigit() and not rest.startswith("1/")):
        raise UnitError(f"{shown} is no quantity; write for example {example(unit)}")
    if rest.startswith("/"):
        rest = "1" + rest  # "5 /s", and "1/s" after its number was read
    try:
        read = parse_unit(rest)
    except UnitError as error:
        raise UnitError(f"{shown}: {error}; an example is {example(unit)}") from None
    wanted = parse_unit(unit)
    if read.dimension != wanted.dimension:
        raise UnitError(
            f"expected {describe(unit)} [{unit}], but {shown} is {describe(rest)}; an example is {example(unit)}"
        )
    exact = (Fraction(number) * read.factor + read.offset - wanted.offset) / wanted.factor
    try:
        return float(exact)
    except OverflowError:
        raise UnitError(f"{shown} is too large for a number") from None
