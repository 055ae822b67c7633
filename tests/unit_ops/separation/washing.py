"""A cake washer on the bench, compiled, for tests of the unit and of the digits."""

from __future__ import annotations

from typing import Any

import unit_ops.separation.cake_washer as cake_washer
from tests.unit_ops.piping.bench import Bench
from tests.unit_ops.separation.cakes import along
from unit_ops.separation.cake_washer import Dispersion

AREA, M, EPSILON, RHO, RHO_S = 0.01, 0.5, 0.4, 1000.0, 1300.0
HEIGHT = M / (RHO_S * (1.0 - EPSILON) * AREA)
PORES = EPSILON * AREA * HEIGHT
FLOW = 1e-6


def build(cells: int, T_wash: float = 298.15, **params: Any) -> Bench:
    values: dict[str, Any] = {
        "area": AREA, "M_cake": M, "epsilon": EPSILON, "dispersion": Dispersion.LENGTH, "D_mol": 0.0, "crystal": 0,
        "key": 1, "cp": [4000.0, 4000.0], "rho": [RHO, RHO], "cp_solid": [1300.0], "rho_solid": [RHO_S],
    }  # fmt: skip
    wash = {"T": T_wash, "m_flow": [FLOW * RHO, 0.0]}
    return Bench(cake_washer, {"fluids": 2, "solids": 1, "cells": cells}, {**values, **params}, wash=wash)


def washed(bench: Bench, times: list[float], rtol: float = 1e-7) -> list[Any]:
    y0 = bench.initial(T=298.15, w=[0.9, 0.1])
    sparse = {"method": "BDF", "jac_sparsity": along(3, bench.dims["cells"], 1)}
    return [bench.unpack(row) for row in bench.solve(y0, [0.0, *times], rtol=rtol, atol=1e-10, **sparse)[1:]]
