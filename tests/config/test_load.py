"""What a valid plant and scenario become: SI numbers, filled arrays, defaults, wires, overrides."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from twin.config import ConfigError, load_plant, load_scenario
from twin.config.context import PathError
from twin.config.material_spec import LotSpec
from twin.config.paths import resolve, resolve_guard, resolve_measurement, written
from twin.config.spec import Connection, EventSpec, KpiSpec, LatchSpec, PlantSpec, QualitySpec, ScenarioSpec, same

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def plant() -> PlantSpec:
    return load_plant(HERE / "rich_plant.yaml")


@pytest.fixture(scope="module")
def scenario() -> ScenarioSpec:
    return load_scenario(HERE / "rich_scenario.yaml")


def test_shipped_example_loads_by_name() -> None:
    scenario = load_scenario("two_tanks")
    assert scenario.plant.name == "two_tanks"
    assert scenario.duration == 1200.0
    assert [unit.name for unit in scenario.plant.units] == ["tee", "first", "second", "split"]
    assert Connection("split.first", "tee.feed_2") in scenario.plant.connections


def test_numbers_are_in_si_and_complete(plant: PlantSpec) -> None:
    reactor = plant.unit("reactor")
    assert reactor.dims == {"cells": 8, "reactions": 1}
    assert reactor.params["V"] == 0.001
    assert reactor.params["key"] == 3  # the place of paracetamol among the fluids
    assert reactor.params["tau_flow"] == 1.0  # the model's default
    assert reactor.initial["T"].shape == (8,)
    assert set(reactor.initial["T"]) == {313.15}
    assert reactor.nominal == {"m": 0.002}
    feeder = plant.unit("feeder")
    assert feeder.signals == {"setpoint": 0.001, "deviation": 0.0}
    assert feeder.params["mode"] == 1
    assert plant.unit("crystallizer").signals == {"T_jacket": 283.15}
    assert plant.feed("reagents").values["m_flow"].tolist() == [0.01, 0.001, 0.0012, 0.0, 0.0]
    assert plant.feed("mcc_refill").values["m_flow"].tolist() == [0.0, 0.0]


def test_arrays_are_filled_from_components_grids_and_settings(plant: PlantSpec) -> None:
    crystallizer, reactor = plant.unit("crystallizer"), plant.unit("reactor")
    assert reactor.params["rho"][3] == 1300.0  # the plant's own value before the database's
    assert reactor.params["rho"][0] == plant.components["ethanol"]["rho_liquid"]
    assert crystallizer.params["cp_solid"].tolist() == [1300.0, plant.components["mcc"]["cp_solid"]]
    edges = crystallizer.params["L_edges"]
    assert edges is not plant.grids["bins"]
    assert same(edges, plant.grids["bins"])
    assert (len(edges), edges[0], edges[-1]) == (41, 1e-6, 1e-3)
    np.testing.assert_allclose(edges[1:] / edges[:-1], 1000.0 ** (1 / 40), rtol=1e-14)  # a few roundings
    assert plant.dims == {"fluids": 5, "solids": 2, "bins": 40}
    nu = reactor.params["nu_mass"][0]
    assert nu.sum() == pytest.approx(0.0, abs=1e-16)
    assert nu[1] == -plant.components["p_aminophenol"]["molar_mass"]


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("TIC-101.setpoint", 283.15, "283.15 K (10 degC)"),  # a generic field, in the unit of what is controlled
        ("TIC-101.K", 2.5, "2.5"),
        ("reagents.m_flow.ethanol", 0.0003, "0.0003 kg/s"),
        ("feeder.mode", 1.0, "indexed"),
    ],
)
def test_a_value_is_written_with_its_unit(plant: PlantSpec, path: str, value: float, text: str) -> None:
    assert written(plant, path, value) == text


def test_what_the_plant_makes(plant: PlantSpec) -> None:
    assert plant.kpi == KpiSpec("paracetamol", "slurry", "p_aminophenol", 0.5)
    assert load_plant("two_tanks").kpi is None


def test_nothing_can_be_changed_and_all_can_be_sent_to_another_process(scenario: ScenarioSpec) -> None:
    unit = scenario.plant.unit("reactor")
    with pytest.raises(TypeError, match="read-only"):
        unit.params["V"] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        unit.params["rho"][0] = 1.0
    assert same(pickle.loads(pickle.dumps(scenario)), scenario)


def test_a_controller_is_a_wired_unit_in_the_units_of_its_signals(plant: PlantSpec) -> None:
    controller = plant.unit("TIC-101")
    assert controller.model == "twin.control.pi"
    assert controller.signals == {"setpoint": 338.15}
    assert (controller.params["low"], controller.params["high"], controller.params["T_i"]) == (283.15, 363.15, 300.0)
    assert set(plant.signals) == {
        Connection("reactor.T_out", "TIC-101.measurement"),
        Connection("TIC-101.output", "reactor.T_jacket"),
    }
    assert plant.unit("reactor").signals == {}
    assert resolve(plant, "TIC-101.setpoint").field.unit == "K"
    assert resolve(plant, "TIC-101.K").field.unit == "1"


def test_a_cascade_takes_the_units_of_the_slave_in_any_order(tmp_path: Path) -> None:
    text = (HERE / "rich_plant.yaml").read_text(encoding="utf-8")
    master = "  MIC-1: {model: ratio, measurement: feeder.F, output: TIC-101.setpoint, K: 3 K/(g/s), bias: 60 degC}\n"
    text = text.replace("controllers:\n", "controllers:\n" + master).replace("setpoint: 65 degC, ", "")
    file = tmp_path / "cascade.yaml"
    file.write_text(text, encoding="utf-8")
    plant = load_plant(file)
    assert plant.unit("MIC-1").params == {"K": 3000.0, "bias": 333.15}
    assert plant.unit("TIC-101").signals == {}


def test_a_scenario_changes_its_plant(scenario: ScenarioSpec, plant: PlantSpec) -> None:
    changed = scenario.plant
    assert changed.unit("reactor").params["UA"] == 200.0
    assert changed.feed("reagents").values["m_flow"].tolist() == [0.011, 0.001, 0.0012, 0.0, 0.0]
    assert changed.unit("crystallizer").initial["T"] == 298.15
    assert plant.unit("reactor").params["UA"] == 150.0
    assert same(changed.unit("feeder"), plant.unit("feeder"))


def test_events_latches_and_limits(scenario: ScenarioSpec) -> None:
    assert (scenario.method, scenario.rtol, scenario.seed, scenario.record_every) == ("rodas4p2", 1e-5, 7, 60.0)
    assert scenario.events == (
        EventSpec(7200.0, "set", "TIC-101.setpoint", 343.15, name="colder"),
        EventSpec(7200.0, "set", "crystallizer.T_jacket", 278.15, name="colder"),
        EventSpec(10800.0, "ramp", "reagents.T", 303.15, 600.0),
        EventSpec(14400.0, "hold", "reagents.m_flow.p_aminophenol", 0.0, 1200.0, 'pump "stops": é 😀', 7200.0, 72000.0),
    )
    assert scenario.latches == (
        LatchSpec("feeder.low_level", "falls", "mcc_refill.m_flow.mcc", 0.1, "refill"),
        LatchSpec("feeder.high_level", "rises", "mcc_refill.m_flow.mcc", 0.0),
    )
    assert scenario.quality == (
        QualitySpec("reactor.T_out", 313.15, 363.15, 600.0),
        QualitySpec("feeder.F", None, 0.002, 0.0),
    )
    assert scenario.lots == (LotSpec("A-1", "reagents"),)


def test_set_reaches_parameters_elements_choices_sizes_and_initial_values() -> None:
    settings = [
        "reactor.UA=500 W/K",
        "reactor.cells=12",
        "reactor.rho.ethanol=0.8 g/mL",
        "reactor.k0.0=2e-5",
        "crystallizer.limiter=van_leer",
        "crystallizer.T_jacket=280",
        "crystallizer.initial.V=4 L",
        "reagents.m_flow.acetic_acid=1 g/s",
        "TIC-101.setpoint=70 degC",
    ]
    plant = load_plant(HERE / "rich_plant.yaml", settings)
    reactor = plant.unit("reactor")
    assert (reactor.params["UA"], reactor.dims["cells"], reactor.initial["T"].shape) == (500.0, 12, (12,))
    assert (reactor.params["rho"][0], reactor.params["k0"][0]) == (800.0, 2e-5)
    assert plant.unit("crystallizer").signals["T_jacket"] == 280.0
    assert plant.unit("crystallizer").initial["V"] == 0.004
    assert plant.feed("reagents").values["m_flow"][4] == 0.001
    assert plant.unit("TIC-101").signals["setpoint"] == 343.15
    same_by_mapping = load_plant(HERE / "rich_plant.yaml", dict(s.split("=") for s in settings))
    assert same(plant, same_by_mapping)


def test_until_stops_earlier() -> None:
    assert load_scenario("two_tanks", until="5 min").until == 300.0
    with pytest.raises(ConfigError, match="--until:1:1: not such a quantity"):
        load_scenario("two_tanks", until="5 kg")


def test_paths(plant: PlantSpec) -> None:
    found = resolve(plant, "reagents.m_flow.paracetamol")
    assert (found.kind, found.owner, found.field.unit, found.index) == ("feed", "reagents", "kg/s", 3)
    assert resolve(plant, "reactor.nu_mass.0.acetic_acid").index == 4
    assert resolve(plant, "crystallizer.L_edges.40").index == 40
    assert resolve(plant, "crystallizer.T_jacket").kind == "signal"
    assert resolve(plant, "reactor.rho").index is None
    assert resolve_measurement(plant, "feeder.F").unit == "kg/s"
    assert resolve_guard(plant, "feeder.low_level").meaning


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("reactr.UA", "There is no unit or feed 'reactr' in rich_plant. Did you mean 'reactor'?"),
        ("reactor.UB", "reactor (reaction.plug_flow) has no parameter 'UB'. Did you mean 'UA' [W/K]"),
        ("reactor.T_jacket", "'reactor.T_jacket' is driven by TIC-101.output"),
        ("reactor.UA.0", "'reactor.UA' is one number"),
        ("reactor.rho.ethanl", "'reactor.rho' has no 'ethanl' among its fluids. Did you mean 'ethanol'?"),
        ("crystallizer.L_edges.41", "places run from 0 to 40"),
        ("reactor.nu_mass.0", "needs 2 name(s) or number(s) (reactions, fluids), not 1"),
        ("reagents.p", "feed reagents (Solution) has no value 'p'. Known: T, m_flow."),
        ("", "There is no unit or feed ''"),
    ],
)
def test_paths_that_lead_nowhere_say_where_to_turn(plant: PlantSpec, path: str, says: str) -> None:
    with pytest.raises(PathError) as caught:
        resolve(plant, path)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"), [("0 g/s", [0.0, 0.0]), ("[1 g/s, 2 g/s]", [1e-3, 2e-3]), ("{water: 3 g/s}", [3e-3])]
)
@pytest.mark.parametrize("kind", ["set", "ramp", "hold"])
def test_a_whole_array_changes_at_once(tmp_path: Path, kind: str, value: str, expected: list[float]) -> None:
    span = {"set": "", "ramp": ", over: 1 min", "hold": ", for: 1 min"}[kind]
    path = tmp_path / "s.yaml"
    event = f"{{at: 60 s, {kind}: {{spirit.m_flow: {value}}}{span}}}"
    path.write_text(f"twin: 1\nplant: two_tanks\nduration: 1 h\nevents: [{event}]\n", encoding="utf-8")
    events = load_scenario(path).events
    assert [event.value for event in events] == expected
    names = ("ethanol", "water")[-len(expected) :]
    assert [event.path for event in events] == [f"spirit.m_flow.{name}" for name in names]
