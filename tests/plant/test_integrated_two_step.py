"""The two-step plant: conservation through reactions, extractions and both recycles; product; the purge's effect."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.results.reader import Run, open_run
from twin.run import run

# its plant has models that no everyday plant has: they take longer to compile than all that is asked of them here
pytestmark = pytest.mark.slow


def finished(scenario: str, folder: Path, until: str | None = None) -> Run:
    result = run(scenario, folder / "run.h5", until=until)
    assert result.outcome == "finished", result.message
    assert not result.warnings
    file = open_run(result.path)
    for balance in file.balances.all:
        assert balance.measures["relative"] < 1e-9, balance.name
    return file


def test_start_up(tmp_path: Path) -> None:
    """A day: the first step works, its cake dissolves as it comes, the second step waits; solvent goes round."""
    file = finished("two_step_day", tmp_path, "30 h")
    assert file.get("crystallizer_1b.w_crystals")[-1] > 0.05
    cake = file.get("filter_1.cake.m_flow_crystals")[-1]
    assert cake > 5e-6
    assert file.get("dissolver.undissolved")[-1] < 1000.0 * cake  # a quarter of an hour's worth
    assert file.get("crystallizer_2a.w_crystals")[-1] == pytest.approx(0.0, abs=1e-9)
    for recycle, V in (("recycle_1", 2.5e-3), ("recycle_2", 1e-3)):
        assert file.get(f"{recycle}.V")[-1] == pytest.approx(V, rel=0.1), recycle
    assert file.get("still.T")[-1] == pytest.approx(351.0, abs=1.0)  # ethyl acetate boils at 77.1 degC


@pytest.mark.slow
def test_a_week_of_production(tmp_path: Path) -> None:
    file = finished("two_step_day", tmp_path)
    hours = np.asarray(file.time) / 3600.0
    product = file.get("dryer.product.m_flow[product]")
    full = float(np.interp(100.0, hours, product))
    assert full * 3.6e6 == pytest.approx(45.0, rel=0.03)  # g/h
    # reagents flow from 2 h on; half of the product's rate comes after some 50 h
    half = float(np.interp(0.5 * full, product[hours < 100.0], hours[hours < 100.0])) - 2.0
    assert 45.0 < half < 55.0
    assert product[-1] < 1e-3 * full  # run dry at the end
    made = hours > 60.0
    assert np.all(file.get("dryer.LOD")[made & (hours < 160.0)] < 1e-3)
    assert np.all(file.get("settler_1.depth") < 0.05)
    assert np.all(file.get("settler_2.depth") < 0.05)


@pytest.mark.slow
def test_a_closed_purge_builds_up_the_impurity(tmp_path: Path) -> None:
    file = finished("two_step_recycle_buildup", tmp_path)
    hours = np.asarray(file.time) / 3600.0

    def at(tag: str, *when: float) -> np.ndarray:
        return np.asarray(np.interp(when, hours, file.get(tag)))

    open_, closed, opened = at("recycle_1.m[impurity]", 119.0, 279.0, 399.0)
    assert closed > 3.0 * open_
    assert opened < 0.7 * closed
    # it slows growth: more supersaturation, finer crystals; and goes on with the cake's liquor to the product
    S, L43 = at("crystallizer_1a.S", 119.0, 279.0), at("crystallizer_1a.L43", 119.0, 279.0)
    assert S[1] > 1.15 * S[0]
    assert L43[1] < 0.95 * L43[0]
    w = at("dryer.product.m_flow_liquid[impurity]", 119.0, 310.0)
    assert w[1] > 3.0 * w[0]


@pytest.mark.slow
def test_two_integrators_agree(tmp_path: Path) -> None:
    """CVODE at 1e-7 against the scenario's own setting, through both onsets of crystallization."""
    pytest.importorskip("sksundae", reason="the cross-check needs scikit-sundae")
    native = open_run(run("two_step_day", tmp_path / "native.h5", until="50 h").path)
    other = open_run(run("two_step_day", tmp_path / "cvode.h5", until="50 h", method="cvode", rtol=1e-7).path)
    for tag in ("reactor_1.w_key", "crystallizer_1a.S", "dissolver.c", "reactor_2.w_key", "crystallizer_2b.w_crystals",
                "dryer.product.m_flow[product]", "recycle_1.m[impurity]", "store_1.V"):  # fmt: skip
        a, b = np.asarray(native.get(tag)), np.asarray(other.get(tag))
        assert np.max(np.abs(a - b)) < 1e-3 * np.max(np.abs(b)), tag
