"""What each unit and stream of a plant does at one recorded instant: values to show, and a state to colour by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.data import SAMPLED, Dataset
from dashboard.display import number, shown_unit

#: Part of a stream's largest flow below which it does not flow.
STILL = 0.02
#: A flow below this [kg/s] is shown as none: a solver's rounding.
LEAST = 1e-9
#: Fields of a stream that are mass flows.
FLOWS = ("m_flow", "m_flow_liquid", "m_flow_solid", "m_flow_crystals")
#: Values written at one unit.
MOST_VALUES = 2
#: Names of measurements in the order in which they are shown.
TELLING = ("T", "T_out", "T_max", "T_bed", "T_cake", "level", "fill", "w_measured", "L43", "w_crystals") + (
    "LOD",
    "tablet_mass",
    "hardness",
    "api_content",
    "F",
    "M",
    "m",
    "V",
    "c",
)
#: States of a unit, with their colours on light and on dark.
STATES = {
    "running": ("#2b6a4d", "#63e6be"),
    "filling": ("#1864ab", "#74c0fc"),
    "starved": ("#a35200", "#ffc078"),
    "idle": ("#6b7785", "#8f9bb3"),
    "out of limits": ("#c92a2a", "#ff8787"),
    "diverting": ("#862e9c", "#e599f7"),
}


@dataclass(frozen=True)
class Stream:
    """A pipe's recorded flows."""

    edge: int
    source: str
    target: str
    flows: tuple[str, ...]  #: tags of component mass flows
    T: str  #: tag of its temperature, or empty
    gas: bool
    largest: float  #: largest flow seen at some instants [kg/s]


class Plantwide:
    """States of all units of a run, row by row.

    Parameters
    ----------
    data : Dataset
    """

    def __init__(self, data: Dataset) -> None:
        self.data = data
        tags = data.run.tags
        found: list[tuple[int, str, str, tuple[str, ...], str]] = []
        for i, edge in enumerate(data.sheet.edges):
            if edge.stream == "Signal":
                continue
            start = edge.text.partition("->")[0].strip()
            end = edge.text.partition("->")[2].strip()
            # what a feed gives stands under the feed; what leaves the plant under the port that it leaves by
            head = next((h for h in (start, end) if any(f"{h}.{f}" in tags for f in FLOWS)), "")
            flows = tuple(
                f"{head}.{f}" for f in ("m_flow", "m_flow_liquid", "m_flow_crystals") if f"{head}.{f}" in tags
            )
            found.append((i, edge.source, edge.target, flows, f"{head}.T" if f"{head}.T" in tags else ""))
        largest = self._largest([flows for *_, flows, _ in found])
        self.streams = [
            Stream(i, source, target, flows, T, data.sheet.edges[i].stream == "Gas", most)
            for (i, source, target, flows, T), most in zip(found, largest, strict=True)
        ]
        self.values = {node.name: self._telling(node.name) for node in data.sheet.nodes}
        self.limited: dict[str, list[str]] = {}
        for tag in data.limits:
            if tag in data.series:
                self.limited.setdefault(data.series[tag].owner, []).append(tag)
        names = {name for row in self.values.values() for name in row} | set(data.limits)
        needed = {data.series[name].tag for name in names if name in data.series}
        needed |= {tag for stream in self.streams for tag in (*stream.flows, stream.T) if tag}
        self.needed = sorted(tag for tag in needed if tag in tags)

    def _telling(self, owner: str) -> tuple[str, ...]:
        """Measurements that tell most about a unit: those with limits, then in the order of TELLING."""
        measured = [s.name for s in self.data.series.values() if s.owner == owner and s.kind == "measurement"]
        fields = [name.partition(".")[2] for name in measured]
        ranked = sorted(
            zip(measured, fields, strict=True),
            key=lambda one: (one[0] not in self.data.limits, TELLING.index(one[1]) if one[1] in TELLING else 99),
        )
        return tuple(name for name, field in ranked if "integral" not in field)[:MOST_VALUES]

    def _largest(self, heads: list[tuple[str, ...]]) -> list[float]:
        """Largest flow of each stream at a few instants."""
        rows = np.unique(np.linspace(0, max(0, self.data.run.rows - 1), SAMPLED).astype(int))
        if not self.data.run.rows:
            return [0.0] * len(heads)
        largest = [0.0] * len(heads)
        tags = sorted({tag for head in heads for tag in head})
        for row in rows:
            now = self.data.rows_at(tags, int(row))
            for i, head in enumerate(heads):
                largest[i] = max(largest[i], sum(float(now[tag].sum()) for tag in head))
        return largest

    def at(self, row: int) -> dict[str, Any]:
        """Give texts and states at a recorded row.

        Returns
        -------
        dict
            `units`: name → (state, lines of text); `streams`: number of the edge → (text, flowing).
        """
        data = self.data
        now = data.rows_at(self.needed, row) if data.run.rows else {}
        flow = {s.edge: sum(float(now[tag].sum()) for tag in s.flows) for s in self.streams}
        streams = {s.edge: (self._stream_text(s, flow[s.edge], now), self._flows(s, flow)) for s in self.streams}
        units = {
            node.name: (
                self._state(node.name, node.kind, flow, now) if node.role == "unit" else "",
                [text for tag in self.values[node.name] if (text := self._value(tag, now))],
            )
            for node in data.sheet.nodes
        }
        return {"units": units, "streams": streams}

    def number_of(self, tag: str, now: dict[str, np.ndarray]) -> float | None:
        """Value of a series at the instant."""
        series = self.data.series.get(tag)
        if series is None or series.tag not in now:
            return None
        values = now[series.tag]
        return float(values[series.element]) if series.element else float(values)

    def _value(self, tag: str, now: dict[str, np.ndarray]) -> str:
        value = self.number_of(tag, now)
        if value is None:
            return ""
        series = self.data.series[tag]
        if series.unit == "kg/s" and abs(value) < LEAST:
            value = 0.0
        shown = shown_unit(series.unit, series.meaning, abs(value))
        unit = "" if shown.text == "–" else f" {shown.text}"
        return f"{tag.partition('.')[2]} {number(float(shown.of(np.asarray(value))), 3)}{unit}"

    def _stream_text(self, stream: Stream, flow: float, now: dict[str, np.ndarray]) -> str:
        if not stream.flows:
            return ""
        flow = flow if self._flows(stream, {stream.edge: flow}) else 0.0
        shown = shown_unit("kg/s", "", max(stream.largest, flow))
        text = f"{number(float(shown.of(np.asarray(flow))), 3)} {shown.text}"
        if stream.T in now and self._flows(stream, {stream.edge: flow}):
            text += f"\n{number(float(now[stream.T]) - 273.15, 3)} °C"
        return text

    @staticmethod
    def _flows(stream: Stream, flow: dict[int, float]) -> bool:
        return flow[stream.edge] > STILL * stream.largest and stream.largest > 0.0

    def _state(self, unit: str, kind: str, flow: dict[int, float], now: dict[str, np.ndarray]) -> str:
        into = [s for s in self.streams if s.target == unit and s.largest > 0.0]
        out = [s for s in self.streams if s.source == unit and s.largest > 0.0]
        fed, leaving = (any(self._flows(s, flow) for s in group) for group in (into, out))
        if kind == "gate" and len(out) > 1:
            aside = sum(flow[s.edge] for s in out[1:])
            if aside > flow[out[0].edge] and leaving:
                return "diverting"
        if (fed or leaving) and any(self._outside(tag, now) for tag in self.limited.get(unit, ())):
            return "out of limits"
        if not into and not out:
            return "running"
        if leaving and (fed or not into):
            return "running"
        if leaving:
            return "running"  # from its own stock
        if fed:
            return "filling" if out else "running"
        return "starved" if any(self._flows(s, flow) for s in self.streams if not s.gas) else "idle"

    def _outside(self, tag: str, now: dict[str, np.ndarray]) -> bool:
        value, (low, high) = self.number_of(tag, now), self.data.limits[tag]
        return value is not None and (value < low or value > high)
