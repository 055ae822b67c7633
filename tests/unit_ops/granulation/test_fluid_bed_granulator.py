"""Fluid-bed granulator: growth, mass, moisture, overspray, discharge; the published scheme's quirks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unit_ops.granulation.fluid_bed_granulator as granulator
from tests.unit_ops.piping.bench import Bench
from unit_ops.granulation.fluid_bed_granulator import Scheme

RHO = 1323.0


def build(bins: int = 100, **params: Any) -> Bench:
    """Water, urea, air; 50 g/s of urea sprayed, 100 g/s of nuclei of 1.5 mm."""
    edges = np.linspace(0.0, 4e-3, bins + 1)
    centres = 0.5 * (edges[1:] + edges[:-1])
    shares = np.exp(-0.5 * ((centres - 1.5e-3) / 1e-4) ** 2)
    V = 0.1 / RHO
    values = {
        "M_weir": 19.9, "T_bed": 300.0, "X": 0.01, "solute": 1, "solid": 0, "moisture": 0, "L_edges": edges,
        "rho_solid": RHO, "cp": [4180.0, 2000.0, 1006.0], **params,
    }  # fmt: skip
    nuclei = {"V_flow_solid": V, "m_flow": [0.1], "m_flow_liquid": [2e-3, 0.0, 0.0],
              "V_flow_classes": V * shares / shares.sum()}  # fmt: skip
    return Bench(
        granulator, {"fluids": 3, "solids": 1, "bins": bins}, values,
        spray={"T": 300.0, "m_flow": [0.05, 0.05, 0.0]}, nuclei=nuclei, gas={"T": 300.0, "m_flow": [0.0, 0.0, 0.01]},
    )  # fmt: skip


def start(bench: Bench) -> np.ndarray:
    return bench.initial(M=20.0, w=[1.0], L_mean=2e-3, L_sd=1e-4)


def settled(bench: Bench) -> np.ndarray:
    return bench.solve(start(bench), [0.0, 3000.0], method="LSODA", rtol=1e-9, atol=1e-14)[-1]


def test_classes_and_masses_agree() -> None:
    """What is laid down on the classes is what was sprayed: volumes times density are the mass, at all times."""
    bench = build()
    for y in bench.solve(start(bench), [0.0, 10.0, 300.0, 3000.0], method="LSODA", rtol=1e-10, atol=1e-15):
        x = bench.unpack(y)
        assert (x.V.sum() + x.V_feed.sum()) * RHO == pytest.approx(bench.measure("M", y), rel=1e-8)


def test_steady_flows() -> None:
    bench = build(overspray=0.1)
    y = settled(bench)
    x = bench.unpack(y)
    out, gas, dust = (bench.outlet(port, x) for port in ("product", "exhaust", "dust"))
    assert out.m_flow[0] == pytest.approx(0.1 + 0.9 * 0.05, rel=1e-6)
    assert out.m_flow_liquid == pytest.approx([0.01 * 0.145, 0.0, 0.0], rel=1e-6)
    assert dust.m_flow[0] == pytest.approx(0.005, rel=1e-12)
    assert gas.m_flow == pytest.approx([0.052 - 0.00145, 0.0, 0.01], rel=1e-6)
    assert out.V_flow_classes.sum() == pytest.approx(out.V_flow_solid, rel=1e-9)
    assert out.V_flow_solid * RHO == pytest.approx(out.m_flow[0], rel=1e-9)


@pytest.mark.slow
def test_growth_of_the_mean_size() -> None:
    """Numbers are kept: in steady state the volume of a granule grows as mass does, out over in.

    Up to the grid's share of numbers: nuclei spread over classes count by the classes' means on both sides.
    """
    bench = build(400)
    x = bench.unpack(settled(bench))
    centres = 0.5 * (bench.p.L_edges[1:] + bench.p.L_edges[:-1])
    out = bench.outlet("product", x).V_flow_classes
    fed = bench.u.nuclei.V_flow_classes
    assert (out / centres**3).sum() == pytest.approx((fed / centres**3).sum(), rel=1e-6)
    assert out.sum() / fed.sum() == pytest.approx(1.5, rel=1e-6)


def test_a_narrow_batch_grows_at_one_rate() -> None:
    """Without feed and discharge: d(mean)/dt = G, and G = 2 ṁ_e/(ρ A) as the grid is refined, first order."""
    gaps = []
    for bins in (100, 200, 400):
        bench = build(bins, M_weir=100.0)
        x = bench.unpack(start(bench))
        a = bench.env(x)["a"]
        G = granulator.growth(bench.u.spray, bench.u.nuclei, a, bench.p)
        gaps.append(2.0 * 0.05 / (RHO * a.A_granules) / G - 1.0)
    assert gaps[0] == pytest.approx(0.02, abs=3e-3)  # class width over size
    assert gaps[0] / gaps[1] == pytest.approx(2.0, abs=0.1)
    assert gaps[1] / gaps[2] == pytest.approx(2.0, abs=0.05)


def test_published_quirks() -> None:
    """Growth of the continuous equation; classes beyond the mass; nuclei of a second in what leaves."""
    bench = build(scheme=Scheme.PUBLISHED)
    y = settled(bench)
    x = bench.unpack(y)
    assert granulator.growth(bench.u.spray, bench.u.nuclei, bench.env(x)["a"], bench.p) == pytest.approx(
        2.0 * 0.05 / (RHO * bench.env(x)["a"].A_granules), rel=1e-12
    )
    assert x.V.sum() * RHO / bench.measure("M", y) - 1.0 == pytest.approx(0.008, abs=2e-3)
    out = bench.outlet("product", x)
    mixed = (x.V + x.V_feed) / (x.V + x.V_feed).sum()
    assert out.V_flow_classes / out.V_flow_solid == pytest.approx(mixed, rel=1e-9)
    assert out.m_flow[0] == pytest.approx(0.15, rel=1e-6)  # masses are kept


def test_below_the_weir_nothing_leaves() -> None:
    bench = build(M_weir=50.0)
    x = bench.unpack(start(bench))
    assert bench.outlet("product", x).m_flow[0] == 0.0
    assert bench.measure("d_32", bench.pack(x)) == pytest.approx(2e-3 * (1.0 - 0.05**2), rel=2e-4)  # 1/mean of 1/d


def test_moisture_is_not_the_solute() -> None:
    assert "moisture" in granulator.check_params(build(moisture=1).p)
