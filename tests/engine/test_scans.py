"""The order of an instant: guards, events as written, scans in the plant's order, guards again; steps undisturbed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.schedule.refill import Watched
from twin.config import load_scenario
from twin.integrate.outcome import Outcome
from twin.plant import compile_plant


def relays(*units: str, signals: str) -> str:
    rows = "\n".join(f"  {unit}" for unit in units)
    return f"twin: 1\nfluids: [water]\nunits:\n{rows}\nsignals: [{signals}]\n"


A = "a: {model: tests.engine.relay, params: {given: 1, period: 10 s}}"
B = "b: {model: tests.engine.relay, params: {period: 10 s, threshold: 1.5}}"


def ran(folder: Path, plant: str, events: str, table: bool = True, method: str = "rodas4p", end: float = 60.0) -> Any:
    """Run; gives the watched run and a function that reads a state's samples by path."""
    (folder / "plant.yaml").write_text(plant, encoding="utf-8")
    (folder / "s.yaml").write_text(
        f"twin: 1\nplant: plant.yaml\nduration: {end} s\nrecord: 5 s\nsolver: {{method: {method}}}\n"
        f"events: [{events}]\n",
        encoding="utf-8",
    )
    spec = load_scenario(folder / "s.yaml")
    compiled = compile_plant(spec.plant)
    watched = Watched(spec, compiled, table=table)
    assert watched.simulation.run().outcome is Outcome.FINISHED

    def column(path: str) -> np.ndarray:
        return watched.column("y")[:, next(c.offset for c in compiled.columns if c.path == path)]

    return watched, column


AT_SCAN = "{at: 20 s, set: {a.given: 2}}"


@pytest.mark.parametrize("method", ["rodas4p", "cvode"])
def test_each_unit_sees_what_those_before_it_have_just_done(tmp_path: Path, method: str) -> None:
    if method == "cvode":
        pytest.importorskip("sksundae")
    watched, column = ran(tmp_path, relays(A, B, signals="a.shown -> b.given"), AT_SCAN, method=method)
    time = watched.column("time")
    # the event at 20 s comes before the scan of that instant, which a sample at 20 s does not show yet
    expected = np.where(time > 20.0, 2.0, 1.0)
    np.testing.assert_allclose(column("a.held"), expected, rtol=1e-14)
    np.testing.assert_allclose(column("b.held"), expected, rtol=1e-14, err_msg="in the same instant")
    watched, column = ran(tmp_path, relays(B, A, signals="a.shown -> b.given"), AT_SCAN, method=method)
    np.testing.assert_allclose(column("a.held"), expected, rtol=1e-14)
    late = np.where(time > 30.0, 2.0, np.where(time > 10.0, 1.0, 0.0))
    np.testing.assert_allclose(column("b.held"), late, rtol=1e-14, err_msg="a period later")


def test_what_is_held_is_integrated_exactly(tmp_path: Path) -> None:
    _, column = ran(tmp_path, relays(A, B, signals="a.shown -> b.given"), AT_SCAN)
    assert column("b.total")[-1] == pytest.approx(20.0 * 1.0 + 40.0 * 2.0, rel=1e-12)


CROSSED = "{when: b.beyond rises, set: {a.given: 5}, name: too much}"


@pytest.mark.parametrize("table", [True, False])
def test_a_guard_that_a_scan_carries_across_fires_at_that_instant(tmp_path: Path, table: bool) -> None:
    watched, column = ran(tmp_path, relays(A, B, signals="a.shown -> b.given"), f"{AT_SCAN}, {CROSSED}", table=table)
    assert [(e.time, e.cause) for e in watched.events] == [(20.0, "set a.given"), (20.0, "too much")]
    # set after the scan of 20 s: passed on at 30 s
    time = watched.column("time")
    np.testing.assert_allclose(
        column("b.held"), np.where(time > 30.0, 5.0, np.where(time > 20.0, 2.0, 1.0)), rtol=1e-14
    )


def test_scans_cut_steps_but_do_not_shorten_them(tmp_path: Path) -> None:
    """Nothing moves the step control here, so from scan to scan it is one step, however often it was cut."""
    watched, _ = ran(tmp_path, relays(A, B, signals="a.shown -> b.given"), "", end=1000.0)
    statistics = watched.simulation.statistics
    assert statistics["scans"] == 2 * 101
    assert statistics["rejected"] == 0
    # a few more while the first step grows
    assert statistics["steps"] <= 100 + 10


def test_periods_that_differ_meet_where_they_should(tmp_path: Path) -> None:
    fast = "b: {model: tests.engine.relay, params: {period: 0.1 s}}"
    watched, _ = ran(tmp_path, relays(A, fast, signals="a.shown -> b.given"), "")
    # 0, 0.1, …, 60 s: counted from the start, not added up, so that none is lost or doubled to rounding
    assert watched.simulation.statistics["scans"] == 7 + 601


def test_a_scan_an_ulp_beside_an_event_is_taken_with_it_or_before(tmp_path: Path) -> None:
    assert 3 * 0.1 > 0.3
    assert 3 * 0.7 < 2.1
    fast = "a: {model: tests.engine.relay, params: {given: 1, period: 0.1 s}}"
    watched, column = ran(tmp_path, relays(fast, signals=""), "{at: 0.3 s, set: {a.given: 2}}", end=5.0)
    # passed on at 0.3 s, not a period later
    assert column("a.total")[-1] == pytest.approx(0.3 + 4.7 * 2.0, rel=1e-12)
    assert watched.simulation.statistics["scans"] == 51
    fast = "a: {model: tests.engine.relay, params: {given: 1, period: 0.7 s}}"
    _, column = ran(tmp_path, relays(fast, signals=""), "{at: 2.1 s, set: {a.given: 2}}", end=10.0)
    # the scan of 2.0999999999999996 s came before: passed on at 2.8 s
    assert column("a.total")[-1] == pytest.approx(2.8 + 7.2 * 2.0, rel=1e-12)
