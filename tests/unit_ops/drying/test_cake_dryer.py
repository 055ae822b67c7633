"""Cake dryer: published falling rate, wet bulb, equilibrium moisture and the steady belt."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import unit_ops.drying.cake_dryer as cake_dryer
from tests.unit_ops.piping.bench import Bench
from unit_ops.drying import laws
from unit_ops.streams import T_REF

# fluids: ethanol, dissolved paracetamol, air
M_ETHANOL, M_AIR, LATENT = 46.07e-3, 28.97e-3, 846e3
#: Published heat capacity of air at 323.15 K (Destro et al. 2022), J/(kg K).
CP_AIR = (29e-3 + 0.2199e-5 * 323.15 + 0.5723e-8 * 323.15**2 - 2.871e-12 * 323.15**3) * 1e3 / 28.97e-3
#: Wet bulb of ethanol in dry air of 323.15 K with that closure (verification 3.9).
WET_BULB = 288.083269705
#: Published exponent 74.475 - 7164.3/T - 7.327 ln T + 3.134e-6 T²: T² by its tangent at the wet bulb.
PSAT = (74.475 - 3.134e-6 * WET_BULB**2, -7164.3, -7.327, 2.0 * 3.134e-6 * WET_BULB)


def build(
    cells: int,
    cake: dict[str, Any] | None = None,
    gas: float = 2e-3,
    speed: float = 0.0,
    w_eq: float = 5e-4,
    length: float = 0.6,
) -> Bench:
    values: dict[str, Any] = {
        "width": 0.05, "length": length, "epsilon": 0.35, "crystal": 0, "solute": 1, "volatile": [1.0, 0.0, 0.0],
        "cp": [2570.0, 1500.0, CP_AIR], "cp_solid": [2267.0], "molar_mass": [M_ETHANOL, 0.151163, M_AIR],
        "dH_vap": [LATENT, 0.0, 0.0], "psat_A": [PSAT[0], -100.0, -100.0], "psat_B": [PSAT[1], 0.0, 0.0],
        "psat_C": [PSAT[2], 0.0, 0.0], "psat_D": [PSAT[3], 0.0, 0.0], "w_eq": w_eq,
    }  # fmt: skip
    dims = {"fluids": 3, "solids": 1, "cells": cells}
    flows = {"T": 323.15, "m_flow": [0.0, 0.0, gas]}
    return Bench(cake_dryer, dims, values, cake=cake or {}, gas=flows, belt_speed=speed)


def initial(bench: Bench, T: float = 323.15, **more: Any) -> np.ndarray:
    return bench.initial(T=T, w_gas=[0.0, 0.0, 1.0], m_gas=0.02, **more)


def psat(T: float) -> float:
    """Published vapour pressure of ethanol."""
    return math.exp(74.475 - 7164.3 / T - 7.327 * math.log(T) + 3.134e-6 * T * T)


@pytest.mark.parametrize("w", [0.002, 0.005, 0.010, 0.0135])
def test_the_falling_rate_is_the_published_quartic(w: float) -> None:
    quartic = -3.56837e7 * w**4 + 1.7128e6 * w**3 - 3.0190e4 * w**2 + 233.6379 * w + 0.0086
    assert laws.falling_rate(w) == pytest.approx(quartic, rel=1e-12)


@pytest.mark.parametrize("w", [0.0185, 0.05, 0.10])
def test_then_the_published_line(w: float) -> None:
    assert laws.falling_rate(w) == pytest.approx(3.3735 * w + 0.6299, rel=1e-12)


def test_the_falling_rate_ends_smoothly_at_both_ends() -> None:
    assert laws.falling_rate(0.0) == laws.falling_rate(-0.01) == 0.0
    assert laws.falling_rate(0.13) == laws.falling_rate(0.5) == 1.0
    w = np.linspace(-1e-3, 0.15, 151_001)
    f = np.array([laws.falling_rate(v) for v in w])
    slope = np.diff(f) / 1e-6
    assert slope.min() > -4.5  # the published step of -0.011 spread over 0.004 falls by 1.5 * 0.011/0.004 at most
    turns = np.abs(np.diff(slope))
    assert turns.max() < 4.0  # second derivative times 1e-6: 3e6 where the rate ends over 5e-4
    assert turns[w[2:] > 1e-3].max() < 0.2  # no kink: the published pieces would jump by 1e4, and turn by 3.4


def test_wet_bulb_of_the_closure() -> None:
    """verification 3.9: heat brought by the gas equals the heat of what evaporates, in the limit of few units."""
    units = 1e-7
    n_gas = 1.0 / M_AIR

    def surplus(T: float) -> float:
        heat = CP_AIR * (323.15 - T) * -math.expm1(-units)
        vapour = laws.evaporation_flow(n_gas, M_ETHANOL, 101325.0, psat(T), 0.0, units * 1.01325 * M_AIR / M_ETHANOL)
        return heat - LATENT * vapour

    assert psat(298.15) == pytest.approx(7927.72119, abs=1e-5)
    assert brentq(surplus, 280.0, 300.0, xtol=1e-12) == pytest.approx(
        WET_BULB, abs=1e-5
    )  # 1 - exp(-1e-7): 1e-9 relative


@pytest.mark.parametrize("offset", [-3.0, 0.0, 3.0])
def test_a_wet_cake_at_rest_comes_to_the_wet_bulb(offset: float) -> None:
    """A layer of few transfer units (3e-6) holding much liquid: constant-rate period, five time constants."""
    bench = build(1)
    x = bench.unpack(initial(bench, M=0.01))
    x.A[0] = 3e-6 * 0.05 * 0.6 * 6.0 * 0.65 * 199.78
    x.m[0, 0] = 0.02
    x.H[0] = (0.02 * 2570.0 + 0.01 * 2267.0) * (WET_BULB + offset - T_REF)
    y = bench.solve(bench.pack(x), [0.0, 1.9e7], method="BDF", rtol=1e-9, atol=1e-12)[-1]
    end = bench.unpack(y)
    assert end.m[0, 0] / (end.m[0, 0] + end.M[0]) > 0.13  # still above the critical moisture
    # e^-5 of the start is left; at the wet bulb, the transfer units' own share (3e-6 of 35 K)
    assert bench.measure("T_cake", y) == pytest.approx(WET_BULB, abs=0.01 * abs(offset) + 2e-4)


def test_the_layer_has_the_published_number_of_units() -> None:
    """NTU = L/(zeta 47.2 µm) for a cake of 47.2 µm crystals: the published coefficients at the published size."""
    bench = build(1)
    x = bench.unpack(initial(bench, M=0.02))
    x.A[0] = 6.0 * 0.02 / (1293.0 * 47.2e-6)
    height = 0.02 / (1293.0 * 0.65 * 0.05 * 0.6)
    assert cake_dryer.dry_units(x, 0, bench.p) == pytest.approx(height / (199.78 * 47.2e-6), rel=1e-12)


def test_saturated_gas_dries_nothing_and_drier_liquid_takes_vapour_up() -> None:
    T = WET_BULB
    n_gas, units = 0.05, 0.4
    assert laws.evaporation_flow(n_gas, M_ETHANOL, 101325.0, psat(T), psat(T), units) == 0.0
    assert laws.evaporation_flow(n_gas, M_ETHANOL, 101325.0, 0.5 * psat(T), psat(T), units) < 0.0
    through = laws.evaporation_flow(n_gas, M_ETHANOL, 101325.0, psat(T), 0.0, 1e3)
    assert through == pytest.approx(M_ETHANOL * n_gas * psat(T) / 101325.0, rel=1e-14)  # leaves saturated


CAKE = {"T": 283.15, "m_flow_crystals": 3e-4, "A_flow": 6.0 * 3e-4 / (1293.0 * 47.2e-6), "m_flow": [1.3e-5, 1e-6, 0.0]}


def run(bench: Bench) -> np.ndarray:
    return bench.solve(initial(bench), [0.0, 3000.0], method="BDF", rtol=1e-7, atol=1e-10)[-1]


@pytest.fixture(scope="module")
def dried() -> tuple[Bench, np.ndarray]:
    bench = build(8, CAKE, gas=4e-3, speed=1.5e-3)
    return bench, run(bench)


def test_in_steady_state_all_leaves(dried: tuple[Bench, np.ndarray]) -> None:
    """What comes with cake and gas leaves with powder and exhaust; the dissolved solute leaves as solid."""
    bench, y = dried
    x = bench.unpack(y)
    product, exhaust = bench.outlet("product", x), bench.outlet("exhaust", x)
    assert product.m_flow == pytest.approx([3e-4 + 1e-6], rel=1e-6)
    assert product.m_flow_liquid[1] == 0.0
    assert product.m_flow_liquid[0] + exhaust.m_flow[0] == pytest.approx(1.3e-5, rel=1e-5)
    assert exhaust.m_flow[2] == pytest.approx(4e-3, rel=1e-9)
    booked = bench.quadratures(x)
    assert booked.fluids == pytest.approx([0.0, -1e-6, 0.0], rel=1e-5)
    assert booked.solids == pytest.approx([1e-6], rel=1e-5)
    assert booked.latent == pytest.approx(-LATENT * exhaust.m_flow[0], rel=1e-12)
    assert booked.cooling == pytest.approx(
        -(product.m_flow[0] * 2267.0) * (bench.measure("T_cake", y) - T_REF), rel=0.02
    )


def test_the_cake_dries_to_its_equilibrium_and_not_below(dried: tuple[Bench, np.ndarray]) -> None:
    bench, y = dried
    assert bench.measure("LOD", y) == pytest.approx(5e-4, abs=3e-4)
    assert bench.measure("LOD", y) > 5e-4 * 0.99  # wet basis without and with the solute: 0.3 %
    wetter = build(8, CAKE, gas=1e-3, speed=1.5e-3)
    assert wetter.measure("LOD", run(wetter)) > 5.0 * bench.measure("LOD", y)
    moist = build(8, CAKE, gas=4e-3, speed=1.5e-3, w_eq=5e-3)
    assert moist.measure("LOD", run(moist)) == pytest.approx(5e-3, rel=0.1)


def test_temperatures_lie_between_the_wet_bulb_and_the_gas(dried: tuple[Bench, np.ndarray]) -> None:
    bench, y = dried
    assert bench.measure("T_gas", y) == pytest.approx(323.15, abs=1e-3)
    assert WET_BULB < bench.measure("T_exhaust", y) < bench.measure("T_cake", y) < 323.15


def test_smaller_crystals_bring_gas_and_cake_closer() -> None:
    coarse, fine = build(1), build(1)
    x = coarse.unpack(initial(coarse, M=0.02))
    x.A[0] = 6.0 * 0.02 / (1293.0 * 47.2e-6)
    finer = fine.unpack(initial(fine, M=0.02))
    finer.A[0] = 2.0 * x.A[0]
    assert cake_dryer.dry_units(finer, 0, fine.p) == pytest.approx(
        2.0 * cake_dryer.dry_units(x, 0, coarse.p), rel=1e-14
    )


def test_a_bare_belt_without_gas_has_finite_rates() -> None:
    bench = build(3, gas=0.0)
    y = bench.initial(T=T_REF, w_gas=[0.0, 0.0, 1.0], m_gas=0.0)
    assert np.isfinite(bench.rhs(0.0, y)).all()
    for name in cake_dryer.Measurements._fields:
        assert np.isfinite(bench.measure(name, y)), name


def test_a_bare_cell_has_no_loss_on_drying() -> None:
    """From 100 heels (1e-4 kg) on LOD is the ratio itself; of a heel, already above tolerances, 3z² of it."""
    bench = build(1)
    for M, expected in ((1e-2, 0.2), (1.3e-4, 0.2), (0.8e-6, 0.2 * 3e-4)):
        x = bench.unpack(initial(bench, M=M))
        x.m[0, 0] = 0.25 * M
        assert bench.measure("LOD", bench.pack(x)) == pytest.approx(expected, rel=1e-2)
