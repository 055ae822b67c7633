"""What a process can do: to the plant, to the clock, to shared resources. Steps in YAML and processes in Python use it.

Methods that take plant time are generators, to be used with `yield from`:

    def purge(me):
        with (yield from me.request({"operator": 1})):
            with me.block("phase", "purge"):
                me.set("pump.speed", 2.0)
                yield from me.wait(600.0)
                level = yield from me.read("tank.level")
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import simpy

from twin.config.process_spec import ConditionSpec, FaultSpec
from twin.schedule.pool import Request
from twin.schedule.records import Bar
from twin.schedule.timetable import Action, Kind

if TYPE_CHECKING:
    from twin.schedule.world import World

#: What a generator of a process yields, is sent, and gives.
Steps = Generator[simpy.Event, Any, Any]


class Grant:
    """Resources held: leave the `with` block to give them back."""

    def __init__(self, world: World, request: Request) -> None:
        self._world, self._request = world, request

    def __enter__(self) -> Grant:
        return self

    def __exit__(self, *_: object) -> None:
        self._world.pool.release(self._request)


class Task:
    """One thread of a process: its SimPy process, and those that it waits for."""

    def __init__(self) -> None:
        self.process: simpy.Process | None = None
        self.children: list[Task] = []
        self.watched = False  #: whether a handler may cut it short

    @property
    def alive(self) -> bool:
        return self.process is None or self.process.is_alive

    def cut(self, why: str) -> None:
        """Interrupt it, if it still goes on."""
        if self.process is not None and self.process.is_alive:
            self.process.interrupt(why)


class Actor:
    """Acts for one process (or one branch of it).

    Parameters
    ----------
    world : World
    task : Task
    process : str
        Name of the process.
    place : int
        Its place among the processes, by priority and file: decides ties.
    priority : int
        Of its requests.
    path : tuple of str
        Names of the blocks around.
    parent : int
        Number of the bar around; -1 for none.
    """

    def __init__(
        self, world: World, task: Task, process: str, place: int, priority: int, path: tuple[str, ...], parent: int = -1
    ) -> None:
        self.world, self.task, self.process = world, task, process
        self.place, self.priority, self.path, self.parent = place, priority, path, parent

    @property
    def now(self) -> float:
        """Plant time, in s."""
        return float(self.world.clock.now)

    @property
    def where(self) -> str:
        """Process and blocks around, as causes name them."""
        return " / ".join(self.path)

    def wait(self, seconds: float) -> Steps:
        """Wait.

        Raises
        ------
        ValueError
            When time would go backwards.
        """
        yield self.world.after(Fraction(seconds), self.place)

    def wait_till(self, time: float) -> Steps:
        """Wait for a plant time [s]; goes on at once when it has passed."""
        if Fraction(time) > Fraction(self.world.clock.now):
            yield self.world.after(Fraction(time) - Fraction(self.world.clock.now), self.place)

    def wait_until(self, condition: ConditionSpec | str, timeout: float | None = None) -> Steps:
        """Wait for a condition; says whether it came true before the timeout [s].

        A text reads "unit.guard falls" or "unit.guard rises"; for a tag give a ConditionSpec, or `read` it yourself.
        Crossings are located by the solver, but for tags with `every`: they are looked at so often.
        """
        if isinstance(condition, str):
            path, _, how = condition.partition(" ")
            condition = ConditionSpec("guard", path, how, text=condition)
        limit = None if timeout is None else self.world.after(Fraction(timeout), self.place)
        if condition.kind == "tag" and condition.holds((yield from self.read(condition.path))):
            return True
        if condition.located:
            crossed = self.world.crossing(condition)
            try:
                yield crossed if limit is None else crossed | limit
            finally:
                self.world.forget(condition, crossed)
            return bool(crossed.triggered)
        end = None if timeout is None else Fraction(self.world.clock.now) + Fraction(timeout)
        every = Fraction(condition.every or 0.0)
        while True:
            now = Fraction(self.world.clock.now)
            if end is not None and now >= end:
                return False
            yield self.world.after(every if end is None else min(every, end - now), self.place)
            if condition.holds((yield from self.read(condition.path))):
                return True

    def read(self, tag: str) -> Steps:
        """Give the value of a measurement at this instant, after what has been set."""
        value: float = yield self.world.question(tag)
        return value

    def set(self, path: str, value: float, name: str = "") -> None:
        """Set a parameter (SI)."""
        self._act(Kind.SET, path, value, 0.0, name)

    def fire(self, path: str, value: float = 1.0, name: str = "") -> None:
        """Fire an impulse."""
        self._act(Kind.FIRE, path, value, 0.0, name)

    def ramp(self, path: str, value: float, over: float, name: str = "") -> None:
        """Begin a ramp, which the plant goes on with by itself."""
        self._act(Kind.RAMP, path, value, over, name)

    def hold(self, changes: Mapping[str, float], seconds: float, name: str = "") -> Steps:
        """Set values for a time, and put back what was there before; also when cut short."""
        actions = [self._act(Kind.HOLD, path, value, seconds, name) for path, value in changes.items()]
        found = []
        for action in actions:
            self.world.begin_hold(action)
        try:
            for action in actions:
                found.append((yield self.world.question(action)))
            yield from self.wait(seconds)
        finally:
            for action, old in reversed(list(zip(actions, found, strict=False))):
                self.world.end_hold(action)
                cause = f"{action.cause}: end of hold"
                self.world.act(Action(self.now, Kind.RESTORE, action.path, old, 0.0, cause, self.place))

    def request(
        self, amounts: Mapping[str, int] | Sequence[str], priority: int | None = None, timeout: float | None = None
    ) -> Steps:
        """Ask for resources; gives a :class:`Grant` for `with`, or None after the timeout.

        Raises
        ------
        KeyError
            When there is no such resource.
        ValueError
            When more is asked for than there ever is.
        """
        wanted = dict(amounts) if isinstance(amounts, Mapping) else dict.fromkeys(amounts, 1)
        pool = self.world.pool
        for name, count in wanted.items():
            if count > pool.most[name]:
                raise ValueError(f"{count} of '{name}' are asked for, but there are never more than {pool.most[name]}")
        rank = self.priority if priority is None else priority
        patient = timeout is None and not self.task.watched
        request = pool.request(wanted, rank, self.place, self.task, self.where, patient)
        limit = None if timeout is None else self.world.after(Fraction(timeout), self.place)
        try:
            yield request.event if limit is None else request.event | limit
        except BaseException:
            pool.release(request)
            raise
        if not request.granted:
            pool.release(request)
            return None
        return Grant(self.world, request)

    @contextlib.contextmanager
    def block(self, level: str, name: str, unit: str = "", fault: FaultSpec | None = None) -> Iterator[Bar]:
        """Draw a bar in the Gantt chart for as long as the `with` block lasts."""
        bars, path, parent = self.world.records.bars, self.path, self.parent
        self.path = (*path, name)
        bar = Bar(level, name, self.where, self.process, parent, unit, self.now, fault=fault)
        self.parent = len(bars)
        bars.append(bar)
        try:
            yield bar
            bar.outcome = bar.outcome or "done"
        except simpy.Interrupt:
            bar.outcome = "left"
            raise
        except BaseException:
            bar.outcome = bar.outcome or "failed"
            raise
        finally:
            if not self.world.records.closed:
                bar.end = self.now
            self.path, self.parent = path, parent

    def start(self, steps: Any, name: str = "", watched: bool = False) -> Task:
        """Begin a branch: a function of an actor that gives a generator; `join` waits for it."""
        task = Task()
        task.watched = watched or self.task.watched
        path = (*self.path, name) if name else self.path
        actor = Actor(self.world, task, self.process, self.place, self.priority, path, self.parent)
        self.world.launch(task, steps(actor))
        self.task.children.append(task)
        return task

    def join(self, tasks: Sequence[Task]) -> Steps:
        """Wait until all of these have ended; cut short, it cuts them short."""
        try:
            yield self.world.clock.all_of([task.process for task in tasks if task.process is not None])
        finally:
            for task in tasks:
                task.cut("its process was cut short")
                self.task.children.remove(task)

    def stop(self, why: str) -> None:
        """End the run here."""
        self.world.stop(why, self.where)

    def _act(self, kind: Kind, path: str, value: float, over: float, name: str) -> Action:
        word = name or f"{kind.value} {path}"
        drawn = bool(self.path) and self.path[-1] == word  # the step's own bar says it already
        cause = self.where if drawn else f"{self.where}: {word}" if self.where else word
        action = Action(self.now, kind, path, value, over, cause, self.place)
        self.world.act(action)
        return action
