"""Ammonium sulphate by evaporation in a fed 75 L crystallizer (Mesbah et al., AIChE J. 57 (2011) 1557).

doi 10.1002/aic.12366; kinetics and heats of Kalbasenka (thesis, Delft 2009). 8.5 kW evaporate water at constant
temperature, clear saturated solution keeps the volume, slurry leaves at 1.73 mL/s. The published balance eliminates
feed and vapour by the balances of mass and heat; the vessel has both, with a feed that holds its volume exactly.
G = 7.5e-5 (C − 0.46) m/s with C by mass of the solution, B = 1.02e14 mu_3 G.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import unit_ops.crystallization.stirred_crystallizer as stirred
from tests.unit_ops.piping.bench import Bench
from tests.verification.record import record
from twin import jit
from unit_ops.crystallization.laws import DrivingForce, Solubility
from unit_ops.streams import T_REF

V, OUT, Q = 0.075, 1.73e-6, 8500.0
KV, RHO_C, RHO_L = 0.43, 1767.35, 1248.93
H_C, H_L, H_V = 60.75e3, 69.86e3, 2590e3
C_SAT = 0.46
#: mu_0 … mu_3 per m³ and C at the start. The published mu_4, 2e-5 m, is left out: with it mu_2 mu_4 < mu_3²,
#: which no distribution of sizes has; nothing but the mean size L43 depends on it.
MU = (1e11, 4e6, 400.0, 0.1)
C_0 = 0.461
TIMES = (1000.0, 5000.0, 10000.0)
CASE, SOURCE = "Ammonium sulphate by evaporation, 8.5 kW", "doi 10.1002/aic.12366, re-integrated"
#: C at TIMES and mu_3 at the last of them, re-integrated from the published equations.
C_EXPECTED, MU_3_EXPECTED = (0.4603074469, 0.4601329692, 0.4600909495), 0.533069974


def published(t: float, y: np.ndarray) -> list[float]:
    """Rates of mu_0 … mu_3 and C as published."""
    m0, m1, m2, m3, C = y
    G = 7.5e-5 * (C - C_SAT)
    ratio = RHO_C / RHO_L
    k1 = H_V * C_SAT / (H_V - H_L) * (ratio - 1.0 + (RHO_L * H_L - RHO_C * H_C) / (RHO_L * H_V)) - ratio
    k2 = C_SAT * Q / (V * RHO_L * (H_V - H_L))
    k = OUT / V
    dC = (k * (C_SAT - C) + 3.0 * KV * G * m2 * (k1 + C) + k2) / (1.0 - KV * m3)
    return [1.02e14 * m3 * G - k * m0, G * m0 - k * m1, 2.0 * G * m1 - k * m2, 3.0 * G * m2 - k * m3, dC]


def test_the_published_balance() -> None:
    """What the numbers below come from."""
    y = solve_ivp(published, (0.0, TIMES[-1]), [*MU, C_0], "LSODA", TIMES, rtol=1e-11, atol=1e-13 * np.array([*MU, 1]))
    assert y.y[4] == pytest.approx(C_EXPECTED, abs=1e-10)
    assert y.y[3, -1] == pytest.approx(MU_3_EXPECTED, rel=1e-8)


def vessel(bins: int) -> tuple[Bench, np.ndarray]:
    """The crystallizer at T_REF, where nothing has sensible heat, and its seed, log-normal by mu_0 … mu_3."""
    L = np.geomspace(1e-6, 0.05, bins + 1)
    water = (1.0 - C_0) / 0.018 / ((1.0 - C_0) / 0.018 + C_0 / 0.132)  # mole fraction at the start
    params: dict[str, Any] = {
        "tau": 1.0, "V_weir": 1.0, "UA": 0.0, "dH_cryst": H_C - H_L, "kv": KV, "solute": 1, "solvent": 0, "crystal": 0,
        "rho_solvent": 1000.0, "cp": 3000.0, "cp_solid": 3000.0, "rho": RHO_L, "rho_solid": RHO_C,
        "molar_mass": [0.018, 0.132], "L_edges": L, "solubility": Solubility.POLYNOMIAL, "sol_a": C_SAT / (1.0 - C_SAT),
        "force": DrivingForce.MASS_FRACTION, "kg": 7.5e-5, "g": 1.0, "k2": 1.02e14 * 7.5e-5 / (RHO_C * KV), "b2": 1.0,
        "S_width": 1e-9, "V_flow_out": OUT, "Q_heat": Q, "k_vent": 1.0, "P": 1e4, "dH_vap": [H_V - H_L, 0.0],
        # so steep that water boils off at T_REF, whatever is dissolved in it
        "psat_A": [math.log(1e4 / water) + 1e5 / T_REF, -100.0], "psat_B": [-1e5, 0.0], "psat_C": 0.0, "psat_D": 0.0,
    }  # fmt: skip
    bench = Bench(stirred, {"fluids": 2, "solids": 1, "bins": bins}, params, T_jacket=T_REF)
    variance = math.log(MU[0] * MU[2] / MU[1] ** 2)
    assert MU[3] == pytest.approx(MU[0] * (MU[1] / MU[0]) ** 3 * math.exp(3.0 * variance), rel=1e-9)
    z = (np.log(L * MU[0] / MU[1]) + 0.5 * variance) / math.sqrt(variance)
    below = [0.5 + 0.5 * math.erf((value - 3.0 * math.sqrt(variance)) / math.sqrt(2.0)) for value in z]
    crystals = V * RHO_C * KV * MU[3] * np.diff(below)
    liquid = RHO_L * V * (1.0 - KV * MU[3])
    return bench, np.concatenate([[0.0, liquid * (1.0 - C_0), liquid * C_0], crystals])


def held(bench: Bench, t: float, y: np.ndarray) -> np.ndarray:
    """Rates with a feed of saturated solution that keeps the volume."""
    rates = bench.rhs(t, y)
    fed = -(rates[1] + rates[2]) - rates[3:].sum() * RHO_L / RHO_C
    rates[1] += fed * (1.0 - C_SAT)
    rates[2] += fed * C_SAT
    return rates


@pytest.mark.slow
def test_the_vessel_comes_to_it() -> None:
    jit.arm(stirred)
    errors = []
    for bins in (80, 160):
        bench, y0 = vessel(bins)
        atol = 1e-9 * np.concatenate([[1e3, 10.0, 10.0], np.full(bins, 0.1)])
        made = solve_ivp(lambda t, y, b=bench: held(b, t, y), (0.0, TIMES[-1]), y0, "BDF", TIMES, rtol=1e-7, atol=atol)
        assert made.success
        C = made.y[2] / (made.y[1] + made.y[2])
        errors.append(np.abs(C - C_EXPECTED).max())
    assert made.y[1] / RHO_L + made.y[2] / RHO_L + made.y[3:].sum(axis=0) / RHO_C == pytest.approx(V, rel=1e-7)
    mu_3 = made.y[3:, -1].sum() / (RHO_C * KV * V)
    order = math.log2(errors[0] / errors[1])
    for t, wanted, got in zip(TIMES, C_EXPECTED, C, strict=True):
        record(CASE, SOURCE, f"C({t:g} s), 160 classes [kg/kg]", wanted, float(got), order)
    record(CASE, SOURCE, "mu_3(10000 s), 160 classes", MU_3_EXPECTED, float(mu_3))
    # the classes' error in mu_2 moves the supersaturation, 3e-4 of C and less, by its own part
    assert errors[-1] < 1e-6
    assert order > 1.8
    assert mu_3 == pytest.approx(MU_3_EXPECTED, rel=1e-4)
