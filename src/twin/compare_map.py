"""Reads the map of a data file's columns to a run's tags; what is wrong stands under its caret."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from twin.config.document import Node, Problems, closest
from twin.config.reading import read_file
from twin.results.files import FileProblem
from twin.results.reader import Run
from twin.units import UnitError, parse_quantity, parse_unit

KEYS = ("twin", "time", "tags", "missing")
TIME_KEYS = ("column", "unit", "shift", "within")
TAG_KEYS = ("column", "unit", "uncertainty")
#: Words that stand for a value that is not there, unless the map says which do.
MISSING = ("", "NA", "N/A", "nan", "NaN", "null", "-")
#: How far a shift is searched unless the map says so, in s.
WITHIN = 3600.0


#: A heading with a unit behind it.
_HEAD = re.compile(r"(.+?)\s+\[([^\[\]]+)\]")


@dataclass(frozen=True)
class Column:
    """One column of data, and the tag that it is measured of; SI value = factor × number + offset."""

    name: str
    tag: str
    unit: str
    factor: float = 1.0
    offset: float = 0.0
    uncertainty: float | None = None
    relative: bool = False
    place: Node | None = field(default=None, compare=False, repr=False)
    said: bool = True  #: whether the map, or a heading of the data, says the unit; else it is the tag's own

    def to_si(self, values: Any) -> Any:
        """Give values of the column in SI."""
        return values * self.factor + self.offset

    def headed(self, unit: str, path: Path, problems: Problems) -> Column:
        """Give the column as a heading `name [unit]` of the data has it; a unit that contradicts the map is named."""
        assert self.place is not None
        try:
            found, mine = parse_unit(unit), parse_unit(self.unit)
        except UnitError as error:
            problems.add(self.place, "unknown unit", f"{path} heads {self.name} with [{unit}]: {error}.")
            return self
        said = f"{path} says that {self.name} is in [{unit}]"
        if found.dimension != mine.dimension:
            problems.add(self.place, "wrong unit", f"{said}, but {self.tag} is in {self.unit}.")
        elif self.said and (found.factor, found.offset) != (mine.factor, mine.offset):
            problems.add(self.place, "wrong unit", f"{said}, and this says {self.unit}: say it in one place.")
        elif not self.said:
            factor, offset = float(found.factor / mine.factor), float(found.offset - mine.offset)
            return replace(self, unit=unit, factor=factor, offset=offset, said=True)
        return self

    def from_si(self, values: Any) -> Any:
        """Give values in the column's unit."""
        return (values - self.offset) / self.factor


@dataclass(frozen=True)
class Plan:
    """What a map says."""

    time: Column
    columns: tuple[Column, ...]
    shift: float | None  #: in s; None: to be estimated
    within: float
    missing: tuple[str, ...]

    def found_in(self, heads: Sequence[str], path: Path) -> tuple[list[int], list[Column]]:
        """Find every column, the time first, among the headings of data: `name`, or `name [unit]`.

        Returns
        -------
        list of int, list of Column
            Where each stands, and what it is with the unit of its heading.

        Raises
        ------
        ConfigError
            When one is missing, or its unit contradicts this map.
        """
        problems = Problems()
        parts = [_HEAD.fullmatch(head) for head in heads]
        names = [head if part is None else part[1] for head, part in zip(heads, parts, strict=True)]
        places, columns = [], []
        for column in (self.time, *self.columns):
            known = heads if column.name in heads else names
            if column.name not in known:
                assert column.place is not None
                hint = closest(column.name, names) or f" It has {', '.join(names)}."
                problems.add(column.place, "missing column", f"{path} has no column '{column.name}'.{hint}")
                continue
            place = list(known).index(column.name)
            part = None if known is heads else parts[place]
            places.append(place)
            columns.append(column if part is None else column.headed(part[2], path, problems))
        problems.stop()
        return places, columns


#: Gives the unit of a tag; what is wrong with it joins the problems.
UnitOf = Callable[[Problems, Node], str | None]


def read_map(path: str | Path, run: Run) -> Plan:
    """Read a map to the tags of a run.

    Raises
    ------
    ConfigError
        With every unknown tag, unit or key at its place.
    """
    return read_plan(path, lambda problems, key: _unit_of(problems, run, key))


def read_plan(path: str | Path, unit_of: UnitOf) -> Plan:
    """Read a map to tags of which somebody knows the units. Raises ConfigError as :func:`read_map` does."""
    problems = Problems()
    root = read_file(Path(path), str(path), problems)
    problems.known_keys(root, KEYS, "unknown key", "a map")
    when = root.get("time")
    shift: float | None = 0.0
    within, time = WITHIN, Column("time", "", "s")
    if when is not None:
        problems.mapping(when, "not a time", "{column: t, unit: min}")
        problems.known_keys(when, TIME_KEYS, "unknown key", "time")
        time = read_column(problems, when, "time", "s", "time", when)
        given, around = when.get("shift"), when.get("within")
        if given is not None:
            shift = None if given.text == "estimate" else _seconds(problems, given)
        if around is not None:
            within = abs(_seconds(problems, around)) or WITHIN
    else:
        time = Column("time", "time", "s", place=root.pairs[0][0] if root.pairs else root, said=False)
    columns = []
    tags = root.get("tags")
    for key, node in problems.mapping(tags, "tags are a mapping", "{dryer.X: {column: LOD}}") if tags else []:
        unit = unit_of(problems, key)
        problems.mapping(node, "not a column", "{column: TI-201, unit: degC, uncertainty: 0.5}")
        problems.known_keys(node, TAG_KEYS, "unknown key", "a tag")
        if unit is not None:
            columns.append(read_column(problems, node, key.text, unit, key.text, key))
    if not columns and not problems.found:
        problems.add(root, "no tags", "A map names at least one tag: tags: {reactor.T: {column: TI-101, unit: degC}}.")
    words = root.get("missing")
    listed = problems.sequence(words, "missing is a list", "[NA, -999]") if words else []
    missing = ("", *(word.text for word in listed)) if words else MISSING
    problems.stop()
    return Plan(time, tuple(columns), shift, within, missing)


def _unit_of(problems: Problems, run: Run, key: Node) -> str | None:
    try:
        values = run.at(key.text, 0)
        unit = run.unit(key.text)
    except FileProblem as error:
        problems.add(key, "unknown tag", f"{error}")
        return None
    if values.shape:
        problems.add(key, "not one number", f"'{key.text}' has {values.size} elements: name one, as in tag[ethanol].")
        return None
    return unit


def read_column(problems: Problems, node: Node, tag: str, unit: str, default: str, place: Node) -> Column:
    """Read which column of a data file a tag is compared with, and how its unit is converted."""
    name, written = node.get("column"), node.get("unit")
    factor, offset, text = 1.0, 0.0, unit
    if written is not None:
        try:
            found = parse_unit(written.text)
            wanted = parse_unit(unit)
            if found.dimension != wanted.dimension:
                problems.add(
                    written, "wrong unit", f"{tag} is in {unit}, and '{written.text}' measures something else."
                )
            factor, offset = float(found.factor / wanted.factor), float(found.offset - wanted.offset)
            text = written.text
        except UnitError as error:
            problems.add(written, "unknown unit", f"{error}.")
    spread, relative = _uncertainty(problems, node.get("uncertainty"))
    column = name.text if name is not None else default
    where = name if name is not None else place
    return Column(column, tag, text, factor, offset, spread, relative, where, written is not None)


def _uncertainty(problems: Problems, node: Node | None) -> tuple[float | None, bool]:
    """Read half the width of the interval: in the column's unit, or in per cent of the value."""
    if node is None:
        return None, False
    text = node.text.strip()
    relative = text.endswith("%")
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        detail = f"An uncertainty is a number in the column's unit, or per cent of the value, not '{text}'."
        problems.add(node, "not an uncertainty", detail)
        return None, False
    return (value / 100.0 if relative else value), relative


def _seconds(problems: Problems, node: Node) -> float:
    try:
        return parse_quantity(node.text, "s")
    except UnitError as error:
        problems.add(node, "not a time", f"{error}.")
        return 0.0
