"""Shared resources: granted in order of priority, time and place in the file, all of a request at once.

A request that can be served is served: none waits for a resource that is free because one before it
wants more than there is. Requests of one instant are looked at together, when all processes have
lived through it, so that the order in which SimPy woke them decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import simpy

from twin.config.process_spec import ResourceSpec
from twin.schedule.records import Records, Use


@dataclass(eq=False)
class Request:
    """What a task asks for; its event is triggered when it is granted."""

    amounts: dict[str, int]
    rank: tuple[int, Fraction, int, int]  #: priority, time, process, number
    task: Any
    event: simpy.Event
    uses: list[Use] = field(default_factory=list)
    granted: bool = False
    patient: bool = True  #: waits for as long as it takes


class Pool:
    """Counts what is there and who holds it.

    Parameters
    ----------
    clock : simpy.Environment
    resources : sequence of ResourceSpec
    units : iterable of str
        Held by one procedure at a time.
    records : Records
        Where requests are written down.
    """

    def __init__(
        self, clock: simpy.Environment, resources: Sequence[ResourceSpec], units: Sequence[str], records: Records
    ) -> None:
        self._clock, self._records = clock, records
        self.capacity = {resource.name: resource.capacity for resource in resources}
        self.most = {r.name: max(r.capacity, *(shift.capacity for shift in r.shifts), 0) for r in resources}
        for unit in units:
            self.capacity[f"unit {unit}"] = self.most[f"unit {unit}"] = 1
        self.used = dict.fromkeys(self.capacity, 0)
        self.waiting: list[Request] = []
        self.held: list[Request] = []
        self._number = 0

    def request(
        self, amounts: dict[str, int], priority: int, process: int, task: Any, holder: str, patient: bool
    ) -> Request:
        """Ask for an amount of each; granted when the instant has been lived through."""
        self._number += 1
        now = Fraction(self._clock.now)
        request = Request(amounts, (priority, now, process, self._number), task, self._clock.event(), patient=patient)
        request.uses = [Use(name, count, holder, float(now)) for name, count in amounts.items()]
        self._records.uses += request.uses
        self.waiting.append(request)
        return request

    def release(self, request: Request) -> None:
        """Give back what was granted, or ask no more."""
        if self._records.closed:  # processes that are thrown away after the run
            return
        if request.granted:
            if request not in self.held:
                return
            self.held.remove(request)
            for name, count in request.amounts.items():
                self.used[name] -= count
            for use in request.uses:
                use.released, use.outcome = float(self._clock.now), "released"
        elif request in self.waiting:
            self.waiting.remove(request)
            for use in request.uses:
                use.outcome = "gave up"

    def grant(self) -> bool:
        """Grant what can be granted; says whether anything was."""
        served = []
        for request in sorted(self.waiting, key=lambda request: request.rank):
            if all(self.used[name] + count <= self.capacity[name] for name, count in request.amounts.items()):
                for name, count in request.amounts.items():
                    self.used[name] += count
                request.granted = True
                for use in request.uses:
                    use.granted = float(self._clock.now)
                served.append(request)
        for request in served:
            self.waiting.remove(request)
            self.held.append(request)
            request.event.succeed()
        return bool(served)

    def deadlocked(self, tasks: Sequence[Any]) -> list[Request]:
        """Give the requests that can never be granted, whatever else happens.

        A task can come to its end when its children can, and when what it asks for fits once all
        tasks that can come to their end have given back what they hold.

        Parameters
        ----------
        tasks : sequence
            All that have not ended; each with `children`, the tasks that it waits for. What asks with a time limit,
            or may be cut short by a handler, can come to its end.
        """
        asks = {id(request.task): request for request in self.waiting}
        ends: set[int] = set()
        found = True
        while found:
            found = False
            kept = dict.fromkeys(self.capacity, 0)
            for request in self.held:
                if id(request.task) not in ends:
                    for name, count in request.amounts.items():
                        kept[name] += count
            for task in tasks:
                if id(task) in ends or not all(id(child) in ends for child in task.children if child.alive):
                    continue
                ask = asks.get(id(task))
                if (
                    ask is None
                    or not ask.patient
                    or all(kept[name] + count <= self.most[name] for name, count in ask.amounts.items())
                ):
                    ends.add(id(task))
                    found = True
        return [request for request in self.waiting if id(request.task) not in ends]
