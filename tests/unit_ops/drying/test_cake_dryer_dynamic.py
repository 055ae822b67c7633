"""Dynamic cake dryer: gas through the pores, heat to a dry cake, a front through a wet one, discharge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.drying.cake_dryer_dynamic as cake_dryer_dynamic
from tests.unit_ops.piping.bench import Bench
from unit_ops.reaction.rates import R_GAS
from unit_ops.streams import T_REF

# fluids: ethanol, dissolved paracetamol, air; one cake of 15.2 mm, 4.9 mm deep (as in verification 3.8)
CP = np.array([2570.0, 1500.0, 1006.0])
MASS = np.array([46.07e-3, 0.151163, 28.97e-3])
M, AREA, EPSILON = 7.5e-4, math.pi / 4.0 * 0.0152**2, 0.35
DEPTH = M / (1293.0 * (1.0 - EPSILON) * AREA)
SURFACE = 6.0 * M / (1293.0 * 47.2e-6)
UNITS = DEPTH / (199.78 * 47.2e-6)
GAS, T_GAS, LATENT = 8e-5, 310.0, 846e3


def build(cells: int = 3, gas: float = GAS, valve: float = 0.0, **more: Any) -> Bench:
    params = {
        "area": AREA, "V_pores": AREA * DEPTH * EPSILON, "epsilon": EPSILON, "tau": 5.0, "crystal": 0, "solute": 1,
        "volatile": [1.0, 0.0, 0.0], "cp": CP, "cp_solid": 2267.0, "molar_mass": MASS, "dH_vap": [LATENT, 0.0, 0.0],
        "psat_A": [25.5, -100.0, -100.0], "psat_B": [-4900.0, 0.0, 0.0], "psat_C": 0.0, "psat_D": 0.0, **more,
    }  # fmt: skip
    flow = {"T": T_GAS, "m_flow": [0.0, 0.0, gas]}
    return Bench(cake_dryer_dynamic, {"fluids": 3, "solids": 1, "cells": cells}, params, gas=flow, valve=valve)


def cake(bench: Bench, moisture: Any = 0.0, T: float = 295.0) -> np.ndarray:
    return bench.initial(T=T, w_gas=[0.0, 0.0, 1.0], w=[1.0, 0.0, 0.0], M=M, A=SURFACE, moisture=moisture)


def run(bench: Bench, y: np.ndarray, times: Any) -> np.ndarray:
    return bench.solve(y, times, method="BDF", rtol=1e-6, atol=1e-11)


def test_the_layers_have_the_published_units() -> None:
    bench = build()
    x = bench.unpack(cake(bench))
    found = sum(cake_dryer_dynamic.layer_units(x, bench.p, j) for j in range(3))
    assert found == pytest.approx(UNITS, rel=1e-12)


def test_gas_fills_the_pores_and_passes_on_with_its_holdup() -> None:
    """Above the moles that fill the pores at P: flow × τ_flow."""
    bench = build()
    x = bench.unpack(run(bench, cake(bench, T=T_GAS), [0.0, 2.0])[-1])
    moles = sum(cake_dryer_dynamic.gas_amount(x, bench.p, j) for j in range(3))
    at_rest = 101325.0 * AREA * DEPTH * EPSILON / (R_GAS * T_GAS)
    assert moles == pytest.approx(at_rest + GAS / MASS[2] * 1e-3, rel=1e-4)
    assert bench.outlet("exhaust", x).m_flow == pytest.approx([0.0, 0.0, GAS], rel=1e-6)


def test_a_dry_cake_takes_heat_by_its_transfer_units() -> None:
    """Cake still at its first temperature: gas leaves nearer to it by (1 + N/n)^−n, e^−N in the limit."""
    bench = build(8)
    y = run(bench, cake(bench), [0.0, 0.1])[-1]
    passed = (bench.measure("T_exhaust", y) - 295.0) / (T_GAS - 295.0)
    # 0.1 s: nine holdups of gas, and 8 mW warm 1.7 J/K by less than 0.01 K
    assert passed == pytest.approx((1.0 + UNITS / 8.0) ** -8, rel=5e-3)
    assert passed == pytest.approx(math.exp(-UNITS), rel=0.03)


@pytest.fixture(scope="module")
def dried() -> tuple[Bench, np.ndarray]:
    bench = build()
    return bench, run(bench, cake(bench, 0.04), [0.0, 4.0, 8.0, 500.0])


def test_a_wet_cake_dries_to_equilibrium_warms_and_loses_no_mass(dried: tuple[Bench, np.ndarray]) -> None:
    bench, rows = dried
    LOD = [bench.measure("LOD", row) for row in rows]
    assert LOD[0] == pytest.approx(0.04 / 1.04, rel=1e-12)
    assert LOD[0] > LOD[1] > LOD[2] > LOD[3]
    assert LOD[3] == pytest.approx(5e-4, rel=0.1)
    temperatures = [bench.measure("T_cake", row) for row in rows]
    assert temperatures[2] < 292.0  # wet: cooled by evaporation
    assert temperatures[3] == pytest.approx(T_GAS, abs=0.5)
    x = bench.unpack(rows[2])
    booked, rates, exhaust = bench.quadratures(x), bench.dx(x), bench.outlet("exhaust", x)
    taken = -booked.evaporation / LATENT
    assert taken == pytest.approx(-rates.m[0].sum(), rel=1e-12)
    assert exhaust.m_flow[0] == pytest.approx(taken, rel=0.02)  # all but what gathers in the pores


def test_the_front_moves_down_with_the_gas(dried: tuple[Bench, np.ndarray]) -> None:
    bench, rows = dried
    x = bench.unpack(rows[2])
    assert x.m[0, 0] < x.m[0, 1] < x.m[0, 2]


def test_vapour_of_the_feed_condenses_on_a_cold_cake() -> None:
    bench = build()
    bench.set_inlets(gas={"T": T_GAS, "m_flow": [0.2 * GAS, 0.0, 0.8 * GAS]})
    y = run(bench, cake(bench, 0.04, T=280.0), [0.0, 0.5])[-1]
    assert bench.measure("LOD", y) > 0.04 / 1.04


def test_discharge_empties_it_and_turns_the_solute_solid() -> None:
    bench = build(valve=1.0, gas=0.0)
    y0 = bench.initial(T=310.0, w_gas=[0.0, 0.0, 1.0], w=[0.0, 1.0, 0.0], M=M, A=SURFACE, moisture=0.01)
    x = bench.unpack(y0)
    assert bench.outlet("product", x).m_flow == pytest.approx([1.01 * M / 5.0], rel=1e-12)
    booked = bench.quadratures(x)
    assert booked.solids == pytest.approx([0.01 * M / 5.0], rel=1e-12)
    assert booked.cooling == pytest.approx(-(M * 2267.0 + 0.01 * M * 1500.0) * (310.0 - T_REF) / 5.0, rel=1e-12)
    left = bench.unpack(run(bench, y0, [0.0, 25.0])[-1])
    assert left.M.sum() == pytest.approx(M * math.exp(-5.0), rel=1e-4)


def test_a_bare_dryer_without_gas_has_finite_rates() -> None:
    bench = build(gas=0.0)
    y = bench.initial(T=T_REF, w_gas=[0.0, 0.0, 1.0], w=[1.0, 0.0, 0.0])
    assert np.isfinite(bench.rhs(0.0, y)).all()
    for name in cake_dryer_dynamic.Measurements._fields:
        assert np.isfinite(bench.measure(name, y)), name
