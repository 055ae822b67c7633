"""Calls of units' interpreted entries, for coverage and for stepping through (NUMBA_DISABLE_JIT=1).

Numbers with slopes are not interpreted: slopes are differences here, good to six digits or so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from twin.plant.codes import LANES, SLOPES

#: What compiled code calls instead: it also shapes how compiled code reads its tables.
COMPILED = {"call_entry": "twin.plant.views"}

#: entries by address
INTERPRETED: dict[int, Callable[..., None]] = {}


def call_entry(address, what, t, y, p, w, dy, offsets, start):  # type: ignore[no-untyped-def]
    """Stand in for the intrinsic of the same name."""
    entry = INTERPRETED[int(address)]
    if what < SLOPES:
        entry(what, t, y, p, w, dy, offsets[start:])
    else:
        _differenced(entry, what - SLOPES, t, y, p, w, dy, offsets[start:])


def _differenced(entry, what, t, y, p, w, dy, offsets):  # type: ignore[no-untyped-def]
    y, w, dy = (a.reshape(-1, LANES) for a in (y, w, dy))

    def evaluate(step: Any, lane: int) -> tuple[np.ndarray, np.ndarray]:
        at_y, at_w, rates = y[:, 0] + step * y[:, lane], w[:, 0] + step * w[:, lane], dy[:, 0].copy()
        entry(what, t, at_y, p, at_w, rates, offsets)
        return at_w, rates

    base_w, base_dy = evaluate(0.0, 1)
    for lane in range(1, LANES):
        moved = np.concatenate([y[y[:, lane] != 0.0, 0], w[w[:, lane] != 0.0, 0]])
        step = 2.0**-24 * max(float(np.max(np.abs(moved), initial=0.0)), 1e-3)
        new_w, new_dy = evaluate(step, lane)
        w[:, lane] = (new_w - base_w) / step
        dy[:, lane] = (new_dy - base_dy) / step
    w[:, 0], dy[:, 0] = base_w, base_dy
