"""Pieces equal the whole bit for bit; recording alters nothing; interruption and failures have names."""

from __future__ import annotations

import _thread
import math
import threading
import time

import numpy as np
import pytest

from tests.integrate.problems import problem
from twin.integrate import allocate
from twin.integrate.allocate import Event, Kind, Latch
from twin.integrate.integrator import Integrator
from twin.integrate.outcome import Outcome


def swing(t, y, p, dy):
    dy[0] = y[1]
    dy[1] = -y[0] + p[0] * (1.0 - y[0] * y[0]) * y[1]


def energy(t, y, p, rate):
    rate[0] = 0.5 * (y[0] * y[0] + y[1] * y[1])


def above(t, y, p, g):
    g[0] = y[0] - 1.5


EVENTS = (
    Event(0.5, Kind.RAMP, 0, 5.0, duration=3.0),
    Event(2.0, Kind.SET, 1, 4.0),
    Event(5.0, Kind.ADD, 1, 0.1),
    Event(7.25, Kind.RESTORE, 1, 1.0),
)
LATCHES = (Latch(0, +1, 0, 2.0), Latch(0, -1, 0, 3.0))


@pytest.fixture(scope="module")
def plant():
    return problem(swing, [2.0, 0.0], p=[1.0, 0.0], quadratures=energy, n_q=1, guards=above, n_g=1)


def make(plant, blocks=None, **options):
    sinks = {} if blocks is None else {"samples": blocks[0].append, "fired": blocks[1].append}
    return Integrator(plant, rtol=1e-7, events=EVENTS, latches=LATCHES, **sinks, **options)


def bits(run):
    """All that a checkpoint holds, but the counters of right-hand sides, which pieces repeat."""
    return {name: array.tobytes() for name, array in run.state().items() if name != "status"}


def everything(blocks):
    return [np.concatenate([getattr(b, f) for b in kind]).tobytes() for kind in blocks for f in kind[0]._fields]


def test_pieces_give_the_same_bits(plant, monkeypatch):
    whole, whole_blocks = None, ([], [])
    whole = make(plant, whole_blocks, every=0.1)
    whole.advance(20.0)
    for budget in (1, 7):
        blocks = ([], [])
        run = make(plant, blocks, every=0.1)
        run.advance(20.0, step_budget=budget)
        assert bits(run) == bits(whole)
        assert everything(blocks) == everything(whole_blocks)
        assert run.statistics["steps"] == whole.statistics["steps"]


def test_small_buffers_give_the_same_bits(plant, monkeypatch):
    whole_blocks = ([], [])
    whole = make(plant, whole_blocks, every=0.001)
    whole.advance(20.0)
    monkeypatch.setattr(allocate, "BUFFER", 0)
    blocks = ([], [])
    run = make(plant, blocks, every=0.001)
    run.advance(20.0)
    assert len(blocks[0]) > 100, "the small buffer was emptied many times"
    assert bits(run) == bits(whole)
    assert everything(blocks) == everything(whole_blocks)


def test_recording_changes_no_step(plant):
    silent, recorded = make(plant), make(plant, ([], []), every=0.01, record=[0, 1])
    silent.advance(20.0)
    recorded.advance(20.0)
    assert silent.y.tobytes() == recorded.y.tobytes()
    assert silent.q.tobytes() == recorded.q.tobytes()
    assert silent.statistics["steps"] == recorded.statistics["steps"]


def test_checkpoint_continues_to_the_same_bits(plant):
    """Taken in the middle of a ramp, with a latch fired: the fork runs as if nothing had happened."""
    blocks, fork_blocks = ([], []), ([], [])
    run = make(plant, blocks, every=0.1)
    run.advance(2.5)
    held = run.state()
    split = [len(kind) for kind in blocks]
    run.advance(20.0)
    fork = make(plant, fork_blocks, every=0.1)
    fork.restore(held)
    fork.advance(20.0)
    assert bits(fork) == bits(run)
    assert fork.statistics == run.statistics
    assert everything(fork_blocks) == everything(tuple(kind[n:] for kind, n in zip(blocks, split, strict=True)))


def test_checkpoint_of_another_run_is_refused(plant):
    other = Integrator(problem(swing, [2.0, 0.0], p=[1.0, 0.0]))
    with pytest.raises(ValueError, match="checkpoint"):
        make(plant).restore(other.state())


def test_repeats_to_the_bit(plant):
    first, second = make(plant), make(plant)
    first.advance(20.0)
    second.advance(20.0)
    assert bits(first) == bits(second)


def test_interrupt_from_another_thread(plant):
    """Interrupted on the way, then continued: as if nothing had happened."""
    run = Integrator(plant, rtol=1e-9, max_step=1e-4)
    endings = []
    thread = threading.Thread(target=lambda: endings.append(run.advance(1e6)))  # hours, if nothing interrupts it
    thread.start()
    while run.progress[1] == 0:
        time.sleep(1e-4)
    run.interrupt()
    thread.join()
    assert endings[0].outcome is Outcome.INTERRUPTED
    assert endings[0].time > 0.0
    end = endings[0].time + 1.0
    run.advance(end)
    plain = Integrator(plant, rtol=1e-9, max_step=1e-4)
    plain.advance(end)
    assert run.y.tobytes() == plain.y.tobytes()


def test_progress_is_reported(plant, monkeypatch):
    monkeypatch.setattr("twin.integrate.integrator.POLL", 0.001)
    seen = []
    Integrator(plant, rtol=1e-9, max_step=1e-4).advance(5.0, progress=seen.append)
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == 5.0


def blow_up(t, y, p, dy):
    dy[0] = y[0] * y[0]


def root(t, y, p, dy):
    dy[0] = -math.sqrt(y[0]) - 1.0 + p[0]


def test_a_diverging_state_is_named():
    """y = 1/(1 - t) has no value at 1."""
    ending = Integrator(problem(blow_up, [1.0])).advance(2.0)
    assert ending.outcome in (Outcome.STEP_TOO_SMALL, Outcome.NOT_FINITE)
    assert ending.time == pytest.approx(1.0, abs=1e-3)
    assert ending.state == "unit.y[0]"
    assert "changes without bound" in str(ending)


def test_leaving_the_range_of_a_formula_is_named():
    """The root of what runs empty: the run ends just before, and says where it stood."""
    ending = Integrator(problem(root, [1.0], p=[0.0])).advance(2.0)
    assert ending.outcome in (Outcome.STEP_TOO_SMALL, Outcome.NOT_FINITE)
    assert ending.state == "unit.y[0]"


def test_an_event_that_breaks_the_plant_is_named():
    events = [Event(0.1, Kind.SET, 0, 0.0), Event(0.2, Kind.SET, 0, math.nan)]
    ending = Integrator(problem(root, [1.0], p=[0.0]), events=events).advance(0.5)
    assert ending.outcome is Outcome.EVENT_BROKE
    assert (ending.row, ending.time) == (1, 0.2)
    assert "unit is the first" in ending.cause


def test_too_many_steps():
    ending = Integrator(problem(swing, [2.0, 0.0], p=[1.0, 0.0]), max_steps=5).advance(100.0)
    assert ending.outcome is Outcome.TOO_MANY_STEPS


def test_nothing_moves():
    """No rate at all: the first step is a second, the end is reached."""
    run = Integrator(problem(swing, [0.0, 0.0], p=[1.0, 0.0]))
    assert run.advance(1e6).outcome is Outcome.FINISHED
    assert run.y.tolist() == [0.0, 0.0]


def test_ctrl_c_stops_at_an_accepted_point(plant):
    """In the main thread: the loop runs beside it, and is asked to stop."""
    run = Integrator(plant, rtol=1e-9, max_step=1e-5)
    run.advance(0.001)
    pressed = []

    def press(t):
        if t > 0.001 and not pressed:
            pressed.append(t)
            _thread.interrupt_main()

    ending = run.advance(1e3, progress=press)  # minutes, if nothing interrupts it
    assert pressed
    assert ending.outcome is Outcome.INTERRUPTED
    assert 0.001 < ending.time < 1e3
    assert run.time == ending.time
