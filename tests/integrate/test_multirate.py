"""Blocks with steps of their own: the same plant, the same events, no mass lost on the way, the same bits again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.config import load_scenario
from twin.integrate import multirate
from twin.integrate import tables as at
from twin.integrate.allocate import Event, Kind, Latch
from twin.integrate.integrator import Fired, Integrator
from twin.integrate.multirate import WINDOW, Multirate, WithoutSides
from twin.integrate.outcome import Outcome
from twin.plant import compile_plant
from twin.plant.blocks import cut, groups
from twin.schedule.simulation import Simulation

HOUR = 3600.0
CHAIN = """
twin: 1
title: Three tanks in a row, the last one large
description: Invented for this test.
fluids: [ethanol, water]
solids: []
units:
  first:
    model: piping.tank
    params: {tau: 5 s, V_weir: 1 L}
    initial: {V: 1 L, T: 20 degC, w: {water: 1}}
  second:
    model: piping.tank
    params: {tau: 5 s, V_weir: 2 L}
    initial: {V: 2 L, T: 20 degC, w: {water: 1}}
  third:
    model: piping.tank
    params: {tau: 60 s, V_weir: 4000 L}
    initial: {V: 4000 L, T: 20 degC, w: {water: 1}}
feeds:
  inflow: {T: 25 degC, m_flow: {ethanol: 0 g/s, water: 50 g/s}}
connections:
  - inflow -> first.feed
  - first.product -> second.feed
  - second.product -> third.feed
  - third.product -> outflow
products: [outflow]
"""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("chain")
    (folder / "chain.yaml").write_text(CHAIN, encoding="utf-8")
    (folder / "day.yaml").write_text("twin: 1\nplant: chain.yaml\ntitle: A day\nduration: 24 h\n", encoding="utf-8")
    return compile_plant(load_scenario(folder / "day.yaml").plant)


@pytest.fixture(scope="module")
def flagship() -> Any:
    return compile_plant(load_scenario("paracetamol_startup").plant)


def pulse(plant: Any, at: float = 5.0 * HOUR, size: float = 1.0, length: float = 4.0) -> list[Event]:
    place, _ = plant.parameter("inflow.m_flow.ethanol")
    return [Event(at, Kind.SET, place, size), Event(at + length, Kind.SET, place, 0.0)]


def apart(plant: Any, one: Any, other: Any) -> np.ndarray:
    """Differences in parts of the value or of its nominal size."""
    return np.abs(one - other) / (np.abs(other) + plant.nominal)


def ethanol(plant: Any, unit: str) -> int:
    return next(i for i in range(plant.n_y) if plant.label(i) == f"{unit}.m[ethanol]")


def test_blocks_follow_the_flow_and_loops_stay_together(chain: Any, flagship: Any) -> None:
    assert groups(chain) == [("first",), ("second",), ("third",)]
    found = groups(flagship)
    assert ("reactor", "TIC-101") in found  # a controller and what it controls
    assert found.index(("crystallizer_2", "TIC-202")) < found.index(("filter",)) < found.index(("blender",))
    two_tanks = compile_plant(load_scenario("two_tanks").plant)
    assert groups(two_tanks) == [("tee", "first", "second", "split")]  # a recycle; and no unit without states alone
    recycle = groups(compile_plant(load_scenario("paracetamol_recycle_day").plant))
    assert any({"reactor", "filter", "still"} <= set(group) for group in recycle)


def test_what_a_latch_ties_together_is_one_block(chain: Any) -> None:
    assert groups(chain, [("third", "first")]) == [("first", "second", "third")]
    assert groups(chain, [("second", "first")]) == [("first", "second"), ("third",)]


def test_every_number_of_the_plant_is_in_one_block(flagship: Any) -> None:
    blocks = cut(flagship)
    assert sorted(np.concatenate([block.y for block in blocks])) == list(range(flagship.n_y))
    assert sorted(np.concatenate([block.q[:, 1] for block in blocks])) == list(range(flagship.n_q))
    recorded = {c.offset for c in flagship.columns if c.vector == "w"}
    assert recorded == {place for block in blocks for place in block.w} & recorded
    assert cut(replace(flagship, y0=flagship.y0.copy())) is blocks  # a copy with other numbers cuts no more


def test_error_falls_with_the_tolerance(chain: Any) -> None:
    exact = Integrator(chain, rtol=1e-11, events=pulse(chain))
    exact.advance(6 * HOUR)
    errors = []
    for rtol in (1e-4, 1e-6, 1e-8):
        run = Multirate(chain, rtol=rtol, events=pulse(chain))
        assert run.advance(6 * HOUR).outcome is Outcome.FINISHED
        errors.append(float(np.max(apart(chain, run.y, exact.y))))
    assert errors[0] < 1e-4
    assert errors[2] < 1e-8
    # a method of order 4 whose steps follow the tolerance: two decades of it are about two of the error
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


def test_a_pulse_between_two_steps_is_not_lost(chain: Any) -> None:
    run = Multirate(chain, rtol=1e-4, events=pulse(chain))
    run.advance(6 * HOUR)
    third = run.parts[2]
    # at rest for five hours, so steps had become as long as they may: the pulse of 4 s would fit between its stages
    sent = 4.0
    exact = Integrator(chain, rtol=1e-9, events=pulse(chain))
    exact.advance(6 * HOUR)
    place = ethanol(chain, "third")
    assert exact.y[place] > 0.9 * sent
    assert run.y[place] == pytest.approx(exact.y[place], rel=1e-4)
    assert third.statistics["rejected"] > 0
    for stream, missing in run.mismatch.items():
        assert missing < 1e-3 * sent or stream.endswith("H"), stream


def test_the_weights_of_the_stages_integrate_a_cubic() -> None:
    from twin.integrate.tableaux import METHODS

    for name in METHODS:
        method = METHODS[name]()
        for power in range(4):
            slope = 1.0 if power == 1 else 0.0
            assert method.b @ method.c**power + method.b_t[0] * slope == pytest.approx(1 / (power + 1), abs=1e-14), name


def test_the_day_of_the_flagship_is_the_same(flagship: Any) -> None:
    """Against one step for all at a tenth of the tolerance: the difference is that of the tolerance."""
    spec = load_scenario("paracetamol_startup", until="3 h")

    def run(method: str, rtol: float) -> tuple[Simulation, list[Any]]:
        events: list[Any] = []
        simulation = Simulation(
            replace(spec, method=method, rtol=rtol), flagship, events=lambda happened, _: events.extend(happened)
        )
        assert simulation.run().outcome is Outcome.FINISHED
        return simulation, events

    one, told = run("rodas4p", 1e-6)
    other, again = run("multirate", 1e-5)
    assert [e[1:3] for e in told] == [e[1:3] for e in again]
    assert np.allclose([e[0] for e in told], [e[0] for e in again], rtol=0.0, atol=0.5)
    found = apart(flagship, other.integrator.y, one.integrator.y)
    # 10 to 30 times rtol at the onset of nucleation, as for one step for all (docs/numerics.md)
    assert np.max(found) < 3e-3
    assert np.median(found) < 1e-5
    assert len(other.integrator.blocks) > 5
    assert other.integrator.parts[0].statistics["steps"] != other.integrator.parts[1].statistics["steps"]


def test_both_sides_of_an_event_show_the_whole_plant(chain: Any) -> None:
    columns = [c for c in chain.columns if c.kind == "outlet"]
    record = np.array([c.offset for c in columns])
    seen: list[Fired] = []
    run = Multirate(chain, rtol=1e-8, events=pulse(chain, at=600.0), record=record, fired=seen.append)
    run.advance(HOUR)
    want: list[Fired] = []
    one = Integrator(chain, rtol=1e-8, events=pulse(chain, at=600.0), record=record, fired=want.append)
    one.advance(HOUR)
    got, other = (Fired(*(np.concatenate(a) for a in zip(*blocks, strict=True))) for blocks in (seen, want))
    assert np.array_equal(got.log, other.log)
    assert np.max(apart(chain, got.y, other.y)) < 1e-6
    # streams and what has gone through the boundaries: kg/s, kg, K and J, the last up to 1e6
    assert np.allclose(got.w, other.w, rtol=1e-6, atol=1e-6)
    assert np.allclose(got.q, other.q, rtol=1e-6, atol=1e-6)


def test_balances_of_blocks_close_to_rounding_and_between_them_to_the_tolerance(chain: Any) -> None:
    for rtol, most in ((1e-4, 1e-4), (1e-8, 1e-8)):
        run = Multirate(chain, rtol=rtol, events=pulse(chain))
        run.advance(12 * HOUR)
        moved = 50e-3 * 12 * HOUR
        for part in run.parts:
            start, now, q = part.plant.y0, part.y, part.q
            masses = [c for c in part.plant.columns if c.kind == "state" and c.field.name == "m"]
            gained = sum((now - start)[c.offset : c.offset + c.shape[0]] for c in masses)
            terms = [t for t in part.plant.balance.terms if t.kind == "fluids"]
            booked = sum(t.sign * q[t.offset : t.offset + t.size] for t in terms)
            assert np.allclose(gained, booked, rtol=0.0, atol=1e-12 * moved)
        assert max(missing for name, missing in run.mismatch.items() if not name.endswith("H")) < most * moved


def test_a_stop_in_one_block_stops_all_at_its_instant(chain: Any) -> None:
    tag = next(c.offset for c in chain.columns if c.path == "second.product.m_flow") + chain.spec.fluids.index(
        "ethanol"
    )
    latch = Latch(-1, +1, value=np.nan, tag=tag, limit=1e-3)
    run = Multirate(chain, rtol=1e-6, events=pulse(chain, at=600.0), latches=[latch])
    one = Integrator(chain, rtol=1e-6, events=pulse(chain, at=600.0), latches=[latch])
    ending, other = run.advance(2 * HOUR), one.advance(2 * HOUR)
    assert ending.outcome is other.outcome is Outcome.GUARD
    assert ending.row == other.row == 0
    assert ending.time == pytest.approx(other.time, abs=1e-3)
    assert {part.time for part in run.parts} == {run.time} == {ending.time}
    assert np.max(apart(chain, run.y, one.y)) < 1e-4
    assert run.advance(2 * HOUR).outcome is Outcome.FINISHED  # and it goes on


def test_the_same_bits_again_however_it_is_recorded_or_resumed(chain: Any) -> None:
    def run(**settings: Any) -> Multirate:
        made = Multirate(chain, rtol=1e-5, events=pulse(chain, at=2.5 * WINDOW), **settings)
        assert made.advance(3 * WINDOW).outcome is Outcome.FINISHED
        return made

    once = run()
    assert run().y.tobytes() == once.y.tobytes()
    assert run(every=7.0, samples=lambda block: None, fired=lambda block: None).y.tobytes() == once.y.tobytes()
    kept: list[dict[str, Any]] = []
    first = Multirate(chain, rtol=1e-5, events=pulse(chain, at=2.5 * WINDOW), pause=lambda: kept.append(first.state()))
    first.advance(3 * WINDOW)
    assert first.y.tobytes() == once.y.tobytes()
    # few steps: the second window is twice as long as the first, and with the third begins another run's second
    assert [float(held["resume"][at.T]) for held in kept] == [WINDOW]
    later = Multirate(chain, rtol=1e-5, events=pulse(chain, at=2.5 * WINDOW))
    later.restore(kept[0])
    assert later.time == WINDOW
    later.advance(3 * WINDOW)
    assert later.y.tobytes() == once.y.tobytes()
    assert later.q.tobytes() == once.q.tobytes()


def test_windows_are_as_long_as_their_steps_are_few(chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(**settings: Any) -> list[float]:
        found: list[float] = []
        run = Multirate(chain, rtol=1e-5, events=pulse(chain), pause=lambda: found.append(run.time), **settings)
        assert run.advance(7 * WINDOW).outcome is Outcome.FINISHED
        return [time / WINDOW for time in found]

    assert ends() == [1.0, 3.0]  # and then one that would be longer than what is left
    # steps of a minute at most, 720 in the first window: neither few nor many, then many in every one
    monkeypatch.setattr(multirate, "MANY", 1000)
    assert ends(max_step=60.0) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    monkeypatch.setattr(multirate, "MANY", 500)
    assert ends(max_step=60.0) == [1.0, *np.arange(1.5, 7.0, 0.5)]
    monkeypatch.setattr(multirate, "LONGEST", WINDOW)
    monkeypatch.setattr(multirate, "MANY", 5000)
    assert ends() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_who_does_not_ask_for_both_sides_has_the_same_run_and_log(chain: Any) -> None:
    place, _ = chain.parameter("second.V_weir")
    events = [*pulse(chain, at=600.0), Event(1200.0, Kind.SET, place, 2.5e-3)]
    states = [c.offset for c in chain.columns if c.path == "second.product.m_flow"]
    latch = Latch(-1, +1, value=np.nan, tag=states[0] + chain.spec.fluids.index("ethanol"), limit=1e-3)

    def run(kind: type[Multirate]) -> tuple[Multirate, Fired]:
        seen: list[Fired] = []
        settings: dict[str, Any] = {"record": np.array(states), "fired": seen.append}
        made = kind(chain, rtol=1e-6, events=events, latches=[latch], **settings)
        assert made.advance(HOUR).outcome is Outcome.GUARD
        return made, Fired(*(np.concatenate(arrays) for arrays in zip(*seen, strict=True)))

    (asked, told), (plain, found) = run(Multirate), run(WithoutSides)
    assert plain.y.tobytes() == asked.y.tobytes()
    assert plain.q.tobytes() == asked.q.tobytes()
    assert found.log.tobytes() == told.log.tobytes()
    assert all(part.past is None for part in plain.parts)
    # where it has stopped all is known, and Python may ask for it; what is not kept is no number
    stopped = told.log[:, at.LOG_TIME] == plain.time
    assert stopped.any()
    assert not stopped.all()
    for one, other in zip(found[1:], told[1:], strict=True):
        assert one[stopped].tobytes() == other[stopped].tobytes()
        assert np.isnan(one[~stopped]).all()


def test_an_interrupted_run_stands_at_an_instant_that_all_blocks_have_reached(chain: Any) -> None:
    run = Multirate(chain, rtol=1e-5, events=pulse(chain))
    run.advance(HOUR)
    run.parts[1].advance, real = (lambda *a, **k: (run.interrupt(), real(*a, **k))[1]), run.parts[1].advance  # type: ignore[method-assign]
    assert run.advance(2 * HOUR).outcome is Outcome.INTERRUPTED
    assert {part.time for part in run.parts} == {HOUR}


def test_a_ramp_a_restore_and_a_return_go_to_their_blocks(chain: Any) -> None:
    place, _ = chain.parameter("inflow.m_flow.water")
    level, _ = chain.parameter("second.V_weir")
    events = [
        Event(100.0, Kind.RAMP, place, 0.1, 200.0),
        Event(150.0, Kind.SET, level, 2.5e-3),
        Event(400.0, Kind.RESTORE, level, 1.0),
        Event(500.0, Kind.RETURN),
    ]
    run, one = Multirate(chain, rtol=1e-7, events=events), Integrator(chain, rtol=1e-7, events=events)
    ending, other = run.advance(HOUR), one.advance(HOUR)
    assert ending.outcome is other.outcome is Outcome.EVENT
    assert ending.time == other.time == 500.0
    assert (ending.row, run.fired_rows) == (other.row, one.fired_rows) == (3, 4)
    assert run.old(1) == one.old(1) == pytest.approx(2e-3)
    assert np.array_equal(run.p, one.p)
    assert np.max(apart(chain, run.y, one.y)) < 1e-5


def test_what_is_scheduled_only_later_is_told_with_the_whole_plant(chain: Any) -> None:
    seen: list[Fired] = []
    run = Multirate(chain, rtol=1e-6, fired=seen.append)
    run.advance(600.0)
    run.schedule(pulse(chain, at=900.0))
    assert run.advance(HOUR).outcome is Outcome.FINISHED
    assert [row[0] for block in seen for row in block.log] == [900.0, 904.0]
    assert np.all(np.isfinite(np.concatenate([block.y for block in seen])))
