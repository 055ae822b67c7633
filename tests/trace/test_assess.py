"""A run judged: the probe is blind while a ratio is wrong, and the rule's file says what then."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import pytest

from twin.cli import main

RULE = """\
signal: nir.w_measured
tag: press.api_content
low: 0.18
high: 0.22
alarm_low: 0.186
alarm_high: 0.214
worst: 0.2
path: nir.product -> press.tablets
period: 30 s
delay: 60 s
margin: 10 s
start_up: 25 min
price: 1
"""
#: A reading unchanged for five minutes counts as lost: the contingency for a blind probe.
CONTINGENCY = "frozen: 5 min\n"
#: The wrong ratio lasts from 2:15 to 2:45; tighter than the specification, to see it as an excursion.
WAY = ["--path", "nir.product -> press.tablets", "--holdup", "0", "--of", "total", "--json"]


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("blind") / "blind.h5"
    ratio = "FFC-101.K=0.41667"
    command = ["run", "direct_compression_pat_outage", "--until", "3.5 h", "--set", ratio, "--quiet", "--out", str(run)]
    assert main(command) == 0
    return run


def judged(run: Path, rule: str, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    path = run.with_name(f"rule_{len(rule)}.yaml")
    path.write_text(rule, encoding="utf-8")
    capsys.readouterr()
    assert main(["trace", str(run), "--divert", str(path), *WAY, "--out", str(path.with_suffix(".h5"))]) == 0
    told: dict[str, object] = json.loads(capsys.readouterr().out)
    return told


def test_the_contingency_keeps_what_nobody_saw_out(blind: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With it nothing is missed, and the excursion is recorded as diverted; without it, it is accepted."""
    tight = RULE.replace("high: 0.22\n", "high: 0.216\n", 1)
    careful = judged(blind, tight + CONTINGENCY, capsys)
    careless = judged(blind, tight, capsys)
    first, second = careful["diversion"], careless["diversion"]
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["missed"] == 0.0
    assert second["missed"] > 2.0  # some kilograms of half an hour
    assert first["accepted"] + first["diverted"] == pytest.approx(first["made"])
    assert "signal lost" in [reason for _, _, reason in first["opened"]]
    # told after 30 + 60 s: later than it may matter
    assert first["in_time"] is False
    records = [
        [d["disposition"] for one in told["control"] for d in one["deviations"] if one["tag"] == "press.api_content"]
        for told in (careful, careless)
    ]  # type: ignore[attr-defined]
    assert records == [["diverted"], ["accepted"]]
    with h5py.File(str(careful["file"]), "r") as file:
        assert file["/diversion"].attrs["missed"] == 0.0
        assert file["/control/deviations/disposition"].asstr()[0] == "diverted"
        assert file["/control/at_rest"][1] > 0.0


def test_a_rule_is_read_strictly(blind: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(RULE.replace("margin", "marginn"), encoding="utf-8")
    assert main(["trace", str(blind), "--divert", str(wrong)]) == 2
    assert "Did you mean 'margin'" in capsys.readouterr().err
    wrong.write_text("signal: nir.w_measured\n", encoding="utf-8")
    assert main(["trace", str(blind), "--divert", str(wrong)]) == 2
    assert "needs alarm_high" in capsys.readouterr().err
    wrong.write_text(RULE, encoding="utf-8")
    assert main(["trace", "two_tanks", "--divert", str(wrong), "--out", str(tmp_path / "x.h5")]) == 2
    assert "run the scenario" in capsys.readouterr().err
