"""Stirred reactors against published and exact numbers.

The cases are stated in molar concentrations at constant density. The vessel holds masses: with one
density for all components, molar masses that balance the equations and the rest a solvent, its
balances are the published ones exactly, and so are the digits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import eig
from scipy.optimize import root

from tests.unit_ops.reaction.stirred import Vessel, overflowing
from tests.verification.record import record
from unit_ops.reaction.stirred_vessel import Jacket

R = 8.31446261815324
HOUR, MINUTE = 3600.0, 60.0
VAN_DE_VUSSE = "Van de Vusse's reactions, isothermal"
KLATT = "Klatt and Engell's reactor"
KLATT_SOURCE = "doi 10.1016/S0098-1354(97)00261-5; recomputed"
KLATT_ENGELL = {"A": 0.1, "B": 0.1, "C": 0.1, "D": 0.2}


def scales(vessel: Vessel, y: np.ndarray) -> np.ndarray:
    """Sizes for differences: solutes as the solvent, so that all are resolved alike."""
    x = vessel.unpack(y)
    total = float(x.m.sum())
    return vessel.pack(vessel.State(*[100.0 * total * 1e3] * 3, np.full(x.m.size, 0.1 * total)))


def jacobian(vessel: Vessel, y: np.ndarray) -> np.ndarray:
    """Derivatives of the right-hand side, by fourth-order differences: good to some 1e-11."""
    columns = []
    for k, h in enumerate(1e-3 * scales(vessel, y)):
        at = []
        for part in (-2.0, -1.0, 1.0, 2.0):
            moved = y.copy()
            moved[k] += part * h
            at.append(vessel.rhs(0.0, moved))
        columns.append((8.0 * (at[2] - at[1]) - (at[3] - at[0])) / (12.0 * h))
    return np.array(columns).T


def take(found: np.ndarray, wanted: complex) -> tuple[complex, np.ndarray]:
    """The eigenvalue nearest to one wanted, and the others."""
    k = int(np.argmin(np.abs(found - wanted)))
    return complex(found[k]), np.delete(found, k)


def steady(vessel: Vessel, y: np.ndarray) -> np.ndarray:
    """Steady state near y of the balances that move at all (an unused jacket's do not)."""
    scale = scales(vessel, y)
    moves = np.any(np.abs(jacobian(vessel, y)) > 0.0, axis=1)

    def residual(z: np.ndarray) -> np.ndarray:
        full = y.copy()
        full[moves] = z * scale[moves]
        return np.asarray(vessel.rhs(0.0, full)[moves] / scale[moves])

    found = root(residual, y[moves] / scale[moves], method="hybr", options={"xtol": 1e-14})
    full = y.copy()
    full[moves] = found.x * scale[moves]
    # hybr may stop for lack of progress when it is there: the residual decides
    return full if np.max(np.abs(residual(found.x))) < 1e-14 else np.full_like(y, np.nan)


def van_de_vusse() -> Vessel:
    reactions = [
        {"equation": "A -> B", "k0": "50 1/h", "E": 0.0, "dH": 0.0},
        {"equation": "B -> C", "k0": "100 1/h", "E": 0.0, "dH": 0.0},
        {"equation": "A -> 0.5 D", "orders": {"A": 2}, "k0": "10 L/(mol h)", "E": 0.0, "dH": 0.0},
    ]
    V, V_flow = 0.01, 34.3 * 0.01 / HOUR
    vessel = Vessel({"A": 0.05, "B": 0.05, "C": 0.05, "D": 0.1}, reactions, **overflowing(V, V_flow))
    vessel.set_inlets(feed=vessel.feed(V_flow, 300.0, {"A": 10e3}), T_jacket=300.0)
    return vessel


def test_van_de_vusse_isothermal() -> None:
    """Van de Vusse, Chem. Eng. Sci. 19 (1964) 994; k = 50, 100 1/h, 10 L/(mol h), c_A,feed 10 mol/L, F/V 34.3 1/h.

    The steady state and the poles follow from the quadratic and the triangular Jacobian.
    """
    vessel = van_de_vusse()
    y = steady(vessel, vessel.filled(0.01, 300.0, {"A": 3e3, "B": 1e3}))
    for name, wanted in (("A", 3000.692967415), ("B", 1117.160449522)):
        record(VAN_DE_VUSSE, "quadratic equation", f"c_{name} [mol/m3]", wanted, vessel.c(y, name))
        assert vessel.c(y, name) == pytest.approx(wanted, rel=1e-12)
    rest = np.linalg.eigvals(jacobian(vessel, y)) * HOUR
    for pole in (-144.3138593, -134.3):
        found, rest = take(rest, pole)
        record(VAN_DE_VUSSE, "triangular Jacobian", f"pole at {pole:.0f} [1/h]", pole, found.real)
        # ten digits are given; differences leave 1e-9
        assert found == pytest.approx(pole, rel=2e-9)
    # what the mass basis adds: wash-out of the other components and of heat, the level, two idle jackets
    assert sorted(rest.real) == pytest.approx([-343.0, *[-34.3] * 3, 0.0, 0.0], rel=1e-6, abs=1e-9)


def test_van_de_vusse_answers_in_the_wrong_direction_first() -> None:
    """The zero from feed flow to c_B lies in the right half plane, at +168.9494251 1/h (same source)."""
    vessel = van_de_vusse()
    y = steady(vessel, vessel.filled(0.01, 300.0, {"A": 3e3, "B": 1e3}))
    moves = [0, *range(3, y.size)]
    A = jacobian(vessel, y)[np.ix_(moves, moves)] * HOUR
    feed = vessel.u.feed
    vessel.set_inlets(feed={"T": feed.T, "m_flow": 2.0 * feed.m_flow}, T_jacket=300.0)
    b = vessel.rhs(0.0, y)[moves]  # the right-hand side is linear in the flow, and was zero
    h = 1e-3 * float(vessel.unpack(y).m.sum())
    moved = [y + h * (np.arange(y.size) == k) for k in moves]
    back = [y - h * (np.arange(y.size) == k) for k in moves]
    c = np.array([vessel.c(p, "B") - vessel.c(m, "B") for p, m in zip(moved, back, strict=True)]) / (2.0 * h)
    n = len(moves)
    scale = scales(vessel, y)[moves]
    pencil = np.block([[A * scale / scale[:, None], (b / scale)[:, None]], [c * scale, 0.0]])
    zeros = eig(pencil, np.diag([*[1.0] * n, 0.0]), right=False)
    zeros = zeros[np.isfinite(zeros) & (np.abs(zeros) < 1e6)]
    record(
        VAN_DE_VUSSE, "its zero dynamics", "zero from feed to c_B [1/h]", 168.9494251, take(zeros, 168.9494251)[0].real
    )
    assert take(zeros, 168.9494251)[0] == pytest.approx(168.9494251, rel=1e-5)  # central differences of c
    assert np.sum(zeros.real > 1.0) == 1


def test_klatt_engell() -> None:
    """Klatt, Engell, Comput. Chem. Eng. 22 (1998) 491, doi 10.1016/S0098-1354(97)00261-5: F/V 14.19 1/h.

    The published balances (mol/L, kJ, h, jacket heat -1113.5 kJ/h) recomputed to twelve digits.
    """
    Rk = 1e-3 * R  # kJ/(mol K)
    reactions = [
        {"equation": "A -> B", "k0": "1.287e12 1/h", "E": f"{9758.3 * Rk!r} kJ/mol", "dH": "4.2 kJ/mol"},
        {"equation": "B -> C", "k0": "1.287e12 1/h", "E": f"{9758.3 * Rk!r} kJ/mol", "dH": "-11 kJ/mol"},
        {"equation": "A -> 0.5 D", "orders": {"A": 2}, "k0": "9.043e9 L/(mol h)", "E": f"{8560 * Rk!r} kJ/mol",
         "dH": "-41.85 kJ/mol"},
    ]  # fmt: skip
    V, V_flow = 0.01, 14.19 * 0.01 / HOUR
    vessel = Vessel(
        KLATT_ENGELL, reactions, rho=934.2, cp=3010.0, jacket=Jacket.DYNAMIC, UA=4032e3 * 0.215 / HOUR,
        C_jacket=5.0 * 2000.0, **overflowing(V, V_flow),
    )  # fmt: skip
    vessel.set_inlets(
        feed=vessel.feed(V_flow, 104.9 + 273.15, {"A": 5100.0}), T_jacket=300.0, Q_jacket=-1113.5e3 / HOUR
    )
    y = steady(vessel, vessel.filled(V, 387.0, {"A": 2100.0, "B": 1100.0, "C": 1000.0, "D": 400.0}))
    for what, wanted, got in (
        ("c_A [mol/m3]", 2140.210530132, vessel.c(y, "A")),
        ("c_B [mol/m3]", 1090.30436133, vessel.c(y, "B")),
        ("T [degC]", 114.1910844206, vessel.T(y) - 273.15),
        ("T of the jacket [degC]", 112.9065929108, vessel.measure("T_shell", y) - 273.15),
    ):
        record(KLATT, KLATT_SOURCE, what, wanted, got)
        assert got == pytest.approx(wanted, rel=1e-11)
    rest = np.linalg.eigvals(jacobian(vessel, y)) * HOUR
    for wanted in (-117.812924, -37.440362, -20.515549, -13.658535):
        found, rest = take(rest, wanted)
        record(KLATT, KLATT_SOURCE, f"eigenvalue at {wanted:.0f} [1/h]", wanted, found.real)
        assert found == pytest.approx(wanted, abs=1e-6)  # six decimals are given
    # wash-out of what takes no further part, the level, the unused wall
    assert sorted(rest.real) == pytest.approx([-141.9, -14.19, -14.19, 0.0], rel=1e-6, abs=1e-9)


SEBORG = [
    (324.475443432, 0.8772529461, -1.0489047 + 0.5388250j),
    (350.005528690, 0.4999182860, 2.8344431 + 0.0j),
    (369.704913423, 0.2087613796, 1.3573258 + 1.5402000j),
]


def seborg() -> Vessel:
    reactions = [{"equation": "A -> B", "k0": "7.2e10 1/min", "E": 8750.0 * R, "dH": "-50 kJ/mol"}]
    V, V_flow = 0.1, 0.1 / MINUTE
    vessel = Vessel(
        {"A": 0.1, "B": 0.1}, reactions, cp=239.0, jacket=Jacket.CONSTANT, UA=5e4 / MINUTE, **overflowing(V, V_flow)
    )
    vessel.set_inlets(feed=vessel.feed(V_flow, 350.0, {"A": 1000.0}), T_jacket=300.0)
    return vessel


def test_exothermic_vessel_has_three_steady_states() -> None:
    """Seborg, Edgar, Mellichamp, Process Dynamics and Control, ch. 2 (ISBN 978-0-470-12867-1), at T_c = 300 K.

    Found by Newton's method from cold to hot over the unit's own balances, and there are no others.
    """
    vessel = seborg()
    found: dict[float, np.ndarray] = {}
    for T in np.arange(300.0, 400.0, 5.0):
        # on the line that the two balances share: c_A falls as T rises
        c = max(50.0, 1000.0 - 17.5 * (T - 317.0))
        y = steady(vessel, vessel.filled(0.1, T, {"A": min(c, 990.0), "B": 1000.0 - min(c, 990.0)}))
        if np.all(np.isfinite(y)):
            found[round(vessel.T(y), 3)] = y
    assert len(found) == 3
    for (T, c, eigenvalue), (_, y) in zip(SEBORG, sorted(found.items()), strict=True):
        case = f"Exothermic vessel, steady state at {T:.0f} K"
        eigen = take(np.linalg.eigvals(jacobian(vessel, y)) * MINUTE, eigenvalue)[0]
        for what, wanted, got in (
            ("T [K]", T, vessel.T(y)),
            ("c_A [mol/m3]", 1e3 * c, vessel.c(y, "A")),
            ("real part of the eigenvalue [1/min]", eigenvalue.real, eigen.real),
        ):
            record(case, "Seborg et al., ISBN 978-0-470-12867-1; recomputed", what, wanted, got)
        assert vessel.T(y) == pytest.approx(T, abs=1e-9)
        assert vessel.c(y, "A") == pytest.approx(1e3 * c, rel=1e-9)
        rest = np.linalg.eigvals(jacobian(vessel, y)) * MINUTE
        assert take(rest, eigenvalue)[0] == pytest.approx(eigenvalue, abs=1e-7)
        assert bool(np.max(rest.real) > 1e-3) == (eigenvalue.real > 0.0)


def test_hot_states_are_left_for_a_cycle_or_the_cold_state() -> None:
    """Only the cold state is stable; a little below the saddle the vessel goes out (same source)."""
    vessel = seborg()
    y0 = vessel.filled(0.1, 348.0, {"A": 500.0, "B": 500.0})
    y = vessel.solve(y0, [0.0, 30.0 * MINUTE], rtol=1e-8, atol=1e-8)[-1]
    assert vessel.T(y) == pytest.approx(324.4754434, abs=1e-4)


def exactly(vessel: Vessel, y0: np.ndarray, times: Any) -> np.ndarray:
    """Integrated to some 1e-12."""
    atol = 1e-14 * np.abs(scales(vessel, y0))
    return vessel.solve(y0, times, "DOP853", rtol=1e-13, atol=atol)


def test_consecutive_reactions_in_a_batch() -> None:
    """A -> B -> C, k = 0.5, 0.2 1/s: t_max = ln(k1/k2)/(k1 - k2), c_B = k1/(k2 - k1)(e^(-k1 t) - e^(-k2 t))."""
    reactions = [
        {"equation": "A -> B", "k0": 0.5, "E": 0.0, "dH": 0.0},
        {"equation": "B -> C", "k0": 0.2, "E": 0.0, "dH": 0.0},
    ]
    vessel = Vessel({"A": 0.1, "B": 0.1, "C": 0.1}, reactions)
    y0 = vessel.filled(1.0, 300.0, {"A": 1000.0})
    top = lambda t, y: vessel.rhs(t, y)[5]  # noqa: E731 (scipy sets attributes on a function)
    run = solve_ivp(vessel.rhs, (0.0, 6.0), y0, "DOP853", events=top, rtol=1e-13, atol=1e-12)
    (t_max,), (y_max,) = run.t_events[0], run.y_events[0]
    for what, wanted, got, rel in (
        ("time of the highest c_B [s]", 3.054302439581, t_max, 1e-9),
        ("highest c_B [mol/m3]", 542.883523319, vessel.c(y_max, "B"), 1e-11),
        ("c_B at 2 s [mol/m3]", 504.067674774, vessel.c(exactly(vessel, y0, [0.0, 2.0])[-1], "B"), 1e-11),
    ):
        record("Batch A -> B -> C", "closed form", what, wanted, got)
        assert got == pytest.approx(wanted, rel=rel)


def test_second_order_extent_in_a_batch() -> None:
    """A + B -> C, k = 0.1 L/(mol s), 2 and 1 mol/L, 10 s: extent 0.774600326439 mol/L (closed form)."""
    vessel = Vessel(
        {"A": 0.1, "B": 0.1, "C": 0.2}, [{"equation": "A + B -> C", "k0": "0.1 L/(mol s)", "E": 0, "dH": 0}]
    )
    y = exactly(vessel, vessel.filled(1.0, 300.0, {"A": 2000.0, "B": 1000.0}), [0.0, 10.0])[-1]
    record("Batch A + B -> C", "closed form", "extent at 10 s [mol/m3]", 774.600326439, vessel.c(y, "C"))
    assert vessel.c(y, "C") == pytest.approx(774.600326439, rel=1e-11)
    assert vessel.c(y, "A") == pytest.approx(2000.0 - 774.600326439, rel=1e-11)


def test_pharmapy_demonstration_batch() -> None:
    """A + B -> C, A + C -> D of PharmaPy's demonstration flowsheet, 0.33 mol/L each, 313.15 K, recomputed."""
    # PharmaPy takes R = 8.314 J/(mol K)
    reactions = [
        {"equation": "A + B -> C", "k0": "2.654e4 L/(mol s)", "E": 40e3 * R / 8.314, "dH": 0.0},
        {"equation": "A + C -> D", "k0": "530 L/(mol s)", "E": 30e3 * R / 8.314, "dH": 0.0},
    ]
    vessel = Vessel({"A": 0.1, "B": 0.1, "C": 0.2, "D": 0.3}, reactions)
    k = [float(k0 * np.exp(-E / (R * 313.15))) for k0, E in zip(vessel.p.k0, vessel.p.E, strict=True)]
    assert [1e3 * value for value in k] == pytest.approx([5.64292e-3, 5.24781e-3], rel=1e-6)
    rows = exactly(vessel, vessel.filled(1.0, 313.15, {"A": 330.0, "B": 330.0}), [0.0, 1800.0, 3600.0])
    table = {1: (0.02233017, 0.11327927, 0.12577164, 0.0909491), 2: (0.00231208, 0.10363915, 0.12503378, 0.10132707)}
    for row, values in table.items():
        got = [1e-3 * vessel.c(rows[row], name) for name in "ABCD"]
        for name, wanted, found in zip("ABCD", values, got, strict=True):
            record("Batch A + B -> C, A + C -> D", "PharmaPy's demonstration, recomputed",
                   f"c_{name} at {1800 * row} s [mol/L]", wanted, found)  # fmt: skip
        assert got == pytest.approx(values, abs=6e-9)  # eight decimals are given


def heated(jacket: Jacket, **more: Any) -> tuple[Vessel, np.ndarray]:
    """50 kg of 4180 J/(kg K), UA 500 W/K, from 20 °C with a jacket at 80 °C."""
    vessel = Vessel({"A": 0.1}, cp=4180.0, jacket=jacket, UA=500.0, cp_coolant=4180.0, V_weir=0.06)
    vessel.set_inlets(T_jacket=353.15, **more)
    return vessel, vessel.filled(0.05, 293.15, {})


def test_constant_jacket() -> None:
    """T = T_j - (T_j - T_0) exp(-UA t/(m cp))."""
    vessel, y0 = heated(Jacket.CONSTANT)
    rows = exactly(vessel, y0, [0.0, 600.0, 3600.0])
    for row, t, wanted in ((1, 600, 65.7188874483), (2, 3600, 79.9890902198)):
        got = vessel.T(rows[row]) - 273.15
        record("Vessel heated by a jacket", "closed form", f"T at {t} s, constant jacket [degC]", wanted, got)
        assert got == pytest.approx(wanted, rel=1e-11)


def test_flow_limited_jacket() -> None:
    """0.2 kg/s of coolant: effectiveness 0.450137000940 (1 - exp(-UA/F)), T(600 s) = 59.6309669465 °C."""
    vessel, y0 = heated(Jacket.FLOW_LIMITED, m_flow_coolant=0.2)
    effectiveness = vessel.quadratures(vessel.unpack(y0)).duty / (0.2 * 4180.0 * 60.0)
    assert effectiveness == pytest.approx(0.450137000940, rel=1e-11)
    assert effectiveness == pytest.approx(1.0 - math.exp(-500.0 / 836.0), rel=1e-12)
    got = vessel.T(exactly(vessel, y0, [0.0, 600.0])[-1]) - 273.15
    record(
        "Vessel heated by a jacket", "closed form", "effectiveness, 0.2 kg/s of coolant", 0.450137000940, effectiveness
    )
    record("Vessel heated by a jacket", "closed form", "T at 600 s, 0.2 kg/s of coolant [degC]", 59.6309669465, got)
    assert got == pytest.approx(59.6309669465, rel=1e-11)


@pytest.mark.parametrize(
    ("n", "expected"), [(2, 0.25), (3, 0.216), (5, 0.1859344321), (10, 0.1615055829), (50, 0.1407126153)]
)
def test_cascade_of_vessels(n: int, expected: float) -> None:
    """First order at Da = 2 through n vessels in a row, each fed with what overflows from the one before."""
    V, V_flow = 0.1 / n, 1e-3
    reactions = [{"equation": "A -> B", "k0": 2.0 * V_flow / 0.1, "E": 0.0, "dH": 0.0}]
    vessel = Vessel({"A": 0.1, "B": 0.1}, reactions, **overflowing(V, V_flow))
    flow = vessel.feed(V_flow, 300.0, {"A": 1000.0})
    for _ in range(n):
        vessel.set_inlets(feed=flow, T_jacket=300.0)
        y = steady(vessel, vessel.filled(V, 300.0, {"A": 500.0, "B": 500.0}))
        out = vessel.outlet("product", vessel.unpack(y))
        flow = {"T": out.T, "m_flow": np.array(out.m_flow)}
    got = vessel.c(y, "A") / 1000.0
    record("First-order reaction in a cascade of vessels, Da = 2", "closed form", f"c/c0, n = {n}", expected, got)
    assert got == pytest.approx(expected, abs=6e-11)  # ten decimals are given
