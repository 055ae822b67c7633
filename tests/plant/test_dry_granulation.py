"""Dry granulation and coating through the whole pipeline: new powder units in the engine, start-up to steady state."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.results.reader import Run, open_run
from twin.run import run

PLANT = """
twin: 1
title: Dry granulation and coating
fluids: [water, nitrogen]
solids: [paracetamol, mcc]
units:
  bin:
    model: powder.hopper
    params:
      {opening: 50 mm, particle: 100 um, rho_bulk: {paracetamol: 450 kg/m^3, mcc: 350 kg/m^3}, m_max: 20 kg,
       m_low: 1 kg, api: paracetamol, setpoint: 6 g/s}
    initial: {m: 5 kg, w: {mcc: 1}}
  blender:
    model: powder.dispersion_blender
    params: {M_ss: 0.8 kg, F_ss: 10 g/s, Pe: 8, api: paracetamol}
    initial: {w: {mcc: 1}}
  compactor:
    model: granulation.roller_compactor
    params:
      {diameter: 200 mm, width: 50 mm, friction: 0.70, wall_friction: 0.31, K: 8, rho_0: 500 kg/m^3, m_max: 5 kg,
       m_low: 0.1 kg, heel: 0.1 kg, api: paracetamol, roll_speed: 12 1/min, roll_gap: 2 mm, roll_force: 30 kN}
    initial: {m: 0 kg, w: {mcc: 1}}
  mill:
    model: granulation.mill
    params:
      {x_top: 5 mm, screen: 1.5 mm, breakage_rate: 0.5 1/s, screen_rate: 0.3 1/s, m_max: 5 kg, api: paracetamol,
       feed_share: [1, 0, 0, 0, 0, 0]}
    initial: {m_class: 0 kg, w: {mcc: 1}}
  pan:
    model: coating.film_coater
    params:
      {UA: 20 W/K, T_room: 20 degC, efficiency: 0.95, pass_rate: 0.2 1/s,
       volatile: {water: 1, nitrogen: 0}, removal: 0 1/s}
    initial: {n_tablets: 2e4, m: 10 kg, w: {mcc: 1}, T: 40 degC}
feeds:
  api: {m_flow: {paracetamol: 4 g/s}, m_flow_liquid: {water: 0.02 g/s}}
  filler: {m_flow: {mcc: 6 g/s}}
  suspension: {m_flow: {paracetamol: 0.2 g/s}, m_flow_liquid: {water: 0.8 g/s}}
  air: {T: 60 degC, m_flow: {nitrogen: 0.2 kg/s, water: 1 g/s}}
connections:
  - filler -> bin.material
  - api -> blender.first
  - bin.product -> blender.second
  - blender.product -> compactor.powder
  - compactor.ribbon -> mill.granules
  - mill.product -> granules
  - suspension -> pan.spray
  - air -> pan.gas
  - pan.tablets -> coated
  - pan.exhaust -> exhaust
  - pan.dust -> dust
products: [granules, coated, exhaust, dust]
"""

SCENARIO = """
twin: 1
plant: plant.yaml
title: Start-up, and a step of the API
duration: 2 h
record: 10 s
events:
  - {at: 1 h, set: {api.m_flow.paracetamol: 5 g/s}, name: more API}
"""


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("line")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    return open_run(run(folder / "scenario.yaml", folder / "line.h5").path)


def test_material_and_heat_are_kept(line: Run) -> None:
    for balance in line.balances.components:
        # rounding of some hundred steps; water evaporates at a rate that is no linear law of the states, and
        # there the Jacobian's differences leave a few 1e-12
        assert balance.measures["relative"] < (1e-11 if balance.name == "water" else 1e-12), balance.name
    assert line.balances.energy.measures["relative"] < 1e-9


def test_the_line_reaches_what_its_feeds_say(line: Run) -> None:
    at_one_hour = 360
    for unit in ("blender", "mill"):
        content = line.get(f"{unit}.api_content")
        # the tolerance of the integration is 1e-6; an hour is twenty residence times of the line
        assert content[at_one_hour] == pytest.approx(4.0 / 10.02, rel=1e-5)
        assert content[-1] == pytest.approx(5.0 / 11.02, rel=1e-5)
    assert line.get("mill.F")[-1] == pytest.approx(11.02e-3, rel=1e-5)
    assert line.get("compactor.throughput")[-1] == pytest.approx(11.02e-3, rel=1e-5)
    assert line.get("bin.m")[-1] == pytest.approx(5.0, rel=1e-9)
    assert line.get("bin.api_content")[-1] == 0.0


def test_tablets_gain_their_coat(line: Run) -> None:
    assert line.get("pan.weight_gain")[-1] == pytest.approx(0.95 * 0.2e-3 * 7200.0 / 10.0, rel=1e-6)
    assert line.get("pan.coat_RSD")[-1] == pytest.approx((1.25 / (0.2 * 7200.0)) ** 0.5, rel=1e-4)
    assert 300.0 < line.get("pan.T_bed")[-1] < 333.0
