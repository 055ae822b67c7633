"""The evaporator: it boils where it should, uses the heat that it should, dries without a kink, swaps solvents."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import simpson

from tests.unit_ops.separation.still import NRTL, components, model_pair, still
from unit_ops.properties.solubility import Antisolvent, Solubility
from unit_ops.separation import evaporator
from unit_ops.streams import T_REF


def test_water_boils_where_it_boils_and_uses_its_heat_of_evaporation() -> None:
    bench = still(components("water"), fluids=1, inlets={"T_jacket": 300.0, "Q_heater": 2e3}, UA=0.0, conductance=1e-3)
    y = bench.solve(bench.initial(V=5e-3, T=370.0, w=1.0), [0.0, 600.0], method="BDF")[-1]
    assert bench.measure("T", y) == pytest.approx(
        373.12, abs=0.1
    )  # IAPWS-95; the fit of the pressure: 0.01 %, of the boiling point 0.05 K
    vapour = bench.outlet("vapour", bench.unpack(y))
    # 2 kW over 2.267 MJ/kg, less what 0.2 K of slow warming would take
    assert vapour.m_flow[0] == pytest.approx(2e3 / 2.267e6, rel=2e-3)
    assert bench.measure("boiling", y) > 0.0
    assert bench.quadratures(bench.unpack(y)).latent == pytest.approx(-2e3, rel=2e-3)


def test_below_its_bubble_point_nothing_leaves() -> None:
    bench = still(model_pair(3.0))
    x = bench.unpack(bench.initial(V=5e-3, T=320.0, w=[0.5, 0.5]))
    assert np.all(bench.outlet("vapour", x).m_flow == 0.0)
    assert np.all(bench.outlet("product", x).m_flow == 0.0)


def test_vacuum_lowers_the_boiling_point() -> None:
    """Water at 5 kPa boils at 32.87 °C (IAPWS-95)."""
    bench = still(components("water"), fluids=1, inlets={"T_jacket": 310.0}, P=5e3, conductance=1e-2)
    y = bench.solve(bench.initial(V=5e-3, T=300.0, w=1.0), [0.0, 3600.0])[-1]
    assert bench.measure("T", y) == pytest.approx(273.15 + 32.87, abs=0.05)


def test_it_boils_dry_without_a_kink_and_stays_dry() -> None:
    """From full to empty, the metal then warms to the jacket; nothing is lost, nothing turns negative."""
    bench = still(model_pair(3.0), UA=200.0)
    y0 = bench.initial(V=1e-4, T=350.0, w=[0.3, 0.7])
    y = bench.solve(y0, np.linspace(0.0, 600.0, 61), method="BDF", rtol=1e-7, atol=1e-10)
    m = y[:, 1:]
    assert np.all(m > -1e-9)
    assert m[-1].sum() < 1e-5  # n_heel is 5e-6 kg of these
    assert bench.measure("T", y[-1]) == pytest.approx(400.0, abs=0.1)
    assert bench.measure("dry", y[0]) < 0.0 < bench.measure("dry", y[-1])
    assert np.all(np.isfinite(bench.rhs(0.0, np.zeros(3))))  # quite empty, too
    for name in ("w_key", "x_key", "P_bub", "psat_range"):
        assert np.isfinite(bench.measure(name, np.zeros(3)))


def test_a_dry_vessel_can_be_filled_again() -> None:
    bench = still(model_pair(3.0), inlets={"T_jacket": 400.0, "feed": {"T": 300.0, "m_flow": [1e-3, 1e-3]}})
    y = bench.solve(np.zeros(3), [0.0, 3600.0], method="BDF", rtol=1e-6)[-1]
    assert np.all(np.isfinite(y))
    fed = bench.outlet("vapour", bench.unpack(y)).m_flow + bench.outlet("product", bench.unpack(y)).m_flow
    # what is fed leaves again: 100 W/K heat faster than 2 g/s need, so all as vapour
    np.testing.assert_allclose(fed, 1e-3, rtol=1e-3)


@pytest.mark.slow
def test_solvent_swap_at_constant_level() -> None:
    """Ethanol replaced by water, level held by feeding what boils off: the closed balance of both holds."""
    bench = still({**components("ethanol", "water"), **NRTL}, inlets={"T_jacket": 380.0}, UA=300.0)
    y = bench.initial(V=5e-3, T=350.0, w=[0.9, 0.1])
    m_start = bench.unpack(y).m.copy()
    boiled, fed = np.zeros(2), 0.0
    for _ in range(120):  # a feed that follows the level in steps of a minute
        feed = 2e-3 if bench.measure("V", y) < 5e-3 else 0.0
        bench.set_inlets(T_jacket=380.0, feed_2={"T": 360.0, "m_flow": [0.0, feed]})
        rows = bench.solve(y, np.linspace(0.0, 60.0, 31), rtol=1e-8)
        boiled += simpson([bench.outlet("vapour", bench.unpack(row)).m_flow for row in rows], dx=2.0, axis=0)
        fed += 60.0 * feed
        y = rows[-1]
    x = bench.unpack(y)
    assert x.m[0] / x.m.sum() < 0.02
    # Simpson's rule over 2 s
    np.testing.assert_allclose(m_start + [0.0, fed] - x.m, boiled, rtol=1e-3)


def test_the_valve_leaves_the_heel() -> None:
    inlets = {"T_jacket": 300.0, "valve": 1.0}
    bench = still(model_pair(3.0), inlets=inlets, V_flow_max=1e-4, V_dry=1e-4)
    y = bench.solve(bench.initial(V=5e-3, T=300.0, w=[0.5, 0.5]), [0.0, 600.0])[-1]
    assert bench.measure("V", y) == pytest.approx(1e-4, rel=0.1)


def test_outside_the_fit_of_any_component_a_guard_rises() -> None:
    bench = still(components("ethanol", "water"))  # 255 to 400 K, 274 to 420 K
    for T, outside in ((265.0, True), (280.0, False), (395.0, False), (405.0, True)):
        y = bench.initial(V=5e-3, T=T, w=[0.5, 0.5])
        assert (bench.measure("psat_range", y) > 0.0) == outside


def test_a_solute_that_would_crystallize_is_a_guard() -> None:
    """Paracetamol in ethanol (Mitchell et al. 2011, doi 10.1016/j.jcrysgro.2011.06.016), water as antisolvent."""
    ethanol = {"solute": 2, "antisolvent": 1, "solubility": Solubility.EXPONENTIAL, "sol_a": 2.955e-4, "sol_b": 0.02179}
    mixture = components("ethanol", "water", "paracetamol")
    bench = still({**mixture, **ethanol, "T_sol_low": 273.15, "T_sol_high": 333.15}, fluids=3)

    def excess(T: float, m: list[float]) -> float:
        w = np.array(m) / sum(m)
        return bench.measure("oversaturated", bench.initial(V=5e-3, T=T, w=w))

    # 0.17568 kg/kg at 20 degC
    assert excess(293.15, [1.0, 0.0, 0.1756]) < 0.0 < excess(293.15, [1.0, 0.0, 0.1758])
    assert bench.measure("solubility_range", bench.initial(V=5e-3, T=340.0, w=[1.0, 0.0, 0.0])) > 0.0
    bench = still({**mixture, **ethanol, "antisolvency": Antisolvent.LOG_LINEAR, "anti_s1": 4.0}, fluids=3)
    limit = 0.17568 * np.exp(-4.0 * 0.3)
    assert excess(293.15, [0.7, 0.3, 0.99 * limit]) < 0.0 < excess(293.15, [0.7, 0.3, 1.01 * limit])
    assert still(mixture, fluids=3).measure("oversaturated", np.array([0.0, 0.0, 0.0, 1.0])) < 0.0  # not watched


def test_impossible_parameters_are_refused() -> None:
    p = still(model_pair(3.0)).p
    assert evaporator.check_params(p) == {}
    assert "T_sol_high" in evaporator.check_params(p._replace(T_sol_high=0.5))
    assert "nrtl_b" in evaporator.check_params(p._replace(activity_law=1))


def test_enthalpy_of_the_start() -> None:
    bench = still(model_pair(3.0))
    y = bench.initial(V=5e-3, T=T_REF + 10.0, w=[0.5, 0.5])
    assert bench.measure("T", y) == pytest.approx(T_REF + 10.0)
    H, fluids, _ = bench.imbalance(bench.unpack(y), np.array([2000.0, 2000.0]))
    assert abs(H) < 1e-13
    assert np.all(np.abs(fluids) < 1e-13)
