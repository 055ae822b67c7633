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

from twin.config.document import Node, Problems, Source
from twin.errors import ConfigError, Problem

#: Limits within which a hostile file is refused in about a second.
MOST_BYTES = 500_000
MOST_NODES = 30_000
DEEPEST = 24

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


class _Refused(Exception):
    """Stops the parse at once: what follows would only cost time."""


def _compose(source: Source, problems: Problems) -> Node | None:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return _Composer(source, problems).document(iter(YAML(typ="safe", pure=True).parse(source.text)))
    except _Refused:
        pass
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, col = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        at = source.lines[line - 1] if 0 < line <= len(source.lines) else ""
        hint = " Indent with spaces, not with tabs." if "\t" in at[: col + 1] else ""
        what = " ".join(str(part) for part in (error.context, error.problem) if part)
        problems.add(Node(source, "scalar", line, col), "not YAML", f"{what[:1].upper()}{what[1:]}.{hint}")
    except (YAMLError, ValueError, OverflowError, AssertionError, IndexError, AttributeError, TypeError) as error:
        # the last ones are slips of the parser on garbage, found by fuzzing: garbage it is all the same
        text = " ".join(str(error).split())[:200] or "unreadable"
        problems.add(Node(source, "scalar", 0, 0), "not YAML", f"This cannot be read as YAML: {text}.")
    problems.stop()
    return None


class _Composer:
    """Builds nodes from parser events, counting as it goes."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self.source, self.problems, self.count = source, problems, 0

    def document(self, events: Iterator[Any]) -> Node | None:
        root = None
        for event in events:
            name = type(event).__name__
            if name == "DocumentStartEvent" and root is not None:
                self.refuse(event, "more than one document", "A configuration is a single YAML document.")
            if name in ("StreamStartEvent", "StreamEndEvent", "DocumentStartEvent", "DocumentEndEvent"):
                continue
            root = self.node(event, events, 0)
        return root

    def refuse(self, event: Any, title: str, detail: str) -> None:
        mark, end = event.start_mark, event.end_mark
        length = end.column - mark.column if end.line == mark.line else 1
        self.problems.add(Node(self.source, "scalar", mark.line + 1, mark.column + 1, max(1, length)), title, detail)
        raise _Refused

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        self.count += 1
        name = type(event).__name__
        if name == "AliasEvent" or getattr(event, "anchor", None):
            self.refuse(
                event, "anchors are not read", "Write the value out where it is needed: & and * are not used here."
            )
        if getattr(event, "tag", None):
            self.refuse(event, "tags are not read", "Types follow from the model: remove what begins with '!'.")
        if depth > DEEPEST:
            self.refuse(event, "nested too deeply", f"A configuration nests at most {DEEPEST} levels.")
        if self.count > MOST_NODES:
            self.refuse(event, "too many values", f"A configuration has at most {MOST_NODES} values.")
        mark, end = event.start_mark, event.end_mark
        node = Node(self.source, "scalar", mark.line + 1, mark.column + 1)
        if end.line == mark.line:
            node.length = max(1, end.column - mark.column)
        else:
            node.length = max(1, len(self.source.lines[mark.line].rstrip()) - mark.column)
        if name == "ScalarEvent":
            node.text, node.quoted = event.value, event.style is not None
            node.value = event.value if node.quoted else _resolve(event.value)
        elif name == "SequenceStartEvent":
            node.kind, node.length = "list", 1
            for inner in events:
                if type(inner).__name__ == "SequenceEndEvent":
                    break
                node.items.append(self.node(inner, events, depth + 1))
        else:
            node.kind, node.length = "map", 1
            self.pairs(node, events, depth)
        return node

    def pairs(self, node: Node, events: Iterator[Any], depth: int) -> None:
        seen: dict[str, Node] = {}
        for inner in events:
            if type(inner).__name__ == "MappingEndEvent":
                return
            key = self.node(inner, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            if key.kind != "scalar":
                self.problems.add(key, "not a name", f"A key is a name, but this is {key.what}.")
            elif key.text in seen:
                first = seen[key.text].line
                self.problems.add(key, "twice the same key", f"'{key.text}' was already given on line {first}.")
            else:
                seen[key.text] = key
                node.pairs.append((key, value))


def _resolve(text: str) -> Any:
    """Give the value of a plain scalar by the core schema of YAML 1.2 (no octal, no sexagesimal)."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= 40:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
