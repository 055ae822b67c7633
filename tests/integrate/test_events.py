"""Events on and off the grid, latches, terminal guards: exact instants, exact values, both sides recorded."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest

from tests.integrate.problems import problem
from twin import jit
from twin.config.process_spec import ConditionSpec
from twin.integrate import stepping
from twin.integrate import tables as at
from twin.integrate.allocate import Event, Kind, Latch
from twin.integrate.cvode import Cvode
from twin.integrate.integrator import Integrator
from twin.integrate.outcome import Outcome
from twin.schedule.driving import watch_row

#: Latches of a tank that is refilled: p[1] switches the inflow on at level 1 and off at level 2.
REFILL = (Latch(0, -1, 1, 1.5), Latch(1, +1, 1, 0.0))


def decay(t, y, p, dy):
    dy[0] = -y[0] + p[0]


def decay_total(t, y, p, rate):
    rate[0] = y[0]


def drain(t, y, p, dy):
    """Outflow p[0] and inflow p[1], both constant: the level is piecewise linear."""
    dy[0] = p[1] - p[0]


def levels(t, y, p, g):
    g[0] = y[0] - 1.0
    g[1] = y[0] - 2.0


def wave(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -y[0]


def height(t, y, p, g):
    g[0] = y[0] - p[0]


@pytest.mark.parametrize("solver", ["native", "cvode"])
def test_a_tag_that_is_waited_for_stops_the_loop_at_its_limit(solver):
    """The number observed is 2 y of y' = -y from 1: below 1 at ln 2, and not on the grid of any step."""
    plant = problem(decay, [1.0], p=[0.0], quadratures=decay_total, n_q=1, guards=height_of_p, n_g=1)
    latches = [Latch(0, -1, armed=False), Latch(-1, -1, armed=False, tag=2, limit=1.0, value=math.nan)]
    if solver == "cvode":
        pytest.importorskip("sksundae")
    run = (Cvode if solver == "cvode" else Integrator)(plant, rtol=1e-10, latches=latches)
    assert run.advance(0.1).outcome is Outcome.FINISHED
    run.arm(1, True)
    ending = run.advance(10.0)
    assert ending.outcome is Outcome.GUARD
    assert (ending.time, ending.row) == (pytest.approx(math.log(2.0), abs=1e-8), 1)  # of BDF, at rtol 1e-10
    # armed again where the limit has been passed, it stops at once; not armed, never
    run.arm(1, True)
    again = run.advance(10.0)
    assert again.outcome is Outcome.GUARD
    assert again.time == pytest.approx(ending.time, abs=1e-8)
    run.arm(1, False)
    assert run.advance(10.0).outcome is Outcome.FINISHED


def test_a_tag_stops_the_loop_where_an_event_takes_it_over_the_limit(tank):
    latches = [Latch(-1, +1, tag=2, limit=5.0, value=math.nan)]
    ending = Integrator(tank, latches=latches, events=[Event(1.0, Kind.ADD, 0, 3.0)]).advance(2.0)
    assert (ending.outcome, ending.time) == (Outcome.GUARD, 1.0)


@pytest.mark.parametrize(("how", "outcome"), [(">", Outcome.FINISHED), (">=", Outcome.GUARD)])
def test_a_limit_that_a_tag_stands_on(how, outcome):
    """A level that rests at its limit is not above it, yet at or above it."""
    plant = problem(drain, [2.0], p=[0.5, 0.5])
    plant.columns, plant.guard_names = [SimpleNamespace(path="tank.level", vector="w", offset=0)], []
    row = watch_row(plant, ConditionSpec("tag", "tank.level", how, 4.0, None).key)
    run = Integrator(plant, latches=[row])
    run.arm(0, True)
    assert run.advance(1.0).outcome is outcome


def test_a_tag_that_is_no_number_is_waited_for():
    """Compositions of what does not flow are none: they cross nothing, and end no run."""
    plant = problem(decay, [1.0], p=[0.0], observe=root_below_a_half)
    run = Integrator(plant, latches=[Latch(-1, -1, tag=0, limit=0.1, value=math.nan)])
    assert run.advance(2.0).outcome is Outcome.FINISHED


def height_of_p(t, y, p, g):
    g[0] = y[0] - 2.0


def root_below_a_half(t, y, p, out):
    out[0] = math.nan if y[0] < 0.5 else y[0]


def collect(**options):
    blocks = {"samples": [], "fired": []}
    return blocks, {"samples": blocks["samples"].append, "fired": blocks["fired"].append, **options}


def joined(blocks, name):
    return np.concatenate([getattr(b, name) for b in blocks])


@pytest.fixture(scope="module")
def decaying():
    return problem(decay, [1.0], p=[0.0], quadratures=decay_total, n_q=1)


@pytest.fixture(scope="module")
def tank():
    return problem(drain, [2.0], p=[0.5, 0.0], guards=levels, n_g=2)


@pytest.fixture(scope="module")
def waving():
    return problem(wave, [0.0, 1.0], p=[0.5], guards=height, n_g=1)


def fallen(t, y, p, rate):
    rate[0] = -y[1]


@pytest.fixture(scope="module")
def waving_into():
    """sin t, its level watched, and what it loses booked."""
    return problem(wave, [0.0, 1.0], p=[0.5, 0.0], quadratures=fallen, n_q=1, guards=height, n_g=1)


@pytest.mark.parametrize("when", [1.0, 1.0 / 3.0, math.pi / 2.0])
def test_set_is_exact_in_time(decaying, when):
    """p = 0 until `when`, then 1: the exact solution shows any error in the instant at first order."""
    blocks, options = collect(rtol=1e-10, every=0.5, record=[1])
    run = Integrator(decaying, events=[Event(when, Kind.SET, 0, 1.0)], **options)
    assert run.advance(4.0).outcome is Outcome.FINISHED
    # 100 rtol: several dozen steps
    assert run.y[0] == pytest.approx(1.0 + (math.exp(-when) - 1.0) * math.exp(when - 4.0), rel=1e-8)
    fired = blocks["fired"][0]
    assert fired.log.tolist() == [[when, at.FROM_TABLE, 0, 0.0, 1.0]]
    np.testing.assert_array_equal(fired.y[0, 0], fired.y[0, 1])
    assert fired.w[0, 0, 0] == 2.0 * fired.y[0, 0, 0]
    assert joined(blocks["samples"], "time").tolist() == [0.5 * k for k in range(9)]


def test_rows_at_one_instant_fire_in_order(decaying):
    events = [Event(1.0, Kind.SET, 0, 5.0), Event(1.0, Kind.SET, 0, 7.0), Event(1.0, Kind.ADD, 0, 2.0, book=0)]
    blocks, options = collect(rtol=1e-8)
    run = Integrator(decaying, events=events, **options)
    run.advance(1.0)
    log = joined(blocks["fired"], "log")
    assert log[:, at.LOG_ROW].tolist() == [0, 1, 2]
    assert log[:2, at.LOG_OLD].tolist() == [0.0, 5.0]
    assert run.p[0] == 7.0
    jump = joined(blocks["fired"], "y")[2]
    assert jump[1, 0] == jump[0, 0] + 2.0
    booked = joined(blocks["fired"], "q")[2]
    assert booked[1, 0] == booked[0, 0] + 2.0


def test_hold_and_restore(decaying):
    """RESTORE gives back what its row found, even after a ramp was cut off."""
    events = [
        Event(0.0, Kind.RAMP, 0, 1.0, duration=2.0),
        Event(1.0, Kind.SET, 0, 9.0),
        Event(1.5, Kind.RESTORE, 0, 1.0),
    ]
    run = Integrator(decaying, events=events)
    run.advance(1.2)
    assert run.p[0] == 9.0, "the ramp ended when the value was set"
    run.advance(3.0)
    assert run.p[0] == 0.5


def test_returning_to_python_gives_the_same_bits(decaying):
    """The same changes by the table, by RETURN rows, and by separate calls."""
    changes = [(0.3, 1.0), (0.7, 0.25), (1.0, 2.0)]
    table = Integrator(decaying, events=[Event(t, Kind.SET, 0, v) for t, v in changes])
    table.advance(2.0)
    asked = Integrator(decaying, events=[Event(t, Kind.RETURN) for t, _ in changes])
    apart = Integrator(decaying)
    for number, (t, value) in enumerate(changes):
        ending = asked.advance(2.0)
        assert (ending.outcome, ending.row, ending.time) == (Outcome.EVENT, number, t)
        asked.set(0, value)
        apart.advance(t)
        apart.set(0, value)
    asked.advance(2.0)
    apart.advance(2.0)
    assert table.y.tobytes() == asked.y.tobytes() == apart.y.tobytes()
    assert table.q.tobytes() == asked.q.tobytes() == apart.q.tobytes()
    assert table.statistics["steps"] == apart.statistics["steps"]


def test_events_keep_the_step_size(decaying):
    """An event that changes nothing costs the step that it cuts in two, not a restart."""
    plain = Integrator(decaying, rtol=1e-8)
    plain.advance(20.0)
    idle = Integrator(decaying, rtol=1e-8, events=[Event(0.5 + k, Kind.SET, 0, 0.0) for k in range(10)])
    idle.advance(20.0)
    assert idle.statistics["steps"] <= plain.statistics["steps"] + 2 * 10
    assert idle.statistics["rejected"] <= plain.statistics["rejected"] + 1


def test_refill_latches(tank):
    """Falling from 2 at 0.5 /s to 1, rising at 1 /s to 2, and again: instants known exactly."""
    blocks, options = collect()
    run = Integrator(tank, latches=REFILL, **options)
    assert run.advance(10.0).outcome is Outcome.FINISHED
    log = joined(blocks["fired"], "log")
    assert log[:, at.LOG_SOURCE].tolist() == [at.FROM_LATCH] * 6
    np.testing.assert_allclose(log[:, at.LOG_TIME], [2.0, 3.0, 5.0, 6.0, 8.0, 9.0], rtol=0, atol=1e-9)
    assert log[:, at.LOG_ROW].tolist() == [0, 1, 0, 1, 0, 1]
    assert run.statistics["firings"] == 6


@pytest.mark.parametrize("level", [0.5, 0.9, 0.999])
def test_guards_are_located(waving, level):
    """sin t crosses the level upwards at asin(level); just below the crest a double crossing is near."""
    waving.p0[0] = level
    blocks, options = collect(rtol=1e-11)
    run = Integrator(waving, latches=[Latch(0, +1), Latch(0, -1)], **options)
    ending = run.advance(4.0)
    assert ending.outcome is Outcome.GUARD
    assert ending.row == 0
    # the crest flattens the crossing: an error e in y shifts it by e/cos(t)
    assert ending.time == pytest.approx(math.asin(level), abs=1e-9 / math.sqrt(1.0 - level**2))
    assert abs(run.y[0] - level) < 1e-9
    ending = run.advance(4.0)
    assert (ending.outcome, ending.row) == (Outcome.GUARD, 1)
    assert ending.time == pytest.approx(math.pi - math.asin(level), abs=1e-8 / math.sqrt(1.0 - level**2))
    assert run.advance(4.0).outcome is Outcome.FINISHED


def test_a_crossing_costs_one_step_made_again(waving_into):
    """A step over a crossing is made again up to it; what that is then beyond it by is left out, not made a third time.

    Of 24 crossings of sin t with 0.3 in 24 half turns, each made anew until it ends there to rounding would be 50.
    """
    waving_into.p0[0] = 0.3
    blocks, options = collect(rtol=1e-6, every=0.01)
    run = Integrator(waving_into, latches=[Latch(0, +1, 1, 0.0), Latch(0, -1, 1, 0.0)], **options)
    assert run.advance(24 * math.pi).outcome is Outcome.FINISHED
    log = joined(blocks["fired"], "log")
    turns = np.arange(24)
    exact = np.pi * turns + np.where(turns % 2 == 0, math.asin(0.3), -math.asin(0.3))
    # errors of 300 steps add up to some 30 times the tolerance; over cos(t), which is near 1
    np.testing.assert_allclose(log[:, at.LOG_TIME], exact, rtol=0, atol=1e-4)
    assert np.max(np.abs(joined(blocks["fired"], "y")[:, 0, 0] - 0.3)) < 1e-9  # it has stopped there
    counts = run.statistics
    assert 0 < counts["lu"] - counts["steps"] - counts["rejected"] <= 24
    time, y = joined(blocks["samples"], "time"), joined(blocks["samples"], "y")
    assert np.max(np.abs(y[:, 0] - np.sin(time))) < 1e-4
    # nothing is lost where a step is cut: rounding of 500 sums of numbers up to 1
    assert np.max(np.abs(y[:, 0] + joined(blocks["samples"], "q")[:, 0])) < 1e-13


def test_what_is_left_of_a_step_is_the_same_curve():
    """The dense output is a quartic: one of a part of the step, by other numbers."""
    jit.arm(stepping)
    start, end, *dense = np.random.default_rng(7).normal(size=(5, 5))
    dense = np.array(dense)
    whole = end.copy(), dense.copy()
    stepping.shorten_dense(0.7, start, end, dense)
    for part in (0.0, 0.2, 0.5, 1.0):
        want, got = np.zeros(5), np.zeros(5)
        stepping.interpolate(0.7 * part, start, *whole, want)
        stepping.interpolate(part, start, end, dense, got)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-14)  # of numbers up to 2


def three_levels(t, y, p, g):
    for i in range(3):
        g[i] = y[0] - p[2 + i]


@pytest.mark.parametrize("level", list(itertools.permutations([1.20, 1.22, 1.24])))
def test_of_guards_that_cross_in_one_step_the_earliest_fires_first(level):
    """Falling from 2 at 1 /s, which any step follows exactly: all three lie between two looks at one step.

    Whichever guard is found first, the highest level is reached first, and then the others at their own instants.
    """
    plant = problem(drain, [2.0], p=[1.0, 0.0, *level], guards=three_levels, n_g=3)
    run = Integrator(plant, latches=[Latch(0, -1), Latch(1, -1), Latch(2, -1)])
    for row in np.argsort(level)[::-1]:
        ending = run.advance(1.5)
        assert (ending.outcome, ending.row) == (Outcome.GUARD, row)
        assert ending.time == pytest.approx(2.0 - level[row], abs=1e-12)
        assert run.y[0] == pytest.approx(level[row], abs=1e-12)
    assert run.advance(1.5).outcome is Outcome.FINISHED


def test_guard_beyond_at_the_start_fires_nothing(waving):
    """sin t is below the level already; only its way back through the level counts."""
    waving.p0[0] = 0.5
    run = Integrator(waving, latches=[Latch(0, -1)])
    ending = run.advance(4.0)
    assert ending.time == pytest.approx(math.pi - math.asin(0.5), abs=1e-5)


def test_guard_at_zero_takes_the_side_to_which_it_departs(waving):
    waving.p0[0] = 0.0
    run = Integrator(waving, rtol=1e-10, latches=[Latch(0, +1), Latch(0, -1)])
    ending = run.advance(6.0)
    assert (ending.row, ending.outcome) == (1, Outcome.GUARD)
    assert ending.time == pytest.approx(math.pi, abs=1e-8)


def test_an_event_can_carry_a_guard_across(waving):
    """The level is set below the wave: the guard rises at that instant."""
    waving.p0[0] = 2.0
    blocks, options = collect()
    run = Integrator(waving, latches=[Latch(0, +1, 0, 3.0)], events=[Event(1.0, Kind.SET, 0, 0.1)], **options)
    run.advance(2.0)
    log = joined(blocks["fired"], "log")
    assert log[:, at.LOG_TIME].tolist() == [1.0, 1.0]
    assert log[:, at.LOG_SOURCE].tolist() == [at.FROM_TABLE, at.FROM_LATCH]
    assert run.p[0] == 3.0


def test_a_latch_can_be_disarmed_and_armed(tank):
    """Disarmed while its guard crosses, it fires neither then nor when armed beyond the crossing."""
    latches = [Latch(0, -1, 1, 1.5, armed=False)]
    run = Integrator(tank, latches=latches, events=[Event(3.0, Kind.ARM, 0, 1.0)])
    run.advance(4.0)
    assert run.statistics["firings"] == 0
    assert run.y[0] == pytest.approx(0.0, abs=1e-12)


def test_chattering_has_a_name():
    """A latch that drives its guard back at once: the run ends with a sentence, not a hang."""
    sliding = problem(drain, [2.0], p=[0.5, 0.0], guards=levels, n_g=2)
    latches = [Latch(0, -1, 1, 1e6), Latch(0, +1, 1, 0.0)]
    sliding.p0[0] = 1e5
    ending = Integrator(sliding, latches=latches).advance(10.0)
    assert ending.outcome is Outcome.CHATTERING
    assert "dead band" in ending.cause


def drop_and_rise(t, y, p, dy):
    """At rest but for rounding, at 500 s down by 1e-5, then slowly up: never as high as before."""
    dy[0] = -1e-17
    if t >= 500.0:
        dy[0] = -1e-5 if t < 501.0 else 1e-8


def height_of_one(t, y, p, g):
    g[0] = y[0] - 1.0


def test_a_guard_that_hovers_does_not_stop_the_clock():
    """Long steps, which the tolerance allows to miss the drop, see the guard cross at their very beginning.

    Shorter ones do not. A hopper filled to its level exactly has taken millions of them.
    """
    plant = problem(drop_and_rise, [1.0 - 1e-14], p=[0.0], guards=height_of_one, n_g=1, time_dependent=True)
    run = Integrator(plant, rtol=1e-4, latches=[Latch(0, +1, 0, 1.0)], max_steps=500)
    assert run.advance(1000.0).outcome is Outcome.FINISHED
    assert run.statistics["firings"] == 0


def test_ramp_rows_need_time():
    with pytest.raises(ValueError, match="takes no time"):
        Integrator(problem(decay, [1.0], p=[0.0]), events=[Event(0.0, Kind.RAMP, 0, 1.0)])


def test_rows_out_of_order_are_refused():
    with pytest.raises(ValueError, match="stands after"):
        Integrator(problem(decay, [1.0], p=[0.0]), events=[Event(2.0, Kind.SET), Event(1.0, Kind.SET)])
