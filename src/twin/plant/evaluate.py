"""The compiled plant as the integrator sees it: right-hand side, guards, observations, Jacobian.

Everything here is compiled once for all plants: a plant is a set of tables (addresses of its units'
entries, offsets into the state y, the parameters p and the work vector w, and the order of calls).

The Jacobian is structured. Its unknowns z are the states followed by the auxiliaries (integrals,
connected outlet variables and wired measurements):

    dy/dt = f(y, aux),   aux = g(y, aux) in the order of the calls

so no sum over bins makes a row of the matrix dense. Each unit is differentiated alone, in its own small
buffers, by numbers that carry slopes (`dual.py`): a pass moves seven groups of columns (colours) at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from twin.jit import kernel
from twin.plant.codes import LANES, SLOPES
from twin.plant.interpreted import call_entry


class PlantTables(NamedTuple):
    """A plant as arrays. Integers are int64, C-contiguous."""

    sizes: Any  #: [n_y, n_p, n_w, n_q, n_g, n_aux]
    places: Any  #: [first quadrature rate in w, first guard in w, feeds: first in p, first in w, count]
    address: Any  #: [units] address of each unit's entry
    offsets: Any  #: all units' offset tables, one after another
    start: Any  #: [units + 1] where each begins
    rates: Any  #: [calls, 2] (unit, what) giving all of w that the rates need, then dy and dq
    observe: Any  #: [calls, 2] to be run after rates: measurements and holdups
    guards: Any  #: [calls, 2] giving the guards (integrals first)


def no_plant() -> PlantTables:
    """Tables of a plant without units, by which the engine is compiled ahead."""

    def i(*shape: int) -> Any:
        return np.zeros(shape, dtype=np.int64)

    return PlantTables(i(6), i(5), i(0), i(0), i(1), i(0, 2), i(0, 2), i(0, 2))


class JacobianTables(NamedTuple):
    """How the structured Jacobian is taken and where its numbers go."""

    pattern: Any  #: [n_z + 1] row pointers of J over z (CSR), then used with `column`
    column: Any  #: [nnz]
    q_pattern: Any  #: [n_q + 1] row pointers of the quadrature rows over z
    q_column: Any  #: [nnz_q]
    local_offsets: Any  #: all units' local offset tables
    local_start: Any  #: [units + 1]
    gather_y: Any  #: [m, 2] (local, global) states
    gather_y_start: Any  #: [units + 1]
    gather_w: Any  #: [m, 2] (local, global) work numbers that are inputs: inlets, integrals
    gather_w_start: Any  #: [units + 1]
    calls: Any  #: whats of the local evaluation
    calls_start: Any  #: [units + 1]
    pass_start: Any  #: [units + 1] into `seed_start`; `needed` and `entries` run parallel
    seed_start: Any  #: [passes + 1] into `seeds`
    seeds: Any  #: [m, 2] uint32 (in w?, local place of the slope that is 1)
    needed: Any  #: [passes] local calls that a pass needs, as bits over the unit's calls
    entries: Any  #: [passes, 4] into `result`: from dy to values, from w to values, from w to q, end
    result: Any  #: [e] uint32 local place of a slope
    destination: Any  #: [e] uint32 place in values or q_values
    lengths: Any  #: [2] sizes of the local y and w
    absent: Any  #: states without row and column, being 0 for good


class Buffers(NamedTuple):
    """Lent memory of one Jacobian evaluation: numbers with slopes, `LANES` floats each."""

    y: Any
    w: Any
    dy: Any


def buffers(jacobian: JacobianTables, zeros: Callable[[int], np.ndarray] = np.zeros) -> Buffers:
    """Allocate what `jacobian` needs: one set a thread."""
    n_y, n_w = (int(n) for n in jacobian.lengths)
    return Buffers(vectors(n_y, zeros), vectors(n_w, zeros), vectors(n_y, zeros))


def vectors(n: int, zeros: Callable[[int], np.ndarray] = np.zeros) -> np.ndarray:
    """Zeros for n numbers with slopes (and one more), where whole vectors can be loaded from."""
    size = 8 * LANES
    memory = zeros((n + 2) * LANES)
    first = -memory.ctypes.data % size // 8
    return memory[first : first + (n + 1) * LANES]


@kernel
def _calls(T, list_, t, y, p, w, dy):
    for i in range(list_.shape[0]):
        k = list_[i, 0]
        call_entry(T.address[k], list_[i, 1], t, y, p, w, dy, T.offsets, T.start[k])


@kernel
def ask(T, calls, t, y, p, w, dy):
    """Put into w what feeds give, and what these calls do (`calls.py` finds those that some of its numbers need)."""
    for i in range(T.places[4]):
        w[T.places[3] + i] = p[T.places[2] + i]
    _calls(T, calls, t, y, p, w, dy)


@kernel
def rates(T, t, y, p, w, dy):
    """Fill w with every stream and integral, dy with the derivatives, w[q] with quadrature rates."""
    ask(T, T.rates, t, y, p, w, dy)


@kernel
def observe(T, t, y, p, w, dy):
    """After `rates` at the same instant: measurements and holdups into w."""
    _calls(T, T.observe, t, y, p, w, dy)


@kernel
def guards(T, t, y, p, w, dy):
    """Guards into w[places[1]:]; use a w of its own, since integrals are overwritten."""
    _calls(T, T.guards, t, y, p, w, dy)


@kernel
def jacobian(T, J, t, y, p, w, B, values, q_values):
    """Differentiate every unit; `w` holds the streams and integrals of (t, y) from `rates`.

    values[nnz] and q_values[nnz_q] follow the patterns of `J`.
    """
    for i in range(values.shape[0]):
        values[i] = 0.0
    for i in range(q_values.shape[0]):
        q_values[i] = 0.0
    for k in range(T.address.shape[0]):
        if J.pass_start[k] == J.pass_start[k + 1]:
            continue
        for i in range(J.gather_y_start[k], J.gather_y_start[k + 1]):
            _put(B.y, J.gather_y[i, 0] * LANES, y[J.gather_y[i, 1]])
        for i in range(J.gather_w_start[k], J.gather_w_start[k + 1]):
            _put(B.w, J.gather_w[i, 0] * LANES, w[J.gather_w[i, 1]])
        for n in range(J.pass_start[k], J.pass_start[k + 1]):
            _pass(T, J, k, n, t, p, B, values, q_values)


@kernel
def _put(vectors, place, value):
    """A value without slopes."""
    vectors[place] = value
    for lane in range(1, LANES):
        vectors[place + lane] = 0.0


@kernel
def _pass(T, J, k, n, t, p, B, values, q_values):
    """Give some variables of unit k a slope of 1, evaluate, collect what came of it."""
    _seed(J, n, B, 1.0)
    bit = 1
    for i in range(J.calls_start[k], J.calls_start[k + 1]):
        if J.needed[n] & bit:
            call_entry(T.address[k], J.calls[i] + SLOPES, t, B.y, p, B.w, B.dy, J.local_offsets, J.local_start[k])
        bit <<= 1
    for e in range(J.entries[n, 0], J.entries[n, 1]):
        values[J.destination[e]] += B.dy[J.result[e]]
    for e in range(J.entries[n, 1], J.entries[n, 2]):
        values[J.destination[e]] += B.w[J.result[e]]
    for e in range(J.entries[n, 2], J.entries[n, 3]):
        q_values[J.destination[e]] += B.w[J.result[e]]
    _seed(J, n, B, 0.0)


@kernel
def _seed(J, n, B, slope):
    for j in range(J.seed_start[n], J.seed_start[n + 1]):
        if J.seeds[j, 0] == 0:
            B.y[J.seeds[j, 1]] = slope
        else:
            B.w[J.seeds[j, 1]] = slope
