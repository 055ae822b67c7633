"""Twin-screw granulator by a map: sizes on the map, its edges, and residence times of delay and tanks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unit_ops.granulation.twin_screw_map as twin_screw_map
from tests.unit_ops.piping.bench import Bench
from twin.results.reader import open_run
from twin.run import run
from unit_ops.granulation.sizes import percentile, sauter

EDGES = 20e-6 * 2.0 ** (np.arange(55) / 6.0)
#: invented map of round numbers
PARAMS: dict[str, Any] = {
    "tau": 20.0, "tau_delay": 8.0, "F_ss": 1e-3, "diameter": 0.016, "rho_bulk": 500.0, "d_ref": 1e-3, "a_r": 6.0,
    "a_s": -1.0, "a_rs": 5.0, "sigma_ref": 0.5, "b_r": -3.0, "b_s": 2.0, "b_rs": 0.0, "r_ref": 0.2, "s_ref": 0.08,
    "r_min": 0.1, "r_max": 0.35, "s_min": 0.02, "s_max": 0.2, "epsilon": 0.271, "L_edges": EDGES,
    "rho_solid": 1500.0, "cp": 4180.0, "tanks": 2,
}  # fmt: skip
CELLS = 42


def build(ratio: float = 0.25, m_flow: float = 1e-3, **params: Any) -> Bench:
    dims = {"fluids": 1, "solids": 1, "bins": len(EDGES) - 1, "cells": CELLS}
    return Bench(
        twin_screw_map, dims, {**PARAMS, **params},
        powder={"m_flow": [m_flow]}, liquid={"T": 298.15, "m_flow": [ratio * m_flow]},
    )  # fmt: skip


def settled(bench: Bench) -> np.ndarray:
    return bench.solve(bench.initial(w=[1.0]), [0.0, 400.0], rtol=1e-9, atol=1e-14)[-1]


def test_sizes_are_those_of_the_map() -> None:
    bench = build()
    y = settled(bench)
    load = 1e-3 / (500.0 * 5.0 * 0.016**3)
    assert bench.measure("feed_load", y) == pytest.approx(load, rel=1e-8)
    r, s = 0.25 - 0.2, load - 0.08
    d = 1e-3 * math.exp(6.0 * r - 1.0 * s + 5.0 * r * s)
    sigma = 0.5 * math.exp(-3.0 * r + 2.0 * s)
    assert bench.measure("d_32", y) == pytest.approx(d, rel=1e-7)
    assert bench.measure("d_50", y) == pytest.approx(d * math.exp(0.5 * sigma**2), rel=1e-7)
    out = bench.outlet("product", bench.unpack(y))
    wide = (1.0 - 0.271) ** (-1.0 / 3.0)  # 1.111
    # classes of ratio 2^(1/6): the mean of 1/size over a class is exact for an even spread only
    assert sauter(out.V_flow_classes, EDGES) * wide == pytest.approx(d, rel=2e-3)
    assert percentile(out.V_flow_classes, EDGES, 0.5) * wide == pytest.approx(d * math.exp(0.5 * sigma**2), rel=5e-3)
    assert out.V_flow_classes.sum() == pytest.approx(out.V_flow_solid, rel=1e-13)
    assert out.V_flow_pores / (out.V_flow_pores + out.V_flow_solid) == pytest.approx(0.271, rel=1e-12)


def test_beyond_the_measured_range_the_edge_is_held_and_a_guard_has_crossed() -> None:
    bench = build(ratio=0.6)
    y = settled(bench)
    x = bench.unpack(y)
    at_edge = build(ratio=0.35)
    # within the rounding of the edge: 2 % of the range, of slope 6
    assert bench.measure("d_32", y) == pytest.approx(at_edge.measure("d_32", settled(at_edge)), rel=0.03)
    assert twin_screw_map.wetter(x, bench.p) == pytest.approx(0.25, rel=1e-6)
    assert twin_screw_map.drier(x, bench.p) < 0.0
    assert twin_screw_map.fuller(x, bench.p) < 0.0
    assert twin_screw_map.emptier(x, bench.p) < 0.0
    assert twin_screw_map.drier(build().unpack(build().initial(w=[1.0])), bench.p) > 0.0


def test_residence_times_are_delay_and_tanks() -> None:
    """Impulse response: mean τ, variance τ_mixed²/tanks + τ_delay²/delay cells; exact for cells in series."""
    bench = build()
    bench.set_inlets()
    x = bench.unpack(bench.initial(w=[1.0]))
    x.m_solids[0, 0] = 1.0
    times = np.linspace(0.0, 160.0, 1601)
    y = bench.solve(bench.pack(x), times, rtol=1e-9, atol=1e-13)
    E = np.array([bench.outlet("product", bench.unpack(row)).m_flow[0] for row in y])
    dt = times[1]
    mean = float(np.sum(times * E) * dt)
    assert float(np.sum(E) * dt) == pytest.approx(1.0, abs=1e-6)
    assert mean == pytest.approx(20.0, rel=1e-5)
    assert float(np.sum((times - mean) ** 2 * E) * dt) == pytest.approx(12.0**2 / 2 + 8.0**2 / 40, rel=1e-4)


def test_impossible_parameters_are_named() -> None:
    bench = build(tau_delay=30.0, r_max=0.05, s_max=0.01)
    assert set(twin_screw_map.check_params(bench.p)) == {"tau_delay", "r_max", "s_max"}
    assert twin_screw_map.check_params(build().p) == {}


PLANT = """
twin: 1
title: A granulator by its map
fluids: [water]
solids: [mcc]
grids:
  bins: {count: 10, from: 40 um, to: 6 mm, spacing: geometric}
units:
  granulator:
    model: granulation.twin_screw_map
    params:
      {tau: 20 s, tau_delay: 8 s, F_ss: 1 g/s, diameter: 16 mm, rho_bulk: 500 kg/m^3, d_ref: 1 mm, a_r: 6, a_s: -1,
       a_rs: 5, sigma_ref: 0.5, b_r: -3, b_s: 2, b_rs: 0, r_ref: 0.2, s_ref: 0.08, r_min: 0.1, r_max: 0.35,
       s_min: 0.02, s_max: 0.2, epsilon: 0.271}
    initial: {w: {mcc: 1}}
feeds:
  blend: {m_flow: {mcc: 1 g/s}}
  binder: {T: 25 degC, m_flow: {water: 0.2 g/s}}
connections:
  - blend -> granulator.powder
  - binder -> granulator.liquid
  - granulator.product -> granules
products: [granules]
"""
SCENARIO = """
twin: 1
plant: plant.yaml
title: Filling, too much liquid, running empty
duration: 20 min
record: 10 s
events:
  - {at: 5 min, set: {binder.m_flow.water: %s g/s}}
  - {at: 10 min, set: {binder.m_flow.water: 0 g/s, blend.m_flow.mcc: 0 g/s}}
"""


@pytest.mark.parametrize(("water", "warned"), [(0.3, False), (0.5, True)])
def test_liquid_beyond_the_map_is_warned_of_once_and_an_empty_barrel_is_not(
    tmp_path: Path, water: float, warned: bool
) -> None:
    (tmp_path / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(SCENARIO % water, encoding="utf-8")
    made = run(tmp_path / "scenario.yaml", tmp_path / "run.h5")
    assert len(made.warnings) == warned
    if warned:
        time, X = open_run(made.path).time, open_run(made.path).get("granulator.X")
        first = time[np.argmax(X > 0.35)]
        assert 300.0 < first < 330.0
        assert made.warnings[0].startswith(f"granulator: size map is used outside its range from {first:.6g} s on:")
        assert made.warnings[0].endswith("the fit holds from 0.1 to 0.35 1")
