"""Constitutive laws against published points and their own definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

import unit_ops.crystallization.laws as laws
from unit_ops.crystallization.laws import (
    R_GAS,
    DrivingForce,
    Limiter,
    Nucleation,
    Solubility,
    force_per_S,
    limited_slope,
    power_rate,
    primary_nucleation,
    saturation,
)


@pytest.mark.parametrize(
    ("celsius", "expected"),
    [(0, 0.11362), (10, 0.14128), (20, 0.17568), (30, 0.21845), (40, 0.27163), (50, 0.33777), (60, 0.42000)],
)
def test_paracetamol_in_ethanol_solubility(celsius: float, expected: float) -> None:
    """Points of the fit of Mitchell et al. 2011 (doi 10.1016/j.jcrysgro.2011.06.016), printed to five digits."""
    c = saturation(Solubility.EXPONENTIAL, 2.955e-4, 0.02179, 0.0, 0.0, celsius + 273.15)
    assert c == pytest.approx(expected, abs=0.6e-5)


def test_solubility_laws_agree_where_they_are_the_same() -> None:
    T = 310.0
    # paracetamol in water at 315 K, printed as 0.0263 beside these rounded coefficients
    water = saturation(Solubility.POLYNOMIAL, 1.3066, -9.0567e-3, 1.5848e-5, 0.0, 315.0)
    assert water == pytest.approx(0.0263, abs=1e-3)
    assert saturation(Solubility.VANT_HOFF, 2.0, 0.0, 0.0, 2e4, T) == pytest.approx(2.0 * math.exp(-2e4 / R_GAS / T))
    assert saturation(Solubility.EXPONENTIAL, 2.0, 0.0, 1e-5, 0.0, T) == pytest.approx(2.0 * math.exp(1e-5 * T * T))


def test_paracetamol_growth_and_nucleation_at_the_start_of_the_seeded_batch() -> None:
    """Rates at 293.15 K, c = 0.275395968 kg/kg (Nikolić and Frawley 2016); their R is 8.3144 J/(mol K)."""
    T = 293.15
    c_sat = saturation(Solubility.EXPONENTIAL, 2.955e-4, 0.02179, 0.0, 0.0, T)
    S = 0.275395968 / c_sat - 1.0
    sigma = S * force_per_S(DrivingForce.MOLAR, 0.0, c_sat, 789.0, 0.151163)
    G = power_rate(9.979, 40560.0 * R_GAS / 8.3144, 1.602, sigma, T)
    B = primary_nucleation(Nucleation.POWER, 1.597e10 / 60.0, 0.0, 2.276, 1.0, sigma, S, T)
    # seven published digits; R to five digits moves G by 4e-6
    assert G == pytest.approx(2.078319e-7, rel=5e-6)
    assert B == pytest.approx(6.021331e7, rel=1e-6)


def test_driving_forces_differ_by_their_units_only() -> None:
    mass = force_per_S(DrivingForce.MASS, 0.3, 0.2, 800.0, 0.16)
    assert mass == 160.0
    assert force_per_S(DrivingForce.MOLAR, 0.3, 0.2, 800.0, 0.16) == pytest.approx(mass / 160.0)
    assert force_per_S(DrivingForce.RELATIVE, 0.3, 0.2, 800.0, 0.16) == 1.0
    fractions = 0.3 / 1.3 - 0.2 / 1.2
    assert force_per_S(DrivingForce.MASS_FRACTION, 0.3, 0.2, 800.0, 0.16) * (0.3 / 0.2 - 1.0) == pytest.approx(
        fractions
    )


def test_classical_nucleation() -> None:
    rate = primary_nucleation(Nucleation.CLASSICAL, 1e20, 0.0, 2.0, 0.5, 0.3, 0.3, 300.0)
    assert rate == pytest.approx(1e20 * math.exp(-0.5 / math.log(1.3) ** 2))
    assert primary_nucleation(Nucleation.CLASSICAL, 1e20, 0.0, 2.0, 0.5, 0.0, 0.0, 300.0) == 0.0


@pytest.mark.parametrize("law", [Limiter.VAN_ALBADA, Limiter.VAN_LEER, Limiter.KOREN])
def test_limiters_keep_a_linear_profile(law: Limiter) -> None:
    for slope in (2.5, -0.3):
        assert limited_slope(law, slope, slope, 1e-12) == pytest.approx(slope, rel=1e-10)


@pytest.mark.parametrize("law", [Limiter.UPWIND, Limiter.VAN_LEER, Limiter.KOREN])
def test_limiters_flatten_an_extremum(law: Limiter) -> None:
    assert limited_slope(law, 1.0, -2.0, 1e-12) == 0.0
    assert limited_slope(law, -1.0, 2.0, 1e-12) == 0.0


def test_limiter_values_by_hand() -> None:
    # r = downwind/upwind = 1/2: van Leer φ = 2/3; Koren φ = min(2r, 1/3 + 2r/3, 2) = 2/3
    assert limited_slope(Limiter.VAN_LEER, 2.0, 1.0, 1e-12) == pytest.approx(4.0 / 3.0)
    assert limited_slope(Limiter.KOREN, 2.0, 1.0, 1e-12) == pytest.approx(4.0 / 3.0)
    # r = 8: Koren stops at φ = 2; r = 1/10: at 2r
    assert limited_slope(Limiter.KOREN, 1.0, 8.0, 1e-12) == 2.0
    assert limited_slope(Limiter.KOREN, -10.0, -1.0, 1e-12) == -2.0
    # van Albada (a²b + b²a)/(a² + b²)
    assert limited_slope(Limiter.VAN_ALBADA, 2.0, 1.0, 1e-15) == pytest.approx(6.0 / 5.0)


def test_van_albada_is_smooth_and_lets_go_of_small_slopes() -> None:
    eps = 1e-6
    assert limited_slope(Limiter.VAN_ALBADA, 1e-6, 3e-6, eps) == pytest.approx(2e-6, rel=1e-3)
    x = np.linspace(-1e-2, 1e-2, 2001)
    values = [limited_slope(Limiter.VAN_ALBADA, v, 1e-3, eps) for v in x]
    second = np.diff(values, 2) / (x[1] - x[0]) ** 2
    # a kink would show as a second difference of order 1/spacing = 1e5; sqrt(eps) = 1e-3 bounds it by some 1e3
    assert np.max(np.abs(second)) < 2e3


@pytest.mark.parametrize(
    ("limiter", "gentle", "steep"),
    [(Limiter.MINMOD, 1.0, 1.0), (Limiter.MC, 1.25, 2.0), (Limiter.SUPERBEE, 1.5, 2.0)],
)
def test_classic_limiters_by_their_definitions(limiter: Limiter, gentle: float, steep: float) -> None:
    """Slopes 1 and 1.5, 1 and 9; falling slopes mirror rising ones, and an extremum is flat."""
    for u, d in ((1.0, 1.5), (1.5, 1.0)):
        assert limited_slope(limiter, u, d, 0.0) == gentle
        assert limited_slope(limiter, -u, -d, 0.0) == -gentle
    assert limited_slope(limiter, 1.0, 9.0, 0.0) == limited_slope(limiter, 9.0, 1.0, 0.0) == steep
    assert limited_slope(limiter, 1.0, -2.0, 0.0) == limited_slope(limiter, -1.0, 2.0, 0.0) == 0.0


def test_an_impurity_slows_growth_by_its_coverage() -> None:
    """Kubota and Mullin: 1 − α θ with θ = K c/(1 + K c), half covered at K c = 1; stopped beyond α θ = 1."""
    law = int(laws.Impurity.KUBOTA_MULLIN)
    assert laws.impurity_factor(law, 0.8, 50.0, 0.02) == pytest.approx(0.6, rel=1e-3)
    assert laws.impurity_factor(law, 0.8, 50.0, 0.06) == pytest.approx(0.4, rel=1e-3)
    assert 0.0 <= laws.impurity_factor(law, 2.0, 50.0, 1.0) < 1e-4
    assert laws.impurity_factor(int(laws.Impurity.NONE), 0.8, 50.0, 0.02) == 1.0
