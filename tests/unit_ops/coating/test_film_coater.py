"""Film coater: coat uniformity from renewal theory, the pan's heat and moisture balance, batch and continuous."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import unit_ops.coating.film_coater as coater
from tests.unit_ops.piping.bench import Bench
from twin.quantity import Fitted, fields

#: fluids: water and air (given as nitrogen, without a vapour pressure); solids: core and polymer.
WATER, AIR = 0, 1
PARAMS: dict[str, Any] = {
    "UA": 20.0,
    "T_room": 295.0,
    "efficiency": 0.95,
    "pass_rate": 0.2,
    "volatile": [1.0, 0.0],
    "cp": [4180.0, 1040.0],
    "cp_solid": [1300.0, 1500.0],
    "molar_mass": [0.018, 0.028],
    "dH_vap": [2.44e6, 2e5],
    "psat_A": [25.3, 20.0],
    "psat_B": [-5170.0, -700.0],
    "psat_C": 0.0,
    "psat_D": 0.0,
    "psat_T_low": 250.0,
    "psat_T_high": 400.0,
    "NTU": 4.0,
}
SPRAY = {"m_flow": [0.0, 2e-4], "m_flow_liquid": [8e-4, 0.0]}
GAS = {"T": 335.0, "m_flow": [1e-3, 0.2]}
START = {"n_tablets": 2e4, "m": 10.0, "w": [1.0, 0.0], "T": 310.0}
#: absolute tolerances of the states in their order: counts, J, kg, kg2, kg.
ATOL = [1e-6, 1e-5, 1e-14, 1e-22, *[1e-12] * 2, *[1e-12] * 2]


def build(inlets: dict[str, Any], **params: Any) -> Bench:
    return Bench(coater, {"fluids": 2, "solids": 2}, {**PARAMS, **params}, **inlets)


def test_a_batch_has_the_spread_of_renewal_theory() -> None:
    """Verification 3.11: 0.2 passes per second, an hour, cv 0.5 per pass: RSD 4.16666667 %."""
    bench = build({"spray": SPRAY, "gas": GAS})
    y = bench.solve(bench.initial(**START), [0.0, 900.0, 3600.0], method="BDF", rtol=1e-10, atol=ATOL)
    assert bench.measure("coat_RSD", y[2]) == pytest.approx(0.0416666667, abs=1e-8)
    assert bench.measure("coat_RSD", y[1]) == pytest.approx(0.0833333333, abs=1e-7)  # a quarter of the time
    assert bench.measure("coat_mass", y[2]) == pytest.approx(0.95 * 2e-4 * 3600.0 / 2e4, rel=1e-9)
    assert bench.measure("weight_gain", y[2]) == pytest.approx(0.95 * 2e-4 * 3600.0 / 10.0, rel=1e-9)
    assert bench.unpack(y[2]).m_solids == pytest.approx([10.0, 0.684], rel=1e-9)


def test_the_second_moment_is_that_of_a_sampled_pan() -> None:
    """Twenty thousand tablets with Poisson passes and coats that vary by cv, half an hour, seeded."""
    rng = np.random.default_rng(5)
    n, rate, t, cv = 20_000, 0.2, 1800.0, 0.5
    passes = rng.poisson(rate * t, n)
    coats = np.array([rng.gamma(1.0 / cv**2, cv**2, k).sum() for k in passes])
    bench = build({"spray": SPRAY, "gas": GAS}, pass_rate=rate, cv=cv)
    y = bench.solve(bench.initial(**START), [0.0, t], method="BDF", rtol=1e-9, atol=ATOL)
    # the standard deviation of a sampled standard deviation is 1/√(2n) = 0.5 % of it: four of them
    assert bench.measure("coat_RSD", y[-1]) == pytest.approx(coats.std() / coats.mean(), rel=0.02)


def test_a_continuous_pan_spreads_by_its_residence_times() -> None:
    """In steady state: mean coat c/ṅ; exponential residence times add 1 to (1 + cv²)/(λ τ)."""
    k = 1.0 / 600.0
    cores = {"n_flow": 2e4 * k, "m_flow": [10.0 * k, 0.0]}
    bench = build({"cores": cores, "spray": SPRAY, "gas": GAS, "removal": k})
    y = bench.solve(bench.initial(**START), [0.0, 40.0 / k], method="BDF", rtol=1e-9, atol=ATOL)[-1]
    out = bench.outlet("tablets", bench.unpack(y))
    assert out.n_flow == pytest.approx(2e4 * k, rel=1e-9)
    assert out.m_flow == pytest.approx([10.0 * k, 0.95 * 2e-4], rel=1e-6)
    assert bench.measure("coat_RSD", y) == pytest.approx(math.sqrt(1.0 + 1.25 * k / 0.2), rel=1e-6)
    assert bench.outlet("dust", bench.unpack(y)).m_flow == pytest.approx([0.0, 0.05 * 2e-4], rel=1e-12)


def test_the_pan_settles_where_air_and_water_balance() -> None:
    """Water sprayed is water evaporated, and the air pays for it: the bed's temperature solved by hand."""
    bench = build({"spray": SPRAY, "gas": GAS})
    y = bench.solve(bench.initial(**START), [0.0, 1200.0, 4000.0], method="BDF", rtol=1e-9, atol=ATOL)
    f, T_g = 1.0 - math.exp(-4.0), 335.0
    C = 1e-3 * 4180.0 + 0.2 * 1040.0
    e = SPRAY["m_flow_liquid"][0]

    def gain(T: float) -> float:
        return f * C * (T_g - T) - e * (4180.0 * (T - 298.15) + 2.44e6) + 20.0 * (295.0 - T)

    wanted = brentq(gain, 280.0, 335.0)
    # the bed's own capacity grows with its coat, at the reference temperature: 1e-2 K of drift
    assert bench.measure("T_bed", y[-1]) == pytest.approx(wanted, abs=0.05)
    x = bench.unpack(y[-1])
    out = bench.outlet("exhaust", x)
    assert out.m_flow[WATER] == pytest.approx(1e-3 + e, rel=1e-3)
    assert out.m_flow[AIR] == pytest.approx(0.2, rel=1e-12)
    # liquid on the bed is what brings its vapour pressure to that of the exhaust
    n_g = 1e-3 / 0.018 + 0.2 / 0.028
    p_sat = math.exp(25.3 - 5170.0 / bench.measure("T_bed", y[-1]))
    surface = (e / f + 1e-3) / 0.018 / n_g
    moles = x.m_liquid[WATER] / 0.018
    assert moles / (moles + 2e4 * 1e-5) == pytest.approx(surface * 101325.0 / p_sat, rel=1e-3)


def test_the_exhaust_is_as_warm_as_what_the_air_kept_and_the_vapour_brought() -> None:
    """By hand, at a state that is not steady: nothing of the air's heat is lost between inlet, bed and exhaust."""
    bench = build({"spray": SPRAY, "gas": GAS})
    y = bench.solve(bench.initial(**START), [0.0, 300.0], method="BDF", rtol=1e-9, atol=ATOL)[-1]
    x = bench.unpack(y)
    T, out = bench.measure("T_bed", y), bench.outlet("exhaust", x)
    evaporated = out.m_flow[WATER] - 1e-3
    assert evaporated > 2e-4
    f, C = 1.0 - math.exp(-4.0), 1e-3 * 4180.0 + 0.2 * 1040.0
    heat = C * (335.0 - 298.15) - f * C * (335.0 - T) + evaporated * 4180.0 * (T - 298.15)
    assert out.T == pytest.approx(298.15 + heat / (C + evaporated * 4180.0), abs=1e-9)


def test_after_the_spray_the_bed_dries_and_stays_dry() -> None:
    bench = build({"spray": SPRAY, "gas": {"T": 335.0, "m_flow": [0.0, 0.2]}})
    wet = bench.solve(bench.initial(**START), [0.0, 1200.0], method="BDF", rtol=1e-9, atol=ATOL)[-1]
    bench.set_inlets(gas={"T": 335.0, "m_flow": [0.0, 0.2]})
    y = bench.solve(wet, [0.0, 3600.0], method="BDF", rtol=1e-9, atol=ATOL)[-1]
    assert bench.measure("LOD", wet) > 1e-5
    assert abs(bench.measure("LOD", y)) < 1e-10
    assert bench.measure("T_bed", y) > bench.measure("T_bed", wet) + 3.0
    assert bench.measure("coat_RSD", y) == pytest.approx(bench.measure("coat_RSD", wet), rel=1e-9)


def test_an_empty_pan_without_air_is_finite() -> None:
    bench = build({"gas": {"T": 335.0}})
    y = bench.initial(**{**START, "n_tablets": 0.0, "m": 0.0})
    assert bench.rhs(0.0, y)[[0, 2, 3, 4, 5, 6, 7]] == pytest.approx(0.0, abs=0.0)
    assert np.isfinite(bench.rhs(0.0, y)).all()
    out = bench.outlet("exhaust", bench.unpack(y))
    assert (out.T, out.m_flow.sum()) == (298.15, 0.0)


@pytest.mark.parametrize("trace", [-3e-6, -1e-7, 1e-7, 3e-6])
def test_traces_of_a_solvers_error_do_not_boil_in_an_empty_pan(trace: float) -> None:
    """Liquid of rtol times its scale, of either sign, beside no tablets: as a share it gave off 1e20 J."""
    bench = build({"gas": {"T": 298.0, "m_flow": [1.5e-3, 0.25]}})
    y = bench.initial(n_tablets=0.0, m=0.0, w=[1.0, 0.0])
    x = bench.unpack(y)
    x.m_liquid[0] = trace
    out = bench.outlet("exhaust", x)
    assert np.all(np.asarray(out.m_flow) > -0.05 * 0.25)
    assert out.m_flow[0] < 0.05 * 0.25
    assert out.T == pytest.approx(298.0, abs=5.0)


def test_a_bed_beyond_the_vapour_pressures_range_is_warned_of() -> None:
    """What is marked so warns once, by name, in the results (tests/unit_ops/properties/test_fit_ranges.py)."""
    fitted = {f.name: f.fitted for f in fields(coater.Measurements) if f.fitted}
    assert fitted == {"T_bed": (Fitted("vapour pressure", "psat_T_low", "psat_T_high", "volatile"),)}
