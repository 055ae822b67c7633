"""What a right-hand side, a Jacobian, a factorisation and a solve could cost at best on this machine, measured here.

Memory: each number that has to be read or written, once, at the speed at which compiled code reads an array of that
size. Arithmetic: of a factorisation and a solve the multiplications that their pattern asks for, at the speed of the
same operation on contiguous rows; of a Jacobian the same calls of the units without slopes, as if a vector of eight
cost no more than one number. Of a right-hand side the arithmetic is the models' own, and only its memory is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import loops
from benchmarks.harness import measure
from twin import jit

#: Length of a row in the test of arithmetic: it stays in the first cache.
ROW = 256


def once(part: Callable[[], object], calls: int) -> float:
    """CPU seconds of one call of so many."""
    part()
    return measure(part, 5)["min_s"] / calls


def reading(size: int) -> float:
    """Bytes a second of reading an array of `size` bytes over and over."""
    x = np.ones(max(size // 8, 64))
    repeats = max(50_000_000 // x.nbytes, 1)
    return x.nbytes / once(lambda: loops.repeat_read(repeats, x), repeats)


def limits(plant: Any, run: Any) -> dict[str, dict[str, float]]:
    """Bounds from below in seconds, by part: `memory`, and `arithmetic` where it is known."""
    jit.arm(loops)
    T, J, F, W = plant.tables, plant.jacobian, run._factors, run._work
    row, other = np.ones(ROW), np.ones(ROW)
    multiply = once(lambda: loops.repeat_axpy(100_000, row, other), 100_000) / ROW
    lower, upper = np.diff(F.lower.astype(np.int64)), np.diff(F.upper.astype(np.int64))
    updates = int(np.sum(upper[F.lower_column])) + int(lower.sum())
    n, entries = len(lower), int(lower.sum() + upper.sum())
    # a number and its index are twelve bytes
    sizes = {
        "rhs": 8 * (2 * plant.n_y + plant.n_p + plant.n_w),
        "jacobians": 8 * (plant.n_y + plant.n_p + plant.n_w) + 16 * len(J.result),
        "lu": 12 * (len(F.source) + entries) + 16 * n,
        "solves": 12 * entries + 40 * n,
    }
    found = {name: {"memory": size / reading(size)} for name, size in sizes.items()}
    found["lu"]["arithmetic"] = updates * multiply
    found["solves"]["arithmetic"] = (entries + n) * multiply
    y, p = run.y.copy(), run.p.copy()
    plain = once(lambda: loops.repeat_plain(50, T, J, y, p, W.w, W.dy), 50)
    found["jacobians"]["arithmetic"] = plain
    return found


def table(costs: dict[str, float], bounds: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """Rows: each cost, its bounds, and how many times the greater of them it is."""
    rows = []
    for name, cost in costs.items():
        values = {"us": 1e6 * cost, **{f"{kind}_us": 1e6 * bound for kind, bound in bounds[name].items()}}
        rows.append({"name": f"limit of {name}", "values": {**values, "over_limit": cost / max(bounds[name].values())}})
    return rows
