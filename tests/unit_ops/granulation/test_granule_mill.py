"""Granule mill: exact batch grinding by class, the screen holds back, composition and mass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

import unit_ops.granulation.granule_mill as granule_mill
from tests.unit_ops.piping.bench import Bench
from unit_ops.crystallization.breakage import Daughters
from unit_ops.granulation.sizes import sauter

EDGES = np.geomspace(1e-4, 3.2e-3, 11)  # classes of ratio √2
CLASSES = 1e-7 * np.array([0.0, 0.0, 0.0, 0.0, 1.0, 4.0, 8.0, 8.0, 4.0, 1.0])
PARAMS: dict[str, Any] = {
    "aperture": 1e-3, "passing_rate": 2.0, "S_ref": 0.2, "V_max": 1e-2, "L_edges": EDGES, "rho_solid": 1500.0,
}  # fmt: skip
FEED = {
    "V_flow_solid": CLASSES.sum(),
    "V_flow_pores": 0.4 * CLASSES.sum(),
    "m_flow": 1500.0 * CLASSES.sum() * np.array([0.3, 0.7]),
    "m_flow_liquid": [1e-4],
    "V_flow_classes": CLASSES,
}


def build(fed: bool = True, **params: Any) -> Bench:
    inlets = {"granules": FEED} if fed else {}
    return Bench(granule_mill, {"fluids": 1, "solids": 2, "bins": 10}, {**PARAMS, **params}, **inlets)


def settled(bench: Bench) -> np.ndarray:
    return bench.solve(bench.initial(w=[0.3, 0.7]), [0.0, 2000.0], method="BDF", rtol=1e-9, atol=1e-16)[-1]


def test_batch_grinding_is_the_exponential_of_its_matrix() -> None:
    """Linear in the classes: Austin's cumulative law between edges, relative to the class that breaks."""
    bench = build(fed=False, aperture=1e-5, phi=0.4, gamma_fine=0.9, gamma_coarse=3.5)
    size = np.cbrt(0.25 * (EDGES[1:] + EDGES[:-1]) * (EDGES[1:] ** 2 + EDGES[:-1] ** 2))
    S = 0.2 * (size / 1e-3) ** 1.2
    A = np.zeros((10, 10))
    for k in range(1, 10):
        below = [0.0, *(0.4 * (e / size[k]) ** 0.9 + 0.6 * (e / size[k]) ** 3.5 for e in EDGES[1 : k + 1]), 1.0]
        A[: k + 1, k] = S[k] * np.diff(below)
        A[k, k] -= S[k]
    start = bench.initial(w=[0.3, 0.7], V_class=CLASSES, void_ratio=0.4)
    y = bench.solve(start, [0.0, 5.0], method="BDF", rtol=1e-10, atol=1e-17)[-1]
    assert bench.measure("F", y) == 0.0
    assert bench.unpack(y).V == pytest.approx(expm(5.0 * A) @ CLASSES, rel=1e-6, abs=1e-13)


def test_what_is_too_wide_leaves_only_broken() -> None:
    bench = build()
    y = settled(bench)
    x = bench.unpack(y)
    out = bench.outlet("product", x)
    wide = 1.4 ** (1.0 / 3.0) * np.sqrt(EDGES[1:] * EDGES[:-1]) >= 1e-3
    assert np.all(out.V_flow_classes[wide] == 0.0)
    assert np.all(x.V[wide] > 0.0)
    assert out.m_flow == pytest.approx(FEED["m_flow"], rel=1e-6)
    assert out.m_flow_liquid == pytest.approx(FEED["m_flow_liquid"], rel=1e-6)
    assert out.V_flow_pores == pytest.approx(FEED["V_flow_pores"], rel=1e-6)
    assert out.V_flow_classes.sum() == pytest.approx(CLASSES.sum(), rel=1e-6)
    assert bench.measure("F", y) == pytest.approx(1500.0 * CLASSES.sum() + 1e-4, rel=1e-6)
    assert bench.measure("fines", y) == pytest.approx(out.V_flow_classes[0] / out.V_flow_solid, rel=1e-9)
    assert bench.measure("d_32", y) == pytest.approx(1.4 ** (1 / 3) * sauter(out.V_flow_classes, EDGES), rel=1e-9)


@pytest.mark.parametrize("law", list(Daughters))
def test_a_faster_mill_holds_less(law: Daughters) -> None:
    """Four times the breakage empties the classes that are too wide; what can pass meets the same screen."""
    slow, fast = build(daughters=law), build(daughters=law, speed=20.0)
    assert fast.measure("M", settled(fast)) < 0.6 * slow.measure("M", settled(slow))
