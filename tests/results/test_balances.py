"""Balances: exact for an exact trajectory, and wrong by the amount that is taken away."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from rich.console import Console

from tests.results.fake import EVENT, OMEGA, fake_plant, fake_scenario, trajectory
from tests.results.making import TIMES, feed
from twin.results.balances import CLOSURE
from twin.results.reader import Run, open_run
from twin.results.report import WIDTH, render, report
from twin.results.streams import integrate
from twin.results.writer import RunWriter


def test_closed_forms_close_to_rounding(finished: Path) -> None:
    balances = open_run(finished).balances
    assert [balance.name for balance in balances.all] == ["ethanol", "p_aminophenol", "paracetamol", "mcc", "energy"]
    for balance in balances.all:
        # a dozen sums of numbers of the size of the throughput
        assert balance.measures["relative"] < 1e-13, balance.name
        # the ripple has 60 samples a period: the corrected rule's error is (2 pi/60)^4/720 = 2e-7 of it
        assert balance.measures["relative_streams"] < 1e-6, balance.name


def test_amounts_are_those_of_the_closed_forms(finished: Path) -> None:
    balances = {balance.name: balance.measures for balance in open_run(finished).balances.all}
    ripple = 0.2 / OMEGA * (1.0 - np.cos(OMEGA * EVENT))
    fed = 0.01 * (7200.0 + (7200.0 - EVENT - ripple))
    assert balances["ethanol"]["in"] == pytest.approx(fed, rel=1e-12)
    assert balances["ethanol"]["in_streams"] == pytest.approx(fed, rel=1e-6)
    # dissolved by reaction and lost to crystals, gained as crystals: net by name
    assert balances["paracetamol"]["source"] == pytest.approx(0.0018 * 7200.0, rel=1e-12)
    assert balances["mcc"]["throughput"] == 0.0
    assert balances["energy"]["source"] == pytest.approx(-50.0 * 7200.0, rel=1e-12)


def test_an_event_between_samples_needs_its_two_sides(tmp_path: Path, finished: Path) -> None:
    plant = fake_plant()
    with RunWriter(tmp_path / "run.h5", plant, fake_scenario()) as writer:
        feed(writer, plant, TIMES)
        path = writer.finish("finished")
    # without snapshots the jump is smeared over the 60 s between two samples; here it falls in their
    # middle, where trapezoids nearly cancel, and yet
    smeared = open_run(path).balances.components[0].measures["relative_streams"]
    assert smeared > 10.0 * open_run(finished).balances.components[0].measures["relative_streams"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/units/crystallizer/holdup/m_fluids", "ethanol"),
        ("/quadratures/tablets/solids", "paracetamol"),
        ("/units/crystallizer/holdup/H", "energy"),
    ],
)
def test_what_is_missing_is_the_residual(path: str, name: str, tmp_path: Path, finished: Path) -> None:
    copy = tmp_path / "copy.h5"
    shutil.copy(finished, copy)
    with h5py.File(copy, "r+") as file:
        values = file[path]
        values[-1] = values[-1] + 1e-3
    measures = {balance.name: balance.measures for balance in open_run(copy).recompute_balances().all}[name]
    assert abs(measures["residual"]) == pytest.approx(1e-3, rel=1e-6)
    assert measures["relative"] == pytest.approx(1e-3 / measures["throughput"], rel=1e-6)


def test_streams_are_an_independent_account(tmp_path: Path, finished: Path) -> None:
    copy = tmp_path / "copy.h5"
    shutil.copy(finished, copy)
    with h5py.File(copy, "r+") as file:
        flows = file["/units/crystallizer/outlets/product/m_flow_crystals"]
        flows[...] = flows[...] * 1.01
    measures = {b.name: b.measures for b in open_run(copy).recompute_balances().all}
    assert measures["paracetamol"]["relative"] < 1e-13
    assert measures["paracetamol"]["relative_streams"] > 1e-3
    assert measures["ethanol"]["relative_streams"] < 1e-6


def test_numbers_too_large_to_be_added_up_are_named(tmp_path: Path, finished: Path) -> None:
    """As a run that failed may leave them; warnings are errors here, as they would be noise on the terminal."""
    copy = tmp_path / "copy.h5"
    shutil.copy(finished, copy)
    with h5py.File(copy, "r+") as file:
        for path in ("/feeds/reagents/m_flow", "/units/crystallizer/holdup/m_fluids"):
            values = file[path]
            values[-2:] = 1.7e308
        totals = file["/quadratures/reagents/fluids"]
        totals[0], totals[-1] = -1.7e308, 1.7e308
    balances = open_run(copy).recompute_balances()
    assert not np.isfinite(balances.worst.measures["relative"])
    with h5py.File(copy, "r+") as file:
        del file.attrs["content_hash"]  # not finished: balances are computed when asked for
    summary = report(open_run(copy))
    json.dumps(summary, allow_nan=False, default=float)
    console = Console(width=WIDTH, record=True, file=io.StringIO())
    console.print(render(summary))
    lines = console.export_text().splitlines()
    assert any(line.startswith("ethanol") and line.count("not finite") == 2 for line in lines)
    assert balances.energy.measures["relative"] < 1e-12


def test_integration_is_exact_for_parabolas_on_uneven_grids_and_jumps() -> None:
    time = np.array([0.0, 1.0, 1.5, 4.0, 5.0, 9.0])
    jump = np.array([4.5])
    rates = np.where(time < 4.5, time**2, 3.0 * time**2)[:, None]
    sides = np.array([[4.5**2]])
    total = integrate(time, rates, jump, sides, 3.0 * sides)
    left, right = 4.5**3 / 3.0, 9.0**3 - 4.5**3
    assert total[0] == pytest.approx(left + right, rel=1e-14)


def test_a_kink_at_a_sample_is_not_smeared() -> None:
    time = np.arange(0.0, 100.0, 10.0)
    rates = np.minimum(time, 50.0)[:, None]  # the end of a ramp
    none = np.zeros((0, 1))
    # 50^2/2 + 40 * 50; slopes through three samples would miss 10^2/12 of the slope
    assert integrate(time, rates, np.zeros(0), none, none)[0] == pytest.approx(3250.0, rel=1e-14)


def test_an_event_at_a_sample_and_two_samples_only() -> None:
    time, rates = np.array([0.0, 1.0, 2.0]), np.array([[1.0], [7.0], [3.0]])
    # at t = 1 the stream jumps from 1 to 3; whatever the sample says there, the sides count
    assert integrate(time, rates, np.array([1.0]), np.array([[1.0]]), np.array([[3.0]]))[0] == 4.0
    assert integrate(time[:2], rates[:2], np.zeros(0), np.zeros((0, 1)), np.zeros((0, 1)))[0] == 4.0


@pytest.mark.parametrize(
    ("settings", "lost", "told"),
    [
        ({}, 0.5e-8, False),
        ({}, 2e-8, True),
        ({}, np.nan, True),
        ({"method": "cvode", "rtol": 1e-3}, 2e-8, True),  # its quadratures close to rounding as well
        ({"method": "multirate", "rtol": 1e-4}, 0.5e-4, False),
        ({"method": "multirate", "rtol": 1e-4}, 2e-4, True),
        ({"method": "multirate", "rtol": 1e-8}, 0.5e-6, False),
        ({"method": "multirate", "rtol": 1e-8}, 2e-6, True),
    ],
)
def test_a_balance_that_does_not_close_is_an_alarm(
    settings: dict[str, Any], lost: float, told: bool, tmp_path: Path
) -> None:
    """Matter or energy from nowhere, above the limit of the method, is said by the run, its file and its report."""
    plant = fake_plant()
    y, w, q = trajectory(plant, TIMES)
    place = next(c.offset for c in plant.columns if c.path == "reagents.total.fluids")
    q[-1, place] += lost * q[-1, place]
    with RunWriter(tmp_path / "run.h5", plant, fake_scenario(**settings)) as writer:
        writer.append(TIMES, y, w[:, writer.w_index], q)
        run = open_run(writer.finish("finished"))
    closing = {row["name"]: row["closes"] for row in report(run)["balances"]}
    assert closing == {**dict.fromkeys(closing, True), "ethanol": not told}
    assert [alarm.limit for alarm in run.alarms] == [run.balances.limit.value] * told
    # other balances close; ethanol's throughput is half of what came in, left, or is held: about what came in
    said = [text for text in writer.warnings if text.startswith("the balance of component ethanol does not close")]
    assert len(said) == len(writer.warnings) == int(told)
    assert [alarm.text for alarm in run.alarms] == said == report(run)["alarms"]
    if told:
        (alarm,) = run.alarms
        assert (alarm.kind, alarm.tag, alarm.time) == ("does not close", "balances/ethanol", TIMES[-1])
        assert f"alarm: {alarm.text}" in _printed(run).replace("\n", " ")


def test_an_old_file_without_its_settings_is_judged_as_a_whole_plant(tmp_path: Path, finished: Path) -> None:
    copy = tmp_path / "copy.h5"
    shutil.copy(finished, copy)
    with h5py.File(copy, "r+") as file:
        del file.attrs["method"], file.attrs["rtol"]
    run = open_run(copy)
    assert run.balances.limit == run.recompute_balances().limit == (CLOSURE, "rounding")
    assert report(run)["closure"] == {"value": CLOSURE, "basis": "rounding"}
    assert "closure at most 1e-08 (rounding)" in _printed(run)


def _printed(run: Run) -> str:
    console = Console(width=400, record=True, file=io.StringIO())
    console.print(render(report(run)))
    return console.export_text()
