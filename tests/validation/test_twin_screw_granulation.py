"""Twin-screw granulation of lactose, MCC and PVP: Plath et al., Pharmaceutics 13 (2021) 645.

Size distributions (doi:10.4121/14248433, BSD-3, beside) and mean residence times at four corners of specific feed
load and liquid-to-solid ratio, and at their centre with a longer screw. The kinetics were fitted to the four corners
(squares of the cumulative fractions at 40 sizes, and of half the ln of d_32, alike) and predict the centre; each
setting in turn was also left out. Misfits are asserted as they are: docs/validation/twin_screw_granulation.md.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import unit_ops.granulation.twin_screw as twin_screw
import unit_ops.granulation.twin_screw_map as twin_screw_map
from tests.unit_ops.piping.bench import Bench
from twin import jit
from unit_ops.crystallization.aggregation import Aggregation
from unit_ops.granulation.sizes import lognormal_below

DATA = Path(__file__).parent / "data" / "twin_screw_granulation"
EDGES = 20e-6 * 2.0 ** (np.arange(28) / 3.0)
GRID = np.geomspace(25e-6, 5.4e-3, 40)
RHO = 1540.0  # true density of the blend, Plath et al.


class Setting(NamedTuple):
    """One experiment: file, specific feed load, liquid over solid (mass), mean residence time [s]."""

    file: str
    load: float
    ratio: float
    tau: float


SETTINGS = {
    "N13": Setting("MCCLactosePVP_LowSFL_LowLS_N13.csv", 0.04, 0.10, 13.3),
    "N14": Setting("MCCLactosePVP_LowSFL_HighLS_N14.csv", 0.04, 0.35, 24.6),
    "N15": Setting("MCCLactosePVP_HighSFL_LowLS_N15.csv", 0.12, 0.10, 23.2),
    "N16": Setting("MCCLactosePVP_HighSFL_HighLS_N16.csv", 0.12, 0.35, 34.5),
    # the authors' plane through the corners, 123.46 SFL + 45.16 L/S + 3.89 s (software beside Plath, Luding & Weinhart,
    # "Population balance modelling and reconstruction by quadrature method of moments for wet granulation", 2024), is
    # that of the short screw; the long one they simulate twice as long
    "N22": Setting("MCCLactosePVP_CenterPointLongScrew_N22_Validation.csv", 0.08, 0.225, 23.9),
}
CORNERS = ("N13", "N14", "N15", "N16")
SETTINGS["N22, twice the time"] = SETTINGS["N22"]._replace(tau=47.8)
#: The centre on the short screw: sizes below which 10, 50 and 90 % lie [µm]; no more of this run is at hand.
N28 = (573.0, 1175.0, 2340.0)

#: Chosen, not fitted: spread of the nuclei, void ratios; the law of sizes by the smallest misfit of the corners.
CHOSEN: dict[str, Any] = {
    "volume": 1e-3, "sigma_nuclei": 0.5, "L_feed": 78.2e-6, "sigma_feed": 0.528, "void_ratio": 0.8,
    "void_ratio_min": 0.1, "q": 0.0, "aggregation": Aggregation.CONSTANT, "L_edges": EDGES, "rho_solid": RHO,
    "rho_liquid": 1000.0, "cp": 4181.0,
}  # fmt: skip
NAMES = (
    "wetting_rate", "L_nuclei", "consolidation_rate", "beta_ref", "S_ref", "sticking", "strengthening",
)  # fmt: skip
#: Fitted to all settings but the one named.
FITTED = {
    "N22": (2.939, 1.3524e-3, 0.018376, 1.3710e-9, 0.011169, 29.645, 11.876),
    "N13": (1.8308, 1.3474e-3, 0.015383, 3.4350e-9, 0.098306, 35.250, 4.6364),
    "N14": (2.5389, 1.2444e-3, 0.0076238, 1.98998e-8, 0.051102, 43.794, 6.2078),
    "N15": (2.6865, 1.2035e-3, 0.011521, 7.7879e-9, 0.034575, 45.767, 7.4637),
    "N16": (2.6782, 1.3145e-3, 0.012067, 4.9907e-9, 0.092169, 34.638, 4.5919),
}


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(twin_screw)


def measured(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Sizes [m] and cumulative volume fractions."""
    table = np.loadtxt(DATA / SETTINGS[name].file, delimiter=",", encoding="utf-8-sig")
    return 1e-6 * table[:, 0], 0.01 * table[:, 1]


def sauter(size: np.ndarray, below: np.ndarray) -> float:
    """Volume over Σ volume/size, volumes spread evenly between the sizes."""
    part = np.diff(below)
    return float(part.sum() / np.sum(part * np.log(size[1:] / size[:-1]) / np.diff(size)))


@cache
def granulated(name: str, fitted: tuple[float, ...], near: tuple[float, ...] | None = None) -> tuple[Bench, np.ndarray]:
    """The granulator at a setting, in steady state: reached from empty, or from that of numbers `near`."""
    setting = SETTINGS[name]
    dims = {"fluids": 1, "solids": 1, "bins": len(EDGES) - 1, "compartments": 5}
    params = {**CHOSEN, **dict(zip(NAMES, fitted, strict=True)), "tau": setting.tau}
    bench = Bench(
        twin_screw, dims, params, powder={"m_flow": [1e-3]}, liquid={"T": 298.15, "m_flow": [1e-3 * setting.ratio]}
    )
    start = bench.initial(w=[1.0]) if near is None else granulated(name, near)[1]
    return bench, bench.solve(start, [0.0, 12.0 * setting.tau], method="BDF", rtol=1e-6, atol=1e-12)[-1]


def below(bench: Bench, y: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Cumulative volume fractions of what leaves: wet granules with their pores, and dry particles."""
    x = bench.unpack(y)
    wet, dry = x.V_wet[-1], x.dry[-1]
    wide = bench.measure("d_50", y) / twin_screw.percentile(wet, EDGES, 0.5)
    granules = np.interp(size, wide * EDGES, np.concatenate([[0.0], np.cumsum(wet)]))
    powder = np.array([dry * lognormal_below(s, 78.2e-6, 0.528) for s in size])
    return (granules + powder) / (wet.sum() + dry)


def misfit(name: str, fitted: tuple[float, ...], near: tuple[float, ...] | None = None) -> tuple[float, float]:
    """Root mean square over GRID of the cumulative fraction's error, and d_32 over that measured."""
    bench, y = granulated(name, fitted, near)
    size, fraction = measured(name)
    rms = float(np.sqrt(np.mean((below(bench, y, GRID) - np.interp(GRID, size, fraction)) ** 2)))
    return rms, sauter(size, below(bench, y, size)) / sauter(size, fraction)


def test_sauter_sizes_are_those_published_with_the_data() -> None:
    """d_32 as computed independently from the files [µm]; to the spread of ways to read a class, 0.2 %."""
    found = [1e6 * sauter(*measured(name)) for name in CORNERS]
    assert found == pytest.approx([510.0, 2337.0, 302.0, 3407.0], rel=2e-3)
    assert 1e6 * sauter(*measured("N22")) == pytest.approx(844.4, abs=0.1)


@pytest.mark.parametrize(
    ("name", "rms", "ratio"),
    [
        pytest.param("N13", 0.034, 0.89, marks=pytest.mark.slow),
        pytest.param("N14", 0.025, 1.03, marks=pytest.mark.slow),
        ("N15", 0.028, 0.94),
        pytest.param("N16", 0.044, 0.91, marks=pytest.mark.slow),
        ("N22", 0.098, 1.40),  # predicted: too coarse by 40 %
        pytest.param("N22, twice the time", 0.211, 2.06, marks=pytest.mark.slow),  # grows on, where granules did not
    ],
)
def test_kinetics_fitted_to_the_corners(name: str, rms: float, ratio: float) -> None:
    found = misfit(name, FITTED["N22"])
    assert found == pytest.approx((rms, ratio), abs=0.006)  # given to 0.001 and 0.01


def test_the_plane_of_residence_times_is_the_authors() -> None:
    for name in (*CORNERS, "N22"):
        setting = SETTINGS[name]
        assert 123.46 * setting.load + 45.16 * setting.ratio + 3.89 == pytest.approx(setting.tau, abs=0.06)


def test_the_centre_on_the_short_screw_is_predicted() -> None:
    """Percentiles of run N28, which no fit has seen, over those of the model at its load, liquid and residence time."""
    bench, y = granulated("N22", FITTED["N22"])
    sizes = np.geomspace(20e-6, 8e-3, 2000)
    found = 1e6 * np.interp((0.1, 0.5, 0.9), below(bench, y, sizes), sizes)
    assert found / N28 == pytest.approx((1.27, 1.22, 1.17), abs=6e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rms", "ratio"), [("N13", 0.036, 0.75), ("N14", 0.053, 1.12), ("N15", 0.032, 0.88), ("N16", 0.052, 0.86)]
)
def test_each_corner_is_predicted_from_the_others_and_the_centre(name: str, rms: float, ratio: float) -> None:
    found = misfit(name, FITTED[name])
    assert found == pytest.approx((rms, ratio), abs=0.006)


@pytest.mark.slow
def test_the_fit_is_a_minimum() -> None:
    """A tenth more or less of any fitted number makes the corners fit worse."""

    def cost(fitted: tuple[float, ...], near: tuple[float, ...] | None = None) -> float:
        found = [misfit(name, fitted, near) for name in CORNERS]
        return sum(40.0 * rms**2 + (0.5 * math.log(ratio)) ** 2 for rms, ratio in found)

    best = FITTED["N22"]
    least = cost(best)
    for i in range(len(best)):
        for factor in (0.9, 1.1):
            moved = tuple(v * (factor if j == i else 1.0) for j, v in enumerate(best))
            assert cost(moved, best) > least, (NAMES[i], factor)


def corners_map(values: list[float]) -> tuple[float, float, float, float]:
    """Reference and slopes of ln value, bilinear over L/S and feed load, through the corners; centred on N22."""
    rows = []
    for name in CORNERS:
        r, s = SETTINGS[name].ratio - 0.225, SETTINGS[name].load - 0.08
        rows.append([1.0, r, s, r * s])
    a = np.linalg.solve(np.array(rows), np.log(values))
    return math.exp(a[0]), float(a[1]), float(a[2]), float(a[3])


def test_the_map_goes_through_the_corners_and_is_a_quarter_off_at_the_centre() -> None:
    """Four numbers through four corners are no test; the centre is: d_32 of 1052 µm for 844 measured."""
    sizes, spreads = [], []
    for name in CORNERS:
        size, fraction = measured(name)
        sizes.append(sauter(size, fraction))
        low, high = (np.interp(part, fraction, size) for part in (0.1, 0.9))
        spreads.append(math.log(high / low) / 2.5631)  # of a log-normal distribution
    d_ref, a_r, a_s, a_rs = corners_map(sizes)
    sigma_ref, b_r, b_s, b_rs = corners_map(spreads)
    dims = {"fluids": 1, "solids": 1, "bins": len(EDGES) - 1, "cells": 8}
    for name, rms, ratio in (
        ("N13", 0.054, 1.0), ("N14", 0.041, 1.0), ("N15", 0.034, 1.0), ("N16", 0.035, 1.0), ("N22", 0.049, 1.245),
    ):  # fmt: skip
        setting = SETTINGS[name]
        unit = {"diameter": 0.1, "screw_speed": 1.0, "rho_bulk": 1e3, "F_ss": 0.1}
        params = {
            **unit, "tau": setting.tau, "tau_delay": 0.3 * setting.tau, "d_ref": d_ref, "a_r": a_r, "a_s": a_s,
            "a_rs": a_rs, "sigma_ref": sigma_ref, "b_r": b_r, "b_s": b_s, "b_rs": b_rs, "r_ref": 0.225, "s_ref": 0.08,
            "r_min": 0.05, "r_max": 0.40, "s_min": 0.02, "s_max": 0.14, "epsilon": 0.3, "L_edges": EDGES,
            "rho_solid": RHO, "cp": 4181.0,
        }  # fmt: skip
        bench = Bench(
            twin_screw_map, dims, params,
            powder={"m_flow": [setting.load]}, liquid={"T": 298.15, "m_flow": [setting.load * setting.ratio]},
        )  # fmt: skip
        y = bench.solve(bench.initial(w=[1.0]), [0.0, 20.0 * setting.tau], rtol=1e-8)[-1]
        size, fraction = measured(name)
        assert bench.measure("d_32", y) / sauter(size, fraction) == pytest.approx(ratio, abs=5e-3)
        classes = bench.outlet("product", bench.unpack(y))
        wide = (1.0 - 0.3) ** (-1.0 / 3.0)
        share = np.concatenate([[0.0], np.cumsum(classes.V_flow_classes)]) / classes.V_flow_solid
        found = np.interp(GRID, wide * EDGES, share) - np.interp(GRID, size, fraction)
        assert float(np.sqrt(np.mean(found**2))) == pytest.approx(rms, abs=1e-3), name
