"""How SimPy and the compiled loop take turns: with the table, or instant by instant; both give the same bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from twin.integrate.allocate import Event, Kind, Latch
from twin.integrate.integrator import Samples
from twin.integrate.outcome import Ending, Outcome
from twin.quantity import Array
from twin.schedule.errors import ScheduleError
from twin.schedule.instants import Instant
from twin.schedule.journal import Journal
from twin.schedule.table import Table
from twin.schedule.timetable import Action, Timetable
from twin.schedule.timetable import Kind as Does
from twin.schedule.world import World

#: What each action is in the compiled loop.
KINDS = {
    Does.SET: Kind.SET,
    Does.RAMP: Kind.RAMP,
    Does.HOLD: Kind.SET,
    Does.RESTORE: Kind.SET,
    Does.FIRE: Kind.FIRE,
}


class Driving:
    """The part of a simulation that lives through instants; `Simulation` makes what it works on."""

    plant: Any
    end: float
    _integrator: Any
    _timetable: Timetable
    _world: World
    _table: Table
    _journal: Journal
    _history: list[Instant]
    _watches: list[tuple[str, str]]
    _limits: list[tuple[str, str]]  #: guards at which a model ends
    _ends: list[tuple[str, str]]  #: conditions at which the scenario does
    _states: Array | None  #: those that are recorded; None for all
    _record: dict[int, int]  #: place among the recorded numbers, by place in w
    _static: int  #: latches of the scenario
    _stopping: bool
    _within: bool

    def _event(self, action: Action) -> Event:
        index = index_of(self.plant, action.kind, action.path)
        ramp = action.over if action.kind is Does.RAMP else 0.0
        return Event(action.time, KINDS[action.kind], index, action.value, ramp)

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
            beyond = self._beyond(ending.time)
            if beyond is not None:
                return beyond
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
                beyond = self._beyond(ending.time)
                if beyond is not None:
                    return beyond
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

    def _beyond(self, time: float) -> Ending | None:
        """Give the end of the run where a guard of a model's limit has been crossed, or what the scenario ends at."""
        for key in self._journal.stopped:
            if key in self._ends:
                last = self._journal.last
                assert last is not None
                self._take_samples(last if self._states is None else last._replace(y=last.y[:, self._states]))
                return Ending(Outcome.FINISHED, time)
            if key in self._limits:
                return Ending(Outcome.MODEL_LIMIT, time, cause=limit_reached(self.plant, key[0], self._integrator.y))
        return None

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
        place = place_of(self.plant, what)
        if place not in self._record:
            raise KeyError(f"'{what}' is no tag that is recorded: a process cannot read it")
        return float(self._journal.returned[self._record[place]])

    def _close_window(self) -> None:
        self._table.close(self._integrator.fired_rows, self._integrator.olds)

    def _schedule(self, rows: Sequence[Event], sources: Sequence[Action | None]) -> None:
        self._integrator.schedule(rows)
        self._journal.sources = list(sources)

    def _paused(self) -> None:
        """Keep a checkpoint, if one is wanted."""
        raise NotImplementedError

    def _take_samples(self, block: Samples) -> None:
        """Hand on samples."""
        raise NotImplementedError


class Watch(NamedTuple):
    """A guard that processes may wait for, as the journal names it."""

    guard: str
    direction: str
    kind: str = "stop"
    path: str = ""
    value: float = math.nan
    name: str = ""


def watches_of(world: World, plant: Any) -> list[tuple[str, str]]:
    """Give what processes may wait for: guards and tags that the scenario names; for Python all guards there are."""
    if not world.free:
        return [*world.guards, *world.tags]
    return [*((name, how) for name in plant.guard_names for how in ("falls", "rises")), *world.tags]


def limits_of(plant: Any) -> list[tuple[str, str]]:
    """Give the guards that end a run where they rise above zero."""
    return [(f"{node.name}.{f.name}", "rises") for node in plant.nodes for f in node.model.guards if f.limit]


def limit_reached(plant: Any, path: str, y: np.ndarray) -> str:
    """Say which limit it is, and where the unit's single states are."""
    owner, _, name = path.rpartition(".")
    meaning = next(f.meaning for node in plant.nodes if node.name == owner for f in node.model.guards if f.name == name)
    states = [c for c in plant.columns if c.kind == "state" and c.vector == "y" and c.owner == owner and not c.shape]
    where = ", ".join(f"{c.path} is {y[c.offset]:.5g} {c.field.unit}" for c in states)
    return f"{path} rises above zero ({meaning})" + (f"; {where}." if where else ".")


def watch_row(plant: Any, key: tuple[str, str]) -> Latch:
    """Give the row of the loop that stops at (guard, "falls") or (tag, "> 5.0")."""
    path, how = key
    if how in ("falls", "rises"):
        return Latch(plant.guard_names.index(path), 1 if how == "rises" else -1, value=math.nan)
    sign, _, text = how.partition(" ")
    up, limit = sign.startswith(">"), float(text)
    # `>=` holds at the limit itself, at which the sign says nothing: the number before it stands for it
    if "=" in sign:
        limit = math.nextafter(limit, -math.inf if up else math.inf)
    return Latch(-1, 1 if up else -1, value=math.nan, tag=place_of(plant, path), limit=limit)


def place_of(plant: Any, tag: str) -> int:
    """Place in w of a tag.

    Raises
    ------
    KeyError
        When the plant has no such number.
    """
    for column in plant.columns:
        if column.path == tag and column.vector == "w":
            return int(column.offset)
    raise KeyError(f"'{tag}' is no tag that is recorded: a process cannot read it")


def index_of(plant: Any, kind: Does, path: str) -> int:
    """Place in p of a parameter, or number of an impulse."""
    return int(plant.impulse(path) if kind is Does.FIRE else plant.parameter(path)[0])
