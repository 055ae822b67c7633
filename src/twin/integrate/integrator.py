"""The native integrator: drives the compiled loop, hands out samples, events and checkpoints."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from twin.cache import digest, stored
from twin.config.spec import SCANS
from twin.integrate import allocate
from twin.integrate import tables as at
from twin.integrate.allocate import Event, Latch, Sizes
from twin.integrate.coupling import Coupling, couple
from twin.integrate.diagnosis import likely_cause, state_name
from twin.integrate.lent import Lent
from twin.integrate.outcome import OF_CODE, Ending, Outcome
from twin.integrate.symbolic import Factors, factors
from twin.integrate.tableaux import METHODS
from twin.jit import call
from twin.plant import tables_folder
from twin.plant.discrete import seed_of
from twin.plant.evaluate import JacobianTables
from twin.plant.handles import handed
from twin.plant.jacobian import auxiliaries
from twin.quantity import Array

T = TypeVar("T")

#: Seconds between two looks at the progress of a run in another thread.
POLL = 0.1
#: The compiled loop, and the one for plants with units by the clock.
LOOP, LOOP_OVER_SCANS = "twin.integrate.loop", "twin.integrate.overloop"
#: Steps after which the loop returns to Python when somebody wants to pause: it changes no bit.
PAUSE_STEPS = 128
#: Orders of elimination that are kept in memory, with the pattern that each is of.
ORDERS = 64
_orders: dict[int, tuple[Array, Factors]] = {}
_turn = threading.Lock()


def order_of(jacobian: JacobianTables, n_y: int) -> Factors:
    """Give the order of elimination of a matrix; many runs of a plant share its tables, and what is found for them."""
    pattern, column = jacobian.pattern, jacobian.column
    kept = _orders.get(id(pattern))
    if kept is None or kept[0] is not pattern:
        path = tables_folder() / f"order_{digest(pattern, column, n_y)}.npz"
        kept = pattern, Factors(**stored(path, lambda: factors(pattern, column, n_y)._asdict()))
        with _turn:
            if len(_orders) >= ORDERS:
                del _orders[next(iter(_orders))]
            _orders[id(pattern)] = kept
    return kept[1]


class Samples(NamedTuple):
    """A block of samples, n rows."""

    time: Array  #: [n]
    y: Array  #: [n, states recorded]
    w: Array  #: [n, recorded]
    q: Array  #: [n, n_q]


class Fired(NamedTuple):
    """A block of fired events, n rows; [:, 0] is just before, [:, 1] just after."""

    log: Array  #: [n, 5] time, source (0 table, 1 latch), row, old value, new value
    y: Array  #: [n, 2, n_y]
    w: Array  #: [n, 2, recorded]
    q: Array  #: [n, 2, n_q]


def interruptible(work: Callable[[], T], interrupt: Callable[[], None], look: Callable[[], None] | None) -> T:
    """Do `work`; called from the main thread, in a thread of its own, so that Ctrl-C calls `interrupt`.

    `look` is called about ten times a second meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    result: list[Any] = []
    # not Thread.join: interrupted by Ctrl-C it takes the thread for ended (CPython 3.11, bpo-45274)
    done = threading.Event()

    def target() -> None:
        try:
            result.append(work())
        except BaseException as error:  # handed over to the caller's thread, raised there
            result.append(error)
        finally:
            done.set()

    threading.Thread(target=target, name="twin-integrate").start()
    while not done.is_set():
        try:
            done.wait(POLL)
            if look is not None:
                look()
        except KeyboardInterrupt:
            interrupt()
    if isinstance(result[0], BaseException):
        raise result[0]
    answer: T = result[0]
    return answer


class Integrator:
    """One run of a plant, from its initial state on.

    Parameters
    ----------
    plant : Plant
        A compiled plant.
    method : str
        `rodas4p` or `rodas4p2`.
    rtol : float
        Relative tolerance; the absolute one is rtol times each state's nominal value.
    events : sequence of Event
        Timed changes, in order of time.
    latches : sequence of Latch
        Guard crossings that set parameters or stop the run.
    record : array of int
        Places in w that samples hold.
    states : array of int, optional
        States that samples hold; all unless given.
    every : float
        Seconds between samples; 0 for none.
    start : float
        Plant time of the first step and the first sample.
    max_step : float
        Largest step, in s.
    max_steps : int
        Steps after which the run is given up.
    seed : int
        Of the random numbers that scans draw: each unit has a stream of its own, by its name.
    scans : str
        What steps do at the scans of controllers, transmitters and valves: those of `exact` end there, and keep their
        matrix from one to the next where the plant is slow (`kept.py`), `relaxed` goes over many (`scans.py`).
    foreseen : sequence of (place in p, value), optional
        Changes of parameters to come: what they bring into the plant is in the Newton matrix from the start.
        Those of `events` and `latches` unless given.
    absent : array [n_y] of bool, optional
        States that are zero for good, where that is known; else they are found by probing.
    samples, fired : callable
        Receive blocks of :class:`Samples` and :class:`Fired` (copies) as buffers fill.
    pause : callable
        Called now and then at accepted points, all samples and events handed over: `state` may be asked for then.
    """

    #: modules of the compiled loop, and of the one that does more at scans than to end a step there
    loop, loop_over_scans = LOOP, LOOP_OVER_SCANS
    #: part of the tolerance that a step from scan to scan with a kept matrix may take; 0 where there are none such
    keeps = 0.1
    #: quadratures by which what other blocks are fed is booked, stream by stream
    booked: Sequence[Array] = ()
    #: states and parameters as the last call left them
    _left: tuple[Array, Array] | None = None

    def __init__(self, plant: Any, **settings: Any) -> None:
        self._lent = Lent()
        self._handed: tuple[Any, ...] = ()
        self.begin(plant, **settings)

    def begin(
        self,
        plant: Any,
        *,
        method: str = "rodas4p",
        rtol: float = 1e-6,
        events: Sequence[Event] = (),
        latches: Sequence[Latch] = (),
        record: Array | Sequence[int] = (),
        states: Array | Sequence[int] | None = None,
        every: float = 0.0,
        start: float = 0.0,
        max_step: float = np.inf,
        max_steps: int = 10_000_000,
        seed: int = 0,
        scans: str = SCANS[0],
        foreseen: Sequence[tuple[int, float]] | None = None,
        absent: Array | None = None,
        samples: Callable[[Samples], None] | None = None,
        fired: Callable[[Fired], None] | None = None,
        pause: Callable[[], None] | None = None,
    ) -> None:
        """Begin a run, as a new integrator with these parameters would, to the bit; one under way is forgotten.

        What was allocated for the run before serves this one where it has the same sizes: many runs of a plant with
        other numbers in it are the quicker for it.
        """
        self._lent.back()
        self._left = None
        keep = self.keeps > 0.0 and scans == SCANS[0] and bool(plant.discrete.by_clock.any())
        self._plain = scans == SCANS[0] and not keep
        self._loop = importlib.import_module(self.loop if self._plain else self.loop_over_scans)
        self.plant = plant
        self.samples, self.fired, self._pause = samples, fired, pause
        self.wall = 0.0
        self._sizes = Sizes.of(plant.tables)
        #: where steps go over scans, what these read is unknown in the Newton matrix, too
        self._relaxed = scans == SCANS[1] and len(plant.discrete.acting) > 0
        self._read = tuple(plant.discrete.wires.tolist()) if self._relaxed else ()
        if self._relaxed:
            self._sizes = replace(self._sizes, n_aux=len(self._auxiliaries()))
        self._tables = plant.watching(latch.guard for latch in latches if latch.tag < 0)
        self._method = METHODS[method]()
        self._atol = rtol * plant.nominal
        self._latches = tuple(latches)
        self._events = allocate.event_rows(events, self._lent)
        self._latch_rows = allocate.latch_rows(self._lent, latches, self._sizes.n_g, plant.giving)
        seeds = self._lent.holding([seed_of(seed, name) for name in plant.scanned])
        self._discrete = plant.discrete._replace(seed=seeds)
        wires = len(self._discrete.wires)
        self._memory = allocate.memory(self._lent, self._sizes, self._events, latches, len(seeds), wires, keep)
        self._memory.scan[:, at.SCAN_NEXT] = start
        self._memory.y[:] = plant.y0
        self._memory.p[:] = plant.p0
        self._memory.resume[at.T] = start
        self._memory.resume[at.WINDOW_START] = -np.inf
        if foreseen is None:
            foreseen = allocate.foreseen_by(events, latches)
        self._memory.absent[plant.absent(foreseen) if absent is None else absent] = 1.0
        self._leave_out(self._memory.absent != 0.0)
        index = np.asarray(record, dtype=np.int64)
        y_index = np.arange(self._sizes.n_y) if states is None else np.asarray(states, dtype=np.int64)
        calls = plant.giving(index.tolist())
        self._recorder = allocate.recorder(self._lent, self._sizes, y_index, index, calls, len(latches))
        self._control = allocate.control(
            self._lent,
            rtol=rtol,
            h_max=max_step,
            sample_start=start,
            sample_every=every,
            time_dependent=float(plant.time_dependent),
            max_steps=max_steps,
            relaxed=float(scans == SCANS[1]),
            keep=self.keeps if keep else 0.0,
        )

    def _auxiliaries(self) -> dict[int, int]:
        """Number the auxiliaries, where scans read some."""
        plant = self.plant
        found: dict[int, int] = plant.kept(
            ("auxiliaries", self._read), lambda: auxiliaries(list(plant.nodes), plant.n_w, self._read)
        )
        return found

    def _leave_out(self, absent: Array) -> None:
        """Use tables without rows and columns of these states, [n_y] bool."""
        plant = self.plant
        if not self._relaxed:
            self._use(plant.jacobian_without(absent))
            return

        def make() -> tuple[JacobianTables, Coupling]:
            tables = plant.jacobian_without(absent, self._read)
            return couple(tables, plant.discrete, self._auxiliaries(), plant.nominal)

        self._use(*plant.kept(("coupled", absent.tobytes(), plant.nominal.tobytes()), make))

    def _use(self, jacobian: JacobianTables, coupling: Coupling | None = None) -> None:
        """Order the matrix of these tables, and allocate what it needs."""
        self.jacobian = jacobian
        self._factors = known = order_of(jacobian, self._sizes.n_y)
        tags = len(self._latch_rows.tag)
        self._work = allocate.work(self._lent, self._sizes, jacobian, self._factors, self._method, self._atol, tags)
        self._memory = self._memory._replace(there=self._lent.zeros(len(jacobian.column), np.int64))
        self._over: tuple[at.Over, ...] = ()
        if not self._plain:
            rates, keep = self._tables.rates, self._memory.kept.shape[1] > 0
            given = self._lent, self._sizes, self._discrete, rates, jacobian, known, keep
            self._over = (allocate.over_scans(*given, self.booked, coupling),)

    def _revive(self) -> None:
        """A state that was taken for absent has come alive: what it reaches gets rows and columns, too."""
        memory = self._memory
        memory.absent[:] = self.plant.absent_from(memory.y, memory.p, memory.absent != 0.0)
        self._leave_out(memory.absent != 0.0)

    @property
    def time(self) -> float:
        """Plant time of the last accepted point, in s."""
        return float(self._memory.resume[at.T])

    @property
    def y(self) -> Array:
        """States at the last accepted point; may be changed between calls."""
        return self._memory.y

    @property
    def q(self) -> Array:
        """Quadratures at the last accepted point."""
        return self._memory.q

    @property
    def p(self) -> Array:
        """Parameters as events left them; may be changed between calls (see `set`)."""
        return self._memory.p

    @property
    def progress(self) -> tuple[float, int]:
        """Plant time and steps so far: may be read from another thread while the run goes on."""
        return float(self._control.progress[0]), int(self._control.status[at.STEPS])

    @property
    def statistics(self) -> dict[str, int]:
        """Counts so far; `observed` are right-hand sides for samples and event records."""
        names: tuple[str, ...] = (
            "steps",
            "rejected",
            "rhs",
            "jacobians",
            "lu",
            "solves",
            "events",
            "firings",
            "observed",
            "scans",
        )
        if self._control.settings[at.RELAXED] != 0.0:
            names += ("over", "sweeps", "hold_error", "ripple")
        if self._control.settings[at.KEEP] != 0.0:
            names += ("kept",)
        return {name: int(self._control.status[getattr(at, name.upper())]) for name in names}

    def set(self, index: int, value: float) -> None:
        """Set a parameter between two calls; a ramp of it under way ends."""
        ramp, n = self._memory.ramp, int(self._memory.resume[at.N_RAMPS])
        kept = [i for i in range(n) if int(ramp[i, at.RAMP_INDEX]) != index]
        ramp[: len(kept)] = ramp[kept]
        self._memory.resume[at.N_RAMPS] = len(kept)
        self._memory.p[index] = value

    def schedule(self, events: Sequence[Event]) -> None:
        """Put a new event table in place of the old one; rows before the present time fire at once."""
        self._events = allocate.event_rows(events)
        self._memory = self._memory._replace(old=np.zeros(len(events)))
        self._memory.resume[at.NEXT_ROW] = 0.0

    @property
    def fired_rows(self) -> int:
        """Rows of the event table that have fired."""
        return int(self._memory.resume[at.NEXT_ROW])

    @property
    def olds(self) -> Array:
        """What each row of the event table found that has fired."""
        return self._memory.old

    def old(self, row: int) -> float:
        """What a row of the event table found."""
        return float(self._memory.old[row])

    def arm(self, row: int, armed: bool) -> None:
        """Let a latch fire from now on, or not; one that waits for a tag fires at once where the limit is passed."""
        self._memory.armed[row] = 1.0 if armed else 0.0
        guard = int(self._latch_rows.guard[row])
        if armed and guard >= self._sizes.n_g:
            self._memory.side[guard] = -float(self._latch_rows.direction[row])

    def interrupt(self) -> None:
        """Ask a run in another thread to stop at its next accepted point."""
        self._control.status[at.INTERRUPT] = 1

    def advance(
        self,
        until: float,
        *,
        progress: Callable[[float], None] | None = None,
        step_budget: int = 0,
    ) -> Ending:
        """Integrate to `until`, or to where Python must decide.

        The loop runs in a thread of its own without the GIL when called from the main thread, so
        that Ctrl-C stops it at an accepted point.

        Parameters
        ----------
        until : float
            Plant time to reach, in s.
        progress : callable
            Called about ten times a second with the plant time reached.
        step_budget : int
            Return to Python after so many steps (and go on at once): changes no bit; for tests.
        """
        self._look_for_changes()
        self._control.settings[at.T_END] = until
        self._control.status[at.INTERRUPT] = 0
        uncut = np.iinfo(np.int64).max if self._pause is None else PAUSE_STEPS
        self._control.status[at.STEP_BUDGET] = step_budget or uncut
        began = time.perf_counter()
        try:
            while True:
                code = self._call(progress)
                self._drain()
                if code == at.REVIVED:
                    self._revive()
                elif code != at.FLUSH:
                    return self._ending(code)
                elif self._pause is not None and not step_budget:
                    accepted = self._memory.resume[at.H_PENDING] == 0.0
                    self._control.status[at.STEP_BUDGET] = PAUSE_STEPS if accepted else 0
                    if accepted:
                        self._pause()
        finally:
            self.wall += time.perf_counter() - began
            if self._control.settings[at.KEEP] != 0.0:
                self._left = self._memory.y.copy(), self._memory.p.copy()

    def _look_for_changes(self) -> None:
        """Where somebody has changed states or parameters since the last call, what steps have kept tells nothing."""
        memory, left, self._left = self._memory, self._left, None
        if left is None or (np.array_equal(left[0], memory.y) and np.array_equal(left[1], memory.p)):
            return
        memory.resume[at.KEPT_FROM] = -np.inf

    def _run(self) -> int:
        """Call the compiled loop."""
        tables = (
            self._tables,
            self.jacobian,
            self._factors,
            self._method,
            self._events,
            self._latch_rows,
            self._discrete,
            self._memory,
            self._work,
            self._control,
            self._recorder,
            *self._over,
        )
        self._handed = handed(tables, self._handed if len(self._handed) == len(tables) else ())
        return call(self._loop.run, *self._handed)

    def _call(self, progress: Callable[[float], None] | None) -> int:
        look = None if progress is None else lambda: progress(self.progress[0])
        return interruptible(self._run, self.interrupt, look)

    def _drain(self) -> None:
        status, buffer = self._control.status, self._recorder
        n = int(status[at.SAMPLES_HELD])
        if n and self.samples is not None:
            self.samples(Samples(*(a[:n].copy() for a in (buffer.time, buffer.y, buffer.w, buffer.q))))
        status[at.SAMPLES_HELD] = 0
        n = int(status[at.EVENTS_HELD])
        if n and self.fired is not None:
            self.fired(Fired(*(a[:n].copy() for a in (buffer.log, buffer.event_y, buffer.event_w, buffer.event_q))))
        status[at.EVENTS_HELD] = 0

    def _ending(self, code: int) -> Ending:
        outcome, status = OF_CODE[code], self._control.status
        with_row = outcome in (Outcome.EVENT, Outcome.GUARD, Outcome.EVENT_BROKE, Outcome.CHATTERING)
        row = int(status[at.ROW]) if with_row else -1
        if not outcome.failed:
            return Ending(outcome, self.time, row)
        place = int(status[at.WORST])
        if outcome is Outcome.GUARD_NOT_A_NUMBER:
            return Ending(outcome, self.time, row, cause=f"The guard is {self.plant.guard_names[place]}.")
        cause = likely_cause(self.plant, outcome, self.time, self.y, self.p, place)
        return Ending(outcome, self.time, row, state_name(self.plant, place), cause)

    def state(self) -> dict[str, Array]:
        """Everything that a checkpoint must hold, copied; `restore` continues it to the same bits."""
        self._look_for_changes()
        held = {name: array.copy() for name, array in self._memory._asdict().items()}
        return {**held, "status": self._control.status.copy()}

    def restore(self, state: dict[str, Array]) -> None:
        """Continue from a checkpoint of a run with the same plant, events, latches and settings.

        Raises
        ------
        ValueError
            When an array of the checkpoint has another length than this run's.
        """
        memory = self._memory._asdict()
        del memory["there"]  # as long as the present tables ask for, which absent states decide
        for name, array in [*memory.items(), ("status", self._control.status)]:
            if state[name].shape != array.shape:
                raise ValueError(f"checkpoint: {name} has shape {state[name].shape}, this run needs {array.shape}")
        self._left = None
        for name, array in [*memory.items(), ("status", self._control.status)]:
            array[...] = state[name]
        self._control.status[[at.INTERRUPT, at.SAMPLES_HELD, at.EVENTS_HELD]] = 0
        for over in self._over:
            over.valid[:] = 0.0
        if not np.array_equal(np.flatnonzero(self._memory.absent), self.jacobian.absent):
            self._leave_out(self._memory.absent != 0.0)
        self._memory.there[...] = state["there"]
        self._work.is_packed[0] = 0.0
