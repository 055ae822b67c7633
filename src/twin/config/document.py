"""A configuration as a tree of nodes that know their place; problems are collected, not raised one by one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from twin.errors import ConfigError, Problem


@dataclass(frozen=True, eq=False)
class Source:
    """A text and the name under which problems cite it."""

    name: str
    lines: tuple[str, ...]
    text: str = ""


@dataclass(eq=False)
class Node:
    """A value with its place: `kind` is "map", "list" or "scalar"."""

    source: Source
    kind: str
    line: int
    col: int
    length: int = 1
    value: Any = None  #: a scalar's value: str, int, float, bool or None
    text: str = ""  #: a scalar as written
    quoted: bool = False
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)  #: a mapping's keys and values, in order

    def get(self, key: str) -> Node | None:
        """Give the value of a key, or None."""
        return next((value for name, value in self.pairs if name.text == key), None)

    def key(self, key: str) -> Node:
        """Give the node of a key that is there, to point at."""
        return next((name for name, _ in self.pairs if name.text == key), self)

    def part(self, text: str) -> Node:
        """Give a piece of this scalar as a node of its own, so that a caret stands under it."""
        offset = self.text.find(text) if self.source.lines else -1
        line = self.source.lines[self.line - 1] if 0 < self.line <= len(self.source.lines) else ""
        at = line.find(text, self.col - 1)
        if offset < 0 or at < 0:
            return self
        return Node(self.source, "scalar", self.line, at + 1, len(text), text, text)

    def plain(self) -> Any:
        """Give the tree as dicts, lists and scalars."""
        if self.kind == "map":
            return {name.text: value.plain() for name, value in self.pairs}
        if self.kind == "list":
            return [item.plain() for item in self.items]
        return self.value

    @property
    def is_null(self) -> bool:
        return self.kind == "scalar" and self.value is None

    @property
    def what(self) -> str:
        """Say what was read, for a message."""
        if self.kind != "scalar":
            return {"map": "a mapping", "list": "a list"}[self.kind]
        shown = self.text if len(self.text) <= 40 else self.text[:40] + "…"
        return "nothing" if self.value is None else f"'{shown}'"


class Problems:
    """Collects what is wrong; `stop` raises all of it together."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, node: Node, title: str, detail: str) -> None:
        """Note a problem at a node; a second one at the same place with the same title is dropped."""
        lines, n = node.source.lines, node.line
        shown = tuple((i, lines[i - 1]) for i in (n - 1, n) if 1 <= i <= len(lines))
        problem = Problem(node.source.name, n, node.col, node.length, title, detail, shown)
        if problem not in self.found:
            self.found.append(problem)

    def stop(self) -> None:
        """Raise what was found, if anything, in the order of the lines of each file."""
        if self.found:
            files = list(dict.fromkeys(problem.file for problem in self.found))
            raise ConfigError(sorted(self.found, key=lambda p: (files.index(p.file), p.line, p.col)))

    def mapping(self, node: Node, title: str, example: str) -> list[tuple[Node, Node]]:
        """Give the pairs of a mapping; anything else is a problem, nothing is an empty mapping."""
        if node.kind == "map":
            return node.pairs
        if not node.is_null:
            self.add(node, title, f"Expected a mapping, such as {example}, but this is {node.what}.")
        return []

    def sequence(self, node: Node, title: str, example: str) -> list[Node]:
        """Give the items of a list; anything else is a problem, nothing is an empty list."""
        if node.kind == "list":
            return node.items
        if not node.is_null:
            self.add(node, title, f"Expected a list, such as {example}, but this is {node.what}.")
        return []

    def string(self, node: Node, title: str) -> str:
        """Give a scalar as text; anything else is a problem."""
        if node.kind == "scalar" and node.value is not None:
            return node.text
        self.add(node, title, f"Expected a text, but this is {node.what}.")
        return ""

    def text(self, root: Node, key: str, default: str) -> str:
        """Give the text of a key, or the default."""
        node = root.get(key)
        return default if node is None or node.is_null else self.string(node, f"{key} is a text")

    def known_keys(self, node: Node, known: Iterable[str], title: str, owner: str) -> None:
        """Report keys that nothing reads."""
        names = list(known)
        for key, _ in node.pairs:
            if key.text not in names:
                self.add(key, title, f"{owner} has no '{key.text}'.{closest(key.text, names)}")


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Give the known name that was probably meant."""
    known = list(names)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return close[0] if close else {name.casefold(): name for name in known}.get(word.casefold())


def closest(word: str, names: Iterable[str], say: dict[str, str] | None = None) -> str:
    """Suggest the nearest known name (with its unit and meaning, when `say` has them), or list what there is."""
    known = list(names)
    meant = nearest(word, known)
    if meant is not None:
        extra = f" {say[meant]}" if say and say.get(meant) else ""
        return f" Did you mean '{meant}'{extra}?"
    if not known:
        return ""
    listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f" Known: {listed}."
