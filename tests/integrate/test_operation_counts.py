"""Operation counts of the shipped plants against the committed ones: no clock, so a busy machine changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.counts import ALLOWED, COUNTS, EVERYDAY, PARTS, counted, risen, stored
from benchmarks.shortly import PLANTS

ROOT = Path(__file__).resolve().parents[2]
CURE = "if that is intended, run `python -m benchmarks.counts` and commit its result"


@pytest.mark.parametrize(
    "name", [name if name in EVERYDAY else pytest.param(name, marks=pytest.mark.slow) for name in PLANTS]
)
def test_no_plant_takes_more_operations_than_before(name: str) -> None:
    assert not risen(counted(name), stored()[name]), CURE


def test_the_gate_holds_every_plant_and_closes() -> None:
    before = stored()
    shipped = {path.stem for path in (ROOT / "plant_configs").glob("*.yaml")}
    assert set(before) == set(PLANTS) == shipped
    for name, counts in before.items():
        assert not risen(counts, counts)
        for key in (*COUNTS, *PARTS):
            worse = {**counts, key: int(counts[key] * (1.0 + 2.0 * ALLOWED)) + 10}
            assert risen(worse, counts), f"{name}: {key} may rise unseen"
        # one Jacobian more a step, all else alike, as when a matrix is no longer kept
        assert risen({**counts, "jacobians": counts["jacobians"] + counts["steps"]}, counts)
