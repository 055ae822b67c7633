"""Drum filter: cake formation of a turn in closed form, parted filtrates, washing, an empty trough."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unit_ops.separation.drum_filter as drum_filter
from tests.unit_ops.piping.bench import Bench
from tests.unit_ops.separation.cakes import along
from twin import jit
from unit_ops.streams import T_REF

EDGES = np.geomspace(10e-6, 500e-6, 7)
RHO, RHO_S, EPSILON = 1000.0, 1300.0, 0.4
PORES = EPSILON / (1.0 - EPSILON) / RHO_S
AREA, ALPHA, R_M, DP, MU = 0.5, 1e10, 5e9, 5e4, 1e-3
SPEED, SUBMERGED = 0.01, 0.35
LIQUID, CRYSTALS = 0.9, 0.1  # kg/s of slurry, far more than the drum draws


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(drum_filter)


def build(cells: int, wash: float = 0.0, part: float = 1.0, **params: Any) -> Bench:
    values: dict[str, Any] = {
        "tau": 1.0, "V_weir": 5e-3, "area": AREA, "dP": DP, "submerged": SUBMERGED, "wash_start": 0.5, "wash_end": 0.7,
        "alpha": ALPHA, "L_ref": 1e-4, "R_m": R_M, "epsilon": EPSILON, "S_inf": 0.1, "mu_A": 0.0, "crystal": 0,
        "L_edges": EDGES, "cp": [4000.0, 2000.0], "rho": [RHO, RHO], "cp_solid": [1300.0], "rho_solid": [RHO_S],
        "film": 1e-6, "tau_pan": 2.0,
    }  # fmt: skip
    crystals = np.eye(6)[2] * CRYSTALS * part
    slurry = {"T": T_REF, "m_flow": np.array([0.8, 0.2]) * LIQUID * part, "m_flow_crystals": crystals,
              "m_flow_solid": CRYSTALS * part}  # fmt: skip
    bench = Bench(
        drum_filter, {"fluids": 2, "solids": 1, "bins": 6, "cells": cells}, {**values, **params},
        slurry=slurry, wash={"T": T_REF, "m_flow": [wash, 0.0]}, drum_speed=SPEED,
    )  # fmt: skip
    x = bench.unpack(bench.initial(V=5e-3, T=T_REF, w=[0.8, 0.2]))
    x.crystals[2] = 1.0
    bench.p = bench.p._replace(L_ref=6.0 / (RHO_S * bench.env(x)["a"].crystal_surface))  # alpha holds for these
    return bench


def steady(bench: Bench, time: float = 600.0) -> np.ndarray:
    start = bench.initial(V=5e-3, T=T_REF, w=[0.8, 0.2])
    pattern = along(8, bench.dims["cells"], 9).tolil()
    pattern[:, :9] = 1.0  # all see the trough; how it sees the whole drum is left to Newton's iterations
    sparse = pattern.tocsr()
    return bench.solve(start, [0.0, time], method="BDF", rtol=1e-6, atol=1e-9, jac_sparsity=sparse)[-1]


def formed() -> float:
    """Cake of a turn [kg/m²]: alpha W²/2 + R_m W = c Δp t/μ for the time t that a place is in the slurry."""
    c = CRYSTALS / (LIQUID / RHO - PORES * CRYSTALS)
    return (np.sqrt(R_M**2 + 2.0 * ALPHA * c * DP * SUBMERGED / SPEED / MU) - R_M) / ALPHA


def test_the_cake_is_that_of_constant_pressure_filtration() -> None:
    """First order in the cells, as donor cells are; 9 % off at 16."""
    errors = []
    for cells in (8, 16, 32):
        bench = build(cells)
        out = bench.outlet("cake", bench.unpack(steady(bench)))
        errors.append(abs(out.m_flow_crystals / (formed() * AREA * SPEED) - 1.0))
    assert errors[1] < 0.1
    assert 0.7 < np.log2(errors[0] / errors[2]) / 2.0 < 1.3  # the first cell holds a root of time


@pytest.fixture(scope="module")
def washed() -> tuple[Bench, np.ndarray]:
    bench = build(12, wash=0.02)
    return bench, steady(bench)


def test_what_enters_leaves_in_steady_state(washed: tuple[Bench, np.ndarray]) -> None:
    bench, y = washed
    x = bench.unpack(y)
    cake, overflow = bench.outlet("cake", x), bench.outlet("overflow", x)
    assert cake.m_flow_crystals + overflow.m_flow_solid == pytest.approx(CRYSTALS, rel=1e-4)
    liquid = [bench.outlet(name, x).m_flow for name in ("cake", "overflow", "filtrate", "wash_filtrate")]
    assert np.sum(liquid, axis=0) == pytest.approx([0.8 * LIQUID + 0.02, 0.2 * LIQUID], rel=1e-4)
    assert 0.1 < bench.measure("saturation", y) < 0.6
    assert bench.measure("thin_cake", y) == bench.measure("cake_height", y) > 1e-3


def test_the_control_head_parts_the_filtrates(washed: tuple[Bench, np.ndarray]) -> None:
    bench, y = washed
    x = bench.unpack(y)
    mother, later, cake = (bench.outlet(name, x).m_flow for name in ("filtrate", "wash_filtrate", "cake"))
    assert mother[1] / mother.sum() == pytest.approx(0.2, rel=1e-4)
    assert later[1] / later.sum() < 0.12
    assert cake[1] / cake.sum() < 0.03
    # what forms the cake is drawn before the wash: at least the liquid that brought the crystals
    c = CRYSTALS / (LIQUID / RHO - PORES * CRYSTALS)
    assert mother.sum() > bench.outlet("cake", x).m_flow_crystals / c * RHO


def test_a_faster_drum_makes_a_thinner_cake_and_more_of_it(washed: tuple[Bench, np.ndarray]) -> None:
    bench, y = washed
    fast = build(12, wash=0.02)
    streams = {name: getattr(bench.u, name)._asdict() for name in ("slurry", "wash")}
    fast.set_inlets(**streams, drum_speed=4.0 * SPEED)
    z = steady(fast, 300.0)
    assert fast.measure("cake_height", z) < 0.6 * bench.measure("cake_height", y)
    flows = [b.outlet("cake", b.unpack(v)).m_flow_crystals for b, v in ((fast, z), (bench, y))]
    assert flows[0] > 1.3 * flows[1]


def test_a_starved_trough_runs_dry_and_is_named() -> None:
    """The drum draws what comes; nothing goes negative."""
    bench = build(6, part=0.02)
    y = steady(bench, 3000.0)
    x = bench.unpack(y)
    assert bench.measure("dry", y) < 0.0
    assert bench.outlet("cake", x).m_flow_crystals == pytest.approx(0.02 * CRYSTALS, rel=1e-3)
    assert min(x.m.min(), x.m_trough.min(), x.M.min()) > -1e-9
    bench.set_inlets()
    assert np.isfinite(bench.rhs(0.0, y)).all()


def test_a_wash_zone_in_the_slurry_is_refused() -> None:
    p = build(5).p
    assert drum_filter.check_params(p) == {}
    assert "wash_start" in drum_filter.check_params(p._replace(wash_start=0.2))
    assert "wash_start" in drum_filter.check_params(p._replace(wash_start=0.7, wash_end=0.6))
