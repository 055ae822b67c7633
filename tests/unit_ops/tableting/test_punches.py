"""Dwell, speed, elastic recovery, lubrication, friction and ejection: closed forms and limits."""

from __future__ import annotations

import math

import pytest

from unit_ops.tableting import compaction as c
from unit_ops.tableting import punches as laws
from unit_ops.tableting.compaction import Strength

P, N_REF = 100e6, 1.0


def felt(P_pre: float = 0.0, N: float = N_REF, roll_ratio: float = 1.0, exponent: float = 0.1) -> float:
    return float(laws.effective_pressure(P_pre, P, N, N_REF, roll_ratio, exponent))


def test_dwell_of_a_punch() -> None:
    """60 rpm on a pitch circle of 0.41 m, flat 12.5 mm: 9.7045697 ms (verification 3.11)."""
    assert laws.dwell_time(12.5e-3, 0.41, 1.0) == pytest.approx(9.7045697e-3, abs=6e-11)


def test_without_an_effect_of_speed_the_greater_pressure_counts() -> None:
    assert felt(exponent=0.0, P_pre=0.3 * P, N=0.2) == pytest.approx(P, rel=1e-14)
    assert felt(exponent=0.0, P_pre=1.5 * P) == pytest.approx(1.5 * P, rel=1e-14)


def test_slow_turrets_press_more_and_precompression_adds_its_dwell() -> None:
    assert felt(N=0.5) == pytest.approx(P * 2.0**0.1, rel=1e-4)  # rounding near rest: 1e-4 (N_ref/N)² / 2
    assert felt(P_pre=0.5 * P) == pytest.approx(P * 1.5**0.1, rel=1e-5)
    assert felt(N=0.0) == pytest.approx(P * 100.0**0.1, rel=1e-12)


@pytest.mark.parametrize("N", [0.0, 0.2, 1.0, 3.0])
@pytest.mark.parametrize("P_pre", [0.0, 1e5, 0.3 * P, 0.99 * P])
def test_the_rolls_pressure_is_what_is_felt_as_much(N: float, P_pre: float) -> None:
    """Inverse of the effective pressure to rounding, whatever the exponent; by hand where precompression is nought."""
    for exponent in (0.0, 0.03, 0.1, 0.5):
        wanted = felt(P_pre, N, 1.5, exponent)
        found = laws.roll_pressure(wanted, P_pre, N, N_REF, 1.5, exponent)
        assert found == pytest.approx(P, rel=1e-13)
    assert laws.roll_pressure(P, 0.0, 2.0, 1.0, 1.0, 0.1) == pytest.approx(P * 2.0**0.1, rel=1e-5)
    assert laws.roll_pressure(0.0, 0.0, N, N_REF, 1.0, 0.1) == 0.0


def test_recovery_and_lubrication() -> None:
    assert laws.recovered_density(0.9, P, 4e-10) == pytest.approx(0.9 / 1.04, rel=1e-14)
    # Kushner & Moore: nothing lost at once, all of β in the end
    assert laws.lubricated(0.0, 0.6, 0.02) == 1.0
    assert laws.lubricated(50.0, 0.6, 0.02) == pytest.approx(0.4 + 0.6 * math.exp(-1.0), rel=1e-14)
    assert laws.lubricated(1e5, 0.6, 0.02) == pytest.approx(0.4, rel=1e-14)
    assert laws.wall_friction(0.0, 0.4, 0.1, 0.02) == pytest.approx(0.4, rel=1e-14)
    assert laws.wall_friction(1e5, 0.4, 0.1, 0.02) == pytest.approx(0.1, rel=1e-14)


def test_ejection_overcomes_friction_on_the_lateral_area() -> None:
    assert laws.ejection_force(0.1, 10e6, 10e-3, 4e-3) == pytest.approx(1e6 * math.pi * 4e-5, rel=1e-14)


def test_kawakita_inverts() -> None:
    for pressure in (1e6, 1e7, 3e8):
        reduction = c.kawakita(pressure, 0.7115, 0.1156e-6)
        assert c.kawakita_pressure(reduction, 0.7115, 0.1156e-6) == pytest.approx(pressure, rel=1e-11)


def test_kuentz_leuenberger_strength_is_that_of_the_pressure_law() -> None:
    """H = H_max [1 − exp(D − ρ_c + ln((1 − D)/(1 − ρ_c)))], in D as C P/(…) of the compaction law; 0 at ρ_c."""
    H_max, rho_c = 10.0, 0.45
    for D in (0.6, 0.85, 0.97):
        wanted = H_max * (1.0 - math.exp(D - rho_c + math.log((1.0 - D) / (1.0 - rho_c))))
        found = c.tensile_strength(Strength.KUENTZ_LEUENBERGER, P, D, H_max, rho_c)
        assert found == pytest.approx(wanted, rel=1e-12)
    assert c.kuentz_leuenberger_strength(rho_c, H_max, rho_c) == 0.0
    assert c.kuentz_leuenberger_strength(0.3, H_max, rho_c) == 0.0
