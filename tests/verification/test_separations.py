"""Separations of liquids against closed forms (Rayleigh, solvent swap, Kremser) and measured boiling points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from tests.unit_ops.separation.still import NRTL, components, drum, model_pair, still
from tests.unit_ops.separation.test_extractor import cascade, steady, unextracted
from tests.verification.record import record


def test_rayleigh_distillation() -> None:
    """W/W₀ = (x/x₀)^(1/(α−1)) ((1−x₀)/(1−x))^(α/(α−1)): 0.3125 for α = 3, x from 0.5 to 0.2.

    Lord Rayleigh, Phil. Mag. 4 (1902) 521, doi 10.1080/14786440209462876. (A W/W₀ of 0.8, as sometimes
    found, would need more of the light component in the distillate than there is distillate.)
    """
    bench = still(model_pair(3.0))
    y0 = bench.initial(V=5e-3, T=350.0, w=[0.5, 0.5])

    def reached(t: float, y: np.ndarray) -> float:
        return y[1] / (y[1] + y[2]) - 0.2

    reached.terminal = True  # type: ignore[attr-defined]
    end = solve_ivp(bench.rhs, (0.0, 1e5), y0, method="LSODA", rtol=1e-12, atol=1e-13, events=reached).y_events[0][0]
    got = (end[1] + end[2]) / (y0[1] + y0[2])
    expected = (0.2 / 0.5) ** 0.5 * (0.5 / 0.8) ** 1.5
    assert expected == pytest.approx(0.3125, rel=1e-15)
    # rtol 1e-12 over a few hundred steps
    assert got == pytest.approx(expected, rel=1e-9)
    record("Rayleigh distillation, alpha 3, x 0.5 to 0.2", "closed form", "W/W0", expected, got)


def test_solvent_swap_at_constant_amount() -> None:
    """N dx/dt = −V y with y = α x/(1 + (α−1) x): (1/α) ln(x₀/x) + (1 − 1/α)(x₀ − x) = moles boiled off over N.

    The pair has one molar mass and density, so the feed that keeps the amount is what boils off.
    """
    alpha = 3.0
    bench = still(model_pair(alpha), UA=500.0)
    y0 = bench.initial(V=5e-3, T=350.0, w=[0.9, 0.1])

    def swapped(t: float, z: np.ndarray) -> np.ndarray:
        boiled = bench.outlet("vapour", bench.unpack(z[:3])).m_flow.sum()
        bench.set_inlets(T_jacket=400.0, feed={"T": 350.0, "m_flow": [0.0, boiled]})
        return np.append(bench.rhs(t, z[:3]), boiled)

    z = solve_ivp(swapped, (0.0, 150.0), [*y0, 0.0], method="LSODA", rtol=1e-11, atol=1e-13).y[:, -1]
    N = y0[1] + y0[2]
    x = z[1] / N
    expected = math.log(0.9 / x) / alpha + (1.0 - 1.0 / alpha) * (0.9 - x)
    assert z[1] + z[2] == pytest.approx(N, rel=1e-10)
    assert x < 0.2
    assert z[3] / N == pytest.approx(expected, rel=1e-8)
    record("constant-level solvent swap, alpha 3", "closed form", "amount boiled off per holdup", expected, z[3] / N)


#: T [°C], x, y of ethanol at 1 atm: Carey and Lewis, Ind. Eng. Chem. 24 (1932) 882, doi 10.1021/ie50272a011.
CAREY_LEWIS = [
    (95.5, 0.0190, 0.1700), (89.0, 0.0721, 0.3891), (86.7, 0.0966, 0.4375), (85.3, 0.1238, 0.4704),
    (84.1, 0.1661, 0.5089), (82.7, 0.2337, 0.5445), (81.5, 0.3273, 0.5826), (80.7, 0.3965, 0.6122),
    (79.8, 0.5079, 0.6564), (78.74, 0.6763, 0.7385), (78.41, 0.7472, 0.7815),
]  # fmt: skip


def boiling_point(x: float) -> tuple[float, float]:
    """Temperature and vapour of ethanol (mole fraction x) and water that an evaporator boils at 1 atm."""
    data = components("ethanol", "water")
    bench = still({**data, **NRTL}, UA=0.0, inlets={"T_jacket": 300.0})
    w = np.array([x, 1.0 - x]) * data["molar_mass"]

    def state(T: float) -> np.ndarray:
        return bench.initial(V=5e-3, T=T, w=w / w.sum())

    T = brentq(lambda T: bench.measure("boiling", state(T)), 340.0, 380.0, xtol=1e-10)
    # just above: the composition of the first vapour, to a few 1e-6
    vapour = bench.outlet("vapour", bench.unpack(state(T + 1e-4))).m_flow / data["molar_mass"]
    return T, float(vapour[0] / vapour.sum())


def test_ethanol_and_water_boil_as_measured() -> None:
    """NRTL (Aspen databank VLE-IG as reprinted) with the database's vapour pressures, against Carey and Lewis."""
    source = "Carey and Lewis 1932, doi 10.1021/ie50272a011"
    errors = []
    for celsius, x, y in CAREY_LEWIS:
        T, got = boiling_point(x)
        errors.append((T - 273.15 - celsius, got - y))
        if celsius in (89.0, 81.5):
            record("ethanol-water at 1 atm, NRTL", source, f"bubble point [K] at x = {x}", celsius + 273.15, T)
            record("ethanol-water at 1 atm, NRTL", source, f"y at x = {x}", y, got)
    found = np.abs(np.array(errors))
    # one point of the data lies 0.8 K off any smooth curve, the others within 0.4 K
    assert found[:, 0].max() < 0.9
    assert found[:, 1].max() < 0.02


def test_ethanol_and_water_have_their_azeotrope() -> None:
    """95.6 % by mass at 78.2 degC and 1 atm (CRC Handbook, 97th ed., azeotropic data): x = 0.895."""
    x = brentq(lambda x: boiling_point(x)[1] - x, 0.7, 0.99, xtol=1e-8)
    T = boiling_point(x)[0]
    assert x == pytest.approx(0.895, abs=0.01)
    assert T == pytest.approx(351.3, abs=0.3)
    record("ethanol-water azeotrope at 1 atm, NRTL", "CRC Handbook, 97th ed.", "T [K]", 351.3, T)
    record("ethanol-water azeotrope at 1 atm, NRTL", "CRC Handbook, 97th ed.", "mole fraction of ethanol", 0.895, x)


def test_flash_comes_to_rachford_and_rice() -> None:
    """Phase split and compositions at the drum's own temperature and pressure; the exchange is finite, so is the error.

    Rachford and Rice, J. Petrol. Technol. 4 (1952) 327, doi 10.2118/952327-G. The distance from equilibrium is
    proportional to the flow over the conductance: order 1 in its reciprocal.
    """
    feed = {"T": 360.0, "m_flow": [0.5e-2, 0.5e-2]}
    alpha, found = 3.0, []
    for conductance in (1e-3, 1e-2):
        bench = drum(model_pair(alpha), inlets={"feed": feed, "T_jacket": 365.0}, conductance=conductance, UA=1e3)
        y = bench.initial(V=5.01e-3, T=355.0, P=101400.0, w=[0.4, 0.6], w_gas=[0.7, 0.3])
        y = bench.solve(y, [0.0, 2e4], method="BDF", rtol=1e-8, atol=1e-12)[-1]
        x = bench.unpack(y)
        vapour = bench.outlet("vapour", x).m_flow
        P, T = bench.measure("P", y), bench.measure("T", y)
        K = np.exp(bench.p.psat_A + bench.p.psat_B / T) / P
        split = brentq(lambda beta: np.sum(0.5 * (K - 1.0) / (1.0 + beta * (K - 1.0))), 0.0, 1.0, xtol=1e-14)  # noqa: B023
        expected = split, K[0] * 0.5 / (1.0 + split * (K[0] - 1.0))
        found.append((expected, (vapour.sum() / 1e-2, vapour[0] / vapour.sum())))
    (exact_1, got_1), (exact, got) = found
    order = math.log10(abs(got_1[1] - exact_1[1]) / abs(got[1] - exact[1]))
    assert order == pytest.approx(1.0, abs=0.05)
    assert got == pytest.approx(exact, rel=1e-3)
    for name, e, g in zip(("vapour over feed", "y"), exact, got, strict=True):
        record("flash of an ideal pair, alpha 3", "Rachford and Rice 1952", name, e, g, order)


def test_kremser() -> None:
    """E = 1.5, N = 4: (E − 1)/(E⁵ − 1) of the solute stays, counter-current; (1 + E/N)^−N with crossed solvent.

    Kremser, Natl. Petrol. News 22 (1930) 43; Treybal, Mass-Transfer Operations, ch. 10. Both carriers' flows are
    constant in ratios (Bancroft); stages are as far from equilibrium as their transfer is finite: order 1 in 1/ka.
    """

    def counter_current(ka: float) -> float:
        cascade_of_four = cascade(stages=4, ka=ka)
        return unextracted(cascade_of_four, steady(cascade_of_four))

    def cross_current(ka: float) -> float:
        left = 1.0
        for _ in range(4):  # every stage fed with what the one before leaves
            feed = {"T": 298.15, "m_flow": [1e-2, 0.0, left * 1e-4]}
            solvent = {"T": 298.15, "m_flow": [0.0, 2.5e-3, 0.0]}
            stage = cascade(stages=1, ka=ka, inlets={"feed": feed, "solvent": solvent})
            left *= unextracted(stage, steady(stage))
        return left

    cases = (
        ("counter-current", counter_current, 0.5 / (1.5**5 - 1.0), 0.0758293838863),
        ("cross-current", cross_current, 1.375**-4, 0.279762311318),
    )
    for name, kind, expected, digits in cases:
        assert expected == pytest.approx(digits, rel=1e-11)
        coarse, fine = kind(1e2), kind(1e4)
        order = math.log((coarse - expected) / (fine - expected), 100.0)
        assert order == pytest.approx(1.0, abs=0.02)
        # in the limit of equilibrium stages: what is left is of second order in 1/(ka τ) = 1e-6
        limit = fine - (coarse - fine) / 99.0
        assert limit == pytest.approx(expected, rel=1e-7)
        record("Kremser, E = 1.5, N = 4", "closed form", f"part not extracted, {name}", expected, limit, order)
