"""Instants at which several things meet: events, latches, samples, ramps, the beginning and the end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.integrate.problems import problem
from twin.integrate import tables as at
from twin.integrate.allocate import Event, Kind, Latch
from twin.integrate.integrator import Integrator
from twin.integrate.outcome import Outcome


def inflow(t, y, p, dy):
    dy[0] = p[0]


def total(t, y, p, rate):
    rate[0] = p[0]


def levels(t, y, p, g):
    """Two that cross at one instant, one that touches zero without crossing, one that crosses just before 1."""
    g[0] = y[0] - 1.0
    g[1] = 2.0 - 2.0 * y[0]
    g[2] = abs(y[0] - 0.5)
    g[3] = y[0] - (1.0 - 1e-13)


def run_to(end, plant, **options):
    """Advance; gives the integrator, its ending, all samples and the log of all that fired."""
    samples, fired = [], []
    run = Integrator(plant, samples=samples.append, fired=fired.append, **options)
    ending = run.advance(end)
    log = np.concatenate([block.log for block in fired]) if fired else np.zeros((0, 5))
    return run, ending, samples, log


@pytest.fixture(scope="module")
def filling():
    """dy/dt = p[0] = 1 from y = 0, so that y = t."""
    return problem(inflow, [0.0], p=[1.0, 0.0, 0.0], quadratures=total, n_q=1, guards=levels, n_g=4)


def test_events_at_the_beginning_and_at_the_end(filling):
    events = [Event(0.0, Kind.SET, 0, 2.0), Event(1.0, Kind.SET, 0, 7.0)]
    run, ending, samples, log = run_to(1.0, filling, events=events, every=1.0)
    assert ending.outcome is Outcome.FINISHED
    assert log[:, at.LOG_TIME].tolist() == [0.0, 1.0]
    # linear in time: only rounding
    assert run.y[0] == pytest.approx(2.0, rel=1e-14)
    assert run.q[0] == pytest.approx(2.0, rel=1e-14)
    assert run.p[0] == 7.0, "an event at the end has fired when the run is over"
    assert [float(t) for block in samples for t in block.time] == [0.0, 1.0]


def test_a_sample_an_ulp_after_an_event_shows_the_plant_before_it(filling):
    """3 x 0.1 is one bit more than 0.3: the sample belongs to the instant of the event, and is before it."""
    assert 3 * 0.1 > 0.3
    events = [Event(0.3, Kind.ADD, 0, 5.0)]
    _, _, samples, log = run_to(0.5, filling, events=events, every=0.1)
    times = np.concatenate([block.time for block in samples])
    values = np.concatenate([block.y[:, 0] for block in samples])
    assert times[3] == log[0, at.LOG_TIME] == 0.3
    assert values[3] == pytest.approx(0.3, rel=1e-12)
    assert np.all(np.diff(times) > 0.0)


def test_the_last_sample_is_not_lost_to_rounding(filling):
    _, _, samples, _ = run_to(0.3, filling, every=0.1)
    assert np.concatenate([block.time for block in samples]).tolist() == [0.0, 0.1, 0.2, 0.3]


def test_two_guards_at_one_instant_both_fire_once(filling):
    latches = [Latch(0, +1, 1, 5.0), Latch(1, -1, 2, 6.0)]
    run, _, _, log = run_to(3.0, filling, latches=latches)
    assert sorted(log[:, at.LOG_ROW].tolist()) == [0.0, 1.0]
    # both cross at 1; y = t to rounding
    assert log[:, at.LOG_TIME] == pytest.approx([1.0, 1.0], abs=1e-12)
    assert run.p[1:].tolist() == [5.0, 6.0]


def test_a_guard_that_touches_zero_does_not_cross(filling):
    latches = [Latch(2, -1, 1, 5.0), Latch(2, +1, 2, 6.0)]
    _, ending, _, log = run_to(1.0, filling, latches=latches, max_step=0.125)  # looks exactly at the touch
    assert ending.outcome is Outcome.FINISHED
    assert len(log) == 0


def test_a_latch_on_arrival_comes_before_the_event_of_that_instant(filling):
    """Both set p[1] at the instant 1, as near as steps are cut; the last one wins, and that is the event."""
    events = [Event(1.0, Kind.SET, 1, 8.0)]
    run, _, _, log = run_to(2.0, filling, events=events, latches=[Latch(3, +1, 1, 5.0)])
    assert log[:, at.LOG_TIME].tolist() == [1.0, 1.0]
    assert log[:, at.LOG_SOURCE].tolist() == [at.FROM_LATCH, at.FROM_TABLE]
    assert log[:, at.LOG_NEW].tolist() == [5.0, 8.0]
    assert run.p[1] == 8.0


def test_an_event_that_carries_two_guards_across_fires_both(filling):
    events = [Event(0.5, Kind.ADD, 0, 3.0)]
    _, _, _, log = run_to(1.0, filling, events=events, latches=[Latch(0, +1, 1, 5.0), Latch(1, -1, 2, 6.0)])
    assert log[:, at.LOG_TIME].tolist() == [0.5, 0.5, 0.5]
    assert log[:, at.LOG_SOURCE].tolist() == [at.FROM_TABLE, at.FROM_LATCH, at.FROM_LATCH]


def test_a_ramp_takes_over_from_a_ramp_where_it_stands(filling):
    events = [
        Event(0.0, Kind.RAMP, 0, 3.0, duration=2.0),
        Event(1.0, Kind.RAMP, 0, 0.0, duration=1.0),
        Event(1.0, Kind.RAMP, 1, 4.0, duration=4.0),
    ]
    run, _, _, log = run_to(3.0, filling, events=events)
    assert log[1, at.LOG_OLD] == 2.0
    # trapezoids: 1 to 2 within 1 s, 2 to 0 within 1 s, then nothing; ramps are exact for order 2 and up,
    # but for the roundoff of the difference for their slope (1e-16 / 2^-20)
    assert run.y[0] == pytest.approx(1.5 + 1.0, rel=1e-10)
    assert run.q[0] == pytest.approx(2.5, rel=1e-10)
    assert run.p[1] == 2.0, "the other ramp goes on"


def test_a_latch_ends_the_ramp_of_what_it_sets(filling):
    events = [Event(0.0, Kind.RAMP, 0, 3.0, duration=100.0)]
    run, _, _, _ = run_to(5.0, filling, events=events, latches=[Latch(0, +1, 0, 0.0)])
    assert run.p[0] == 0.0
    assert run.y[0] == pytest.approx(1.0, rel=1e-9)


def not_known(t, y, p, g):
    g[0] = math.sqrt(1.0 - y[0]) - 2.0


def undefined(t, y, p, rate):
    rate[0] = math.sqrt(1.0 - y[0])


def test_a_guard_that_is_no_number_ends_the_run_by_name():
    plant = problem(inflow, [0.0], p=[1.0], guards=not_known, n_g=1)
    plant.guard_names = ("tank.low",)
    _, ending, _, _ = run_to(3.0, plant, latches=[Latch(0, +1)])
    assert ending.outcome is Outcome.GUARD_NOT_A_NUMBER
    assert ending.time >= 1.0
    assert "tank.low" in str(ending)
    _, ending, _, _ = run_to(3.0, plant)
    assert ending.outcome is Outcome.FINISHED, "nobody waits for the guard"


def test_a_total_that_is_no_number_ends_the_run():
    """Quadratures are outside the error norm: NaN in them alone would have finished with balances of NaN."""
    plant = problem(inflow, [0.0], p=[1.0], quadratures=undefined, n_q=1)
    run, ending, _, _ = run_to(3.0, plant)
    assert ending.outcome.failed
    assert ending.time <= 1.0
    # 2/3 (1 - (1 - t)^1.5) up to the last accepted point; nothing controls its error near the singular end
    assert run.q[0] == pytest.approx(2.0 / 3.0 * (1.0 - (1.0 - ending.time) ** 1.5), abs=1e-3)
