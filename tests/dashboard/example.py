"""Writes small run files without a simulation: a reactor, a crystallizer and a press with plausible curves.

Names can be made hostile: what a file calls its units must never act on the page.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from twin.config.spec import KpiSpec
from twin.quantity import Field
from twin.results.events import EventRow, Snapshot
from twin.results.writer import RunWriter

FLUIDS, SOLIDS = ("ethanol", "paracetamol"), ("paracetamol",)
EDGES = np.geomspace(1e-6, 1e-3, 61)
SIZES = np.sqrt(EDGES[1:] * EDGES[:-1])
CELLS = 20
PLANT = """\
twin: 1
title: Paracetamol, a <b>small</b> line
fluids: [ethanol, paracetamol]
solids: [paracetamol]
grids: {bins: {count: 60, from: 1 um, to: 1000 um, spacing: geometric}}
units:
  reactor: {model: reaction.plug_flow, label: R-101, params: {V: 6 L}}
  crystallizer: {model: crystallization.msmpr, label: CR-201, params: {tau: 10 min, UA: 40 W/K}}
  press: {model: tableting.press, label: TP-601, params: {stations: 8}}
feeds:
  reagents: {T: 40 degC, m_flow: {ethanol: 1 g/s}}
connections:
  - reagents -> reactor.feed
  - reactor.product -> crystallizer.feed
  - crystallizer.product -> press.powder
  - press.tablets -> tablets
products: [tablets]
controllers:
  TIC-101: {model: pi, measurement: crystallizer.T, output: crystallizer.T_jacket, setpoint: 25 degC, K: 3, T_i: 20 min}
kpi: {api: paracetamol, product: tablets}
"""
RESOLVED = """\
twin: 1
units:
  reactor: {model: reaction.plug_flow, params: {V: 0.006}}
  crystallizer: {model: crystallization.msmpr, params: {tau: 600.0, UA: 40.0, cp: [2440.0, 1400.0]}}
  press: {model: tableting.press, params: {stations: 8}}
"""


@dataclass(frozen=True)
class Column:
    path: str
    kind: str
    owner: str
    port: str
    field: Field
    vector: str
    offset: int
    shape: tuple[int, ...] = ()
    dims: tuple[str, ...] = ()


@dataclass
class Plant:
    """Columns as they are added, and their curves: rows of numbers at the given times."""

    columns: list[Column] = field(default_factory=list)
    curves: dict[str, Any] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=lambda: {"y": 0, "w": 0, "q": 0})

    def add(
        self, path: str, kind: str, unit: str, meaning: str, curve: Any, dims: tuple[str, ...] = (), port: str = ""
    ) -> None:
        vector = {"state": "y", "quadrature": "q"}.get(kind, "w")
        lengths = {"fluids": len(FLUIDS), "solids": len(SOLIDS), "bins": SIZES.size, "reactor_cells": CELLS}
        shape = tuple(lengths[dim] for dim in dims)
        described = Field(path.rsplit(".", 1)[1], "array" if dims else "float", unit, meaning, dims)
        self.columns.append(
            Column(path, kind, path.split(".")[0], port, described, vector, self.ends[vector], shape, dims)
        )
        self.curves[path] = curve
        self.ends[vector] += int(np.prod(shape))


def make_plant(extra: str = "") -> Any:
    """Build the stand-in plant; `extra` adds a unit of that name."""
    plant = Plant()

    def crystals(t: np.ndarray) -> np.ndarray:
        middle = 2e-5 + 2.0e-4 * (1.0 - np.exp(-t / 7200.0))[:, None]
        amount = 0.4 * (1.0 - np.exp(-t / 5400.0))[:, None]
        shape = np.exp(-(np.log(SIZES[None, :] / middle) ** 2) / 0.3)
        return amount * shape / shape.sum(axis=1, keepdims=True)

    rate = np.array([1e-3, 3e-4])
    plant.add("crystallizer.crystals", "state", "kg", "crystal mass per size class", crystals, ("bins",))
    plant.add(
        "reactor.T_cells",
        "state",
        "K",
        "temperature along the tube",
        lambda t: 313.0 + 30.0 * np.linspace(0, 1, CELLS) * (1 - np.exp(-t / 900.0))[:, None],
        ("reactor_cells",),
    )
    plant.add("reagents.T", "feed", "K", "temperature", lambda t: np.full(t.size, 298.15))
    plant.add(
        "reagents.m_flow", "feed", "kg/s", "component mass flows", lambda t: np.ones((t.size, 1)) * rate, ("fluids",)
    )
    plant.add(
        "crystallizer.T",
        "measurement",
        "K",
        "temperature",
        lambda t: (
            298.0 + 15.0 * np.exp(-t / 1800.0) + np.where(t > 14400.0, 3.0 * np.exp(-(t - 14400.0) / 1200.0), 0.0)
        ),
    )
    plant.add(
        "crystallizer.L43",
        "measurement",
        "m",
        "mass mean crystal size",
        lambda t: 2e-5 + 2e-4 * (1.0 - np.exp(-t / 7200.0)),
    )
    plant.add("press.hardness", "measurement", "N", "tablet hardness", lambda t: 90.0 + 12.0 * np.sin(t / 3000.0))
    plant.add(
        "TIC-101.output.value",
        "outlet",
        "K",
        "jacket temperature",
        lambda t: 290.0 + 5.0 * np.cos(t / 4000.0),
        port="output",
    )
    plant.add(
        "press.tablets.m_flow",
        "outlet",
        "kg/s",
        "solid component mass flows",
        lambda t: np.full((t.size, 1), 2.8e-4),
        ("solids",),
        port="tablets",
    )
    plant.add(
        "press.tablets.m_flow_liquid",
        "outlet",
        "kg/s",
        "residual liquid component mass flows",
        lambda t: np.zeros((t.size, 2)),
        ("fluids",),
        port="tablets",
    )
    hold = {"fluids": lambda t: np.outer(t, rate) + 1.0, "solids": lambda t: -2.8e-4 * t[:, None] + 10.0}
    plant.add("crystallizer.H", "holdup", "J", "enthalpy", lambda t: np.full(t.size, 1e4))
    for dim in ("fluids", "solids"):
        plant.add(f"crystallizer.{dim}", "holdup", "kg", f"{dim} held", hold[dim], (dim,))
    plant.add("reagents.total_fluids", "quadrature", "kg/s", "fed", lambda t: np.outer(t, rate), ("fluids",))
    plant.add("tablets.total_solids", "quadrature", "kg/s", "made", lambda t: 2.8e-4 * t[:, None], ("solids",))
    if extra:
        plant.add(f"{extra}.x", "measurement", "1", f"meaning of {extra}", lambda t: np.sin(t / 1000.0))
    roles = {"reagents": ("feed", 1, "fluids"), "tablets": ("product", -1, "solids")}
    terms = tuple(
        SimpleNamespace(
            owner=c.owner,
            label=c.field.name,
            offset=c.offset,
            size=int(np.prod(c.shape)),
            kind=roles[c.owner][2],
            sign=roles[c.owner][1],
            role=roles[c.owner][0],
        )
        for c in plant.columns
        if c.kind == "quadrature"
    )
    text = (
        PLANT
        if not extra
        else PLANT.replace("feeds:", f'  "{extra}": {{model: powder.blender, label: "{extra}"}}\nfeeds:', 1)
    )
    properties = {"molar_mass": 0.1, "cp_liquid": 2000.0, "cp_solid": 1300.0}
    spec = SimpleNamespace(
        name="line",
        source_text=text,
        components=dict.fromkeys(FLUIDS, properties),
        grids={"bins": EDGES},
        products=(SimpleNamespace(name="tablets", source="press.tablets", stream="Tablets"),),
        kpi=KpiSpec("paracetamol", "tablets", "", 1.0),
    )
    return SimpleNamespace(
        spec=spec,
        columns=tuple(plant.columns),
        curves=plant.curves,
        nominal=np.ones(plant.ends["y"]),
        n_y=plant.ends["y"],
        n_w=plant.ends["w"],
        n_q=plant.ends["q"],
        dim_sizes={},
        dim_labels={"fluids": FLUIDS, "solids": SOLIDS, "bins": SIZES},
        fingerprint="0" * 64,
        guard_names=(),
        balance=SimpleNamespace(components=FLUIDS, terms=terms),
    )


def blocks(plant: Any, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """y, w and q at times [s]."""
    sizes = {"y": plant.n_y, "w": plant.n_w, "q": plant.n_q}
    arrays = {vector: np.zeros((times.size, n)) for vector, n in sizes.items()}
    for c in plant.columns:
        values = np.asarray(plant.curves[c.path](times), dtype=float).reshape(times.size, -1)
        arrays[c.vector][:, c.offset : c.offset + values.shape[1]] = values
    return arrays["y"], arrays["w"], arrays["q"]


def live(path: Path, rows: int, pause: float) -> None:
    """Write a run slowly, as one that goes on: a row each `pause` seconds, with the wall clock among its tags."""
    plant = make_plant()
    plant.columns = list(plant.columns)
    told = Plant(plant.columns, plant.curves, {"y": plant.n_y, "w": plant.n_w, "q": plant.n_q})
    told.add(
        "clock.wall", "measurement", "s", "wall clock when the row was made", lambda t: np.full(t.size, time.time())
    )
    plant.n_w, plant.columns = told.ends["w"], tuple(told.columns)
    scenario = SimpleNamespace(
        name="live", title="Live", duration=60.0 * rows, record_every=60.0, method="rodas4p", rtol=1e-6, seed=1,
        source_text="twin: 1\n", quality=(),
    )  # fmt: skip
    with RunWriter(path, plant, scenario, resolved=RESOLVED) as writer:
        for i in range(rows):
            stamps = np.array([60.0 * i])
            writer.append(stamps, *blocks(plant, stamps))
            time.sleep(pause)


def write_example(
    path: Path,
    hours: float = 8.0,
    every: float = 60.0,
    extra: str = "",
    events: int = 3,
    outcome: str = "finished",
    lost: float = 0.0,
    **settings: Any,
) -> Path:
    """Write a run file; an empty `outcome` leaves it unfinished, as a crash does.

    `lost` is the part of what was fed that is missing at the end; `settings` are those of the scenario.
    """
    plant = make_plant(extra)
    values = {
        "name": "startup",
        "title": "Start-up & a <i>step</i>",
        "duration": hours * 3600.0,
        "record_every": every,
        "method": "rodas4p",
        "rtol": 1e-6,
        "seed": 1,
        "source_text": "twin: 1\nplant: line\nduration: 8 h\n",
        "quality": (SimpleNamespace(tag="press.hardness", low=80.0, high=105.0, average=600.0),),
    }
    scenario = SimpleNamespace(**{**values, **settings})
    times = np.arange(0.0, hours * 3600.0 + 0.5 * every, every)
    with RunWriter(path, plant, scenario, resolved=RESOLVED) as writer:
        y, w, q = blocks(plant, times)
        fed = next(c for c in plant.columns if c.path == "reagents.total_fluids")
        q[-1, fed.offset : fed.offset + len(FLUIDS)] *= 1.0 + lost
        writer.append(times, y, w, q)
        rows, snapshots = [], []
        for i in range(events):
            at = (i + 1) * hours * 3600.0 / (events + 1)
            path_set = f"{extra}.x" if extra and i == 0 else "TIC-101.setpoint"
            rows.append(EventRow(at, "set", path_set, 298.15, 303.15, f"step {i + 1}"))
            y, w, _ = blocks(plant, np.array([at]))
            snapshots.append(Snapshot(at, y[0], w[0], y[0], w[0]))
        writer.events(rows, snapshots)
        if not outcome:
            writer.close()
            return writer.partial
        writer.finish(
            outcome,
            "The run reached its end.",
            stats={"steps": 812, "rejected": 14, "rhs": 9000},
            session={"machine": "test"},
        )
    return path
