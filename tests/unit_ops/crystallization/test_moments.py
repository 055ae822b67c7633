"""The crystallizer by moments: conservation, its product's size classes, agreement with the grid, limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unit_ops.crystallization.moments as moments
import unit_ops.crystallization.msmpr as msmpr
from tests.unit_ops.piping.bench import Bench
from twin import jit
from unit_ops.crystallization.laws import Basis, DrivingForce

PARAMS: dict[str, Any] = {
    "tau": 60.0, "V_weir": 1e-3, "UA": 5.0, "dH_cryst": -1.75e5, "kv": 0.866, "solute": 1, "solvent": 0,
    "crystal": 1, "sol_a": 2.955e-4, "sol_b": 0.02179, "kg": 9.979, "Eg": 40560.0, "g": 1.602,
    "k1": 2.66e8, "b1": 2.276, "k2": 1e6, "rho_solvent": 789.0, "force": DrivingForce.MOLAR,
    "cp": [2440.0, 1500.0, 2000.0],
    "rho": [789.0, 1300.0, 1050.0], "molar_mass": [0.046, 0.151163, 0.06], "cp_solid": [900.0, 1300.0],
    "rho_solid": [2000.0, 1300.0],
}  # fmt: skip
SEEDED = {"V": 1.2e-3, "T": 310.0, "w": [0.75, 0.25, 0.0], "m_seed": 0.02, "L_seed": 1.5e-4, "sigma_seed": 0.3}


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(moments)
    jit.arm(msmpr)


def bench(bins: int = 60, module: Any = moments, **more: Any) -> Bench:
    edges = np.geomspace(5e-6, 2e-3, bins + 1)
    params = {**PARAMS, "L_edges": edges, **more}
    return Bench(module, {"fluids": 3, "solids": 2, "bins": bins}, params, T_jacket=290.0)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(Basis)))
def test_balances_close_to_rounding(seed: int, basis: Basis) -> None:
    rng = np.random.default_rng(seed)
    b = bench(basis=basis, L_nucleus=1e-6)
    b.set_inlets(feed={"T": rng.uniform(280, 340), "m_flow": rng.random(3) * 1e-3}, T_jacket=rng.uniform(270, 350))
    x = b.unpack(b.initial(**SEEDED) * rng.uniform(0.5, 1.5, 10))
    H, fluids, solids = b.imbalance(x, b.p.cp, crystal=1, cp_crystal=1300.0)
    # a dozen terms, each rounded to 1.1e-16; the crystal flow is a sum of 60 classes
    assert abs(H) < 1e-13
    assert np.all(np.abs(fluids) < 1e-14)
    assert np.all(np.abs(solids) < 1e-13)


@pytest.mark.parametrize("spread", [0.01, 0.1, 0.3, 0.6])
def test_product_is_the_log_normal_distribution_that_is_held(spread: float) -> None:
    """A log-normal seed leaves in the classes in which the grid model holds it; the mass is exact."""
    b, grid = bench(), bench(module=msmpr)
    x = b.unpack(b.initial(**{**SEEDED, "sigma_seed": spread}))
    product = b.outlet("product", x)
    assert product.m_flow_solid > 0.0
    assert product.m_flow_crystals.sum() == pytest.approx(product.m_flow_solid, rel=1e-14)
    held = grid.unpack(grid.initial(**{**SEEDED, "sigma_seed": spread})).crystals
    # the variance has a floor that adds (1e-4)²/(4 spread²), which for 0.01 is a quarter of it over
    tolerance = 0.1 if spread < 0.05 else 1e-4
    assert np.abs(product.m_flow_crystals / product.m_flow_solid - held / held.sum()).sum() < tolerance


@pytest.mark.parametrize("masses", [(0.0, 0.0, 0.0), (1e-12, 1e-16, 1e-20), (-1e-9, -1e-13, -1e-17)])
def test_product_without_crystals_is_clear(masses: tuple[float, float, float]) -> None:
    """Also when an integrator leaves moments of rounding size that no distribution has."""
    b = bench()
    rho_kv = 1300.0 * 0.866
    y = b.initial(**{**SEEDED, "m_seed": 0.0})
    y[4:7] = masses[0], masses[1] / rho_kv, masses[2] / rho_kv
    product = b.outlet("product", b.unpack(y))
    assert np.all(np.isfinite(product.m_flow_crystals))
    assert product.m_flow_crystals.sum() == pytest.approx(product.m_flow_solid, rel=1e-12)
    assert abs(product.m_flow_solid) < 1e-6 * product.m_flow.sum()
    if masses[0] == 0.0:
        for name in ("L43", "L32", "mu_0", "w_crystals"):
            assert b.measure(name, y) == 0.0


def test_grid_model_converges_to_the_moments() -> None:
    """Fed vessel with cooling, growth and both nucleations: 600 s by moments, and on ever finer classes."""
    feed = {"T": 315.0, "m_flow": [1.2e-3, 0.4e-3, 0.0]}
    results = {}
    for bins, module in ((0, moments), (60, msmpr), (120, msmpr)):
        more: dict[str, Any] = {"L_nucleus": 5e-6} if module is moments else {}
        b = bench(bins or 60, module, **more)
        b.set_inlets(feed=feed, T_jacket=300.0)
        y = b.solve(b.initial(**SEEDED), [0.0, 600.0], rtol=1e-8, atol=1e-12)[-1]
        results[bins] = np.array([b.measure(name, y) for name in ("T", "V", "c", "S", "w_crystals", "L43", "mu_0")])
    errors = {bins: np.abs(results[bins] / results[0] - 1.0) for bins in (60, 120)}
    assert results[0][3] > 0.0  # still growing
    # nuclei are a sharp front on the grid, and take the mean mass of their class: order one to two
    assert errors[120].max() < 0.02
    assert np.all(errors[120] < 0.7 * errors[60] + 1e-6)


def test_undersaturated_crystals_rest() -> None:
    b = bench(UA=0.0)
    y = b.initial(**{**SEEDED, "V": 0.9e-3, "w": [0.95, 0.05, 0.0]})
    assert b.measure("S", y) < 0.0
    assert np.all(b.rhs(0.0, y) == 0.0)


def test_jacket_drives_temperature() -> None:
    """C dT/dt = UA (T_jacket − T) with nothing crystallizing: 1 − 1/e of the way after C/UA."""
    b = bench(kg=0.0, k1=0.0, k2=0.0)
    y = b.initial(**{**SEEDED, "V": 0.9e-3})
    C = float(b.unpack(y).m @ b.p.cp) + 0.02 * 1300.0
    assert b.measure("T", b.solve(y, [0.0, C / 5.0])[-1]) == pytest.approx(290.0 + 20.0 / np.e, rel=1e-8)


def test_initial_state_is_what_was_asked_for() -> None:
    b = bench()
    y = b.initial(**SEEDED)
    assert b.measure("V", y) == pytest.approx(1.2e-3, rel=1e-12)
    assert b.measure("T", y) == pytest.approx(310.0, rel=1e-12)
    # the means of a log-normal distribution by mass; trace: 1e-9 of 50 kg/m³ in 20 g/L
    assert b.measure("L43", y) == pytest.approx(1.5e-4 * np.exp(0.045), rel=1e-8)
    assert b.measure("L32", y) == pytest.approx(1.5e-4 * np.exp(-0.045), rel=1e-8)


def test_nominals_scale_the_states_to_order_one() -> None:
    b = bench()
    scale = moments.nominals(b.p)
    state = b.unpack(b.initial(**SEEDED))._asdict()
    for name, value in scale.items():
        assert 1e-2 < float(np.max(state[name])) / value < 1e2, name
