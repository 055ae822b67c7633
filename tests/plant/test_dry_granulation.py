"""The dry-granulation line through the whole pipeline: a day from start-up to shutdown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.results.reader import Run, open_run
from twin.run import run

# its plant has models that no everyday plant has: they take longer to compile than all that is asked of them here
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("dry")
    return open_run(run("dry_granulation_day", folder / "day.h5").path)


def test_material_is_kept(day: Run) -> None:
    for balance in day.balances.components:
        assert balance.measures["relative"] < 1e-12, balance.name


def test_the_line_makes_what_its_feeders_say(day: Run) -> None:
    hours = day.time / 3600.0
    steady = (hours > 2.0) & (hours < 22.0)
    # 30 % of what is fed, less 1 % of lubricant behind the mill; refills overfeed for a minute
    assert np.mean(day.get("compactor.api_content")[steady]) == pytest.approx(3.0 / 9.9 * 0.998, rel=3e-3)
    assert np.mean(day.get("press.api_content")[steady]) == pytest.approx(3.0 / 10.0 * 0.998, rel=3e-3)
    assert np.mean(day.get("compactor.throughput")[steady]) == pytest.approx(9.9e-3, rel=3e-3)
    assert np.max(np.abs(day.get("compactor.level")[steady] - 0.4)) < 0.02
    assert np.max(np.abs(day.get("press.tablet_mass")[steady] - 400e-6)) < 1e-6


def test_ribbon_and_granules_are_those_of_their_machines(day: Run) -> None:
    now = int(np.searchsorted(day.time, 10.0 * 3600.0))
    assert day.get("compactor.peak_pressure")[now] == pytest.approx(128.8e6, rel=1e-3)  # Johanson, by itself
    # a density is a pressure to the eighth root: 430 kg/m3 at 1 bar
    rho = 430.0 * (day.get("compactor.peak_pressure")[now] / 1e5) ** 0.125
    assert day.get("compactor.rho_ribbon")[now] == pytest.approx(rho, rel=1e-12)
    assert 0.65 < day.get("compactor.solid_fraction")[now] < 0.75
    assert day.get("mill.d_32")[now] < 1.2e-3  # the screen


def test_the_line_runs_down(day: Run) -> None:
    assert day.get("compactor.level")[-1] < 1e-4
    assert day.get("granule_feeder.m")[-1] < 1e-4
    assert day.get("press.rate")[-1] < 1e-6
    assert np.all(day.get("gate.good.n_flow")[day.time > 22.61 * 3600.0] == 0.0)
