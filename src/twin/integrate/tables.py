"""What the compiled loop works on: NamedTuples of arrays, one set a run, nothing allocated later.

`Memory` is everything that a checkpoint must hold: continuing from a copy of it repeats the run
bit for bit. The other tables are inputs, buffers for Python, or scratch.
"""

from __future__ import annotations

from typing import NamedTuple

from twin.integrate.symbolic import Factors
from twin.plant.evaluate import Buffers
from twin.quantity import Array

# Places in Memory.resume
T = 0  #: time of the last accepted point [s]
H = 1  #: proposed step [s]; 0 before the first
H_LAST = 2  #: step control: last unclipped accepted step
ERROR_LAST = 3  #: step control: its error
NEXT_SAMPLE = 4  #: number of the next sample
NEXT_ROW = 5  #: next row of the event table
N_RAMPS = 6  #: ramps under way
SIDES_KNOWN = 7  #: whether Memory.side is valid
WINDOW_START = 8  #: chattering watch: start of the second under watch
WINDOW_FIRINGS = 9  #: and the latches fired in it
H_PENDING = 10  #: step accepted but not yet sampled and committed; 0 when none
T_PENDING = 11  #: its end
CUT_GUARD = 12  #: guard located at that end; -1 when none
JUST_FIRED = 13  #: whether an event (1) or only scans (2) changed the plant at the accepted point; 3: not by the clock
WINDOW = 14  #: relaxed scans: longest step over scans to be tried; 0 before the first
PATIENCE = 15  #: steps that end at each scan before the next one over scans is tried
LAST_PATIENCE = 16  #: how many of them there were the last time
OVER_SCANS = 17  #: whether the step that is tried, or pending, has scans within
KEPT_T = 18  #: kept matrix: time of its point
KEPT_H = 19  #: step that it is for; 0 when there is none
KEPT_AGE = 20  #: steps that it has served
KEPT_RAMPS = 21  #: ramps that were under way at its point
KEPT_SECOND = 22  #: whether the step before was one with a kept matrix, and what it leaves is in Memory.kept
FORESEEN = 23  #: time of a guard's crossing for which a step was refused
MISSED = 24  #: length of a step that was to meet it and was refused, too; infinite when none was
KEPT_FROM = 25  #: kept matrix: where the step before began; -inf where it tells nothing
OLDER_FROM = 26  #: and where the one before that did,
OLDEST_FROM = 27  #: and the one before that
RESUME_SIZE = 28

#: An instant so little after another (relative to the clock) is the same one.
SLACK = 2.0**-50

#: Of an instant at which something jumps: the plant before it, and after; floats, since numba compiles anew for
#: every integer literal.
BEFORE, AFTER = 0.0, 1.0

# Places in Control.settings
T_END, RTOL, H_MAX, SAMPLE_START, SAMPLE_EVERY, TIME_DEPENDENT, MAX_STEPS, TRIALS = 0, 1, 2, 3, 4, 5, 6, 7
RELAXED = 8  #: whether steps may go over scans
KEEP = 9  #: part of the tolerance that a step with a kept matrix may take; 0 where none is kept
SETTINGS_SIZE = 10

# Places in Control.status (read by other threads while the loop runs)
INTERRUPT, STEPS, REJECTED, RHS, JACOBIANS, LU, SOLVES, EVENTS, FIRINGS, OBSERVED = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
WORST, ROW, STEP_BUDGET, SAMPLES_HELD, EVENTS_HELD, SCANS = 10, 11, 12, 13, 14, 15
#: steps over scans, their sweeps; greatest error of held outputs and greatest ripple, in permille of the tolerance
OVER, SWEEPS, HOLD_ERROR, RIPPLE = 16, 17, 18, 19
#: steps made with a kept matrix
KEPT = 20
#: accepted steps held for other blocks
STEPS_HELD = 21
STATUS_SIZE = 22

# Codes returned by the loop
DONE, PYTHON, FLUSH, GUARD, REVIVED = 0, 1, 2, 3, 4
INTERRUPTED, TOO_SMALL, NOT_FINITE, SINGULAR, TOO_MANY = -1, -2, -3, -4, -5
CHATTERING, EVENT_BROKE, GUARD_NAN = -6, -7, -8

# Kinds of event
SET, RAMP, ADD, RETURN, ARM, RESTORE, FIRE = 0, 1, 2, 3, 4, 5, 6

# Columns of Memory.ramp
RAMP_INDEX, RAMP_T0, RAMP_V0, RAMP_T1, RAMP_V1 = 0, 1, 2, 3, 4

# Columns of Memory.scan: time of the next, the instant from which it is counted and by how many periods, the period
# in use, and how many scans there were
SCAN_NEXT, SCAN_FROM, SCAN_COUNT, SCAN_PERIOD, SCAN_NUMBER = 0, 1, 2, 3, 4

# Columns of Recorder.log, and its sources
LOG_TIME, LOG_SOURCE, LOG_ROW, LOG_OLD, LOG_NEW = 0, 1, 2, 3, 4
FROM_TABLE, FROM_LATCH = 0, 1


class Memory(NamedTuple):
    """State of a run between steps."""

    resume: Array  #: [RESUME_SIZE]
    y: Array  #: [n_y] states
    q: Array  #: [n_q] quadratures
    p: Array  #: [n_p] parameters, as events left them
    side: Array  #: [n_g + tags] last sign of each guard
    armed: Array  #: [latches] 1.0 where a latch may fire
    ramp: Array  #: [n, 5] ramps under way
    absent: Array  #: [n_y] 1.0 where a state is taken to be zero for good
    old: Array  #: [rows] what each row of the event table that fired found
    scan: Array  #: [scanning units, 5] when they are scanned next
    drift: Array  #: [wires] how fast what scans read of the plant moved at the end of the last step over scans
    there: Array  #: [nnz] 1 where an entry of the Jacobian counts as there (`packed.py`)
    kept: Array  #: [11, n_y + n_q] where the matrix is kept: what it and the next step follow from (`kept_matrix.py`)


class EventRows(NamedTuple):
    """Timed changes, in order of time."""

    time: Array
    kind: Array
    index: Array
    value: Array
    duration: Array
    book: Array  #: quadrature to which an ADD is booked; -1 none


class LatchRows(NamedTuple):
    """Guard crossings that set a parameter, fire an impulse, or stop the loop (index -1).

    Tags with a limit count as guards behind those of the plant: value less limit, known while an armed latch waits.
    """

    guard: Array
    direction: Array
    kind: Array  #: SET or FIRE
    index: Array
    value: Array
    tag: Array  #: [tags] place in w
    limit: Array  #: [tags]
    calls: Array  #: [calls, 2] that give these


class Control(NamedTuple):
    """Settings, and what other threads may watch."""

    settings: Array
    status: Array
    progress: Array  #: [2] time and step reached


class Steps(NamedTuple):
    """What a block's accepted steps leave for other blocks."""

    index: Array  #: [k] places in w that others read
    calls: Array  #: [calls, 2] that give these
    time: Array  #: [capacity, 2] where each step begins and ends
    outlet: Array  #: [capacity, 4, k] what others read, at 0, 1/3, 2/3 and all of the step
    y: Array  #: [capacity or 0, 5, n_y] states at both ends, and the dense output
    q: Array  #: [capacity, 5, n_q] likewise the quadratures


class Inlets(NamedTuple):
    """What other blocks feed into this one: cubics, piece by piece, each source in pieces of its own."""

    place: Array  #: [k] places in p that are moved
    place_start: Array  #: [sources + 1] into `place`
    time: Array  #: ends of the pieces, those of one source after those of another
    time_start: Array  #: [sources + 1] into `time`
    value: Array  #: [places of all pieces, 4] coefficients in powers of the part of the piece
    mean: Array  #: [places of all pieces]
    value_start: Array  #: [sources] into `value` and `mean`
    scale: Array  #: [k] size of what flows, of which the tolerance is a part
    jump: Array  #: instants at which something jumps, where a step has to end; infinity last
    cursor: Array  #: [sources + 1] the piece last looked at, and the next jump
    stage: Array  #: [s, k] what the stages of the step saw
    slope: Array  #: [k] and its time derivative at the beginning


class Recorder(NamedTuple):
    """Buffers that Python empties: samples on the grid, both sides of every event, and steps for other blocks."""

    y_index: Array  #: [n_states] states that samples hold
    w_index: Array  #: [n_rec] places in w to record
    calls: Array  #: [calls, 2] that give these
    time: Array  #: [capacity]
    y: Array  #: [capacity, n_states]
    w: Array  #: [capacity, n_rec]
    q: Array  #: [capacity, n_q]
    log: Array  #: [events, 5] time, source, row, old value, new value
    event_y: Array  #: [events, 2, n_y] before and after
    event_w: Array  #: [events, 2, n_rec]
    event_q: Array  #: [events, 2, n_q]
    steps: Steps | None  #: None where the plant is one block, as is Work.inlets


class Work(NamedTuple):
    """Scratch of the loop."""

    atol: Array  #: [n_y] absolute part of the error weights
    values: Array  #: J
    q_values: Array  #: rows of the quadratures
    lower: Array
    upper: Array
    packed: Factors  #: the pattern without its zeros (`packed.py`)
    is_packed: Array  #: [1] 1.0 where it is that of `Memory.there`
    pivot: Array
    row: Array
    w: Array
    w_aside: Array  #: samples and guards: never the w that the Jacobian reads
    dy: Array
    dy_aside: Array
    f: Array  #: rates at the last accepted point
    f_q: Array
    f_t: Array  #: their time derivatives
    f_qt: Array
    rhs: Array  #: [n_z]
    u: Array  #: [s, n_z] stages
    u_q: Array  #: [s, n_q]
    y_stage: Array
    y_new: Array
    q_new: Array
    dense: Array  #: [3, n_y] k1, k2, k3 of the dense output
    dense_q: Array  #: [3, n_q]
    y_dense: Array
    q_dense: Array
    guard: Array  #: [n_g + tags] values just evaluated
    side_trial: Array  #: [n_g + tags] signs while a step is searched
    buffers: Buffers
    inlets: Inlets | None


class Thin(NamedTuple):
    """Factors without empty entries, of a matrix with which many systems are solved; places as in `Factors`."""

    lower_start: Array  #: [n + 1]
    lower_column: Array
    lower: Array
    upper_start: Array  #: [n + 1]
    upper_column: Array  #: descending in each row
    upper: Array  #: times the reciprocal pivot
    row: Array  #: [n] scratch


class Over(NamedTuple):
    """Scratch of steps over scans, or with a kept matrix; the loop is compiled without them where it is given None."""

    acting: Array  #: [acting, 2] states of units by the clock that the plant sees: place in y, unit
    smooth: Array  #: [acting, 4] what stands for each held output within a step over scans: a cubic, per second
    held: Array  #: [acting] what it is held at when the step begins
    curve: Array  #: [acting, 4] likewise, as the step that is tried has moved it
    pair: Array  #: [k, 2] held output, and wire that it follows (`follow.py`)
    gain: Array  #: [k, 2] how much, and how fast more of it
    spare: Array  #: [acting] state that carries the latter; -1 none
    start: Array  #: [acting] what was in it
    entry: Array  #: [k, 2] places in the matrix: of the output's row, of its spare's; -1 none
    own: Array  #: [acting, 2] of the output itself, and of its spare, in the output's row
    rate: Array  #: [acting] one over the lag with which held outputs follow; 0 in steps that end at a scan
    place: Array  #: [wires] places of the wires in w
    aim: Array  #: [wires, 4] what outputs take the wires to be: cubics, per second
    now: Array  #: [wires] what they are at the beginning of the step
    slip: Array  #: [wires] how fast they move by the clock alone (ramps, what other blocks feed)
    tried: Array  #: [2, 3, acting] outputs after some scans, with wires as they are and one of them raised
    seen: Array  #: [3, acting] when these were
    tally: Array  #: [acting] scans so far
    residue: Array  #: [acting, 20] how far held outputs and cubics are apart, and sums of which the next are made
    mean: Array  #: [4] scratch of these
    normal: Array  #: [4, 5] likewise
    since: Array  #: [scanning units] part of the step at which the piece begins that is held now
    clock: Array  #: [scanning units, 5] Memory.scan while a step is tried
    y_scan: Array  #: [n_y] states of the units by the clock, likewise
    still: Array  #: [n_y] zeros
    shown: Array  #: [capacity, n] of the step that is pending: states of the units by the clock at its samples
    told: Array  #: [2] the first of these samples, and whether `shown` has them all
    signal: Array  #: [k, 2] what scans read of other blocks: source, and place in Inlets.place
    handed: Array  #: [k] quadratures by which what other blocks are fed is booked
    handed_start: Array  #: [fields of streams + 1] into `handed`
    valid: Array  #: [2] whether the kept matrix's factors are here, and in W.w what scans last read: not once restored
    wire: Array  #: [wires, 4] what scans read of the plant within the step, as cubics of the part of the step
    rest: Array  #: [calls, 2] calls that give the rates where what scans read is there already
    order: Array  #: [n_aux] auxiliaries, each after those that it depends on; none unless the matrix is kept
    jump_start: Array  #: [acting + 1] into `jump`
    jump_row: Array  #: [k] state, or n_y + quadrature, that a held output moves
    jump: Array  #: [k] h A e of it
    ripple_start: Array  #: [acting + 1] into `ripple`
    ripple_row: Array  #: [m] what the state moves that it moves the most, where that is fast
    ripple: Array  #: [m] by its being, within a step, another one than at the scans
    lead: Array  #: [acting] place in `jump` of the state that it moves the most
    lag: Array  #: [acting] h times the own rate of that state, where it is fast; else 0
    full: Array  #: [n_y + n_q] change of the step before as it would have been with the outputs of now
    bent: Array  #: [n_y + n_q] h A times a change
    thin: Thin
