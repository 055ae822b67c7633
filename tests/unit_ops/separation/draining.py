"""A cake that is deliquored on the bench, for tests of the unit and of the digits."""

from __future__ import annotations

from typing import Any

import numpy as np

import unit_ops.separation.deliquoring as deliquoring
from tests.unit_ops.piping.bench import Bench
from tests.unit_ops.separation.cakes import along

AREA, M, EPSILON, RHO, RHO_S, ALPHA = 0.01, 0.5, 0.4, 1000.0, 1300.0, 1e10
L = M / (RHO_S * (1.0 - EPSILON) * AREA)
K = 1.0 / (ALPHA * RHO_S * (1.0 - EPSILON))
MU = 1e-3


def build(cells: int, dP: float, **params: Any) -> Bench:
    values: dict[str, Any] = {
        "area": AREA, "M_cake": M, "epsilon": EPSILON, "alpha": ALPHA, "R_m": 0.0, "P_b": 0.0, "S_inf": 0.1,
        "mu_A": 0.0, "crystal": 0, "cp": [4000.0], "rho": [RHO], "cp_solid": [1300.0],
        "rho_solid": [RHO_S], "limiter_eps": 1e-6,
    }  # fmt: skip
    return Bench(deliquoring, {"fluids": 1, "solids": 1, "cells": cells}, {**values, **params}, dP=dP)


def drained(bench: Bench, times: list[float], S: Any = 1.0, rtol: float = 1e-7) -> list[np.ndarray]:
    """Reduced saturations along the cake at dimensionless times k Δp t/(ε μ L² (1 − S_inf))."""
    scale = max(bench.u.dP.value, bench.p.P_b)
    unit = EPSILON * MU * L * L * 0.9 / (K * scale)
    y0 = bench.initial(T=298.15, w=[1.0], S=S)
    n = bench.dims["cells"]
    sparse = {"method": "BDF", "jac_sparsity": along(2, n)}
    rows = bench.solve(y0, [0.0, *(unit * t for t in times)], rtol=rtol, atol=1e-9, **sparse)[1:]
    pores = EPSILON * AREA * L / n
    return [(bench.unpack(row).m.sum(axis=0) / RHO / pores - 0.1) / 0.9 for row in rows]


def order(errors: list[float]) -> float:
    """Observed order over all halvings."""
    return float(np.log2(errors[0] / errors[-1]) / (len(errors) - 1))
