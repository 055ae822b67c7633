"""The tubular reactor: residence times, conversion with dispersion, heat, flow, conservation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

import unit_ops.reaction.plug_flow as plug_flow
from tests.unit_ops.piping.bench import Bench
from twin import jit
from unit_ops.reaction.network import configure_reactions
from unit_ops.reaction.plug_flow import Scheme
from unit_ops.streams import T_REF

V = 1e-3
TAU_FLOW = 0.01
FLUIDS = ("S", "A", "B", "C")
COMPONENTS = {"S": {}, "A": {"molar_mass": 0.1}, "B": {"molar_mass": 0.1}, "C": {"molar_mass": 0.2}}
CP = 2000.0


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(plug_flow)


def tube(
    cells: int,
    tau: float = 100.0,
    Pe: float | None = None,
    feed: Any = (0.9, 0.1, 0.0, 0.0),
    reactions: Any = (),
    **more: Any,
) -> Bench:
    """A tube of residence time tau; all components of 1000 kg/m³ and 2000 J/(kg K) unless given.

    What its last cell holds too much, flow × tau_flow, is 1e-4 of that cell at tau = 100 s.
    """
    dims, network = configure_reactions(list(reactions), FLUIDS, COMPONENTS)
    Q = V / tau
    length = 10.0
    D_ax = 0.0 if Pe is None else Q * length**2 / (V * Pe)
    params: dict[str, Any] = {
        "V": V, "length": length, "D_ax": D_ax, "UA": 0.0, "key": 1, "cp": CP, "rho": 1000.0,
        "molar_mass": [0.046, 0.1, 0.1, 0.2], "tau_flow": TAU_FLOW, **network, **more,
    }  # fmt: skip
    m_flow = 1000.0 * Q * np.asarray(feed)
    return Bench(
        plug_flow, {"fluids": 4, "solids": 1, "cells": cells, **dims}, params,
        feed={"T": more.get("T_in", 320.0), "m_flow": m_flow}, T_jacket=320.0,
    )  # fmt: skip


def flowing(bench: Bench, w: Any, T: float = 320.0) -> np.ndarray:
    """State in steady flow, of one composition and temperature."""
    Q = float((bench.u.feed.m_flow / bench.p.rho).sum())
    x = bench.unpack(bench.initial(T=T, w=w))
    x.m[:, -1] *= 1.0 + Q * TAU_FLOW / V
    x.H[-1] *= 1.0 + Q * TAU_FLOW / V
    return bench.pack(x)


def solve(bench: Bench, y0: np.ndarray, times: Any, rtol: float, atol: float) -> np.ndarray:
    """States at `times` by BDF, told that a cell depends on two before it and one behind it."""
    cells = bench.dims["cells"]
    cell = np.arange(y0.size) % cells
    ahead = cell[:, None] - cell[None, :]
    pattern = (ahead <= 2) & (ahead >= -1)
    return bench.solve(y0, times, "BDF", rtol, atol, jac_sparsity=csr_matrix(pattern))


def scale(bench: Bench) -> np.ndarray:
    x = bench.unpack(flowing(bench, [1.0, 0.0, 0.0, 0.0]))
    return bench.pack(bench.State(np.full_like(x.m, x.m.max()), np.full_like(x.H, x.H.max())))


def profile(bench: Bench, y: np.ndarray, i: int) -> np.ndarray:
    """Mass fraction of component i along the tube."""
    m = bench.unpack(y).m
    return np.asarray(m[i] / m.sum(axis=0))


def face_flows(bench: Bench, x: Any) -> np.ndarray:
    """Net mass flow across every face [kg/s]."""
    return np.asarray(
        plug_flow.transport(x, bench.u, bench.p, bench.lent(plug_flow.Work), bench.lent(plug_flow.Transport)).m_flow
    )


def order(errors: list[float]) -> float:
    """Observed order of the last refinement by two."""
    return float(np.log2(errors[-2] / errors[-1]))


STEP_RESPONSE = {
    10.0: [0.0003966508, 0.0681142060, 0.3118168214, 0.5803326769, 0.8820556743, 0.9715276706, 0.9985420232],
    20.0: [1.060953e-6, 0.0151487666, 0.2128509743, 0.5598891951, 0.9319100939, 0.9932152588, 0.9999571208],
}
THETA = np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0])


@pytest.mark.parametrize("Pe", list(STEP_RESPONSE))
def test_step_response_with_closed_ends(Pe: float) -> None:
    """Outlet step response of axial dispersion, closed-closed (Danckwerts 1953), by numerical inversion.

    A tenth of tracer, so that neither the limiter nor the density matters; second order in the cell.
    """
    errors = []
    for cells in (20, 40, 80):
        bench = tube(cells, Pe=Pe)
        y = solve(bench, flowing(bench, [1.0, 0.0, 0.0, 0.0]), np.r_[0.0, 100.0 * THETA], rtol=1e-6, atol=1e-9)
        F = np.array([profile(bench, row, 1)[-1] / 0.1 for row in y[1:]])
        errors.append(float(np.abs(F - STEP_RESPONSE[Pe]).max()))
    assert errors[-1] < 5e-4 * Pe / 10.0
    assert order(errors) > 1.9


CONVERSION = [(1.0, 1.0, 0.4676558815), (10.0, 0.5, 0.6192152109), (10.0, 2.0, 0.1773340643), (10.0, 5.0, 0.0238789346)]


@pytest.mark.parametrize(("Pe", "Da", "expected"), CONVERSION)
def test_first_order_reaction_with_dispersion(Pe: float, Da: float, expected: float) -> None:
    """Danckwerts 1953: c_out/c_in = 4a e^(Pe/2)/[(1+a)² e^(aPe/2) − (1−a)² e^(−aPe/2)]."""
    reactions = [{"equation": "A -> B", "k0": Da / 100.0, "E": 0.0, "dH": 0.0}]
    errors = []
    for cells in (15, 30, 60):
        bench = tube(cells, Pe=Pe, reactions=reactions)
        y = bench.steady(flowing(bench, [0.9, 0.05, 0.05, 0.0]), scale(bench))
        errors.append(abs(profile(bench, y, 1)[-1] / 0.1 - expected))
    assert errors[-1] < 1.5e-3 * expected * max(Da, 1.0)
    assert order(errors) > 1.9


def test_profile_with_dispersion() -> None:
    """Pe = 10, Da = 2 at a quarter, half and three quarters; cells on either side averaged."""
    bench = tube(80, Pe=10.0, reactions=[{"equation": "A -> B", "k0": 0.02, "E": 0.0, "dH": 0.0}])
    c = profile(bench, bench.steady(flowing(bench, [0.9, 0.05, 0.05, 0.0]), scale(bench)), 1) / 0.1
    at = [0.5 * (c[k - 1] + c[k]) for k in (20, 40, 60)]
    # averaging and the scheme err by some (Δz)² c'' = 4e-4 at 80 cells
    assert at == pytest.approx([0.5572454780, 0.3636263229, 0.2384077641], rel=1e-3)


@pytest.mark.slow
def test_first_order_scheme_is_a_cascade_of_tanks() -> None:
    """50 upwind cells of A + B -> C at k = 0.2989958982 L/(mol s), 0.15 mol/L each, 1800 s: 50 equal tanks.

    The case of PharmaPy's plug-flow test, recomputed to nine digits as a cascade.
    """
    reactions = [{"equation": "A + B -> C", "k0": "0.2989958982 L/(mol s)", "E": 0.0, "dH": 0.0}]
    # 0.15 mol/L of 0.1 kg/mol each: 15 kg of 1000
    # one cell more, of the same size: the last one holds a little more than the others
    bench = tube(51, tau=51 * 36.0, feed=[0.97, 0.015, 0.015, 0.0], reactions=reactions, scheme=Scheme.UPWIND)
    y = bench.steady(flowing(bench, [0.97, 0.01, 0.01, 0.01]), scale(bench))
    c = profile(bench, y, 1) * 1000.0 / 0.1 * 1e-3  # mol/L
    assert c[24] == pytest.approx(4.1358776e-3, rel=1e-7)
    assert c[49] == pytest.approx(1.98761764e-3, rel=1e-8)


def test_adiabatic_temperature_rise() -> None:
    """T_out = T_in − ΔH (moles converted)/(m cp), exactly, at any conversion, dispersion and grid."""
    entry = {"equation": "A + B -> C", "k0": "0.02 L/(mol s)", "T_ref": "320 K", "E": "60 kJ/mol"}
    reactions = [{**entry, "dH": "-80 kJ/mol"}]
    for cells, Pe in ((10, 10.0), (30, None)):
        bench = tube(cells, Pe=Pe, feed=[0.8, 0.1, 0.1, 0.0], reactions=reactions)
        # the ignited branch is reached in time, not by Newton's method from cold
        y0 = solve(bench, flowing(bench, [0.8, 0.1, 0.1, 0.0]), [0.0, 1000.0], rtol=1e-6, atol=1e-9)[-1]
        y = bench.steady(y0, scale(bench))
        converted = 0.1 - profile(bench, y, 1)[-1]
        assert 0.01 < converted < 0.0999
        assert bench.measure("T_out", y) - 320.0 == pytest.approx(80e3 * converted / 0.1 / CP, rel=1e-9)
        assert bench.measure("T_max", y) >= bench.measure("T_out", y)


def test_arrhenius_about_a_reference_temperature() -> None:
    entry = {"equation": "A + B -> C", "k0": "2 L^2/(mol^2 s)", "T_ref": "350 K", "E": "60 kJ/mol", "dH": 0.0}
    bench = tube(5, reactions=[{**entry, "orders": {"A": 2, "B": 1}}])
    x = bench.unpack(bench.initial(T=330.0, w=[0.7, 0.2, 0.1, 0.0]))
    c_A, c_B = 2000.0, 1000.0  # mol/m³
    r = 2e-6 * np.exp(-6e4 / 8.31446261815324 * (1.0 / 330.0 - 1.0 / 350.0)) * c_A**2 * c_B
    assert bench.env(x)["a"].extent_1 == pytest.approx(r * V, rel=1e-12)
    assert bench.env(x)["a"].extent_2 == 0.0


def test_jacketed_tube_without_dispersion() -> None:
    """(T_out − T_jacket)/(T_in − T_jacket) = exp(−UA/(ṁ cp)), to second order."""
    errors = []
    for cells in (15, 30, 60):
        bench = tube(cells, UA=20.0)
        bench.set_inlets(feed={"T": 340.0, "m_flow": bench.u.feed.m_flow}, T_jacket=300.0)
        y = bench.steady(flowing(bench, [0.9, 0.1, 0.0, 0.0], T=320.0), scale(bench))
        exact = 300.0 + 40.0 * np.exp(-20.0 / (bench.u.feed.m_flow.sum() * CP))
        errors.append(abs(bench.measure("T_out", y) - exact))
    assert errors[-1] < 5e-3
    assert order(errors) > 1.7


@pytest.mark.slow
def test_composition_front_leaves_temperature_alone() -> None:
    """Components of other heat capacity arriving at the same temperature change it nowhere."""
    bench = tube(40, Pe=100.0, feed=[0.0, 1.0, 0.0, 0.0], cp=[2000.0, 4000.0, 1000.0, 1500.0])
    y = solve(bench, flowing(bench, [1.0, 0.0, 0.0, 0.0]), [0.0, 50.0], rtol=1e-8, atol=1e-10)[-1]
    x = bench.unpack(y)
    assert 0.1 < profile(bench, y, 1)[20] < 0.9
    T = T_REF + x.H / (bench.p.cp @ x.m)
    assert T == pytest.approx(320.0, abs=1e-4)  # the integrator's tolerance


def test_flow_follows_the_feed_and_stops_with_it() -> None:
    bench = tube(60)
    feed = bench.u.feed.m_flow
    y = bench.initial(T=320.0, w=[0.9, 0.1, 0.0, 0.0])
    assert bench.outlet("product", bench.unpack(y)).m_flow.sum() == 0.0
    # the smoothing of the flow law lengthens the start a little: 3 tau_flow for the last percent
    y = solve(bench, y, [0.0, 3.0 * TAU_FLOW], 1e-6, 1e-9)[-1]
    assert bench.outlet("product", bench.unpack(y)).m_flow.sum() == pytest.approx(feed.sum(), rel=0.01)
    bench.set_inlets(feed={"T": 320.0, "m_flow": 0.0}, T_jacket=320.0)
    y = solve(bench, y, [0.0, 3600.0], 1e-6, 1e-9)[-1]
    assert bench.outlet("product", bench.unpack(y)).m_flow.sum() < 1e-4 * feed.sum()
    assert bench.measure("V_liquid", y) == pytest.approx(V, rel=1e-3)


@pytest.mark.slow
def test_density_change_by_reaction_drives_the_outflow() -> None:
    """A denser product takes less room: mass leaves as it enters, and the tube stays full."""
    reactions = [{"equation": "A + B -> C", "k0": "1e-1 L/(mol s)", "E": 0.0, "dH": 0.0}]
    bench = tube(20, feed=[0.4, 0.3, 0.3, 0.0], reactions=reactions, rho=[1000.0, 1000.0, 1000.0, 1300.0])
    y = bench.steady(flowing(bench, [0.4, 0.2, 0.2, 0.2]), scale(bench))
    product = bench.outlet("product", bench.unpack(y))
    assert product.m_flow.sum() == pytest.approx(bench.u.feed.m_flow.sum(), rel=1e-10)
    assert (product.m_flow / bench.p.rho).sum() < 0.95 * bench.u.feed.m_flow.sum() / 1000.0
    # what shrinks by 13 % leaves cells 0.13 % less than full
    assert 0.998 * V < bench.measure("V_liquid", y) < V


def test_inner_faces_carry_the_feed_at_once() -> None:
    """A liquid-full tube: every face but the last has the feed's flow as soon as there is a feed, none without."""
    bench = tube(20)
    x = bench.unpack(bench.initial(T=320.0, w=[0.9, 0.1, 0.0, 0.0]))
    feed = float(bench.u.feed.m_flow.sum())
    flows = face_flows(bench, x)
    assert flows[:-1] == pytest.approx(np.full(20, feed), rel=1e-12)
    assert flows[-1] == 0.0
    bench.set_inlets(feed={"T": 320.0, "m_flow": 0.0}, T_jacket=320.0)
    assert np.all(face_flows(bench, x) == 0.0)


def test_cells_come_back_to_their_volume() -> None:
    """Cells 2 % too full or too empty are even again after two hundredths of a residence time of flow; stopped, they
    keep what is 1 % too much and pass on the rest."""
    bench = tube(20, tau=100.0)
    x = bench.unpack(bench.initial(T=320.0, w=[0.9, 0.1, 0.0, 0.0]))
    uneven = bench.pack(bench.State(x.m * (1.0 + 0.02 * (-1.0) ** np.arange(20)), x.H))
    rho = bench.p.rho[0]
    y = solve(bench, uneven, [0.0, 8.0], 1e-6, 1e-9)[-1]
    excess = bench.unpack(y).m.sum(axis=0) * 20 / (V * rho) - 1.0
    assert np.all(np.abs(excess) < 2e-3)
    bench.set_inlets(feed={"T": 320.0, "m_flow": 0.0}, T_jacket=320.0)
    full = bench.pack(bench.State(x.m * 1.02, x.H * 1.02))
    y = solve(bench, full, [0.0, 1000.0], 1e-6, 1e-9)[-1]
    excess = bench.unpack(y).m.sum(axis=0) * 20 / (V * rho) - 1.0
    assert np.all(np.abs(excess[:-1] - 0.01) < 1e-3)
    assert 0.0 <= excess[-1] < 1e-4


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(Scheme)))
def test_balances_close_to_rounding(seed: int, scheme: Scheme) -> None:
    rng = np.random.default_rng(seed)
    reactions = [
        {"equation": "A + B -> C", "k0": "1e-2 L/(mol s)", "T_ref": "320 K", "E": "60 kJ/mol", "dH": "-80 kJ/mol"},
        {"equation": "2 A -> C", "k0": 1e-7, "E": "10 kJ/mol", "dH": "20 kJ/mol"},
        {"equation": "A -> B", "k0": 1e-3, "E": 0.0, "dH": "-5 kJ/mol", "orders": {"A": "0.5"}},
    ]
    bench = tube(
        30, Pe=rng.uniform(1, 100), reactions=reactions, scheme=scheme, UA=10.0, cp=rng.uniform(1e3, 4e3, 4),
        rho=rng.uniform(700, 1500, 4), tau_flow=1.0,
    )  # fmt: skip
    bench.set_inlets(feed={"T": rng.uniform(280, 350), "m_flow": rng.random(4) * 1e-2}, T_jacket=rng.uniform(280, 350))
    x = bench.unpack(bench.initial(T=320.0, w=[0.4, 0.3, 0.2, 0.1]))
    x = bench.State(x.m * rng.uniform(0.5, 1.5, x.m.shape), x.H * rng.uniform(0.5, 1.5, x.H.shape))
    H, fluids, _ = bench.imbalance(x, bench.p.cp)
    # sums over 30 cells of terms that cancel between neighbours, each up to some hundred times the net flows
    assert abs(H) < 1e-12
    assert np.all(np.abs(fluids) < 1e-12)


def test_initial_state_is_what_was_asked_for() -> None:
    bench = tube(10, rho=[790.0, 1000.0, 1000.0, 1200.0])
    T = np.linspace(300.0, 340.0, 10)
    y = bench.initial(T=T, w=[0.4, 0.3, 0.2, 0.1])
    assert bench.measure("V_liquid", y) == pytest.approx(V, rel=1e-13)
    assert bench.measure("T_out", y) == pytest.approx(340.0, rel=1e-13)
    assert bench.measure("T_max", y) == pytest.approx(340.0, rel=1e-13)
    assert bench.measure("w_key", y) == pytest.approx(0.3, rel=1e-13)


def test_a_front_undershoots_by_less_than_its_bound() -> None:
    """A sharp front of a component into a tube without it: negative cells hold less than 1e-5 of the holdup."""
    bench = tube(60, Pe=1000.0)
    y = solve(bench, flowing(bench, [1.0, 0.0, 0.0, 0.0]), np.linspace(0.0, 150.0, 31), rtol=1e-7, atol=1e-12)
    worst = 0.0
    for row in y:
        m = bench.unpack(row).m
        worst = max(worst, float((-np.minimum(m, 0.0).sum(axis=1)).max() / m.sum()))
    assert worst < 1e-5
