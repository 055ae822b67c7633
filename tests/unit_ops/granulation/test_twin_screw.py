"""Twin-screw granulator with kinetics: what its compartments do to residence, wetting, pores and sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.granulation.twin_screw as twin_screw
from tests.unit_ops.piping.bench import Bench
from twin import jit
from unit_ops.crystallization.aggregation import Aggregation, aggregation_gain
from unit_ops.crystallization.breakage import Daughters, breakage_gain
from unit_ops.granulation import sizes

EDGES = 50e-6 * 2.0 ** (0.6 * np.arange(13))
N = 2
#: invented, of the size that docs/validation/twin_screw_granulation.md finds
PARAMS: dict[str, Any] = {
    "tau": 20.0, "volume": 1e-4, "wetting_rate": 3.0, "L_nuclei": 1e-3, "sigma_nuclei": 0.5, "L_feed": 78e-6,
    "sigma_feed": 0.53, "void_ratio": 0.8, "void_ratio_min": 0.2, "consolidation_rate": 0.05, "beta_ref": 0.0,
    "S_ref": 0.0, "sticking": 10.0, "strengthening": 5.0, "L_edges": EDGES, "rho_solid": [1500.0, 1600.0],
    "rho_liquid": 1000.0, "cp": 4180.0,
}  # fmt: skip
POWDER = {"m_flow": [4e-4, 1.6e-4]}
V_IN = 4e-4 / 1500.0 + 1.6e-4 / 1600.0


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(twin_screw)
    jit.arm(sizes)


def build(ratio: float = 0.2, **params: Any) -> Bench:
    dims = {"fluids": 1, "solids": 2, "bins": len(EDGES) - 1, "compartments": N}
    liquid = {"T": 308.15, "m_flow": [ratio * 5.6e-4]}
    return Bench(twin_screw, dims, {**PARAMS, **params}, powder=POWDER, liquid=liquid)


def settled(bench: Bench) -> Any:
    """State after some twelve residence times, by when e^−25 of the start is left of every compartment."""
    y = bench.solve(bench.initial(w=[0.5, 0.5]), [0.0, 250.0], method="BDF", rtol=1e-7, atol=1e-15)
    return y[-1]


def test_without_kinetics_dry_powder_pores_and_nuclei_follow_in_closed_form() -> None:
    """Linear balances: dry powder falls by 1 + k_wet λ/k per compartment, void ratio relaxes towards its least."""
    bench = build()
    y = settled(bench)
    x = bench.unpack(y)
    k = N / 20.0
    ratio = 0.2 * 5.6e-4 / 1000.0 / V_IN
    assert x.m_solids * k == pytest.approx(np.outer(POWDER["m_flow"], np.ones(N)), rel=1e-7)
    dry = V_IN / k / (1.0 + 3.0 * ratio / k) ** np.arange(1, N + 1)
    assert x.dry == pytest.approx(dry, rel=1e-6)
    pores, before = [], 0.0
    for c in range(N):
        wet = V_IN / k - dry[c]
        before = (k * before + 3.0 * ratio * dry[c] * 0.8 + 0.05 * 0.2 * wet) / (k + 0.05)
        pores.append(before)
    assert x.pores == pytest.approx(pores, rel=1e-6)
    shares = [sizes.lognormal_share(i, EDGES, 1e-3, 0.5) for i in range(len(EDGES) - 1)]
    assert sum(shares) == pytest.approx(1.0, rel=1e-14)
    assert x.V_wet[-1] == pytest.approx((V_IN / k - dry[-1]) * np.array(shares), rel=1e-6)
    assert bench.measure("ungranulated", y) == pytest.approx(dry[-1] * k / V_IN, rel=1e-7)
    liquid = 0.2 * 5.6e-4 / 1000.0 / k
    assert bench.measure("wetness", y) == pytest.approx(liquid / (liquid + pores[-1]), rel=1e-6)


def test_what_leaves_adds_up_and_keeps_its_composition() -> None:
    bench = build(beta_ref=2e-9, S_ref=0.05, aggregation=Aggregation.CONSTANT)
    y = settled(bench)
    x = bench.unpack(y)
    out = bench.outlet("product", x)
    assert out.m_flow == pytest.approx(POWDER["m_flow"], rel=1e-7)
    assert out.m_flow_liquid == pytest.approx([0.2 * 5.6e-4], rel=1e-7)
    assert out.V_flow_solid == pytest.approx(V_IN, rel=1e-7)
    assert out.V_flow_classes.sum() == pytest.approx(out.V_flow_solid, rel=1e-9)
    assert np.all(out.V_flow_classes > -1e-12 * out.V_flow_solid)
    for c in range(N):  # solids of the classes and of the components are the same solids
        held = x.m_solids[0, c] / 1500.0 + x.m_solids[1, c] / 1600.0
        assert x.dry[c] + x.V_wet[c].sum() == pytest.approx(held, rel=1e-10)
    assert bench.quadratures(x).cooling == pytest.approx(-0.2 * 5.6e-4 * 4180.0 * 10.0, rel=1e-12)


def test_more_liquid_makes_larger_granules_and_kneading_breaks_dry_ones() -> None:
    kinetics = {"beta_ref": 2e-9, "S_ref": 0.05, "aggregation": Aggregation.CONSTANT}
    dry, wet = (build(ratio, **kinetics) for ratio in (0.1, 0.35))
    d_dry, d_wet = dry.measure("d_32", settled(dry)), wet.measure("d_32", settled(wet))
    assert d_wet > 1.5 * d_dry
    broken = [build(0.1, S_ref=0.05, kneading=[1.0, k]) for k in (1.0, 3.0)]
    soft, hard = (b.measure("d_32", settled(b)) for b in broken)
    assert hard < 0.9 * soft


def test_wetness_kneading_and_bed_act_on_the_rates_as_written() -> None:
    """Compartments that differ in liquid, pores, dry powder and kneading: each coefficient by hand."""
    bins, kneading = len(EDGES) - 1, (1.5, 0.4)
    kinetics = {"beta_ref": 3e-9, "S_ref": 0.07, "kneading": kneading, "L_ref": 8e-4, "q": 1.3}
    bench = build(aggregation=Aggregation.CONSTANT, **kinetics)
    still = build(aggregation=Aggregation.CONSTANT, **{**kinetics, "beta_ref": 0.0, "S_ref": 0.0})
    x = bench.unpack(bench.initial(w=[0.5, 0.5]))
    V = 1e-9 * np.arange(1.0, bins + 1.0)
    x.V_wet[:] = V
    x.dry[:] = 2e-8, 5e-8
    x.pores[:] = 3e-8, 6e-8
    x.m_liquid[0] = 5e-5, 2e-5
    x.m_solids[0] = 1500.0 * (V.sum() + x.dry)
    rates, none = bench.dx(x), still.dx(x)
    for c in range(N):
        liquid, bed = x.m_liquid[0, c] / 1000.0, V.sum() + x.dry[c] + x.pores[c]
        over = liquid / (liquid + x.pores[c]) - 0.5
        beta = kneading[c] * 3e-9 * math.exp(10.0 * over) / bed
        S = kneading[c] * 0.07 * math.exp(-5.0 * over)
        grown, broken, spare = np.zeros(bins), np.zeros(bins), [np.zeros(bins) for _ in range(5)]
        aggregation_gain(V, EDGES, twin_screw.KV, Aggregation.CONSTANT, beta, 8e-4, *spare[:4], grown)
        breakage_gain(V, EDGES, twin_screw.KV, S, 8e-4, 1.3, Daughters.UNIFORM, 0.5, 1.0, 4.0, spare[4], broken)
        assert np.max(np.abs(grown)) > 1e-12
        assert rates.V_wet[c] - none.V_wet[c] == pytest.approx(grown + broken, rel=1e-9, abs=1e-20)
        # pores: squeezed out by kneading towards the least void ratio of the wet granules
        before = x.pores[c - 1] if c else 0.0
        wetted = 3.0 * x.dry[c] * liquid / (V.sum() + x.dry[c])
        squeezed = kneading[c] * 0.05 * (x.pores[c] - 0.2 * V.sum())
        wanted = N / 20.0 * (before - x.pores[c]) + 0.8 * wetted - squeezed
        assert rates.pores[c] == pytest.approx(wanted, rel=1e-10)
    # what is shown of the last compartment: as wide as its pores make the solids
    y = bench.pack(x)
    swollen = (1.0 + 6e-8 / V.sum()) ** (1.0 / 3.0)
    assert bench.measure("d_32", y) == pytest.approx(swollen * sizes.sauter(V, EDGES), rel=1e-10)
    assert bench.measure("d_50", y) == pytest.approx(swollen * sizes.percentile(V, EDGES, 0.5), rel=1e-10)


def test_sizes_of_a_lognormal_distribution() -> None:
    """Median, and Sauter mean d_50 exp(−σ²/2), from classes; a class of ratio √2 blurs by less than 2 %."""
    L = 40e-6 * 2.0 ** (np.arange(19) / 2.0)
    V = np.array([sizes.lognormal_share(i, L, 8e-4, 0.4) for i in range(18)])
    assert sizes.percentile(V, L, 0.5) == pytest.approx(8e-4, rel=0.02)
    assert sizes.sauter(V, L) == pytest.approx(8e-4 * math.exp(-0.08), rel=0.02)
    assert sizes.sauter(0.0 * V, L) == L[0]
    assert sizes.swelling(7.0) == pytest.approx(2.0, rel=1e-14)


def test_an_empty_barrel_stands_still() -> None:
    bench = build()
    bench.set_inlets()
    rates = bench.rhs(0.0, bench.initial(w=[0.5, 0.5]))
    assert np.all(rates == 0.0)


def test_a_short_barrel_is_overfull() -> None:
    bench = build(volume=1e-6)
    x = bench.unpack(settled(bench))
    assert twin_screw.overflowing(x, bench.p) > 0.0
