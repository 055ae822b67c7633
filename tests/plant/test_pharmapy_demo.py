"""A day of PharmaPy's demonstration flowsheet: three batches one after another, conserved, and what each leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.results.reader import open_run
from twin.run import run


@pytest.mark.slow
def test_three_batches(tmp_path: Path) -> None:
    result = run("pharmapy_demo_day", tmp_path / "day.h5")
    assert result.outcome == "finished", result.message
    assert not result.warnings
    file = open_run(result.path)
    for balance in file.balances.all:
        assert balance.measures["relative"] < 1e-9, balance.name
    hours = np.asarray(file.time) / 3600.0
    # each batch is all in its vessel before it goes on, and leaves less than 10 mL behind
    for tag, at in (("tank.V", 2.0), ("crystallizer.V", 6.2), ("filter.V", 6.49)):
        V = np.interp(at + 6.5 * np.arange(3), hours, file.get(tag))
        assert V == pytest.approx(40.2e-3, rel=5e-3), tag
    assert np.interp([2.25, 8.75, 15.25], hours, file.get("tank.V")).max() < 1e-5
    assert np.interp([6.49, 12.99, 19.49], hours, file.get("crystallizer.V")).max() < 1e-5
    # the first batch is diluted by the 10 L of solvent that fill the tube; the others are not
    cakes = np.interp([12.3, 18.8, 25.3], hours, file.get("filter.cake_mass"))
    assert cakes[0] == pytest.approx(0.36, rel=0.02)
    assert cakes[1] == pytest.approx(0.54, rel=0.02)
    assert cakes[2] == pytest.approx(cakes[1], rel=2e-3)
    dug = np.interp([12.6, 19.1, 25.6], hours, file.get("filter.cake_mass"))
    assert dug.max() < 1e-3 * cakes[0]
