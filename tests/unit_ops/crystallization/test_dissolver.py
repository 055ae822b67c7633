"""The dissolver: how fast crystals go, what stays undissolved, what passes the strainer, heat."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import unit_ops.crystallization.dissolver as dissolver
from tests.unit_ops.piping.bench import Bench
from twin import jit
from unit_ops.crystallization.laws import Solubility
from unit_ops.streams import T_REF, Cake, Solution

CP, RATE = 2000.0, 2e-3


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(dissolver)


def vessel(**more: Any) -> Bench:
    """1 L below the weir, solubility 0.2 kg/kg at any temperature; `solvent` and `solute`, 1000 kg/m³ each."""
    params: dict[str, Any] = {
        "tau": 10.0, "V_weir": 1e-3, "UA": 0.0, "dH_cryst": 0.0, "rate": RATE, "solute": 1, "solvent": 0, "crystal": 0,
        "cp": CP, "rho": 1000.0, "cp_solid": CP, "rho_solid": 1000.0, "sol_a": 0.2,
        "solubility": Solubility.POLYNOMIAL, **more,
    }  # fmt: skip
    return Bench(dissolver, {"fluids": 2, "solids": 1}, params, T_jacket=T_REF)


def advance(bench: Bench, y0: list[float], end: float) -> np.ndarray:
    result = solve_ivp(bench.rhs, (0.0, end), y0, method="LSODA", rtol=1e-10, atol=1e-13)
    assert result.success
    return np.asarray(result.y[:, -1])


def test_crystals_vanish_at_the_given_rate_in_pure_solvent() -> None:
    y = advance(vessel(), [0.0, 1e-6, 0.5, 0.0], 1000.0)
    assert y[1] == pytest.approx(1e-6 * np.exp(-RATE * 1000.0), rel=1e-4)  # a millionth of saturation is reached
    assert y[1] + y[3] == pytest.approx(1e-6, rel=1e-9)


def test_dissolution_ends_at_saturation() -> None:
    """0.2 kg per kg of solvent dissolve, more rests; the last hundredth, where the law is rounded, takes its time."""
    y = advance(vessel(), [0.0, 0.15, 0.5, 0.0], 1e6)
    assert y[3] / y[2] == pytest.approx(0.2, rel=1e-4)
    assert y[1] == pytest.approx(0.05, rel=1e-3)


def test_a_supersaturated_liquor_rests() -> None:
    y = advance(vessel(), [0.0, 0.1, 0.5, 0.11], 1e5)
    assert y[1] == pytest.approx(0.1, rel=1e-12)


def test_steady_state_holds_what_dissolves_too_slowly() -> None:
    """10 mg/s of crystals in 100 mg/s: c = 0.1, so that M = 10 mg/s/(rate (1 − 0.1/0.2)) = 10 g; clear overflow."""
    bench = vessel()
    bench.u = bench.u._replace(cake=Cake(T_REF, 1e-5, 1.0, np.zeros(2)), solvent=Solution(T_REF, np.array([1e-4, 0.0])))
    y = advance(bench, [0.0, 0.0, 1.0, 0.0], 3e5)
    assert y[1] == pytest.approx(0.01, rel=1e-6)
    assert y[3] / y[2] == pytest.approx(0.1, rel=1e-6)


def test_dissolving_cools() -> None:
    """100 g at -50 kJ/kg of crystallization take 5 kJ: 0.6 kg of 2 kJ/(kg K) cool by 25/6 K."""
    y = advance(vessel(dH_cryst=-5e4, sol_a=1.0), [0.0, 0.1, 0.5, 0.0], 1e5)
    assert y[0] / (0.6 * CP) == pytest.approx(-25.0 / 6.0, rel=1e-6)
