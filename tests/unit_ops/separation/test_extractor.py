"""The extractor: equilibrium and finite stages, entrainment, temperature, a phase that is absent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from tests.unit_ops.piping.bench import Bench
from unit_ops.separation import extractor
from unit_ops.separation.extractor import Distribution

CP, RHO = np.array([4000.0, 2000.0, 1500.0]), np.array([1000.0, 800.0, 1100.0])


def cascade(
    stages: int = 4, ka: float | list[float] = 1.0, inlets: dict[str, Any] | None = None, **params: Any
) -> Bench:
    """Water (first) washed with an oil (second) for a solute (third)."""
    values = {
        "V_raffinate": 1e-3,
        "V_extract": 1e-3,
        "distribution": Distribution.RATIO,
        "carrier_raffinate": 0,
        "carrier_extract": 1,
        "key": 2,
        "K": [1.0, 1.0, 1.5],
        "ka": [0.0, 0.0, ka] if isinstance(ka, float) else ka,
        "T_K_low": 280.0,
        "T_K_high": 340.0,
        "cp": CP,
        "rho": RHO,
        "molar_mass": [0.018, 0.1, 0.06],
        **params,
    }
    given = {
        "feed": {"T": 298.15, "m_flow": [1e-2, 0.0, 1e-4]},
        "solvent": {"T": 298.15, "m_flow": [0.0, 1e-2, 0.0]},
        "T_jacket": 298.15,
        **(inlets or {}),
    }
    return Bench(extractor, {"fluids": 3, "solids": 1, "stages": stages}, values, **given)


def start(bench: Bench, T: float = 298.15) -> np.ndarray:
    return bench.initial(T=T, w_raffinate=[1.0, 0.0, 0.0], w_extract=[0.0, 1.0, 0.0], filled=1.002)


def steady(bench: Bench, T: float = 298.15) -> np.ndarray:
    """Steady state: from where the start has come to after some residence times, by Newton."""
    y = bench.solve(start(bench, T), [0.0, 2e3], method="BDF", rtol=1e-6, atol=1e-9)[-1]
    size = bench.pack(bench.State(np.full_like(bench.unpack(y).raffinate_m, 1.0), np.full_like(
        bench.unpack(y).extract_m, 1.0), np.full_like(bench.unpack(y).H, 1e4)))  # fmt: skip
    return bench.steady(y, size)


def unextracted(bench: Bench, y: np.ndarray) -> float:
    """Part of the solute fed that leaves with the raffinate."""
    return float(bench.outlet("raffinate", bench.unpack(y)).m_flow[2] / bench.u.feed.m_flow[2])


def test_one_stage_of_finite_transfer() -> None:
    """F (X₀ − X) = S Y = ka M (X − Y/K) in one stage that holds M of the carrier: solved by hand."""
    ka = 0.02
    bench = cascade(stages=1, ka=ka)
    y = steady(bench)
    M = bench.unpack(y).raffinate_m[0, 0]
    F, S, K = 1e-2, 1e-2, 1.5
    r = ka * M / (S + ka * M / K)  # Y = r X
    assert unextracted(bench, y) == pytest.approx(F / (F + S * r), rel=1e-6)
    assert bench.measure("w_raffinate", y) == pytest.approx(
        1e-4 * F / (F + S * r) / 1e-2, rel=0.01
    )  # some ppt of solute


def test_concentrations_as_basis() -> None:
    """One equilibrium stage: c_E = K c_R."""
    bench = cascade(stages=1, ka=1e3, distribution=Distribution.CONCENTRATION)
    x = bench.unpack(steady(bench))
    c_R = x.raffinate_m[2, 0] / (x.raffinate_m[:, 0] / RHO).sum()
    c_E = x.extract_m[2, 0] / (x.extract_m[:, 0] / RHO).sum()
    assert c_E / c_R == pytest.approx(1.5, rel=1e-4)


def test_liquids_that_dissolve_in_each_other_come_to_their_miscibility_gap() -> None:
    """A symmetric binary NRTL pair splits into x and 1 − x with equal activities: found by a root search."""
    tau, alpha = 2.8, 0.2
    gap = {"nrtl_a": tau * (1.0 - np.eye(3)), "nrtl_alpha": alpha}
    inlets = {
        "feed": {"T": 298.15, "m_flow": [1e-2, 0.0, 0.0]},
        "solvent": {"T": 298.15, "m_flow": [0.0, 1e-2, 0.0]},
    }
    mixture = {"distribution": Distribution.NRTL, "ka": [1.0, 1.0, 0.0], "molar_mass": 0.05, "rho": 1000.0}
    bench = cascade(stages=1, inlets=inlets, **{**mixture, **gap})
    x = bench.unpack(steady(bench))
    G = math.exp(-alpha * tau)

    def ln_activity(x1: float) -> float:
        x2 = 1.0 - x1
        return math.log(x1) + x2**2 * tau * ((G / (x1 + x2 * G)) ** 2 + G / (x2 + x1 * G) ** 2)

    lean = brentq(lambda z: ln_activity(z) - ln_activity(1.0 - z), 1e-4, 0.3)
    # equilibrium but for the transfer itself, 1/(ka τ) = 1e-2 of a dissolved part of a few per cent
    assert x.raffinate_m[1, 0] / x.raffinate_m[:, 0].sum() == pytest.approx(lean, rel=0.02)
    assert x.extract_m[0, 0] / x.extract_m[:, 0].sum() == pytest.approx(lean, rel=0.02)


def test_partition_follows_temperature() -> None:
    hot = {"feed": {"T": 330.0, "m_flow": [1e-2, 0.0, 1e-4]}, "solvent": {"T": 330.0, "m_flow": [0.0, 1e-2, 0.0]}}
    bench = cascade(stages=1, ka=1e3, E_K=[0.0, 0.0, 2e4], inlets={**hot, "T_jacket": 330.0})
    x = bench.unpack(steady(bench, 330.0))
    K = 1.5 * math.exp(-2e4 / 8.31446261815324 * (1.0 / 330.0 - 1.0 / 298.15))
    ratio = x.extract_m[2, 0] / x.extract_m[1, 0] / (x.raffinate_m[2, 0] / x.raffinate_m[0, 0])
    assert ratio == pytest.approx(K, rel=1e-4)
    assert bench.measure("K_range", bench.pack(x)) < 0.0
    assert bench.measure("K_range", start(bench, 350.0)) > 0.0


def test_entrainment_carries_the_other_phase_and_spoils_the_separation() -> None:
    clean, foul = cascade(ka=10.0), cascade(ka=10.0, entrainment=0.1)
    y_clean, y_foul = steady(clean), steady(foul)
    assert unextracted(foul, y_foul) > 1.1 * unextracted(clean, y_clean)
    flow = foul.outlet("raffinate", foul.unpack(y_foul)).m_flow / RHO
    # a tenth of a volume of extract phase per volume of raffinate phase; 1 % for the solute in both
    assert flow[1] / flow[0] == pytest.approx(0.1, rel=0.01)


def test_heat_passes_through_the_cascade() -> None:
    inlets = {"feed": {"T": 320.0, "m_flow": [1e-2, 0.0, 0.0]}}
    bench = cascade(inlets=inlets)
    y = steady(bench)
    # 40 W/K of water against 20 W/K of oil: the oil leaves nearly as hot as the water enters
    T_E, T_R = bench.measure("T_extract", y), bench.measure("T_raffinate", y)
    assert 40.0 * (320.0 - T_R) == pytest.approx(20.0 * (T_E - 298.15), rel=1e-6)
    assert 318.0 < T_E < 320.0


def test_without_solvent_nothing_passes_and_an_empty_cascade_fills() -> None:
    bench = cascade(ka=10.0, inlets={"solvent": {"T": 298.15, "m_flow": [0.0, 0.0, 0.0]}})
    empty = np.zeros_like(start(bench))
    assert np.all(np.isfinite(bench.rhs(0.0, empty)))
    for name in (*bench.module.Measurements._fields, *bench.module.Guards._fields):
        assert np.isfinite(bench.measure(name, empty))
    y = bench.solve(empty, [0.0, 3e3], method="BDF", rtol=1e-6, atol=1e-9)[-1]
    assert unextracted(bench, y) == pytest.approx(1.0, rel=1e-3)
    assert bench.measure("extract_missing", y) > 0.0 > bench.measure("raffinate_missing", y)


def test_balances_close() -> None:
    bench = cascade(ka=1.0, entrainment=0.02, UA=10.0, inlets={"T_jacket": 310.0})
    rng = np.random.default_rng(3)
    y = start(bench, 305.0)
    x = bench.unpack(y * rng.uniform(1.0, 1.2, y.size))
    H, fluids, _ = bench.imbalance(x, CP)
    # sums over four stages
    assert abs(H) < 1e-12
    assert np.all(np.abs(fluids) < 1e-12)


def test_impossible_parameters_are_refused() -> None:
    p = cascade().p
    assert extractor.check_params(p) == {}
    assert "ka" in extractor.check_params(p._replace(ka=np.ones(3)))
    assert "carrier_extract" in extractor.check_params(p._replace(carrier_extract=0))
    assert "nrtl_b" in extractor.check_params(p._replace(distribution=Distribution.NRTL))
    assert "T_K_high" in extractor.check_params(p._replace(T_K_low=400.0))
