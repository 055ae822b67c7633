"""Dispersion blender: the analytic residence times, their order of convergence, and contents that stay in bounds."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.linalg import expm

import unit_ops.powder.dispersion_blender as blender
from tests.unit_ops.piping.bench import Bench

M_SS, F_SS = 0.6, 0.01
TAU = M_SS / F_SS
THETA = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)

#: verification 3.1: variance, outlet step response F at THETA, and E(1), over t/tau.
DISPERSION = {
    1.0: (0.7357588823, (0.1212703953, 0.3358921828, 0.5041327997, 0.6300476707, 0.7940987197, 0.8854037005,
                         0.9645028348), 0.4335541485),
    10.0: (0.1800009080, (0.0003966508, 0.0681142060, 0.3118168214, 0.5803326769, 0.8820556743, 0.9715276706,
                          0.9985420232), 0.9401631958),
    20.0: (0.0950000000, (1.060953e-6, 0.0151487666, 0.2128509743, 0.5598891951, 0.9319100939, 0.9932152588,
                          0.9999571208), 1.2947818458),
    100.0: (0.0198, (0.0, 3.40701e-7, 0.0234832544, 0.5279256593, 0.9985483622, 0.9999998343, 1.0), 2.8352492317),
}  # fmt: skip


def build(cells: int, Pe: float, **params: float) -> Bench:
    dims = {"fluids": 1, "solids": 2, "cells": cells}
    return Bench(blender, dims, {"M_ss": M_SS, "F_ss": F_SS, "api": 1, "Pe": Pe, **params})


@cache
def matrix(cells: int, Pe: float) -> np.ndarray:
    """Rates of w_j = M_cell share of the API per mean residence time, at steady holdup: dw/dθ = A w + n e_0.

    With the holdup constant the blender is linear; columns are exact differences of its own rates.
    """
    bench = build(cells, Pe)
    full = np.full(cells, M_SS / cells)
    A = np.zeros((cells, cells))
    for colour in range(3):  # a cell reaches its neighbours only, so every third can hold the API at once
        marked = np.arange(colour, cells, 3)
        x = bench.unpack(bench.initial(w=[1.0, 0.0], M_cell=full))
        x.m_solids[0, marked] = 0.0
        x.m_solids[1, marked] = full[marked]
        rates = bench.dx(x).m_solids[1] / full[0] * TAU
        for j in marked:
            near = slice(max(j - 1, 0), j + 2)
            A[near, j] = rates[near]
    return A


def response(cells: int, Pe: float) -> tuple[float, np.ndarray, float]:
    """Variance, F(THETA) and E(1) of the discrete blender, without error of integration."""
    A, source = matrix(cells, Pe), np.zeros(cells)
    source[0] = cells
    full = np.ones(cells)
    steady = -np.linalg.solve(A, source)
    assert steady == pytest.approx(full, abs=1e-10)
    quarter = expm(A * 0.25)
    left = [full]
    for _ in range(12):
        left.append(quarter @ left[-1])
    F = np.array([1.0 - left[round(4.0 * theta)][-1] for theta in THETA])
    E = float(-(A @ left[4])[-1])
    washout = -np.linalg.solve(A, full)  # ∫ (1 − F) dθ along the blender, then ∫ θ (1 − F) dθ
    mean = washout[-1]
    assert mean == pytest.approx(1.0, abs=1e-9)  # holdup over flow, on every grid
    second = 2.0 * -np.linalg.solve(A, washout)[-1]
    return float(second - mean**2), F, E


@pytest.mark.parametrize("Pe", DISPERSION)
def test_residence_times_converge_with_second_order_to_the_analytic_ones(Pe: float) -> None:
    """Axial dispersion with closed ends, verification 3.1 (Danckwerts, Chem. Eng. Sci. 2 (1953) 1)."""
    grids = (40, 80, 160) if Pe < 50.0 else (100, 200, 400)
    found = [response(n, Pe) for n in grids]
    variance, F, E = DISPERSION[Pe]
    table = np.array([variance, *F, E])
    errors = np.array([np.abs(np.array([v, *f, e]) - table) for v, f, e in found])
    order = np.log2(np.sum(errors[:-1], axis=1) / np.sum(errors[1:], axis=1))
    assert order[-1] > 1.9
    assert np.log2(errors[-2, 0] / errors[-1, 0]) > 1.9  # the variance on its own
    # leading error: a cell of q = Pe/n disperses q²/12 too much; measured below Pe²/n² on all entries
    assert np.max(errors[-1]) < (Pe / grids[-1]) ** 2 + 2e-5
    coarse, fine = (np.array([v, *f, e]) for v, f, e in found[1:])
    extrapolated = (4.0 * fine - coarse) / 3.0
    # what remains after Richardson is of fourth order
    assert np.max(np.abs(extrapolated - table)) < 1e-7 + 0.5 * (Pe / grids[-1]) ** 4 + 1e-3 * errors[-1].max()


def test_the_integrated_blender_gives_its_own_exponential() -> None:
    cells, Pe = 20, 10.0
    bench = build(cells, Pe)
    bench.set_inlets(second={"m_flow": [0.0, F_SS]})
    y = bench.solve(bench.initial(w=[1.0, 0.0], M_cell=M_SS / cells), [0.0, *(TAU * t for t in THETA)], rtol=1e-11)
    found = [bench.measure("api_content", v) for v in y[1:]]
    assert found == pytest.approx(response(cells, Pe)[1], abs=1e-8)
    assert bench.measure("M", y[-1]) == pytest.approx(M_SS, rel=1e-10)


@pytest.mark.parametrize("Pe", [0.02, 5.0, 5e3])
def test_contents_stay_between_those_fed_and_held(Pe: float) -> None:
    """Every rate of a component that is absent is an inflow: no limiter is needed, at any Péclet number."""
    A = matrix(12, Pe)
    off_diagonal = A - np.diag(np.diag(A))
    assert off_diagonal.min() >= 0.0
    assert np.sum(A, axis=1) == pytest.approx([-12.0, *[0.0] * 11], abs=1e-9 * np.abs(A).max())


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_the_holdup_follows_the_power_law_from_empty(exponent: float) -> None:
    bench = build(10, 5.0, exponent=exponent)
    bench.set_inlets(first={"m_flow": [F_SS, F_SS], "m_flow_liquid": [1e-5]})
    empty = bench.initial(w=[1.0, 0.0])
    assert np.isfinite(bench.rhs(0.0, empty)).all()
    y = bench.solve(empty, [0.0, 40.0 * TAU], method="BDF", rtol=1e-8)
    flow = 2.0 * F_SS + 1e-5
    assert bench.measure("M", y[-1]) == pytest.approx(M_SS * (flow / F_SS) ** (1.0 / exponent), rel=1e-6)
    assert bench.measure("F", y[-1]) == pytest.approx(flow, rel=1e-6)
    assert bench.measure("api_content", y[-1]) == pytest.approx(F_SS / flow, rel=1e-6)


def test_without_feed_powder_leaves_and_none_returns() -> None:
    bench = build(10, 5.0)
    start = bench.initial(w=[0.7, 0.3], M_cell=M_SS / 10)
    y = bench.solve(start, [0.0, 1.5 * TAU, 60.0 * TAU], method="BDF", rtol=1e-8, atol=1e-14)
    assert 1e-3 * M_SS < bench.measure("M", y[1]) < 0.1 * M_SS
    assert bench.measure("M", y[2]) < 1e-9 * M_SS
    assert bench.measure("api_content", y[1]) == pytest.approx(0.3, rel=1e-6)


@pytest.mark.parametrize("q", [1e-9, 0.0999999, 0.1000001, 3.0, 800.0])
def test_the_bernoulli_function(q: float) -> None:
    assert blender.bernoulli(q) == pytest.approx(q / np.expm1(min(q, 700.0)), rel=1e-13, abs=1e-300)
