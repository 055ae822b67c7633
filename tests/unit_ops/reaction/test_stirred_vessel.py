"""The stirred vessel: ways to run it, jackets, equilibria, excursion, conservation, and in a plant."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unit_ops.reaction.stirred_vessel as stirred_vessel
from tests.unit_ops.reaction.stirred import Vessel, overflowing
from twin import jit
from twin.config import load_plant
from twin.errors import ConfigError
from twin.integrate.allocate import Latch
from twin.integrate.integrator import Integrator
from twin.integrate.outcome import Outcome
from twin.plant import compile_plant
from unit_ops.reaction.stirred_vessel import Discharge, Jacket, check_params
from unit_ops.streams import T_REF

R = 8.31446261815324
MASSES = {"A": 0.1, "B": 0.1, "C": 0.2}
SECOND_ORDER = {"equation": "A + B -> C", "k0": "0.02 L/(mol s)", "T_ref": "320 K", "E": "60 kJ/mol"}


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(stirred_vessel)


# -- ways to run it


def test_semi_batch_keeps_all_that_is_fed() -> None:
    """Two feeds into a closed vessel: volume and heat grow by what they bring, conversion is bounded by B."""
    vessel = Vessel(MASSES, [{**SECOND_ORDER, "k0": "100 L/(mol s)", "dH": 0.0}])
    vessel.set_inlets(feed=vessel.feed(1e-4, 310.0, {"B": 500.0}), feed_2=vessel.feed(5e-5, 290.0, {}), T_jacket=300.0)
    y0 = vessel.filled(0.5, 300.0, {"A": 500.0})
    y = vessel.solve(y0, [0.0, 2000.0])[-1]
    assert vessel.measure("V", y) == pytest.approx(0.5 + 0.2 + 0.1, rel=1e-9)
    assert vessel.T(y) == pytest.approx((0.5 * 300.0 + 0.2 * 310.0 + 0.1 * 290.0) / 0.8, rel=1e-9)
    # 100 mol of B came; with 150 mol of A left nearly all of it has reacted
    assert vessel.c(y, "C") * 0.8 == pytest.approx(100.0, rel=2e-4)
    assert vessel.c(y, "C") + vessel.c(y, "A") == pytest.approx(250.0 / 0.8, rel=1e-8)
    assert vessel.outlet("product", vessel.unpack(y)).m_flow.sum() == 0.0


def test_valve_drains_the_vessel_down_to_its_heel_and_no_further() -> None:
    vessel = Vessel(MASSES, discharge=Discharge.VALVE, V_flow_max=1e-3, V_weir=1.0)
    y0 = vessel.filled(0.8, 320.0, {"A": 500.0})
    vessel.set_inlets(T_jacket=300.0, valve=0.5)
    assert vessel.outlet("product", vessel.unpack(y0)).m_flow.sum() == pytest.approx(0.5, rel=1e-12)
    rows = vessel.solve(y0, [0.0, 1000.0, 1590.0, 1e5], atol=1e-10)
    volume = [vessel.measure("V", row) for row in rows]
    assert volume[1] == pytest.approx(0.3, rel=1e-8)
    assert volume[2] == pytest.approx(0.005, rel=1e-6)
    # dV/dt = −3 valve V_flow_max ((V − heel)/heel)² in the end: heel²/(3 valve V_flow_max t) above it
    assert volume[3] - 1e-3 == pytest.approx(1e-6 / (1.5e-3 * 1e5), rel=0.02)
    assert vessel.T(rows[3]) == pytest.approx(320.0, rel=1e-8)
    vessel.set_inlets(T_jacket=300.0, valve=0.0)
    assert vessel.outlet("product", vessel.unpack(y0)).m_flow.sum() == 0.0


def test_weir_holds_the_volume_and_reaction_takes_its_share() -> None:
    """First order: c/c_in = 1/(1 + k V/V_flow)."""
    vessel = Vessel(MASSES, [{"equation": "A -> B", "k0": 0.03, "E": 0.0, "dH": 0.0}], **overflowing(0.2, 1e-3))
    vessel.set_inlets(feed=vessel.feed(1e-3, 300.0, {"A": 800.0}), T_jacket=300.0)
    y = vessel.solve(vessel.filled(0.1, 300.0, {}), [0.0, 1e4])[-1]
    assert vessel.measure("V", y) == pytest.approx(0.2, rel=1e-9)
    assert vessel.c(y, "A") == pytest.approx(800.0 / 7.0, rel=1e-9)
    assert vessel.measure("n_key", y) == pytest.approx(800.0 / 7.0, rel=1e-9)
    assert vessel.measure("w_key", y) == pytest.approx(80.0 / 7000.0, rel=1e-9)
    assert vessel.measure("brimming", y) == pytest.approx(1e-3 * vessel.p.tau, rel=1e-9)


def test_denser_products_take_less_room() -> None:
    reactions = [{**SECOND_ORDER, "k0": "1 L/(mol s)", "dH": 0.0}]
    vessel = Vessel(MASSES, reactions, rho=[1000.0, 1000.0, 1000.0, 1300.0])
    y0 = vessel.initial(V=1.0, T=300.0, w=[0.6, 0.2, 0.2, 0.0])
    y = vessel.solve(y0, [0.0, 1e5])[-1]
    assert vessel.unpack(y).m.sum() == pytest.approx(1000.0, rel=1e-12)
    # 2 mol/L and equal shares: 1/(1 + k c t) of A and B are left
    left = 400.0 * vessel.c(y, "A") * vessel.measure("V", y) / 2000.0
    assert vessel.measure("V", y) == pytest.approx((600.0 + left) / 1000.0 + (400.0 - left) / 1300.0, rel=1e-9)
    assert left < 0.01


# -- reactions


@pytest.mark.parametrize("T", [300.0, 340.0])
def test_equilibrium_is_where_van_t_hoff_says(T: float) -> None:
    entry = {"equation": "A + B <-> C", "k0": "0.1 L/(mol s)", "E": "50 kJ/mol", "T_ref": "300 K", "dH": 0.0}
    vessel = Vessel(
        MASSES, [{**entry, "dH": "-40 kJ/mol", "K": "2 L/mol", "T_K": "310 K"}], jacket=Jacket.CONSTANT, UA=1e6
    )
    vessel.set_inlets(T_jacket=T)
    y = vessel.solve(vessel.filled(0.1, T, {"A": 800.0, "B": 600.0}), [0.0, 1e5])[-1]
    K = 2e-3 * math.exp(40e3 / R * (1.0 / T - 1.0 / 310.0))
    assert vessel.T(y) == pytest.approx(T, abs=1e-6)
    assert vessel.c(y, "C") / (vessel.c(y, "A") * vessel.c(y, "B")) == pytest.approx(K, rel=1e-6)


def test_any_number_of_reactions() -> None:
    """Six parallel first-order reactions are one of six times the rate."""
    entry = {"equation": "A -> B", "k0": 0.01, "E": 0.0, "dH": 0.0}
    vessel = Vessel(MASSES, [entry] * 6)
    y = vessel.solve(vessel.filled(1.0, 300.0, {"A": 1000.0}), [0.0, 10.0])[-1]
    assert vessel.c(y, "A") == pytest.approx(1000.0 * math.exp(-0.6), rel=1e-8)


def test_a_reactant_of_order_zero_is_used_up_and_no_more() -> None:
    entry = {"equation": "A -> B", "k0": "2 mol/(m^3 s)", "orders": {"A": 0}, "E": 0.0, "dH": 0.0}
    vessel = Vessel(MASSES, [entry])
    rows = vessel.solve(vessel.filled(1.0, 300.0, {"A": 100.0}), [0.0, 40.0, 60.0], "Radau", rtol=1e-8)
    assert vessel.c(rows[1], "A") == pytest.approx(20.0, rel=1e-6)
    assert abs(vessel.c(rows[2], "A")) < 0.01  # the rate fades below this


def test_adiabatic_excursion_is_noticed_where_it_passes_the_limit() -> None:
    """T − T_0 = −ΔH c/(ρ cp) of what has reacted, exactly; the guard crosses zero at the limit."""
    vessel = Vessel(MASSES, [{**SECOND_ORDER, "dH": "-80 kJ/mol"}], T_limit=330.0)
    y0 = vessel.filled(0.1, 320.0, {"A": 1000.0, "B": 1000.0})
    assert vessel.measure("excursion", y0) == pytest.approx(-10.0)
    assert vessel.measure("Q_reaction", y0) == pytest.approx(80e3 * 0.02e-3 * 1e6 * 0.1, rel=1e-12)
    y = vessel.solve(y0, [0.0, 200.0])[-1]
    assert vessel.T(y) - 320.0 == pytest.approx(80e3 * vessel.c(y, "C") / (1000.0 * 4000.0), rel=1e-8)
    assert vessel.measure("excursion", y) > 0.0
    # no wall, no jacket: theirs is the liquid's temperature
    assert vessel.measure("T_wall", y) == vessel.measure("T_shell", y) == vessel.T(y)


# -- jackets


def test_coolant_flow_from_standing_to_plenty() -> None:
    """Flow-limited: no heat at no flow, UA (T_j − T) at much of it, F (T_j − T) with a large area."""
    vessel = Vessel(MASSES, jacket=Jacket.FLOW_LIMITED, UA=200.0)
    y = vessel.filled(0.1, 320.0, {})

    def duty(**inlets: float) -> float:
        vessel.set_inlets(T_jacket=300.0, **inlets)
        return float(vessel.quadratures(vessel.unpack(y)).duty)

    assert duty(m_flow_coolant=0.0) == 0.0
    assert duty(m_flow_coolant=1e4) == pytest.approx(-200.0 * 20.0, rel=1e-5)
    assert duty(m_flow_coolant=1e-3) == pytest.approx(-4.1813 * 20.0, rel=1e-12)


def test_dynamic_jacket_settles_between_liquid_and_coolant() -> None:
    """A fed vessel at steady state: F (T_shell − T_in) = UA (T − T_shell) = ṁ cp (T_feed − T)."""
    vessel = Vessel(MASSES, jacket=Jacket.DYNAMIC, UA=300.0, C_jacket=4e4, **overflowing(0.1, 1e-4))
    vessel.set_inlets(feed=vessel.feed(1e-4, 350.0, {}), T_jacket=290.0, m_flow_coolant=0.1, Q_jacket=500.0)
    y = vessel.solve(vessel.filled(0.1, 300.0, {}), [0.0, 1e5])[-1]
    T, T_shell = vessel.T(y), vessel.measure("T_shell", y)
    assert 300.0 * (T - T_shell) == pytest.approx(400.0 * (350.0 - T), rel=1e-7)
    assert 418.13 * (T_shell - 290.0) == pytest.approx(400.0 * (350.0 - T) + 500.0, rel=1e-7)


def test_wall_delays_and_resists() -> None:
    """Left alone, liquid, wall and jacket share their heat; the steady flow of heat sees both resistances."""
    jacket = {"jacket": Jacket.WALL, "UA": 300.0, "UA_wall": 600.0, "C_wall": 5e4, "C_jacket": 4e4}
    vessel = Vessel(MASSES, **jacket)
    y0 = vessel.filled(0.1, 320.0, {}, T_excess=-30.0)
    assert vessel.measure("T_wall", y0) == pytest.approx(290.0)
    y = vessel.solve(y0, [0.0, 1e5])[-1]
    T = (4e5 * 320.0 + 9e4 * 290.0) / 4.9e5
    for name in ("T", "T_wall", "T_shell"):
        assert vessel.measure(name, y) == pytest.approx(T, abs=1e-6)
    vessel = Vessel(MASSES, **jacket, **overflowing(0.1, 1e-4))
    vessel.set_inlets(feed=vessel.feed(1e-4, 350.0, {}), T_jacket=290.0, m_flow_coolant=0.1)
    y = vessel.solve(vessel.filled(0.1, 300.0, {}), [0.0, 1e5])[-1]
    lost = 400.0 * (350.0 - vessel.T(y))
    assert 200.0 * (vessel.T(y) - vessel.measure("T_shell", y)) == pytest.approx(lost, rel=1e-7)


def test_what_a_jacket_needs_is_asked_for() -> None:
    made = Vessel(MASSES, jacket=Jacket.WALL, UA=300.0, UA_wall=600.0, C_wall=5e4, C_jacket=4e4).p
    assert check_params(made) == {}
    assert check_params(made._replace(C_wall=0.0)) == {"C_wall": "'C_wall' must be positive with 'jacket: wall'"}
    assert list(check_params(made._replace(jacket=Jacket.DYNAMIC, C_jacket=0.0, UA=0.0))) == ["UA", "C_jacket"]
    assert check_params(made._replace(jacket=Jacket.ADIABATIC, UA=0.0)) == {}
    assert list(check_params(made._replace(discharge=Discharge.VALVE))) == ["V_flow_max"]


# -- conservation


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(Jacket)), st.sampled_from(list(Discharge)))
def test_balances_close_to_rounding(seed: int, jacket: Jacket, discharge: Discharge) -> None:
    rng = np.random.default_rng(seed)
    reactions = [
        {**SECOND_ORDER, "dH": "-80 kJ/mol"},
        {"equation": "2 A <-> C", "k0": 1e-7, "E": "10 kJ/mol", "T_ref": "320 K", "dH": "20 kJ/mol", "K": "1 L/mol"},
        {"equation": "A -> B", "k0": 1e-3, "E": 0.0, "dH": "-5 kJ/mol", "orders": {"A": "0.5"}},
    ]
    vessel = Vessel(
        MASSES, reactions, jacket=jacket, discharge=discharge, V_weir=0.1, V_flow_max=1e-3, tau=50.0, UA=300.0,
        UA_wall=600.0, C_wall=5e4, C_jacket=4e4, cp=rng.uniform(1e3, 4e3, 4), rho=rng.uniform(700, 1500, 4),
    )  # fmt: skip
    vessel.set_inlets(
        feed={"T": rng.uniform(280, 350), "m_flow": rng.random(4) * 1e-2},
        feed_2={"T": rng.uniform(280, 350), "m_flow": rng.random(4) * 1e-2},
        T_jacket=rng.uniform(280, 350), m_flow_coolant=rng.random(), Q_jacket=500.0, valve=rng.random(),
    )  # fmt: skip
    y = vessel.initial(V=rng.uniform(0.02, 0.2), T=rng.uniform(280, 350), w=rng.dirichlet(np.ones(4)), T_excess=-20.0)
    H, fluids, _ = vessel.imbalance(vessel.unpack(y), vessel.p.cp)
    # a reversible pair near equilibrium cancels to a small part of either way
    assert abs(H) < 1e-12
    assert np.all(np.abs(fluids) < 1e-12)


def test_initial_state_is_what_was_asked_for() -> None:
    vessel = Vessel(MASSES, rho=[790.0, 1000.0, 1000.0, 1200.0])
    y = vessel.initial(V=0.3, T=340.0, w=[0.4, 0.3, 0.2, 0.1])
    assert vessel.measure("V", y) == pytest.approx(0.3, rel=1e-13)
    assert vessel.T(y) == pytest.approx(340.0, rel=1e-13)
    assert vessel.measure("w_key", y) == pytest.approx(0.3, rel=1e-13)
    assert vessel.unpack(y).H == pytest.approx(float(vessel.unpack(y).m @ vessel.p.cp) * (340.0 - T_REF), rel=1e-13)


# -- in a plant

VESSEL = """
    model: reaction.stirred_vessel
    reactions: [{equation: A -> B, k0: 0.3 1/min, E: 0 J/mol, dH: -50 kJ/mol}]
    params: {discharge: weir, jacket: JACKET, V_weir: 1.8 L, tau: 100 s, T_limit: 35 degC, key: A, T_jacket: 25 degC}
    initial: {V: 2 L, T: 25 degC, w: {water: 1}}
"""
CASCADE = f"""
twin: 1
title: Two stirred vessels in series
fluids: [water, A, B]
components:
  water: {{rho_liquid: 1000 kg/m^3, cp_liquid: 4000 J/(kg K)}}
  A: {{molar_mass: 100 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 4000 J/(kg K)}}
  B: {{molar_mass: 100 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 4000 J/(kg K)}}
units:
  first: {VESSEL}
  second: {VESSEL}
feeds:
  supply: {{T: 25 degC, m_flow: {{water: 1.8 g/s, A: 0.2 g/s}}}}
connections:
  - supply -> first.feed
  - first.product -> second.feed
  - second.product -> out
products: [out]
"""


def plant(tmp_path: Path, jacket: str) -> Any:
    path = tmp_path / "cascade.yaml"
    path.write_text(CASCADE.replace("JACKET", jacket), encoding="utf-8")
    return load_plant(path)


def test_cascade_is_vessels_in_series(tmp_path: Path) -> None:
    """Two vessels of 1000 s, chained in YAML, k = 5e-3 1/s: 1/36 of A is left, the rest has warmed them by 12.15 K."""
    made = compile_plant(plant(tmp_path, "adiabatic"))
    run = Integrator(made, rtol=1e-9)
    assert run.advance(20 * 3600.0).outcome is Outcome.FINISHED
    at = {c.path: c.offset for c in made.columns if c.vector == "y"}
    m = run.y[at["second.m"] :][:3]
    T = T_REF + run.y[at["second.H"]] / (4000.0 * m.sum())
    assert m == pytest.approx([1.8, 0.2 / 36.0, 0.2 * 35.0 / 36.0], rel=1e-7)
    assert T - 298.15 == pytest.approx(50e3 * 35.0 / 36.0 / 4000.0, rel=1e-7)


def test_a_run_can_stop_at_the_excursion(tmp_path: Path) -> None:
    """The first vessel warms by 10.4 K in the end: it passes 35 °C on the way, and the run stops there."""
    made = compile_plant(plant(tmp_path, "adiabatic"))
    run = Integrator(made, rtol=1e-8, latches=[Latch(made.guard_names.index("first.excursion"), +1)])
    ending = run.advance(20 * 3600.0)
    assert ending.outcome is Outcome.GUARD
    at = {c.path: c.offset for c in made.columns if c.vector == "y"}
    m = run.y[at["first.m"] :][:3]
    assert T_REF + run.y[at["first.H"]] / (4000.0 * m.sum()) == pytest.approx(308.15, abs=1e-6)


def test_a_plant_without_what_its_jacket_needs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'UA' must be positive with 'jacket: constant'"):
        plant(tmp_path, "constant")
