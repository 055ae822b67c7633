"""`twin explore`: the edge of a design space whose place is known, through a plant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twin.cli import main
from twin.errors import ConfigError
from twin.study.exploring import load_exploration


def spec(**explore: object) -> dict[str, object]:
    """Two tanks: what each holds at a steady flow is in proportion to its tau, far from anything else."""
    return {
        "twin": 1,
        "scenario": "two_tanks",
        "title": "Volumes",
        "seed": 4,
        "solver": {"rtol": 1e-6},
        "factors": {"first.tau": {"from": "30 s", "to": "120 s"}, "second.tau": {"from": "30 s", "to": "120 s"}},
        "responses": [
            {"tag": "first.V", "name": "V1", "at": "9 min", "high": "5 L"},
            {"tag": "second.T", "name": "T"},
        ],
        "explore": {"evaluations": 40, **explore},
    }


def test_the_edge_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first tank's volume after nine minutes is flow times tau: the box ends where that passes its limit."""
    from twin.study import Study

    study = {key: value for key, value in spec().items() if key not in ("explore", "twin", "scenario")}
    probe = Study("two_tanks", design={"kind": "latin_hypercube", "runs": 2}, **study)
    low, high = (row.y[0] for row in probe.evaluate([[30.0, 60.0], [120.0, 60.0]], workers=1))
    limit = 0.5 * (low + high)  # V grows with tau nearly linearly: this is near tau = 75 s
    made = spec()
    made["responses"][0]["high"] = f"{limit:.9g} m^3"  # type: ignore[index]
    file, page = tmp_path / "volumes.yaml", tmp_path / "volumes.html"
    file.write_text(json.dumps(made), encoding="utf-8")
    assert main(["explore", str(file), "--json", "--out", str(page), "--workers", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["runs"] <= 40
    space = found["design_space"]
    assert space["factors"] == ["first.tau", "second.tau"]
    edge = next(tau for tau in range(30, 121) if probe.evaluate([[float(tau), 60.0]], workers=1)[0].y[0] > limit)
    assert space["box"]["low"] == [30.0, 30.0]
    assert space["box"]["high"][0] == pytest.approx(edge, abs=3.0)  # the grid's spacing is 1.1 s
    assert space["box"]["high"][1] == 120.0
    assert "<svg" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"level": 2.0}, "above 0 and below 1"),
        ({"uncertain": ["third"]}, "no factor 'third'"),
        ({"uncertain": ["first.tau", "second.tau"]}, "1 to 6 factors that are chosen, not 0"),
        ({"budget": 20}, "explore has no 'budget'"),
    ],
)
def test_what_is_wrong_is_named_before_any_run(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_exploration(spec(**changed))


def test_limits_are_needed() -> None:
    made = spec()
    made["responses"] = [{"tag": "second.T"}]
    with pytest.raises(ConfigError, match="No response has a limit"):
        load_exploration(made)


def test_each_column_goes_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A factor that nobody chooses stands first in the file, a response without a limit, too."""
    import numpy as np

    from twin.study import exploring

    asked = []

    class Batch:
        runs = failed = 0

        def __init__(self, study: object, workers: int) -> None:
            pass

        def __call__(self, X: np.ndarray) -> np.ndarray:
            asked.append(X)
            return np.column_stack([1e6 * X[:, 0], X[:, 1]])

        def begin(self, total: int) -> None:
            pass

        def close(self) -> None:
            pass

    monkeypatch.setattr(exploring, "Batch", Batch)
    made = spec(uncertain=["first.tau"], evaluations=30)
    made["factors"] = {"first.tau": {"mean": "1000 s", "sd": "1 s"}, "second.tau": {"from": "30 s", "to": "120 s"}}
    made["constraints"] = ["second.tau <= 115 s"]
    made["responses"] = [{"tag": "second.T", "name": "T"}, {"tag": "first.V", "name": "V", "high": "75 m^3"}]
    found = exploring.run_exploration(load_exploration(made))
    X = np.vstack(asked)
    assert np.all(np.abs(X[:, 0] - 1000.0) < 5.0)
    assert 30.0 <= X[:, 1].min() < 40.0
    assert 105.0 < X[:, 1].max() <= 115.0
    space = found.summary["design_space"]
    assert space["factors"] == ["second.tau"]
    assert space["box"]["low"] == [30.0]
    assert space["box"]["high"] == pytest.approx([75.0], abs=1.0)
