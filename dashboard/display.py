"""How numbers, units and names are shown: prefixes as everywhere, and the colours and escaping of pages."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from dashboard.speech import say
from twin.shown import Shown, number, shown_unit, unit_text
from twin.shown import clock as written_clock

__all__ = [
    "GRAPH_CONFIG",
    "HOUR",
    "SERIES",
    "THEMES",
    "Shown",
    "Theme",
    "clock",
    "number",
    "plain",
    "shown_unit",
    "theme_of",
    "unit_text",
]

#: Every graph gets this: plotly's own buttons would send data to another host.
GRAPH_CONFIG = {
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displaylogo": False,
    "responsive": True,
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg", "filename": "twin"},
}

#: Colours that stay apart for the colour-blind, on white and on dark (after Okabe and Ito).
SERIES = ("#1f77b4", "#e07b00", "#009e73", "#c2478a", "#7a5cc9", "#b8860b", "#2aa5c9", "#d1495b", "#6b8e23", "#8a6d5b")

HOUR = 3600.0


def clock(seconds: float) -> str:
    """Write a duration in the viewer's language."""
    text = written_clock(seconds)
    for unit in ("d", "h", "min", "s"):
        text = re.sub(rf"(?<=[0-9]) {unit}\b", f" {say(unit)}", text)
    return text


def plain(text: str) -> str:
    """Make a name from a file safe where plotly would read markup: it is shown as it is written."""
    return html.escape(text, quote=False).replace("%{", "%\u200b{")  # %{ would begin a template


@dataclass(frozen=True)
class Theme:
    """Colours of one appearance."""

    name: str
    text: str
    muted: str
    grid: str
    panel: str
    accent: str
    warm: str
    alarm: str
    line: str

    @property
    def dark(self) -> bool:
        return self.name == "dark"


THEMES = {
    "light": Theme("light", "#1f2933", "#52606d", "#e4e7eb", "#ffffff", "#0b7285", "#c2410c", "#c92a2a", "#334155"),
    "dark": Theme("dark", "#e6e8eb", "#a6adb8", "#3a3f47", "#24272c", "#3bc9db", "#ff922b", "#ff8787", "#cbd5e1"),
}


def theme_of(name: str | None) -> Theme:
    """Give a theme by name; light when there is none of that name."""
    return THEMES.get(name or "light", THEMES["light"])
