"""Reads YAML 1.2 text into a tree of nodes.

Only the part of YAML that a configuration needs is read: mappings, lists and scalars. Anchors,
aliases and tags are refused (they make files that say something else than they show, and bombs),
and so are files too large, too deep or with too many values, before they cost time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twin.cache import digest, stored_text
from twin.config.document import Node, Problems, Source
from twin.config.parsing import END, Event, Refused, parse
from twin.errors import ConfigError, Problem
from twin.jit import cache_root

#: Limit within which a hostile file is refused in about a second (others stand in `twin.config.parsing`).
MOST_BYTES = 500_000
#: Characters from which on what was parsed is kept in the cache: reading that back takes a twentieth of the time.
WORTH_KEEPING = 300

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def read_file(path: Path, shown: str, problems: Problems | None = None) -> Node:
    """Read a file into a tree; slips that do not hide the rest (a key given twice) join `problems`.

    Raises
    ------
    ConfigError
        When it cannot be read or is no mapping in the YAML that is understood here.
    """

    def whole(title: str, detail: str) -> ConfigError:
        return ConfigError([Problem(shown, 0, 0, 0, title, detail)])

    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise whole("no such file", "There is no file of this name.") from None
    except (OSError, ValueError) as error:
        raise whole("cannot be read", f"{getattr(error, 'strerror', None) or error}.") from None
    if len(data) > MOST_BYTES:
        raise whole("file too large", f"A configuration has at most {MOST_BYTES // 1000} kB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise whole("not a text file", f"This is not UTF-8 text (byte {error.start + 1}).") from None
    return read_text(text, shown, problems)


def read_text(text: str, shown: str, problems: Problems | None = None) -> Node:
    """Read a text into a tree whose root is a mapping. Raises ConfigError, as :func:`read_file`."""
    text = text.replace("\r\n", "\n")
    source = Source(shown, tuple(text.split("\n")), text)
    collected = problems
    problems = Problems()
    root = _compose(source, problems)
    if root is None or root.is_null:
        raise ConfigError(
            [Problem(shown, 0, 0, 0, "empty file", "There is nothing in this file but blanks and comments.")]
        )
    if root.kind != "map":
        problems.add(
            root, "not a mapping", f"A configuration is a mapping of names to values, but this is {root.what}."
        )
    if collected is None or root.kind != "map":
        problems.stop()
    else:
        collected.found.extend(problems.found)
    return root


def _compose(source: Source, problems: Problems) -> Node | None:
    try:
        if len(source.text) < WORTH_KEEPING:
            events = parse(source, problems)
        else:
            parser = Path(__file__).with_name("parsing.py").read_bytes()
            path = cache_root() / "yaml" / f"{digest(source.text, parser)}.json"
            events = stored_text(path, lambda: parse(source, problems))
    except Refused:
        problems.stop()
        return None
    return _Composer(source, problems).document(iter(events))


class _Composer:
    """Builds nodes from what was parsed."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self.source, self.problems = source, problems

    def document(self, events: Iterator[Event]) -> Node | None:
        first = next(events, None)
        return None if first is None else self.node(first, events)

    def node(self, event: Event, events: Iterator[Event]) -> Node:
        kind, line, col, length, text, quoted = event
        node = Node(self.source, kind, line, col, length)
        if kind == "scalar":
            node.text, node.quoted = text, quoted
            node.value = text if quoted else scalar(text)
        elif kind == "list":
            for inner in events:
                if inner[0] == END:
                    break
                node.items.append(self.node(inner, events))
        else:
            self.pairs(node, events)
        return node

    def pairs(self, node: Node, events: Iterator[Event]) -> None:
        seen: dict[str, Node] = {}
        for inner in events:
            if inner[0] == END:
                return
            key = self.node(inner, events)
            value = self.node(next(events), events)
            if key.kind != "scalar":
                self.problems.add(key, "not a name", f"A key is a name, but this is {key.what}.")
            elif key.text in seen:
                first = seen[key.text].line
                self.problems.add(key, "twice the same key", f"'{key.text}' was already given on line {first}.")
            else:
                seen[key.text] = key
                node.pairs.append((key, value))


def scalar(text: str) -> Any:
    """Give the value of a plain scalar by the core schema of YAML 1.2 (no octal, no sexagesimal)."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= 40:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
