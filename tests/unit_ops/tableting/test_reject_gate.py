"""Reject gate: shares of the normal distribution, conservation to rounding, diversion, sane at every mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

import unit_ops.tableting.reject_gate as gate
from tests.unit_ops.piping.bench import Bench

PARAMS = {"F_low": 8e3, "F_high": 12e3, "m_least": 285e-6, "m_greatest": 315e-6, "s_force": 500.0, "s_mass": 3e-6}
TABLETS = {"n_flow": 36.0, "m_flow": [2e-3, 8e-3], "m_flow_liquid": [1e-4]}


def build(force: float = 10e3, mass: float = 300e-6, divert: float = 0.0) -> Bench:
    dims = {"fluids": 1, "solids": 2}
    return Bench(gate, dims, PARAMS, tablets=TABLETS, compression_force=force, tablet_mass=mass, divert=divert)


def outlets(bench: Bench) -> tuple[Any, Any]:
    return bench.outlet("good", None), bench.outlet("rejects", None)


@pytest.mark.parametrize(("force", "mass"), [(10e3, 300e-6), (11.5e3, 288e-6), (13e3, 300e-6)])
def test_what_passes_is_the_share_between_the_limits(force: float, mass: float) -> None:
    good, rejects = outlets(build(force, mass))
    share = np.prod([np.diff(norm.cdf([8e3, 12e3], force, 500.0)), np.diff(norm.cdf([285e-6, 315e-6], mass, 3e-6))])
    assert good.n_flow == pytest.approx(36.0 * share, rel=1e-12)
    assert good.n_flow + rejects.n_flow == pytest.approx(36.0, rel=1e-15)
    assert good.m_flow + rejects.m_flow == pytest.approx([2e-3, 8e-3], rel=1e-15)
    assert good.m_flow_liquid + rejects.m_flow_liquid == pytest.approx([1e-4], rel=1e-15)


def test_diversion_takes_all_or_a_part() -> None:
    good, rejects = outlets(build(divert=1.0))
    assert good.n_flow == 0.0
    assert rejects.m_flow == pytest.approx([2e-3, 8e-3], rel=1e-15)
    half, _ = outlets(build(divert=0.5))
    whole, _ = outlets(build())
    assert half.n_flow == pytest.approx(0.5 * whole.n_flow, rel=1e-14)


@pytest.mark.parametrize("mean", [0.0, 1e-9, 1e3])
def test_no_tablets_or_absurd_ones_are_rejected_without_trouble(mean: float) -> None:
    good, rejects = outlets(build(force=mean, mass=mean))
    assert 0.0 <= good.n_flow < 1e-12
    assert rejects.n_flow == pytest.approx(36.0, rel=1e-12)


def test_limits_must_leave_room() -> None:
    p = build().p
    assert gate.check_params(p) == {}  # type: ignore[arg-type]
    assert list(gate.check_params(gate.Params(**{**PARAMS, "F_low": 13e3}))) == ["F_low"]
