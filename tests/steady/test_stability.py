"""Blocks of a matrix and their eigenvalues: exact where a dense solver is not, and the same by Arnoldi's method."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.steady.plants import exothermic_text, msmpr
from twin.config import load_plant
from twin.plant import compile_plant
from twin.steady import stability as modes
from twin.steady.stability import Stability, arnoldi, strong_blocks
from twin.steady.state import steady


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 12), seed=st.integers(0, 10**6), density=st.floats(0.0, 0.4))
def test_blocks_are_what_reaches_each_other(n: int, seed: int, density: float) -> None:
    """Against the reachability matrix."""
    linked = np.random.default_rng(seed).random((n, n)) < density
    reach = np.linalg.matrix_power(linked.astype(int) + np.eye(n, dtype=int), n) > 0
    mutual = reach & reach.T
    rows, columns = np.nonzero(linked)
    blocks = strong_blocks(n, rows, columns)
    assert sorted(int(i) for block in blocks for i in block) == list(range(n))
    for block in blocks:
        assert np.array_equal(np.flatnonzero(mutual[block[0]]), block)


ROW = """
twin: 1
fluids: [water]
units:
{units}
feeds:
  supply: {{T: 40 degC, m_flow: {{water: 1 kg/s}}}}
connections:
{connections}
products: [out]
"""


def test_a_row_of_tanks_has_exact_eigenvalues(tmp_path: Path) -> None:
    """Forty equal tanks: forty times the same eigenvalue, which a dense solver spreads over a disc.

    Water of density ρ: dV/dt = V_flow − (V − V_weir)/τ and dT/dt = V_flow (T_in − T)/V.
    """
    names = [f"tank_{i}" for i in range(40)]
    unit = "{model: piping.tank, params: {tau: 60 s, V_weir: 1 L}, initial: {V: 1 L, T: 20 degC, w: {water: 1}}}"
    pairs = ["supply -> tank_0.feed", *(f"{a}.product -> {b}.feed" for a, b in zip(names, names[1:]))]
    text = ROW.format(
        units="\n".join(f"  {name}: {unit}" for name in names),
        connections="\n".join(f"  - {pair}" for pair in [*pairs, "tank_39.product -> out"]),
    )
    file = tmp_path / "row.yaml"
    file.write_text(text, encoding="utf-8")
    plant = compile_plant(load_plant(file))
    found = steady(plant, modes=80)
    assert found.stability is not None
    values = np.array([mode.value for mode in found.stability.modes])
    assert np.all(values.imag == 0.0)
    rho = plant.spec.components["water"]["rho_liquid"]
    exchange = (1.0 / rho) / (1e-3 + 60.0 / rho)  # V_flow/V, the weir's rounding is 4e-6 of that
    assert np.sort(-values.real)[:40] == pytest.approx(np.full(40, exchange), rel=1e-5)
    assert np.sort(-values.real)[40:] == pytest.approx(np.full(40, 1.0 / 60.0), rel=1e-5)
    assert {mode.size for mode in found.stability.modes} == {1}
    assert {len(mode.states) for mode in found.stability.modes} == {1}


def test_large_blocks_give_the_modes_near_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The crystallizer's block of 102 states, taken for large: the same slowest modes, and the answer is guarded."""
    plant = msmpr(tmp_path, 100)
    whole = steady(plant, modes=3).stability
    monkeypatch.setattr(modes, "DENSE", 50)
    near = steady(plant, modes=3).stability
    assert isinstance(whole, Stability)
    assert isinstance(near, Stability)
    assert whole.complete
    assert not near.complete
    for a, b in zip(whole.modes[:3], near.modes, strict=True):
        # 80 vectors of a space of 102 have converged to these
        assert b.value == pytest.approx(a.value, rel=1e-6)
        assert b.states[0][0] == a.states[0][0]


def test_arnoldi_finds_the_spectrum_of_a_small_matrix() -> None:
    matrix = np.random.default_rng(1).standard_normal((20, 20))
    values, vectors = arnoldi(lambda x: matrix @ x, 20, 80)
    assert np.sort_complex(values) == pytest.approx(np.sort_complex(np.linalg.eigvals(matrix)), abs=1e-9)
    assert matrix @ vectors == pytest.approx(vectors * values, abs=1e-9)


def test_what_nothing_controls_is_neutral(tmp_path: Path) -> None:
    """A closed vessel that has reacted to its end: any mass is as good as another, and that is no instability."""
    text = exothermic_text(310.0, 0.95).replace("discharge: weir", "discharge: closed")
    text = re.sub(r"m_flow: \{S: .* kg/s, A: .* kg/s\}", "m_flow: {S: 0 kg/s}", text)
    file = tmp_path / "still.yaml"
    file.write_text(text, encoding="utf-8")
    found = steady(compile_plant(load_plant(file)))
    assert found.ok, found.message
    assert found.stability is not None
    assert found.stability.stable
    assert found.stability.neutral
    assert [mode.kind for mode in found.stability.modes].count("neutral") >= 2
    assert found.stability.modes[0].time_constant == float("inf")
