"""Pipes, heat exchangers and dryers against closed forms and published numbers (sections 3.1, 3.3, 3.8, 3.9)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import unit_ops.drying.cake_dryer_dynamic as cake_dryer_dynamic
import unit_ops.piping.heat_exchanger_1d as heat_exchanger_1d
import unit_ops.piping.pipe as pipe
from tests.unit_ops.piping.bench import Bench
from tests.verification.record import record
from unit_ops.drying.bed import falling
from unit_ops.piping.advection import Scheme
from unit_ops.piping.heat_exchanger import Arrangement, conductance
from unit_ops.streams import T_REF

#: n tanks: E(0.5), E(1), E(2), F(0.5), F(1), F(2), variance, at multiples of the mean residence time.
TANKS = {
    1: (0.6065306597, 0.3678794412, 0.1353352832, 0.3934693403, 0.6321205588, 0.8646647168, 1.0),
    2: (0.7357588823, 0.5413411329, 0.1465251111, 0.2642411177, 0.5939941503, 0.9084218056, 0.5),
    3: (0.7530642905, 0.6721254230, 0.1338526175, 0.1911531695, 0.5768099189, 0.9380311956, 1.0 / 3.0),
    10: (0.3626557742, 1.2511003572, 0.0290815326, 0.0318280573, 0.5420702855, 0.9950045877, 0.1),
}
TAU = 100.0


@pytest.mark.parametrize("cells", list(TANKS))
def test_an_upwind_pipe_is_tanks_in_series(cells: int) -> None:
    """Residence time of n tanks in series: E = n^n θ^(n−1)/(n−1)! e^−nθ (Levenspiel 1999, ch. 14)."""
    params = {"V": 1e-3, "cp": 4000.0, "rho": 1000.0, "scheme": Scheme.UPWIND}
    feed = {"T": 300.0, "m_flow": [0.0, 1e-3 * 1000.0 / TAU]}
    bench = Bench(pipe, {"fluids": 2, "solids": 1, "cells": cells}, params, feed=feed)
    y0 = bench.initial(T=300.0, w=[1.0, 0.0])
    rows = bench.solve(y0, TAU * np.array([0.0, 0.5, 1.0, 2.0]), method="RK45", rtol=1e-11, atol=1e-14)
    cell = 1.0 / cells
    E = [bench.dx(bench.unpack(row)).m[1, -1] / cell * TAU for row in rows[1:]]
    F = [bench.unpack(row).m[1, -1] / cell for row in rows[1:]]
    source = "closed form; Levenspiel 1999, ISBN 978-0-471-25424-9"
    names = [f"{f}({theta:g} τ)" for f in "EF" for theta in (0.5, 1.0, 2.0)]
    for name, expected, got in zip(names, TANKS[cells][:6], [*E, *F], strict=True):
        record(f"pipe, upwind, {cells} cells", source, f"{name} of the outlet", expected, got)
        assert got == pytest.approx(expected, abs=2e-10)  # ten digits are given


@pytest.mark.slow
def test_dispersion_of_the_smooth_pipe() -> None:
    """Variance of a front over τ², as the model's page states it; it falls with n^−1.5."""
    found = []
    for cells, stated in ((50, 0.00312), (100, 0.00110)):
        params = {"V": 1e-3, "cp": 4000.0, "rho": 1000.0}
        feed = {"T": 300.0, "m_flow": [0.0, 1e-3 * 1000.0 / TAU]}
        bench = Bench(pipe, {"fluids": 2, "solids": 1, "cells": cells}, params, feed=feed)
        theta = np.linspace(0.0, 2.0, 1501)
        y0 = bench.initial(T=300.0, w=[1.0, 0.0])
        rows = bench.solve(y0, TAU * theta, method="LSODA", rtol=1e-6, atol=1e-9)
        left = 1.0 - np.array([bench.unpack(row).m[1, -1] for row in rows]) * cells
        mean = np.trapezoid(left, theta)
        found.append(2.0 * np.trapezoid(theta * left, theta) - mean**2)
        assert mean == pytest.approx(1.0, rel=1e-5)
        assert found[-1] == pytest.approx(stated, rel=1e-2)  # three digits are stated
    assert 1.4 < math.log2(found[0] / found[1]) < 1.6


def test_effectiveness() -> None:
    """Flow-limited jacket: ε = 1 − exp(−UA/F), UA 500 W/K, 0.2 kg/s of 4180 J/(kg K); counter-current N/(1 + N)."""
    F = 0.2 * 4180.0
    got = conductance(int(Arrangement.COUNTER_CURRENT), 500.0, F, 1e12) / F
    record("heat exchanger", "closed form", "ε against a side of one temperature", 0.450137000940, got)
    assert got == pytest.approx(0.450137000940, abs=1e-9)  # 1e12 W/K is not quite one temperature
    for N in (0.5, 2.0, 8.0):
        got = conductance(int(Arrangement.COUNTER_CURRENT), N * F, F, F) / F
        record("heat exchanger", "Kays, London 1984", f"ε counter-current, equal flows, N = {N:g}", N / (1.0 + N), got)
        assert got == pytest.approx(N / (1.0 + N), rel=1e-13)


@pytest.mark.parametrize("arrangement", list(Arrangement))
def test_the_exchanger_along_its_length_converges_to_effectiveness(arrangement: Arrangement) -> None:
    """1/UA = 1/1200 + 1/2400 K/W, flows of 800 and 1000 W/K."""
    low, high = 800.0, 1000.0
    N, C = 800.0 / low, low / high
    if arrangement == Arrangement.COUNTER_CURRENT:
        expected = (1.0 - math.exp(-N * (1.0 - C))) / (1.0 - C * math.exp(-N * (1.0 - C)))
    else:
        expected = (1.0 - math.exp(-N * (1.0 + C))) / (1.0 + C)
    found = []
    for cells in (6, 12):
        params = {
            "arrangement": arrangement, "V_hot": 1e-3, "V_cold": 1e-3, "UA_hot": 1200.0, "UA_cold": 2400.0,
            "C_wall": 500.0, "cp": 4000.0, "rho": 1000.0,
        }  # fmt: skip
        flows = {"hot": {"T": 360.0, "m_flow": [0.2]}, "cold": {"T": 290.0, "m_flow": [0.25]}}
        bench = Bench(heat_exchanger_1d, {"fluids": 1, "solids": 1, "cells": cells}, params, **flows)
        y0 = bench.initial(T=300.0, w_hot=[1.0], w_cold=[1.0])
        y = bench.solve(y0, [0.0, 60.0], method="RK45", rtol=1e-7, atol=1e-5)[-1]
        found.append((360.0 - bench.measure("T_cooled", y)) / 70.0)
    order = math.log2((found[0] - expected) / (found[1] - expected))
    name = arrangement.name.lower().replace("_", "-")
    record("heat exchanger along its length", "Kays, London 1984", f"ε {name}, 12 cells", expected, found[1], order)
    assert order > 1.85
    assert found[1] == pytest.approx(expected, rel=8e-3)  # second order: 3e-2, 7e-3 at 6 and 12 cells


def test_constant_and_falling_rate() -> None:
    """N_c 1e-3 kg/(m² s), 0.5 m²/kg, critical 0.10, equilibrium 0.005, from 0.25: the dryers' law of moisture."""
    rate = 1e-3 * 0.5

    def dried(until: float, rounded: float) -> float:
        found = solve_ivp(
            lambda _, X: [-rate * falling(X[0], 0.10, 0.005, rounded)], (0.0, until), [0.25], rtol=1e-12, atol=1e-14,
            max_step=1.0,
        )  # fmt: skip
        return float(found.y[0, -1])

    source = "closed form; Mujumdar 2014, ISBN 978-1-4665-9665-8"
    for what, until, expected in (
        ("X at 300 s, the end of the constant rate", 300.0, 0.10),
        ("X at 600 s", 600.0, 0.0245882426838838),
        ("X at 650.707071194683 s", 650.707071194683, 0.02),
    ):
        got = dried(until, 1e-10)
        record("drying at constant, then falling rate", source, what, expected, got)
        assert got == pytest.approx(expected, abs=1e-9)
        # as the dryers round the kink, by 2 % of the falling period
        assert dried(until, 0.02) == pytest.approx(expected, abs=5e-4)


def ethanol(tangent: float) -> dict[str, list[float]]:
    """ln p = 74.475 − 7164.3/T − 7.327 ln T + 3.134e-6 T², its T² by the tangent at a temperature [K]."""
    psat = (74.475 - 3.134e-6 * tangent**2, -7164.3, -7.327, 2.0 * 3.134e-6 * tangent)
    return {f"psat_{name}": [value, 0.0, 0.0] for name, value in zip("ABCD", psat, strict=True)}


def cp_air(T: float) -> float:
    """Published heat capacity [J/(kg K)]."""
    return (29e-3 + 0.2199e-5 * T + 0.5723e-8 * T**2 - 2.871e-12 * T**3) * 1e3 / 28.97e-3


#: The published cake: 0.75 g of 47.2 µm paracetamol, 15.2 mm wide.
CRYSTALS, AREA, DEPTH, SPEED = 7.5e-4, math.pi / 4.0 * 0.0152**2, 4.917816555e-3, 0.392353046
SOURCE = "Destro, Nagy, Barolo 2022, doi:10.1016/j.compchemeng.2022.107809"


def published_cake(cells: int, P: float, tangent: float, cp: float) -> Bench:
    params = {
        "area": AREA, "V_pores": AREA * DEPTH * 0.35, "epsilon": 0.35, "tau": 1.0, "crystal": 0, "solute": 1,
        "volatile": [1.0, 0.0, 0.0], "cp": [2570.0, 1500.0, cp], "cp_solid": 2267.0,
        "molar_mass": [46.07e-3, 0.151163, 28.97e-3], "dH_vap": [846e3, 0.0, 0.0], "P": P, "tau_flow": 2e-3,
        **ethanol(tangent),
    }  # fmt: skip
    return Bench(cake_dryer_dynamic, {"fluids": 3, "solids": 1, "cells": cells}, params)


def test_wet_bulb_of_ethanol_in_dry_air() -> None:
    """Published closure, dry air of 323.15 K: a wet cake neither warms nor cools at 288.083269705 K (3.9)."""
    wet_bulb = 288.083269705
    bench = published_cake(1, 101325.0, wet_bulb, cp_air(323.15))
    bench.set_inlets(gas={"T": 323.15, "m_flow": [0.0, 0.0, 8e-5]})
    A = 6.0 * CRYSTALS / (1293.0 * 47.2e-6)
    start = {"w_gas": [0.0, 0.0, 1.0], "w": [1.0, 0.0, 0.0], "M": CRYSTALS, "A": A, "moisture": 0.3}

    def warming(T: float) -> float:
        """C dT/dt of the cake: dH/dt less what its loss of liquid takes along."""
        x = bench.unpack(bench.initial(T=T, **start))
        x.H_gas[0] = float(x.m_gas[2, 0]) * cp_air(323.15) * (323.15 - T_REF)
        rate = bench.dx(x)
        return float(rate.H[0] - 2570.0 * rate.m[0, 0] * (T - T_REF))

    low, high = wet_bulb - 0.01, wet_bulb + 0.01
    got = low + 0.02 * warming(low) / (warming(low) - warming(high))
    record("wet bulb, ethanol in dry air at 323.15 K", SOURCE, "T of the wet cake, K", wet_bulb, got)
    assert got == pytest.approx(wet_bulb, abs=1e-5)  # secant over 0.02 K


@pytest.mark.slow
def test_drying_of_the_published_cake() -> None:
    """Published run of one cake (3.8): moisture after 90 s of deliquoring and 5 to 30 s of drying.

    The liquid is taken as spread evenly (the published run starts from the profile that deliquoring
    left, mean 0.0385), the pressure as that in the middle of the cake (half of 1 bar over the
    atmosphere), heat capacity and vapour pressure at one temperature; so 6 % are allowed. 17 cells, as
    the published nodes.
    """
    bench = published_cake(17, 101325.0 + 0.5e5, 284.0, cp_air(298.15))
    A = 6.0 * CRYSTALS / (1293.0 * 47.2e-6)
    w = 0.038476616
    start = {"w_gas": [0.0, 0.0, 1.0], "w": [1.0, 0.0, 0.0], "M": CRYSTALS, "A": A, "moisture": w / (1.0 - w)}
    y = bench.initial(T=295.25, **start)
    settled = 323.15 - (0.6998 - 0.7178 * SPEED) * (323.15 - 295.0)
    expected = (0.02810197, 0.01966847, 0.01239017, 0.00628104, 0.00219570, 0.000711001)
    for k, wanted in enumerate(expected):
        T_in = settled + (295.25 - settled) * math.exp(-(5.0 * k + 2.5) / 68.885)
        flow = SPEED * AREA * 101325.0 * 28.97e-3 / (8.31446 * T_in)
        bench.set_inlets(gas={"T": T_in, "m_flow": [0.0, 0.0, flow]})
        y = bench.solve(y, [0.0, 5.0], method="BDF", rtol=1e-4, atol=1e-8)[-1]
        got = bench.measure("LOD", y)
        record("drying of one cake", SOURCE, f"ethanol over wet cake after {5 * (k + 1)} s", wanted, got)
        assert got == pytest.approx(wanted, rel=0.06)
    assert bench.measure("T_exhaust", y) == pytest.approx(295.20815, abs=0.5)
    assert bench.measure("T_cake", y) == pytest.approx(284.84318, abs=1.0)
