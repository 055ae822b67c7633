"""Sieve: partition curve, mass, composition; and the chute that turns granules into powder."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import unit_ops.granulation.chute as chute
import unit_ops.granulation.sieve as sieve
from tests.unit_ops.piping.bench import Bench
from unit_ops.granulation.sizes import sauter
from unit_ops.streams import Powder

EDGES = np.geomspace(1e-4, 3.2e-3, 11)  # classes of ratio √2
CLASSES = 1e-7 * np.array([1.0, 2.0, 4.0, 6.0, 8.0, 8.0, 6.0, 4.0, 2.0, 1.0])
PARAMS: dict[str, Any] = {
    "aperture": 1e-3, "passing_rate": 2.0, "running_rate": 0.1, "V_max": 1e-2, "L_edges": EDGES, "rho_solid": 1500.0,
}  # fmt: skip
FEED = {
    "V_flow_solid": CLASSES.sum(),
    "V_flow_pores": 0.4 * CLASSES.sum(),
    "m_flow": 1500.0 * CLASSES.sum() * np.array([0.3, 0.7]),
    "m_flow_liquid": [1e-4],
    "V_flow_classes": CLASSES,
}


def build(**params: Any) -> Bench:
    return Bench(sieve, {"fluids": 1, "solids": 2, "bins": 10}, {**PARAMS, **params}, granules=FEED)


def settled(bench: Bench) -> np.ndarray:
    return bench.solve(bench.initial(w=[0.3, 0.7]), [0.0, 400.0], method="BDF", rtol=1e-9, atol=1e-16)[-1]


def test_partition_curve() -> None:
    """In steady state a class goes over in the part r/(r + T), T by its width with pores; what comes in leaves."""
    bench = build()
    y = settled(bench)
    x = bench.unpack(y)
    fines, coarse = bench.outlet("fines", x), bench.outlet("coarse", x)
    d = 1.4 ** (1.0 / 3.0) * np.sqrt(EDGES[1:] * EDGES[:-1])
    passing = 2.0 * np.maximum(1.0 - (d / 1e-3) ** 2, 0.0)
    # the void ratio of the deck is that of the feed: all is taken alike
    assert x.pores / x.V.sum() == pytest.approx(0.4, rel=1e-8)
    assert coarse.V_flow_classes / CLASSES == pytest.approx(0.1 / (0.1 + passing), rel=1e-7)
    assert fines.V_flow_classes + coarse.V_flow_classes == pytest.approx(CLASSES, rel=1e-7)
    assert np.all(fines.V_flow_classes[d > 1e-3] == 0.0)
    assert fines.V_flow_classes.sum() == pytest.approx(fines.V_flow_solid, rel=1e-12)
    assert bench.measure("undersize", y) == pytest.approx(fines.V_flow_solid / CLASSES.sum(), rel=1e-7)
    assert bench.measure("d_32", y) == pytest.approx(1.4 ** (1 / 3) * sauter(fines.V_flow_classes, EDGES), rel=1e-9)


def test_all_parts_keep_composition_moisture_and_mass() -> None:
    bench = build()
    x = bench.unpack(settled(bench))
    fines, coarse = bench.outlet("fines", x), bench.outlet("coarse", x)
    for out in (fines, coarse):
        assert out.m_flow / out.V_flow_solid == pytest.approx([450.0, 1050.0], rel=1e-7)
        assert out.m_flow_liquid[0] / out.V_flow_solid == pytest.approx(1e-4 / CLASSES.sum(), rel=1e-7)
    assert fines.m_flow + coarse.m_flow == pytest.approx(FEED["m_flow"], rel=1e-7)
    solids, fluids = (
        bench.dx(x).m_solids - FEED["m_flow"] + fines.m_flow + coarse.m_flow,
        bench.dx(x).m_liquid - FEED["m_flow_liquid"] + fines.m_flow_liquid + coarse.m_flow_liquid,
    )
    assert np.all(np.abs(solids) < 1e-15)
    assert np.all(np.abs(fluids) < 1e-17)


def test_a_longer_deck_cuts_sharper() -> None:
    short, long = build(running_rate=1.0), build(running_rate=0.01)
    assert long.measure("undersize", settled(long)) > 1.3 * short.measure("undersize", settled(short))


def test_a_deck_that_starts_laden() -> None:
    bench = build()
    x = bench.unpack(bench.initial(w=[0.3, 0.7], V_class=1e-5, w_liquid=[0.05], void_ratio=0.5))
    assert bench.measure("M", bench.pack(x)) == pytest.approx(1e-4 * 1500.0 * 1.05, rel=1e-12)
    assert x.pores == pytest.approx(5e-5, rel=1e-12)
    empty = bench.unpack(bench.initial(w=[0.3, 0.7]))
    assert bench.measure("undersize", bench.pack(empty)) == 0.0
    assert bench.outlet("fines", empty).m_flow == pytest.approx([0.0, 0.0])


def test_the_chute_passes_on_all_but_sizes() -> None:
    granules = SimpleNamespace(m_flow=np.array([1.0, 2.0]), m_flow_liquid=np.array([0.1]))
    plain = getattr(chute.powder, "py_func", chute.powder)  # another test of this process may have compiled it
    found = plain(SimpleNamespace(granules=granules), Powder(np.empty(2), np.empty(1)))
    assert found.m_flow == pytest.approx([1.0, 2.0])
    assert found.m_flow_liquid == pytest.approx([0.1])
