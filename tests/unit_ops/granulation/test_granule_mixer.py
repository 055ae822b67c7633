"""A junction of granules: flows, pores and classes of its feeds add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unit_ops.granulation.granule_mixer as granule_mixer
from tests.unit_ops.piping.bench import Bench

CLASSES = 1e-7 * np.array([1.0, 4.0, 8.0, 3.0])
FEED: dict[str, Any] = {
    "V_flow_solid": CLASSES.sum(),
    "V_flow_pores": 0.4 * CLASSES.sum(),
    "m_flow": 1500.0 * CLASSES.sum() * np.array([0.3, 0.7]),
    "m_flow_liquid": [1e-4],
    "V_flow_classes": CLASSES,
}
DIMS = {"fluids": 1, "solids": 2, "bins": 4}


def scaled(by: float) -> dict[str, Any]:
    return {name: by * np.asarray(value) for name, value in FEED.items()}


@pytest.mark.parametrize("others", [{}, {"feed_3": 0.5}, {"feed_2": 2.0, "feed_3": 0.25}])
def test_the_junction_adds_up(others: dict[str, float]) -> None:
    bench = Bench(granule_mixer, DIMS, {}, feed_1=FEED, **{port: scaled(by) for port, by in others.items()})
    found = bench.outlet("product", None)
    for name, value in FEED.items():
        wanted = (1.0 + sum(others.values())) * np.asarray(value)
        assert np.asarray(getattr(found, name)) == pytest.approx(wanted, rel=1e-14), name


def test_classes_still_hold_all_solids() -> None:
    """Feeds of different sizes: the total is that of the classes, which no receiver sums."""
    coarse = {**scaled(1.0), "V_flow_classes": CLASSES[::-1]}
    found = Bench(granule_mixer, DIMS, {}, feed_1=FEED, feed_2=coarse).outlet("product", None)
    assert found.V_flow_classes == pytest.approx(CLASSES + CLASSES[::-1], rel=1e-14)
    assert found.V_flow_solid == pytest.approx(found.V_flow_classes.sum(), rel=1e-14)
