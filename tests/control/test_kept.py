"""Steps from scan to scan with a kept matrix: what they give beside exact ones, and when they are not taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.control_loops import scenario
from tests.control.loops import at, plant
from tests.control.test_relaxed import EVENTS, TWO, ran
from twin.config import load_scenario
from twin.integrate import kept_matrix as km
from twin.integrate import tables
from twin.integrate.kept import MOST_STEPS
from twin.plant import compile_plant
from twin.results.reader import open_run
from twin.run import run
from twin.schedule.simulation import Simulation

QUIET = TWO.replace(", NOISE", "")
#: flow and temperature make the tank's matrix another one from scan to scan
RAMPS = "{at: 20 min, ramp: {supply.m_flow.water: 40 g/s, supply.T: 40 degC}, over: 30 min}"


def test_the_error_falls_with_the_square_of_the_period(tmp_path: Path) -> None:
    # held outputs jump at every scan; the tank's matrix is kept from another point, since its inflow grows
    errors = []
    for period in (8, 2):
        text = plant(
            "FAST: {model: lag, T_lag: 30 s, K: 1}",
            f"TIC: {{model: pid_scan, measurement: FAST.output, output: FAST.measurement, setpoint: 1, K: 0.5, "
            f"T_i: 40 s, low: -9, high: 9, period: {period} s}}",
        )
        events = "{at: 2 min, ramp: {supply.m_flow.water: 40 g/s, TIC.setpoint: 3}, over: 10 min}"
        # loose enough for any step to pass, so that the method's own error is seen
        kept = ran(tmp_path, text, "kept", events, "16 s", 0.1)
        exact = ran(tmp_path, text, "exact", events, "16 s", 1e-9)
        assert kept.statistics["kept"] > 0.9 * kept.statistics["steps"]
        errors.append([np.abs(at(kept, tag) - at(exact, tag)).max() for tag in ("FAST.output", "tank.V")])
    orders = np.log2(np.array(errors[0]) / np.array(errors[1])) / 2.0
    # 2; a formula that takes the jumps for smooth has 1
    assert orders.min() > 1.7, orders


def test_balances_close_to_rounding(tmp_path: Path) -> None:
    path = scenario(tmp_path, "model: pid_scan, period: 1 s", "kept")
    text = path.read_text(encoding="utf-8").replace("duration: 24 h", "duration: 20 min")
    path.write_text(text[: text.index("events:")], encoding="utf-8")
    result = run(path, tmp_path / "day.h5")
    assert result.ok, result.message
    done = open_run(tmp_path / "day.h5")
    assert done.statistics["kept"] > 800
    # sums of a thousand steps; a matrix that differs between states and quadratures leaves 1e-6
    assert done.balances.worst.measures["relative"] < 1e-12


def test_steps_with_a_kept_matrix_give_what_exact_ones_give(tmp_path: Path) -> None:
    exact, kept = (ran(tmp_path, QUIET, scans, record="7.5 s") for scans in ("exact", "kept"))
    assert exact.statistics["scans"] == kept.statistics["scans"]
    assert kept.statistics["kept"] > 0.8 * kept.statistics["steps"], "all but after changes of setpoints"
    assert kept.statistics["lu"] < 0.2 * exact.statistics["lu"]
    for tag in ("SLOW.output", "FAST.output", "TIC-1.output", "TIC-1.PV", "TIC-2.SP", "TV-2.position", "TT-2.shown"):
        a, b = at(exact, tag), at(kept, tag)
        # 1e-6 a step, less where nothing happens, over the hundreds of steps that the loops remember
        np.testing.assert_allclose(b, a, atol=3e-6 * np.abs(a).max(), err_msg=tag)


def test_a_limit_is_passed_at_the_same_instant_between_two_scans(tmp_path: Path) -> None:
    events = EVENTS + ", {when: SLOW.output < 2.5, set: {TIC-1.bias: 0.1}, name: low}"
    runs = [ran(tmp_path, QUIET, scans, events) for scans in ("exact", "kept")]
    exact, kept = ([event.time for event in run.events if "low" in event.cause] for run in runs)
    assert len(exact) == 1
    assert exact[0] % 1.0 > 0.01, "no scan is there"
    # the output falls by 1.7e-3 a second and is good to 1e-6 or so
    np.testing.assert_allclose(kept, exact, atol=2e-3)


def test_noise_leaves_no_matrix_to_keep(tmp_path: Path) -> None:
    exact, kept = (ran(tmp_path, TWO.replace("NOISE", "noise: 0.001"), scans, "") for scans in ("exact", "kept"))
    assert kept.statistics["rejected"] < 0.15 * kept.statistics["steps"], "it is not tried every time"
    np.testing.assert_allclose(at(kept, "FAST.output"), at(exact, "FAST.output"), atol=5e-6)


def test_the_same_bits_however_the_run_is_cut_and_recorded(tmp_path: Path) -> None:
    first, again = (ran(tmp_path, QUIET, "kept", record=every) for every in ("30 s", "0.5 s"))
    for tag in ("SLOW.output", "TIC-1.output", "TV-2.position"):
        np.testing.assert_array_equal(at(first, tag), at(again, tag)[::60])
    assert first.attrs["content_hash"] == ran(tmp_path, QUIET, "kept", table=False).attrs["content_hash"]


def test_a_checkpoint_tells_all_that_the_kept_matrix_follows_from(tmp_path: Path) -> None:
    ran(tmp_path, QUIET, "kept", f"{EVENTS}, {RAMPS}")
    spec = load_scenario(tmp_path / "s.yaml")
    plant = compile_plant(spec.plant)
    whole, other = (Simulation(spec, plant)._integrator for _ in range(2))
    whole.advance(1800.0)
    other.restore(whole.state())
    for integrator in (whole, other):
        integrator.advance(1850.0)
    assert whole.statistics["kept"] > 500
    np.testing.assert_array_equal(other.y, whole.y)


def test_a_matrix_is_that_of_the_point_where_it_was_taken_and_serves_so_many_steps(tmp_path: Path) -> None:
    ran(tmp_path, QUIET, "kept", f"{EVENTS}, {RAMPS}")
    spec = load_scenario(tmp_path / "s.yaml")
    plant = compile_plant(spec.plant)
    whole, other = (Simulation(spec, plant)._integrator for _ in range(2))
    taken = []
    for minute in range(41, 79):
        whole.advance(60.0 * minute)
        resume = whole._memory.resume
        assert resume[tables.KEPT_AGE] <= MOST_STEPS
        taken.append(resume[tables.KEPT_T])
    assert len(set(taken)) >= 38 * 60 // MOST_STEPS, "there is a new one every so many steps"
    other.advance(taken[-1])
    np.testing.assert_array_equal(whole._memory.kept[km.POINT, : len(other.y)], other.y)
