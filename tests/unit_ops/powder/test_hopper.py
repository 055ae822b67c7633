"""Hopper: Beverloo's limit, a plug that mixes at the outlet, and a bin that empties without going below zero."""

from __future__ import annotations

import numpy as np
import pytest

import unit_ops.powder.hopper as hopper
from tests.unit_ops.piping.bench import Bench

PARAMS = {"opening": 0.05, "particle": 5e-4, "rho_bulk": [500.0, 400.0], "m_max": 20.0, "m_low": 2.0, "api": 1}


def build(cells: int = 10, discharge: float = 0.01, feed: tuple[float, float] = (0.0, 0.0), **params: float) -> Bench:
    dims = {"fluids": 1, "solids": 2, "cells": cells}
    return Bench(hopper, dims, {**PARAMS, **params}, material={"m_flow": list(feed)}, setpoint=discharge)


def test_beverloo() -> None:
    """Verification 3.11: C 0.58, k 1.4, 500 kg/m3, opening 50 mm, particles 0.5 mm."""
    assert hopper.beverloo(0.58, 500.0, 0.05, 1.4, 5e-4) == pytest.approx(0.490173467576, abs=1e-12)
    assert hopper.beverloo(0.58, 500.0, 0.05, 1.4, 0.05) == 0.0  # a particle as wide as the opening


def test_the_opening_limits_the_discharge() -> None:
    for asked, got in ((0.3, 0.3), (5.0, 0.490173467576), (0.0, 0.0), (-1.0, 0.0)):
        bench = build(discharge=asked)
        x = bench.unpack(bench.initial(m=10.0, w=[1.0, 0.0]))
        assert bench.outlet("product", x).m_flow.sum() == pytest.approx(got, rel=1e-11, abs=1e-15)


def test_the_limit_takes_the_bulk_density_above_the_opening() -> None:
    """A blend of equal masses has the harmonic mean density."""
    bench = build()
    y = bench.initial(m=10.0, w=[0.5, 0.5])
    wanted = hopper.beverloo(0.58, 1.0 / (0.5 / 500.0 + 0.5 / 400.0), 0.05, 1.4, 5e-4)
    assert bench.measure("F_limit", y) == pytest.approx(wanted, rel=1e-12)


def test_what_lies_above_the_opening_decides() -> None:
    """Layers: the top is of one solid, the bottom a wet blend; limit, content and discharge are those of the bottom."""
    bench = build(cells=4, discharge=10.0)
    x = bench.unpack(bench.initial(m=10.0, w=[1.0, 0.0]))
    x.m_solids[:, -1] = 0.6, 0.9
    x.m_liquid[0, -1] = 0.3  # adds mass, not volume
    y = bench.pack(x)
    wanted = hopper.beverloo(0.58, 1.8 / (0.6 / 500.0 + 0.9 / 400.0), 0.05, 1.4, 5e-4)
    assert bench.measure("F_limit", y) == pytest.approx(wanted, rel=1e-12)
    assert bench.measure("api_content", y) == pytest.approx(0.5, rel=1e-12)
    out = bench.outlet("product", x)
    assert [*out.m_flow, *out.m_flow_liquid] == pytest.approx([wanted / 3.0, wanted / 2.0, wanted / 6.0], rel=1e-12)


@pytest.mark.parametrize(("cells", "mixed"), [(3, 0.5), (11, 0.2), (21, 0.1)])
def test_residence_times_are_those_of_a_plug_and_a_mixed_share(cells: int, mixed: float) -> None:
    """At steady level: mean M/F, variance (1 − mixed)²/(cells − 1) + mixed², from the washout of a marked filling.

    Integrals of the washout solve A y = −w exactly, with A the rates at constant holdup.
    """
    F, M = 0.01, 10.0
    bench = build(cells, F, (F, 0.0), mixed=mixed)
    start = bench.unpack(bench.initial(m=M, w=[1.0, 0.0]))
    A = np.zeros((cells, cells))
    held = start.m_solids[0].copy()
    for j in range(cells):
        x = start._replace(m_solids=start.m_solids.copy())
        x.m_solids[0, j], x.m_solids[1, j] = 0.0, held[j]
        A[:, j] = bench.dx(x).m_solids[1] / held[j] * M / F  # per residence time
    A = A * held[None, :] / held[:, None]  # from masses to contents
    left = -np.linalg.solve(A, np.ones(cells))
    assert left[-1] == pytest.approx(1.0, rel=1e-9)
    variance = 2.0 * -np.linalg.solve(A, left)[-1] - 1.0
    assert variance == pytest.approx((1.0 - mixed) ** 2 / (cells - 1) + mixed**2, rel=1e-8)


def test_each_cell_fades_below_its_own_share_of_the_heel() -> None:
    """Three cells of 30, 30 and 40 % of a heel of 10 g: half of a cell's share hands on three quarters."""
    bench = build(3, 0.01, mixed=0.4, heel=0.01)
    x = bench.unpack(bench.initial(m=0.01, w=[1.0, 0.0]))
    held = np.array([3e-3, 3e-3, 4e-3])
    part, below = np.array([0.3, 0.6, 1.0]), np.array([0.0, 0.3, 0.6])
    assert x.m_solids[0] == pytest.approx(held, rel=1e-12)
    assert bench.dx(x).m_solids[0] == pytest.approx(0.01 * (below - part), rel=1e-9)
    half = x._replace(m_solids=0.5 * x.m_solids)
    assert bench.dx(half).m_solids[0] == pytest.approx(0.75 * 0.01 * (below - part), rel=1e-9)


def test_shares_are_kept_while_the_bin_fills_and_empties() -> None:
    bench = build(6, 0.02, (0.05, 0.01))
    y = bench.solve(bench.initial(m=4.0, w=[0.9, 0.1]), [0.0, 150.0])
    x = bench.unpack(y[-1])
    assert bench.measure("m", y[-1]) == pytest.approx(4.0 + 150.0 * 0.04, rel=1e-9)
    assert x.m_solids.sum(axis=0) == pytest.approx([1.6] * 5 + [2.0], rel=1e-7)
    bench.set_inlets(setpoint=0.02)
    z = bench.solve(y[-1], [0.0, 300.0])[-1]
    assert bench.unpack(z).m_solids.sum(axis=0) == pytest.approx([0.64] * 5 + [0.8], rel=1e-7)


def test_an_upset_arrives_late_and_blurred() -> None:
    """A plug delays: with 40 cells and little mixing nothing has come after 0.6 of the delay, nearly all after 1.5."""
    F, M = 0.01, 5.0
    bench = build(41, F, (0.0, F), mixed=0.05)
    y = bench.solve(bench.initial(m=M, w=[1.0, 0.0]), [0.0, 0.6 * M / F, 1.5 * M / F])
    early, late = (bench.measure("api_content", v) for v in y[1:])
    assert 0.0 <= early < 0.01
    assert 0.99 < late <= 1.0 + 1e-9


def test_it_runs_empty_and_no_further() -> None:
    bench = build(8, 0.05)
    y = bench.solve(bench.initial(m=1.0, w=[0.7, 0.3]), [0.0, 19.0, 1000.0], method="BDF", rtol=1e-9, atol=1e-12)
    assert bench.measure("m", y[1]) == pytest.approx(0.05, rel=1e-6)
    assert bench.measure("api_content", y[1]) == pytest.approx(0.3, rel=1e-9)
    assert 0.0 <= bench.measure("m", y[2]) < 1e-6
    assert y[2].min() > -1e-12
    nothing = bench.initial(m=0.0, w=[0.7, 0.3])
    assert bench.rhs(0.0, nothing) == pytest.approx(0.0, abs=0.0)
