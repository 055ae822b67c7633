"""Release curves, dissolving particles and profile similarity, against independently computed values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from unit_ops.quality import dissolution as d
from unit_ops.quality.dissolution import Film

#: verification 3.11: film 30 um, D 7e-10 m2/s, density 1300 kg/m3, solubility 10 kg/m3, radius 50 um.
PARTICLE = (50e-6, 30e-6, 7e-10, 1300.0, 10.0)


def test_weibull() -> None:
    """Verification 3.11: 63.2 % at 10 min, shape 0.8, at 5, 15 and 30 min."""
    found = [d.weibull(t, 10.0, 0.8) for t in (5.0, 15.0, 30.0)]
    # nine digits are given; 1 − exp(−3^0.8) is 0.9100251134, so the last of them is off by one
    assert found == pytest.approx([0.436928791, 0.749215649, 0.910025112], abs=1.5e-9)
    assert found[2] == pytest.approx(0.9100251134, abs=5e-11)
    assert d.weibull(-1.0, 10.0, 0.8) == d.weibull(0.0, 10.0, 0.8) == 0.0


def test_first_order_is_weibull_of_shape_one() -> None:
    for t in (0.0, 3.0, 20.0):
        assert d.first_order(t, 0.1) == pytest.approx(d.weibull(t, 10.0, 1.0), rel=1e-12)


@pytest.mark.parametrize(
    ("law", "t_c", "fractions"),
    [
        (Film.FIXED, 278.571428571, (0.578125, 0.875, 0.984375)),
        (Film.RADIUS, 232.142857143, (0.350480947, 0.646446609, 0.875)),
    ],
)
def test_particles_under_a_film(law: Film, t_c: float, fractions: tuple[float, ...]) -> None:
    """Verification 3.11: time to dissolve, and fractions at its quarters."""
    assert d.time_to_dissolve(law, *PARTICLE) == pytest.approx(t_c, abs=1e-9)
    found = [d.dissolved(part * t_c, law, *PARTICLE) for part in (0.25, 0.5, 0.75)]
    assert found == pytest.approx(fractions, abs=1e-9)
    assert d.dissolved(0.0, law, *PARTICLE) == pytest.approx(0.0, abs=1e-12)
    assert d.dissolved(1.1 * t_c, law, *PARTICLE) == 1.0


@pytest.mark.parametrize("law", list(Film))
@pytest.mark.parametrize("r_0", [20e-6, 50e-6])
def test_closed_forms_solve_the_rate(law: Film, r_0: float) -> None:
    """dr/dt integrated, over a film thinner and one thicker than the particle; the last per mille left out."""
    _, h, diffusivity, rho, C_sat = PARTICLE
    end = d.time_to_dissolve(law, r_0, h, diffusivity, rho, C_sat)
    times = np.linspace(0.0, 0.999 * end, 8)
    found = solve_ivp(
        lambda t, r: [d.shrinking_rate(law, r[0], h, diffusivity, rho, C_sat, 0.0)],
        (0.0, times[-1]),
        [r_0],
        t_eval=times,
        max_step=end / 400.0,
        rtol=1e-10,
        atol=1e-14,
    )
    wanted = [d.dissolved(t, law, r_0, h, diffusivity, rho, C_sat) for t in times]
    assert 1.0 - (found.y[0] / r_0) ** 3 == pytest.approx(wanted, abs=1e-6)


def test_a_saturated_medium_stops_it() -> None:
    _, h, diffusivity, rho, C_sat = PARTICLE
    assert d.shrinking_rate(Film.FIXED, 50e-6, h, diffusivity, rho, C_sat, C_sat) == 0.0
    assert d.shrinking_rate(Film.FIXED, 50e-6, h, diffusivity, rho, C_sat, 2.0 * C_sat) > 0.0


def test_difference_and_similarity() -> None:
    """Verification 3.11."""
    reference, test = (30.0, 55.0, 75.0, 90.0), (25.0, 48.0, 70.0, 88.0)
    assert d.similarity_factor(reference, test) == pytest.approx(64.3169053411, abs=1e-10)
    assert d.difference_factor(reference, test) == pytest.approx(7.6, abs=1e-12)
    assert d.similarity_factor(reference, reference) == 100.0
    with pytest.raises(ValueError, match="same times"):
        d.similarity_factor(reference, test[:3])


def test_only_one_point_above_85_percent_counts() -> None:
    assert d.points_to_compare((30, 60, 80, 84, 90, 95), (20, 50, 70, 80, 84, 96)) == 5
    assert d.points_to_compare((30, 60, 80), (20, 50, 70)) == 3
    with pytest.raises(ValueError, match="three points"):
        d.points_to_compare((86, 90, 95), (80, 90, 95))
