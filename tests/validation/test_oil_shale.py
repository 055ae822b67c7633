"""Pyrolysis of oil shale: Hubbard & Robinson (1950), as tabulated by Ziegel & Gorman, Technometrics 22 (1980) 139.

Kerogen A gives bitumen B and oil C, bitumen gives oil and residue D, all of first order: A -> B, A -> C, B -> C,
B -> D. Nothing happens for a dead time while the sample heats up. Rate constants are fitted at each of five
temperatures; the published Arrhenius constants predict all of them. docs/validation/oil_shale.md has the residuals.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize_scalar

import unit_ops.reaction.stirred_vessel as stirred_vessel
from tests.unit_ops.reaction.stirred import Vessel
from twin import jit
from twin.study.analysis.estimate import Fit, Fitting, Parameter, fit
from unit_ops.reaction.rates import R_GAS

DATA = Path(__file__).parent / "data" / "oil_shale"
PATHS = ("A -> B", "A -> C", "B -> C", "B -> D")
#: Published for all temperatures: ln of the frequency factor [1/min], and E/R [K].
LN_A = (23.0970, 18.9602, 22.0419, 19.8855)
E_OVER_R = (18160.9, 16116.9, 17492.4, 16041.1)
#: Fitted here: dead time [min], ln k [1/min]; at 673 K the dead time is that of the published fit.
FITTED = {
    673: (5.0, (-4.16541, -4.72414, -4.59732, -4.00156)),
    698: (4.52782, (-2.76850, -3.95714, -3.08092, -3.16840)),
    723: (4.69550, (-1.79355, -3.38015, -1.96153, -2.19121)),
    773: (2.90427, (-0.46012, -1.73731, -0.79069, -0.83853)),
    798: (2.21998, (-0.08539, -16.0, -0.01772, -0.57478)),
}

#: The temperature at which rate constants are estimated, in the middle: those of 0 K would all be correlated with E.
T_REF = 730.0


def data(T: int) -> tuple[np.ndarray, np.ndarray]:
    """Minutes; fractions of bitumen and oil."""
    table = np.loadtxt(DATA / f"bitumen_oil_{T}K.csv", delimiter=",", skiprows=1)
    return table[:, 0], 0.01 * table[:, 1:].T


def closed_form(ln_k: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Bitumen and oil after t >= 0."""
    k = np.exp(ln_k)
    a, b = k[0] + k[1], k[2] + k[3]
    left = np.exp(-a * t)
    bitumen = k[0] / (b - a) * (left - np.exp(-b * t))
    oil = k[1] / a * (1.0 - left) + k[2] * k[0] / (b - a) * ((1.0 - left) / a - (1.0 - np.exp(-b * t)) / b)
    return np.array([bitumen, oil])


def residuals(T: int, ln_k: np.ndarray, dead: float) -> np.ndarray:
    t, measured = data(T)
    return np.ravel(closed_form(ln_k, np.maximum(t - dead, 0.0)) - measured)


def ln_k_global(T: float) -> np.ndarray:
    return np.array(LN_A) - np.array(E_OVER_R) / T


def vessel(reactions: list[dict[str, str]], T: float, minutes: np.ndarray) -> np.ndarray:
    """Bitumen and oil from a closed vessel that starts with kerogen alone."""
    names = ("A", "B", "C", "D")
    made = Vessel(dict.fromkeys(names, 0.1), reactions)
    start = made.filled(1e-3, T, {"A": 1.0})
    times = np.concatenate([[0.0], 60.0 * minutes])
    rows = made.solve(start, times, rtol=1e-9, atol=1e-13)[1:]
    return np.array([[made.c(row, name) for row in rows] for name in ("B", "C")])


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(stirred_vessel)


def test_the_vessel_takes_the_published_units() -> None:
    """1/min and J/mol, as published; the same as the closed form, at every temperature."""
    for T in FITTED:
        reactions = [
            {"equation": path, "k0": f"{math.exp(ln_A):.12g} 1/min", "E": f"{E * R_GAS:.12g} J/mol", "dH": "0 J/mol"}
            for path, ln_A, E in zip(PATHS, LN_A, E_OVER_R, strict=True)
        ]
        t = np.unique(np.maximum(data(T)[0] - FITTED[T][0], 0.0))
        t = t[t > 0.0]
        assert vessel(reactions, T, t) == pytest.approx(closed_form(ln_k_global(T), t), abs=2e-7)


def test_fit_at_673_K_is_the_published_one() -> None:
    """An independent fit gave ln k = -4.165410, -4.724128, -4.597336, -4.001564 with a sum of squares 0.00990033."""
    found = least_squares(lambda ln_k: residuals(673, ln_k, 5.0), ln_k_global(673), xtol=1e-12)
    assert found.x == pytest.approx([-4.165410, -4.724128, -4.597336, -4.001564], abs=3e-5)  # flat at the bottom
    assert 2.0 * found.cost == pytest.approx(0.00990033, abs=6e-9)


@pytest.mark.parametrize(
    ("T", "squares"), [(673, 0.009900), (698, 0.032779), (723, 0.050926), (773, 0.021318), (798, 0.027274)]
)
def test_fit_at_each_temperature(T: int, squares: float) -> None:
    """The constants above are a least-squares fit, and a vessel with them leaves these residuals."""
    dead, ln_k = FITTED[T]
    free = 3 if T == 798 else 4  # there the direct way to oil is not seen: its constant tends to zero
    order = [0, 2, 3, 1]

    def misfit(v: np.ndarray) -> np.ndarray:
        moved = np.array(ln_k)
        moved[order[:free]] = v[:free]
        return residuals(T, moved, v[free] if T != 673 else dead)

    start = [*np.array(ln_k)[order[:free]], *([dead] if T != 673 else [])]
    found = least_squares(misfit, start, xtol=1e-10)
    assert 2.0 * found.cost == pytest.approx(squares, abs=2e-6)
    assert found.x == pytest.approx(start, abs=2e-3)
    reactions = [
        {"equation": path, "k0": f"{math.exp(v):.12g} 1/min", "E": "0 J/mol", "dH": "0 J/mol"}
        for path, v in zip(PATHS, ln_k, strict=True)
    ]
    t, measured = data(T)
    late = t > dead
    assert np.all(measured[:, ~late] < 0.066)  # before the dead time next to nothing is there
    times, place = np.unique(t[late], return_inverse=True)
    off = vessel(reactions, T, times - dead)[:, place] - measured[:, late]
    assert float(np.sum(off**2) + np.sum(measured[:, ~late] ** 2)) == pytest.approx(squares, abs=2e-6)


@pytest.mark.parametrize(
    ("T", "dead", "squares"),
    [(673, 6.227, 0.02377), (698, 3.933, 0.03968), (723, 4.238, 0.06076), (773, 3.039, 0.02734), (798, 2.742, 0.05466)],
)
def test_prediction_with_the_global_constants(T: int, dead: float, squares: float) -> None:
    """One dead time per temperature is all that is adjusted."""
    found = minimize_scalar(
        lambda d: float(np.sum(residuals(T, ln_k_global(T), d) ** 2)),
        bounds=(1.0, 8.0),
        method="bounded",
        options={"xatol": 1e-8},
    )
    assert found.x == pytest.approx(dead, abs=2e-3)
    assert found.fun == pytest.approx(squares, abs=2e-5)


def fitted_at_all(dead: tuple[float, ...] = (4.9, 4.9, 4.9, 2.5, 2.0), starts: int = 1) -> Fit:
    """Rate constants at T_REF [1/min], E/R [K] and a dead time of each temperature, from all data at once.

    It starts from the constants of 723 K alone and E/R = 17000 K for all. A dead time has a kink of the sum of squares
    at each time of a sample, and so there are minima beside each other: of 0.1950, 0.1918 and 0.1916.
    """

    def model(theta: np.ndarray) -> np.ndarray:
        rows = []
        for row in theta:
            ln_k = [np.log(row[:4]) - row[4:8] * (1.0 / T - 1.0 / T_REF) for T in FITTED]
            parts = [residuals(T, k, dead) for T, k, dead in zip(FITTED, ln_k, row[8:], strict=True)]
            rows.append(np.concatenate(parts) + measured)
        return np.array(rows)

    measured = np.concatenate([np.ravel(data(T)[1]) for T in FITTED])
    parameters = [
        *(Parameter(f"k {p}", 0.01, 2.0, math.exp(ln_k), log=True) for p, ln_k in zip(PATHS, FITTED[723][1])),
        *(Parameter(f"E {path}", 1e4, 2.4e4, 1.7e4) for path in PATHS),
        *(Parameter(f"dead {T}", 0.0, 10.0, start) for T, start in zip(FITTED, dead, strict=True)),
    ]
    return fit(Fitting(tuple(parameters), model, measured, np.ones(len(measured))), starts)


def test_arrhenius_constants_of_all_temperatures() -> None:
    """The published constants lie within each 95 % interval, and all together within the joint region.

    E/R [K] found: 18010, 16549, 16785, 16320 (published 18161, 16117, 17492, 16041): within 0.8 to 4 %, where the
    data leave standard errors of 5 to 13 %. Sum of squares 0.1916; with the published constants 0.2062.
    """
    found = fitted_at_all()
    assert found.squares == pytest.approx(0.191639, abs=2e-6)
    assert found.theta[4:8] == pytest.approx([18010.2, 16549.1, 16785.4, 16320.2], rel=2e-4)
    assert found.theta[8:] == pytest.approx([6.640, 4.118, 4.277, 2.917, 2.717], abs=2e-3)
    published = np.r_[np.exp(ln_k_global(T_REF)), E_OVER_R]
    assert np.all((found.interval[:8, 0] < published) & (published < found.interval[:8, 1]))
    dead = (6.227, 3.933, 4.238, 3.039, 2.742)  # what is best with them, as below
    assert found.in_region(np.r_[published, dead])
    assert not found.in_region(np.r_[published * np.r_[np.ones(4), np.full(4, 1.1)], dead])


@pytest.mark.slow
def test_several_starts_leave_the_minima_beside() -> None:
    """From dead times of 4 and 2.5 min one search ends in the minimum of 0.1950, several in the least."""
    dead = (4.0, 4.0, 4.0, 2.5, 2.5)
    assert fitted_at_all(dead).squares == pytest.approx(0.195018, abs=2e-6)
    assert fitted_at_all(dead, 8).squares == pytest.approx(0.191639, abs=2e-6)
