"""Every number of a configuration with the comments that say where it comes from.

YAML has no place for a source but its comments. They are read as people write them: behind a value
they belong to it (behind a key, to all that stands below it); on lines of their own they belong to
what follows, down to an empty line, a smaller indent or the next such comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from twin.config.document import Node

_NUMBER = re.compile(r"[-+]?\.?\d")
_NOTES = re.compile(r"\A(?:#.*\n|[ \t]*\n)*")


@dataclass(frozen=True)
class Comment:
    """Lines of comment that stand by themselves, as one text."""

    line: int  #: of its first line, from 1
    indent: int
    text: str


@dataclass(frozen=True)
class Number:
    """A number of a configuration."""

    path: tuple[str, ...]
    text: str  #: as written, with its unit
    source: str  #: comment behind it, or behind a key above it; empty without one
    above: tuple[Comment, ...]  #: comments on lines of their own that it stands under, the nearest first


def header(text: str) -> str:
    """Give the comment with which a file begins, without the marks."""
    found = _NOTES.match(text.replace("\r\n", "\n"))
    lines = found[0].strip().split("\n") if found else []
    return "\n".join(line.removeprefix("#").removeprefix(" ").rstrip() for line in lines)


def numbers(root: Node) -> list[Number]:
    """Give all numbers of a tree in the order of its lines."""
    behind, blocks = _comments(root.source.lines)
    return list(_walk(root, (), [], behind, blocks))


def _comments(lines: tuple[str, ...]) -> tuple[dict[int, str], dict[int, Comment]]:
    """Comments behind values by line, and the comment that each line stands under."""
    behind: dict[int, str] = {}
    under: dict[int, Comment] = {}
    first = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    current: Comment | None = None
    for i, line in enumerate(lines[first:], start=first + 1):
        bare = line.strip()
        indent = len(line) - len(line.lstrip())
        if not bare or (current is not None and indent < current.indent):
            current = None
        if bare.startswith("#"):
            words = bare.lstrip("# ")
            # a second line of the same comment
            together = current is not None and current.indent == indent and lines[i - 2].strip().startswith("#")
            if together and current is not None:
                current = Comment(current.line, indent, f"{current.text} {words}")
            else:
                current = Comment(i, indent, words)
        elif bare:
            at = _mark(line)
            if at >= 0:
                behind[i] = line[at:].lstrip("# ").rstrip()
            if current is not None:
                under[i] = current
    return behind, under


def _mark(line: str) -> int:
    """Where a comment begins behind a value; -1 without one."""
    quote = ""
    for i, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'" and (i == 0 or line[i - 1] in " [{,"):
            quote = letter
        elif letter == "#" and i > 0 and line[i - 1] in " \t":
            return i
    return -1


def _walk(
    node: Node, path: tuple[str, ...], keys: list[int], behind: dict[int, str], under: dict[int, Comment]
) -> Iterator[Number]:
    if node.kind == "map":
        for key, value in node.pairs:
            yield from _walk(value, (*path, key.text), [*keys, key.line], behind, under)
    elif node.kind == "list":
        for i, item in enumerate(node.items):
            yield from _walk(item, (*path, str(i + 1)), [*keys, item.line], behind, under)
    elif _is_number(node):
        places = list(dict.fromkeys([node.line, *reversed(keys)]))
        source = next((behind[line] for line in places if line in behind), "")
        above = tuple(dict.fromkeys(under[line] for line in places if line in under))
        yield Number(path, node.text, source, above)


def _is_number(node: Node) -> bool:
    """Whether a scalar is a number or a quantity: a reaction's equation may begin with a digit too."""
    if isinstance(node.value, bool) or node.quoted:
        return False
    return _NUMBER.match(node.text) is not None and "->" not in node.text
