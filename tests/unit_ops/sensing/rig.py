"""A feed through one instrument, run by the engine: what the instrument tells, at each of its scans."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.schedule.refill import Watched
from twin.config import load_scenario
from twin.integrate.outcome import Outcome
from twin.plant import compile_plant

POWDER = """\
twin: 1
fluids: [water]
solids: [mcc, paracetamol]
units:
  sensor: {model: sensing.%s, params: {%s}%s}
feeds:
  powder: {m_flow: {mcc: 8 g/s, paracetamol: 2 g/s}, m_flow_liquid: {water: 0 g/s}}
connections:
  - powder -> sensor.feed
  - sensor.product -> out
products: [out]
"""


@dataclass
class Told:
    """Samples half a second off the scans, so that each shows what stands after the scan before it."""

    time: np.ndarray
    values: dict[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]


def told(folder: Path, plant: str, events: str = "", *, duration: float = 100.0, every: float = 1.0, seed: int = 1,
         set: dict[str, Any] | None = None) -> Told:  # fmt: skip
    """Run; gives all measurements and the signal or stream that was measured.

    Parameters
    ----------
    every : float
        Seconds between samples, the first at half of it; scans at whole seconds lie between.
    """
    (folder / "plant.yaml").write_text(plant, encoding="utf-8")
    (folder / "scenario.yaml").write_text(
        f"twin: 1\nplant: plant.yaml\nduration: {duration} s\nrecord: {0.5 * every} s\nseed: {seed}\n"
        f"events: [{events}]\n",
        encoding="utf-8",
    )
    spec = load_scenario(folder / "scenario.yaml", set=set or {})
    compiled = compile_plant(spec.plant)
    watched = Watched(spec, compiled)
    assert watched.simulation.run().outcome is Outcome.FINISHED
    chosen = slice(1, None, 2)
    w = watched.column("w")
    values = {c.path: w[chosen, c.offset] for c in compiled.columns if c.kind == "measurement"}
    return Told(watched.column("time")[chosen], values)
