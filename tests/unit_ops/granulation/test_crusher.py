"""Crusher: Bond's law, x80 of what is held, normal product, mass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unit_ops.granulation.crusher as crusher
from tests.unit_ops.piping.bench import Bench
from unit_ops.granulation.crusher import Law, bond_size

EDGES = np.linspace(0.0, 4e-3, 101)
CENTRES = 0.5 * (EDGES[1:] + EDGES[:-1])


def normal(mean: float, sd: float) -> np.ndarray:
    shares = np.exp(-0.5 * ((CENTRES - mean) / sd) ** 2)
    return shares / shares.sum()


CLASSES = 3e-5 * normal(2e-3, 2e-4)
FEED = {
    "V_flow_solid": CLASSES.sum(), "V_flow_pores": 1e-6, "m_flow": [1300.0 * CLASSES.sum()], "m_flow_liquid": [1e-4],
    "V_flow_classes": CLASSES,
}  # fmt: skip


def build(**params: Any) -> Bench:
    values = {
        "law": Law.BOND, "sd": 1e-4, "V_max": 2e-3, "L_edges": EDGES, "rho_solid": 1300.0, "power": 800.0,
        "W_i": 27e3, **params,
    }  # fmt: skip
    return Bench(crusher, {"fluids": 1, "solids": 1, "bins": 100}, values, granules=FEED)


def settled(bench: Bench) -> np.ndarray:
    return bench.solve(bench.initial(x80=1e-3, w=[1.0]), [0.0, 100.0], method="LSODA", rtol=1e-10, atol=1e-16)[-1]


def test_bond_s_law() -> None:
    """10 W takes infinite size to 100 µm: W in the units of sizes in mm is 31.6 times smaller."""
    work = 10.0 * 27e3 * (1.0 / np.sqrt(1.0) - 1.0 / np.sqrt(4.0))  # J/kg from 4 mm to 1 mm
    assert bond_size(4e-3, 2.0 * work, 2.0, 27e3) == pytest.approx(1e-3, rel=1e-12)
    assert bond_size(4e-3, 0.0, 2.0, 27e3) == pytest.approx(4e-3, rel=1e-12)


def test_x80_of_what_is_held() -> None:
    """In steady state where the volumes cumulated up to the class means reach 80 %, linearly between them."""
    y = settled(build())
    below = np.cumsum(CLASSES) / CLASSES.sum()
    assert build().unpack(y).x80 == pytest.approx(np.interp(0.8, below, CENTRES), rel=1e-7)


@pytest.mark.parametrize("law", list(Law))
def test_product_is_normal_and_nothing_is_lost(law: Law) -> None:
    bench = build(law=law, mean=1.2e-3)
    y = settled(bench)
    x = bench.unpack(y)
    out = bench.outlet("product", x)
    mean = 1.2e-3 if law == Law.CONSTANT else bond_size(x.x80, 800.0, FEED["m_flow"][0], 27e3) - 0.83e-4
    assert bench.measure("mean_out", y) == pytest.approx(mean, rel=1e-8)
    assert out.V_flow_classes == pytest.approx(CLASSES.sum() * normal(mean, 1e-4), rel=1e-6, abs=1e-20)
    assert out.V_flow_solid == pytest.approx(out.V_flow_classes.sum(), rel=1e-12)
    for name in ("V_flow_solid", "V_flow_pores", "m_flow", "m_flow_liquid"):
        assert np.asarray(getattr(out, name)) == pytest.approx(np.asarray(FEED[name]), rel=1e-7), name


def test_an_empty_crusher_keeps_its_size() -> None:
    bench = build()
    bench.set_inlets(granules={})
    y = bench.initial(x80=1e-3, w=[1.0])
    assert bench.dx(bench.unpack(y)).x80 == 0.0
    assert bench.outlet("product", bench.unpack(y)).V_flow_classes.sum() == 0.0
