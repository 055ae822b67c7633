"""Screen: grade efficiencies at their known points, mass, composition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.granulation.screen as screen
from tests.unit_ops.piping.bench import Bench
from unit_ops.granulation.screen import Law, grade

EDGES = np.linspace(0.0, 4e-3, 11)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])
CLASSES = 1e-7 * np.array([1.0, 2.0, 4.0, 6.0, 8.0, 8.0, 6.0, 4.0, 2.0, 1.0])
FEED = {
    "V_flow_solid": CLASSES.sum(),
    "V_flow_pores": 0.4 * CLASSES.sum(),
    "m_flow": 1500.0 * CLASSES.sum() * np.array([0.3, 0.7]),
    "m_flow_liquid": [1e-4],
    "V_flow_classes": CLASSES,
}
DIMS = {"fluids": 1, "solids": 2, "bins": 10}


def build(**params: Any) -> Bench:
    values = {"law": Law.PLITT, "L_edges": EDGES, "V_max": 1e-3, "rho_solid": 1500.0, "cut": 2e-3, **params}
    return Bench(screen, DIMS, values, granules=FEED)


def test_grade_efficiencies() -> None:
    """At the cut: half over by Plitt (0.693 for ln 2), Molerus and Hoffmann and the normal law; all rise to 1."""
    at = lambda law, d: grade(d, law, 2e-3, 4.0, 0.5, 0.2, 2e-3, 1e-4)  # noqa: E731
    assert at(Law.PLITT, 2e-3) == pytest.approx(0.5, abs=1e-4)
    assert at(Law.PLITT, 1e-3) == pytest.approx(1.0 - math.exp(-0.693 / 16.0), rel=1e-14)
    assert at(Law.MOLERUS_HOFFMANN, 2e-3) == pytest.approx(0.5, rel=1e-14)
    assert at(Law.MOLERUS_HOFFMANN, 1e-3) == pytest.approx(1.0 / (1.0 + 4.0 * math.exp(3.0)), rel=1e-13)
    assert at(Law.PROBABILITY, 2e-3) == pytest.approx(0.5, rel=1e-14)
    assert at(Law.PROBABILITY, 2.1e-3) == pytest.approx(0.8413447460685429, rel=1e-12)
    assert at(Law.TEIPEL_HENNIG, 2e-3) == pytest.approx(0.5 * 0.8 + 0.2, rel=1e-14)
    assert at(Law.TEIPEL_HENNIG, 1e-12) == pytest.approx(0.2, abs=1e-6)
    for law in Law:
        assert at(law, 2e-2) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("law", list(Law))
def test_steady_state_parts_the_feed(law: Law) -> None:
    bench = build(law=law, mean=2e-3, sd=3e-4)
    y = bench.solve(bench.initial(w=[0.3, 0.7]), [0.0, 60.0], method="BDF", rtol=1e-10, atol=1e-18)[-1]
    x = bench.unpack(y)
    coarse, fines = bench.outlet("coarse", x), bench.outlet("fines", x)
    G = np.array([grade(d, law, 2e-3, 4.0, 0.5, 0.0, 2e-3, 3e-4) for d in CENTRES])
    assert coarse.V_flow_classes == pytest.approx(G * CLASSES, rel=1e-7, abs=1e-20)
    assert fines.V_flow_classes == pytest.approx((1.0 - G) * CLASSES, rel=1e-7, abs=1e-20)
    part = (G * CLASSES).sum() / CLASSES.sum()
    assert bench.measure("oversize", y) == pytest.approx(part, rel=1e-8)
    for out, share in ((coarse, part), (fines, 1.0 - part)):
        assert out.V_flow_solid == pytest.approx(out.V_flow_classes.sum(), rel=1e-9)
        assert out.m_flow == pytest.approx(share * FEED["m_flow"], rel=1e-7)
        assert out.m_flow_liquid[0] == pytest.approx(share * 1e-4, rel=1e-7)
        assert out.V_flow_pores == pytest.approx(share * FEED["V_flow_pores"], rel=1e-7)


def test_a_laden_and_an_empty_deck() -> None:
    bench = build()
    laden = bench.initial(w=[0.3, 0.7], V_class=CLASSES, w_liquid=[0.1])
    assert bench.measure("M", laden) == pytest.approx(1500.0 * CLASSES.sum() * 1.1, rel=1e-12)
    empty = bench.unpack(bench.initial(w=[0.3, 0.7]))
    assert bench.outlet("coarse", empty).m_flow == pytest.approx([0.0, 0.0])
    assert bench.measure("oversize", bench.pack(empty)) == 0.0
