"""Carousel resolved along its cakes: turns, the end of filtration, drainage, drying, discharge, an empty machine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unit_ops.separation.carousel_profiles as carousel
from tests.unit_ops.piping.bench import Bench, call
from tests.unit_ops.separation.wheel import AREA, CHARGE, CONTENT, FOULING, R_MESH, RHO, RHO_S, T_ROOM, VALUES
from twin import jit

CAKE = CONTENT * CHARGE
NODES = 3
GAS = {"T": 323.15, "m_flow": [0.0, 0.0, 8.574707e-5]}


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(carousel)


def build(charges: float = 10.0, **params: Any) -> tuple[Bench, np.ndarray]:
    """A machine with empty stations, and slurry for so many charges."""
    values = VALUES | {"volatile": 0, "carrier": 2, "P_b": 4047.64, "psat_A": [VALUES["psat_A"][0], -100.0, -100.0]}
    dims = {"fluids": 3, "solids": 1, "bins": 3, "stations": 4, "cells": 4 * NODES}
    bench = Bench(carousel, dims, values | params, vacuum=1.0)
    M = CAKE * charges
    liquid = CHARGE * charges - M / RHO_S
    y = bench.initial(V=liquid, T=T_ROOM, w=[1.0, 0.0, 0.0], crystals=np.array([0.0, M, 0.0]), T_gas=T_ROOM)
    L32 = 6.0 * M / (RHO_S * bench.env(bench.unpack(y))["a"].crystal_surface)
    bench.p = bench.p._replace(L_ref=L32)
    return bench, y


def fire(bench: Bench, impulse: str, y: np.ndarray) -> np.ndarray:
    x, new = bench.unpack(y), bench.unpack(y.copy())
    return bench.pack(call(getattr(carousel, impulse), **bench.env(x), new=new, value=0.0))


def stand(bench: Bench, y: np.ndarray, seconds: float = 30.0) -> np.ndarray:
    """State after some time between two turns."""
    return np.asarray(bench.solve(y, [0.0, seconds], method="BDF", rtol=1e-4, atol=1e-8)[-1])


def held(bench: Bench, y: np.ndarray) -> np.ndarray:
    """Fluids, solids, enthalpy."""
    found = call(carousel.holdup, **bench.env(bench.unpack(y)), out=bench.lent(carousel.Holdup))
    return np.array([*found.fluids, *found.solids, found.H])


def test_a_turn_moves_everything_and_loses_nothing() -> None:
    bench, y = build(20.0)
    for turn in range(1, 7):
        before = held(bench, y)
        y = fire(bench, "rotate", y)
        assert held(bench, y) == pytest.approx(before, rel=1e-12, abs=1e-15)
        assert bench.unpack(y).M == pytest.approx([CAKE if j < turn else 0.0 for j in range(4)], rel=1e-12)
    x = bench.unpack(y)
    assert x.M_last == pytest.approx(2.0 * CAKE, rel=1e-12)  # no time passed: nothing has left the chamber
    # pores are full, the rest stands
    assert carousel.mean_saturation(x, 0, bench.p) == pytest.approx(1.0, rel=1e-12)
    pores = 0.35 / 0.65 * CAKE / RHO_S
    assert carousel.pond_volume(x, 0, bench.p) == pytest.approx(CHARGE - CAKE / RHO_S - pores, rel=1e-9)


def test_meshes_foul_under_cakes_until_they_are_cleaned() -> None:
    bench, y = build()
    for _ in range(4):
        y = fire(bench, "rotate", y)
    assert bench.unpack(y).R_mesh == pytest.approx(R_MESH + FOULING * np.array([3.0, 2.0, 1.0, 0.0]), rel=1e-12)
    assert bench.measure("R_first", y) == pytest.approx(R_MESH + 3.0 * FOULING)
    assert bench.unpack(fire(bench, "clean", y)).R_mesh == pytest.approx(np.full(4, R_MESH), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("film", [1e-5, 1e-7])
def test_filtration_ends_at_its_time_whatever_counts_as_a_film(film: float) -> None:
    """Published: 1.127902396 s for 750 mg."""
    bench, y = build(film=film, tau_receiver=1e4)
    y = fire(bench, "rotate", y)
    early, late = (stand(bench, y, seconds) for seconds in (1.12, 1.14))
    x, z = bench.unpack(early), bench.unpack(late)
    assert carousel.pond_volume(x, 0, bench.p) > 1e-3 * CHARGE
    assert carousel.pond_volume(z, 0, bench.p) < film * AREA
    assert z.D[0] == pytest.approx(CAKE, rel=1e-3)  # what stood has settled
    assert z.m_receiver[0] == pytest.approx(RHO * (CHARGE - CAKE / RHO_S / 0.65), rel=0.03)


def test_a_step_beyond_the_last_drop_comes_back() -> None:
    """Newton's iterations and rejected steps go below zero; a rate that runs away there ended runs."""
    bench, y = build()
    x = bench.unpack(fire(bench, "rotate", y))
    paces = []
    for drop in (1e-12, 1e-8, 5e-5):
        x.m_pond[0, 0] = -drop
        paces.append(bench.dx(x).m_pond[0, 0] / drop)
    assert paces[0] > 0.0
    assert paces == pytest.approx([paces[0]] * 3, rel=1e-9)  # at the same pace, however far


@pytest.mark.slow
def test_cakes_are_filtered_drained_dried_and_dropped() -> None:
    bench, y = build()
    bench.set_inlets(gas=GAS, vacuum=1.0)
    wet = []
    for _ in range(4):
        y = stand(bench, fire(bench, "rotate", y))
        wet.append(bench.measure("saturation_first", y))
    assert 0.1 < bench.measure("saturation", y) < bench.measure("saturation_second", y) < wet[-1] < 0.2
    assert wet == sorted(wet)  # each cake fouls the mesh
    content = bench.measure("liquid_content", y)
    assert 5e-4 < content < 5e-3  # published target, above equilibrium
    assert bench.measure("wet", y) < 0.0
    assert bench.measure("T_cake", y) < T_ROOM  # evaporation cools
    assert bench.measure("LOD", y) == 0.0  # none dropped yet
    y = fire(bench, "rotate", y)
    assert bench.measure("LOD", y) == pytest.approx(content, rel=0.02)  # over the cake, not the mean along it
    flow = bench.outlet("cake", bench.unpack(y))
    assert flow.m_flow_crystals == pytest.approx(CAKE / 2.0, rel=1e-9)
    later = stand(bench, y)
    assert bench.unpack(later).M_last == pytest.approx(CAKE * np.exp(-15.0), abs=1e-4 * CAKE)
    assert bench.measure("LOD", later) == bench.measure("LOD", y)
    exhaust = bench.outlet("exhaust", bench.unpack(stand(bench, y, 5.0)))
    assert exhaust.m_flow[0] > 1e-7
    assert exhaust.T < bench.measure("T_gas_in", y)


@pytest.mark.slow
def test_an_empty_machine_is_quiet_and_finite() -> None:
    bench, y = build(0.5)
    bench.set_inlets(gas=GAS, vacuum=1.0)
    y = fire(bench, "rotate", y)
    assert bench.unpack(y).M[0] == pytest.approx(0.5 * CAKE, rel=1e-12)  # half a charge, half a cake
    assert bench.measure("short_of_slurry", y) < 0.0
    for _ in range(5):
        y = fire(bench, "rotate", y)
    assert bench.unpack(y).M == pytest.approx(np.zeros(4), abs=1e-18)
    assert np.isfinite(bench.rhs(0.0, y)).all()
    for name in (*carousel.Measurements._fields, *carousel.Guards._fields):
        assert np.isfinite(bench.measure(name, y)), name
    quiet = bench.dx(bench.unpack(y))
    assert quiet.m == pytest.approx(np.zeros((3, 4 * NODES)), abs=1e-18)


def test_without_charges_the_trough_keeps_its_slurry() -> None:
    bench, y = build(charged=0.0)
    turned = fire(bench, "rotate", y)
    assert bench.unpack(turned).M == pytest.approx(np.zeros(4), abs=1e-18)
    assert bench.measure("V", turned) == pytest.approx(bench.measure("V", y), rel=1e-12)


def test_without_vacuum_nothing_filters() -> None:
    bench, y = build()
    bench.set_inlets(vacuum=0.0)
    y = fire(bench, "rotate", y)
    z = bench.unpack(stand(bench, y))
    assert carousel.pond_volume(z, 0, bench.p) == pytest.approx(
        carousel.pond_volume(bench.unpack(y), 0, bench.p), rel=1e-9
    )
    assert bench.measure("ponded", bench.pack(z)) > 0.0
