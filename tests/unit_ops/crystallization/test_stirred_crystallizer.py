"""The stirred crystallizer with every option: each against a closed form, balances with all of them at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

import unit_ops.crystallization.stirred_crystallizer as stirred
from tests.unit_ops.crystallization.test_moments import PARAMS, SEEDED
from tests.unit_ops.piping.bench import Bench
from tests.verification.record import record
from twin import jit
from unit_ops.crystallization.laws import Impurity, Limiter, Removal, SizeLaw, Solubility
from unit_ops.properties.solubility import Antisolvent
from unit_ops.streams import T_REF

#: Vapour pressures like those of ethanol and water (rounded), and a solute that does not evaporate.
BOILING = {
    "dH_vap": [9.2e5, 0.0, 2.44e6],
    "psat_A": [25.5, -100.0, 25.8],
    "psat_B": [-5000.0, 0.0, -5300.0],
    "psat_C": 0.0,
    "psat_D": 0.0,
}


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(stirred)


def bench(bins: int = 40, **more: Any) -> Bench:
    params = {**PARAMS, "L_edges": np.geomspace(5e-6, 2e-3, bins + 1), **BOILING, **more}
    return Bench(stirred, {"fluids": 3, "solids": 2, "bins": bins}, params, T_jacket=290.0)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_balances_close_to_rounding_with_everything_on(seed: int) -> None:
    rng = np.random.default_rng(seed)
    b = bench(
        size_law=rng.choice(list(SizeLaw)), gamma_size=1e4, poisoning=rng.choice(list(Impurity)), impurity=2,
        K_impurity=10.0, antisolvency=rng.choice(list(Antisolvent)), antisolvent=2, anti_s1=3.0, anti_ratio=0.01,
        removal_law=rng.choice(list(Removal)), V_flow_fines=1e-6, V_flow_out=2e-6, k_vent=1e-4, P=rng.uniform(1e3, 2e4),
        Q_heat=200.0, kd=1e-7, l_stirring=2.0, stirring=1.5, limiter=rng.choice(list(Limiter)),
    )  # fmt: skip
    arriving = rng.random(40) * 1e-5
    b.set_inlets(
        feed={"T": rng.uniform(280, 340), "m_flow": rng.random(3) * 1e-3},
        antisolvent_feed={"T": rng.uniform(280, 340), "m_flow": [0.0, 0.0, 1e-3]},
        slurry={
            "T": 320.0,
            "m_flow": rng.random(3) * 1e-3,
            "m_flow_crystals": arriving,
            "m_flow_solid": arriving.sum(),
        },
        T_jacket=rng.uniform(270, 350),
    )
    x = b.unpack(b.initial(**{**SEEDED, "w": [0.6, 0.2, 0.2]}) * rng.uniform(0.5, 1.5, 44))
    H, fluids, solids = b.imbalance(x, b.p.cp, crystal=1, cp_crystal=1300.0)
    # sums of 40 terms in another order; a part of the vapour's heat is a difference
    assert abs(H) < 1e-13
    assert np.all(np.abs(fluids) < 1e-13)
    assert np.all(np.abs(solids) < 1e-13)
    assert b.outlet("vapour", x).m_flow[1] < 1e-30
    assert b.outlet("fines", x).m_flow_solid > 0.0


# -- continuous, at a supersaturation that does not change: crystals of next to no mass


def continuous(L: np.ndarray, **more: Any) -> tuple[Bench, np.ndarray, float]:
    """1 m³ through which a liquor flows in 100 s, S = 1; G = 1e-6 m/s, 1e6 nuclei per m³ and second."""
    params: dict[str, Any] = {
        "tau": 1.0, "V_weir": 1.0, "UA": 0.0, "dH_cryst": 0.0, "kv": 1e-3, "solute": 1, "solvent": 0, "crystal": 0,
        "solubility": Solubility.POLYNOMIAL, "sol_a": 0.1, "kg": 1e-6, "g": 1.0, "k1": 1e6, "b1": 1.0,
        "rho_solvent": 1000.0, "cp": 4000.0, "rho": 1000.0, "molar_mass": 0.1, "cp_solid": 4000.0,
        "rho_solid": 1000.0, "L_edges": L, "M_typical": 1e-3, "S_width": 1e-6, **more,
    }  # fmt: skip
    b = Bench(stirred, {"fluids": 2, "solids": 1, "bins": L.size - 1}, params, T_jacket=300.0)
    V = 1.0 + 1.0 / 99.0  # (V − 1)/1 s = V/100 s
    flow = np.array([1000.0 / 1.2, 200.0 / 1.2]) * V / 100.0
    b.set_inlets(feed={"T": 300.0, "m_flow": flow}, T_jacket=300.0)
    m = flow * 100.0
    y0 = np.concatenate([[4000.0 * m.sum() * (300.0 - T_REF)], m, np.zeros(L.size - 1)])
    return b, y0, V


def density(b: Bench, y: np.ndarray) -> np.ndarray:
    """Crystals per m³ and metre, in every class."""
    x = b.unpack(y)
    L = b.p.L_edges
    per = b.p.rho_solid[0] * b.p.kv * 0.25 * (L[1:] + L[:-1]) * (L[1:] ** 2 + L[:-1] ** 2)
    return x.crystals / per / np.diff(L) / b.measure("V", y)


def shape_error(b: Bench, y0: np.ndarray, exact: Any) -> float:
    """Relative error in L1 of the steady number density, sought from the exact one scaled to G0 n(0) = B."""
    L = b.p.L_edges
    reference = np.array([quad(exact, low, high)[0] for low, high in zip(L[:-1], L[1:], strict=True)])
    cubes = 0.25 * (L[1:] + L[:-1]) * (L[1:] ** 2 + L[:-1] ** 2)
    y0[3:] = 1e12 * reference * b.p.rho_solid[0] * b.p.kv * cubes * b.measure("V", y0)
    scale = np.concatenate([np.abs(y0[:3]), y0[3:].max() * np.maximum(y0[3:] / y0[3:].max(), 1e-6)])
    y = b.steady(y0, scale)
    assert b.measure("S", y) == pytest.approx(1.0, rel=1e-4)
    return float(np.abs(density(b, y) / 1e12 * np.diff(L) - reference).sum() / reference.sum())


@pytest.mark.slow
def test_size_dependent_growth_in_a_continuous_crystallizer() -> None:
    """ASL growth G0 (1 + L/(G0 τ))^½ in the vessel itself; closed form of Abegg, Stevens, Larson.

    AIChE J. 14 (1968) 118, doi 10.1002/aic.690140121: n/n0 = (1 + x)^−½ exp(2 − 2 √(1 + x)), x = L/(G0 τ).
    """
    size = 1e-4  # G0 τ

    def exact(L: float) -> float:
        x = L / size
        return float((1.0 + x) ** -0.5 * np.exp(2.0 - 2.0 * np.sqrt(1.0 + x)))

    errors = []
    for bins in (100, 200, 400):
        L = 4e-3 * np.expm1(np.linspace(0.0, 3.0, bins + 1)) / np.expm1(3.0)
        b, y0, _ = continuous(L, size_law=SizeLaw.ASL, gamma_size=1.0 / size, power_size=0.5)
        errors.append(shape_error(b, y0, exact))
    order = float(np.log2(errors[1] / errors[2]))
    record("MSMPR with ASL growth, b = 1/2, in the vessel", "doi 10.1002/aic.690140121", "L1 error of n, 400 classes",
           0.0, errors[2], order)  # fmt: skip
    assert order > 1.9
    assert errors[2] < 6e-4


@pytest.mark.slow
def test_removal_of_fines_and_classified_product() -> None:
    """dn/dL = −(f(L)/τ_f + h(L)/τ) n/G: the exponential distribution bent by both cuts (Randolph and Larson, ch. 9)."""
    fine, cut, s = 4e-5, 2e-4, 3.0

    def rate(L: float) -> float:
        return 0.02 / (1.0 + (L / fine) ** s) + 0.01 / (1.0 + (cut / L) ** s if L else np.inf)

    def exact(L: float) -> float:
        return float(np.exp(-quad(rate, 0.0, L, epsabs=1e-12)[0] / 1e-6))

    errors = []
    for bins in (40, 80):
        L = 2e-3 * np.expm1(np.linspace(0.0, 5.0, bins + 1)) / np.expm1(5.0)
        b, y0, V = continuous(
            L, V_flow_fines=0.02 * 100.0 / 99.0, L_fines=fine, removal_law=Removal.COARSE, L_cut=cut, sharpness=s
        )
        assert b.p.V_flow_fines == 0.02 * V
        clear = {"T": 300.0, "m_flow": y0[1:3] * 0.02}  # what goes with the fines flows back, so that the holdup stays
        b.set_inlets(feed={"T": 300.0, "m_flow": y0[1:3] / 100.0}, antisolvent_feed=clear, T_jacket=300.0)
        errors.append(shape_error(b, y0, exact))
    assert np.log2(errors[0] / errors[1]) > 1.6
    assert errors[1] < 6e-3


# -- the other options


@pytest.mark.slow
def test_antisolvent_drowns_out_what_the_liquor_no_longer_holds() -> None:
    """Semi-batch: as much crystallizes as the log-linear solubility of the final mixture says."""
    b = bench(antisolvency=Antisolvent.LOG_LINEAR, antisolvent=2, anti_s1=4.0, V_weir=1e-2, UA=0.0, dH_cryst=0.0)
    y0 = b.initial(V=1e-3, T=300.0, w=[0.83, 0.17, 0.0], m_seed=0.01, L_seed=1e-4)
    b.set_inlets(antisolvent_feed={"T": 300.0, "m_flow": [0.0, 0.0, 5e-4]}, T_jacket=300.0)
    y = b.solve(y0, [0.0, 1000.0], method="BDF", rtol=1e-7, atol=1e-10)[-1]
    b.set_inlets(T_jacket=300.0)
    y = b.solve(y, [0.0, 40000.0], method="BDF", rtol=1e-7, atol=1e-10)[-1]
    x0, x = b.unpack(y0), b.unpack(y)
    w = x.m[2] / (x.m[0] + x.m[2])
    assert x.m[2] == pytest.approx(0.5, rel=1e-6)
    expected = 2.955e-4 * np.exp(0.02179 * 300.0 - 4.0 * w) * (x.m[0] + x.m[2])
    assert 0.0 < b.measure("S", y) < 0.02
    assert x.m[1] == pytest.approx(expected, rel=0.02)
    assert x.m[1] + x.crystals.sum() == pytest.approx(x0.m[1] + x0.crystals.sum(), rel=1e-12)


def test_heat_boils_off_its_worth_of_solvent_at_the_boiling_point() -> None:
    """A pure solvent at 20 kPa: 500 W evaporate 500 W/ΔH_v, at the temperature whose vapour pressure is near P."""
    b = bench(kg=0.0, k1=0.0, k2=0.0, k_vent=1e-2, P=2e4, Q_heat=500.0, UA=0.0, V_weir=1e-2)

    T_boil = 5000.0 / (25.5 - np.log(2e4))
    y0 = b.initial(V=1e-3, T=T_boil, w=[1.0, 0.0, 0.0])
    y = b.solve(y0, [0.0, 300.0], method="BDF", rtol=1e-8, atol=1e-10)[-1]
    flow = b.outlet("vapour", b.unpack(y)).m_flow
    assert flow[0] == pytest.approx(500.0 / 9.2e5, rel=1e-4)
    assert b.measure("T", y) == pytest.approx(T_boil, abs=1.5)  # 5 % above P: 0.01 kg/s at twice the pressure
    assert y0[1] - y[1] == pytest.approx(300.0 * 500.0 / 9.2e5, rel=0.05)  # the first 1 K is warmed up
    cold = b.unpack(b.initial(V=1e-3, T=300.0, w=[1.0, 0.0, 0.0]))
    assert b.outlet("vapour", cold).m_flow.max() == 0.0


def test_stirring_and_impurity_do_what_their_laws_say() -> None:
    y = bench().initial(**{**SEEDED, "w": [0.65, 0.25, 0.1]})
    secondary = {"k1": 0.0, "kg": 0.0, "k2": 1e9}
    slow = bench(**secondary, l_stirring=1.5)
    fast = bench(**secondary, l_stirring=1.5, stirring=2.0)
    nuclei = [float(b.rhs(0.0, y)[4]) for b in (slow, fast)]
    assert nuclei[1] / nuclei[0] == pytest.approx(2.0**1.5, rel=1e-9)
    K, c = 20.0, 0.1 / 0.65
    grown = [
        float(bench(k1=0.0, k2=0.0, impurity=2, K_impurity=K, alpha_impurity=alpha, poisoning=law).rhs(0.0, y)[2])
        for law, alpha in ((Impurity.NONE, 1.0), (Impurity.KUBOTA_MULLIN, 0.5), (Impurity.KUBOTA_MULLIN, 2.0))
    ]
    leaving = float(bench(kg=0.0, k1=0.0, k2=0.0).rhs(0.0, y)[2])
    assert (grown[1] - leaving) / (grown[0] - leaving) == pytest.approx(1.0 - 0.5 * K * c / (1.0 + K * c), rel=1e-9)
    assert grown[2] == leaving  # α θ > 1: no growth at all


@pytest.mark.slow
def test_a_vessel_is_pumped_empty_smoothly() -> None:
    """What is pumped is pumped until the heel; nothing becomes negative, and an empty vessel rests."""
    b = bench(V_flow_out=1e-6, V_weir=1e-3, k1=0.0, k2=0.0)
    y0 = b.initial(**{**SEEDED, "V": 1e-3})
    b.set_inlets(T_jacket=310.0)
    y = b.solve(y0, [0.0, 500.0, 1100.0], method="BDF", rtol=1e-6, atol=1e-12)
    assert b.measure("V", y[1]) == pytest.approx(5e-4, rel=1e-2)  # contraction by crystallization
    assert 0.0 <= b.measure("V", y[2]) < 1.1 * stirred.HEEL * 1e-3
    empty = b.rhs(0.0, np.zeros_like(y0))
    assert np.all(np.isfinite(empty))
    assert np.all(empty[1:] == 0.0)
    for name in stirred.Measurements._fields:
        assert np.isfinite(b.measure(name, np.zeros_like(y0)))


def test_laws_without_their_component_are_refused() -> None:
    p = bench(antisolvency=Antisolvent.LOG_LINEAR, poisoning=Impurity.KUBOTA_MULLIN).p
    assert set(stirred.check_params(p)) == {"antisolvent", "impurity"}
    assert set(stirred.check_params(bench(k_vent=1.0, psat_A=-100.0).p)) == {"k_vent"}
    assert stirred.check_params(bench().p) == {}
