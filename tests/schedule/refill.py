"""A feeder refilled by its level guards: the smallest plant on which clock and guards meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from twin.config import load_scenario
from twin.plant import compile_plant
from twin.schedule.simulation import Simulation

PLANT = """\
twin: 1
title: a feeder
fluids: [water]
solids: [mcc]
units:
  feeder:
    model: powder.feeder
    params:
      {setpoint: 5 g/s, ff_max: 2 g, ff_min: 1 g, ff_decay: 0.5 1/kg, N_max: 10 1/s,
       m_max: 6 kg, m_low: 1 kg, m_high: 4 kg}
    initial: {m: 3 kg, w: {mcc: 1}, F: 5 g/s}
feeds:
  hopper: {m_flow: {mcc: 0 g/s}}
connections:
  - hopper -> feeder.refill
  - feeder.product -> powder
products: [powder]
"""

#: Timed changes of all kinds, two of them at one instant, one of them on what the guards set too.
SCENARIO = """\
twin: 1
plant: plant.yaml
title: refills
duration: 2 h
record: 20 s
events:
  - {at: 10 min, ramp: {feeder.setpoint: 8 g/s}, over: 5 min}
  - {at: 20 min, set: {feeder.setpoint: 6 g/s}, every: 17 min, until: 100 min}
  - {at: 37 min, ramp: {feeder.setpoint: 9 g/s}, over: 3 min, name: while set}
  - {at: 50 min, hold: {feeder.setpoint: 0 g/s}, for: 4 min, name: pause}
  - {at: 70 min, hold: {hopper.m_flow.mcc: 20 g/s}, for: 2 min, every: 30 min, name: by hand}
  - {when: feeder.low_level falls, set: {hopper.m_flow.mcc: 100 g/s}, name: refill}
  - {when: feeder.high_level rises, set: {hopper.m_flow.mcc: 0 g/s}, name: full}
"""


class Watched:
    """A simulation with all that it handed out."""

    def __init__(self, scenario: Any, plant: Any, **options: Any) -> None:
        self.blocks: list[Any] = []
        self.events: list[Any] = []
        self.sides: list[Any] = []
        self.simulation = Simulation(
            scenario, plant, record=np.arange(plant.n_w), samples=self.blocks.append, events=self.take, **options
        )

    def take(self, events: list[Any], sides: list[Any]) -> None:
        self.events += events
        self.sides += sides

    def column(self, name: str) -> np.ndarray:
        """All samples of time, y, w or q."""
        return np.concatenate([getattr(block, name) for block in self.blocks])


def scenario(folder: Path, text: str = SCENARIO) -> Any:
    """Load the scenario from a folder."""
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    return load_scenario(folder / "scenario.yaml")


def compiled(folder: Path) -> Any:
    """Compile the plant."""
    return compile_plant(scenario(folder).plant)
