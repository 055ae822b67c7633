"""Breakage on size classes: what is kept, Austin's law against its cumulative curve, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unit_ops.crystallization.breakage as breakage
from twin import jit
from unit_ops.crystallization.breakage import Daughters

RHO_KV = 700.0


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(breakage)


def cubed(L: np.ndarray) -> np.ndarray:
    return 0.25 * (L[1:] + L[:-1]) * (L[1:] ** 2 + L[:-1] ** 2)


def gain(m: np.ndarray, L: np.ndarray, daughters: Daughters, q: float = 1.5, **austin: float) -> np.ndarray:
    law = {"phi": 0.5, "gamma": 0.8, "beta": 4.0, **austin}
    broken, out = np.full(m.size, np.nan), np.full(m.size, np.nan)
    args = (int(daughters), law["phi"], law["gamma"], law["beta"], broken, out)
    breakage.breakage_gain(m, L, RHO_KV, 2.0, 1e-4, q, *args)
    return out


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(Daughters)), st.booleans())
def test_mass_is_kept(seed: int, daughters: Daughters, even: bool) -> None:
    L = np.linspace(0.0, 1e-3, 41) if even else np.geomspace(1e-6, 1e-3, 41)
    got = gain(np.random.default_rng(seed).random(40), L, daughters)
    assert abs(got.sum()) < 1e-13 * np.abs(got).sum()  # some 40 terms of rounding


@pytest.mark.parametrize("even", [False, True])
def test_two_fragments_are_one_crystal_more(even: bool) -> None:
    L = np.linspace(0.0, 1e-3, 41) if even else np.geomspace(1e-6, 1e-3, 41)
    x = RHO_KV * cubed(L)
    number = np.random.default_rng(1).random(40)
    got = gain(number * x, L, Daughters.UNIFORM)
    rate = 2.0 * (np.cbrt(cubed(L)) / 1e-4) ** 1.5
    rate[0] = 0.0  # the smallest do not break
    assert (got / x).sum() == pytest.approx((rate * number).sum(), rel=1e-10)


def test_austin_fragments_lie_on_the_cumulative_curve() -> None:
    L = np.geomspace(1e-5, 1e-3, 31)
    m = np.zeros(30)
    m[25] = 3.0
    l_k = np.cbrt(cubed(L))[25]
    rate = 2.0 * (l_k / 1e-4) ** 1.5 * 3.0
    below = gain(m, L, Daughters.AUSTIN)[:25].cumsum()
    ratio = L[1:26] / l_k
    assert below == pytest.approx(rate * (0.5 * ratio**0.8 + 0.5 * ratio**4), rel=1e-12)


def test_uniform_fragments_are_austins_with_the_sixth_power() -> None:
    """v dv 2/x² integrates to (v/x)² = (l/l_k)^6; two discretisations of one law meet as classes narrow."""
    differences = []
    for bins in (50, 100):
        L = np.geomspace(1e-5, 1e-3, bins + 1)
        m = np.exp(-((np.log(np.cbrt(cubed(L)) / 3e-4) / 0.3) ** 2)) / bins
        one = gain(m, L, Daughters.UNIFORM)
        other = gain(m, L, Daughters.AUSTIN, phi=1.0, gamma=6.0)
        differences.append(np.abs(one - other).sum() / np.abs(one).sum())
    assert np.log2(differences[0] / differences[1]) > 1.8
    assert differences[1] < 3e-3


@pytest.mark.parametrize("daughters", list(Daughters))
def test_the_smallest_crystals_stay(daughters: Daughters) -> None:
    L = np.geomspace(1e-6, 1e-3, 21)
    m = np.zeros(20)
    m[0] = 1.0
    # in Austin's law what lies below the first edge returns to the class by the same sum
    assert gain(m, L, daughters)[0] == 0.0
    m[:] = 1.0
    assert np.all(gain(m, L, daughters)[:2] > 0.0)
