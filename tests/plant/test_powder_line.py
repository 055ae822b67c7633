"""Powder through units whose holdup changes: filling, refills, a diversion, running empty, and filling again.

What the shipped lines do not have: a bin above a feeder, a junction, a blender with axial dispersion and a diverter.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.results.reader import Run, open_run
from twin.run import run

# its plant has models that no everyday plant has: they take longer to compile than all that is asked of them here
pytestmark = pytest.mark.slow

RTOL = 1e-4
PLANT = """
twin: 1
title: Bin, feeders, junction, dispersion blender, diverter
fluids: [water]
solids: [paracetamol, mcc, lactose]
units:
  bin:
    model: powder.hopper
    cells: 6
    params:
      {opening: 60 mm, particle: 100 um, rho_bulk: {paracetamol: 450 kg/m^3, mcc: 350 kg/m^3, lactose: 560 kg/m^3},
       m_max: 30 kg, m_low: 0.5 kg, api: paracetamol, setpoint: 4 g/s, heel: 5 g}
    initial: {m: 0 kg, w: {mcc: 1}}
  bin_feeder:
    model: powder.feeder
    params: {ff_max: 4 g, ff_min: 2.5 g, ff_decay: 0.5 1/kg, N_max: 4 1/s, m_max: 6 kg, m_low: 0.2 kg, m_high: 5 kg,
             mode: indexed, setpoint: 4 g/s, heel: 10 g}
    initial: {m: 0 kg, w: {mcc: 1}}
  api_feeder:
    model: powder.feeder
    params: {ff_max: 1.5 g, ff_min: 1 g, ff_decay: 1 1/kg, N_max: 4 1/s, m_max: 3 kg, m_low: 0.4 kg, m_high: 2 kg,
             setpoint: 1 g/s, heel: 10 g}
    initial: {m: 1 kg, w: {paracetamol: 1}, w_liquid: {water: 0.002}, F: 1 g/s}
  junction: {model: powder.mixer}
  blender:
    model: powder.dispersion_blender
    cells: 10
    params: {M_ss: 0.4 kg, F_ss: 5 g/s, Pe: 10, api: paracetamol, exponent: 1.5}
    initial: {w: {mcc: 1}}
  tee: {model: powder.diverter, params: {position: 1}}
feeds:
  blend: {m_flow: {mcc: 0 g/s, lactose: 0 g/s}, m_flow_liquid: {water: 0 g/s}}
  api: {m_flow: {paracetamol: 0 g/s}, m_flow_liquid: {water: 0 g/s}}
connections:
  - blend -> bin.material
  - bin.product -> bin_feeder.material
  - api -> api_feeder.refill
  - api_feeder.product -> junction.feed_1
  - bin_feeder.product -> junction.feed_2
  - junction.product -> blender.first
  - blender.product -> tee.feed
  - tee.onward -> product
  - tee.aside -> rejects
products: [product, rejects]
"""
SCENARIO = f"""
twin: 1
plant: plant.yaml
title: Five hours, in which all is filled, refilled, diverted, run empty and filled again
duration: 5 h
record: 20 s
solver: {{rtol: {RTOL}}}
events:
  - {{at: 1 min, set: {{blend.m_flow.mcc: 60 g/s, blend.m_flow.lactose: 40 g/s, blend.m_flow_liquid.water: 2 g/s}}}}
  - {{at: 5 min, set: {{blend.m_flow.mcc: 0 g/s, blend.m_flow.lactose: 0 g/s, blend.m_flow_liquid.water: 0 g/s}}}}
  - {{when: api_feeder.low_level falls, set: {{api.m_flow.paracetamol: 49.9 g/s, api.m_flow_liquid.water: 0.1 g/s}}}}
  - {{when: api_feeder.high_level rises, set: {{api.m_flow.paracetamol: 0 g/s, api.m_flow_liquid.water: 0 g/s}}}}
  - {{at: 20 min, set: {{tee.position: 0}}}}
  - {{at: 60 min, ramp: {{tee.position: 1}}, over: 1 min}}
  - {{at: 70 min, ramp: {{tee.position: 0}}, over: 1 min}}
  - {{at: 2.5 h, set: {{api_feeder.setpoint: 0 g/s}}}}
  - {{at: 3.5 h, set: {{blend.m_flow.mcc: 60 g/s, blend.m_flow.lactose: 40 g/s, blend.m_flow_liquid.water: 2 g/s}}}}
  - {{at: 3.55 h, set: {{blend.m_flow.mcc: 0 g/s, blend.m_flow.lactose: 0 g/s, blend.m_flow_liquid.water: 0 g/s}}}}
  - {{at: 3.6 h, set: {{api_feeder.setpoint: 1 g/s, tee.position: 1}}}}
"""


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("powder")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    made = run(folder / "scenario.yaml", folder / "line.h5")
    assert made.warnings == ()  # no holdup below zero, nothing that is no number
    return open_run(made.path)


def test_material_is_kept_through_refill_diversion_and_empty_units(line: Run) -> None:
    for balance in line.balances.components:
        assert balance.measures["relative"] < 1e-12, balance.name


def test_the_line_was_full_diverted_and_empty(line: Run) -> None:
    hours = line.time / 3600.0
    M, m = line.get("blender.M"), line.get("api_feeder.m")
    assert np.sum(np.diff((m > 1.2).astype(int)) == 1) >= 4  # refills by 1.6 kg of some 9 kg
    assert M[0] == 0.0
    assert M[(hours > 1.0) & (hours < 1.6)] == pytest.approx(0.4, rel=0.2)  # a refill overfeeds
    assert np.min(M[(hours > 2.5) & (hours < 3.5)]) < 4e-3  # the bin was empty after 1.8 h
    assert M[(hours > 4.2) & (hours < 4.6)] == pytest.approx(0.4, rel=0.2)
    aside = line.get("tee.aside.m_flow").sum(axis=1)
    assert np.all(aside[(hours > 0.35) & (hours < 0.99)] == 0.0)
    assert np.all(line.get("tee.onward.m_flow").sum(axis=1)[(hours > 1.02) & (hours < 1.16)] == 0.0)


def test_contents_stay_within_their_bounds(line: Run) -> None:
    """Nothing is clipped, so the solver's errors show: contents stay within 10 rtol of [0, 1]."""
    nominal = {"bin": 30.0 / 6.0, "bin_feeder": 6.0, "api_feeder": 3.0, "blender": 0.04}  # kg in a cell
    for unit, full in nominal.items():
        m = line.get(f"{unit}.m_solids").reshape(len(line.time), 3, -1)
        held = m.sum(axis=1, keepdims=True)
        assert m.min() >= -10.0 * RTOL * full, unit
        share = m / np.where(held > 0.01 * full, held, np.inf)
        assert share.min() >= -10.0 * RTOL, unit
        assert share.max() <= 1.0 + 10.0 * RTOL, unit
    for unit in ("bin", "blender"):
        content = line.get(f"{unit}.api_content")
        assert -10.0 * RTOL <= content.min() <= content.max() <= 1.0 + 10.0 * RTOL
