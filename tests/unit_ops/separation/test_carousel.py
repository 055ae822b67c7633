"""Carousel: turns, charges, fouled meshes, filtration time, drying, discharge, a starved trough."""

from __future__ import annotations

import numpy as np
import pytest

import unit_ops.separation.carousel as carousel
from tests.unit_ops.separation.wheel import (
    AREA,
    CHARGE,
    CONTENT,
    FOULING,
    R_MESH,
    RHO,
    T_ROOM,
    build,
    fire,
    run,
    trough,
)
from twin import jit
from unit_ops.streams import T_REF

CAKE = CONTENT * CHARGE


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(carousel)


def test_a_turn_charges_the_first_port_and_moves_the_others_on() -> None:
    bench = build()
    y = fire(bench, "rotate", trough(bench))
    x = bench.unpack(y)
    assert x.M == pytest.approx([CAKE, 0.0, 0.0, 0.0, 0.0], rel=1e-12)
    assert x.crystals.sum() == pytest.approx(9.0 * CAKE, rel=1e-12)
    assert bench.measure("V", y) == pytest.approx(9.0 * CHARGE, rel=1e-12)
    assert x.H[0] == pytest.approx(x.H_trough / 9.0, rel=1e-12)
    for places in range(1, 6):
        y = fire(bench, "rotate", y)
        marked = bench.unpack(y).M
        assert marked[min(places, 4)] >= CAKE * (1.0 - 1e-12)
    assert marked == pytest.approx([CAKE, CAKE, CAKE, CAKE, 2.0 * CAKE], rel=1e-12)  # no time: none discharged


def test_meshes_foul_where_there_is_cake_until_they_are_cleaned() -> None:
    """Published: 2e9 1/m a turn, cleaned every nine. A place fouls from the turn on after it got its cake."""
    bench = build()
    y = trough(bench, 20.0)
    for _ in range(4):
        y = fire(bench, "rotate", y)
    R = bench.unpack(y).R_mesh
    assert R[:4] == pytest.approx(R_MESH + FOULING * np.array([3.0, 2.0, 1.0, 0.0]), rel=1e-12)
    assert bench.measure("R_first", y) == R[0]
    assert bench.unpack(fire(bench, "clean", y)).R_mesh == pytest.approx(np.full(5, R_MESH), rel=1e-12)
    # a fouled mesh filters slower: closed form of constant pressure
    fouled, clean = (run(bench, z, [0.0, 0.3])[-1] for z in (y, fire(bench, "clean", y)))
    assert bench.measure("ponded", fouled) > bench.measure("ponded", clean)


def test_filtration_takes_the_published_time() -> None:
    """verification 3.8: 1.127902396 s for 750 mg, until no liquid stands on the cake."""
    bench = build()
    y = fire(bench, "rotate", trough(bench))
    before, after = run(bench, y, [0.0, 1.1278, 1.1280], rtol=1e-8)[1:]
    pond = [bench.measure("ponded", z) / CHARGE for z in (before, after)]
    # the film (1e-7 m, 6e-6 of the charge) is measured as pores too
    assert pond[0] > -3e-5
    assert pond[1] < 3e-5
    assert pond[0] > pond[1]


def test_a_port_is_dried_by_the_gas_and_the_gas_pays_for_it() -> None:
    bench = build()
    y = trough(bench)
    for _ in range(4):
        y = run(bench, fire(bench, "rotate", y), [0.0, 30.0])[-1]
    wet = bench.measure("liquid_content", y)
    assert 0.03 < wet < 0.05
    assert bench.measure("wet", y) > 0.0
    gas = {"T": 310.0, "m_flow": [0.0, 0.0, 8.6e-5]}
    bench.set_inlets(gas=gas, vacuum=1.0)
    x = bench.unpack(y)
    exhaust = bench.outlet("exhaust", x)
    assert exhaust.m_flow[0] > 0.0
    assert exhaust.T < 310.0
    dry = run(bench, y, [0.0, 60.0])[-1]
    assert bench.measure("wet", dry) < 0.0 < bench.measure("liquid_content", dry)
    # what stays: the equilibrium moisture at least
    assert bench.measure("liquid_content", dry) >= 5e-4 * (1.0 - 1e-3)
    assert exhaust.m_flow[2] == pytest.approx(8.6e-5, rel=1e-12)


def test_cakes_leave_through_the_discharge_chamber() -> None:
    bench = build()
    y = trough(bench)
    for _ in range(5):
        y = run(bench, fire(bench, "rotate", y), [0.0, 30.0])[-1]
    x = bench.unpack(y)
    assert x.M[4] == pytest.approx(CAKE * np.exp(-15.0), abs=1e-4 * CAKE)  # 30 s at 2 s
    y = fire(bench, "rotate", y)
    out = bench.outlet("cake", bench.unpack(y))
    assert out.m_flow_crystals == pytest.approx(CAKE / 2.0, rel=1e-4)
    assert 6.0 * out.m_flow_crystals / (1293.0 * out.A_flow) == pytest.approx(bench.p.L_ref, rel=1e-4)


def test_a_trough_runs_short_and_a_bare_port_is_quiet() -> None:
    """Half a charge left makes half a cake; then nothing, and all stays finite."""
    bench = build()
    y = fire(bench, "rotate", trough(bench, 0.5))
    assert bench.unpack(y).M[0] == pytest.approx(0.5 * CAKE, rel=1e-12)
    assert bench.measure("short_of_slurry", y) < 0.0
    y = fire(bench, "rotate", y)
    x = bench.unpack(y)
    assert x.M[:2] == pytest.approx([0.0, 0.5 * CAKE], rel=1e-12, abs=1e-18)
    bench.set_inlets(gas={"T": 330.0, "m_flow": [0.0, 0.0, 8.6e-5]}, vacuum=1.0)
    assert np.isfinite(bench.rhs(0.0, y)).all()
    assert bench.outlet("exhaust", x).T == pytest.approx(330.0, abs=1e-9)  # a bare port takes no heat
    for name in (*carousel.Measurements._fields, *carousel.Guards._fields):
        assert np.isfinite(bench.measure(name, y)), name
    assert bench.measure("trough_full", y) < 0.0


def test_wash_displaces_liquor_in_its_port() -> None:
    bench = build()
    y = trough(bench)
    x = bench.unpack(y)
    x.m_trough[1] = 0.1 * x.m_trough[0]
    y = fire(bench, "rotate", run(bench, fire(bench, "rotate", bench.pack(x)), [0.0, 10.0])[-1])
    bench.set_inlets(wash={"T": T_REF, "m_flow": [1e-4, 0.0, 0.0]}, vacuum=1.0)
    z = bench.unpack(run(bench, y, [0.0, 20.0])[-1])
    share = z.m[1] / (z.m.sum(axis=0) + 1e-30)
    assert share[0] == pytest.approx(0.1 / 1.1, rel=1e-4)
    assert share[1] < 0.02
    assert bench.outlet("filtrate", z).m_flow.sum() == pytest.approx(1e-4, rel=0.1)


def test_without_vacuum_nothing_filters() -> None:
    bench = build()
    bench.set_inlets(vacuum=0.0)
    y = fire(bench, "rotate", trough(bench))
    z = run(bench, y, [0.0, 30.0])[-1]
    assert bench.unpack(z).m[:, 0] == pytest.approx(bench.unpack(y).m[:, 0], rel=1e-9)
    assert bench.measure("ponded", z) > 0.0
    assert bench.measure("T", z) == pytest.approx(T_ROOM, abs=1e-6)
    assert bench.unpack(z).m[0, 0] / RHO < CHARGE
    assert bench.measure("cake_height", z) == pytest.approx(CAKE / (1293.0 * 0.65 * AREA), rel=1e-12)
