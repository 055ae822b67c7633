"""The resolved configuration says everything in SI and reads back to the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.config import load_plant, load_scenario, resolved_yaml
from twin.config.reading import read_text
from twin.config.scenario import build_scenario
from twin.config.spec import ScenarioSpec, frozen_array, same

HERE = Path(__file__).parent
RICH = HERE / "rich_scenario.yaml"


def again(text: str) -> ScenarioSpec:
    return build_scenario(read_text(text, "resolved.yaml"), None, "resolved")


@pytest.mark.parametrize("name", ["two_tanks", RICH])
def test_reads_back_to_the_same_bits(name: str | Path, tmp_path: Path) -> None:
    scenario = load_scenario(name, until="10 min")
    text = resolved_yaml(scenario)
    assert same(again(text), scenario)
    assert resolved_yaml(again(text)) == text
    file = tmp_path / "resolved.yaml"  # and by way of a file that stands alone, outside the checkout
    file.write_text(text, encoding="utf-8")
    assert same(load_scenario(file), scenario)


def test_every_default_is_explicit() -> None:
    text = resolved_yaml(load_scenario(RICH))
    for expected in (
        "limiter_eps: 0.0001",
        'scheme: "van_albada"',
        'solute: "paracetamol"',
        "setpoint: 338.15",
        "molar_mass: 0.04606844",
        "w_liquid",
        "seed: 7",
    ):
        assert expected in text
    assert "degC" not in text.replace('"60 degC"', "")  # but for the reactions, kept as the model reads them


@settings(max_examples=40)
@given(
    UA=st.floats(0.0, 1e7),
    T=st.floats(200.0, 400.0),
    flow=st.floats(0.0, 1.0),
    title=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_any_numbers_and_texts_read_back(UA: float, T: float, flow: float, title: str) -> None:
    values = {"reactor.UA": UA, "TIC-101.setpoint": T, "reagents.m_flow.ethanol": flow, "reactor.initial.T.3": T}
    scenario = load_scenario(RICH, set=values)
    object.__setattr__(scenario, "title", title)
    back = again(resolved_yaml(scenario))
    assert same(back, scenario)
    assert back.plant.unit("reactor").params["UA"].hex() == UA.hex()
    assert back.plant.unit("reactor").initial["T"][3].hex() == T.hex()


def test_a_cascade_and_a_wired_signal_read_back(tmp_path: Path) -> None:
    text = (HERE / "rich_plant.yaml").read_text(encoding="utf-8")
    master = "  MIC-1: {model: ratio, measurement: feeder.F, output: TIC-101.setpoint, K: 3 K/(g/s), bias: 60 degC}\n"
    text = text.replace("controllers:\n", "controllers:\n" + master).replace("setpoint: 65 degC, ", "")
    text = text.replace("      T_jacket: 10 degC\n", "") + "signals:\n  - reactor.T_out -> crystallizer.T_jacket\n"
    (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "s.yaml").write_text("twin: 1\nplant: plant.yaml\nduration: 1 h\n", encoding="utf-8")
    scenario = load_scenario(tmp_path / "s.yaml")
    assert len(scenario.plant.signals) == 5
    assert same(again(resolved_yaml(scenario)), scenario)


def test_same_sees_the_last_bit_and_the_sign_of_zero() -> None:
    plant = load_plant("two_tanks")
    assert same(plant, load_plant("two_tanks"))
    tau = float(np.nextafter(60.0, 61.0))
    assert not same(plant, load_plant("two_tanks", {"first.tau": tau}))
    assert not same(frozen_array([0.0]), frozen_array([-0.0]))
    assert not same(0.0, -0.0)
    assert not same(1, 1.0)
    assert not same({"a": 1, "b": 2}, {"b": 2, "a": 1})
