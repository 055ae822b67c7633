"""Pieces of the generated pages of the documentation: text of docstrings and comments, tables, links."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import dedent

_BAR = "\\|"
_DOI = re.compile(r"(?:\bdoi[: ] ?)?\b(10\.\d{4,9}/[^\s,;]+)", re.IGNORECASE)
_SPECIAL = re.compile(r"([*~$<>\[\]`])")


def prose(description: str) -> list[str]:
    """Docstring as Markdown: its own line breaks kept where they carry meaning, formulas as they stand."""
    blocks = []
    for block in description.split("\n\n"):
        lines = block.split("\n")
        start = next((i for i, line in enumerate(lines) if line.startswith(("    ", "  "))), len(lines))
        listed = any(line.startswith("- ") for line in lines)
        if listed or start == len(lines):
            # a list may follow its heading without an empty line in a docstring, not in Markdown
            text: list[str] = []
            for line in lines:
                if line.startswith("- ") and text and not text[-1].startswith(("- ", "  ")):
                    text.append("")
                text.append(line)
            blocks.append("\n".join(text))
        else:
            heading = [*lines[:start], ""] if start else []
            blocks.append("\n".join([*heading, "```text", dedent("\n".join(lines[start:])), "```"]))
    return "\n\n".join(blocks).split("\n")


def cell(text: str) -> str:
    """Text in a table, where a bar would split the cell."""
    return text.replace("|", _BAR)


def table(heading: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Heading (`## …`), where one is given, and table, with an empty line behind each."""
    lines = [heading, ""] if heading else []
    lines += [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    lines += [f"| {' | '.join(cell(text) for text in row)} |" for row in rows]
    return [*lines, ""]


def literal(text: str) -> str:
    """Text that shows as it is written, but for DOIs, which become links."""
    parts = []
    end = 0
    for found in _DOI.finditer(text):
        doi = found[1].rstrip(".")
        while doi.endswith(")") and doi.count(")") > doi.count("("):
            doi = doi[:-1].rstrip(".")
        parts += [_SPECIAL.sub(r"\\\1", text[end : found.start()]), doi_link(doi)]
        end = found.start(1) + len(doi)
    return "".join(parts) + _SPECIAL.sub(r"\\\1", text[end:])


def doi_link(doi: str) -> str:
    """Link to a publication."""
    safe = doi.replace("(", "%28").replace(")", "%29").replace("<", "%3C").replace(">", "%3E")
    return f"[doi {doi}](https://doi.org/{safe})"
