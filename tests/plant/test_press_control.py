"""Weight and force of tablets under control: a fill depth trimmed on weight, a pressure on the force, after a step.

The rolls' pressure is what the press is set to; a force that follows from the gap between the punches is not modelled.
A tablet's weight answers the depth by 24 g/m: with 20 m/kg and 30 s the loop settles within about a minute.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from twin.results.reader import open_run
from twin.run import run

PLANT = """
twin: 1
title: A press with its two loops
fluids: [water]
solids: [mcc, lactose]
units:
  frame:
    model: powder.feed_frame
    params: {V_frame: 3 L, V_low: 0.4 L, V_heel: 5 mL, shear_length: 20 mm, speed: 1 1/s, api: mcc, lubrication_in: 0 m}
    initial: {m: 0.5 kg, w: {mcc: 1}}
  press:
    model: tableting.rotary_press
    params:
      {stations: 36, diameter: 10 mm, pitch_diameter: 0.41 m, flat: 12.5 mm, V_heel: 0.1 mL, api: mcc,
       compaction: kawakita, strength_law: percolation, bonding: 0.2, strength_loss: 0.5, lubrication_rate: 0.02 1/m,
       friction: 0.35, friction_min: 0.12, radial: 0.05, turret_speed: 0.5 1/s, pre_pressure: 20 MPa}
    initial: {m: 7 g, w: {mcc: 1}, N: 0.5 1/s, depth: 12 mm, P_pre: 20 MPa, P: 120 MPa}
feeds:
  blend: {m_flow: {mcc: 5.18 g/s, lactose: 0 g/s}, m_flow_liquid: {water: 0.1 g/s}}
connections:
  - blend -> frame.powder
  - frame.product -> press.powder
  - press.tablets -> tablets
signals:
  - press.V_flow_dies -> frame.V_flow_dies
  - frame.lubrication -> press.lubrication_in
products: [tablets]
controllers:
  WIC-1: {model: pi, measurement: press.tablet_mass, output: press.fill_depth, setpoint: 290 mg, K: 20 m/kg, T_i: 30 s,
          bias: 12 mm, low: 5 mm, high: 16 mm}
  FIC-1: {model: pi, measurement: press.compression_force, output: press.pressure, setpoint: 11 kN, K: 5000 1/m^2,
          T_i: 5 s, bias: 120 MPa, low: 20 MPa, high: 300 MPa}
"""
SCENARIO = """
twin: 1
plant: plant.yaml
title: Denser powder, then more force asked for
duration: 40 min
record: 5 s
events:
  - {at: 10 min, set: {blend.m_flow.mcc: 3.68 g/s, blend.m_flow.lactose: 1.5 g/s}}
  - {at: 30 min, set: {FIC-1.setpoint: 13 kN}}
"""


def test_weight_and_force_return_to_their_setpoints(tmp_path: Path) -> None:
    (tmp_path / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    line = open_run(run(tmp_path / "scenario.yaml", tmp_path / "run.h5").path)
    minutes = line.time / 60.0
    mass, force = line.get("press.tablet_mass"), line.get("press.compression_force")
    depth, hardness = line.get("press.depth"), line.get("press.hardness")
    before, late, after = (int(np.searchsorted(minutes, t)) for t in (9.9, 29.9, 39.9))
    assert mass[[before, after]] == pytest.approx(290e-6, rel=2e-3)
    assert force[[before, late, after]] == pytest.approx([11e3, 11e3, 13e3], rel=1e-4)
    # lactose is poured denser than cellulose: the loop fills less deep and keeps the weight within a few percent
    assert depth[late] < 0.95 * depth[before]
    assert np.max(np.abs(mass[before:after] / 290e-6 - 1.0)) < 0.05
    assert force[late] == pytest.approx(0.25 * math.pi * 10e-3**2 * line.get("press.P")[late], rel=1e-9)
    assert hardness[after] > 1.02 * hardness[late]  # more force, harder tablets
