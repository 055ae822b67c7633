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
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.integrate import tables as at
from twin.integrate.allocate import Event, Kind, foreseen_by
from twin.integrate.integrator import Samples
from twin.integrate.outcome import Ending
from twin.quantity import Array
from twin.schedule import memory
from twin.schedule.driving import KINDS, Driving, Watch, index_of, limits_of, watch_row, watches_of
from twin.schedule.instants import Checkpoint as Checkpoint
from twin.schedule.instants import Instant as Instant
from twin.schedule.journal import Journal, Take
from twin.schedule.memory import Remembers
from twin.schedule.records import Records
from twin.schedule.segments import run_end
from twin.schedule.table import Table
from twin.schedule.timetable import Action, Timetable
from twin.schedule.timetable import Kind as Does
from twin.schedule.world import PythonProcess, World, every_step

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec
    from twin.control.estimation.estimator import Estimator
    from twin.control.predictive.controller import Predictive


class Simulation(Driving):
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
    states : array of int, optional
        States that samples hold; all unless given.
    samples : callable
        Receives blocks of samples.
    events : callable
        Receives what fired, and both sides of each instant.
    checkpoint_every : int
        Keep the latest checkpoint in memory, a new one after about so many samples; 0 for none.
    processes : sequence of callable
        SimPy processes in Python beside those of the scenario.
    every : float, optional
        Seconds between samples, in place of the scenario's; 0 for none.
    integrator : callable, optional
        Given plant and settings, gives what integrates, in place of the class of the scenario's method.
    """

    def __init__(
        self,
        scenario: ScenarioSpec,
        plant: Any,
        *,
        table: bool = True,
        record: Array | Sequence[int] = (),
        states: Array | None = None,
        samples: Callable[[Samples], None] | None = None,
        events: Take | None = None,
        checkpoint_every: int = 0,
        processes: Sequence[PythonProcess] = (),
        every: float | None = None,
        integrator: Callable[..., Any] | None = None,
    ) -> None:
        self.plant, self.table = plant, table
        self.estimators, self.predictive = _estimators(scenario), _predictive(scenario)
        for one in self.predictive:
            one.simulation = self
        # what estimates comes before what takes its estimates
        processes = (*processes, *(e.process for e in self.estimators), *(one.process for one in self.predictive))
        self.end = run_end(scenario)
        self.latest: Checkpoint | None = None
        self._samples, self._every, self._since = samples, checkpoint_every, 0
        self._due: Callable[[float], bool] | None = None
        self._take: Callable[[Checkpoint], None] | None = None
        self._stopping = self._within = False
        self._history: list[Instant] = []
        self._timetable = Timetable(scenario.events, scenario.latches, self.end)
        self._world = World(scenario, self.end, processes)
        self._watches = watches_of(self._world, plant)
        self._limits = limits_of(plant)
        self._ends = [] if scenario.ends is None else [scenario.ends.key]
        self._states = states
        self._record = {int(place): i for i, place in enumerate(record)}
        watches = [watch_row(plant, key)._replace(armed=False) for key in self._watches]
        ends = [watch_row(plant, key) for key in (*self._limits, *self._ends)]
        watched = (Watch(*key) for key in (*self._watches, *self._limits, *self._ends))
        self._journal = Journal([*scenario.latches, *watched], events)
        latches = [
            watch_row(plant, (latch.guard, latch.direction))._replace(
                index=index_of(plant, Does(latch.kind), latch.path), value=latch.value, kind=KINDS[Does(latch.kind)]
            )
            for latch in scenario.latches
        ]
        rows = self._run_ahead(self._timetable if table else Timetable(scenario.events, scenario.latches, self.end))
        # known to the matrix in advance, whichever drives them: the same bits
        foreseen = foreseen_by([row for row, _ in rows], latches)
        changes = [(step.kind, path, value) for step in every_step(scenario) for path, value in step.changes]
        foreseen += [(index_of(plant, Does(kind), path), value) for kind, path, value in changes if kind != "fire"]
        if not table:
            latches = [latch._replace(index=-1, value=math.nan) for latch in latches]
        self._static = len(latches)
        self._table = Table(rows if table else [], whole=self._world.empty)
        first, self._journal.sources = self._table.open(math.inf) if self._world.empty else ([], [])
        self._integrator = (integrator or integrator_of(scenario.method))(
            plant,
            method=scenario.method,
            rtol=scenario.rtol,
            seed=scenario.seed,
            scans=scenario.scans,
            events=first,
            latches=[*latches, *watches, *ends],
            foreseen=foreseen,
            record=record,
            states=states,
            every=scenario.record_every if every is None else every,
            samples=self._take_samples,
            fired=self._journal.collect,
            pause=self._paused,
        )
        for estimator in self.estimators:
            estimator.attach(self)

    @property
    def integrator(self) -> Any:
        """What advances the plant."""
        return self._integrator

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

    @property
    def _remembering(self) -> list[Remembers]:
        return [*self.estimators, *self.predictive]

    def records(self) -> Records:
        """Give the Gantt chart and the log of resources; what still goes on ends now."""
        self._world.records.close(self._integrator.time)
        return self._world.records

    def checkpoint(self) -> Checkpoint:
        """Copy all that continuing needs; between two calls of `run`, and from `keep`, only."""
        time, counts = self._integrator.time, (self._journal.timed, self._journal.unreported)
        state = {**self._integrator.state(), **self._table.state()}
        for one in self._remembering:
            state |= memory.under(one.name, one.memory())
        return Checkpoint(time, state, tuple(self._history), counts, self._journal.at(time))

    def resume(self, checkpoint: Checkpoint) -> None:
        """Continue from a checkpoint of the same scenario, plant and settings.

        SimPy's processes are replayed against the recorded instants; the plant is not. What the scenario has
        planned for after the checkpoint may differ: that is a fork.
        """
        for one in self._remembering:
            one.recall(memory.of(one.name, checkpoint.state))
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
                kind = Kind.RESTORE if action.kind is Does.RESTORE else KINDS[action.kind]
                rows.append((self._event(action)._replace(kind=kind), action))
        return rows

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


def _estimators(scenario: ScenarioSpec) -> list[Estimator]:
    """Give the filters, whose libraries nobody else needs."""
    if not scenario.estimators:
        return []
    from twin.control.estimation.estimator import estimators_of

    return estimators_of(scenario)


def _predictive(scenario: ScenarioSpec) -> list[Predictive]:
    """Give the predictive controllers, whose libraries nobody else needs."""
    if not scenario.predictive:
        return []
    from twin.control.predictive.controller import controllers_of

    return controllers_of(scenario)


def integrator_of(method: str, sides: bool = True) -> Any:
    """Give the class that integrates with a method.

    Without `sides` of events, which nobody then asks for, blocks need not keep their steps; no other method keeps any.
    """
    if method.startswith("cvode"):
        from twin.integrate.cvode import Cvode

        return Cvode
    if method == "multirate":
        from twin.integrate.multirate import Multirate, WithoutSides

        return Multirate if sides else WithoutSides
    from twin.integrate.integrator import Integrator

    return Integrator
