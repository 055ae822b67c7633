"""The tubular reactor: reaction with dispersion, a front, diffusion in a slab (verification 3.1, 3.2, 3.9).

Numbers of two grids are extrapolated at the second order that is observed; the rest is of higher order.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import unit_ops.reaction.plug_flow as plug_flow
from tests.unit_ops.reaction.test_plug_flow import flowing, profile, scale, solve, tube
from tests.verification.record import record
from twin import jit
from unit_ops.reaction.plug_flow import Scheme

DANCKWERTS = "doi 10.1016/0009-2509(53)80001-1; closed form"


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(plug_flow)


def refined(coarse: np.ndarray, fine: np.ndarray, finest: np.ndarray, exact: np.ndarray) -> tuple[np.ndarray, float]:
    """Extrapolated numbers of grids n, 2n, 4n, and the order that they show."""
    order = math.log2(float(np.abs(fine - exact).max() / np.abs(finest - exact).max()))
    before = math.log2(float(np.abs(coarse - exact).max() / np.abs(fine - exact).max()))
    assert before > 1.7
    return (4.0 * finest - fine) / 3.0, order


#: c_out/c_in by Péclet and Damköhler number.
CONVERSION = {
    1.0: {0.5: 0.6519768396, 1.0: 0.4676558815, 2.0: 0.2793870464, 5.0: 0.0984888974},
    10.0: {0.5: 0.6192152109, 1.0: 0.3972667733, 2.0: 0.1773340643, 5.0: 0.0238789346},
    100.0: {0.5: 0.6080189676, 1.0: 0.3714684754, 2.0: 0.1405918325, 5.0: 0.0084437175},
}


def outlet(cells: int, Pe: float, Da: float) -> np.ndarray:
    """c_out/c_in in steady flow."""
    bench = tube(cells, Pe=Pe, reactions=[{"equation": "A -> B", "k0": Da / 100.0, "E": 0.0, "dH": 0.0}])
    y = bench.steady(flowing(bench, [0.9, 0.05, 0.05, 0.0]), scale(bench))
    return np.array([profile(bench, y, 1)[-1] / 0.1])


@pytest.mark.slow
@pytest.mark.parametrize("Pe", list(CONVERSION))
def test_first_order_reaction_with_dispersion(Pe: float) -> None:
    """c_out/c_in = 4a e^(Pe/2)/[(1+a)² e^(aPe/2) − (1−a)² e^(−aPe/2)], a = √(1 + 4 Da/Pe)."""
    for Da, expected in CONVERSION[Pe].items():
        grids = [outlet(cells, Pe, Da) for cells in (15, 30, 60)]
        got, order = refined(*grids, np.array([expected]))
        record(
            "First-order reaction with dispersion",
            DANCKWERTS,
            f"c/c0, Pe = {Pe:g}, Da = {Da:g}",
            expected,
            got[0],
            order,
        )
        assert order > 1.9
        assert got[0] == pytest.approx(expected, rel=2e-3 * Da)


@pytest.mark.slow
def test_front_in_a_long_tube() -> None:
    """Ogata and Banks 1961: x = 1, v = 1, D = 0.1 behind a fixed concentration, at t = 0.5, 1, 1.5.

    With the closed inlet of the tube it is the flux through the plane that follows it (Kreft and Zuber, doi
    10.1016/0009-2509(78)85196-3). The plane is a quarter down; nothing has come back from the end.
    Not limited: what the limiter cuts at the front's foot, 4e-5 on 320 cells, falls irregularly.
    """
    expected = np.array([0.08006675261, 0.58528885916, 0.87452473847])
    found = []
    for cells in (80, 160, 320):
        bench = tube(cells, tau=4.0 * 100.0, Pe=40.0, limiter_eps=1.0)
        y0 = flowing(bench, [1.0, 0.0, 0.0, 0.0])
        rows = solve(bench, y0, [0.0, 50.0, 100.0, 150.0], rtol=1e-8, atol=1e-11)[1:]
        fluxes = []
        for row in rows:
            x = bench.unpack(row)
            w = bench.lent(plug_flow.Work)
            plug_flow.fill(x, bench.p, w)
            plug_flow.prepare(bench.u, bench.p, w)
            plug_flow.face_flows(x, bench.p, w, 1, w.flow)
            fluxes.append(w.flow[cells // 4 - 1] / float(bench.u.feed.m_flow[1]))
        found.append(np.array(fluxes))
    got, order = refined(*found, expected)
    for t, e, g in zip((0.5, 1.0, 1.5), expected, got, strict=True):
        record("Front in a long tube", "Ogata and Banks, doi 10.3133/pp411A", f"c/c0 at t = {t:g}", e, g, order)
    assert order > 1.9
    assert got == pytest.approx(expected, abs=3e-5)  # the next order, some 7 (Δz/x)³, leaves 2e-5


def test_diffusion_in_a_slab() -> None:
    """What is left in a slab with its surface at a fixed concentration (Crank), with nothing flowing.

    In a closed tube half of which is filled, the middle keeps the mean: the full half is such a slab.
    """
    fourier = [0.01, 0.05, 0.1, 0.2, 0.5, 1.0]
    expected = np.array([0.8871620833, 0.7476867478, 0.6431765995, 0.4959121798, 0.2360496693, 0.0687403215])
    found = []
    for cells in (40, 80, 160):
        bench = tube(cells, Pe=10.0)
        bench.set_inlets(feed={"T": 320.0, "m_flow": [0.0] * 4}, T_jacket=320.0)
        x = bench.unpack(bench.initial(T=320.0, w=[1.0, 0.0, 0.0, 0.0]))
        moved = 0.1 * x.m[0, : cells // 2]
        x.m[0, : cells // 2] -= moved
        x.m[1, : cells // 2] += moved
        half = 0.5 * bench.p.length
        rows = solve(bench, bench.pack(x), [0.0, *(Fo * half**2 / bench.p.D_ax for Fo in fourier)], 1e-8, 1e-12)[1:]
        mean = np.array([profile(bench, row, 1)[: cells // 2].mean() / 0.1 for row in rows])
        found.append(2.0 * (mean - 0.5))
    got, order = refined(*found, expected)
    for Fo, e, g in zip(fourier, expected, got, strict=True):
        record(
            "Diffusion in a slab (tube at rest)",
            "Crank 1975, ISBN 978-0-19-853411-2",
            f"left at Fo = {Fo:g}",
            e,
            g,
            order,
        )
    assert order > 1.9
    assert got == pytest.approx(expected, abs=1e-5)


def test_upwind_tube_is_a_cascade() -> None:
    """PharmaPy's tube of 50 cells: A + B -> C, k = 0.2989958982 L/(mol s), 0.15 mol/L each, 1800 s."""
    reactions = [{"equation": "A + B -> C", "k0": "0.2989958982 L/(mol s)", "E": 0.0, "dH": 0.0}]
    # one cell more, of the same size: the last one holds a little more than the others
    bench = tube(51, tau=51 * 36.0, feed=[0.97, 0.015, 0.015, 0.0], reactions=reactions, scheme=Scheme.UPWIND)
    y = bench.steady(flowing(bench, [0.97, 0.01, 0.01, 0.01]), scale(bench))
    c = profile(bench, y, 1) * 10.0  # mol/L, of 0.1 kg/mol
    for cell, expected, rel in ((25, 4.1358776e-3, 1e-7), (50, 1.98761764e-3, 1e-8)):
        got = float(c[cell - 1])
        record(
            "A + B -> C in 50 cells, upwind",
            "PharmaPy's tube, recomputed",
            f"c_A of cell {cell} [mol/L]",
            expected,
            got,
        )
        assert got == pytest.approx(expected, rel=rel)
