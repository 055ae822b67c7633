"""A nutsche on the bench with the cake of verification 3.9, for tests of the unit and of the digits."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

import unit_ops.separation.nutsche as nutsche
from tests.unit_ops.piping.bench import Bench
from unit_ops.separation.nutsche import Drive
from unit_ops.streams import T_REF

EDGES = np.geomspace(10e-6, 500e-6, 7)
RHO, RHO_S, EPSILON = 1000.0, 1300.0, 0.35
AREA, ALPHA, R_M, DP, C = 0.02, 1e11, 1e10, 1e5, 100.0
PORES = EPSILON / (1.0 - EPSILON) / RHO_S


def build(cells: int = 1, **params: Any) -> Bench:
    """The case of verification 3.9: 1 mPa s, 100 kg of crystals per m³ of filtrate."""
    values: dict[str, Any] = {
        "drive": Drive.PRESSURE, "area": AREA, "V_vessel": 5e-3, "dP": DP, "alpha": ALPHA, "L_ref": 1e-4, "R_m": R_M,
        "epsilon": EPSILON, "S_inf": 0.1, "mu_A": 0.0, "crystal": 0, "key": 1, "L_edges": EDGES, "film": 1e-6,
        "cp": [4000.0, 2000.0], "rho": [RHO, RHO], "cp_solid": [1300.0], "rho_solid": [RHO_S],
    }  # fmt: skip
    return Bench(nutsche, {"fluids": 2, "solids": 1, "bins": 6, "cells": cells}, {**values, **params})


def charge(bench: Bench, V_free: float, T: float = T_REF) -> np.ndarray:
    """Slurry that gives V_free of filtrate; all crystals of the size at which alpha holds."""
    M = C * V_free
    x = bench.unpack(bench.initial(V=V_free + PORES * M, T=T, w=[0.9, 0.1], crystals=np.eye(6)[2] * M))
    surface = bench.env(x)["a"].crystal_surface
    bench.p = bench.p._replace(L_ref=6.0 * M / (RHO_S * surface))
    return bench.pack(x)


def volumes(bench: Bench, y0: np.ndarray, times: list[float]) -> list[float]:
    rows = bench.solve(y0, [0.0, *times], method="LSODA", rtol=1e-11, atol=1e-15)[1:]
    return [bench.unpack(row).V_filtrate for row in rows]


def along(fields: int, cells: int, scalars: int = 0) -> csr_matrix:
    """Sparsity of fields along a cake whose cells see two neighbours on either side, after some scalars."""
    band = np.abs(np.subtract.outer(np.arange(cells), np.arange(cells))) <= 2
    whole = np.zeros((scalars + fields * cells,) * 2)
    whole[scalars:, scalars:] = np.tile(band, (fields, fields))
    return csr_matrix(whole)
