"""A scenario that starts from the steady state: the same bits each time, in the file, and no drift."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.steady.plants import exothermic_text
from twin.config import check, load_scenario, resolved_yaml
from twin.config.reading import read_text
from twin.config.scenario import build_scenario
from twin.config.spec import same
from twin.plant import compile_plant
from twin.results.reader import open_run
from twin.run import run
from twin.steady.errors import NoSteadyState
from twin.steady.state import started, steady

SCENARIO = """
twin: 1
plant: {plant}
start: steady
duration: {duration}
record: 1 h
solver: {{method: {method}, rtol: 1e-6}}
"""


def scenario(folder: Path, plant: str, duration: str = "10 d", method: str = "rodas4p", more: str = "") -> Path:
    file = folder / f"from_rest_{method}.yaml"
    file.write_text(SCENARIO.format(plant=plant, duration=duration, method=method) + more, encoding="utf-8")
    return file


@pytest.mark.parametrize("method", ["rodas4p", "cvode"])
def test_without_events_nothing_drifts(tmp_path: Path, method: str) -> None:
    """Ten days, three hundred time constants: what is not quite at rest would show; the solver's error is not seen."""
    result = run(scenario(tmp_path, "two_tanks", method=method), tmp_path / "run.h5")
    assert result.ok
    recorded = open_run(result.path)
    for tank in ("first", "second"):
        V = recorded.get(f"{tank}.V")
        assert len(V) == 241
        assert np.ptp(V) < 1e-12 * V[0]
        assert np.ptp(recorded.get(f"{tank}.T")) < 1e-9


def test_the_same_bits_each_time_and_in_the_file(tmp_path: Path) -> None:
    file = scenario(tmp_path, "two_tanks", "1 h")
    first, second = (run(file, tmp_path / f"{name}.h5") for name in "ab")
    assert first.content_hash == second.content_hash
    plant = compile_plant(load_scenario(file).plant)
    y = steady(plant, modes=0).y
    column = next(c for c in plant.columns if c.path == "first.m" and c.kind == "state")
    stored = open_run(first.path).get("first.m")
    assert stored[0].tobytes() == y[column.offset : column.offset + 2].tobytes()
    assert started(plant).y0.tobytes() == y.tobytes()


def test_the_resolved_configuration_starts_there_too(tmp_path: Path) -> None:
    spec = load_scenario(scenario(tmp_path, "two_tanks", "1 h"))
    assert spec.start == "steady"
    text = resolved_yaml(spec)
    assert '\nstart: "steady"\n' in text or "\nstart: steady\n" in text
    assert same(build_scenario(read_text(text, "resolved"), None, spec.name), spec)
    assert "start:" not in resolved_yaml(load_scenario("two_tanks"))


def test_initial_values_lead_to_the_steady_state_that_is_near(tmp_path: Path) -> None:
    """`initial:` is where the search starts: below its middle state the exothermic vessel comes to rest cold."""
    (tmp_path / "plant.yaml").write_text(exothermic_text(310.0, 0.95), encoding="utf-8")
    cold = run(scenario(tmp_path, "plant.yaml", "1 min"), tmp_path / "cold.h5")
    assert open_run(cold.path).get("vessel.T")[0] == pytest.approx(324.475443432, abs=1e-8)


def test_a_plant_without_a_steady_state_cannot_start_from_it(tmp_path: Path) -> None:
    """Nothing leaves the vessel: it fills without end. The message says which unit, and nothing is written."""
    text = exothermic_text(310.0, 0.95).replace("discharge: weir", "discharge: closed")
    (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(NoSteadyState, match="(?s)Unit vessel: vessel.*grows without end"):
        run(scenario(tmp_path, "plant.yaml", "1 min"), tmp_path / "run.h5")
    assert not list(tmp_path.glob("*.h5*"))


def test_a_start_that_there_is_not_is_refused(tmp_path: Path) -> None:
    file = scenario(tmp_path, "two_tanks", "1 h")
    file.write_text(file.read_text(encoding="utf-8").replace("start: steady", "start: stedy"), encoding="utf-8")
    (problem,) = check(file)
    assert problem.title == "unknown start"
    assert "Did you mean 'steady'?" in problem.detail
