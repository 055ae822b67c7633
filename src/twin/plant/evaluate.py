"""The compiled plant as the integrator sees it: right-hand side, guards, observations, Jacobian.

Everything here is compiled once for all plants: a plant is a set of tables (addresses of its units'
entries, offsets into the state y, the parameters p and the work vector w, and the order of calls).

The Jacobian is structured. Its unknowns z are the states followed by the auxiliaries (integrals,
connected outlet variables and wired measurements):

    dy/dt = f(y, aux),   aux = g(y, aux) in the order of the calls

so no sum over bins makes a row of the matrix dense. Each unit is differenced alone, several columns
at once (colours), in its own small buffers.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from twin.jit import disabled, kernel

if disabled():
    #: interpreted entries by address, when numba is disabled
    INTERPRETED: dict[int, Any] = {}

    def call_entry(address, what, t, y, p, w, dy, offsets, start):  # type: ignore[no-untyped-def]
        INTERPRETED[int(address)](what, t, y, p, w, dy, offsets[start:])
else:
    from twin.plant.views import call_entry

#: Relative size of a Jacobian difference: a power of two near 1e-8 (so that it is added exactly).
#: Linear invariants within a unit hold at any size; a chain through a stream (enthalpy from T) is
#: broken by the truncation of its links, which falls with the size, while roundoff (1e-8 of an
#: entry here, of either sign) still averages out. Measured: energy closes to 2e-10 instead of 2e-9.
DIFFERENCE_EXPONENT = -26


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
    """How the structured Jacobian is differenced and where its numbers go."""

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
    colour_start: Any  #: [units + 1] into `colours`
    colours: Any  #: [colours + 1] into `perturbed`; `needed` and `entries` run parallel
    perturbed: Any  #: [m, 2] uint32 (in w?, local index) of each perturbed variable
    nominal: Any  #: [m] its scale
    needed: Any  #: [colours] local calls that a colour touches, as bits over the unit's calls
    entries: Any  #: [colours, 4] into `result`: from dy to values, from w to values, from w to q, end
    result: Any  #: [e] uint32 local index of a result
    variable: Any  #: [e] uint32 place among the variables of its colour
    destination: Any  #: [e] uint32 place in values or q_values
    lengths: Any  #: [3] sizes of the local y, w, and most variables of a colour
    absent: Any  #: states without row and column, being 0 for good


class Buffers(NamedTuple):
    """Lent memory of one Jacobian evaluation."""

    y: Any
    w: Any
    dy: Any
    w_base: Any
    dy_base: Any
    saved: Any
    per_delta: Any


def buffers(jacobian: JacobianTables) -> Buffers:
    """Allocate what `jacobian` needs: one set a thread."""
    n_y, n_w, n_delta = (int(n) for n in jacobian.lengths)
    return Buffers(*(np.zeros(max(n, 1)) for n in (n_y, n_w, n_y, n_w, n_y, n_delta, n_delta)))


@kernel
def _calls(T, list_, t, y, p, w, dy):
    for i in range(list_.shape[0]):
        k = list_[i, 0]
        call_entry(T.address[k], list_[i, 1], t, y, p, w, dy, T.offsets, T.start[k])


@kernel
def rates(T, t, y, p, w, dy):
    """Fill w with every stream and integral, dy with the derivatives, w[q] with quadrature rates."""
    for i in range(T.places[4]):
        w[T.places[3] + i] = p[T.places[2] + i]
    _calls(T, T.rates, t, y, p, w, dy)


@kernel
def observe(T, t, y, p, w, dy):
    """After `rates` at the same instant: measurements and holdups into w."""
    _calls(T, T.observe, t, y, p, w, dy)


@kernel
def guards(T, t, y, p, w, dy):
    """Guards into w[places[1]:]; use a w of its own, since integrals are overwritten."""
    _calls(T, T.guards, t, y, p, w, dy)


@kernel
def _difference(value, nominal):
    scale = abs(value)
    if not scale > nominal:
        scale = nominal
    _, exponent = math.frexp(scale)
    return math.ldexp(1.0, exponent + DIFFERENCE_EXPONENT)


@kernel
def jacobian(T, J, t, y, p, w, B, values, q_values):
    """Difference every unit; `w` holds the streams and integrals of (t, y) from `rates`.

    values[nnz] and q_values[nnz_q] follow the patterns of `J`.
    """
    for i in range(values.shape[0]):
        values[i] = 0.0
    for i in range(q_values.shape[0]):
        q_values[i] = 0.0
    for k in range(T.address.shape[0]):
        if J.colour_start[k] == J.colour_start[k + 1]:
            continue
        for i in range(J.gather_y_start[k], J.gather_y_start[k + 1]):
            B.y[J.gather_y[i, 0]] = y[J.gather_y[i, 1]]
        for i in range(J.gather_w_start[k], J.gather_w_start[k + 1]):
            B.w[J.gather_w[i, 0]] = w[J.gather_w[i, 1]]
        n_y = J.local_offsets[J.local_start[k]]
        n_w = J.local_offsets[J.local_start[k] + 1]
        _local(T, J, k, t, p, B, -1)
        for i in range(n_y):
            B.dy_base[i] = B.dy[i]
        for i in range(n_w):
            B.w_base[i] = B.w[i]
        for c in range(J.colour_start[k], J.colour_start[k + 1]):
            _difference_colour(T, J, k, c, t, p, B, values, q_values)


@kernel
def _difference_colour(T, J, k, c, t, p, B, values, q_values):
    """Move the variables of one colour, evaluate, take the slopes, move back (all exactly)."""
    first = J.colours[c]
    for j in range(J.colours[c + 1] - first):
        place = J.perturbed[first + j, 1]
        if J.perturbed[first + j, 0] == 0:
            delta = _difference(B.y[place], J.nominal[first + j])
            B.saved[j] = B.y[place]
            B.y[place] += delta
            delta = B.y[place] - B.saved[j]
        else:
            delta = _difference(B.w[place], J.nominal[first + j])
            B.saved[j] = B.w[place]
            B.w[place] += delta
            delta = B.w[place] - B.saved[j]
        B.per_delta[j] = 1.0 / delta
    _local(T, J, k, t, p, B, J.needed[c])
    for e in range(J.entries[c, 0], J.entries[c, 1]):
        r = J.result[e]
        values[J.destination[e]] += (B.dy[r] - B.dy_base[r]) * B.per_delta[J.variable[e]]
    for e in range(J.entries[c, 1], J.entries[c, 2]):
        r = J.result[e]
        values[J.destination[e]] += (B.w[r] - B.w_base[r]) * B.per_delta[J.variable[e]]
    for e in range(J.entries[c, 2], J.entries[c, 3]):
        r = J.result[e]
        q_values[J.destination[e]] += (B.w[r] - B.w_base[r]) * B.per_delta[J.variable[e]]
    for j in range(J.colours[c + 1] - first):
        place = J.perturbed[first + j, 1]
        if J.perturbed[first + j, 0] == 0:
            B.y[place] = B.saved[j]
        else:
            B.w[place] = B.saved[j]


@kernel
def _local(T, J, k, t, p, B, needed):
    """Evaluate unit k alone: those of its calls whose bit is set."""
    bit = 1
    for i in range(J.calls_start[k], J.calls_start[k + 1]):
        if needed & bit:
            call_entry(T.address[k], J.calls[i], t, B.y, p, B.w, B.dy, J.local_offsets, J.local_start[k])
        bit <<= 1
