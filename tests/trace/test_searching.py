"""A diversion rule tried on disturbed runs, and the cheapest searched for, by `twin trace --divert` alone."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import pytest

from twin.cli import main
from twin.run import run
from twin.trace.asked import read_rule

RULE = """\
signal: first.T
tag: second.T
low: 285
high: 297.6
alarm_low: 286
alarm_high: 297.45
worst: 20
path: first.product -> second.product
period: 2 s
margin: 5 s
frozen: 10 min
price: 2
disturbances:
  runs: 4
  seed: 4
  from: 5 min
  to: 8 min
  shortest: 60 s
  longest: 3 min
  inputs: [{path: spirit.T, low: 320, high: 350}]
search: {guard: [0.05, 0.3, 0.6], margin: [0 s, 30 s]}
"""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tanks, recorded as often as the sensor reads."""
    folder = tmp_path_factory.mktemp("search")
    text = "twin: 1\nplant: two_tanks\ntitle: Two tanks\nduration: 25 min\nrecord: 2 s\n"
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    return run(str(folder / "scenario.yaml"), folder / "a.h5").path


def rule(folder: Path, text: str = RULE) -> Path:
    path = folder / "rule.yaml"
    path.write_text(text, encoding="utf-8")
    return path


WAY = ("--path", "first.product -> second.product", "--holdup", "0")


def test_the_cheapest_rule_is_found_and_judged_on_other_runs(
    day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, best = tmp_path / "a.trace.h5", tmp_path / "best.yaml"
    words = ["trace", str(day), "--divert", str(rule(tmp_path)), "--out", str(out), *WAY]
    assert main([*words, "--best", str(best), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["diversion"]
    assert len(told["disturbances"]) == 4
    for one in told["disturbances"]:
        assert 300.0 <= one["at"] <= 480.0
        assert one["accepted"] + one["diverted"] == pytest.approx(one["made"])
    found = told["search"]
    assert (found["searched"], found["judged"]) == (3, 2)  # the run itself and a half; the other half
    assert len(found["table"]) == 6
    holding = {(guard, margin): false for guard, margin, missed, false in found["table"] if missed == 0.0}
    assert holding
    assert found["cost"] == pytest.approx(2.0 * min(holding.values()))
    chosen = found["guard"], found["best"]["margin"]
    assert min(abs(chosen[0] - guard) + abs(chosen[1] - margin) for guard, margin in holding) < 1e-9
    assert found["missed"] == 0.0
    assert len({false for *_, false in found["table"]}) > 1, "or there is nothing to choose from"
    with h5py.File(out, "r") as file:
        assert file["/diversion/search/guard"][()].tolist() == [row[0] for row in found["table"]]
        assert file["/diversion/search"].attrs["best_guard"] == found["guard"]
        assert file["/diversion/disturbances/missed"][()].tolist() == [one["missed"] for one in told["disturbances"]]
    # what was found is a rule like any other
    written = read_rule(best)
    assert written.numbers["alarm_high"] == found["best"]["high"]
    assert written.numbers["margin"] == found["best"]["margin"]
    assert not written.search
    assert main([*words, "--best", str(best)]) == 3, "never over another"
    assert main(["trace", str(day), "--divert", str(best), "--out", str(tmp_path / "b.h5"), *WAY]) == 0
    assert "diversion on first.T" in capsys.readouterr().out


def test_what_was_tried_is_printed(day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["trace", str(day), "--divert", str(rule(tmp_path)), "--out", str(tmp_path / "a.trace.h5"), *WAY]
    assert main(words) == 0
    printed = capsys.readouterr()
    assert "cheapest that misses nothing in 3 runs" in " ".join(printed.out.split())
    assert "disturbance 4 of 4" in printed.err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("worst: 20", "worst: 0.01"), "every rule tried lets something out of specification pass"),
        (("runs: 4", "runs: 1"), "two disturbed runs at least"),
    ],
)
def test_a_search_that_cannot_be_made_is_told(
    change: tuple[str, str], says: str, day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = RULE.replace(*change).replace("margin: [0 s, 30 s]", "margin: [0 s]")
    assert main(["trace", str(day), "--divert", str(rule(tmp_path, text)), "--out", str(tmp_path / "x.h5"), *WAY]) != 0
    assert says in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("search: {guard", "search: {gard"), "Did you mean 'guard'"),
        (("margin: [0 s, 30 s]", "margin: []"), "tries some values of guard and margin: margin"),
        (("margin: [0 s, 30 s]", "margin: [0 kg]"), "margin:"),
        ((RULE[RULE.index("disturbances:") : RULE.index("search:")], ""), "A search needs disturbances"),
        (("  shortest: 60 s\n", ""), "disturbances need"),
    ],
)
def test_a_wrong_search_is_refused_before_anything_runs(
    change: tuple[str, str], says: str, day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["trace", str(day), "--divert", str(rule(tmp_path, RULE.replace(*change))), "--out", str(tmp_path / "x.h5")]
    assert main(words) != 0
    assert says in " ".join(capsys.readouterr().err.split())


def test_best_needs_a_search(day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = rule(tmp_path, RULE[: RULE.index("disturbances:")])
    assert main(["trace", str(day), "--divert", str(alone), "--best", str(tmp_path / "b.yaml")]) == 2
    assert "give one with --divert" in capsys.readouterr().err
