"""A real plant through the whole pipeline: two tanks with events, to a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.results.content import verify
from twin.results.reader import Run, open_run
from twin.results.report import report
from twin.run import run


@pytest.fixture(scope="module")
def two_tanks(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Sixteen minutes: a step, a ramp and a stop of the feed."""
    return open_run(run("two_tanks", tmp_path_factory.mktemp("run") / "a.h5", until="16 min").path)


def test_balances_close_and_streams_agree(two_tanks: Run) -> None:
    for balance in two_tanks.balances.components:
        assert balance.measures["relative"] < 1e-12, balance.name  # rounding of a hundred steps
        assert balance.measures["relative_streams"] < 1e-5, balance.name  # a sample every 10 s, tanks of minutes
    energy = two_tanks.balances.energy.measures
    # rounding, and that of the ramp's slope in time: a difference over 2^-20 of a step, 1e-10 of what the ramp adds
    assert energy["relative"] < 5e-12
    assert energy["relative_streams"] < 1e-5


def test_equal_runs_have_equal_hashes(two_tanks: Run, tmp_path: Path) -> None:
    again = run("two_tanks", tmp_path / "b.h5", until="16 min").path
    assert verify(again).ok
    assert verify(again).stored == two_tanks.attrs["content_hash"]
    other = run("two_tanks", tmp_path / "c.h5", until="16 min", set=["spirit.T=25.001 degC"]).path
    assert verify(other).stored != two_tanks.attrs["content_hash"]


def test_every_tag_has_unit_meaning_and_numbers(two_tanks: Run) -> None:
    assert two_tanks.tags
    for tag in two_tanks.tags.values():
        assert tag.unit, tag.name
        assert tag.meaning, tag.name
        assert two_tanks.get(tag.name).shape == (two_tanks.rows, *tag.shape)
    assert two_tanks.unit("first.T") == "K"
    assert two_tanks.get("spirit.m_flow[ethanol]")[-1] == 0.04


def test_the_report_names_feed_and_product(two_tanks: Run) -> None:
    summary = report(two_tanks)
    assert set(summary["feeds"]) == {"spirit"}
    assert summary["pmi"] > 0.0
    assert summary["events"] == 6
