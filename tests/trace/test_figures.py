"""Figures show the numbers that they are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.trace.plants import TAU, blender
from twin.trace import figures
from twin.trace.diversion import Case, Rule, judge
from twin.trace.state import chart
from twin.trace.tracing import WIDTHS, trace

LOTS = (
    "duration: 5 min\nrecord: 60 s\nlots: [{name: A, of: powder}]\ncontainers: [{name: bin, of: blend, every: 1 min}]\n"
)


def test_figures_of_a_trace(tmp_path: Path) -> None:
    found = trace(blender(tmp_path, 1, LOTS), write=False, holdup=0.0, paths=[("powder", "blend")])
    held = [c for c in found.residences if c.steady]
    line = figures.density(held).data[0]
    assert line.y[0] == pytest.approx(1.0 / TAU, rel=1e-6)
    left = figures.funnel(held, WIDTHS).data[0].y
    # one tank: 1 − e^(−w/τ); the search's grid is fine to 1e-4 here
    assert left == pytest.approx(1.0 - np.exp(-WIDTHS / TAU), abs=1e-3)
    bars = figures.lots(found.genealogy).data
    assert sum(bar.y[2] for bar in bars) == pytest.approx(1.0, abs=1e-9)


def test_figures_of_a_judgement() -> None:
    t = np.arange(0.0, 100.0)
    case = Case(t, np.where(t > 50.0, 0.3, 0.2), np.ones(100), np.full(100, 0.2))
    verdict = judge(Rule(0.1, 0.25, 1.0, 0.0, 2.0, 10.0), t, case.signal, case.flow, case.truth, 0.1, 0.3)
    assert len(figures.diverted(case, verdict, 0.1, 0.3).layout.shapes) == 2 + len(verdict.opened)
    marked = figures.control_chart(chart(t, np.where(t == 50.0, 9.0, np.cos(t))), -1.0, 1.0).data[1]
    assert 50.0 in marked.x
