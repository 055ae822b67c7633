"""Variance reduction: one tank in closed form, any blender against its own rates, the usual limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov

from tests.unit_ops.powder.test_dispersion_blender import matrix
from unit_ops.powder.variance import axial_dispersion, in_series, tanks_in_series, variance_reduction


@pytest.mark.parametrize("T", [0.06, 1.0, 30.0, 6e4])
def test_one_tank(T: float) -> None:
    assert variance_reduction(tanks_in_series(60.0, 1), T) == pytest.approx(1.0 + 60.0 / T, rel=1e-10)


def lyapunov(A: np.ndarray, source: np.ndarray, T: float) -> float:
    """VRR of dw/dθ = A w + source f with f an Ornstein-Uhlenbeck noise of variance 1 and correlation time T."""
    n = len(A)
    whole = np.block([[A, source[:, None]], [np.zeros((1, n)), np.array([[-1.0 / T]])]])
    noise = np.zeros((n + 1, n + 1))
    noise[n, n] = 2.0 / T
    return float(1.0 / solve_continuous_lyapunov(whole, -noise)[n - 1, n - 1])


@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize("T", [0.05, 0.7])
def test_tanks_in_series_are_those_of_their_equations(n: int, T: float) -> None:
    A = n * (np.eye(n, k=-1) - np.eye(n))
    source = np.zeros(n)
    source[0] = n
    assert variance_reduction(tanks_in_series(1.0, n), T) == pytest.approx(lyapunov(A, source, T), rel=1e-9)
    halves = in_series(tanks_in_series(0.4, 2), tanks_in_series(0.6, 3))
    five = variance_reduction(tanks_in_series(1.0, 5), T)
    assert variance_reduction(halves, T) == pytest.approx(five, rel=1e-12)


@pytest.mark.parametrize("Pe", [1.0, 10.0])
def test_the_dispersion_blender_has_the_reduction_of_its_analytic_response(Pe: float) -> None:
    """The model's own rates on two grids, extrapolated at second order."""
    T, found = 0.2, []
    for cells in (40, 80):
        source = np.zeros(cells)
        source[0] = cells
        found.append(lyapunov(matrix(cells, Pe), source, T))
    wanted = variance_reduction(axial_dispersion(1.0, Pe), T)
    assert (4.0 * found[1] - found[0]) / 3.0 == pytest.approx(wanted, rel=1e-4)
    assert found[1] == pytest.approx(wanted, rel=0.02)


def test_limits() -> None:
    """Slow drifts pass; much back-mixing is one tank; less back-mixing smooths fast noise less."""
    assert variance_reduction(axial_dispersion(60.0, 10.0), 6e6) == pytest.approx(1.0, abs=1e-4)
    one = variance_reduction(tanks_in_series(60.0, 1), 5.0)
    assert variance_reduction(axial_dispersion(60.0, 1e-3), 5.0) == pytest.approx(one, rel=1e-3)
    falling = [variance_reduction(axial_dispersion(60.0, Pe), 0.5) for Pe in (10.0, 100.0, 1000.0)]
    assert falling == sorted(falling, reverse=True)
    with pytest.raises(ValueError, match="must be above 0 s, not 0"):
        variance_reduction(tanks_in_series(60.0, 1), 0.0)
