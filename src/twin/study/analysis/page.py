"""A page of findings that needs nothing else: headings, sentences, tables and pictures in one HTML file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from twin.study.analysis.needs import AnalysisError
from twin.study.analysis.plots import svg

STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:1em 0;font-size:13px}td,th{border:1px solid #ccc;padding:2px 8px;"
    "text-align:right}td:first-child,th:first-child{text-align:left}svg{max-width:100%;height:auto}"
    "h2{border-bottom:1px solid #ccc;margin-top:2em}.note{color:#555}"
)


class Page:
    """Collects what is found, in order."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._parts: list[str | Callable[[], str]] = []

    def head(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(f"<p>{escape(text)}</p>")

    def table(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a table of mappings with the same keys."""
        if not rows:
            return
        head = "".join(f"<th>{escape(str(key))}</th>" for key in rows[0])
        body = "".join("<tr>" + "".join(f"<td>{escape(shown(v))}</td>" for v in row.values()) + "</tr>" for row in rows)
        self._parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")

    def picture(self, draw: Callable[[], Any]) -> None:
        """Add a figure, which is drawn when the page is asked for."""
        self._parts.append(lambda: f"<figure>{svg(draw())}</figure>")

    def add(self, other: Page) -> None:
        """Add all that another page has."""
        self._parts += other._parts

    def html(self) -> str:
        """Give the whole page."""
        title = escape(self.title)
        body = "".join(part if isinstance(part, str) else part() for part in self._parts)
        note = "Results of a simulation. Twin controls no real equipment."
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{STYLE}</style></head><body><h1>{title}</h1>{body}"
            f'<p class="note">{note}</p></body></html>\n'
        )

    def write(self, path: str | Path) -> Path:
        """Write it. Raises AnalysisError when the name is taken or is no .html."""
        place = free_page(path)
        place.write_text(self.html(), encoding="utf-8", newline="\n")
        return place


def free_page(path: str | Path) -> Path:
    """Give the place of a page to write. Raises AnalysisError when the name is taken or is no .html."""
    place = Path(path)
    if place.suffix.lower() != ".html":
        raise AnalysisError(f"a page is written as .html, not as {place.name}")
    if place.exists():
        raise AnalysisError(f"{place} exists; give another name with --out")
    return place


def shown(value: Any) -> str:
    """Write a value of a table."""
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, (tuple, list)):
        return " … ".join(shown(v) for v in value)
    return str(value)
