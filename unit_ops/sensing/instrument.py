"""What all instruments share: deviations from the truth, answers that come late or not at all, and their memory.

An instrument reads once a period (a kernel `scan`) and holds what it last told. Its deviations are relative to its
span, as data sheets give them:

    reading = scale · truth + span (bias + drift (t − t_calibrated) + noise · N(0, 1))

Noise is drawn by counting (`unit_ops/random.py`): stream 0 for noise, 1 for answers that get lost, 2 for sampling.
Faults are events: `set: {nir.bias: 0.02}`, `hold: {nir.dropout: 1}` for a frozen reading, `fire: nir.calibrate`.

References: Doebelin, Measurement Systems, 5th ed. (2004), chapter 3 (ISBN 978-0-07-243886-4).
"""

from __future__ import annotations

import math

from twin.jit import kernel
from unit_ops.random import normal, uniform

#: Readings that an instrument remembers: longest delay and window, in periods. Rings have this length.
MEMORY = 20


@kernel
def place(number, back):
    """Place in a ring of the reading taken `back` scans ago."""
    return int(math.floor(number) - back) % MEMORY


@kernel
def reading(truth, span, p, t, t_calibrated, number, seed):
    """What the instrument makes of the truth at this scan."""
    deviation = p.bias + p.drift * (t - t_calibrated) + p.noise * normal(seed, 0.0, number)
    return p.scale * truth + span * deviation


@kernel
def periods_late(p):
    """Whole periods by which an answer comes late."""
    return int(math.floor(p.delay / p.period + 0.5))


@kernel
def told(p, number, seed):
    """Whether an answer arrives at this scan: one is due, and it does not get lost.

    None does where an event has made the delay longer than the memory.
    """
    late = periods_late(p)
    return number >= late and late < MEMORY and uniform(seed, 1.0, number) >= p.dropout


@kernel
def stepped(value, step):
    """The nearest multiple of what the display can show; the value itself where the step is zero."""
    if step > 0.0:
        return step * math.floor(value / step + 0.5)
    return value


@kernel
def window_share(p, back, m_before, m):
    """Part of the powder seen `back` scans ago (mass m, with m_before seen later) that is in the window."""
    if p.m_window > 0.0:
        left = p.m_window - m_before
        if left >= m:
            return 1.0
        if left > 0.0:
            return left / m
        return 0.0
    # at least what passed since the last scan
    return min(max(max(p.t_window / p.period, 1.0) - back, 0.0), 1.0)


@kernel
def window_sums(ring_m, ring_part, number, p):
    """Mass of all that passed within the window, and of one part of it."""
    m = 0.0
    m_part = 0.0
    for back in range(MEMORY):
        if back <= number:
            i = place(number, back)
            share = window_share(p, back, m, ring_m[i])
            m += share * ring_m[i]
            m_part += share * ring_part[i]
    return m, m_part


def check_memory(p: object, window: str = "") -> dict[str, str]:
    """Refuse a delay or window (both in s) that reaches further back than the instrument remembers."""
    found = {}
    for name in ("delay", window):
        if name and getattr(p, name) / p.period > MEMORY - 1:  # type: ignore[attr-defined]
            found[name] = f"'{name}' is longer than {MEMORY - 1} periods, which is all that the instrument remembers"
    return found
