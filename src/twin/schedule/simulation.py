"""SimPy drives time: the scenario's processes decide, the integrator advances the plant in between.

Two drivers give the same bits. With the table, SimPy runs ahead and everything timed, and every
guard's latch, goes to the compiled loop in one go: a day of events is one compiled call. Without
it, the loop returns to Python at every instant and every guard, SimPy lives through that instant,
and its actions are applied one by one. Processes live in a world of their own, with either driver:
the loop returns where one of them wakes up, after the timed rows of that instant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twin.integrate import tables as at
from twin.integrate.allocate import Event, Kind, Latch
from twin.integrate.integrator import Samples
from twin.integrate.outcome import Ending, Outcome
from twin.quantity import Array
from twin.schedule.errors import ScheduleError
from twin.schedule.journal import Journal, Sides, Take
from twin.schedule.records import Records
from twin.schedule.segments import run_end
from twin.schedule.table import Table
from twin.schedule.timetable import Action, Timetable
from twin.schedule.timetable import Kind as Does
from twin.schedule.world import PythonProcess, World, every_step

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec

#: What each action is in the compiled loop.
_KINDS = {
    Does.SET: Kind.SET,
    Does.RAMP: Kind.RAMP,
    Does.HOLD: Kind.SET,
    Does.RESTORE: Kind.SET,
    Does.FIRE: Kind.FIRE,
}


@dataclass(frozen=True)
class Instant:
    """What SimPy lived through: a timed instant, or guards crossed, with the answers that holds and readings got."""

    time: float
    guards: tuple[tuple[str, str], ...]
    answers: tuple[float, ...]


@dataclass(frozen=True)
class Checkpoint:
    """Where a run stood: enough to continue it in another process, bit for bit."""

    time: float
    state: dict[str, Array]
    history: tuple[Instant, ...]
    counts: tuple[int, int]  #: events by the clock, returns to Python
    instant: Sides | None = None  #: the instant of this very time, in which more may happen


class Simulation:
    """One run of a scenario.

    Parameters
    ----------
    scenario : ScenarioSpec
    plant : Plant
        Compiled from the scenario's plant.
    table : bool
        Whether timed changes and latches are executed inside the compiled loop.
    record : array of int
        Places in w that samples hold.
    samples : callable
        Receives blocks of samples.
    events : callable
        Receives what fired, and both sides of each instant.
    checkpoint_every : int
        Keep the latest checkpoint in memory, a new one after about so many samples; 0 for none.
    """

    def __init__(
        self,
        scenario: ScenarioSpec,
        plant: Any,
        *,
        table: bool = True,
        record: Array | Sequence[int] = (),
        samples: Callable[[Samples], None] | None = None,
        events: Take | None = None,
        checkpoint_every: int = 0,
        processes: Sequence[PythonProcess] = (),
    ) -> None:
        self.plant, self.table = plant, table
        self.end = run_end(scenario)
        self.latest: Checkpoint | None = None
        self._samples, self._every, self._since = samples, checkpoint_every, 0
        self._due: Callable[[float], bool] | None = None
        self._take: Callable[[Checkpoint], None] | None = None
        self._stopping = self._within = False
        self._history: list[Instant] = []
        self._timetable = Timetable(scenario.events, scenario.latches, self.end)
        self._world = World(scenario, self.end, processes)
        self._watches = _watches(self._world, plant)
        self._record = {int(place): i for i, place in enumerate(record)}
        guard = {name: i for i, name in enumerate(plant.guard_names)}
        watches = [Latch(guard[name], 1 if how == "rises" else -1, armed=False) for name, how in self._watches]
        self._journal = Journal([*scenario.latches, *(Watch(*key) for key in self._watches)], events)
        latches = [
            Latch(
                guard[latch.guard],
                1 if latch.direction == "rises" else -1,
                _index(plant, Does(latch.kind), latch.path),
                latch.value,
                kind=_KINDS[Does(latch.kind)],
            )
            for latch in scenario.latches
        ]
        rows = self._run_ahead(self._timetable if table else Timetable(scenario.events, scenario.latches, self.end))
        # known to the matrix in advance, whichever drives them: the same bits
        foreseen = [(row.index, row.value) for row, _ in rows if row.kind in (Kind.SET, Kind.RAMP)]
        foreseen += [(latch.index, latch.value) for latch in latches if latch.kind == Kind.SET]
        changes = [(step.kind, path, value) for step in every_step(scenario) for path, value in step.changes]
        foreseen += [(_index(plant, Does(kind), path), value) for kind, path, value in changes if kind != "fire"]
        if not table:
            latches = [latch._replace(index=-1, value=math.nan) for latch in latches]
        self._static = len(latches)
        self._table = Table(rows if table else [], whole=self._world.empty)
        first, self._journal.sources = self._table.open(math.inf) if self._world.empty else ([], [])
        self._integrator = _integrator(scenario.method)(
            plant,
            method=scenario.method,
            rtol=scenario.rtol,
            seed=scenario.seed,
            events=first,
            latches=[*latches, *(latch._replace(value=math.nan) for latch in watches)],
            foreseen=foreseen,
            record=record,
            every=scenario.record_every,
            samples=self._take_samples,
            fired=self._journal.collect,
            pause=self._paused,
        )

    @property
    def time(self) -> float:
        """Plant time reached, in s; may be read from another thread."""
        return float(self._integrator.progress[0])

    @property
    def statistics(self) -> dict[str, int]:
        """Counts of the integrator; of events, those of the scenario, whichever driver fired them."""
        counts = dict(self._integrator.statistics)
        counts["events"] = self._journal.timed
        counts["observed"] -= 2 * self._journal.unreported  # both sides of each
        return counts

    def interrupt(self) -> None:
        """Ask a run in another thread to stop at its next accepted point."""
        self._stopping = True
        self._integrator.interrupt()

    def hand_to(self, samples: Callable[[Samples], None], events: Take) -> None:
        """Hand out what is recorded from now on."""
        self._samples = samples
        self._journal.take = events

    def keep(self, due: Callable[[float], bool], take: Callable[[Checkpoint], None]) -> None:
        """Hand out checkpoints under way, which alters no step.

        Parameters
        ----------
        due : callable
            Asked often, with the plant's clock in s: whether a checkpoint is wanted now.
        take : callable
            Receives it; all samples, events and instants before it have been handed out.
        """
        self._due, self._take = due, take

    def run(self, until: float | None = None) -> Ending:
        """Advance to the end of the scenario, or to `until` [s] (which cuts a step there).

        Returns
        -------
        Ending
            FINISHED, INTERRUPTED or a failure.
        """
        self._stopping = False
        end = self.end if until is None else min(until, self.end)
        ending = self._follow(end) if self.table else self._drive(end)
        self._journal.close()
        return ending

    def records(self) -> Records:
        """Give the Gantt chart and the log of resources; what still goes on ends now."""
        self._world.records.close(self._integrator.time)
        return self._world.records

    def checkpoint(self) -> Checkpoint:
        """Copy all that continuing needs; between two calls of `run`, and from `keep`, only."""
        time, counts = self._integrator.time, (self._journal.timed, self._journal.unreported)
        state = {**self._integrator.state(), **self._table.state()}
        return Checkpoint(time, state, tuple(self._history), counts, self._journal.at(time))

    def resume(self, checkpoint: Checkpoint) -> None:
        """Continue from a checkpoint of the same scenario, plant and settings.

        SimPy's processes are replayed against the recorded instants; the plant is not. What the scenario has
        planned for after the checkpoint may differ: that is a fork.
        """
        for instant in checkpoint.history:
            answers = list(instant.answers)
            turn = self._turn(instant.time, instant.guards)
            if not self.table:
                self._replay(instant, answers)
            if turn:
                self._world.live(instant.time, self._mine(instant.guards))
                while self._world.questions:
                    count = len(self._world.questions)
                    self._world.answer([answers.pop(0) for _ in range(count)])
            self._history.append(instant)
        state = dict(checkpoint.state)
        if self.table:  # rows that had not fired then may be others now: a fork adds some, or ends earlier
            self._table.restore(state)
            if not self._world.empty:
                self._schedule(*self._table.open(self._wake()))
            fired, old = int(state["resume"][at.NEXT_ROW]), np.zeros(len(self._journal.sources))
            old[:fired] = state["old"][:fired]
            state["old"] = old
        else:  # a table of the length that it had then; `run` writes the rows
            self._integrator.schedule([Event(math.inf, Kind.RETURN)] * len(state["old"]))
        self._journal.timed, self._journal.unreported = checkpoint.counts
        self._journal.reopen(checkpoint.instant)
        self._integrator.restore(state)

    def _replay(self, instant: Instant, answers: list[float]) -> None:
        """Let the timed events live through a recorded instant."""
        timed = self._timetable.next_time() <= instant.time
        lived: list[Action] = []
        if instant.guards:
            lived = self._timetable.crossed(instant.guards, instant.time)
        elif timed:
            lived = self._timetable.step()
        self._integrator.schedule([self._event(action) for action in lived])
        for action in lived:
            if action.kind is Does.HOLD:
                self._timetable.answer(action, answers.pop(0))

    def _run_ahead(self, timetable: Timetable) -> list[tuple[Event, Action]]:
        """Let SimPy run ahead to the end, for nothing timed needs Python: rows of the table, each with its action."""
        rows: list[tuple[Event, Action]] = []
        while timetable.next_time() <= self.end:
            for action in timetable.step():
                if action.kind is Does.HOLD:
                    timetable.answer(action, float(len(rows)))  # the row whose finding is restored
                kind = Kind.RESTORE if action.kind is Does.RESTORE else _KINDS[action.kind]
                rows.append((self._event(action)._replace(kind=kind), action))
        return rows

    def _event(self, action: Action) -> Event:
        index = _index(self.plant, action.kind, action.path)
        ramp = action.over if action.kind is Does.RAMP else 0.0
        return Event(action.time, _KINDS[action.kind], index, action.value, ramp)

    # --- the drivers

    def _follow(self, end: float) -> Ending:
        """With the table: return to Python where a process wakes up, or waits for a guard."""
        while True:
            if not self._world.empty:
                if not self._table.is_open:
                    self._schedule(*self._table.open(self._wake()))
                self._arm()
                self._paused()
                if self._stopping:
                    return Ending(Outcome.INTERRUPTED, self._integrator.time)
            ending: Ending = self._integrator.advance(end)
            if ending.outcome not in (Outcome.EVENT, Outcome.GUARD):
                return ending
            self._close_window()
            guards = self._crossed(ending)
            if guards:  # the timed rows of this instant first
                self._schedule(*self._table.open(ending.time))
                self._at_once(ending.time)
                self._close_window()
            over = self._live(ending.time, guards, []) if self._turn(ending.time, guards) else None
            if over is not None:
                return over

    def _drive(self, end: float) -> Ending:
        """Without the table: return to Python at every instant and every guard."""
        while True:
            self._arm()
            self._paused()
            wake = min(self._timetable.next_time(), self._world.next_time())
            self._schedule([Event(wake, Kind.RETURN)] if wake <= self.end else [], [None])
            if self._stopping:
                return Ending(Outcome.INTERRUPTED, self._integrator.time)
            ending: Ending = self._integrator.advance(end)
            while ending.outcome in (Outcome.EVENT, Outcome.GUARD):
                ending = self._live_through(ending)
            if ending.outcome is not Outcome.FINISHED or ending.time >= end:
                return ending

    def _live_through(self, ending: Ending) -> Ending:
        """Let SimPy live through the instant reached, and apply what it decides."""
        guards, time = self._crossed(ending), ending.time
        turn = self._turn(time, guards)
        actions: list[Action] = []
        if guards:
            actions = self._timetable.crossed(guards, time)
        elif self._timetable.next_time() <= time:
            actions = self._timetable.step()
        rows: list[Event] = [self._event(action) for action in actions]
        # where processes follow, the loop is to come back before it looks at guards and scans
        back = [Event(time, Kind.RETURN)] if turn else []
        self._schedule([*rows, *back], [*actions, *(None for _ in back)])
        after = self._at_once(time)
        answers = []
        for row, action in enumerate(actions):
            if action.kind is Does.HOLD:
                answers.append(self._integrator.old(row))
                self._timetable.answer(action, answers[-1])
        if not turn:
            self._history.append(Instant(time, guards, tuple(answers)))
            return after
        over = self._live(time, guards, answers)
        if over is not None:
            return over
        self._schedule([], [])
        self._arm()
        return self._at_once(time)

    def _at_once(self, time: float) -> Ending:
        """Do what is scheduled for this instant, in which SimPy lives: no time to keep a checkpoint."""
        self._within = True
        ending: Ending = self._integrator.advance(time)
        self._within = False
        return ending

    # --- processes

    def _wake(self) -> float:
        """When the processes wake up next; infinite when not before the end."""
        wake = self._world.next_time()
        return wake if wake <= self.end else math.inf

    def _mine(self, guards: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        watched = self._world.watched()
        return [key for key in guards if key in watched]

    def _turn(self, time: float, guards: Sequence[tuple[str, str]]) -> bool:
        """Whether processes live through this instant."""
        return bool(self._mine(guards)) or self._world.next_time() <= time

    def _crossed(self, ending: Ending) -> tuple[tuple[str, str], ...]:
        guards = tuple(dict.fromkeys(self._journal.stopped)) if ending.outcome is Outcome.GUARD else ()
        self._journal.stopped.clear()
        return guards

    def _arm(self) -> None:
        """Let the loop stop at the guards that processes wait for now, and at no others."""
        watched = self._world.watched()
        if not watched <= set(self._watches):
            unknown = ", ".join(sorted(" ".join(key) for key in watched - set(self._watches)))
            raise ScheduleError(f"a process waits for what the plant does not have: {unknown}")
        for row, key in enumerate(self._watches, start=self._static):
            self._integrator.arm(row, key in watched)

    def _live(self, time: float, guards: tuple[tuple[str, str], ...], answers: list[float]) -> Ending | None:
        """Let the processes live through an instant; gives an ending where they end the run."""
        actions = self._world.live(time, self._mine(guards))
        while True:
            rows = [self._event(action) for action in actions]
            self._schedule([*(row._replace(time=time) for row in rows), Event(time, Kind.RETURN)], [*actions, None])
            self._at_once(time)
            if self._world.ended is not None:
                outcome, why = self._world.ended
                return Ending(outcome, time, cause=why)
            if not self._world.questions:
                break
            values = [self._reply(what, actions) for what, _ in self._world.questions]
            answers += values
            actions = self._world.answer(values)
        self._history.append(Instant(time, guards, tuple(answers)))
        return None

    def _reply(self, what: str | Action, actions: list[Action]) -> float:
        """Answer a process: what its hold found, or the reading of a tag."""
        if isinstance(what, Action):
            row = next(i for i, action in enumerate(actions) if action is what)
            return float(self._integrator.old(row))
        place = next((c.offset for c in self.plant.columns if c.path == what and c.vector == "w"), None)
        if place is None or place not in self._record:
            raise KeyError(f"'{what}' is no tag that is recorded: a process cannot read it")
        return float(self._journal.returned[self._record[place]])

    def _close_window(self) -> None:
        self._table.close(self._integrator.fired_rows, self._integrator.olds)

    def _schedule(self, rows: Sequence[Event], sources: Sequence[Action | None]) -> None:
        self._integrator.schedule(rows)
        self._journal.sources = list(sources)

    def _paused(self) -> None:
        """Keep a checkpoint at an accepted point, if one is wanted and SimPy has lived through all until then."""
        if self._within:
            return
        time = self._integrator.time
        wanted = self._due is not None and self._due(time)
        if not wanted and not 0 < self._every <= self._since:
            return
        self.latest = self.checkpoint()
        self._since = 0
        if wanted and self._take is not None:
            self._take(self.latest)

    def _take_samples(self, block: Samples) -> None:
        self._since += len(block.time)
        if self._samples is not None:
            self._samples(block)


class Watch(NamedTuple):
    """A guard that processes may wait for, as the journal names it."""

    guard: str
    direction: str
    kind: str = "stop"
    path: str = ""
    value: float = math.nan
    name: str = ""


def _watches(world: World, plant: Any) -> list[tuple[str, str]]:
    """Give the guards that processes may wait for: those that the scenario names; for Python all that there are."""
    if not world.free:
        return world.guards
    return [(name, how) for name in plant.guard_names for how in ("falls", "rises")]


def _index(plant: Any, kind: Does, path: str) -> int:
    """Place in p of a parameter, or number of an impulse."""
    return int(plant.impulse(path) if kind is Does.FIRE else plant.parameter(path)[0])


def _integrator(method: str) -> Any:
    """Give the class that integrates with a method."""
    if method.startswith("cvode"):
        from twin.integrate.cvode import Cvode

        return Cvode
    from twin.integrate.integrator import Integrator

    return Integrator
