"""Diversion: masses by hand, random disturbances of the direct-compression line, a rule broken on purpose, PAT lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import diversion as line
from tests.trace.plants import blender
from twin.config import load_scenario
from twin.trace.carry import Carrier, Mark
from twin.trace.diversion import Case, Rule, broken, design, inside, intervals, judge, optimise
from twin.trace.network import TraceError
from twin.trace.replay import replay
from twin.trace.rtd import residence
from twin.trace.trajectory import Trajectory

LOW, HIGH = 0.18, 0.22
T = np.arange(0.0, 1000.5, 1.0)


def rule(**changes: float) -> Rule:
    return Rule(0.19, 0.21, 5.0, 0.0, 20.0, 100.0, **{"margin": 5.0, **changes})


def test_masses_by_hand() -> None:
    """Seen out of alarm from 300 to 320 s, out of specification at the gate from 330 to 380 s, at 10 g/s."""
    signal, truth = np.full(len(T), 0.2), np.full(len(T), 0.2)
    signal[(T >= 300.0) & (T <= 320.0)] = 0.25
    truth[(T > 330.0) & (T < 380.0)] = 0.23
    verdict = judge(rule(), T, signal, np.full(len(T), 0.01), truth, LOW, HIGH, price=2.0)
    # opens 20 − 5 − 5 s after it is told, closes 5 + 100 + 5 s after the last
    assert [(start, end) for start, end, _ in verdict.opened] == [(310.0, 430.0)]
    assert verdict.made == pytest.approx(10.0)
    assert verdict.diverted == pytest.approx(1.2)
    assert verdict.missed == 0.0
    assert verdict.false == pytest.approx(0.7)  # 120 s less 50
    assert verdict.cost == pytest.approx(1.4)
    assert verdict.yield_loss == pytest.approx(0.12)
    late = judge(broken(rule(), lag_last=20.0), T, signal, np.full(len(T), 0.01), truth, LOW, HIGH)
    assert late.missed == pytest.approx(0.3)  # from 350 to 380 s


def test_start_up_and_shutdown_are_excluded() -> None:
    found = intervals(rule(start_up=50.0, shut_down=900.0), T, np.full(len(T), 0.2))
    assert found == [(0.0, 50.0, "start-up"), (900.0, 1000.0, "shutdown")]


def test_a_lost_signal_counts_as_seen_out_of_alarm() -> None:
    """Not a number, or frozen: after the ride-through the gate opens, and closes as after an excursion."""
    signal = 0.2 + 1e-6 * np.arange(len(T))
    signal[(T >= 300.0) & (T < 400.0)] = np.nan
    found = intervals(rule(ride_through=30.0), T, signal)
    assert found == [(330.0, 399.0 + 110.0, "signal lost")]
    frozen = 0.2 + 1e-6 * np.arange(len(T))
    frozen[T >= 500.0] = frozen[500]
    found = intervals(rule(frozen=60.0), T, frozen)
    assert found[0][0] == pytest.approx(561.0 + 10.0)
    assert found[0][2] == "signal lost"
    assert intervals(rule(ride_through=200.0), T, signal) == []


def test_the_design_says_when_detection_is_too_slow(tmp_path: Path) -> None:
    """Three tanks of 60 s in all: the lags are those of the analytic curve."""
    spec = blender(tmp_path, 3, "duration: 20 min\nrecord: 60 s\n")
    _, found = replay(spec)
    curve = residence(found["total"], "powder", "blend", 0.0, steady=True)
    limits = {"low": LOW, "high": HIGH, "alarm_low": 0.19, "alarm_high": 0.21, "worst": 0.1}
    made = design([curve], **limits, period=5.0)
    assert curve.share(made.lag_first)[0] == pytest.approx(0.1, abs=1e-6)
    assert curve.share(made.lag_last)[0] == pytest.approx(0.9, abs=1e-6)
    assert made.in_time
    assert not design([curve], **limits, period=60.0).in_time
    with pytest.raises(TraceError, match="inside the specification"):
        design([curve], **{**limits, "alarm_low": 0.17}, period=5.0)


def test_the_fastest_and_the_slowest_flow_count() -> None:
    """Of two flows, one three times as fast: opened by the first that may arrive, closed by the last that is left."""

    class Known:
        def __init__(self, scale: float) -> None:
            self.scale = scale

        def percentile(self, percent: float) -> float:
            return self.scale * percent

    curves: Any = [Known(3.0), Known(1.0)]
    limits = {"low": LOW, "high": HIGH, "alarm_low": 0.19, "alarm_high": 0.21, "worst": 0.1}
    found = design(curves, **limits, period=5.0)
    assert (found.lag_first, found.lag_last) == pytest.approx((10.0, 270.0))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Rule:
    """The rule as it is designed on the undisturbed line."""
    return line.rule_of(tmp_path_factory.mktemp("rule"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Trajectory:
    path = line.scenario(tmp_path_factory.mktemp("line"), 0, disturbed=False)
    return replay(load_scenario(path))[1]["total"]


def disturbed(trajectory: Trajectory, seed: int, count: int) -> list[Case]:
    """Contents at probe and press when what one feeder gives is of another content, at random, all carried at once.

    One to three disturbances a case, of seconds to minutes; flows stay what they were.
    """
    random = np.random.default_rng(seed)
    net = trajectory.network
    marks, sizes = [], []
    for column in range(count):
        start = 1600.0
        sizes.append(float(random.uniform(0.05, 0.9) * random.choice([-1.0, 1.0])))
        for _ in range(int(random.integers(1, 4))):
            start += float(random.uniform(0.0, 400.0))
            length = float(np.exp(random.uniform(np.log(5.0), np.log(300.0))))
            marks.append(Mark(column, net.point("api_feeder.product"), start, start + length))
            start += length
    probe, press = net.point("nir.product"), net.point("press.tablets")
    carrier = Carrier(trajectory, count, marks, tolerance=1e-7, watch=[probe, press])
    grid = np.arange(1500.0, 4200.0, 5.0)
    found = carrier.run(1500.0, 4200.0, carrier.empty(), grid=grid)
    flow = np.array([[float(net.through(trajectory.raw(t), point)) for point in (probe, press)] for t in grid])
    share = found.rate / flow[:, :, None]
    cases = []
    for column, size in enumerate(sizes):
        content = 0.2 + size * share[:, :, column]
        cases.append(Case(grid, content[:, 0], flow[:, 1], content[:, 1]))
    return cases


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_out_of_specification_is_accepted(undisturbed: Trajectory, made: Rule, seed: int) -> None:
    """Thirty random disturbances of the direct-compression line; and each way of breaking the rule is found."""
    assert made.in_time
    cases = disturbed(undisturbed, seed, 30)
    limits = (line.LOW, line.HIGH)
    verdicts = [judge(made, c.t, c.signal, c.flow, c.truth, *limits, price=1.0) for c in cases]
    wrong = [np.any((c.truth < line.LOW) | (c.truth > line.HIGH)) for c in cases]
    assert sum(wrong) >= 10  # or nothing would be shown
    assert [v.missed for v in verdicts] == [0.0] * len(cases)
    for v in verdicts:
        assert v.accepted + v.diverted == pytest.approx(v.made, rel=1e-12)
        assert v.diverted >= v.false
    assert sum(v.cost for v in verdicts) > 0.0
    for what, bad in line.faults(made).items():
        assert sum(judge(bad, c.t, c.signal, c.flow, c.truth, *limits).missed for c in cases) > 0.0, what


def test_the_best_rule_misses_nothing_and_costs_least(undisturbed: Trajectory, made: Rule) -> None:
    cases = disturbed(undisturbed, 3, 20)

    def of(guard: float, margin: float) -> Rule:
        return broken(made, low=line.LOW + guard, high=line.HIGH - guard, margin=margin)

    best, cost, table = optimise(cases, of, (0.006, 0.01), (0.0, 30.0), line.LOW, line.HIGH)
    harmless = [row[3] for row in table if row[2] == 0.0]
    assert cost == pytest.approx(min(harmless))
    assert best.margin == 0.0
    with pytest.raises(TraceError, match="every rule"):
        optimise(cases, lambda guard, margin: broken(made, low=-1.0, high=1.0), (0.0,), (0.0,), line.LOW, line.HIGH)


@pytest.mark.slow
def test_the_whole_line_disturbed(made: Rule, tmp_path: Path) -> None:
    """The plant itself with feeders that fail and ratios typed wrong; benchmarks/diversion.py runs many more."""
    cases = [line.case(tmp_path, seed) for seed in range(1, 6)]
    verdicts = [judge(made, c.t, c.signal, c.flow, c.truth, line.LOW, line.HIGH) for c in cases]
    assert [v.missed for v in verdicts] == [0.0] * len(cases)
    never = line.faults(made)["never"]
    assert sum(judge(never, c.t, c.signal, c.flow, c.truth, line.LOW, line.HIGH).missed for c in cases) > 0.0


def test_the_committed_result_says_so() -> None:
    told = json.loads(line.RESULT.read_text(encoding="utf-8"))
    assert told["runs"] >= 16
    assert told["runs with something out of specification"] >= 5
    assert told["missed_kg"] == 0.0
    assert told["falsely_diverted_kg"] > 0.0
    assert told["broken"]["never"]["found in runs"] == told["runs with something out of specification"]
    assert told["optimised"]["missed on the other half_kg"] == 0.0


def test_the_gate_is_open_where_intervals_overlap() -> None:
    opened = [(10.0, 30.0, "quality"), (20.0, 40.0, "signal lost")]
    assert np.flatnonzero(inside(T, opened)).tolist() == list(range(10, 41))
