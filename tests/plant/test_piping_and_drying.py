"""Piping and dryers through the whole pipeline: a pumped loop, a pump run dry, batches from six segments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.results.reader import Run, open_run
from twin.run import run

# its plant has models that no everyday plant has: they take longer to compile than all that is asked of them here
pytestmark = pytest.mark.slow

LOOP = """
twin: 1
title: A pumped loop through a pipe and an exchanger into a vessel that drains through a valve
fluids: [ethanol, water]
solids: []
units:
  sump:
    model: piping.pump
    params:
      {F_max: 0.2 kg/s, tau_drive: 2 s, head: 4 bar, efficiency: 0.5, NPSH_required: 2 m, area: 0.05 m^2, V_max: 50 L,
       setpoint: 0.1 kg/s}
    initial: {V: 20 L, T: 20 degC, w: {water: 1}}
  line:
    model: piping.pipe
    cells: 20
    params: {V: 2 L, UA: 5 W/K, T_room: 20 degC}
    initial: {T: 20 degC, w: {water: 1}}
  heater:
    model: piping.heat_exchanger_1d
    cells: 10
    params:
      {arrangement: counter_current, V_hot: 1 L, V_cold: 1 L, UA_hot: 2000 W/K, UA_cold: 2000 W/K, C_wall: 2 kJ/K}
    initial: {T: 20 degC, w_hot: {water: 1}, w_cold: {water: 1}}
  vessel:
    model: piping.valve
    params: {A_v: 5e-5 m^2, area: 0.05 m^2, V_max: 30 L, valve: 0.5, dP: 5 kPa}
    initial: {V: 10 L, T: 20 degC, w: {water: 1}}
  split: {model: piping.splitter, params: {fraction: 0.5}}
  mix: {model: piping.mixer}
feeds:
  supply: {T: 20 degC, m_flow: {ethanol: 5 g/s, water: 45 g/s}}
  hot: {T: 90 degC, m_flow: {water: 80 g/s}}
connections:
  - supply -> mix.feed_1
  - split.first -> mix.feed_2
  - mix.product -> sump.feed
  - sump.product -> line.feed
  - line.product -> heater.cold
  - hot -> heater.hot
  - heater.cooled -> spent
  - heater.heated -> vessel.feed
  - vessel.product -> split.feed
  - split.second -> product
products: [product, spent]
"""

LOOP_RUN = """
twin: 1
plant: loop.yaml
title: A valve opened, then more asked of the pump than flows in
duration: 100 min
record: 20 s
events:
  - {at: 40 min, set: {vessel.valve: 1}}
  - {at: 70 min, set: {sump.setpoint: 0.2 kg/s}}
"""

SEGMENTS = """
twin: 1
title: Granules in six segments
fluids: [water, nitrogen]
solids: [lactose]
grids:
  bins: {count: 10, from: 50 um, to: 3000 um, spacing: geometric}
components:
  lactose: {rho_solid: 1540 kg/m^3, cp_solid: 1250 J/(kg K)}
units:
  dryer:
    model: drying.segmented_dryer
    params:
      {X_crit: 0.08, X_eq: 0.005, X_limit: 0.03, alpha_gas: 50, surface: 5, volatile: {water: 1}, discharge_part: 0.5,
       tau: 4 s, speed: 4 1/h}
    initial: {w: {lactose: 1}}
feeds:
  granules:
    {V_flow_solid: 3.3e-6, V_flow_pores: 1e-6, m_flow: {lactose: 5 g/s}, m_flow_liquid: {water: 1 g/s},
     V_flow_classes: 3.3e-7}
  air: {T: 60 degC, m_flow: {nitrogen: 0.15 kg/s}}
connections:
  - granules -> dryer.material
  - air -> dryer.gas
  - dryer.product -> dry
  - dryer.exhaust -> exhaust
products: [dry, exhaust]
"""

SEGMENTS_RUN = """
twin: 1
plant: segments.yaml
title: Four turns
duration: 1 h
record: 5 s
"""


def simulated(folder: Path, name: str, plant: str, scenario: str) -> Run:
    (folder / f"{name}.yaml").write_text(plant, encoding="utf-8")
    (folder / "scenario.yaml").write_text(scenario, encoding="utf-8")
    return open_run(run(folder / "scenario.yaml", folder / f"{name}.h5").path)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return simulated(tmp_path_factory.mktemp("loop"), "loop", LOOP, LOOP_RUN)


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return simulated(tmp_path_factory.mktemp("segments"), "segments", SEGMENTS, SEGMENTS_RUN)


def test_material_and_heat_are_kept(loop: Run, segments: Run) -> None:
    for made in (loop, segments):
        for balance in made.balances.components:
            assert balance.measures["relative"] < 1e-12, balance.name
        assert made.balances.energy.measures["relative"] < 1e-12, made.balances.energy.measures


def test_the_loop_settles_and_a_pump_that_is_asked_for_too_much_runs_dry(loop: Run) -> None:
    time, delivered = loop.time, loop.get("sump.F_delivered")
    settled = int(np.searchsorted(time, 2390.0))
    assert delivered[settled] == pytest.approx(0.1, rel=1e-5)
    # what drains through the valve: 0.05 kg/s supplied over 0.5 split, whatever its opening
    depth = loop.get("vessel.depth")
    assert depth[settled] > depth[int(np.searchsorted(time, 4190.0))]
    assert loop.get("sump.NPSH")[settled] > 2.0
    assert delivered[-1] < 0.15  # supply and what returns, no more
    assert np.all(loop.get("sump.V") > 0.0)
    assert loop.get("heater.T_heated")[settled] > loop.get("line.T_out")[settled] + 20.0


def test_segments_discharge_dry_batches_one_after_another(segments: Run) -> None:
    X, time = segments.get("dryer.X_out"), segments.time
    last_turn = time > 2700.0
    batches = np.flatnonzero(np.diff((X[last_turn] > 1e-3).astype(int)) == 1)
    assert len(batches) == 6
    assert 0.005 <= X[last_turn].max() < 0.03
    held = segments.get("dryer.held")
    assert held[-1] == pytest.approx(held[int(np.searchsorted(time, 2700.0))], rel=1e-3)  # a turn of 15 min


DRYERS = """
twin: 1
title: A vacuum dryer, a fluid bed and a cake blown through, side by side
fluids: [ethanol, paracetamol, nitrogen, water]
solids: [paracetamol]
units:
  vacuum:
    model: drying.vacuum_dryer
    params:
      {area: 0.5 m^2, alpha_wall: 150, conductivity: 0.1 W/(m K), rho_bed: 500 kg/m^3, N_mix: 5, permeance: 1e-4,
       X_sorption: 0.01, X_target: 0.005, tau: 60 s, crystal: paracetamol, solute: paracetamol,
       volatile: {ethanol: 1, water: 1}, T_jacket: 60 degC, P: 50 mbar, speed: 20 rpm}
    initial: {M: 10 kg, T: 20 degC, w: {ethanol: 0.7, water: 0.25, paracetamol: 0.05}, moisture: 0.3}
  bed:
    model: drying.fluid_bed
    cells: 3
    params: {m_weir: 2 kg, X_crit: 0.08, X_eq: 0.005, X_limit: 0.3, alpha_gas: 60, surface: 5, volatile: {water: 1}}
    initial: {T: 20 degC, w: {paracetamol: 1}}
  cake:
    model: drying.cake_dryer_dynamic
    params:
      {area: 20 cm^2, V_pores: 20 cm^3, epsilon: 0.4, tau: 5 s, crystal: paracetamol, solute: paracetamol,
       volatile: {ethanol: 1, water: 1}}
    initial:
      {T: 20 degC, w_gas: {nitrogen: 1}, w: {ethanol: 0.9, paracetamol: 0.1}, M: 40 g, A: 4 m^2, moisture: 0.1}
feeds:
  powder: {m_flow: {paracetamol: 5 g/s}, m_flow_liquid: {water: 1 g/s}}
  hot: {T: 70 degC, m_flow: {nitrogen: 0.15 kg/s}}
  blown: {T: 50 degC, m_flow: {nitrogen: 1 g/s}}
connections:
  - powder -> bed.material
  - hot -> bed.gas
  - bed.product -> dry
  - bed.exhaust -> wet_gas
  - vacuum.vapour -> condensate
  - vacuum.product -> batch
  - blown -> cake.gas
  - cake.exhaust -> blown_gas
  - cake.product -> dry_cake
products: [dry, wet_gas, condensate, batch, blown_gas, dry_cake]
"""

DRYERS_RUN = """
twin: 1
plant: dryers.yaml
title: Batches are dried and discharged
duration: 3 h
record: 30 s
events:
  - {at: 160 min, set: {vacuum.valve: 1, cake.valve: 1}}
"""


@pytest.mark.slow
def test_batches_are_dried_and_discharged_to_the_last_crumb(tmp_path: Path) -> None:
    made = simulated(tmp_path, "dryers", DRYERS, DRYERS_RUN)
    for balance in made.balances.components:
        assert balance.measures["relative"] < 1e-12, balance.name
    assert made.balances.energy.measures["relative"] < 1e-12, made.balances.energy.measures
    ready = int(np.searchsorted(made.time, 9590.0))
    assert made.get("vacuum.X")[ready] < 0.005 < made.get("vacuum.X")[0]
    assert made.get("vacuum.T")[ready] == pytest.approx(333.15, abs=0.5)
    assert made.get("cake.LOD")[ready] == pytest.approx(5e-4, rel=0.1)
    assert 0.005 <= made.get("bed.X_out")[ready] < 0.08
    for unit in ("vacuum", "cake"):
        assert made.get(f"{unit}.LOD")[-1] == pytest.approx(0.0, abs=1e-3), "nothing is left to be judged"
