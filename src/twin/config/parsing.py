"""Parses YAML 1.2 into a flat list of values with their places, and refuses what a configuration does not need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin.config.document import Node, Problems, Source

#: Limits within which a hostile file is refused in about a second.
MOST_NODES = 30_000
DEEPEST = 24
#: Kind of the event that closes a list or mapping.
END = "end"

#: Kind ("map", "list", "scalar" or END), line, column and length of its place, a scalar's text, whether in quotes.
#: Lists rather than a class: so they go to JSON and back.
Event = list[Any]

_KINDS = {"ScalarEvent": "scalar", "SequenceStartEvent": "list", "MappingStartEvent": "map"}
_ENDS = ("SequenceEndEvent", "MappingEndEvent")


class Refused(Exception):
    """The text is no configuration, and `problems` say why: what follows would only cost time."""


def parse(source: Source, problems: Problems) -> list[Event]:
    """Give the events of the single document of a text; none when it is empty.

    Raises
    ------
    Refused
        When it is not YAML, or more than a configuration needs.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return list(_events(YAML(typ="safe", pure=True).parse(source.text), source, problems))
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
    raise Refused


def _events(parsed: Any, source: Source, problems: Problems) -> Iterator[Event]:
    def refuse(event: Any, title: str, detail: str) -> None:
        mark, end = event.start_mark, event.end_mark
        length = end.column - mark.column if end.line == mark.line else 1
        problems.add(Node(source, "scalar", mark.line + 1, mark.column + 1, max(1, length)), title, detail)
        raise Refused

    count = depth = documents = 0
    for event in parsed:
        name = type(event).__name__
        if name in _ENDS:
            depth -= 1
            yield [END, 0, 0, 0, "", False]
            continue
        if name == "DocumentStartEvent":
            documents += 1
            if documents > 1:
                refuse(event, "more than one document", "A configuration is a single YAML document.")
        if name in ("StreamStartEvent", "StreamEndEvent", "DocumentStartEvent", "DocumentEndEvent"):
            continue
        count += 1
        if name == "AliasEvent" or getattr(event, "anchor", None):
            refuse(event, "anchors are not read", "Write the value out where it is needed: & and * are not used here.")
        if getattr(event, "tag", None):
            refuse(event, "tags are not read", "Types follow from the model: remove what begins with '!'.")
        if depth > DEEPEST:
            refuse(event, "nested too deeply", f"A configuration nests at most {DEEPEST} levels.")
        if count > MOST_NODES:
            refuse(event, "too many values", f"A configuration has at most {MOST_NODES} values.")
        kind = _KINDS[name]
        mark, end = event.start_mark, event.end_mark
        if kind != "scalar":
            depth += 1
            yield [kind, mark.line + 1, mark.column + 1, 1, "", False]
            continue
        if end.line == mark.line:
            length = end.column - mark.column
        else:
            length = len(source.lines[mark.line].rstrip()) - mark.column
        yield [kind, mark.line + 1, mark.column + 1, max(1, length), event.value, event.style is not None]
