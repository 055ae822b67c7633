"""Vacuum tray dryer: boiling granules, diffusion out of spheres, heat from the shelf, discharge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.drying.tray_dryer as tray_dryer
from tests.unit_ops.piping.bench import Bench
from twin import jit
from unit_ops.drying.tray_dryer import sorption_slope
from unit_ops.streams import T_REF

# fluids: water, dissolved crystal; ln p = A + B/T
A, B, LATENT = 25.55, -5218.0, 2.44e6
CP, CP_SOLID = np.array([4180.0, 1500.0]), 1250.0


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(tray_dryer)


def build(shells: int = 8, P: float = 2e3, T_shelf: float = 333.15, **more: Any) -> Bench:
    params = {
        "area": 1.0, "alpha_wall": 50.0, "conductivity": 0.2, "rho_bed": 500.0, "radius": 5e-4, "D_inside": 1e-10,
        "permeance": 1e-3, "X_sorption": 0.02, "X_target": 0.01, "tau": 60.0, "crystal": 0, "solute": 1,
        "volatile": [1.0, 0.0], "cp": CP, "cp_solid": CP_SOLID, "molar_mass": [0.018015, 0.151],
        "dH_vap": [LATENT, 0.0], "psat_A": [A, -100.0], "psat_B": [B, 0.0], "psat_C": 0.0, "psat_D": 0.0, **more,
    }  # fmt: skip
    dims = {"fluids": 2, "solids": 1, "shells": shells}
    return Bench(tray_dryer, dims, params, T_shelf=T_shelf, P=P)


def test_sorption_slope() -> None:
    assert sorption_slope(0.0) == 1.0
    assert sorption_slope(2e-6) == pytest.approx(1.0 - 1e-6, rel=1e-9)
    assert sorption_slope(1.0) == pytest.approx(1.0 / (math.e - 1.0), rel=1e-14)
    assert sorption_slope(600.0) == 0.0


def test_wet_granules_boil_at_the_temperature_of_their_pressure() -> None:
    bench = build()
    y = bench.solve(bench.initial(M=5.0, T=300.0, w=[1.0, 0.0], X=0.3), [0.0, 1000.0], "BDF", rtol=1e-8, atol=1e-9)[-1]
    boiling = B / (math.log(2e3) - A)
    # Q/(Δh M κ A) = 50·40/(2.44e6·0.018·1e-3), some 40 Pa above the chamber's pressure
    assert boiling < bench.measure("T", y) < B / (math.log(2.1e3) - A)
    x = bench.unpack(y)
    depth = 5.0 / 500.0
    duty = (333.15 - bench.measure("T", y)) / (1.0 / 50.0 + depth / 0.6)
    assert bench.quadratures(x).duty == pytest.approx(duty, rel=1e-12)
    assert -bench.quadratures(x).evaporation == pytest.approx(duty, rel=0.02)


def test_the_end_of_drying_is_that_of_diffusion() -> None:
    """Late, what is left falls like exp(−π² D t/R²); the core is wettest; the bed has the shelf's temperature."""
    bench = build(shells=20, P=0.0, X_sorption=0.5, permeance=1.0, alpha_wall=1e4, conductivity=10.0)
    y0 = bench.initial(M=5.0, T=330.0, w=[1.0, 0.0], X=0.05)
    time = 5e-4**2 / 1e-10
    y = bench.solve(y0, [0.0, 0.3 * time, 0.4 * time], "BDF", rtol=1e-9, atol=1e-12)
    X = [bench.measure("X", state) for state in y]
    assert bench.measure("T", y[-1]) == pytest.approx(333.15, abs=0.5)
    assert X[2] / X[1] == pytest.approx(math.exp(-(math.pi**2) * 0.1), rel=0.01)
    assert bench.measure("X_core", y[-1]) > 2.0 * X[2]
    warm = build(E_inside=40e3)
    cold = warm.unpack(warm.initial(M=5.0, T=T_REF + 10.0, w=[1.0, 0.0], X=[0.2] * 7 + [0.1]))
    ratio = warm.dx(cold).m[6, 0] / build().dx(cold).m[6, 0]
    assert ratio == pytest.approx(math.exp(40e3 / 8.31446261815324 * (1.0 / T_REF - 1.0 / (T_REF + 10.0))), rel=1e-9)


def test_discharge_turns_the_solute_solid_and_cools() -> None:
    bench = build(P=1e5)
    bench.set_inlets(T_shelf=320.0, P=1e5, valve=1.0)
    x = bench.unpack(bench.initial(M=5.0, T=320.0, w=[0.8, 0.2], X=0.05))
    out = bench.outlet("product", x)
    assert out.m_flow[0] == pytest.approx(5.0 * (1.0 + 0.2 * 0.05) / 60.0, rel=1e-12)
    assert out.m_flow_liquid.tolist() == pytest.approx([5.0 * 0.8 * 0.05 / 60.0, 0.0], rel=1e-12)
    booked = bench.quadratures(x)
    assert booked.solids[0] == pytest.approx(-booked.fluids[1], rel=1e-15)
    assert booked.cooling == pytest.approx(-x.H / 60.0, rel=1e-15)


def test_an_empty_dryer_has_finite_rates() -> None:
    bench = build()
    y = np.zeros_like(bench.initial(M=5.0, T=300.0, w=[1.0, 0.0], X=0.1))
    assert np.all(np.isfinite(bench.rhs(0.0, y)))
    assert np.all(bench.rhs(0.0, y)[1:] == 0.0)
    for left in (1e-14, -1e-14):  # what a solver leaves
        y[2:] = left
        assert np.abs(bench.rhs(0.0, y)[1:]).max() < 1e-9
    for name in tray_dryer.Measurements._fields:
        assert np.isfinite(bench.measure(name, y))
