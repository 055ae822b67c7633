"""The flash drum: equilibrium flash at its steady state, heat, pressure, inert gas, dry and closed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit_ops.piping.bench import Bench
from tests.unit_ops.separation.still import components, drum, model_pair
from unit_ops.separation import flash_drum
from unit_ops.streams import T_REF

START = {"V": 5e-3, "T": 360.0, "P": 101325.0, "w": [0.4, 0.6], "w_gas": [0.7, 0.3]}


def settled(bench: Bench, time: float = 2e4, **start: object) -> np.ndarray:
    return bench.solve(bench.initial(**{**START, **start}), [0.0, time], method="BDF", rtol=1e-8, atol=1e-12)[-1]


def test_adiabatic_flash_of_hot_water() -> None:
    """Vapour over feed = cp (T_in − T)/Δh(T): the heat of the feed above the boiling point."""
    feed = {"T": 440.0, "m_flow": [1e-2]}
    bench = drum(components("water"), fluids=1, inlets={"feed": feed}, UA=0.0)
    x = bench.unpack(settled(bench, w=1.0, w_gas=1.0, T=372.0))
    T = bench.measure("T", bench.pack(x))
    p = bench.p
    heat = p.dH_vap[0] + (p.cp_gas[0] - p.cp[0]) * (T - T_REF)
    expected = p.cp[0] * (440.0 - T) / heat
    assert bench.outlet("vapour", x).m_flow[0] / 1e-2 == pytest.approx(expected, rel=1e-6)
    assert T == pytest.approx(374.0, abs=1.0)  # a little above 1 atm: the valve
    assert bench.measure("P", bench.pack(x)) > 101325.0


def test_a_closed_drum_comes_to_the_vapour_pressure_and_a_limit_is_a_guard() -> None:
    bench = drum(components("water"), fluids=1, inlets={"vent": 0.0, "T_jacket": 393.15})
    y = settled(bench, w=1.0, w_gas=1.0, T=350.0, P=1e4)
    # 198.7 kPa at 120 °C (IAPWS-95); the fit of the database: 0.2 %
    assert bench.measure("P", y) == pytest.approx(198.7e3, rel=3e-3)
    assert bench.measure("overpressure", y) < 0.0
    x = bench.unpack(y)
    assert bench.outlet("vapour", x).m_flow[0] == 0.0


def test_inert_gas_strips_below_the_boiling_point() -> None:
    """Nitrogen through cold ethanol leaves with the ethanol that its vapour pressure gives it."""
    gas = {"T": 300.0, "m_flow": [0.0, 1e-4]}
    data = components("ethanol")
    nitrogen = {
        "cp": 1040.0,
        "cp_gas": 1040.0,
        "rho": 807.0,
        "molar_mass": 0.0280134,
        "dH_vap": 0.0,
        "psat_A": 19.0,
        "psat_T_high": 1e4,
    }
    mixture = {k: [v[0], nitrogen.get(k, 0.0)] for k, v in data.items()}
    bench = drum(mixture, inlets={"gas": gas, "T_jacket": 300.0}, UA=500.0, vapour_valve=1e-6)
    y = settled(bench, time=600.0, V=4e-3, T=300.0, w=[1.0, 0.0], w_gas=[0.0, 1.0])
    n = bench.outlet("vapour", bench.unpack(y)).m_flow / bench.p.molar_mass
    share = bench.measure("P", y) * n[0] / n.sum()
    # ethanol at some 300 K: 8.8 kPa, lowered by the cooling of its own evaporation
    assert share == pytest.approx(8.8e3, rel=0.05)
    assert bench.measure("T", y) < 300.0


def test_a_drum_boils_dry_smoothly() -> None:
    bench = drum(model_pair(3.0), inlets={"T_jacket": 420.0}, UA=200.0)
    y0 = bench.initial(**{**START, "V": 1e-4})
    y = bench.solve(y0, np.linspace(0.0, 3000.0, 31), method="BDF", rtol=1e-7, atol=1e-11)
    assert np.all(y[:, 1:3] > -1e-9)
    assert y[-1, 1:3].sum() < 1e-4
    assert bench.measure("T", y[-1]) == pytest.approx(420.0, abs=0.5)
    assert bench.measure("dry", y[0]) < 0.0 < bench.measure("dry", y[-1])
    assert np.all(np.isfinite(bench.rhs(0.0, np.zeros(5))))


def test_a_dry_hot_drum_condenses_what_flows_into_a_cold_one() -> None:
    gas = {"T": 380.0, "m_flow": [5e-4, 5e-4]}
    bench = drum(model_pair(3.0), inlets={"gas": gas, "T_jacket": 300.0}, UA=200.0)
    y = settled(bench, time=2000.0, V=0.0, T=300.0, P=1e3)
    held = bench.unpack(y)
    assert held.m.sum() > 1.9  # 2 kg fed, next to nothing vented at 0.1 bar below the back pressure
    assert bench.outlet("vapour", held).m_flow.sum() == 0.0


def test_balances_close() -> None:
    feed, gas = {"T": 380.0, "m_flow": [1e-2, 2e-2]}, {"T": 400.0, "m_flow": [1e-3, 0.0]}
    bench = drum(model_pair(3.0), inlets={"feed": feed, "gas": gas})
    H, fluids, _ = bench.imbalance(bench.unpack(bench.initial(**START)), np.array([2000.0, 2000.0]))
    assert abs(H) < 1e-13
    assert np.all(np.abs(fluids) < 1e-13)


def test_impossible_parameters_are_refused() -> None:
    p = drum(model_pair(3.0)).p
    assert flash_drum.check_params(p) == {}
    assert "nrtl_b" in flash_drum.check_params(p._replace(activity_law=1))
