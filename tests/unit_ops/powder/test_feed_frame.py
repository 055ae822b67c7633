"""Feed frame: gives the volume that the dies take, mixes as tanks in series, shears, and starves smoothly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unit_ops.powder.feed_frame as feed_frame
from tests.unit_ops.piping.bench import Bench

BULK = np.array([500.0, 300.0])
V_FLOW, V_HEEL = 2e-5, 1e-6
DIMS = {"fluids": 1, "solids": 2, "tanks": 2}


def build(powder: Any = 0.0, tanks: int = 2, rho_bulk: Any = BULK, **more: Any) -> Bench:
    params = {"V_frame": 4e-3, "V_low": 2e-4, "V_heel": V_HEEL, "shear_length": 0.02, "api": 1, "rho_bulk": rho_bulk}
    feed = {"m_flow": powder, "m_flow_liquid": 0.0}
    return Bench(
        feed_frame, {**DIMS, "tanks": tanks}, {**params, "speed": 0.8}, powder=feed, V_flow_dies=V_FLOW, **more
    )


def test_the_dies_get_the_volume_that_they_ask_for() -> None:
    bench = build()
    x = bench.unpack(bench.initial(m=0.5, w=[0.4, 0.6]))
    out = bench.outlet("product", x)
    assert float(np.sum(out.m_flow / BULK)) == pytest.approx(V_FLOW, rel=1e-13)
    assert out.m_flow[1] / out.m_flow.sum() == pytest.approx(0.6, rel=1e-13)


@pytest.mark.parametrize("tanks", [1, 2, 3])
def test_a_step_of_composition_passes_as_through_tanks_in_series(tanks: int) -> None:
    """Equal densities: holdup and flow steady, so F(1) of verification 3.1 at one residence time."""
    wanted = {1: 0.6321205588, 2: 0.5939941503, 3: 0.5768099189}[tanks]
    bench = build([0.0, V_FLOW * 300.0], tanks=tanks, rho_bulk=300.0)
    m = 0.6
    y = bench.solve(bench.initial(m=m, w=[1.0, 0.0]), [0.0, m / (300.0 * V_FLOW)], rtol=1e-11)
    assert bench.measure("api_content", y[-1]) == pytest.approx(wanted, abs=2e-10)


def test_cells_keep_their_share_of_the_volume_while_the_frame_empties() -> None:
    bench = build([0.0, 0.2 * V_FLOW * 300.0])
    y = bench.solve(bench.initial(m=0.6, w=[1.0, 0.0]), [0.0, 40.0])
    x = bench.unpack(y[-1])
    V = (x.m_solids / BULK[:, None]).sum(axis=0)
    assert V[0] == pytest.approx(V[1], rel=1e-8)
    assert V.sum() == pytest.approx(0.6 / 500.0 - 0.8 * V_FLOW * 40.0, rel=1e-8)


def test_paddles_add_to_the_lubrication() -> None:
    """Steady state: extent fed + λ N τ, τ the mean residence time."""
    bench = build([0.0, V_FLOW * 300.0], lubrication_in=5.0)
    m = 0.6
    y = bench.solve(bench.initial(m=m, w=[0.0, 1.0]), [0.0, 40.0 * m / (300.0 * V_FLOW)])
    wanted = 5.0 + 0.02 * 0.8 * m / (300.0 * V_FLOW)
    assert bench.measure("lubrication", y[-1]) == pytest.approx(wanted, rel=1e-7)


def test_a_starved_frame_runs_dry_and_stays_so() -> None:
    """From the heel on what is left decays exponentially: nothing below 0 but errors of the solver."""
    bench = build()
    y = bench.solve(bench.initial(m=0.01, w=[0.5, 0.5], lubrication=3.0), [0.0, 1.0, 1.35, 1.5, 20.0], atol=1e-16)
    masses = np.array([bench.measure("m", v) for v in y])
    assert np.all(np.diff(masses[:4]) < 0.0)
    assert 0.0 < masses[3] < 1e-4
    assert abs(masses[-1]) < 1e-14
    assert bench.measure("api_content", y[1]) == pytest.approx(0.5, rel=1e-9)
    assert np.isfinite(bench.rhs(0.0, bench.initial(m=0.0, w=[0.5, 0.5]))).all()
