"""The settler: what it separates, what it carries along, how deep its dispersion stands, when it floods."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.unit_ops.piping.bench import Bench
from unit_ops.properties.mixture import Viscosity, viscosity
from unit_ops.separation import settler
from unit_ops.separation.settling import carried, coalescence, cut_size

CP, RHO = np.array([4000.0, 2000.0]), np.array([1000.0, 800.0])
FED = {
    "continuous": {"T": 310.0, "m_flow": [2e-2, 0.0]},
    "dispersed": {"T": 310.0, "m_flow": [0.0, 1e-2]},
    "T_room": 295.0,
}


def tank(inlets: dict[str, Any] | None = None, **params: Any) -> Bench:
    """Oil drops in water; drop sizes and coalescence invented."""
    values = {
        "V_continuous": 5e-3,
        "V_coalesced": 3e-3,
        "area": 0.05,
        "coalescence_flux": 5e-4,
        "coalescence_depth": 0.02,
        "depth_limit": 0.1,
        "d_63": 5e-4,
        "drop_spread": 2.0,
        "mu_continuous": 1e-3,
        "d_rho": 200.0,
        "cp": CP,
        "rho": RHO,
        **params,
    }
    return Bench(settler, {"fluids": 2, "solids": 1}, values, **{**FED, **(inlets or {})})


def settled(bench: Bench, time: float = 2e4) -> np.ndarray:
    y0 = bench.initial(T=300.0, w_continuous=[1.0, 0.0], w_coalesced=[0.0, 1.0])
    return bench.solve(y0, [0.0, time], rtol=1e-8, atol=1e-10)[-1]


def test_stokes_cut() -> None:
    """Stokes: a drop of 100 um, 200 kg/m³ lighter than water, rises at g Δρ d²/(18 μ) = 1.0896 mm/s."""
    velocity = 9.80665 * 200.0 * 1e-8 / 18e-3
    assert cut_size(velocity, 1e-3, 200.0) == pytest.approx(1e-4)
    assert carried(1e-4, 1e-4, 3.0) == pytest.approx(1.0 - math.exp(-1.0))


def test_what_is_carried_along_is_what_the_law_says() -> None:
    bench = tank()
    y = settled(bench)
    x = bench.unpack(y)
    # water and the drops in it flow at 2e-5 m³/s over 0.05 m²
    F = bench.measure("part_carried", y)
    velocity = (2e-5 + F * 1.25e-5) / 0.05
    assert F == pytest.approx(carried(cut_size(velocity, 1e-3, 200.0), 5e-4, 2.0), rel=1e-6)
    assert 0.01 < F < 0.2
    np.testing.assert_allclose(bench.outlet("layer", x).m_flow, [2e-2, F * 1e-2], rtol=1e-6)
    np.testing.assert_allclose(bench.outlet("coalesced", x).m_flow, [0.0, (1.0 - F) * 1e-2], rtol=1e-6)


def test_depth_of_the_dispersion() -> None:
    """At rest what arrives breaks: flux (1 − exp(−h/h₀)) = drops per area."""
    bench = tank(d_63=1e-2)
    y = settled(bench)
    arriving = (1.0 - bench.measure("part_carried", y)) * 1.25e-5 / 0.05
    assert bench.measure("depth", y) == pytest.approx(-0.02 * math.log(1.0 - arriving / 5e-4), rel=1e-6)
    assert bench.measure("flooding", y) < 0.0


def test_it_floods_when_it_cannot_coalesce() -> None:
    bench = tank({"dispersed": {"T": 310.0, "m_flow": [0.0, 3e-2]}}, d_63=1e-2)
    y = settled(bench, 600.0)
    assert bench.measure("flooding", y) > 0.0
    # beyond capacity the depth grows by the difference
    growth = bench.rhs(0.0, y)[4] / 800.0 / 0.05
    arriving = (1.0 - bench.measure("part_carried", y)) * 3.75e-5 / 0.05
    assert growth == pytest.approx(arriving - 5e-4, rel=1e-2)


def test_coalescence_is_smooth_where_the_dispersion_vanishes() -> None:
    at = [coalescence(V, 0.05, 0.02, 5e-4) for V in (-2e-9, -0.5e-9, 0.0, 0.5e-9, 2e-9)]
    assert at[2] == 5e-4 / 0.02
    slopes = np.diff(at)
    assert np.all(slopes < 0.0)  # no jump where the series takes over
    np.testing.assert_allclose(at, at[2], rtol=2e-6)


def test_heat_goes_to_the_room() -> None:
    bench = tank(UA=20.0)
    y = settled(bench)
    # 80 + 20 W/K flow in 15 K above the room, 20 W/K to the room
    assert bench.measure("T", y) == pytest.approx(295.0 + 15.0 * 100.0 / 120.0, rel=1e-6)
    assert bench.quadratures(bench.unpack(y)).duty == pytest.approx(-20.0 * 12.5, rel=1e-6)


def test_an_empty_settler_fills() -> None:
    bench = tank()
    empty = np.zeros(7)
    assert np.all(np.isfinite(bench.rhs(0.0, empty)))
    assert bench.measure("layer_missing", empty) > 0.0
    y = bench.solve(empty, [0.0, 5e3], rtol=1e-7, atol=1e-9)[-1]
    assert bench.outlet("layer", bench.unpack(y)).m_flow[0] == pytest.approx(2e-2, rel=1e-4)


def test_balances_close() -> None:
    bench = tank(UA=5.0)
    rng = np.random.default_rng(5)
    y = settled(bench, 100.0)
    H, fluids, _ = bench.imbalance(bench.unpack(y * rng.uniform(1.0, 1.1, y.size)), CP)
    assert abs(H) < 1e-12
    assert np.all(np.abs(fluids) < 1e-12)


def test_viscosity_of_the_mixture_sets_what_is_carried() -> None:
    """d_cut ∝ √μ: the law of mixtures, warm or cold, is as good as the number that it gives."""
    pure = {"mu_pure": [1e-3, 4e-3], "E_mu": [1.5e4, 2e4], "molar_mass": [0.018, 0.1]}
    bench = tank(viscosity_law=Viscosity.MIXTURE, **pure)
    y = settled(bench, 500.0)
    x = bench.unpack(y)
    value = viscosity(x.m_continuous, bench.p.molar_mass, bench.p.mu_pure, bench.p.E_mu, bench.measure("T", y))
    given = tank(mu_continuous=float(value))
    assert bench.measure("part_carried", y) == pytest.approx(given.measure("part_carried", y), rel=1e-12)
    assert settler.check_params(bench.p) == {}
    assert set(settler.check_params(tank(viscosity_law=Viscosity.MIXTURE).p)) == {"mu_pure"}
