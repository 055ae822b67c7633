"""Uniformity of dosage units: the acceptance value of the pharmacopoeias from contents of single tablets.

Contents in percent of the label claim. Stage 1 judges ten units, stage 2 those and twenty more.

References: United States Pharmacopeia, general chapter <905> Uniformity of Dosage Units (harmonised
with Ph. Eur. 2.9.40 and JP 6.02): AV = |M − X̄| + k s, k = 2.4 for 10 and 2.0 for 30 units, L1 = 15, L2 = 25.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

#: Units judged and the acceptability constant that goes with their number.
CONSTANTS = {10: 2.4, 30: 2.0}
L1 = 15.0
L2 = 25.0
LOW, HIGH = 98.5, 101.5


class Judgement(NamedTuple):
    """Outcome of a stage.

    mean and s: mean and standard deviation [%]; value: acceptance value; outside: units further than
    L2 percent of the reference value from it; passed: whether the stage is met.
    """

    mean: float
    s: float
    value: float
    outside: int
    passed: bool


def reference_value(mean: float, target: float = 100.0) -> float:
    """M: the mean itself within 98.5 % … 101.5 % (or the target above that), else the nearer end [%]."""
    return float(min(max(mean, LOW), max(HIGH, target)))


def judge(contents: Sequence[float], target: float = 100.0) -> Judgement:
    """Judge single contents of 10 tablets (stage 1) or 30 (stage 2).

    Parameters
    ----------
    contents : sequence of float
        Content of each tablet, percent of the label claim.
    target : float
        Mean that the process aims at, percent; matters above 101.5 only.

    Raises
    ------
    ValueError
        When there are neither 10 nor 30 contents, or one is no number.
    """
    values = np.asarray(contents, dtype=float)
    if values.ndim != 1 or values.size not in CONSTANTS:
        raise ValueError(f"USP <905> judges 10 or 30 units, not {values.size}")
    if not np.all(np.isfinite(values)):
        raise ValueError("a content is no number")
    mean, s = float(np.mean(values)), float(np.std(values, ddof=1))
    M = reference_value(mean, target)
    value = abs(M - mean) + CONSTANTS[values.size] * s
    outside = int(np.sum(np.abs(values - M) > 0.01 * L2 * M))
    passed = value <= L1 and (values.size == 10 or outside == 0)
    return Judgement(mean, s, value, outside, bool(passed))
