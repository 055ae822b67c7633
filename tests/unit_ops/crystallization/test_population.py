"""Growth on size classes: conservation, translation, order, and published errors of the limiters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import unit_ops.crystallization.population as population
from twin import jit
from unit_ops.crystallization.laws import Limiter

RHO_KV = 700.0


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(population)


def number_per_mass(L: np.ndarray) -> np.ndarray:
    """Crystals per kg in each class."""
    return 1.0 / (RHO_KV * 0.25 * (L[1:] + L[:-1]) * (L[1:] ** 2 + L[:-1] ** 2))


def grow(n: np.ndarray, L: np.ndarray, G: float, t: float, limiter: Limiter, eps: float = 1e-6) -> np.ndarray:
    """Number densities after growth (dissolution when G < 0) for a time, without nuclei."""
    per_mass = number_per_mass(L)
    mass = n * np.diff(L) / per_mass
    scale = mass.max()
    out = np.empty_like(mass)

    def rates(_: float, m: np.ndarray) -> np.ndarray:
        up, down, limit = max(G, 0.0), max(-G, 0.0), int(limiter)
        scratch = np.empty_like(mass)
        population.growth_gain(
            np.ascontiguousarray(m * scale), L, RHO_KV, up, down, 0.0, limit, eps * scale, scratch, out
        )
        return out / scale

    # Δt ≤ half a cell: the error in time stays a hundred times below that in size
    result = solve_ivp(rates, (0.0, t), mass / scale, rtol=1e-6, atol=1e-9, max_step=0.5 * np.diff(L).min() / abs(G))
    return result.y[:, -1] * scale * per_mass / np.diff(L)


def gaussian(L: np.ndarray, mean: float) -> np.ndarray:
    middle = 0.5 * (L[1:] + L[:-1])
    return np.exp(-0.5 * ((middle - mean) / 8e-6) ** 2)


@pytest.mark.parametrize(
    ("limiter", "G", "order"),
    [(Limiter.VAN_ALBADA, 1e-6, 1.9), (Limiter.VAN_ALBADA, -1e-6, 1.9), (Limiter.UPWIND, 1e-6, 0.7)],
)
def test_order_of_translation(limiter: Limiter, G: float, order: float) -> None:
    """A smooth distribution moves unchanged; halving the classes divides the summed error by 2^order."""
    start = 50e-6 if G > 0.0 else 110e-6
    errors = []
    for bins in (160, 320):
        L = np.linspace(0.0, 160e-6, bins + 1)
        got = grow(gaussian(L, start), L, G, 60.0, limiter, eps=1e-2)
        errors.append(np.abs(got - gaussian(L, start + 60.0 * G)).mean())
    assert np.log2(errors[0] / errors[1]) > order


@pytest.mark.parametrize("grid", [lambda: np.linspace(1e-6, 1e-3, 60), lambda: np.geomspace(1e-6, 1e-3, 60)])
@pytest.mark.parametrize("limiter", list(Limiter))
def test_crystals_are_counted(grid: Callable[[], np.ndarray], limiter: Limiter) -> None:
    """Growth moves crystals between classes: their number changes by the nuclei only."""
    L = grid()
    per_mass = number_per_mass(L)
    number = np.random.default_rng(0).random(L.size - 1) * 1e9
    out = np.empty_like(number)
    population.growth_gain(number / per_mass, L, RHO_KV, 1e-7, 0.0, 0.0, int(limiter), 1e-9, np.empty_like(number), out)
    assert abs((out * per_mass).sum()) < 1e-13 * np.abs(out * per_mass).sum()
    assert out.sum() > 0.0
    with_nuclei = np.empty_like(number)
    scratch = np.empty_like(number)
    population.growth_gain(number / per_mass, L, RHO_KV, 1e-7, 0.0, 1e7, int(limiter), 1e-9, scratch, with_nuclei)
    # the difference of two sums of 60 terms each up to 1e6 times the nuclei
    assert ((with_nuclei - out) * per_mass).sum() == pytest.approx(1e7, rel=1e-8)


def test_dissolving_crystals_leave_at_the_small_end() -> None:
    L = np.linspace(1e-6, 101e-6, 51)
    n = np.zeros(50)
    n[:5] = 1e12
    assert grow(n, L, -1e-6, 30.0, Limiter.VAN_ALBADA).sum() < 1e-3 * n.sum()


def test_growth_is_kept_on_the_grid() -> None:
    L = np.linspace(1e-6, 101e-6, 51)
    n = np.zeros(50)
    n[-5:] = 1e12
    after = grow(n, L, 1e-6, 200.0, Limiter.VAN_ALBADA)
    assert after.sum() == pytest.approx(n.sum(), rel=1e-6)  # the integrator's tolerance
    assert after[-1] == pytest.approx(after.sum(), rel=1e-3)
