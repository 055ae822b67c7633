"""The stirred crystallizer: closed-form steady states, a published batch, conservation, limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unit_ops.crystallization.msmpr as msmpr
from tests.unit_ops.piping.bench import Bench
from twin import jit
from unit_ops.crystallization.laws import R_GAS, Basis, DrivingForce, Limiter, Solubility
from unit_ops.streams import T_REF


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(msmpr)


# -- continuous, against the closed form


def continuous(bins: int, top: float, limiter: Limiter = Limiter.VAN_ALBADA, **kinetics: float) -> tuple[Bench, float]:
    """1800 s residence, feed 2 kg/m³, c* = 1.2 kg/m³; solute and crystals of one density, so that volume is constant.

    Gives the bench and its slurry volume.
    """
    tau_weir = 20.0
    V = 1.0 / (1.0 - tau_weir / 1800.0)
    solvent = 1000.0 * (1.0 - 2.0 / 1200.0)  # kg per m³ of slurry
    params: dict[str, Any] = {
        "tau": tau_weir, "V_weir": 1.0, "UA": 0.0, "dH_cryst": 0.0, "kv": 0.524, "solute": 1, "solvent": 0,
        "crystal": 0, "solubility": Solubility.POLYNOMIAL, "sol_a": 1.2 / solvent, "kg": 1e-7, "g": 1.0,
        "rho_solvent": 1000.0,
        "cp": 4000.0, "rho": [1000.0, 1200.0], "molar_mass": 0.1, "cp_solid": 4000.0, "rho_solid": 1200.0,
        "L_edges": np.linspace(0.0, top, bins + 1), "limiter": limiter, "M_typical": 0.6, **kinetics,
    }  # fmt: skip
    feed = {"T": 300.0, "m_flow": [solvent * V / 1800.0, 2.0 * V / 1800.0]}
    return Bench(msmpr, {"fluids": 2, "solids": 1, "bins": bins}, params, feed=feed, T_jacket=300.0), V


def steady(bench: Bench, V: float, S: float) -> np.ndarray:
    """Steady state, sought from an exponential distribution of twice the right mean size."""
    M = 2.0 - 1.2 * (1.0 + S)
    x = bench.p.L_edges / (2.0 * 1e-7 * S * 1800.0)
    share = np.diff(-np.exp(-x) * (x**3 + 3.0 * x**2 + 6.0 * x + 6.0) / 6.0)
    crystals = M * V * share
    solvent = float(bench.u.feed.m_flow[0]) * 1800.0
    solute = 2.0 * V - crystals.sum()
    H = 4000.0 * (solvent + 2.0 * V) * (300.0 - T_REF)
    y = np.concatenate([[H, solvent, solute], crystals])
    return bench.steady(y, np.concatenate([[H, solvent, solute], np.full(crystals.size, M * V / crystals.size)]))


CLOSED_FORMS = [
    ({"k2": 5e8, "b2": 2.0, "j": 1.0}, 6e-4, 0.138246848033, 99.5377306e-6, 1.090720133695e10),
    ({"k1": 1e7, "b1": 2.0}, 1.2e-3, 0.261681655385, 188.410791877e-6, 1e7 * 0.261681655385**2 * 1800.0),
]


@pytest.mark.parametrize(("kinetics", "top", "S", "L43", "mu_0"), CLOSED_FORMS, ids=["secondary", "primary"])
def test_closed_form_with_mass_balance(
    kinetics: dict[str, float], top: float, S: float, L43: float, mu_0: float
) -> None:
    """Randolph and Larson's exponential distribution closed by the solute balance (kg 1e-7, ρ 1200, kv 0.524).

    S = [6 ρ kv kb kg³ τ⁴]^(−1/5) with nucleation ∝ M_T, whatever the feed. Second order in the class
    width; extrapolated from 100 and 200 classes, what is left is the next order, some 1e-4.
    """
    got = {}
    for bins in (50, 100, 200):
        bench, V = continuous(bins, top, **kinetics)
        y = steady(bench, V, S)
        got[bins] = np.array([bench.measure(name, y) for name in ("S", "L43", "mu_0")])
        assert bench.measure("V", y) == pytest.approx(V, rel=1e-9)
        assert bench.measure("T", y) == pytest.approx(300.0, rel=1e-9)
    exact = np.array([S, L43, mu_0])
    assert got[200] == pytest.approx(exact, rel=4e-3)
    error = {bins: np.abs(value / exact - 1.0) for bins, value in got.items()}
    assert np.all(np.log2(error[100] / error[200]) > 1.7)  # 2 in the limit; L43 comes near it from below
    assert (4.0 * got[200] - got[100]) / 3.0 == pytest.approx(exact, rel=5e-4)


@pytest.mark.parametrize(
    ("limiter", "error"), [(Limiter.UPWIND, 0.036), (Limiter.VAN_LEER, 2e-3), (Limiter.KOREN, 2e-3)]
)
def test_other_limiters(limiter: Limiter, error: float) -> None:
    """Their errors at 200 classes: first order is twenty times worse, and no better than that."""
    kinetics, top, S, _, _ = CLOSED_FORMS[0]
    bench, V = continuous(200, top, limiter, **kinetics)
    found = abs(bench.measure("S", steady(bench, V, S)) / S - 1.0)
    assert 0.3 * error < found < error


# -- batch, against published trajectories

#: Seed moments mu_0 … mu_4 per gram, 125-250 um (Nikolić and Frawley 2016).
SEED = 7.0109 * np.array([514967.2105, 42.56573654, 5.234078e-3, 8.84516e-7, 1.90332e-10])
TIMES = np.array([0.0, 60.0, 300.0, 600.0, 1200.0, 3000.0])
PUBLISHED = np.array([0.275395968, 0.271114217, 0.250033471, 0.223865855, 0.196105176, 0.180147151])


def seed_numbers(L: np.ndarray) -> np.ndarray:
    """Crystals in each class: a gamma distribution times the polynomial that gives the published moments."""
    fine = np.linspace(L[0], L[-1], 40 * (L.size - 1) + 1)
    size = 0.5 * (fine[1:] + fine[:-1]) / 1e-4
    base = size**0.8 * np.exp(-size / 0.45)
    width = fine[1] - fine[0]
    gram = np.array([[np.sum(base * size ** (k + q)) * width for q in range(5)] for k in range(5)])
    factors = np.linalg.solve(gram, SEED / 1e-4 ** np.arange(5))
    n = base * np.polynomial.polynomial.polyval(size, factors)
    assert n.min() > -2e-3 * n.max()  # the polynomial dips below zero far out in the tail
    return np.asarray((n * width).reshape(-1, 40).sum(axis=1))


def batch(bins: int, limiter: Limiter = Limiter.VAN_ALBADA, **more: Any) -> tuple[Bench, np.ndarray]:
    """0.5 L of ethanol at 293.15 K with 7.0109 g of seed; isothermal, since no heat is released."""
    L = np.linspace(1e-6, 1.2e-3, bins + 1)
    params: dict[str, Any] = {
        "tau": 1.0, "V_weir": 1.0, "UA": 0.0, "dH_cryst": 0.0, "kv": 0.866, "solute": 1, "solvent": 0, "crystal": 0,
        "sol_a": 2.955e-4, "sol_b": 0.02179, "kg": 9.979, "Eg": 40560.0 * R_GAS / 8.3144, "g": 1.602,
        "k1": 1.597e10 / 60.0, "b1": 2.276, "rho_solvent": 789.0, "force": DrivingForce.MOLAR, "basis": Basis.SOLVENT,
        "cp": [2440.0, 2000.0], "rho": [789.0, 1200.0], "molar_mass": [0.046069, 0.151163],
        "cp_solid": 2000.0, "rho_solid": 1332.0, "L_edges": L, "M_typical": 0.045, "limiter": limiter, **more,
    }  # fmt: skip
    bench = Bench(msmpr, {"fluids": 2, "solids": 1, "bins": bins}, params, T_jacket=293.15)
    crystals = 1332.0 * 0.866 * 0.25 * (L[1:] + L[:-1]) * (L[1:] ** 2 + L[:-1] ** 2) * seed_numbers(L)
    solvent = 0.5e-3 * 789.0
    solute = solvent * PUBLISHED[0]
    C = solvent * 2440.0 + (solute + crystals.sum()) * 2000.0
    return bench, np.concatenate([[C * (293.15 - T_REF), solvent, solute], crystals])


@pytest.mark.slow
def test_paracetamol_in_ethanol_batch() -> None:
    """Concentrations, D43 and number of the seeded isothermal batch, by the exact moment equations.

    Mitchell et al. 2011 kinetics as tabulated by Nikolić and Frawley 2016 (doi
    10.1016/j.ces.2015.08.052), with their R = 8.3144 J/(mol K); nuclei of 1 um, as the grid begins.
    """
    errors, rest = [], []
    for bins in (200, 400, 800):
        bench, y0 = batch(bins)
        y = bench.solve(y0, TIMES, rtol=1e-7, atol=1e-10)
        errors.append(np.abs(y[:, 2] / y[:, 1] / PUBLISHED - 1.0).max())
        number = bench.measure("mu_0", y[-1]) * bench.measure("V", y[-1]) / 0.5e-3
        rest.append([abs(number / 3.045278e10 - 1.0), abs(bench.measure("L43", y[-1]) / 238.1214e-6 - 1.0)])
        assert bench.measure("T", y[-1]) == pytest.approx(293.15, abs=1e-9)
    # a front of nuclei is not smooth: the order lies between 1 and 2 and is 1.4 here
    assert np.all(np.log2(np.array(errors[:-1]) / errors[1:]) > 1.3)
    assert errors[-1] < 1.5e-4
    assert np.all(np.array(rest[-1]) < 6e-4)


@pytest.mark.parametrize("method", ["LSODA", "BDF", "RK23"])
@pytest.mark.parametrize("rtol", [1e-3, 1e-6])
def test_closed_crystallizer_keeps_its_mass_with_any_integrator(method: str, rtol: float) -> None:
    """Liquor loses exactly what crystals gain, so mass closes to rounding however crude the steps."""
    bench, y0 = batch(200, k1=1e9)
    y = bench.solve(y0, [0.0, 100.0], method=method, rtol=rtol, atol=1e-8)
    assert abs(y[-1, 2] - y0[2]) > 1e-3 * y0[2]
    assert abs(y[-1, 1:].sum() / y0[1:].sum() - 1.0) < 1e-12


# -- balances, limits


def warm(bins: int = 40, **more: Any) -> Bench:
    params: dict[str, Any] = {
        "tau": 60.0, "V_weir": 1e-3, "UA": 5.0, "dH_cryst": -1.75e5, "kv": 0.866, "solute": 1, "solvent": 0,
        "crystal": 1, "sol_a": 2.955e-4, "sol_b": 0.02179, "kg": 9.979, "Eg": 40560.0, "g": 1.602, "kd": 1e-7,
        "k1": 2.66e8, "b1": 2.276, "k2": 1e6, "rho_solvent": 789.0, "force": DrivingForce.MOLAR,
        "cp": [2440.0, 1500.0, 2000.0],
        "rho": [789.0, 1300.0, 1050.0], "molar_mass": [0.046, 0.151163, 0.06], "cp_solid": [900.0, 1300.0],
        "rho_solid": [2000.0, 1300.0], "L_edges": np.geomspace(1e-6, 1e-3, bins + 1), **more,
    }  # fmt: skip
    return Bench(msmpr, {"fluids": 3, "solids": 2, "bins": bins}, params, T_jacket=290.0)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(Limiter)), st.sampled_from(list(Basis)))
def test_balances_close_to_rounding(seed: int, limiter: Limiter, basis: Basis) -> None:
    rng = np.random.default_rng(seed)
    bench = warm(limiter=limiter, basis=basis)
    liquor = rng.random(3) * [1.0, 0.5, 0.1]
    arriving = rng.random(40) * 1e-5
    bench.set_inlets(
        feed={"T": rng.uniform(280, 340), "m_flow": rng.random(3) * 1e-3},
        slurry={
            "T": rng.uniform(280, 340),
            "m_flow": rng.random(3) * 1e-3,
            "m_flow_solid": arriving.sum(),
            "m_flow_crystals": arriving,
        },
        T_jacket=rng.uniform(270, 350),
    )
    crystals = rng.random(40) * 10.0 ** rng.uniform(-6, -2)
    C = float(liquor @ bench.p.cp) + crystals.sum() * 1300.0
    x = bench.State(C * (rng.uniform(280, 340) - T_REF), liquor, crystals)
    H, fluids, solids = bench.imbalance(x, bench.p.cp, crystal=1, cp_crystal=1300.0)
    # sums of 40 positive terms in another order: some 40 roundings of 1.1e-16
    assert abs(H) < 1e-14
    assert np.all(np.abs(fluids) < 1e-14)
    assert np.all(np.abs(solids) < 1e-14)


def test_saturated_vessel_rests() -> None:
    bench = warm()
    c = bench.measure("c_sat", bench.initial(V=1e-3, T=310.0, w=[1.0, 0.0, 0.0]))
    y = bench.initial(V=1e-3, T=310.0, w=[1.0 / (1.0 + c), c / (1.0 + c), 0.0], m_seed=0.05)
    bench.set_inlets(T_jacket=310.0)
    assert abs(bench.measure("S", y)) < 1e-12
    # heat of the jacket at a temperature equal to rounding; nothing crystallizes, dissolves or leaves
    assert np.all(np.abs(bench.rhs(0.0, y)[1:]) < 1e-15)


def test_crystals_dissolve_and_return_their_mass_and_heat() -> None:
    bench = warm(kd=1e-5, UA=0.0)
    y0 = bench.initial(V=0.9e-3, T=310.0, w=[0.95, 0.05, 0.0], m_seed=1e-3)
    y = bench.solve(y0, [0.0, 3000.0], method="BDF", rtol=1e-6, atol=1e-10)[-1]
    assert bench.measure("w_crystals", y) < 1e-4 * bench.measure("w_crystals", y0)
    assert y[1:].sum() == pytest.approx(y0[1:].sum(), rel=1e-12)
    # adiabatic: H falls by the heat of dissolution, 175 J a gram
    assert y[0] - y0[0] == pytest.approx(-175.0, rel=1e-4)


def test_outflow_over_the_weir() -> None:
    """Nothing leaves below the weir; above it, what is above over tau, with crystals as in the vessel."""
    bench = warm()
    low = bench.unpack(bench.initial(V=0.99e-3, T=300.0, w=[0.9, 0.1, 0.0], m_seed=0.01))
    product = bench.outlet("product", low)
    assert product.m_flow.max() == product.m_flow_crystals.max() == 0.0
    high = bench.unpack(bench.initial(V=1.1e-3, T=300.0, w=[0.9, 0.1, 0.0], m_seed=0.01))
    product = bench.outlet("product", high)
    assert (product.m_flow / bench.p.rho).sum() + product.m_flow_crystals.sum() / 1300.0 == pytest.approx(1e-4 / 60.0)
    assert product.m_flow_crystals == pytest.approx(high.crystals * (1e-4 / 60.0 / 1.1e-3))
    assert product.T == pytest.approx(300.0)


def test_initial_state_is_what_was_asked_for() -> None:
    bench = warm(bins=200)
    y = bench.initial(V=1e-3, T=315.0, w=[0.7, 0.2, 0.1], m_seed=0.02, L_seed=1.2e-4, sigma_seed=0.2)
    assert bench.measure("V", y) == pytest.approx(1e-3, rel=1e-12)
    assert bench.measure("T", y) == pytest.approx(315.0, rel=1e-12)
    assert bench.unpack(y).crystals.sum() == pytest.approx(0.02, rel=1e-12)
    # the mean of a log-normal distribution by mass, to the second order of 200 classes
    assert bench.measure("L43", y) == pytest.approx(1.2e-4 * np.exp(0.02), rel=1e-3)


def test_means_are_zero_without_crystals() -> None:
    bench = warm()
    y = bench.initial(V=1e-3, T=315.0, w=[0.7, 0.2, 0.1])
    for name in ("L43", "L32", "mu_0", "w_crystals"):
        assert bench.measure(name, y) == 0.0


@pytest.mark.parametrize("left", [-1e-4, -1e-6, 1e-6, 1e-4])
def test_mean_sizes_fade_when_the_crystals_are_gone(left: float) -> None:
    """A solver leaves classes a little above and below zero: no sizes of millimetres, none below zero."""
    bench = warm()
    full = bench.unpack(bench.initial(V=1e-3, T=315.0, w=[0.7, 0.2, 0.1], m_seed=0.02, L_seed=1.2e-4))
    means = {name: bench.measure(name, bench.pack(full)) for name in ("L43", "L32")}
    typical = bench.p.M_typical * bench.p.V_weir
    full.crystals[:] = 0.0
    full.crystals[0] = -0.9 * left * typical
    full.crystals[-1] = left * typical
    for name, mean in means.items():
        assert abs(bench.measure(name, bench.pack(full))) < 0.5 * mean, name


def test_seed_fills_a_grid_from_zero() -> None:
    """The first class has no lower edge in ln(size); nothing of the seed lies below it."""
    bench = warm(bins=200)
    edges = bench.p.L_edges.copy()
    edges[0] = 0.0
    bench.p = bench.p._replace(L_edges=edges)
    y = bench.initial(V=1e-3, T=315.0, w=[0.7, 0.2, 0.1], m_seed=0.02, L_seed=1.2e-4, sigma_seed=0.2)
    crystals = bench.unpack(y).crystals
    assert np.isfinite(crystals).all()
    assert crystals.sum() == pytest.approx(0.02, rel=1e-12)


def test_jacket_drives_temperature() -> None:
    """C dT/dt = UA (T_jacket − T) with nothing crystallizing: 1 − 1/e of the way after C/UA."""
    bench = warm(kg=0.0, kd=0.0, k1=0.0, k2=0.0)
    y0 = bench.initial(V=0.9e-3, T=310.0, w=[0.9, 0.1, 0.0])
    C = float(bench.unpack(y0).m @ bench.p.cp)
    y = bench.solve(y0, [0.0, C / 5.0])
    assert bench.measure("T", y[-1]) == pytest.approx(290.0 + 20.0 / np.e, rel=1e-8)


def test_nominals_scale_the_states_to_order_one() -> None:
    bench = warm(bins=200)
    scale = msmpr.nominals(bench.p)
    state = bench.unpack(bench.initial(V=1e-3, T=310.0, w=[0.8, 0.2, 0.0], m_seed=0.05))
    assert 1e-2 < state.H / scale["H"] < 1e2
    assert 0.1 < state.m.max() / scale["m"] < 1e2
    assert 0.1 < (state.crystals / scale["crystals"]).max() < 1e2
    # a nucleus weighs a millionth of a typical crystal, and so does the scale of its class
    assert scale["crystals"][0] < 1e-5 * scale["crystals"][-1]
