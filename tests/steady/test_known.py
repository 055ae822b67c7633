"""Steady states that are known by other means: exact, published, in closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.steady.plants import exothermic, measured, msmpr
from twin.config import load_plant
from twin.plant import compile_plant
from twin.steady.state import steady

MINUTE = 60.0


def test_two_tanks_come_to_rest_where_algebra_says() -> None:
    """All that comes in leaves at 25 °C; through both tanks passes 1/(1 − 0.2) of the feed, 80 % of it ethanol.

    What stands above a weir is h = τ V_flow, rounded: V = V_weir + h − ε²/4h, with ε = 1e-3 V_weir.
    """
    plant = compile_plant(load_plant("two_tanks"))
    found = steady(plant)
    assert found.ok
    assert not found.held.why
    assert found.stability is not None
    assert found.stability.stable
    component = plant.spec.components
    volume = {name: 1.0 / component[name]["rho_liquid"] for name in ("ethanol", "water")}
    V_flow = (0.020 * volume["ethanol"] + 0.005 * volume["water"]) / 0.8
    mixed = 0.8 * volume["ethanol"] + 0.2 * volume["water"]
    for tank, V_weir in (("first", 0.010), ("second", 0.020)):
        column = next(c for c in plant.columns if c.path == f"{tank}.m" and c.kind == "state")
        h = 60.0 * V_flow
        V = V_weir + h - (1e-3 * V_weir) ** 2 / (4.0 * h)
        wanted = V / mixed * np.array([0.8, 0.2])
        # rounding: the weir takes the difference of two volumes that agree to two digits
        assert found.y[column.offset : column.offset + 2] == pytest.approx(wanted, rel=1e-12)
        assert measured(plant, found.y, f"{tank}.T") == pytest.approx(298.15, abs=1e-10)
    for closure in found.closures:
        assert abs(closure.relative) < 1e-12
    assert {r.unit for r in found.residuals} == {"first", "second"}
    assert max(r.rate for r in found.residuals) < 1e-14


#: Seborg et al., Process Dynamics and Control, ch. 2: T [K], c_A [mol/L] and eigenvalue [1/min], recomputed.
SEBORG = [
    (324.475443432, 0.8772529461, -1.0489047 + 0.5388250j, True),
    (350.005528690, 0.4999182860, 2.8344431 + 0.0j, False),
    (369.704913423, 0.2087613796, 1.3573258 + 1.5402000j, False),
]
#: Where each of them is looked for.
STARTS = [(310.0, 0.95), (352.0, 0.48), (366.0, 0.24)]


@pytest.mark.parametrize(("wanted", "start"), list(zip(SEBORG, STARTS, strict=True)), ids=["cold", "middle", "hot"])
def test_the_three_steady_states_of_an_exothermic_vessel(
    tmp_path: Path, wanted: tuple[float, float, complex, bool], start: tuple[float, float]
) -> None:
    """Each found from near, with its leading eigenvalue; only the cold one is stable (ISBN 978-0-470-12867-1)."""
    T, c_A, eigenvalue, stable = wanted
    plant = exothermic(tmp_path, *start)
    found = steady(plant, nearest=True)
    assert found.ok
    assert measured(plant, found.y, "vessel.T") == pytest.approx(T, abs=1e-8)
    assert measured(plant, found.y, "vessel.n_key") == pytest.approx(1e3 * c_A, rel=1e-9)
    assert found.stability is not None
    assert found.stability.stable is stable
    values = np.array([mode.value * MINUTE for mode in found.stability.modes])
    # eigenvalues are given to seven digits; differences of 1e-8 in the Jacobian cost as much
    assert np.abs(values - eigenvalue).min() < 2e-6
    mode = found.stability.modes[int(np.abs(values - eigenvalue).argmin())]
    assert {name for name, _ in mode.states} <= {"vessel.H", "vessel.m"}
    assert mode.time_constant == pytest.approx(MINUTE / abs(eigenvalue.real), rel=1e-6)


def test_from_a_start_that_runs_away_the_plant_is_followed(tmp_path: Path) -> None:
    """A little below the middle state the vessel goes out, as the integrator has it; a little above it does not."""
    below = exothermic(tmp_path, 348.0, 0.5)
    found = steady(below)
    assert found.ok
    assert measured(below, found.y, "vessel.T") == pytest.approx(324.475443432, abs=1e-8)


def test_crystallizer_in_closed_form(tmp_path: Path) -> None:
    """S = [6 ρ kv kb kg³ τ⁴]^(−1/5) for nucleation ∝ M_T; the error of 100 and 200 classes falls fourfold."""
    S, L43, mu_0 = 0.138246848033, 99.5377306e-6, 1.090720133695e10
    got = {}
    for bins in (100, 200):
        plant = msmpr(tmp_path, bins)
        found = steady(plant, modes=2)
        assert found.ok, found.message
        assert found.stability is not None
        assert found.stability.stable
        assert all(abs(c.relative) < 1e-9 for c in found.closures)
        got[bins] = np.array([measured(plant, found.y, f"cr.{name}") for name in ("S", "L43", "mu_0")])
    exact = np.array([S, L43, mu_0])
    assert got[200] == pytest.approx(exact, rel=4e-3)
    # as tests/unit_ops/crystallization/test_msmpr.py has it: what is left is the next order
    assert (4.0 * got[200] - got[100]) / 3.0 == pytest.approx(exact, rel=5e-4)
