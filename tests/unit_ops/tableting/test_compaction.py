"""Compaction and strength laws against independently computed values (verification 3.11), in MPa there."""

from __future__ import annotations

import math

import pytest

from unit_ops.tableting import compaction as c
from unit_ops.tableting.compaction import Compaction, Strength

MPA = 1e6


def test_kawakita() -> None:
    found = [c.kawakita(P * MPA, 0.55, 0.08 / MPA) for P in (10, 50, 100, 200)]
    assert found == pytest.approx([0.244444444, 0.44, 0.488888889, 0.517647059], abs=1e-9)


def test_heckel() -> None:
    found = [c.heckel(P * MPA, 0.7, 0.012 / MPA) for P in (0, 50, 100, 200)]
    assert found == pytest.approx([0.503414696, 0.727468207, 0.850431381, 0.954950798], abs=1e-9)


def test_kuentz_leuenberger_and_its_inverse() -> None:
    found = [c.kuentz_leuenberger_pressure(D, 0.45, 0.006 / MPA) / MPA for D in (0.6, 0.75, 0.85, 0.95)]
    assert found == pytest.approx([4.191592019, 22.275258033, 52.434273545, 136.473733340], abs=1e-9)
    inverse = [c.kuentz_leuenberger(P * MPA, 0.45, 0.006 / MPA) for P in (50, 100, 200)]
    assert inverse == pytest.approx([0.8443817255, 0.9216246172, 0.9761579886], abs=1e-10)


@pytest.mark.parametrize("P", [1e2, 1e4, 1e6, 1e8, 1e9])
def test_the_inverse_is_one_over_seven_decades(P: float) -> None:
    """Eight Newton steps; near P = 0 the law is a square root, and D itself carries 1e-16 of rounding."""
    D = c.kuentz_leuenberger(P, 0.45, 0.006 / MPA)
    loss = 1e-15 * (1.0 + 1.0 / (1.0 - D)) / c.kuentz_leuenberger(P, 1e-3, 1e-9)
    assert c.kuentz_leuenberger_pressure(D, 0.45, 0.006 / MPA) == pytest.approx(P, rel=1e-9 + loss, abs=1e-4)


def test_without_pressure_the_powder_stays_at_its_critical_density() -> None:
    for P in (0.0, -1e3):
        assert c.kuentz_leuenberger(P, 0.45, 0.006 / MPA) == pytest.approx(0.45, abs=1e-6)


#: (first constant, second in 1/MPa) of each law, and the relative density at which it begins.
CONSTANTS = {
    Compaction.KAWAKITA: (0.55, 0.08, 0.45),
    Compaction.HECKEL: (0.7, 0.012, 1.0 - math.exp(-0.7)),
    Compaction.KUENTZ_LEUENBERGER: (0.45, 0.006, 0.45),
}


def pressure(law: Compaction, D: float) -> float:
    """Pressure at a relative density, in MPa; Kawakita from 0.45."""
    first, second, _ = CONSTANTS[law]
    return float(c.compaction_pressure(law, D, 0.45, first, second / MPA)) / MPA


def density(law: Compaction, P: float) -> float:
    first, second, _ = CONSTANTS[law]
    return float(c.relative_density(law, P * MPA, 0.45, first, second / MPA))


def test_pressures_by_hand() -> None:
    """D = 0.9: Kawakita C = 1/2, 0.5/(0.08 · 0.05) MPa; Heckel (ln 10 − 0.7)/0.012 MPa; K-L by its formula."""
    assert pressure(Compaction.KAWAKITA, 0.9) == pytest.approx(125.0, rel=1e-13)
    assert pressure(Compaction.HECKEL, 0.9) == pytest.approx((math.log(10.0) - 0.7) / 0.012, rel=1e-13)
    by_hand = (0.55 * math.log(5.5) - 0.45) / 0.006
    assert pressure(Compaction.KUENTZ_LEUENBERGER, 0.9) == pytest.approx(by_hand, rel=1e-13)


@pytest.mark.parametrize("law", list(Compaction))
def test_pressure_inverts_density(law: Compaction) -> None:
    """Both ways over three decades; a density of 1 − ε holds 1e-16/ε of the pressure."""
    for P in (1.0, 20.0, 120.0, 300.0, 1000.0):
        D = density(law, P)
        assert density(law, pressure(law, D)) == pytest.approx(D, rel=1e-12)
        lost = 1e-15 / (1.0 - D) if law != Compaction.KAWAKITA else 1e-15 * P
        assert pressure(law, D) == pytest.approx(P, rel=1e-12 + lost)


@pytest.mark.parametrize("law", list(Compaction))
def test_no_pressure_without_contact_and_a_smooth_onset(law: Compaction) -> None:
    contact = CONSTANTS[law][2]
    assert pressure(law, 0.0) == pressure(law, 0.5 * contact) == pressure(law, contact) == 0.0
    found = [pressure(law, contact * (1.0 + z)) for z in (1e-6, 1e-5, 5e-4, 1e-3, 2e-3)]
    assert 0.0 < found[0]
    assert found == sorted(found)
    assert found[0] < 0.02 * found[1]  # quadratic, not linear, at the very start
    assert density(law, found[-1]) == pytest.approx(contact * 1.002, rel=1e-9)  # exact beyond a thousandth


@pytest.mark.parametrize("law", list(Compaction))
def test_the_greatest_density_is_what_two_gigapascals_give_or_solid(law: Compaction) -> None:
    first, second, _ = CONSTANTS[law]
    most = c.greatest_density(law, 0.45, first, second / MPA)
    # Kawakita's own limit is 1 here: 0.45/(1 − 0.55)
    wanted = {
        Compaction.KAWAKITA: 0.45 / (1.0 - 0.55 * 160.0 / 161.0),
        Compaction.HECKEL: 1.0 - math.exp(-24.7),
        Compaction.KUENTZ_LEUENBERGER: density(law, 2000.0),
    }[law]
    assert most == pytest.approx(min(wanted, 1.0 - 1e-9), abs=1e-14)
    # continued by its tangent: finite and rising, from the very value and slope of the law
    before, at, after = (pressure(law, most + d) for d in (-1e-10, 0.0, 1e-10))
    assert before < at < after < math.inf
    assert after - at == pytest.approx(at - before, rel=0.2)
    assert math.isfinite(pressure(law, 1.5))


def test_kawakita_ends_at_his_limit_or_at_a_solid() -> None:
    """D_0/(1 − a): 0.4 of a powder with a = 0.5 is 0.8, 0.6 would be 1.2."""
    assert c.greatest_density(Compaction.KAWAKITA, 0.4, 0.5, 1.0) == pytest.approx(0.8, rel=1e-8)
    assert c.greatest_density(Compaction.KAWAKITA, 0.6, 0.5, 1.0) == 1.0 - 1e-9


@pytest.mark.parametrize("law", list(Compaction))
def test_stiffness_is_the_slope_of_the_pressure(law: Compaction) -> None:
    first, second, _ = CONSTANTS[law]
    low, high = (pressure(law, 0.8 * (1.0 + s)) for s in (-1e-5, 1e-5))
    found = c.stiffness(law, 0.8, 0.45, first, second / MPA) / MPA
    assert found == pytest.approx((high - low) / 1.6e-5, rel=1e-8)


def test_leuenberger() -> None:
    """8 MPa, 0.009 1/MPa; 100 MPa at D 0.8 and 200 MPa at D 0.88 reproduce the two values given."""
    found = [c.leuenberger(P * MPA, D, 8 * MPA, 0.009 / MPA) / MPA for P, D in ((100, 0.8), (200, 0.88))]
    assert found == pytest.approx([4.10598195, 6.35877726], abs=1e-8)


def test_ryshkewitch_duckworth() -> None:
    found = [c.ryshkewitch_duckworth(e, 12.0, 9.0) for e in (0.05, 0.1, 0.2)]
    assert found == pytest.approx([7.65153782, 4.87883592, 1.98358666], abs=1e-8)


def test_percolation_starts_at_the_threshold() -> None:
    assert c.percolation(0.3, 10.0, 0.45) == 0.0
    assert c.percolation(0.78, 10.0, 0.45) == pytest.approx(10.0 * 0.6**2.7, rel=1e-12)


def test_diametral_strength_and_crushing_force() -> None:
    """100 N on 10 x 4 mm: 1.59154943092 MPa (Fell & Newton)."""
    assert c.diametral_strength(100.0, 10e-3, 4e-3) / MPA == pytest.approx(1.59154943092, abs=1e-11)
    assert c.crushing_force(1.59154943092 * MPA, 10e-3, 4e-3) == pytest.approx(100.0, rel=1e-11)


def test_each_law_is_dispatched() -> None:
    """The same two constants mean Kawakita a, b; Heckel A, K; or Kuentz-Leuenberger density, C."""
    P, b = 100.0 * MPA, 0.006 / MPA
    density = {law: c.relative_density(law, P, 0.3, 0.45, b) for law in Compaction}
    assert density[Compaction.KAWAKITA] == pytest.approx(0.3 / (1.0 - 0.45 * 0.6 / 1.6), rel=1e-14)
    assert density[Compaction.HECKEL] == pytest.approx(1.0 - math.exp(-1.05), rel=1e-14)
    assert density[Compaction.KUENTZ_LEUENBERGER] == pytest.approx(0.9216246172, abs=1e-10)
    strength = {law: c.tensile_strength(law, P, 0.8, 8.0, 0.5) for law in Strength}
    assert strength[Strength.RYSHKEWITCH_DUCKWORTH] == pytest.approx(8.0 * math.exp(-0.1), rel=1e-12)
    assert strength[Strength.LEUENBERGER] == pytest.approx(8.0 * (1.0 - math.exp(-40.0)), rel=1e-12)
    assert strength[Strength.PERCOLATION] == pytest.approx(8.0 * 0.6**2.7, rel=1e-12)
