"""Published laws of the filter carousel against numbers worked out from what is printed, and their quirks."""

from __future__ import annotations

import math

import pytest

from unit_ops.drying.laws import falling_rate
from unit_ops.separation.carousel_laws import cp_air, cp_air_slope, cp_ethanol, falling_rate_in_pieces, van_leer


def test_heat_capacities_of_gases_are_the_printed_cubics() -> None:
    T = 300.0
    air = (29e-3 + 0.2199e-5 * T + 0.5723e-8 * T**2 - 2.871e-12 * T**3) * 1e3 / 28.97e-3
    ethanol = (61.34e-3 + 15.72e-5 * T + 8.749e-8 * T**2 + 19.83e-12 * T**3) * 1e3 / 46.07e-3
    assert cp_air(T) == pytest.approx(air, rel=1e-14)
    assert cp_air(T) == pytest.approx(1040.0, rel=0.01)  # 1007 J/(kg K) by tables, 1039 as printed
    assert cp_ethanol(T) == pytest.approx(ethanol, rel=1e-14)
    assert cp_air_slope(T) == pytest.approx((cp_air(T + 0.5) - cp_air(T - 0.5)) / 1.0, rel=1e-6)


def test_falling_rate_in_pieces_has_its_jump_and_its_ends() -> None:
    def quartic(w: float) -> float:
        return -3.56837e7 * w**4 + 1.7128e6 * w**3 - 3.0190e4 * w**2 + 233.6379 * w + 0.0086

    assert falling_rate_in_pieces(-1e-9) == 0.0
    for w in (1e-3, 5e-3, 0.01, 0.0159):
        assert falling_rate_in_pieces(w) == pytest.approx(min(quartic(w), 1.0), rel=1e-12)
    for w in (0.02, 0.05, 0.1):
        assert falling_rate_in_pieces(w) == pytest.approx(3.3735 * w + 0.6299, rel=1e-12)
    assert falling_rate_in_pieces(0.2) == 1.0
    assert abs(falling_rate_in_pieces(0.016) - quartic(0.016)) > 1e-3  # the published jump
    # the smooth one of the library is it, away from jump and kink
    assert falling_rate(0.05) == pytest.approx(falling_rate_in_pieces(0.05), rel=1e-12)


def test_van_leer_on_values() -> None:
    assert van_leer(1.0, 2.0, 3.0) == pytest.approx(2.5, rel=1e-8)  # linear: halfway
    assert van_leer(1.0, 2.0, 1.0) == pytest.approx(2.0, abs=1e-7)  # extremum: flat
    r = 0.5
    assert van_leer(1.0, 1.5, 2.5) == pytest.approx(1.5 + 0.5 * 2.0 * r / (1.0 + r), rel=1e-7)
    assert math.isfinite(van_leer(1.0, 1.0, 1.0))
