"""A scenario's text with other values and events; pure functions of texts that keep comments and order."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML


@dataclass(frozen=True)
class Happening:
    """One event of a scenario: when, and what it changes."""

    number: int
    at: str
    what: str
    values: tuple[tuple[str, str], ...]


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = 4096
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dumped(tree: Any) -> str:
    out = io.StringIO()
    _yaml().dump(tree, out)
    return out.getvalue()


def normal(text: str) -> str:
    """A text as it is written again unchanged: what a changed one is set against."""
    return _dumped(_yaml().load(text))


def happenings(text: str) -> list[Happening]:
    """Timed events of a scenario's text."""
    rows = _yaml().load(text).get("events") or []
    found = []
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or "at" not in row:
            continue
        kind = next((k for k in ("set", "ramp", "hold", "add") if isinstance(row.get(k), dict)), "")
        values = (
            tuple((f"{kind}.{key}", str(v)) for key, v in row[kind].items() if not isinstance(v, dict)) if kind else ()
        )
        found.append(Happening(i, str(row["at"]), str(row.get("name") or kind), values))
    return found


def changed(
    text: str,
    values: Mapping[str, str],
    events: Mapping[str, str] | None = None,
    removed: Sequence[int] = (),
    added: Sequence[Mapping[str, str]] = (),
) -> str:
    """Give a scenario's text with changes.

    Parameters
    ----------
    text : str
    values : mapping
        Dotted path → value, for the scenario's `set:`.
    events : mapping, optional
        "3.at" or "3.set.path" → value, of the event of that number.
    removed : sequence of int
        Numbers of events to leave out.
    added : sequence of mapping
        New events: `at`, `path`, `value`.
    """
    tree = _yaml().load(text)
    if values:
        given = tree.setdefault("set", {})
        for path, value in values.items():
            given[path] = _scalar(value)
    rows = tree.get("events") or []
    for key, value in (events or {}).items():
        place, _, rest = key.partition(".")
        kind, _, path = rest.partition(".")
        row = rows[int(place)]
        if rest == "at":
            row["at"] = _scalar(value)
        elif path in row.get(kind, {}):
            row[kind][path] = _scalar(value)
    for place_ in sorted(set(removed), reverse=True):
        del rows[place_]
    if added:
        if "events" not in tree or tree["events"] is None:
            tree["events"] = []
        for row in added:
            tree["events"].append(
                {"at": _scalar(row["at"]), "set": {row["path"]: _scalar(row["value"])}, "name": "what if"}
            )
    return _dumped(tree)


def shortened(text: str, until: str | None) -> str:
    """Give a scenario's text that stops earlier; as it is without a time."""
    if not until or not str(until).strip():
        return text
    tree = _yaml().load(text)
    tree["until"] = _scalar(str(until))
    return _dumped(tree)


def _scalar(text: str) -> Any:
    """A number where the text is one, else the text."""
    text = text.strip()
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def diff(before: str, after: str) -> list[str]:
    """Lines of the difference of two texts, as `diff -u` gives them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "base", "what-if", lineterm="", n=2)
    return list(lines)


def slug(text: str) -> str:
    """A file's name from what someone typed; `what_if` where nothing is left of it."""
    return re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:60] or "what_if"
