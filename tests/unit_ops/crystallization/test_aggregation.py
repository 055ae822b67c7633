"""Aggregation on size classes: what is kept, single meetings by hand, the laws, the end of the grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unit_ops.crystallization.aggregation as aggregation
from twin import jit
from unit_ops.crystallization.aggregation import Aggregation, aggregation_factor

RHO_KV = 700.0


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(aggregation)


def per_crystal(L: np.ndarray) -> np.ndarray:
    return RHO_KV * 0.25 * (L[1:] + L[:-1]) * (L[1:] ** 2 + L[:-1] ** 2)


def gain(m: np.ndarray, L: np.ndarray, law: Aggregation = Aggregation.CONSTANT, beta: float = 1.0) -> np.ndarray:
    scratch = [np.full(m.size, np.nan) for _ in range(4)]
    out = np.full(m.size, np.nan)
    aggregation.aggregation_gain(m, L, RHO_KV, int(law), beta, 1e-4, *scratch, out)
    return out


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(Aggregation)), st.booleans())
def test_mass_is_kept_and_every_meeting_takes_one_crystal(seed: int, law: Aggregation, even: bool) -> None:
    rng = np.random.default_rng(seed)
    L = np.linspace(0.0, 1e-3, 41) if even else np.geomspace(1e-6, 1e-3, 41)
    x = per_crystal(L)
    number = rng.random(40) * 1e6
    number[L[1:] ** 3 > 0.25 * L[-1] ** 3] = 0.0  # aggregates fall below the last class: numbers are exact
    got = gain(number * x, L, law)
    turnover = np.abs(got).sum()
    assert abs(got.sum()) < 1e-13 * turnover  # some 800 terms, each rounded to 1e-16
    size = (x / RHO_KV) ** (1.0 / 3.0) / 1e-4
    meetings = 0.0
    for j in range(40):
        for k in range(40):
            meetings += 0.5 * aggregation_factor(law, size[j], size[k]) * number[j] * number[k]
    assert (got / x).sum() == pytest.approx(-meetings, rel=1e-9)


def test_one_meeting_by_hand() -> None:
    """Crystals of 4 kg/RHO_KV on classes 1, 2, 4 … by mass: one of 8, spread over the width of its parents."""
    L = np.cbrt(2.0 ** np.arange(9))
    x = per_crystal(L)
    m = np.zeros(8)
    m[3] = 10.0 * x[3]
    got = gain(m, L)
    assert got[3] < -0.5 * 100.0 * x[3]  # half of all pairs, both crystals gone, and few given back
    assert np.flatnonzero(np.abs(got) > 1e-12 * m[3]).tolist() in ([3, 4], [3, 4, 5])
    assert (got / x).sum() == pytest.approx(-50.0, rel=1e-12)


def test_what_outgrows_the_grid_stays_in_its_last_class() -> None:
    L = np.geomspace(1e-6, 1e-3, 21)
    m = np.zeros(20)
    m[-1] = 1.0
    got = gain(m, L)
    meetings = 0.5 / per_crystal(L)[-1] ** 2
    # but for the rounded split, which gives the class below 1 % squared over four of what is born
    assert np.abs(got).max() < 1e-4 * meetings * per_crystal(L)[-1]
    m[10] = 1.0
    got = gain(m, L)
    assert got[10] < 0.0 < got[-2:].sum()
    assert got.sum() == pytest.approx(0.0, abs=1e-13 * np.abs(got).max())


def test_rates_are_smooth_where_the_mean_birth_passes_a_class() -> None:
    """Two crystal kinds change places as partners: no kink in the gains, that Newton's method would feel."""
    L = np.geomspace(1e-5, 1e-4, 21)
    x = per_crystal(L)
    parts = np.linspace(0.0, 1.0, 401)
    rows = []
    for part in parts:
        number = np.zeros(20)
        number[10], number[11], number[12] = 1e3, 1e3 * part, 1e3 * (1.0 - part)
        rows.append(gain(number * x, L) / x[10] / 1e6)
    second = np.diff(np.array(rows), 2, axis=0) / (parts[1] - parts[0]) ** 2
    # a kink would be a jump of slopes of order 1 over a spacing of 1/400; the split is rounded over 1 %
    assert np.abs(second).max() < 60.0


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (Aggregation.CONSTANT, 1.0),
        (Aggregation.SUM, 4.5),
        (Aggregation.PRODUCT, 8.0),
        (Aggregation.BROWNIAN, 1.125),
        (Aggregation.SHEAR, 3.375),
    ],
)
def test_laws(law: Aggregation, expected: float) -> None:
    assert aggregation_factor(law, 1.0, 1.0) == 1.0
    assert aggregation_factor(law, 2.0, 1.0) == pytest.approx(expected)
    assert aggregation_factor(law, 1.0, 2.0) == aggregation_factor(law, 2.0, 1.0)
