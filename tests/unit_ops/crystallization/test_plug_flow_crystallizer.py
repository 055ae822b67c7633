"""Tubular crystallizer: the moments of tanks in series, conservation, jacket, plug flow in the limit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.crystallization.plug_flow_crystallizer as tube
from tests.unit_ops.piping.bench import Bench
from tests.verification.record import record
from twin import jit
from unit_ops.crystallization.laws import Solubility
from unit_ops.streams import T_REF


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(tube)


def constant(cells: int, bins: int, tau: float = 100.0, **more: Any) -> tuple[Bench, np.ndarray]:
    """Supersaturation 1 all along: crystals of next to no mass, G = 1e-6 m/s, 1e4 nuclei per m³ and second."""
    L = 4.8e-3 * np.expm1(np.linspace(0.0, 4.0, bins + 1)) / np.expm1(4.0)
    params: dict[str, Any] = {
        "tau": 1.0, "V_weir": 1e-3, "length": 10.0, "D_ax": 0.0, "UA": 0.0, "dH_cryst": 0.0, "kv": 1e-3, "solute": 1,
        "solvent": 0, "crystal": 0, "solubility": Solubility.POLYNOMIAL, "sol_a": 0.1, "kg": 1e-6, "g": 1.0,
        "k1": 1e4, "b1": 1.0, "rho_solvent": 1000.0, "cp": 4000.0, "rho": 1000.0, "molar_mass": 0.1,
        "cp_solid": 4000.0, "rho_solid": 1000.0, "L_edges": L, "M_typical": 1e-5,
        "S_width": 1e-6, **more,
    }  # fmt: skip
    b = Bench(tube, {"fluids": 2, "solids": 1, "bins": bins, "cells": cells}, params)
    V = 1e-3 / (1.0 - 1.0 / tau)  # a cell holds so much that (V − V_weir)/1 s = V/τ
    flow = np.array([1000.0 / 1.2, 200.0 / 1.2]) * V / tau
    b.set_inlets(feed={"T": 300.0, "m_flow": flow}, T_jacket=300.0, T_jacket_out=300.0)
    m = np.tile(flow * tau, (cells, 1))
    H = 4000.0 * m.sum(axis=1) * (300.0 - T_REF)
    return b, np.concatenate([H, m.ravel(), np.zeros(cells * bins)])


def moments(b: Bench, y: np.ndarray) -> np.ndarray:
    """mu_0 … mu_2 of every cell, per m³."""
    x, L = b.unpack(y), b.p.L_edges
    numbers = x.crystals / (0.25 * (L[1:] + L[:-1]) * (L[1:] ** 2 + L[:-1] ** 2))  # ρ kv = 1
    V = (x.m.sum(axis=1) + x.crystals.sum(axis=1)) / 1000.0
    middle = 0.5 * (L[1:] + L[:-1])
    return np.array([(numbers * middle**k).sum(axis=1) / V for k in range(3)])


def steady(b: Bench, y: np.ndarray) -> np.ndarray:
    """Sought from exponential distributions, all of one size."""
    x, L = b.unpack(y), b.p.L_edges
    cubes = 0.25 * (L[1:] + L[:-1]) * (L[1:] ** 2 + L[:-1] ** 2)
    x.crystals[:] = 1e-3 * 1e10 * cubes * np.diff(L) * np.exp(-0.5 * (L[1:] + L[:-1]) / 2e-4)
    start = b.pack(x)
    return b.steady(start, np.maximum(np.abs(start), 1e-6 * x.crystals.max()))


def test_moments_of_tanks_in_series() -> None:
    """mu_0 = j B τ, mu_1 = G B τ² j (j+1)/2, mu_2 = 2 G² B τ³ j (j+1)(j+2)/6 in tank j, by induction."""
    errors = []
    for bins in (40, 80):
        b, y = constant(3, bins)
        found = moments(b, steady(b, y))
        j = np.arange(1, 4)
        size = 1e-6 * 100.0
        exact = 1e6 * np.array([j, size * j * (j + 1) / 2.0, 2.0 * size**2 * j * (j + 1) * (j + 2) / 6.0])
        assert found[0] == pytest.approx(exact[0], rel=1e-4)
        errors.append(np.abs(found[2] / exact[2] - 1.0).max())
        assert found[1] == pytest.approx(exact[1], rel=0.02)
    order = math.log2(errors[0] / errors[1])
    case, source = "Plug-flow crystallizer, 3 cells, constant supersaturation", "tanks in series, closed form"
    record(case, source, "mu_0 at the outlet [1/m3]", exact[0, -1], found[0, -1])
    record(case, source, "mu_2 at the outlet, 80 classes [1/m]", exact[2, -1], found[2, -1], order)
    assert order > 1.8


def test_dispersion_mixes_cells_without_losing_anything() -> None:
    b, y = constant(3, 40)
    mixed, _ = constant(3, 40, D_ax=1.0)
    found = [moments(each, steady(each, y)) for each in (b, mixed)]
    assert found[1][0, 0] > 1.5 * found[0][0, 0]  # nuclei come back to the first cell
    # as many crystals leave as are born in all cells, whatever is mixed among them
    assert found[1][0, -1] == pytest.approx(found[0][0, -1], rel=1e-4)


def test_jacket_is_linear_along_the_tube() -> None:
    """No flow: each cell takes its jacket's temperature."""
    b, y = constant(4, 10, UA=1e3, kg=0.0, k1=0.0)
    b.set_inlets(T_jacket=320.0, T_jacket_out=280.0)
    x = b.unpack(b.solve(y, [0.0, 3600.0], method="BDF", rtol=1e-8)[-1])
    T = T_REF + x.H / (4000.0 * x.m.sum(axis=1))
    assert T == pytest.approx([315.0, 305.0, 295.0, 285.0], abs=1e-4)
    assert b.measure("T_out", b.pack(x)) == pytest.approx(285.0, abs=1e-4)


def test_balances_close_to_rounding() -> None:
    b, y = constant(3, 10, UA=10.0, D_ax=0.1, dH_cryst=-1e5)
    rng = np.random.default_rng(1)
    x = b.unpack(y * rng.uniform(0.9, 1.1, y.size) + 1e-4 * rng.random(y.size))
    b.set_inlets(
        feed={"T": 310.0, "m_flow": [1e-3, 2e-4]}, antisolvent_feed={"T": 290.0, "m_flow": [0.0, 1e-4]},
        slurry={"T": 300.0, "m_flow": [1e-4, 0.0], "m_flow_crystals": np.full(10, 1e-6), "m_flow_solid": 1e-5},
        T_jacket=300.0, T_jacket_out=280.0,
    )  # fmt: skip
    H, fluids, solids = b.imbalance(x, b.p.cp, cp_crystal=4000.0)
    assert abs(H) < 1e-12
    assert np.all(np.abs(fluids) < 1e-13)
    assert np.all(np.abs(solids) < 1e-12)
