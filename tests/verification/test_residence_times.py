"""Residence times of every unit that mixes powder, against the analytic ones (verification 3.1).

Holdups do not move here, so that contents follow dw/dθ = A w + source exactly: A is taken from the units' own
rates and advanced exactly, and no error of integration stands between the model and the table.
"""

from __future__ import annotations

import numpy as np
import pytest

import unit_ops.powder.blender as blender
import unit_ops.powder.feed_frame as feed_frame
import unit_ops.powder.lubricant_blender as lubricant_blender
from tests.unit_ops.piping.bench import Bench
from tests.unit_ops.powder.test_blender import TANKS_IN_SERIES
from tests.unit_ops.powder.test_dispersion_blender import DISPERSION, THETA, response
from tests.verification.record import record

M, F, RHO = 0.6, 0.01, 400.0
TAU = M / F
SOURCE = "Levenspiel, ISBN 978-0-471-25424-9; closed form, 30 digits"
DANCKWERTS = "doi 10.1016/0009-2509(53)80001-1; Laplace inversion"


def bench_of(kind: str, n: int) -> Bench:
    dims = {"fluids": 1, "solids": 2, "tanks": n}
    if kind == "blender":
        return Bench(blender, dims, {"M_ss": M, "F_ss": F, "api": 1})
    if kind == "lubricant blender":
        return Bench(lubricant_blender, dims, {"M_ss": M, "F_ss": F, "api": 1, "shear_length": 0.05})
    params = {"V_frame": 1.0, "V_low": 1e-5, "V_heel": 1e-6, "shear_length": 0.02, "api": 1, "rho_bulk": RHO}
    feed = {"m_flow": [F, 0.0], "m_flow_liquid": 0.0}
    return Bench(feed_frame, dims, params, powder=feed, V_flow_dies=F / RHO)


def matrix(kind: str, n: int) -> np.ndarray:
    """Rates of the API in each cell by the API in each cell, per mean residence time."""
    bench = bench_of(kind, n)
    start = {"m": M} if kind == "feed frame" else {"M_tank": M / n}
    A = np.zeros((n, n))
    for j in range(n):
        x = bench.unpack(bench.initial(w=[1.0, 0.0], **start))
        x.m_solids[0, j], x.m_solids[1, j] = 0.0, M / n
        A[:, j] = bench.dx(x).m_solids[1] / (M / n) * TAU
    return A


def advanced(A: np.ndarray, w: np.ndarray, theta: float) -> np.ndarray:
    """Give e^(Aθ) w as a sum of positive terms (uniformization), exact to rounding.

    scipy 1.17's expm of a triangular matrix whose diagonal is equal but for the last bit is wrong in the second
    digit.
    """
    fastest = float(np.max(-np.diag(A)))
    P = np.eye(len(A)) + A / fastest
    term, found = np.exp(-fastest * theta) * w, np.zeros_like(w)
    for k in range(200):  # λθ is 20 at most
        found = found + term
        term = P @ term * (fastest * theta / (k + 1.0))
    return found


@pytest.mark.parametrize("row", TANKS_IN_SERIES, ids=lambda row: f"n={row[0]}")
@pytest.mark.parametrize("kind", ["blender", "lubricant blender", "feed frame"])
def test_cells_in_series(kind: str, row: tuple[float, ...]) -> None:
    """E and F at θ = 0.5, 1, 2 to the ten digits given; mean 1 and variance 1/n."""
    n = int(row[0])
    A, full = matrix(kind, n), np.ones(n)
    left = [advanced(A, full, theta) for theta in (0.5, 1.0, 2.0)]
    found = [*(float(-(A @ w)[-1]) for w in left), *(1.0 - float(w[-1]) for w in left)]
    assert found == pytest.approx(row[1:], abs=6e-11)
    washout = -np.linalg.solve(A, full)
    variance = float(-2.0 * np.linalg.solve(A, washout)[-1] - washout[-1] ** 2)
    assert washout[-1] == pytest.approx(1.0, rel=1e-12)
    assert variance == pytest.approx(1.0 / n, rel=1e-11)
    names = [f"{letter}({theta})" for letter in "EF" for theta in ("0.5", "1", "2")]
    for name, wanted, got in zip([*names, "variance"], [*row[1:], 1.0 / n], [*found, variance], strict=True):
        record(f"Tanks in series, {kind}", SOURCE, f"{name}, n = {n}", wanted, got)


@pytest.mark.parametrize("Pe", DISPERSION)
def test_axial_dispersion(Pe: float) -> None:
    """Closed ends; the numbers of two grids, extrapolated at the second order that is observed."""
    grids = (40, 80, 160) if Pe < 50.0 else (100, 200, 400)
    variance, F_table, E_table = DISPERSION[Pe]
    wanted = np.array([variance, *F_table, E_table])
    first, second, third = (np.array([v, *f, e]) for v, f, e in (response(n, Pe) for n in grids))
    order = float(np.log2(np.sum(np.abs(second - wanted)) / np.sum(np.abs(third - wanted))))
    assert order > 1.9
    assert np.log2(np.sum(np.abs(first - wanted)) / np.sum(np.abs(second - wanted))) > 1.7
    found = (4.0 * third - second) / 3.0
    # what extrapolation leaves is of fourth order: at Pe 100 on 400 cells, 2e-4 at the steepest place
    assert found == pytest.approx(wanted, abs=1e-7 + 0.5 * (Pe / grids[-1]) ** 4)
    names = ["variance", *(f"F({theta:g})" for theta in THETA), "E(1)"]
    for name, digits, got in zip(names, wanted, found, strict=True):
        record("Axial dispersion, closed ends", DANCKWERTS, f"{name}, Pe = {Pe:g}", digits, got, order)
