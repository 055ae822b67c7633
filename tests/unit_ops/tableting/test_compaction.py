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
