"""The short form of benchmarks/estimation.py: 95 % regions of crystallization kinetics hold the truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks.estimation import coverage
from benchmarks.harness import RESULTS


def test_crystallization_kinetics_come_back_from_noisy_moments(tmp_path: Path) -> None:
    """Of 12 repetitions with coverage 0.95 fewer than 9 happen once in 5,000; no bias beyond 4 standard errors."""
    found = coverage(tmp_path, 12)
    assert np.all(found["inside"] >= 9 / 12)
    assert found["joint"] >= 9 / 12
    assert np.all(np.abs(found["bias"]) < 4.0 * found["spread"] / np.sqrt(12))


def test_stored_coverage_is_between_92_and_98_percent() -> None:
    rows = json.loads((RESULTS / "estimation.json").read_text(encoding="utf-8"))["rows"]
    covered = {row["name"]: row["values"]["coverage"] for row in rows if "coverage" in row["values"]}
    assert set(covered) == {"kg", "g", "k1", "b1", "joint region"}
    assert all(0.92 <= value <= 0.98 for value in covered.values())
    cost = next(row["values"] for row in rows if row["name"] == "cost")
    assert cost["repetitions"] == 200
