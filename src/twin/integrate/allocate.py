"""Everything that the compiled loop needs, allocated once a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from twin.integrate import tables as at
from twin.integrate.coupling import Coupling, no_coupling
from twin.integrate.elimination import auxiliaries_in_order
from twin.integrate.lent import Lent
from twin.integrate.stairs import COLUMNS
from twin.integrate.symbolic import Factors, factors
from twin.integrate.tableaux import Method, rodas4p
from twin.jit import call
from twin.plant.codes import RATES
from twin.plant.discrete import Discrete, nothing
from twin.plant.evaluate import JacobianTables, PlantTables, buffers, no_plant
from twin.plant.handles import handed
from twin.quantity import Array

#: Numbers held in the sample buffer before Python is asked to take them.
BUFFER = 500_000
#: Samples within a step over scans at which held outputs are kept; of more, scans are replayed once more.
SHOWN = 256


class Kind(IntEnum):
    """What a row of the event table does."""

    SET = at.SET  #: p[index] = value
    RAMP = at.RAMP  #: p[index] goes linearly to value within duration
    ADD = at.ADD  #: y[index] += value, and q[book] += value when book >= 0
    RETURN = at.RETURN  #: Python decides
    ARM = at.ARM  #: latch `index` may fire (value 1) or not (0)
    RESTORE = at.RESTORE  #: p[index] = what row `value` of the table found before it fired
    FIRE = at.FIRE  #: impulse `index` of the plant, given `value`


class Event(NamedTuple):
    """One row of the event table."""

    time: float
    kind: Kind
    index: int = 0
    value: float = 0.0
    duration: float = 0.0
    book: int = -1


class Latch(NamedTuple):
    """A guard crossing in a direction (+1 rises, -1 falls).

    It sets p[index], or fires impulse `index`; -1 stops the loop. Where `tag` is a place in w, it waits for that
    number to pass `limit` instead of for a guard.
    """

    guard: int
    direction: int
    index: int = -1
    value: float = 0.0
    armed: bool = True
    kind: Kind = Kind.SET
    tag: int = -1
    limit: float = 0.0


@dataclass(frozen=True)
class Sizes:
    """Lengths of a plant's vectors."""

    n_y: int
    n_p: int
    n_w: int
    n_q: int
    n_g: int
    n_aux: int

    @classmethod
    def of(cls, tables: PlantTables) -> Sizes:
        return cls(*(int(n) for n in tables.sizes))


def event_rows(events: Sequence[Event], lent: Lent | None = None) -> at.EventRows:
    """Pack events; into memory that is lent, if any is.

    Raises
    ------
    ValueError
        When rows are out of order, or a ramp takes no time.
    """
    for earlier, later in zip(events[:-1], events[1:], strict=True):
        if not earlier.time <= later.time:
            raise ValueError(f"event at {later.time} s stands after one at {earlier.time} s")
    for event in events:
        if event.kind == Kind.RAMP and not event.duration > 0.0:
            raise ValueError(f"the ramp at {event.time} s takes no time: use SET")
    put = (lent or Lent()).holding
    return at.EventRows(
        put([e.time for e in events]),
        put([int(e.kind) for e in events], np.int64),
        put([e.index for e in events], np.int64),
        put([e.value for e in events]),
        put([e.duration for e in events]),
        put([e.book for e in events], np.int64),
    )


def no_calls() -> Array:
    """A list of calls without any."""
    return np.zeros((0, 2), dtype=np.int64)


def latch_rows(
    lent: Lent, latches: Sequence[Latch], n_g: int, giving: Callable[[Iterable[int]], Array]
) -> at.LatchRows:
    """Pack latches: those of tags, which the calls that `giving` names give, are numbered behind the plant's guards."""
    tags = [x for x in latches if x.tag >= 0]
    number, put = iter(range(n_g, n_g + len(tags))), lent.holding
    return at.LatchRows(
        put([next(number) if x.tag >= 0 else x.guard for x in latches], np.int64),
        put([x.direction for x in latches], np.int64),
        put([int(x.kind) for x in latches], np.int64),
        put([x.index for x in latches], np.int64),
        put([x.value for x in latches]),
        put([x.tag for x in tags], np.int64),
        put([x.limit for x in tags]),
        giving(x.tag for x in tags),
    )


def foreseen_by(events: Sequence[Event], latches: Sequence[Latch]) -> list[tuple[int, float]]:
    """Changes of parameters that these may make: place in p, and value."""
    found = [(x.index, x.value) for x in events if x.kind in (Kind.SET, Kind.RAMP)]
    return found + [(x.index, x.value) for x in latches if x.kind == Kind.SET and x.index >= 0]


def memory(
    lent: Lent,
    sizes: Sizes,
    rows: at.EventRows,
    latches: Sequence[Latch],
    scans: int = 0,
    wires: int = 0,
    keep: bool = False,
) -> at.Memory:
    """Allocate the state of a run; y, q and p are still zero."""
    zeros = lent.zeros
    result = at.Memory(
        zeros(at.RESUME_SIZE),
        zeros(sizes.n_y),
        zeros(sizes.n_q),
        zeros(sizes.n_p),
        zeros(sizes.n_g + sum(x.tag >= 0 for x in latches)),
        lent.holding([1.0 if x.armed else 0.0 for x in latches]),
        zeros((max(sizes.n_p, 1), 5)),  # at most one ramp a parameter
        zeros(sizes.n_y),
        zeros(len(rows.time)),
        zeros((scans, 5)),
        zeros(wires),
        zeros(0, np.int64),
        zeros((11, sizes.n_y + sizes.n_q if keep else 0)),
    )
    result.resume[at.CUT_GUARD] = -1.0
    result.resume[at.KEPT_FROM] = -np.inf
    result.resume[at.MISSED] = np.inf
    return result


def recorder(lent: Lent, sizes: Sizes, y_index: Array, w_index: Array, calls: Array, latches: int) -> at.Recorder:
    """Allocate the buffers that Python empties; these calls give what is recorded of w."""
    width = sizes.n_y + len(w_index) + sizes.n_q + 1
    samples = int(min(max(BUFFER // width, 32), 4096))
    events = max(latches + 8, min(64, samples))
    room = lent.room
    return at.Recorder(
        np.ascontiguousarray(y_index, dtype=np.int64),
        np.ascontiguousarray(w_index, dtype=np.int64),
        calls,
        room(samples),
        room((samples, len(y_index))),
        room((samples, len(w_index))),
        room((samples, sizes.n_q)),
        room((events, 5)),
        room((events, 2, sizes.n_y)),
        room((events, 2, len(w_index))),
        room((events, 2, sizes.n_q)),
        None,
    )


def steps(lent: Lent, sizes: Sizes, index: Array, calls: Array, capacity: int, whole: bool = False) -> at.Steps:
    """Allocate what keeps accepted steps for other blocks: `index` in w, and the dense output where `whole`."""
    held, room = capacity if whole else 0, lent.room
    return at.Steps(
        np.ascontiguousarray(index, dtype=np.int64),
        calls,
        room((capacity, 2)),
        room((capacity, 4, len(index))),
        room((held, 5, sizes.n_y)),
        room((capacity, 5, sizes.n_q)),
    )


def no_inlets() -> at.Inlets:
    """Inlets of a block that is fed by no other."""

    def i(n: int) -> Array:
        return np.zeros(n, dtype=np.int64)

    f = np.zeros
    return at.Inlets(i(0), i(1), f(0), i(1), f((0, 4)), f(0), i(0), f(0), np.array([np.inf]), i(1), f((0, 0)), f(0))


def work(
    lent: Lent,
    sizes: Sizes,
    jacobian: JacobianTables,
    index: Factors,
    method: Method,
    atol: Array,
    tags: int = 0,
) -> at.Work:
    """Allocate the loop's scratch; `tags` count as guards."""
    n_y, n_q, n_z, stages = sizes.n_y, sizes.n_q, sizes.n_y + sizes.n_aux, len(method.c)
    zeros = lent.zeros
    return at.Work(
        atol=lent.holding(atol),
        values=zeros(len(jacobian.column)),
        q_values=zeros(len(jacobian.q_column)),
        lower=zeros(len(index.lower_column)),
        upper=zeros(len(index.upper_column)),
        packed=packed_factors(lent, index),
        is_packed=zeros(1),
        pivot=zeros(n_z),
        row=zeros(n_z),
        w=zeros(sizes.n_w),
        w_aside=zeros(sizes.n_w),
        dy=zeros(n_y),
        dy_aside=zeros(n_y),
        f=zeros(n_y),
        f_q=zeros(n_q),
        f_t=zeros(n_y),
        f_qt=zeros(n_q),
        rhs=zeros(n_z),
        u=zeros((stages, n_z)),
        u_q=zeros((stages, n_q)),
        y_stage=zeros(n_y),
        y_new=zeros(n_y),
        q_new=zeros(n_q),
        dense=zeros((3, n_y)),
        dense_q=zeros((3, n_q)),
        y_dense=zeros(n_y),
        q_dense=zeros(n_q),
        guard=zeros(sizes.n_g + tags),
        side_trial=zeros(sizes.n_g + tags),
        buffers=buffers(jacobian, zeros),
        inlets=None,
    )


def packed_factors(lent: Lent, index: Factors) -> Factors:
    """Allocate for a pattern without its zeros: that of a matrix of zeros."""
    shared = ("permutation", "is_state")
    return Factors(
        **{
            name: array if name in shared else lent.zeros(len(array), np.uint32)
            for name, array in index._asdict().items()
        }
    )


def _thin(lent: Lent, index: Factors, keep: bool) -> at.Thin:
    """Allocate copies of factors; nothing unless the matrix is kept."""

    def u(n: int) -> Array:
        return lent.zeros(n if keep else 0, np.uint32)

    n, lower, upper = len(index.permutation), len(index.lower_column), len(index.upper_column)
    real = [lent.zeros(k if keep else 0) for k in (lower, upper, n)]
    return at.Thin(u(n + 1), u(lower), real[0], u(n + 1), u(upper), real[1], real[2])


def over_scans(
    lent: Lent,
    sizes: Sizes,
    scanned: Discrete,
    rates: Array,
    jacobian: JacobianTables,
    index: Factors,
    keep: bool,
    handed: Sequence[Array] = (),
    coupling: Coupling | None = None,
) -> at.Over:
    """Allocate what steps over scans, or with a kept matrix, need beside.

    `rates` are the calls that give the rates, `handed` quadratures that book what other blocks are fed, by stream.
    """
    scans, acting = len(scanned.scan), len(scanned.acting)
    clocked = int((scanned.own[:, 1] - scanned.own[:, 0]) @ scanned.by_clock)
    zeros, whole, n = lent.zeros, partial(lent.zeros, dtype=np.int64), sizes.n_y + sizes.n_q if keep else 0
    order = auxiliaries_in_order(jacobian.pattern, jacobian.column, sizes.n_y, sizes.n_aux) if keep else []
    return at.Over(
        acting=scanned.acting,
        smooth=zeros((acting, 4)),
        held=zeros(acting),
        curve=zeros((acting, 4)),
        **(coupling or no_coupling(acting))._asdict(),
        gain=zeros((len(coupling.pair) if coupling else 0, 2)),
        start=zeros(acting),
        rate=zeros(acting),
        place=scanned.wires,
        aim=zeros((len(scanned.wires), 4)),
        now=zeros(len(scanned.wires)),
        slip=zeros(len(scanned.wires)),
        tried=zeros((2, 3, acting)),
        seen=zeros((3, acting)),
        tally=zeros(acting),
        residue=zeros((acting, COLUMNS)),
        mean=zeros(4),
        normal=zeros((4, 5)),
        since=zeros(scans),
        clock=zeros((scans, 5)),
        y_scan=zeros(sizes.n_y),
        still=zeros(sizes.n_y),
        shown=zeros((0 if keep else SHOWN, clocked)),
        told=zeros(2),
        signal=whole((0, 2)),
        handed=np.concatenate([whole(0), *handed]),
        handed_start=np.cumsum([0, *map(len, handed)], dtype=np.int64),
        valid=zeros(2),
        wire=zeros((len(scanned.wires), 4)),
        rest=_rest(rates, scanned),
        order=np.array(order, dtype=np.int64),
        jump_start=whole(acting + 1),
        jump_row=whole(n * acting),
        jump=zeros(n * acting),
        ripple_start=whole(acting + 1),
        ripple_row=whole(n * acting),
        ripple=zeros(n * acting),
        lead=whole(acting),
        lag=zeros(acting),
        full=zeros(n),
        bent=zeros(n),
        thin=_thin(lent, index, keep),
    )


def _rest(rates: Array, scanned: Discrete) -> Array:
    """Calls that give the rates, less those that scans need.

    Units of which scans ask for more than the rates do, or again, are evaluated as if scans had asked for nothing:
    memory that is lent to their kernels may hold something else by then. Units by the clock stand still: their rates
    are nothing, which is what the vector of rates holds already.
    """
    needed, read = [tuple(call) for call in rates.tolist()], [tuple(call) for call in scanned.read.tolist()]
    others = {unit for unit, _ in {*read} - {*needed}} | {unit for unit, _ in scanned.after.tolist()}
    still = {unit for (unit, *_), clock in zip(scanned.scan.tolist(), scanned.by_clock.tolist(), strict=True) if clock}
    left = [call for call in needed if call not in read or call[0] in others]
    left = [(unit, what) for unit, what in left if what != RATES or unit not in still]
    return np.array(left, dtype=np.int64).reshape(-1, 2)


def control(lent: Lent, **settings: float) -> at.Control:
    """Settings by lower-case name, and zeroed status."""
    zeros = lent.zeros
    result = at.Control(zeros(at.SETTINGS_SIZE), zeros(at.STATUS_SIZE, np.int64), zeros(2))
    for name, value in settings.items():
        result.settings[getattr(at, name.upper())] = value
    result.status[at.STEP_BUDGET] = np.iinfo(np.int64).max
    return result


def run_nothing(run: Callable[..., Any], over: bool = False, block: bool = False) -> None:
    """Call the loop on a plant without units: it is compiled by that.

    `over` is for the one with steps over scans, `block` for that of blocks with steps of their own.
    """

    def i(*shape: int) -> Array:
        return np.zeros(shape or (0,), dtype=np.int64)

    one = i(1)
    plant = no_plant()

    def u(*shape: int) -> Array:
        return np.zeros(shape or (0,), dtype=np.uint32)

    jacobian = JacobianTables(
        pattern=one,
        column=i(),
        q_pattern=one,
        q_column=i(),
        local_offsets=i(),
        local_start=one,
        gather_y=u(0, 2),
        gather_y_start=one,
        gather_w=u(0, 2),
        gather_w_start=one,
        calls=i(),
        calls_start=one,
        pass_start=one,
        seed_start=one,
        seeds=u(0, 2),
        needed=i(),
        entries=i(0, 4),
        result=u(),
        destination=u(),
        lengths=i(2),
        absent=i(),
    )
    sizes, lent = Sizes.of(plant), Lent()
    rows = event_rows([])
    index, method = factors(jacobian.pattern, jacobian.column, 0), rodas4p()
    scratch = work(lent, sizes, jacobian, index, method, np.zeros(0))
    buffer = recorder(lent, sizes, i(), i(), no_calls(), 0)
    if block:
        kept = steps(lent, sizes, i(), no_calls(), 0)
        scratch, buffer = scratch._replace(inlets=no_inlets()), buffer._replace(steps=kept)
    tables = (
        plant,
        jacobian,
        index,
        method,
        rows,
        latch_rows(lent, [], 0, lambda places: no_calls()),
        nothing(),
        memory(lent, sizes, rows, []),
        scratch,
        control(lent, t_end=-1.0, rtol=1e-6),
        buffer,
        *((over_scans(lent, sizes, nothing(), plant.rates, jacobian, index, True),) if over else ()),
    )
    call(run, *handed(tables))
