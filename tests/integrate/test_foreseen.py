"""Guards that a scenario waits for are foreseen: a vessel that runs empty takes few steps, and closes in time."""

from pathlib import Path

import pytest

from twin.config import load_scenario
from twin.plant import compile_plant
from twin.plant.model import load_model
from twin.schedule.simulation import Simulation

#: 40 L through a valve at 4 L/min, closed where its flow would fade: twice the heel of 4.5 mL is left.
DRAINED = """
twin: 1
plant:
  twin: 1
  fluids: [water]
  components:
    water: {molar_mass: 18 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 4180 J/(kg K)}
  units:
    tank:
      model: reaction.stirred_vessel
      params: {discharge: valve, jacket: adiabatic, V_weir: 45 L, V_flow_max: 4 L/min, heel_part: 1e-4,
               T_limit: 90 degC, key: water, valve: 0, T_jacket: 25 degC}
      initial: {V: 40 L, T: 25 degC, w: {water: 1}}
  connections: [tank.product -> out]
  products: [out]
duration: 20 min
record: 1 min
solver: {rtol: 1e-3}
events:
  - {at: 2 min, set: {tank.valve: 1}, name: open}
  - {when: tank.empties falls, set: {tank.valve: 0}, name: closed}
"""


def test_an_emptying_vessel_is_closed_in_a_few_steps(tmp_path: Path) -> None:
    path = tmp_path / "drained.yaml"
    path.write_text(DRAINED, encoding="utf-8")
    scenario = load_scenario(path)
    happened = []
    simulation = Simulation(scenario, compile_plant(scenario.plant), events=lambda events, _: happened.extend(events))
    assert simulation.run().outcome.name == "FINISHED"
    closed = next(e for e in happened if "closed" in e.cause)
    # the step that meets the crossing goes beyond it by 1e-4 of its length, into the bend, with an error below 1e-3
    assert closed.time == pytest.approx(120.0 + (40e-3 - 9e-6) / (4e-3 / 60.0), abs=1e-5)
    counts = simulation.statistics
    assert counts["steps"] + counts["rejected"] < 25  # 80 where steps are halved towards the kink


def test_guards_ask_for_their_own_integrals_only() -> None:
    model = load_model("crystallization.stirred_crystallizer")
    names = [f.name for f in model.guards]
    integrals = model.Integrals._fields  # type: ignore[attr-defined]
    assert [integrals[i] for i in model.integrals_for(names)] == ["crystal_mass"]
    # one that reads what others have left in scratch brings all before it
    assert model.integrals_for(["derivatives"])[-1] == integrals.index("deposition")
    assert set(range(integrals.index("deposition"))) <= set(model.integrals_for(["derivatives"]))
