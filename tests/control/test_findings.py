"""What is wrong with a loop is named: before the run, or after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.control.loops import plant, ran
from twin.cli import main
from twin.config import ConfigError, load_plant
from twin.control.findings import after, before, table
from twin.control.isa import meaning
from twin.control.loop_commands import plant_of

PROC = "PROC: {model: lag, T_lag: 10 s, K: 2}"
TIC = (
    "TIC-1: {model: MODEL, measurement: PROC.output, output: PROC.measurement, setpoint: 1, K: 0.5, T_i: 10 s, "
    "low: -5, high: 5}"
)


def spec_of(folder: Path, *controllers: str) -> object:
    (folder / "plant.yaml").write_text(plant(*controllers), encoding="utf-8")
    return load_plant(folder / "plant.yaml")


def test_a_missing_tag_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no measurement 'outptu'. Did you mean 'output'"):
        spec_of(tmp_path, PROC, TIC.replace("MODEL", "pid_scan").replace("PROC.output", "PROC.outptu"))
    with pytest.raises(ConfigError, match="There is no unit 'PRC'"):
        spec_of(tmp_path, PROC, TIC.replace("MODEL", "pid_scan").replace("output: PROC.m", "output: PRC.m"))


def test_a_controller_faster_than_its_sensor_is_named_before_the_run(tmp_path: Path) -> None:
    sensor = "TT-1: {model: sensing.transmitter, measurement: PROC.output, period: 30 s, span: 1}"
    reads = TIC.replace("measurement: PROC.output", "measurement: TT-1.output").replace("MODEL", "pid_scan")
    (said,) = before(spec_of(tmp_path, PROC, sensor, reads))  # type: ignore[arg-type]
    assert said.startswith("TIC-1 scans every 1 s, but TT-1, which it reads, tells something new only every 30 s")
    assert before(spec_of(tmp_path, PROC, sensor, reads.replace("low:", "period: 30 s, low:"))) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["pid", "pid_scan"])
def test_a_wrong_sign_and_a_setpoint_out_of_reach_are_told_apart(model: str, tmp_path: Path) -> None:
    right = TIC.replace("MODEL", model)
    for text, word in (
        (right, ""),
        (right.replace("K: 0.5", "K: -0.5"), "the gain has the wrong sign (positive feedback)"),
        (right.replace("setpoint: 1", "setpoint: 12"), "the setpoint is unreachable"),
    ):
        run = ran(tmp_path, plant(PROC, text), "300 s", rtol=1e-6)
        found = after(plant_of(run), run)
        assert len(found) == bool(word)
        assert all(word in said for said in found)


def test_a_run_of_few_samples_and_a_loop_in_manual_are_not_judged(tmp_path: Path) -> None:
    wrong = TIC.replace("MODEL", "pid_scan").replace("K: 0.5", "K: -0.5")
    run = ran(tmp_path, plant(PROC, wrong), "300 s", record="200 s", rtol=1e-6)
    assert after(plant_of(run), run) == []
    # by hand at its limit, below a setpoint that it would reach for: as a loop in auto it would be named
    by_hand = TIC.replace("MODEL", "pid_scan").replace("low: -5, high: 5", "low: -5, high: 0.2")
    for mode, count in (("mode: auto, ", 1), ("mode: manual, manual: 0.2, ", 0)):
        run = ran(tmp_path, plant(PROC, by_hand.replace("low:", f"{mode}low:")), "60 s", rtol=1e-6)
        assert len(after(plant_of(run), run)) == count


def test_letters_of_tags() -> None:
    assert meaning("TIC-201") == "temperature indicating controller"
    assert meaning("FFC-502") == "flow ratio controller"
    assert meaning("PDT-3") == "pressure difference transmitter"
    assert meaning("reactor") == ""


def test_the_command_shows_loops_and_the_difference_of_executions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [ran(tmp_path, plant(PROC, TIC.replace("MODEL", m)), "60 s", rtol=1e-6) for m in ("pid", "pid_scan")]
    (row,) = table(plant_of(runs[1]), runs[1])
    assert (row["tag"], row["measures"], row["moves"], row["period_s"]) == (
        "TIC-1",
        "PROC.output",
        "PROC.measurement",
        1.0,
    )
    assert main(["loops", str(runs[1].path), "--beside", str(runs[0].path)]) == 0
    shown = capsys.readouterr().out
    assert "temperature indicating controller" in shown
    assert "differs from the other run by at most" in shown


def test_wires_between_controllers_read_back(tmp_path: Path) -> None:
    """Cascade, override, ratio, transmitter: the resolved configuration says the same plant."""
    from twin.config import load_scenario, resolved_yaml
    from twin.config.spec import same

    text = plant(
        PROC,
        "TT-1: {model: sensing.transmitter, measurement: PROC.output, period: 1 s, span: 1}",
        "TIC-1: {model: pid_scan, measurement: TT-1.output, output: TIC-2.remote, setpoint: 1, K: 1, low: 0, high: 1}",
        "TIC-2: {model: pid, measurement: PROC.output, output: FY-1.first, setpoint: 1, mode: cascade, K: 1, low: 0, "
        "high: 1, gain: FY-2.output}",
        "TIC-3: {model: pid_scan, measurement: PROC.output, output: FY-1.second, setpoint: 1, K: 1, low: 0, high: 1}",
        "FY-1: {model: select, take: higher, output: TV-1.input}",
        "FY-2: {model: table, measurement: PROC.output, output: TIC-3.gain, points: 3, at_x: [0, 1, 2], "
        "at_y: [1, 2, 4]}",
        "TV-1: {model: valve, output: PROC.measurement, low: 0, high: 1, stick: 0.05, slip: 0.02}",
    )
    (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "s.yaml").write_text("twin: 1\nplant: plant.yaml\nduration: 1 h\nrecord: 1 s\n", encoding="utf-8")
    spec = load_scenario(tmp_path / "s.yaml")
    assert {(w.source, w.target) for w in spec.plant.signals} >= {
        ("TIC-2.taken", "TIC-1.back_state"),
        ("FY-1.tracking", "TIC-3.back_state"),
    }
    (tmp_path / "again.yaml").write_text(resolved_yaml(spec), encoding="utf-8")
    assert same(spec.plant, load_scenario(tmp_path / "again.yaml").plant)
