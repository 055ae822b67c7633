"""A coater behind a press, through the whole engine: tablets are pressed, judged, coated and counted."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from twin.results.reader import Run, open_run
from twin.run import run

PLANT = """
twin: 1
title: Press, gate and continuous coater
fluids: [water, nitrogen]
solids: [mcc, lactose]
units:
  frame:
    model: powder.feed_frame
    params: {V_frame: 3 L, V_low: 0.4 L, V_heel: 5 mL, shear_length: 20 mm, speed: 1 1/s, api: mcc,
             lubrication_in: 0 m}
    initial: {m: 0.4 kg, w: {mcc: 1}}
  press:
    model: tableting.rotary_press
    params:
      {stations: 36, diameter: 10 mm, pitch_diameter: 0.41 m, flat: 12.5 mm, V_heel: 0.1 mL, api: mcc,
       compaction: kawakita, strength_law: percolation, bonding: 0.2, strength_loss: 0.5, lubrication_rate: 0.02 1/m,
       friction: 0.35, friction_min: 0.12, radial: 0.05, turret_speed: 0.5 1/s, fill_depth: 12 mm, pre_pressure: 20 MPa,
       pressure: 150 MPa}
    initial: {m: 7 g, w: {mcc: 1}, N: 0.5 1/s, depth: 12 mm, P_pre: 20 MPa, P: 150 MPa}
  gate:
    model: tableting.reject_gate
    params: {F_low: 9 kN, F_high: 15 kN, m_least: 273 mg, m_greatest: 303 mg, s_force: 0.4 kN, s_mass: 6 mg, divert: 0}
  pan:
    model: coating.film_coater
    params:
      {UA: 20 W/K, T_room: 20 degC, efficiency: 0.95, pass_rate: 0.2 1/s, volatile: {water: 1, nitrogen: 0},
       removal: 0.1 1/min}
    initial: {n_tablets: 1e4, m: 2.88 kg, w: {mcc: 1}, T: 40 degC}
feeds:
  blend: {m_flow: {mcc: 5.18 g/s}, m_flow_liquid: {water: 0.1 g/s}}
  suspension: {m_flow: {lactose: 0.16 g/s}, m_flow_liquid: {water: 0.64 g/s}}
  air: {T: 60 degC, m_flow: {nitrogen: 0.2 kg/s, water: 1 g/s}}
connections:
  - blend -> frame.powder
  - frame.product -> press.powder
  - press.tablets -> gate.tablets
  - gate.good -> pan.cores
  - gate.rejects -> rejects
  - suspension -> pan.spray
  - air -> pan.gas
  - pan.tablets -> coated
  - pan.exhaust -> exhaust
  - pan.dust -> dust
signals:
  - press.V_flow_dies -> frame.V_flow_dies
  - frame.lubrication -> press.lubrication_in
  - press.compression_force -> gate.compression_force
  - press.tablet_mass -> gate.tablet_mass
products: [rejects, coated, exhaust, dust]
"""
SCENARIO = """
twin: 1
plant: plant.yaml
title: Diverted for ten minutes, then seven hours to a steady state
duration: 8 h
record: 60 s
events:
  - {at: 30 min, set: {gate.divert: 1}}
  - {at: 40 min, set: {gate.divert: 0}}
"""
COATS = 0.95 * 0.16e-3  # kg/s of solids that stick
REMOVAL = 0.1 / 60.0


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("coating")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    return open_run(run(folder / "scenario.yaml", folder / "line.h5").path)


def test_material_and_heat_are_kept(line: Run) -> None:
    for balance in line.balances.components:
        assert balance.measures["relative"] < 1e-12, balance.name
    assert line.balances.energy.measures["relative"] < 1e-11


def test_no_tablet_is_lost_between_press_and_drum(line: Run) -> None:
    """36 stations at half a turn a second; those not rejected are in the pan or have left it."""
    pressed = 18.0 * line.time[-1]
    left = line.get("coated.total.count")[-1] + line.get("rejects.total.count")[-1]
    assert line.get("pan.n_tablets")[-1] - 1e4 + left == pytest.approx(pressed, rel=1e-9)
    assert line.get("rejects.total.count")[-1] > 18.0 * 600.0


def test_the_coat_is_that_of_the_tablets_which_pass(line: Run) -> None:
    good = line.get("gate.good.n_flow")[-1]
    assert 0.9 * 18.0 < good < 18.0  # the limits of weight take off some percent
    assert line.get("pan.n_tablets")[-1] == pytest.approx(good / REMOVAL, rel=1e-5)
    assert line.get("pan.coat_mass")[-1] == pytest.approx(COATS / good, rel=1e-5)
    spread = math.sqrt(1.0 + 1.25 * REMOVAL / 0.2)  # exponential residence times, and passes at random
    assert line.get("pan.coat_RSD")[-1] == pytest.approx(spread, rel=1e-5)
    core = line.get("press.tablet_mass")[-1]
    solid = core * (1.0 - line.get("press.LOD")[-1])
    assert line.get("pan.weight_gain")[-1] == pytest.approx(COATS / (good * solid), rel=1e-5)
    # during the diversion fewer tablets shared the same spray
    diverted = np.searchsorted(line.time, 2400.0)
    assert line.get("pan.coat_mass")[diverted] > 1.2 * line.get("pan.coat_mass")[-1]


def test_strength_of_what_is_pressed_follows_percolation(line: Run) -> None:
    """σ = σ_max ((D − D_c)/(1 − D_c))^2.7, not lubricated but for the paddles."""
    D = 1.0 - line.get("press.porosity")[-1]
    k = line.get("press.lubrication")[-1]
    left = 0.5 + 0.5 * math.exp(-0.02 * k)
    assert line.get("press.tensile_strength")[-1] == pytest.approx(15e6 * ((D - 0.2) / 0.8) ** 2.7 * left, rel=1e-9)
