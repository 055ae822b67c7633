"""Tablet press: weight, density, strength and hardness of a blend; a feed frame that may starve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.tableting.press as press
from tests.unit_ops.piping.bench import Bench
from unit_ops.tableting.compaction import Compaction, Strength, kawakita

DIMS = {"fluids": 1, "solids": 2}
D, DEPTH, P = 8e-3, 10e-3, 100e6
AREA = math.pi * D * D / 4.0
BULK, TRUE = np.array([500.0, 300.0]), np.array([1290.0, 1540.0])


def build(powder: Any = 0.0, turret: float = 0.5, **params: Any) -> Bench:
    values: dict[str, Any] = {
        "stations": 20.0, "diameter": D, "V_frame": 2e-3, "V_low": 2e-4, "V_heel": 2e-5, "api": 0,
        "rho_bulk": BULK, "rho_true": TRUE, "compaction_constant": [0.55, 0.72], "compressibility": [0.08e-6, 0.1e-6],
        "strength_max": [4e6, 15e6], "bonding": [10.0, 8.0],
    }  # fmt: skip
    feed = {"m_flow": powder, "m_flow_liquid": 0.0}
    return Bench(press, DIMS, {**values, **params}, powder=feed, turret_speed=turret, fill_depth=DEPTH, pressure=P)


def start(bench: Bench, m: float = 0.3, w: Any = (0.4, 0.6), liquid: float = 0.0, N: float = 0.5) -> np.ndarray:
    return bench.initial(m=m, w=w, w_liquid=liquid, N=N, depth=DEPTH, P=P)


def test_a_full_die_holds_bulk_density_times_its_volume() -> None:
    bench = build()
    rho = 1.0 / (0.4 / BULK[0] + 0.6 / BULK[1])
    assert bench.measure("tablet_mass", start(bench)) == pytest.approx(rho * AREA * DEPTH, rel=1e-13)
    fast = build(t_fill=0.1)
    assert fast.measure("tablet_mass", start(fast)) == pytest.approx(rho * AREA * DEPTH * math.exp(-0.05), rel=1e-13)


def test_what_leaves_is_number_times_weight() -> None:
    bench = build()
    y = start(bench, liquid=0.02)
    out = bench.outlet("tablets", bench.unpack(y))
    assert out.n_flow == 10.0
    assert out.m_flow.sum() + out.m_flow_liquid.sum() == pytest.approx(
        10.0 * bench.measure("tablet_mass", y), rel=1e-14
    )
    assert press.demand(bench.unpack(y), bench.p).value == pytest.approx(
        10.0 * bench.measure("tablet_mass", y), rel=1e-14
    )
    assert bench.measure("LOD", y) == pytest.approx(0.02, rel=1e-13)
    assert bench.measure("api_content", y) == pytest.approx(0.4 * 0.98, rel=1e-13)


def test_a_pure_powder_follows_kawakita_from_its_bulk_density() -> None:
    bench = build()
    y = start(bench, w=(0.0, 1.0))
    density = 300.0 / 1540.0 / (1.0 - kawakita(P, 0.72, 0.1e-6))
    assert bench.measure("porosity", y) == pytest.approx(1.0 - density, rel=1e-13)
    assert bench.measure("thickness", y) == pytest.approx(300.0 * DEPTH / (1540.0 * density), rel=1e-13)
    strength = 15e6 * math.exp(-8.0 * (1.0 - density))
    assert bench.measure("tensile_strength", y) == pytest.approx(strength, rel=1e-12)
    hardness = 0.5 * math.pi * strength * D * bench.measure("thickness", y)
    assert bench.measure("hardness", y) == pytest.approx(hardness, rel=1e-13)
    assert bench.measure("compression_force", y) == pytest.approx(P * AREA, rel=1e-14)


@pytest.mark.parametrize("law", list(Compaction))
def test_pressure_densifies_and_strengthens(law: Compaction) -> None:
    constants = {Compaction.KAWAKITA: 0.6, Compaction.HECKEL: 0.5, Compaction.KUENTZ_LEUENBERGER: 0.3}
    for strength_law in (Strength.RYSHKEWITCH_DUCKWORTH, Strength.PERCOLATION):
        bonding = 8.0 if strength_law == Strength.RYSHKEWITCH_DUCKWORTH else 0.3
        bench = build(
            compaction=law,
            compaction_constant=constants[law],
            compressibility=0.01e-6,
            strength_law=strength_law,
            bonding=bonding,
        )
        low, high = start(bench), start(bench)
        low[2], high[2] = 50e6, 150e6
        assert bench.measure("porosity", high) < bench.measure("porosity", low)
        assert bench.measure("tensile_strength", high) > bench.measure("tensile_strength", low)


def test_settings_follow_as_first_order_lags() -> None:
    bench = build(turret=0.8)
    y = bench.solve(start(bench, m=1.0, N=0.2), [0.0, 2.0], rtol=1e-10)
    assert y[-1][0] == pytest.approx(0.8 - 0.6 * math.exp(-1.0), rel=1e-8)  # tau is 2 s


def test_a_starving_press_takes_less_and_never_more_than_there_is() -> None:
    bench = build()
    y = bench.solve(start(bench, m=0.02), np.linspace(0.0, 120.0, 61))
    weights = np.array([bench.measure("tablet_mass", row) for row in y])
    held = np.array([bench.unpack(row).m_solids.sum() for row in y])
    assert np.all(np.diff(weights) < 1e-12)
    assert weights[0] == pytest.approx(weights[1], rel=1e-9)  # full while the frame is above its heel
    assert weights[-1] < 1e-6 * weights[0]
    assert np.all(held > -1e-10)  # the solver's tolerance around zero
    assert bench.measure("starved", y[-1]) < 0.0 < bench.measure("starved", start(bench))


def test_in_steady_state_the_dies_take_what_comes() -> None:
    bench = build(powder=[0.4e-3, 0.6e-3])
    weight = bench.measure("tablet_mass", start(bench))
    bench = build(powder=[0.4e-3, 0.6e-3], turret=1.02e-3 / (20.0 * weight))  # 2 % faster than the feed: it draws down
    y = bench.solve(start(bench, N=1.02e-3 / (20.0 * weight)), [0.0, 2.0e5], rtol=1e-7)
    out = bench.outlet("tablets", bench.unpack(y[-1]))
    assert out.m_flow == pytest.approx([0.4e-3, 0.6e-3], rel=1e-6)
    assert 0.0 < bench.measure("level", y[-1]) < 0.011  # about the heel: 1 % of the frame


def test_an_empty_press_has_finite_rates_and_measurements() -> None:
    bench = build()
    y = start(bench, m=0.0)
    assert np.isfinite(bench.rhs(0.0, y)).all()
    for name in press.Measurements._fields:
        assert math.isfinite(bench.measure(name, y)), name
    assert bench.measure("tablet_mass", y) == 0.0


def test_traces_have_no_quality() -> None:
    """1e-3 of the heel is far above what solvers get wrong (1e-5 kg and less), and shows next to nothing."""
    bench = build()
    full = start(bench, liquid=0.02)
    heel = bench.p.V_heel * 400.0  # kg, roughly
    trace = start(bench, m=1e-3 * heel, liquid=0.02)
    for name in ("thickness", "hardness", "api_content", "LOD"):
        assert 0.0 < bench.measure(name, trace) < 1e-5 * bench.measure(name, full), name
    for name in ("thickness", "hardness", "api_content", "LOD"):  # twice the heel: as full
        assert bench.measure(name, start(bench, m=3.0 * heel, liquid=0.02)) == pytest.approx(
            bench.measure(name, full), rel=1e-12
        ), name
    # what flows keeps its own composition: the share of the holdup per die times what is held
    out = bench.outlet("tablets", bench.unpack(trace))
    assert out.m_flow[0] / out.m_flow.sum() == pytest.approx(0.4, rel=1e-12)
    assert out.m_flow.sum() > 1e-4 * bench.outlet("tablets", bench.unpack(full)).m_flow.sum()
