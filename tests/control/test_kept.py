"""Exact scans: what steps with a kept matrix give beside full ones, and where each of them is taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.control_loops import scenario
from tests.control.loops import HEAD, at, plant
from tests.control.test_relaxed import EVENTS, TWO, ran
from tests.unit_ops.sensing.rig import POWDER
from twin.config import load_scenario
from twin.integrate import kept_matrix as km
from twin.integrate import tables
from twin.integrate.allocate import Event, Kind
from twin.integrate.integrator import Integrator, Samples
from twin.integrate.kept import LEAST_STEPS, MOST_STEPS
from twin.plant import compile_plant
from twin.plant.compile import Plant
from twin.results.reader import Run, open_run
from twin.run import run
from twin.schedule.simulation import Simulation

QUIET = TWO.replace(", NOISE", "")
#: flow and temperature make the tank's matrix another one from scan to scan
RAMPS = "{at: 20 min, ramp: {supply.m_flow.water: 40 g/s, supply.T: 40 degC}, over: 30 min}"


def full(folder: Path, text: str, events: str = EVENTS, record: str = "30 s", rtol: float = 1e-6) -> Run:
    """A run of which every step is a full one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Integrator, "keeps", 0.0)
        done = ran(folder, text, "exact", events, record, rtol)
    assert "kept" not in done.statistics
    return done


def eager(folder: Path, text: str, events: str, record: str, rtol: float) -> Run:
    """A run of which every step with a kept matrix is good enough, so that the formula's own error is seen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Integrator, "keeps", 1e9)
        return ran(folder, text, "exact", events, record, rtol)


def loop(period: float, lag: str, drive: str = "") -> str:
    """A loop on a process of first order, perhaps by a drive, and what follows the process slowly."""
    moved = "DRIVE" if drive else "FAST"
    return plant(
        *([f"DRIVE: {{model: lag, T_lag: {drive}, K: 1}}"] if drive else []),
        f"FAST: {{model: lag, T_lag: {lag}, K: 1{', measurement: DRIVE.output' if drive else ''}}}",
        "SLOW: {model: lag, measurement: FAST.output, T_lag: 900 s, K: 2}",
        f"TIC: {{model: pid_scan, measurement: FAST.output, output: {moved}.measurement, setpoint: 0, K: 0.5, "
        f"T_i: 40 s, low: -9, high: 9, period: {period} s}}",
    )


MOVING = "{at: 2 min, ramp: {supply.m_flow.water: 40 g/s, TIC.setpoint: 3}, over: 10 min}"


@pytest.mark.parametrize("drive", ["", "10 s"])
def test_the_error_falls_with_the_third_power_of_the_period(tmp_path: Path, drive: str) -> None:
    # held outputs jump at every scan; the tank's matrix is kept from another point, since its inflow grows all the time
    events = MOVING.replace("supply.m_flow.water: 40 g/s, ", "")
    events += ", {at: 4 min, ramp: {supply.m_flow.water: 200 g/s, supply.T: 60 degC}, over: 150 min}"
    errors = []
    for period in (4, 1):
        text = loop(period, "30 s" if drive else "15 s", drive)
        kept = eager(tmp_path, text, events, "16 s", 1e-5)
        exact = full(tmp_path, text, events, "16 s", 1e-9)
        assert kept.statistics["kept"] > 0.8 * kept.statistics["scans"]
        late = at(kept, "time") > 900.0  # some minutes after the ramp's end: the loop goes on, all is smooth
        tags = ("FAST.output", "SLOW.output", "tank.V", "tank.T")
        errors.append([np.abs(at(kept, tag) - at(exact, tag))[late].max() for tag in tags])
    orders = np.log2(np.array(errors[0]) / np.array(errors[1])) / 2.0
    # 3, and 2 without third differences, a rest that goes on to grow, or what a drive does between two scans
    assert orders.min() > 2.5, (orders, errors)


def test_balances_close_to_rounding(tmp_path: Path) -> None:
    path = scenario(tmp_path, "model: pid_scan, period: 1 s")
    text = path.read_text(encoding="utf-8").replace("duration: 24 h", "duration: 20 min")
    path.write_text(text[: text.index("events:")], encoding="utf-8")
    result = run(path, tmp_path / "day.h5")
    assert result.ok, result.message
    done = open_run(tmp_path / "day.h5")
    assert done.statistics["kept"] > 600
    # sums of a thousand steps; a matrix that differs between states and quadratures leaves 1e-6
    assert done.balances.worst.measures["relative"] < 1e-12


def test_steps_with_a_kept_matrix_give_what_full_ones_give(tmp_path: Path) -> None:
    every, kept = full(tmp_path, QUIET, EVENTS, "7.5 s"), ran(tmp_path, QUIET, "exact", record="7.5 s")
    unasked = eager(tmp_path, QUIET, EVENTS, "7.5 s", 1e-6)
    assert every.statistics["scans"] == kept.statistics["scans"]
    assert kept.statistics["kept"] > 0.75 * kept.statistics["steps"], "all but after changes of setpoints"
    assert kept.statistics["lu"] < 0.25 * every.statistics["lu"]
    for tag in ("SLOW.output", "FAST.output", "TIC-1.output", "TIC-1.PV", "TIC-2.SP", "TV-2.position", "TT-2.shown"):
        a, b = at(every, tag), at(kept, tag)
        # a tenth of 1e-6 a step, less where nothing happens, over the hundreds of steps that the loops remember
        np.testing.assert_allclose(b, a, atol=1e-6 * np.abs(a).max(), err_msg=tag)
    # that is what the choice is for: with a kept matrix throughout, changes of setpoints leave 1e-4
    assert np.abs(at(unasked, "FAST.output") - at(every, "FAST.output")).max() > 2e-5


@pytest.mark.parametrize(("lag", "part"), [("300 s", 0.95), ("5 s", 0.95), ("0.2 s", 0.7)])
def test_stiff_or_not_the_tolerance_holds_and_the_cheap_steps_are_taken(tmp_path: Path, lag: str, part: float) -> None:
    text = loop(1.0, "60 s", lag)
    best = full(tmp_path, text, MOVING, "16 s", 1e-9)
    kept = ran(tmp_path, text, "exact", MOVING, "16 s", 1e-5)
    assert kept.statistics["kept"] > part * kept.statistics["steps"]
    for tag in ("DRIVE.output", "FAST.output", "SLOW.output", "TIC.output", "tank.V"):
        a, b = at(best, tag), at(kept, tag)
        np.testing.assert_allclose(b, a, atol=1e-5 * np.abs(a).max(), err_msg=tag)


def test_a_limit_is_passed_at_the_same_instant_between_two_scans(tmp_path: Path) -> None:
    limits = "".join(
        f", {{when: SLOW.output > {limit}, set: {{supply.T: {20 + k} degC}}}}" for k, limit in enumerate((1.4, 2.8))
    )
    # a loop that follows its ramp: there all steps are kept ones but those in which a limit is passed, and some after
    text, events = loop(1.0, "60 s", "5 s"), "{at: 2 min, ramp: {TIC.setpoint: 3}, over: 40 min}" + limits
    runs = [full(tmp_path, text, events), ran(tmp_path, text, "exact", events)]
    first, kept = (np.array([event.time for event in run.events if "SLOW" in event.cause]) for run in runs)
    assert len(first) == 2
    assert np.all(first % 1.0 > 0.01), "no scan is there"
    assert runs[1].statistics["kept"] > 0.98 * runs[1].statistics["steps"]
    # the output rises by 2e-3 a second and is good to 1e-6 or so
    np.testing.assert_allclose(kept, first, atol=2e-3)


def test_where_noise_leaves_no_matrix_to_keep_the_bits_are_those_of_full_steps(tmp_path: Path) -> None:
    text = TWO.replace("NOISE", "noise: 0.001").replace("period: 1 s", "period: 60 s")
    every, kept = full(tmp_path, text, ""), ran(tmp_path, text, "exact", "")
    assert kept.statistics["kept"] == 0
    assert 0 < kept.statistics["rejected"] < 0.05 * kept.statistics["steps"], "it is not tried every time"
    np.testing.assert_array_equal(at(kept, "SLOW.output"), at(every, "SLOW.output"))


def test_the_same_bits_however_the_run_is_cut_and_recorded(tmp_path: Path) -> None:
    first, again = (ran(tmp_path, QUIET, "exact", record=every) for every in ("30 s", "0.5 s"))
    for tag in ("SLOW.output", "TIC-1.output", "TV-2.position"):
        np.testing.assert_array_equal(at(first, tag), at(again, tag)[::60])
    assert first.attrs["content_hash"] == ran(tmp_path, QUIET, "exact", table=False).attrs["content_hash"]


def test_a_checkpoint_tells_all_that_the_kept_matrix_follows_from(tmp_path: Path) -> None:
    ran(tmp_path, QUIET, "exact", f"{EVENTS}, {RAMPS}")
    spec = load_scenario(tmp_path / "s.yaml")
    plant = compile_plant(spec.plant)
    whole, other = (Simulation(spec, plant)._integrator for _ in range(2))
    for instant in (600.0, 1800.0, 2402.0, 2412.0, 5000.0):  # with a kept matrix, between full steps, before and after
        whole.advance(instant)
        other.restore(whole.state())
        for integrator in (whole, other):
            integrator.advance(instant + 50.0)
        np.testing.assert_array_equal(other.y, whole.y)
        assert other.statistics == whole.statistics, (
            "a matrix that is to be had again is not counted: hashes are the same"
        )
    assert whole.statistics["kept"] > 500


def test_a_run_that_is_begun_again_has_the_same_bits(tmp_path: Path) -> None:
    ran(tmp_path, QUIET, "exact", "")
    plant = compile_plant(load_scenario(tmp_path / "s.yaml").plant)
    made = Integrator(plant, rtol=1e-6)
    found = []
    for _ in range(2):
        made.advance(600.0)
        assert made.statistics["kept"] > 100
        found.append(made.y.tobytes())
        made.begin(plant, rtol=1e-6)
    assert found[0] == found[1]


def test_a_matrix_is_that_of_the_point_where_it_was_taken_and_serves_so_many_steps(tmp_path: Path) -> None:
    ran(tmp_path, QUIET, "exact", f"{EVENTS}, {RAMPS}")
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


def test_what_is_set_between_two_calls_counts_from_there(tmp_path: Path) -> None:
    # by no event: the last scan of the first call has read the plant as it was
    (tmp_path / "plant.yaml").write_text(loop(1.0, "60 s"), encoding="utf-8")
    (tmp_path / "s.yaml").write_text("twin: 1\nplant: plant.yaml\nduration: 1 h\n", encoding="utf-8")
    plant = compile_plant(load_scenario(tmp_path / "s.yaml").plant)
    setpoint, gain = (plant.parameter(path)[0] for path in ("TIC.setpoint", "FAST.K"))
    runs = [Integrator(plant, rtol=1e-6) for _ in range(3)]
    for made, keeps in zip(runs, (0.1, 0.1, 0.0), strict=True):
        made.keeps = keeps
        made.begin(plant, rtol=1e-6)
        made.set(setpoint, 1.0)
        made.advance(600.0)
    kept, other, every = runs
    for made in (kept, every):
        made.set(gain, 1.5)
    other.restore(kept.state())
    for made in runs:
        made.advance(660.0)
    assert kept.statistics["kept"] > 600
    error = np.abs(kept.y - every.y) / (1e-6 * (np.abs(every.y) + plant.nominal))
    assert error.max() < 10.0  # a second with the old gain leaves some hundreds
    np.testing.assert_array_equal(other.y, kept.y)


def test_what_an_instrument_sums_up_between_its_scans_goes_on_as_it_did(tmp_path: Path) -> None:
    # once that stood still in the eyes of the first step with a kept matrix, which was never good enough then
    lines = loop(1.0, "60 s")[len(HEAD) :]
    text = f"{POWDER % ('nir', 'key: paracetamol, period: 7 min, t_window: 7 min', '')}controllers:\n{lines}"
    every, kept = full(tmp_path, text, "", "33 s"), ran(tmp_path, text, "exact", "", "33 s")
    assert kept.statistics["kept"] > 0.95 * kept.statistics["steps"]
    for tag in ("sensor.m_seen", "sensor.m_key_seen", "sensor.w_measured"):
        np.testing.assert_allclose(at(kept, tag), at(every, tag), rtol=1e-9, atol=1e-12, err_msg=tag)


# What follows is held against closed forms: a controller in manual passes on, scan by scan, what is ramped, so that
# what it moves sees stairs.

#: a drive (speed N, s^-1) that a held output moves; a turn delivers a gram: what is delivered is N's integral
DRIVE = """\
twin: 1
fluids: [water]
solids: [mcc]
units:
  feeder:
    model: powder.feeder
    params: {ff_max: 1 g, ff_min: 1 g, ff_decay: 1 1/kg, N_max: 1 1/s, m_max: 20 kg, m_low: 1 kg, m_high: 19 kg,
      mode: volumetric, tau_drive: LAG s}
    initial: {m: 10 kg, w: {mcc: 1}}
connections: [feeder.product -> out]
products: [out]
controllers:
  FIC: {model: pid_scan, measurement: feeder.F, output: feeder.setpoint, setpoint: 0 g/s, mode: manual, K: 1,
    low: -1 g/s, high: 1 g/s, period: 1 s}
"""
TURN = 1e-3  # kg
ROUNDED = 1e-3  # s^-1: the greatest speed is 1 s^-1, and limits are rounded within a thousandth of it


def compiled(folder: Path, text: str) -> Plant:
    (folder / "plant.yaml").write_text(text, encoding="utf-8")
    (folder / "s.yaml").write_text("twin: 1\nplant: plant.yaml\nduration: 1 h\n", encoding="utf-8")
    return compile_plant(load_scenario(folder / "s.yaml").plant)


def state(plant: Plant, path: str) -> int:
    """Place of a state in y."""
    return next(column.offset for column in plant.columns if column.path == path)


def total(made: Integrator, owner: str, label: str) -> float:
    """What has come in by a feed, or gone out by a product: of the first component, or energy."""
    return float(made.q[next(t.offset for t in made.plant.balance.terms if (t.owner, t.label) == (owner, label))])


def stairs(plant: Plant, low: float, rise: float, count: int) -> list[Event]:
    """The speed asked for is `low` from 1 s on, and rises by `rise` at each of so many scans from there."""
    place = plant.parameter("FIC.manual")[0]
    high = (low + rise * count) * TURN
    return [Event(1.0, Kind.SET, place, low * TURN), Event(1.0, Kind.RAMP, place, high, float(count))]


def driven(asked: np.ndarray, lag: float, parts: int = 1) -> np.ndarray:
    """Speed and what is delivered, every `1/parts` s, of a drive that was at rest; each speed is asked for a second."""
    speed, delivered, found = 0.0, 0.0, []
    h = 1.0 / parts
    inner = np.clip(asked, 0.0, ROUNDED)
    held = np.where(asked < ROUNDED, inner**2 * (2.0 * ROUNDED - inner) / ROUNDED**2, asked)
    for end in np.repeat(held, parts):
        delivered += TURN * (end * h - (speed - end) * lag * np.expm1(-h / lag))
        speed = end + (speed - end) * np.exp(-h / lag)
        found.append((speed, delivered))
    return np.array(found)


@pytest.mark.parametrize("lag", [1.0, 5.0])
def test_what_a_drive_does_between_two_scans_is_in_what_it_delivers(tmp_path: Path, lag: float) -> None:
    # left out of the rates (of holdups, or of what is booked), it leaves 1e-5 and more: the mean speed from scan to
    # scan is not that of both ends
    plant = compiled(tmp_path, DRIVE.replace("LAG", str(lag)))
    made = Integrator(plant, rtol=1e-6, events=stairs(plant, 0.0, 3e-4, 2000))
    made.advance(2001.0)
    assert made.statistics["kept"] > 0.98 * made.statistics["steps"]
    speed, delivered = driven(np.append(0.0, 3e-4 * np.arange(2000)), lag)[-1]
    assert made.y[state(plant, "feeder.N")] == pytest.approx(speed, rel=1e-12)
    # where all is linear the formula is exact but for the beginning, where the drive sets out from rest
    assert total(made, "out", "solids") == pytest.approx(delivered, rel=1e-11)
    assert 10.0 - made.y[state(plant, "feeder.m_solids")] == pytest.approx(delivered, rel=1e-11)


def test_samples_within_a_step_lie_on_the_curve(tmp_path: Path) -> None:
    lag, rise = 5.0, 1e-3
    plant = compiled(tmp_path, DRIVE.replace("LAG", str(lag)))
    taken: list[Samples] = []
    # a jump first: steps that settle it have dense outputs of third order, of which nothing is to be left
    events = stairs(plant, 0.2, rise, 400)
    made = Integrator(plant, rtol=1e-3, events=events, every=0.25, samples=taken.append)
    made.advance(401.0)
    assert made.statistics["kept"] > 0.95 * made.statistics["steps"]
    exact = driven(np.append(0.0, 0.2 + rise * np.arange(400)), lag, 4)
    late = slice(4 * 300, 4 * 400)  # the jump is over, e^-60 of it
    found = np.concatenate([block.y for block in taken])[1:, state(plant, "feeder.N")][late]
    booked = next(t.offset for t in plant.balance.terms if (t.owner, t.label) == ("out", "solids"))
    gained = np.diff(np.concatenate([block.q for block in taken])[1:, booked][late])
    # N'' = -rise/lag between two scans, and a straight line is off by an eighth of that; the next order is a fiftieth
    flat = rise / lag / 8.0
    np.testing.assert_allclose(found, exact[late, 0], rtol=0.0, atol=0.03 * flat)
    # what is delivered bends by TURN rise a second squared: 3/32 of that between a scan and a quarter of a second after
    flat = TURN * rise * 3.0 / 32.0
    np.testing.assert_allclose(gained, np.diff(exact[late, 1]), rtol=0.0, atol=0.03 * flat)


def test_a_drive_that_leaves_its_limit_little_by_little_starts_when_it_does(tmp_path: Path) -> None:
    # the matrix first knows of no effect of the output, then of too little; each jump alone is far below the tolerance
    lag, low, rise = 5.0, -1e-3, 1e-5
    plant = compiled(tmp_path, DRIVE.replace("LAG", str(lag)))
    made = Integrator(plant, rtol=1e-6, events=stairs(plant, low, rise, 300))
    made.advance(101.0)  # the limit
    assert made.statistics["lu"] < 101.0 / LEAST_STEPS + 8, "it is not asked at every scan what the output does"
    made.advance(301.0)
    assert made.statistics["kept"] > 0.9 * made.statistics["steps"]
    speed, delivered = driven(np.append(0.0, low + rise * np.arange(300)), lag)[-1]
    # stairs that are taken for a slope are half a period early: 5 tolerances too fast, and half a second of it too much
    # delivered, with jumps of unknown effect; 3 and 0.3 s where an effect that the matrix tells wrongly counts no more
    # than what is smooth; here 0.1 and 2 ms
    assert made.y[state(plant, "feeder.N")] == pytest.approx(speed, abs=0.5e-6)
    assert total(made, "out", "solids") == pytest.approx(delivered, abs=0.01 * TURN * speed)


@pytest.mark.parametrize("rtol", [1e-2, 1e-6])
def test_what_a_feed_brings_is_booked_from_the_instant_of_its_change(tmp_path: Path, rtol: float) -> None:
    # no error norm looks at it, and the tank feels little of it at a wide tolerance; where the steps before a change
    # are not forgotten, what they tell goes on over it: half a period's worth of each is booked before its time
    plant = compiled(tmp_path, loop(1.0, "60 s"))
    feed = plant.parameter("supply.m_flow.water")[0]
    jumps = [Event(200.0 + 50.0 * k, Kind.SET, feed, 0.02 + 0.00025 * (k + 1)) for k in range(8)]
    ramp = Event(600.0, Kind.RAMP, feed, 0.024, 100.0)  # from and to an instant of a scan
    made = Integrator(plant, rtol=rtol, events=[*jumps, ramp])
    by_jumps = 0.02 * 600.0 + sum(0.00025 * (600.0 - event.time) for event in jumps)
    by_half = by_jumps + 0.022 * 50.0 + 0.00002 * 50.0**2 / 2.0
    for instant, brought in ((600.0, by_jumps), (650.0, by_half), (900.0, by_jumps + 0.023 * 100.0 + 0.024 * 200.0)):
        made.advance(instant)
        assert total(made, "supply", "fluids") == pytest.approx(brought, rel=1e-12), instant
    assert made.statistics["kept"] > 0.8 * made.statistics["steps"]


@pytest.mark.parametrize("rtol", [1e-2, 1e-6])
def test_a_period_is_never_taken_for_another_length(tmp_path: Path, rtol: float) -> None:
    # a constant feed brings what it brings in the time that it has; a step of another length than the matrix is for, or
    # that goes on from one of another length, books another time
    text = loop(1.0, "60 s") + loop(10.5, "60 s").splitlines()[-1].replace("TIC", "TIC-2").replace("FAST.m", "SLOW-2.m")
    text += "\n  SLOW-2: {model: lag, T_lag: 60 s, K: 1}\n"
    plant = compiled(tmp_path, text)
    setpoint, period = (plant.parameter(path)[0] for path in ("TIC.setpoint", "TIC-2.period"))
    # a change between two scans; a period that becomes another one, and the shortest, at a later scan
    events = [Event(300.3, Kind.SET, setpoint, 0.5), Event(500.0, Kind.SET, period, 0.5)]
    made = Integrator(plant, rtol=rtol, events=events)
    # and calls that end between two scans, and so little before one that the step is almost a whole one
    for instant in (100.25, 206.0 - 1e-10, 210.0 - 1e-8, 600.0):
        made.advance(instant)
    assert made.statistics["kept"] > 0.6 * made.statistics["steps"]
    assert total(made, "supply", "fluids") == pytest.approx(0.02 * 600.0, rel=1e-12)


def test_what_scans_of_a_unit_that_goes_on_between_them_change_counts_from_there(tmp_path: Path) -> None:
    # the matrix knows nothing of its jumps: half a period's worth of each is counted before its time where it goes on
    relay = "  relay: {model: tests.engine.relay, params: {given: 1, period: 10 s}}\n"
    plant = compiled(tmp_path, loop(1.0, "60 s").replace("feeds:\n", f"{relay}feeds:\n"))
    place = plant.parameter("relay.given")[0]
    made = Integrator(plant, rtol=1e-3, events=[Event(100.0, Kind.RAMP, place, 1.5, 400.0)])
    made.advance(600.0)
    assert made.statistics["kept"] > 0.5 * made.statistics["steps"]
    held = np.interp(np.arange(0.0, 600.0, 10.0), [100.0, 500.0], [1.0, 1.5])
    assert made.y[state(plant, "relay.total")] == pytest.approx(10.0 * held.sum(), rel=1e-12)
