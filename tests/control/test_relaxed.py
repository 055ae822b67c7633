"""Steps over many scans: what they give beside steps that end at every scan, and when they are not taken."""

from __future__ import annotations

import math
import re
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from tests.control.loops import HEAD, at, plant
from twin.config import ConfigError, load_scenario
from twin.integrate import allocate, stepping, sweeps
from twin.integrate.cubic import cubic
from twin.jit import python_function
from twin.results.reader import Run, open_run
from twin.results.report import WIDTH, render, report
from twin.run import run

TWO = plant(
    "FAST: {model: lag, T_lag: 30 s, K: 1}",
    "SLOW: {model: lag, measurement: FAST.output, T_lag: 300 s, K: 2}",
    "TIC-1: {model: pid_scan, measurement: SLOW.output, output: TIC-2.remote, setpoint: 3, K: 2, T_i: 300 s, "
    "T_t: 60 s, low: -10, high: 10, period: 5 s}",
    "TT-2: {model: sensing.transmitter, measurement: FAST.output, period: 1 s, span: 10, delay: 3 s, NOISE}",
    "TIC-2: {model: pid_scan, measurement: TT-2.output, output: TV-2.input, setpoint: 0.5, mode: cascade, K: 1, "
    "T_i: 30 s, low: -20, high: 20, T_t: 30 s}",
    "TV-2: {model: valve, output: FAST.measurement, low: -20, high: 20}",
)
#: A second block that only reads of the first: through a transmitter, and through a ratio station.
BLOCKS = TWO + plant(
    "THIRD: {model: lag, T_lag: 100 s, K: 1.5}",
    "TT-3: {model: sensing.transmitter, measurement: FAST.output, period: 2 s, span: 10}",
    "FF-3: {model: ratio, measurement: SLOW.output, output: TIC-3.feedforward, K: 0.3}",
    "TIC-3: {model: pid_scan, measurement: THIRD.output, output: THIRD.measurement, remote: TT-3.output, setpoint: 0, "
    "mode: cascade, K: 3, T_i: 60 s, low: -20, high: 20}",
).removeprefix(HEAD)
EVENTS = (
    "{at: 40 min, set: {TIC-1.setpoint: 4}}, {at: 80 min, ramp: {TIC-1.setpoint: 2}, over: 20 min}, "
    "{at: 120 min, set: {TT-2.bias: 0.01}}"
)


def ran(
    folder: Path,
    text: str,
    scans: str,
    events: str = EVENTS,
    record: str = "30 s",
    rtol: float = 1e-6,
    method: str = "rodas4p",
    **options: object,
) -> Run:
    (folder / "plant.yaml").write_text(text, encoding="utf-8")
    (folder / "s.yaml").write_text(
        f"twin: 1\nplant: plant.yaml\nduration: {'3 h' if events else '50 min'}\nrecord: {record}\n"
        f"solver: {{method: {method}, rtol: {rtol}, scans: {scans}}}\nevents: [{events}]\n",
        encoding="utf-8",
    )
    out = folder / f"{len(list(folder.glob('*.h5')))}.h5"
    result = run(folder / "s.yaml", out, checkpoint_every=math.inf, **options)  # type: ignore[arg-type]
    assert result.ok, result.message
    return open_run(out)


def test_steps_over_scans_give_what_steps_to_every_scan_give(tmp_path: Path) -> None:
    text = TWO.replace(", NOISE", "")
    exact, relaxed = ran(tmp_path, text, "exact"), ran(tmp_path, text, "relaxed")
    # 3 h of the fastest at 1 s, and the first at 0 s
    assert exact.statistics["scans"] == relaxed.statistics["scans"] == 3 * (3 * 3600 + 1) + 2161
    assert exact.statistics["steps"] > 10_000
    assert relaxed.statistics["steps"] < 0.4 * exact.statistics["steps"]
    for shown in ("hold_error", "ripple"):
        assert 0 < relaxed.statistics[shown] <= 1000, "permille of the tolerance"
    for tag in ("SLOW.output", "FAST.output", "TIC-1.output", "TIC-1.PV", "TIC-2.SP", "TV-2.position", "TT-2.shown"):
        a, b = at(exact, tag), at(relaxed, tag)
        # 1e-6 a step of some hundreds, in loops that are well damped
        np.testing.assert_allclose(b, a, atol=1e-4 * np.abs(a).max(), err_msg=tag)


def test_held_outputs_move_as_the_step_does_at_its_thirds() -> None:
    """Along a cubic: of methods of order 4 the dense output itself, of order 5 one that meets the quartic there."""
    y, y_new, *dense = np.random.default_rng(3).normal(size=(5, 3))
    step, h = np.array(dense), 0.7
    curves = SimpleNamespace(acting=np.array([[0], [2]]), curve=np.zeros((2, 4)))
    for rows in (2, 3):
        step[rows:] = 0.0
        W = SimpleNamespace(y_new=y_new, dense=step)
        python_function(sweeps._draw_curves)(SimpleNamespace(y=y), W, curves, h)
        step = np.array(dense)
        between = (0.1, 0.5) if rows == 2 else ()
        for part in (0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0, *between):
            want = np.zeros(3)
            python_function(stepping.interpolate)(part, y, y_new, W.dense, want)
            got = [python_function(cubic)(curve, part * h) for curve in curves.curve]
            np.testing.assert_allclose(got, want[[0, 2]], rtol=0, atol=1e-14)  # of numbers up to 3


def test_blocks_go_over_scans_with_steps_of_their_own(tmp_path: Path) -> None:
    text = BLOCKS.replace(", NOISE", "")
    exact, relaxed = ran(tmp_path, text, "exact"), ran(tmp_path, text, "relaxed", method="multirate")
    assert relaxed.statistics["blocks"] == 3, "the tank, the cascade, and what only reads of it"
    assert exact.statistics["scans"] == relaxed.statistics["scans"]
    assert relaxed.statistics["over"] > 0
    for shown in ("hold_error", "ripple"):
        assert 0 < relaxed.statistics[shown] <= 1000, "the greatest of the blocks, permille of the tolerance"
    for tag in ("SLOW.output", "TT-2.shown", "THIRD.output", "TT-3.shown", "TIC-3.output", "TIC-3.PV", "TIC-3.SP"):
        a, b = at(exact, tag), at(relaxed, tag)
        np.testing.assert_allclose(b, a, atol=1e-4 * np.abs(a).max(), err_msg=tag)


def test_a_step_over_scans_sees_its_loops_closed(tmp_path: Path) -> None:
    loop = (
        "PROCESS: {model: lag, T_lag: 300 s, K: 2}",
        "TIC-1: {model: pid_scan, measurement: PROCESS.output, output: PROCESS.measurement, setpoint: 1, K: 20, "
        "T_i: 300 s, low: -100, high: 100, period: 0.5 s}",
    )
    run = ran(tmp_path, plant(*loop), "relaxed", "{at: 2 h, set: {TIC-1.setpoint: 2}}")
    assert run.statistics["hold_error"] <= 1000
    # K 2 K/T is one in 7.5 s: sweeps of steps much longer would not converge, and here each needs one
    assert run.statistics["over"] < 0.2 * 3 * 3600 / 7.5
    assert run.statistics["sweeps"] < 1.1 * run.statistics["over"]


def test_noise_is_the_same_and_ends_steps_at_scans(tmp_path: Path) -> None:
    text = TWO.replace("NOISE", "noise: 0.001")
    exact, relaxed = (ran(tmp_path, text, scans, "") for scans in ("exact", "relaxed"))
    shown = [at(run, "TT-2.shown") - at(run, "FAST.output") for run in (exact, relaxed)]
    assert np.std(shown[0]) > 0.005, "there is noise"
    np.testing.assert_allclose(at(relaxed, "TT-2.shown"), at(exact, "TT-2.shown"), atol=1e-4)


@pytest.mark.parametrize("method", ["rodas4p", "multirate"])
def test_the_same_bits_however_the_run_is_cut_and_recorded(
    tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = BLOCKS.replace(", NOISE", "")
    first = ran(tmp_path, text, "relaxed", method=method)
    monkeypatch.setattr(allocate, "SHOWN", 3)  # of more samples in a step, scans are replayed once more
    again = ran(tmp_path, text, "relaxed", record="5 s", method=method)
    for tag in ("SLOW.output", "TIC-1.output", "TV-2.position", "TIC-3.output"):
        np.testing.assert_array_equal(at(first, tag), at(again, tag)[::6])
    if method == "rodas4p":
        driven = ran(tmp_path, text, "relaxed", table=False)
        assert first.attrs["content_hash"] == driven.attrs["content_hash"]


def test_only_the_native_methods_relax(tmp_path: Path) -> None:
    (tmp_path / "plant.yaml").write_text(HEAD.replace("controllers:\n", ""), encoding="utf-8")
    text = "twin: 1\nplant: plant.yaml\nduration: 1 h\nsolver: {method: cvode, scans: relaxed}\n"
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="cvode ends its steps at every scan"):
        load_scenario(tmp_path / "s.yaml")
    (tmp_path / "s.yaml").write_text(text.replace("relaxed", "loose"), encoding="utf-8")
    with pytest.raises(ConfigError, match="scans: is one of exact, relaxed"):
        load_scenario(tmp_path / "s.yaml")
    (tmp_path / "s.yaml").write_text(text.replace("relaxed", "kept"), encoding="utf-8")
    with pytest.raises(ConfigError, match="exact chooses at each scan by itself whether its matrix is kept"):
        load_scenario(tmp_path / "s.yaml")


def test_a_method_chosen_for_a_run_that_cannot_relax_says_so(tmp_path: Path) -> None:
    pytest.importorskip("sksundae")
    (tmp_path / "plant.yaml").write_text(TWO.replace(", NOISE", ""), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "twin: 1\nplant: plant.yaml\nduration: 2 min\nsolver: {scans: relaxed}\n", encoding="utf-8"
    )
    done = run(tmp_path / "s.yaml", tmp_path / "a.h5", method="cvode")
    assert done.ok
    assert done.warnings[0] == "cvode cannot do what the scenario asks at scans: `scans: relaxed` was left out"
    assert "relaxed" not in open_run(done.path).resolved_yaml


#: A vessel, so large that a minute's flow is nothing to it, whose valve answers to a setpoint within a minute; behind
#: it one that is small.
VALVE = """\
twin: 1
fluids: [water]
units:
  large: {model: piping.valve, params: {A_v: 1e-4 m^2, area: 5 m^2, V_max: 20 m^3, dP: 0 Pa},
          initial: {V: 10 m^3, T: 20 degC, w: {water: 1}}}
  small: {model: piping.tank, params: {tau: 60 s, V_weir: 10 L}, initial: {V: 20 L, T: 20 degC, w: {water: 1}}}
feeds:
  supply: {T: 20 degC, m_flow: {water: 200 g/s}}
connections: [supply -> large.feed, large.product -> small.feed, small.product -> out]
products: [out]
controllers:
  LIC-1: {model: pid_scan, measurement: large.V, output: large.valve, setpoint: 10 m^3, K: 0.5 1/m^3, T_i: 10 h,
          T_sp: 40 s, bias: 0.5, low: 0, high: 1, period: 1 s}
"""
#: An instrument that reads no signal only: it feels the load between its readings.
SCALE = plant(
    "PROCESS: {model: lag, T_lag: 300 s, K: 2, output: scale.load}",
    "TIC-1: {model: pid_scan, measurement: PROCESS.output, output: PROCESS.measurement, setpoint: 3, K: 2, "
    "T_i: 300 s, low: -10, high: 10, period: 1 s}",
).replace("feeds:", "  scale: {model: sensing.load_cell, params: {m_span: 10 kg, period: 97.3 s, tau: 20 s}}\nfeeds:")


def test_the_error_of_a_relaxed_run_is_in_its_file_and_report(tmp_path: Path) -> None:
    done = ran(tmp_path, TWO.replace(", NOISE", ""), "relaxed", "")
    summary = report(done)
    page = StringIO()
    Console(width=WIDTH, file=page).print(render(summary))
    for shown in ("hold_error", "ripple"):
        assert summary["solver"][shown] == done.statistics[shown] > 0
        assert re.search(rf"^{shown} +{done.statistics[shown]:,} *$", page.getvalue(), re.MULTILINE)


def test_a_limit_is_passed_at_the_same_instant_within_a_step_over_scans(tmp_path: Path) -> None:
    slow = plant(
        "PROCESS: {model: lag, T_lag: 3000 s, K: 2}",
        "TIC-1: {model: pid_scan, measurement: PROCESS.output, output: PROCESS.measurement, setpoint: 3, K: 0.5, "
        "T_i: 3000 s, low: -10, high: 10, period: 1 s}",
    )
    limits = (1.0, 1.7, 2.4)
    events = ", ".join(f"{{when: PROCESS.output > {x}, set: {{TIC-1.manual: {x}}}, name: at}}" for x in limits)
    runs = [ran(tmp_path, slow, scans, events) for scans in ("exact", "relaxed")]
    exact, relaxed = ([event.time for event in run.events if "at" in event.cause] for run in runs)
    assert len(exact) == len(limits)
    # the output rises by some 1e-3 a second, and is good to 1e-6 or so
    np.testing.assert_allclose(relaxed, exact, atol=2e-2)


def test_an_instrument_that_reads_more_than_signals_reads_at_its_own_instants(tmp_path: Path) -> None:
    exact, relaxed = (ran(tmp_path, SCALE, scans, "") for scans in ("exact", "relaxed"))
    assert relaxed.statistics["over"] > 0
    assert relaxed.statistics["scans"] == exact.statistics["scans"]
    told = at(exact, "scale.m_measured")
    assert np.ptp(told) > 1.0, "it moves"
    np.testing.assert_allclose(at(relaxed, "scale.m_measured"), told, atol=1e-4)


def test_what_a_held_output_feeds_to_another_block_is_right(tmp_path: Path) -> None:
    events = "{at: 10 min, set: {LIC-1.setpoint: 10.4 m^3}}"
    exact = ran(tmp_path, VALVE, "exact", events)
    relaxed = ran(tmp_path, VALVE, "relaxed", events, method="multirate")
    assert relaxed.statistics["blocks"] == 2
    assert relaxed.statistics["over"] > 0
    small = at(exact, "small.V")
    assert np.ptp(small) > 1e-3, "the flow changes"
    np.testing.assert_allclose(at(relaxed, "small.V"), small, rtol=2e-5)


def test_scans_read_another_block_at_their_own_instants(tmp_path: Path) -> None:
    text = plant(
        "FIRST: {model: lag, T_lag: 60 s, K: 1}",
        "TIC-1: {model: pid, measurement: FIRST.output, output: FIRST.measurement, setpoint: 0, K: 1, T_i: 60 s, "
        "low: -20, high: 20}",
        "DRIVE: {model: lag, measurement: FIRST.output, T_lag: 120 s, K: 2, output: TIC-3.feedforward}",
        "THIRD: {model: lag, T_lag: 600 s, K: 1}",
        "TIC-3: {model: pid_scan, measurement: THIRD.output, output: THIRD.measurement, setpoint: 0, K: 1, T_i: 600 s, "
        "low: -20, high: 20, period: 1 s}",
    )
    events = "{at: 10 min, set: {TIC-1.setpoint: 1}}"
    exact = ran(tmp_path, text, "exact", events)
    relaxed = ran(tmp_path, text, "relaxed", events, method="multirate")
    assert relaxed.statistics["steps"] < 0.1 * exact.statistics["steps"]
    moved = at(exact, "TIC-3.output")
    assert np.ptp(moved) > 1.0
    np.testing.assert_allclose(at(relaxed, "TIC-3.output"), moved, atol=1e-4)
