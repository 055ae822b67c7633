"""Steps from scan to scan with a kept matrix: what they give beside exact ones, and when they are not taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.control.loops import at
from tests.control.test_relaxed import EVENTS, TWO, ran
from twin.config import load_scenario
from twin.plant import compile_plant
from twin.schedule.simulation import Simulation

QUIET = TWO.replace(", NOISE", "")


def test_steps_with_a_kept_matrix_give_what_exact_ones_give(tmp_path: Path) -> None:
    exact, kept = (ran(tmp_path, QUIET, scans, record="7.5 s") for scans in ("exact", "kept"))
    assert exact.statistics["scans"] == kept.statistics["scans"]
    assert kept.statistics["kept"] > 0.85 * kept.statistics["steps"], "all but after changes of setpoints"
    assert kept.statistics["lu"] < 0.15 * exact.statistics["lu"]
    for tag in ("SLOW.output", "FAST.output", "TIC-1.output", "TIC-1.PV", "TIC-2.SP", "TV-2.position", "TT-2.shown"):
        a, b = at(exact, tag), at(kept, tag)
        # 1e-6 a step, less where nothing happens, over the hundreds of steps that the loops remember
        np.testing.assert_allclose(b, a, atol=3e-6 * np.abs(a).max(), err_msg=tag)


def test_a_limit_is_passed_at_the_same_instant_between_two_scans(tmp_path: Path) -> None:
    events = EVENTS + ", {when: SLOW.output < 2.5, set: {TIC-1.bias: 0.1}, name: low}"
    runs = [ran(tmp_path, QUIET, scans, events) for scans in ("exact", "kept")]
    exact, kept = ([event.time for event in run.events if "low" in event.cause] for run in runs)
    assert len(exact) == 1
    assert exact[0] % 1.0 > 0.01, "no scan is there"
    # the output falls by 1.7e-3 a second and is good to 1e-6 or so
    np.testing.assert_allclose(kept, exact, atol=2e-3)


def test_noise_leaves_no_matrix_to_keep(tmp_path: Path) -> None:
    exact, kept = (ran(tmp_path, TWO.replace("NOISE", "noise: 0.001"), scans, "") for scans in ("exact", "kept"))
    assert kept.statistics["rejected"] < 0.15 * kept.statistics["steps"], "it is not tried every time"
    np.testing.assert_allclose(at(kept, "FAST.output"), at(exact, "FAST.output"), atol=5e-6)


def test_the_same_bits_however_the_run_is_cut_and_recorded(tmp_path: Path) -> None:
    first, again = (ran(tmp_path, QUIET, "kept", record=every) for every in ("30 s", "0.5 s"))
    for tag in ("SLOW.output", "TIC-1.output", "TV-2.position"):
        np.testing.assert_array_equal(at(first, tag), at(again, tag)[::60])
    assert first.attrs["content_hash"] == ran(tmp_path, QUIET, "kept", table=False).attrs["content_hash"]


def test_a_checkpoint_tells_all_that_the_kept_matrix_follows_from(tmp_path: Path) -> None:
    # flow and temperature make the tank's matrix another one from scan to scan
    ramps = "{at: 20 min, ramp: {supply.m_flow.water: 40 g/s, supply.T: 40 degC}, over: 30 min}"
    ran(tmp_path, QUIET, "kept", f"{EVENTS}, {ramps}")
    spec = load_scenario(tmp_path / "s.yaml")
    plant = compile_plant(spec.plant)
    whole, other = (Simulation(spec, plant)._integrator for _ in range(2))
    whole.advance(1800.0)
    other.restore(whole.state())
    for integrator in (whole, other):
        integrator.advance(1850.0)
    assert whole.statistics["kept"] > 500
    np.testing.assert_array_equal(other.y, whole.y)
