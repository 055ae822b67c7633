"""Scenarios with processes on the feeder that its guards refill, and what tests do with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.schedule.refill import PLANT, Watched
from twin.config import load_scenario

HEAD = """\
twin: 1
plant: plant.yaml
duration: 2 h
record: 20 s
"""

#: Every kind of step, beside timed events and latches on the same parameters.
EVERYTHING = (
    HEAD
    + """\
events:
  - {at: 20 min, set: {feeder.setpoint: 6 g/s}, every: 17 min, until: 100 min}
  - {at: 50 min, hold: {feeder.setpoint: 2 g/s}, for: 30 min, name: slow}
  - {when: feeder.low_level falls, set: {hopper.m_flow.mcc: 100 g/s}, name: refill}
  - {when: feeder.m < 1.5 kg, set: {feeder.N_max: 11 1/s}, name: nearly empty}
  - {when: feeder.high_level rises, set: {hopper.m_flow.mcc: 0 g/s}, name: full}
resources:
  operator: {capacity: 2, shifts: [{at: 30 min, capacity: 1}, {at: 1 h, capacity: 2}]}
  skid: 1
recipes:
  wash:
    - operation: wash
      with: [operator, skid]
      steps:
        - {phase: rinse, steps: [{wait: 5 min}]}
        - {phase: dry, steps: [{wait: 3 min}]}
processes:
  - name: campaign
    at: 5 min
    priority: 1
    steps:
      - procedure: make
        unit: feeder
        steps:
          - {ramp: {feeder.setpoint: 8 g/s}, over: 4 min, name: faster}
          - {wait_until: feeder.low_level falls, timeout: 1 h}
          - {set: {feeder.setpoint: 5 g/s}, name: refilling}
          - {hold: {feeder.setpoint: 3 g/s}, for: 2 min, name: pause}
          - {wait_until: feeder.F < 4 g/s, every: 7 s, timeout: 10 min, otherwise: go on}
      - run: wash
      - {at: 80 min}
      - repeat: 2
        steps:
          - {set: {feeder.setpoint: 4 g/s}}
          - {wait: 3 min}
          - {set: {feeder.setpoint: 7 g/s}}
          - {wait_until: feeder.F > 6.5 g/s, timeout: 2 min, otherwise: go on, name: nearly there}
          - {wait: 3 min}
  - name: cleaning
    at: 10 min
    every: 25 min
    steps:
      - run: wash
      - parallel:
          - [{wait: 1 min}]
          - {with: {operator: 2}, timeout: 4 min, otherwise: go on, steps: [{wait: 2 min}]}
  - name: watch
    when: feeder.high_level rises
    steps:
      - phase: after filling
        fault: {label: overfilled, where: feeder}
        steps: [{wait: 90 s}]
        on: [{when: feeder.low_level falls, steps: [{wait: 5 s}], then: leave}]
"""
)


def load(folder: Path, text: str) -> Any:
    """Load a scenario on the feeder."""
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    return load_scenario(folder / "scenario.yaml")


def ran(spec: Any, plant: Any, **options: Any) -> tuple[Watched, Any]:
    """Run to the end; give what was handed out, and the ending."""
    watched = Watched(spec, plant, **options)
    return watched, watched.simulation.run()
