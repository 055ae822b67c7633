"""Powder diverter: shares by position, both of the feed's composition, together the feed."""

from __future__ import annotations

import numpy as np
import pytest

import unit_ops.powder.diverter as diverter
from tests.unit_ops.piping.bench import Bench

FEED = {"m_flow": [3e-3, 7e-3], "m_flow_liquid": [1e-4]}


@pytest.mark.parametrize("position", [0.0, 0.3, 1.0])
def test_position_shares_the_feed(position: float) -> None:
    bench = Bench(diverter, {"fluids": 1, "solids": 2}, {}, feed=FEED, position=position)
    onward, aside = bench.outlet("onward", None), bench.outlet("aside", None)
    assert np.array_equal(aside.m_flow, position * np.array(FEED["m_flow"]))
    assert onward.m_flow + aside.m_flow == pytest.approx(FEED["m_flow"], rel=1e-15)
    assert onward.m_flow_liquid + aside.m_flow_liquid == pytest.approx(FEED["m_flow_liquid"], rel=1e-15)
    if position == 1.0:
        assert not onward.m_flow.any()
