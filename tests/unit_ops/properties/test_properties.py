"""Laws of properties against their definitions, identities of thermodynamics and published points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin.config.components import database
from unit_ops.properties.activity import Activity, activity
from unit_ops.properties.mixture import andrade, density, viscosity, volume
from unit_ops.properties.solubility import (
    R_GAS,
    Antisolvent,
    Solubility,
    antisolvent_factor,
    apelblat,
    mass_ratio,
    range_excess,
    saturation,
)
from unit_ops.properties.vapour import antoine, heat_of_evaporation, shifted_vapour_pressure, vapour_pressure
from unit_ops.streams import T_REF

#: Ethanol (first) and water: τ = a + b/T, α = 0.3; the set of the Aspen databank VLE-IG, as widely reprinted.
NRTL_A = np.array([[0.0, -0.8009], [3.4578, 0.0]])
NRTL_B = np.array([[0.0, 246.18], [-586.0809, 0.0]])
ALPHA = np.array([[0.0, 0.3], [0.3, 0.0]])


def gamma(m: np.ndarray, M: np.ndarray, T: float, a: np.ndarray, b: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.array([activity(Activity.NRTL, i, m, M, 1e-9, T, a, b, alpha) for i in range(len(m))])


def test_nrtl_coefficients_are_slopes_of_the_excess_energy() -> None:
    """ln γ_i = ∂(n g^E/RT)/∂n_i with Renon and Prausnitz's g^E, for three components with unlike α."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.0, 0.5, (3, 3)), rng.normal(0.0, 200.0, (3, 3))
    alpha = rng.uniform(0.2, 0.5, (3, 3))
    np.fill_diagonal(a, 0.0)
    np.fill_diagonal(b, 0.0)
    T, n, M = 330.0, np.array([1.0, 0.4, 2.0]), np.array([0.046, 0.018, 0.1])
    tau = a + b / T
    G = np.exp(-alpha * tau)

    def excess(n: np.ndarray) -> float:
        return float(sum(n[i] * (n @ (tau[:, i] * G[:, i])) / (n @ G[:, i]) for i in range(3)))

    h = 1e-5
    slopes = [(excess(n + h * e) - excess(n - h * e)) / (2.0 * h) for e in np.eye(3)]
    # central differences: h² and rounding/h, some 1e-10
    np.testing.assert_allclose(np.log(gamma(n * M, M, T, a, b, alpha)), slopes, atol=1e-9)
    assert activity(Activity.IDEAL, 0, n * M, M, 1e-9, T, a, b, alpha) == 1.0
    assert np.all(gamma(0.0 * n, M, T, a, b, alpha) == 1.0)  # an empty vessel


def test_nrtl_is_what_another_library_makes_of_it() -> None:
    nrtl = pytest.importorskip("thermo.nrtl")
    T, x, M = 350.0, np.array([0.3, 0.7]), np.array([0.04607, 0.01802])
    wanted = nrtl.NRTL_gammas(x.tolist(), (NRTL_A + NRTL_B / T).tolist(), ALPHA.tolist())
    np.testing.assert_allclose(gamma(x * M, M, T, NRTL_A, NRTL_B, ALPHA), wanted, rtol=1e-13)


def test_forms_of_the_vapour_pressure_are_one_law() -> None:
    """Antoine's coefficients of water (Stull 1947, 255.9 to 373 K, bar: 4.6543, 1435.264, -64.848)."""
    A, B, C = 4.6543 + 5.0, 1435.264, -64.848
    p = antoine(350.0, A, B, C)
    assert p == pytest.approx(41.7e3, rel=0.01)
    ln10 = math.log(10.0)
    assert shifted_vapour_pressure(350.0, A * ln10, -B * ln10, C, 0.0, 0.0) == pytest.approx(p, rel=1e-12)
    assert shifted_vapour_pressure(350.0, 20.0, -4000.0, 0.0, 0.5, 1e-3) == vapour_pressure(
        350.0, 20.0, -4000.0, 0.5, 1e-3
    )


def test_heat_of_evaporation_of_water_at_its_boiling_point() -> None:
    """2256.4 kJ/kg at 373.12 K (IAPWS-95, doi 10.1063/1.1461829); Kirchhoff with constant heat capacities: 0.5 %."""
    water = database().values["water"]
    got = heat_of_evaporation(water["dH_vap"], water["cp_liquid"], water["cp_gas"], 373.12)
    assert got == pytest.approx(2256.4e3, rel=0.01)
    assert heat_of_evaporation(1e6, 4000.0, 2000.0, T_REF) == 1e6


def test_mixtures() -> None:
    m, rho = np.array([1.0, 3.0]), np.array([800.0, 1000.0])
    assert volume(m, rho) == pytest.approx(4.25e-3)
    assert density(m, rho) == pytest.approx(4.0 / 4.25e-3)
    M, mu, E = np.array([0.05, 0.02]), np.array([1e-3, 4e-3]), np.array([1.5e4, 0.0])
    assert viscosity(np.array([0.05, 0.02]), M, mu, E, T_REF) == pytest.approx(2e-3)  # the geometric mean
    assert viscosity(np.array([0.05, 0.0]), M, mu, E, 320.0) == pytest.approx(andrade(1e-3, 1.5e4, 320.0))
    assert viscosity(np.zeros(2), M, mu, E, 320.0) == andrade(1e-3, 1.5e4, 320.0)


def test_viscosity_of_water_falls_with_temperature() -> None:
    """0.8900 and 0.4660 mPa s at 25 and 60 °C (IAPWS, doi 10.1063/1.3088050); E from 25 and 40 °C (0.6527)."""
    E = 8.31446 * math.log(0.8900 / 0.6527) / (1.0 / 298.15 - 1.0 / 313.15)
    # an Arrhenius line over 35 K: a few per cent
    assert andrade(0.8900e-3, E, 333.15) == pytest.approx(0.4660e-3, rel=0.05)


def test_apelblat_contains_the_van_t_hoff_law() -> None:
    assert apelblat(5.0, -3000.0, 0.0, 300.0) == pytest.approx(math.exp(5.0 - 10.0))
    assert apelblat(-10.0, 0.0, 1.5, 300.0) == pytest.approx(math.exp(-10.0) * 300.0**1.5)
    # the law that units choose is the same one, its coefficients with units
    A, B, C, T = -140.0, 3000.0, 22.0, 320.0
    a, b, E = math.exp(A + C * math.log(T_REF)), C / T_REF, -B * R_GAS
    assert saturation(Solubility.APELBLAT, a, b, 0.0, E, T) == pytest.approx(apelblat(A, B, C, T), rel=1e-12)
    assert mass_ratio(0.05, 0.151, 0.046) == pytest.approx(0.05 * 0.151 / (0.95 * 0.046))


def test_antisolvent() -> None:
    def factor(law: Antisolvent, w: float) -> float:
        return antisolvent_factor(law, 4.0, 1.0, 0.5, 0.01, w, 300.0)

    assert factor(Antisolvent.NONE, 0.7) == 1.0
    assert factor(Antisolvent.LOG_LINEAR, 0.5) == pytest.approx(math.exp(-2.0))
    assert factor(Antisolvent.LOG_POLYNOMIAL, 0.5) == pytest.approx(math.exp(-2.0 + 0.25 + 0.0625))
    for law in Antisolvent:
        assert factor(law, 0.0) == 1.0
    # the two pure liquids have what they have, whatever the interaction
    assert factor(Antisolvent.JOUYBAN_ACREE, 1.0) == pytest.approx(0.01)
    assert factor(Antisolvent.JOUYBAN_ACREE, 0.5) == pytest.approx(0.1 * math.exp(0.25 * 4.0 / 300.0))
    # a quarter of antisolvent: f1 - f2 is 0.5, with the sign of the solvent's excess
    assert factor(Antisolvent.JOUYBAN_ACREE, 0.25) == pytest.approx(
        0.01**0.25 * math.exp(0.1875 * (4.0 + 0.5) / 300.0), rel=1e-12
    )


def test_a_range_is_left_through_zero() -> None:
    assert range_excess(250.0, 255.0, 400.0) > 0.0
    assert range_excess(300.0, 255.0, 400.0) < 0.0
    assert range_excess(410.0, 255.0, 400.0) > 0.0
