"""The published carousel on the bench: paracetamol from ethanol in ports of 15.2 mm, for tests.

Numbers of Destro, Nagy & Barolo, Comput. Chem. Eng. 163 (2022) 107809; the mother liquor is one
component, as there. The exponent of the vapour pressure has a term in T²: here its tangent at 290 K.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import unit_ops.separation.carousel as carousel
from tests.unit_ops.piping.bench import Bench, call

AREA = 0.25 * math.pi * 15.2e-3**2
RHO, RHO_S, EPSILON = 842.0, 1293.0, 0.35
CHARGE, CONTENT = 3e-6, 250.0  #: m³ of slurry a turn, kg of crystals per m³ of it
T_ROOM = 295.25
R_MESH, FOULING = 3e9, 2e9
SIZE = 47.2e-6
EDGES = np.array([10e-6, 30e-6, 60e-6, 100e-6])
CP_AIR = (29e-3 + 0.2199e-5 * 300.0 + 0.5723e-8 * 300.0**2 - 2.871e-12 * 300.0**3) * 1e3 / 28.97e-3
PSAT = (74.475 - 3.134e-6 * 290.0**2, -7164.3, -7.327, 2.0 * 3.134e-6 * 290.0)
#: ethanol (as mother liquor), dissolved paracetamol, air
VALUES: dict[str, Any] = {
    "V_trough": 1e-3, "V_charge": CHARGE, "area": AREA, "dP": 1e5, "alpha": 2.7e9, "L_ref": SIZE, "R_m": R_MESH,
    "fouling": FOULING, "epsilon": EPSILON, "S_inf": 0.085, "mu_A": -3.197, "mu_B": 740.84, "mu_C": 4.6291e-3,
    "mu_D": -7.1715e-6, "w_target": 5e-3, "crystal": 0, "solute": 1, "volatile": [1.0, 0.0, 0.0], "L_edges": EDGES,
    "cp": [2570.0, 1500.0, CP_AIR], "rho": [RHO, RHO, RHO], "cp_solid": [2267.0], "rho_solid": [RHO_S],
    "molar_mass": [46.07e-3, 0.151163, 28.97e-3], "dH_vap": [846e3, 0.0, 0.0], "psat_A": [PSAT[0], -100.0, -100.0],
    "psat_B": [PSAT[1], 0.0, 0.0], "psat_C": [PSAT[2], 0.0, 0.0], "psat_D": [PSAT[3], 0.0, 0.0], "film": 1e-7,
}  # fmt: skip


def build(**params: Any) -> Bench:
    return Bench(carousel, {"fluids": 3, "solids": 1, "bins": 3, "ports": 5}, {**VALUES, **params}, vacuum=1.0)


def trough(bench: Bench, charges: float = 10.0) -> np.ndarray:
    """A trough of that many charges of slurry, all crystals of the size at which alpha holds; bare ports."""
    M = CONTENT * CHARGE * charges
    liquid = CHARGE * charges - M / RHO_S
    y = bench.initial(V=liquid, T=T_ROOM, w=[1.0, 0.0, 0.0], crystals=np.array([0.0, M, 0.0]))
    surface = bench.env(bench.unpack(y))["a"].crystal_surface
    bench.p = bench.p._replace(L_ref=6.0 * M / (RHO_S * surface))
    return y


def fire(bench: Bench, impulse: str, y: np.ndarray) -> np.ndarray:
    """State after an impulse."""
    x = bench.unpack(y)
    new = bench.unpack(y.copy())
    return bench.pack(call(getattr(carousel, impulse), **bench.env(x), new=new, value=0.0))


def run(bench: Bench, y: np.ndarray, times: Any, rtol: float = 1e-5) -> np.ndarray:
    """States at `times`; errors of a cake's content are some tens of rtol of it."""
    return bench.solve(y, times, method="BDF", rtol=rtol, atol=1e-4 * rtol)
