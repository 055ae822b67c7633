"""How many steps, rates, Jacobians, LU does a shipped plant take, of how many parts is each? A gate without a clock.

    python -m benchmarks.counts [--quick]

Each plant at a short horizon (`shortly.py`), as shipped: its scenario's method and tolerance. The stored counts are
the gate: a test runs the plants again and fails when a count has risen by more than `ALLOWED`, or a ratio per step by
more than `ALLOWED_RATIO`. Counts are the same on every run of one machine; another kind of processor rounds exp, pow
and log differently in the last digit, which moves a few steps at events, never a tenth of them. A change that
makes an integrator worse (a matrix that is not kept, a worse first step behind events) moves them by tens of per cent.
What one operation consists of is counted as well, so that a pattern that is no longer sparse, a Jacobian of more
passes or an ordering with more fill is seen. After an intended change run this again and commit what it writes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.harness import COMMITTED, quickly, show, stores, write
from benchmarks.shortly import PLANTS, Short, short, simulate
from twin.schedule.simulation import Simulation

#: What is counted.
COUNTS = ("steps", "rejected", "rhs", "jacobians", "lu", "solves")
#: Of one right-hand side: calls of units; of one Jacobian: passes over units, entries; of one LU: entries, updates.
PARTS = ("calls", "passes", "entries", "fill", "updates")
#: Greatest rise of a count, and steps that may come on top where there are few.
ALLOWED, FEW = 0.10, 5
#: Greatest rise of right-hand sides, Jacobians, factorisations and solves per step tried: these are the method's.
ALLOWED_RATIO = 0.05
RATIOS = ("rhs", "jacobians", "lu", "solves")
#: Plants of the everyday test; the others are held by the slow one.
EVERYDAY = ("two_tanks", "cadet_crystallizer", "paracetamol_tablets", "direct_compression")


def counted(name: str) -> dict[str, int]:
    """Counts of one plant."""
    made = short(name)
    counts = simulate(made, "rodas4p").counts
    return {key: int(counts[key]) for key in COUNTS} | parts(made)


def parts(made: Short) -> dict[str, int]:
    """What one operation of each kind consists of."""
    run = Simulation(replace(made.scenario, method="rodas4p"), made.plant).integrator
    jacobian, lu = run.jacobian, run._factors
    wide = np.diff(lu.upper.astype(np.int64))
    found = (
        len(made.plant.tables.rates),
        len(jacobian.seed_start) - 1,
        len(jacobian.column) + len(jacobian.q_column),
        len(lu.lower_column) + len(lu.upper_column) + len(wide),
        int(wide[lu.lower_column].sum()),
    )
    return dict(zip(PARTS, found, strict=True))


def stored() -> dict[str, dict[str, int]]:
    """The committed counts by plant."""
    rows = json.loads((COMMITTED / "counts.json").read_text(encoding="utf-8"))["rows"]
    return {row["name"]: row["values"] for row in rows}


def risen(now: dict[str, int], before: dict[str, int]) -> list[str]:
    """What has become worse, in words."""
    found = []
    for key in (*COUNTS, *PARTS):
        if now[key] > before[key] * (1.0 + ALLOWED) + FEW:
            found.append(f"{key}: {now[key]}, was {before[key]}")
    for key in RATIOS:
        per_step, was = (c[key] / (c["steps"] + c["rejected"]) for c in (now, before))
        if per_step > was * (1.0 + ALLOWED_RATIO):
            found.append(f"{key} per step: {per_step:.3f}, was {was:.3f}")
    return found


def main() -> None:
    """Run, print and store."""
    quick = quickly(__doc__, "the plants of the everyday test")
    rows: list[dict[str, Any]] = []
    for name in EVERYDAY if quick else PLANTS:
        rows.append({"name": name, "values": counted(name)})
        show(rows[-1:])
    if stores(quick):
        notes = ["Committed counts are a gate: tests/integrate/test_operation_counts.py."]
        write("counts", "Operation counts of the shipped plants at a short horizon", rows, notes)


if __name__ == "__main__":
    main()
