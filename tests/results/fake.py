"""A plant that needs no compiling: one crystallizer with a feed and a product, in closed form.

The feed doubles at `EVENT`; ethanol and the reactant flow in with a ripple; the reactant becomes
API at a constant rate and a third of it crystallizes. Every rate has its antiderivative, so holdups and
quadratures are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from types import SimpleNamespace
from typing import Any

import numpy as np

from twin.config.spec import KpiSpec
from twin.quantity import Field

FLUIDS = ("ethanol", "p_aminophenol", "paracetamol")
SOLIDS = ("mcc", "paracetamol")
EDGES = np.array([0.0, 1e-5, 2e-5, 4e-5, 8e-5])
EVENT = 1815.0  # between two samples of a 60 s grid
OMEGA = 2.0 * np.pi / 3600.0
T_FEED, T_OUT, T_REF = 303.15, 313.15, 298.15
COMPONENTS = {
    "ethanol": {"molar_mass": 0.046069, "cp_liquid": 2440.0},
    "p_aminophenol": {"molar_mass": 0.10913, "cp_liquid": 1500.0},
    "paracetamol": {"molar_mass": 0.15116, "cp_liquid": 1400.0, "cp_solid": 1300.0},
    "mcc": {"molar_mass": 1.0, "cp_liquid": 1200.0, "cp_solid": 1200.0},
}
PLANT_YAML = """\
twin: 1
title: a fake
# what is made
kpi:
  api: paracetamol   # in the tablets
  product: tablets

  limiting: p_aminophenol
units:
  crystallizer: {model: crystallization.msmpr}
"""


class Mode(IntEnum):
    """What the fake's mode says."""

    FILLING = 0
    RUNNING = 1


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
class Builder:
    """Hands out offsets and collects columns."""

    ends: dict[str, int] = field(default_factory=lambda: {"y": 0, "w": 3, "q": 0})  # w begins with scratch
    columns: list[Column] = field(default_factory=list)

    def add(self, path: str, kind: str, vector: str, unit: str, dims: tuple[str, ...] = (), **more: Any) -> None:
        owner, *middle, name = path.split(".")
        lengths = {"fluids": 3, "solids": 2, "bins": 4, "bins_edges": 5}
        shape = tuple(lengths[d] for d in dims)
        port = middle[0] if kind == "outlet" else ""
        f = Field(name, "array" if dims else "float", unit, f"the {name} of {owner}", dims, **more)
        self.columns.append(Column(path, kind, owner, port, f, vector, self.ends[vector], shape, dims))
        self.ends[vector] += int(np.prod(shape))


def fake_plant() -> Any:
    """A stand-in for `twin.plant.compile.Plant`: names and places only."""
    b = Builder()
    b.add("crystallizer.H", "state", "y", "J")
    b.add("crystallizer.m", "state", "y", "kg", ("fluids",))
    b.add("crystallizer.crystals", "state", "y", "kg", ("bins",))
    b.add("reagents.T", "feed", "w", "K")
    b.add("reagents.m_flow", "feed", "w", "kg/s", ("fluids",))
    b.add("crystallizer.product.T", "outlet", "w", "K")
    b.add("crystallizer.product.m_flow", "outlet", "w", "kg/s", ("fluids",))
    b.add("crystallizer.product.m_flow_crystals", "outlet", "w", "kg/s", ("bins",))
    b.add("crystallizer.mode", "measurement", "w", "1", enum=Mode)
    b.add("crystallizer.hardness", "measurement", "w", "N")
    b.add("crystallizer.number", "measurement", "w", "1/m", ("bins_edges",))
    b.add("crystallizer.holdup.H", "holdup", "w", "J")
    b.add("crystallizer.holdup.fluids", "holdup", "w", "kg", ("fluids",))
    b.add("crystallizer.holdup.solids", "holdup", "w", "kg", ("solids",))
    b.add("crystallizer.mu", "integral", "w", "m")
    b.add("crystallizer.total.heat", "quadrature", "q", "W")
    b.add("crystallizer.total.water", "quadrature", "q", "kg/s", utility=True)
    b.add("crystallizer.total.dissolved", "quadrature", "q", "kg/s", ("fluids",))
    b.add("crystallizer.total.crystallized", "quadrature", "q", "kg/s", ("solids",))
    b.add("reagents.total.H", "quadrature", "q", "W")
    b.add("reagents.total.fluids", "quadrature", "q", "kg/s", ("fluids",))
    b.add("tablets.total.H", "quadrature", "q", "W")
    b.add("tablets.total.fluids", "quadrature", "q", "kg/s", ("fluids",))
    b.add("tablets.total.solids", "quadrature", "q", "kg/s", ("solids",))
    roles = {"crystallizer": "source", "reagents": "feed", "tablets": "product"}
    kinds = {"heat": "energy", "H": "energy", "water": "utility", "dissolved": "fluids", "crystallized": "solids"}
    terms = [
        SimpleNamespace(
            owner=c.owner,
            label=c.field.name,
            offset=c.offset,
            size=int(np.prod(c.shape)),
            kind=kinds.get(c.field.name, c.field.name),
            sign=-1 if c.owner == "tablets" else 1,
            role=roles[c.owner],
        )
        for c in b.columns
        if c.kind == "quadrature"
    ]
    spec = SimpleNamespace(
        name="fake",
        source_text=PLANT_YAML,
        components=COMPONENTS,
        grids={"bins": EDGES},
        products=(SimpleNamespace(name="tablets", source="crystallizer.product", stream="Slurry"),),
        kpi=KpiSpec("paracetamol", "tablets", "p_aminophenol", 1.0),
    )
    return SimpleNamespace(
        spec=spec,
        columns=tuple(b.columns),
        n_y=b.ends["y"],
        n_w=b.ends["w"] + 2,
        n_q=b.ends["q"],
        dim_sizes={"fluids": 3, "solids": 2, "bins": 4, "bins_edges": 5},
        dim_labels={"fluids": FLUIDS, "solids": SOLIDS, "bins": 0.5 * (EDGES[1:] + EDGES[:-1])},
        nominal=np.full(1000, 1e-9),
        balance=SimpleNamespace(components=("ethanol", "p_aminophenol", "paracetamol", "mcc"), terms=tuple(terms)),
        fingerprint="f" * 64,
        guard_names=("crystallizer.full",),
    )


def fake_scenario(**changes: Any) -> Any:
    """A stand-in for `twin.config.spec.ScenarioSpec`."""
    values = {
        "name": "startup",
        "title": "A fake start-up",
        "duration": 7200.0,
        "record_every": 60.0,
        "method": "rodas4p",
        "rtol": 1e-6,
        "seed": 7,
        "source_text": "twin: 1\nplant: fake\n",
        "quality": (SimpleNamespace(tag="crystallizer.hardness", low=60.0, high=None, average=600.0),),
    }
    return SimpleNamespace(**{**values, **changes})


def trajectory(plant: Any, times: np.ndarray, after: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exact y [t, n_y], w [t, n_w], q [t, n_q]; `after` says on which side of the event its instant counts."""
    t = np.asarray(times, dtype=float)
    late = t >= EVENT if after else t > EVENT
    ripple, rippled = 1.0 + 0.2 * np.sin(OMEGA * t), t + 0.2 / OMEGA * (1.0 - np.cos(OMEGA * t))
    at_event = EVENT + 0.2 / OMEGA * (1.0 - np.cos(OMEGA * EVENT))
    strength, fed = np.where(late, 2.0, 1.0), rippled + np.maximum(rippled - at_event, 0.0) * (t > EVENT)
    feed_flow, out_flow = np.array([0.01, 0.002, 0.0]), np.array([0.009, 0.0002, 0.001])
    size_classes = np.array([1e-4, 2e-4, 3e-4, 4e-4])
    settled = 1.0 - np.exp(-t / 900.0)
    left = t - 900.0 * settled
    reaction = 0.0018 * np.array([0.0, -1.0, 2.0 / 3.0])  # the last third crystallizes
    heat_rate = -50.0
    cp = np.array([COMPONENTS[name]["cp_liquid"] for name in FLUIDS])
    crystals = 0.0006 * t - size_classes.sum() * left
    v: dict[str, np.ndarray] = {}
    v["reagents.T"] = np.full(t.size, T_FEED)
    v["reagents.m_flow"] = (strength * ripple)[:, None] * feed_flow
    v["crystallizer.product.T"] = np.full(t.size, T_OUT)
    v["crystallizer.product.m_flow"] = settled[:, None] * out_flow
    v["crystallizer.product.m_flow_crystals"] = settled[:, None] * size_classes
    v["reagents.total.fluids"] = fed[:, None] * feed_flow
    v["reagents.total.H"] = (v["reagents.total.fluids"] @ cp) * (T_FEED - T_REF)
    v["tablets.total.fluids"] = left[:, None] * out_flow
    v["tablets.total.solids"] = left[:, None] * np.array([0.0, size_classes.sum()])
    sensible = v["tablets.total.fluids"] @ cp + v["tablets.total.solids"][:, 1] * COMPONENTS["paracetamol"]["cp_solid"]
    v["tablets.total.H"] = sensible * (T_OUT - T_REF)
    v["crystallizer.total.heat"] = heat_rate * t
    v["crystallizer.total.water"] = 0.5 * t
    v["crystallizer.total.dissolved"] = t[:, None] * reaction
    v["crystallizer.total.crystallized"] = t[:, None] * np.array([0.0, 0.0006])
    fluids = np.array([5.0, 1.0, 2.0]) + v["reagents.total.fluids"] - v["tablets.total.fluids"]
    v["crystallizer.holdup.fluids"] = v["crystallizer.m"] = fluids + v["crystallizer.total.dissolved"]
    v["crystallizer.holdup.solids"] = np.stack([np.zeros(t.size), 3.0 + crystals], axis=1)
    energy = 1e5 + v["reagents.total.H"] - v["tablets.total.H"] + v["crystallizer.total.heat"]
    v["crystallizer.holdup.H"] = v["crystallizer.H"] = energy
    v["crystallizer.crystals"] = (3.0 + crystals)[:, None] * np.array([0.1, 0.2, 0.3, 0.4])
    v["crystallizer.mode"] = late.astype(float)
    v["crystallizer.hardness"] = 55.0 + 20.0 * settled
    v["crystallizer.number"] = np.outer(t, np.arange(5.0))
    v["crystallizer.mu"] = t
    blocks = {
        "y": np.full((t.size, plant.n_y), np.nan),
        "w": np.full((t.size, plant.n_w), np.nan),
        "q": np.full((t.size, plant.n_q), np.nan),
    }
    for c in plant.columns:
        n = int(np.prod(c.shape))
        blocks[c.vector][:, c.offset : c.offset + n] = v[c.path].reshape(t.size, n)
    return blocks["y"], blocks["w"], blocks["q"]
