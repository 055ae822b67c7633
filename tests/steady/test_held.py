"""What is held is found from the structure: stocks, readings, totals; and what has no steady state is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.steady.plants import exothermic_text
from twin.cli import main
from twin.config import load_plant
from twin.plant import compile_plant
from twin.steady.held import COUNTED, STOCK, UNCHANGED
from twin.steady.report import held_fields
from twin.steady.search import Outcome
from twin.steady.state import steady


def test_hoppers_readings_and_totals_of_the_tablet_line() -> None:
    """Feeders are held as if refilled, the probe's readings and totals stand still, and everything else settles."""
    plant = compile_plant(load_plant("direct_compression", {"press.turret_speed": "60 1/min"}))
    found = steady(plant, modes=2)
    assert found.ok, found.message
    held = {row["state"]: row["why"] for row in held_fields(plant, found)}
    feeders = [name for name in plant.units if name.endswith("_feeder")]
    assert len(feeders) >= 3
    assert {name for name, why in held.items() if why == STOCK} <= {
        f"{u}.{m}" for u in feeders for m in ("m_solids", "m_liquid")
    }
    assert all(held[f"{name}.m_solids"] == STOCK for name in feeders)
    assert held["nir.w_told"] == held["nir.ring_m"] == UNCHANGED
    assert held["nir.m_seen"] == held["nir.m_key_seen"] == COUNTED
    assert not any(name.startswith(("press.", "blender.", "feed_frame.", "LIC")) for name in held)
    assert np.array_equal(found.y[found.held.places], plant.y0[found.held.places])
    drawn = {c.name: c for c in found.closures}
    # the press turns once a second with its stations' tablets: what leaves is drawn from the hoppers
    assert drawn["paracetamol"].outflow == pytest.approx(-drawn["paracetamol"].held, rel=1e-9)
    assert drawn["paracetamol"].outflow > 1e-3
    assert all(abs(c.relative) < 1e-9 for c in found.closures)
    assert any("follow the clock" in note for note in found.notes)


def test_the_flagship_comes_to_rest_with_its_balances() -> None:
    plant = compile_plant(load_plant("paracetamol_tablets"))
    found = steady(plant, modes=0)
    assert found.ok, found.message
    assert {plant.label(i) for i in found.held.why} == {"mcc_feeder.m_solids[mcc]"}
    assert all(abs(c.relative) < 1e-9 for c in found.closures)
    # outflows of powder are rounded to 2e-16 kg/s: 2e-12 of a tank's gramme of traces
    assert max(r.rate for r in found.residuals) < 1e-11
    assert {r.unit for r in found.residuals} >= {"reactor", "TIC-101", "press"}


def test_what_fills_without_end_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "closed.yaml"
    text = exothermic_text(310.0, 0.95).replace("discharge: weir", "discharge: closed")
    file.write_text(text, encoding="utf-8")
    found = steady(compile_plant(load_plant(file)))
    assert found.outcome is Outcome.DRIFTS
    assert found.stability is None
    assert main(["steady", str(file)]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "Unit vessel: vessel.m[" in printed  # the component, which is no markup
    assert "It grows without end" in printed


def test_a_start_without_rates_is_named(tmp_path: Path) -> None:
    """A state that is no number: the search does not begin, and says where."""
    plant = compile_plant(load_plant("two_tanks"))
    plant.y0[:] = np.nan
    found = steady(plant)
    assert found.outcome is Outcome.NOT_FINITE
    assert "Unit first" in found.message


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "rest.json"
    assert main(["steady", "two_tanks", "--set", "spirit.T=60 degC", "--out", str(out), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data == json.loads(out.read_text(encoding="utf-8"))
    assert data["stable"] is True
    assert data["plant"] == "two_tanks"
    modes = data["modes"]
    assert all(mode["real_per_h"] < 0.0 for mode in modes)
    assert modes[0]["time_constant_h"] == pytest.approx(-1.0 / modes[0]["real_per_h"])
    assert data["states"]["second.m"][0] == pytest.approx(4.0 * data["states"]["second.m"][1])
    assert main(["steady", "two_tanks", "--out", str(out)]) != 0  # never overwritten
    assert "exists" in capsys.readouterr().err
    assert main(["steady", "two_tanks"]) == 0
    printed = capsys.readouterr().out
    for text in ("It is stable.", "Slowest modes", "Residuals", "Balances"):
        assert text in printed


def test_a_scenario_gives_its_values(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "warm.yaml"
    file.write_text("twin: 1\nplant: two_tanks\nduration: 1 h\nset: {spirit.T: 60 degC}\n", encoding="utf-8")
    assert main(["steady", str(file), "--json"]) == 0
    warm = json.loads(capsys.readouterr().out)
    assert main(["steady", "two_tanks", "--json"]) == 0
    assert warm["states"]["first.H"] > json.loads(capsys.readouterr().out)["states"]["first.H"] + 1e5


def test_an_unknown_plant_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["steady", "tow_tanks"]) == 2
    assert "two_tanks" in capsys.readouterr().err
