"""ContCarSim's single cake (verification 3.8): 750 mg of paracetamol, mesh 3e9 1/m, 17 nodes, all multipliers 1.

The published program's right-hand side, integrated to 1e-8 and better: its numbers to their digits, in the mode
`scheme: published`. Only the states that move are integrated (the others have no rate), through the unit's kernels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import unit_ops.separation.carousel_profiles as carousel
from tests.unit_ops.piping.bench import Bench, call
from tests.unit_ops.separation.wheel import AREA, CHARGE, CONTENT, RHO_S, T_ROOM, VALUES
from tests.verification.record import record
from twin import jit
from unit_ops.separation.carousel_profiles import Scheme

SOURCE = "doi:10.1016/j.compchemeng.2022.107809"
CASE = "ContCarSim, one cake, 17 nodes, scheme: published"
NODES = 17
U_GAS = 0.392353046
#: Published lag: 193 steps of 0.155 s each, stretched over the 30 s of drying.
TAU = -30.0 / 193.0 / math.log(1.0 - 0.155 / (68.88485571 + 0.155))
T_FILT = 1.127902396
SATURATION = (0.131705877, 0.119645924, 0.114151512)
ETHANOL = (0.044119956, 0.040250752, 0.038476616)
DRYING = (0.02810197, 0.01966847, 0.01239017, 0.00628104, 0.00219570, 0.000711001)


def build(scheme: Scheme, nodes: int) -> tuple[Bench, np.ndarray]:
    """The published cake, charged; nothing is in the trough any more."""
    jit.arm(carousel)
    values: dict[str, Any] = {key: value for key, value in VALUES.items() if key not in ("volatile", "film")}
    values |= {
        "volatile": 0, "carrier": 2, "P_b": 4047.640125, "film": 1e-9, "fouling": 0.0, "inlet_loss": 0.6998,
        "loss_u": -0.7178, "tau_inlet": TAU, "psat_A": [74.475, -100.0, -100.0], "psat_B": [-7164.3, 0.0, 0.0],
        "psat_C": [-7.327, 0.0, 0.0], "psat_D": 0.0, "psat_E": 3.134e-6, "scheme": scheme,
    }  # fmt: skip
    bench = Bench(
        carousel, {"fluids": 3, "solids": 1, "bins": 3, "stations": 4, "cells": 4 * nodes}, values, vacuum=1.0
    )
    M = CONTENT * CHARGE
    y = bench.initial(V=CHARGE - M / RHO_S, T=T_ROOM, w=[1.0, 0.0, 0.0], crystals=np.array([0.0, M, 0.0]), T_gas=T_ROOM)
    L32 = 6.0 * M / (RHO_S * bench.env(bench.unpack(y))["a"].crystal_surface)
    bench.p = bench.p._replace(L_ref=L32, zeta=199.78 * 47.2e-6 / L32)
    return bench, rotate(bench, y)


def rotate(bench: Bench, y: np.ndarray) -> np.ndarray:
    x, new = bench.unpack(y), bench.unpack(y.copy())
    return bench.pack(call(carousel.rotate, **bench.env(x), new=new, value=0.0))


def move(bench: Bench, y: np.ndarray, moving: Any, times: Any, rtol: float, method: str = "BDF", **more: Any) -> Any:
    """Integrate some places of the state; gives the solver's result and a function from it to whole states."""
    places = np.concatenate([np.ravel(part) for part in moving(bench.unpack(np.arange(y.size, dtype=float)))])
    places = places.astype(int)
    whole = y.copy()

    def rates(t: float, z: np.ndarray) -> np.ndarray:
        whole[places] = z
        return bench.rhs(t, whole)[places]

    def state(z: np.ndarray) -> np.ndarray:
        found = y.copy()
        found[places] = z
        return found

    atol = rtol * np.maximum(np.abs(y[places]), 1e-6)
    # memory that the solvers have not written yet is multiplied by zero
    with np.errstate(over="ignore", invalid="ignore"):
        result = solve_ivp(
            rates, (times[0], times[-1]), y[places], method=method, t_eval=times, rtol=rtol, atol=atol, **more
        )
    assert result.success, result.message
    return result, state


def drained(bench: Bench, y: np.ndarray, nodes: int, T_start: float, rtol: float) -> tuple[np.ndarray, list[float]]:
    """Three stations without what stands on the cake; gives the state before drying, and mean saturations."""
    x = bench.unpack(y.copy())
    x.m_pond[:] = 0.0
    x.H_pond[:] = 0.0
    x.D[:] = x.M
    y, found = bench.pack(x), []
    for station, tag in enumerate(("saturation_first", "saturation_second", "saturation")):
        here = slice(station * nodes, (station + 1) * nodes)
        end = 30.0 - (T_start if station == 0 else 0.0)
        result, state = move(bench, y, lambda q, here=here: (q.m[0, here], q.H[here]), [0.0, end], rtol)
        y = state(result.y[:, -1])
        found.append(bench.measure(tag, y))
        y = rotate(bench, y)
    return y, found


@pytest.mark.slow
def test_the_published_cake() -> None:
    bench, y = build(Scheme.PUBLISHED, NODES)
    # filtration, up to where next to nothing stands any more; the rest runs at the flow of then
    bench.p = bench.p._replace(film=1e-13)

    def left(t: float, z: np.ndarray) -> float:
        return float(z[0] / 842.0 - 2e-13)

    left.terminal = True  # type: ignore[attr-defined]
    result, state = move(
        bench, y, lambda q: (q.m_pond[0, :1], q.H_pond[:1], q.D[:1]), [0.0, 3.0], 1e-12, "DOP853", events=left
    )
    x = bench.unpack(state(result.y_events[0][0]))
    rest = 1.0 / carousel.pond_rate(x, 0, 1.0, bench.p)
    t_filt = float(result.t_events[0][0]) + rest
    record(CASE, SOURCE, "end of filtration, s", T_FILT, t_filt)
    assert t_filt == pytest.approx(T_FILT, abs=5e-10)

    # drainage: published to nine digits
    bench.p = bench.p._replace(film=1e-9)
    y, found = drained(bench, y, NODES, t_filt, 1e-10)
    for k, (S, expected) in enumerate(zip(found, SATURATION, strict=True)):
        record(CASE, SOURCE, f"mean saturation after {30 * (k + 1)} s", expected, S)
        assert S == pytest.approx(expected, abs=5e-9)

    # drying: published to seven digits; held to 2e-5, since the published lag is linear between its 193 steps
    gas = U_GAS * AREA * 101325.0 * 28.97e-3 / (8.314 * 293.15)
    bench.set_inlets(gas={"T": 323.15, "m_flow": [0.0, 0.0, gas]}, vacuum=1.0)
    here = slice(3 * NODES, 4 * NODES)
    assert bench.measure("liquid_content", y) == pytest.approx(ETHANOL[2], abs=5e-9)
    result, state = move(
        bench, y, lambda q: (q.m[0, here], q.H[here], q.T_gas[here], q.w_gas[here], [q.T_inlet]),
        [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0], 1e-7,
    )  # fmt: skip
    for k, (z, expected) in enumerate(zip(result.y.T[1:], DRYING, strict=True)):
        w = bench.measure("liquid_content", state(z))
        record(CASE, SOURCE, f"ethanol after {5 * (k + 1)} s of drying, by mass", expected, w)
        assert w == pytest.approx(expected, rel=2e-5)
    end = state(result.y[:, -1])
    for tag, expected in (("T_gas_out", 295.20815), ("T_cake", 284.84318), ("T_gas_in", 300.92644)):
        record(CASE, SOURCE, f"{tag} after 30 s of drying, K", expected, bench.measure(tag, end))
        assert bench.measure(tag, end) == pytest.approx(expected, abs=5e-5)


@pytest.mark.slow
def test_physical_drainage_converges() -> None:
    """Without the quirks: the mean saturation after 30 s settles as the nodes are refined."""
    found = []
    for nodes in (8, 16, 32):
        bench, y = build(Scheme.PHYSICAL, nodes)
        found.append(drained(bench, y, nodes, T_FILT, 1e-7)[1][0])
    order = math.log2(abs((found[1] - found[0]) / (found[2] - found[1])))
    record("ContCarSim, one cake, physical", "grid refinement", "mean saturation after 30 s, 16 for 32 nodes", found[2],
           found[1], order)  # fmt: skip
    assert order > 0.8
    assert found[1] == pytest.approx(found[2], rel=0.02)
