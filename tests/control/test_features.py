"""Each feature of the controllers: its check fails when the feature is taken out of the code."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.control.loops import Process, Sampled, at, changed, plant, ran
from tests.registry.carriers import plain_kernels
from twin.config import signals
from twin.control import pid_scan, ratio, select
from twin.control.pi import Signal


def unwinds(module: ModuleType) -> None:
    """A setpoint out of reach for 200 s, then one within: the output leaves its limit within five scans."""
    loop, process = Sampled(module, K=2.0, T_i=10.0, T_t=10.0, low=0.0, high=1.0), Process(1.0, 20.0)
    y = 0.0
    for _ in range(200):
        u = loop.scan(y, setpoint=3.0)
        y = process.hold(u, 1.0)
    assert u == 1.0
    assert y == pytest.approx(1.0, abs=1e-3)
    outputs = []
    for _ in range(200):
        outputs.append(loop.scan(y, setpoint=0.5))
        y = process.hold(outputs[-1], 1.0)
    assert max(outputs[5:10]) < 1.0, "stays at its limit: wound up"
    assert y == pytest.approx(0.5, abs=1e-3)


def bumpless(module: ModuleType) -> None:
    """To manual and back with an error standing: the output moves by no more than one scan's integral."""
    loop = Sampled(module, K=2.0, T_i=50.0)
    for _ in range(10):
        before = loop.scan(1.0, setpoint=2.0)
    loop.set(mode=0)
    assert loop.scan(1.0, setpoint=2.0) == before, "manual takes over what there is"
    loop.set(manual=20.0)
    assert loop.scan(1.0, setpoint=2.0) == 20.0
    for _ in range(30):
        assert loop.scan(1.3, setpoint=2.0) == 20.0
    loop.set(mode=1)
    step = 2.0 * (2.0 - 1.3) / 50.0
    assert loop.scan(1.3, setpoint=2.0) == pytest.approx(20.0, abs=1e-12)
    assert loop.scan(1.3, setpoint=2.0) == pytest.approx(20.0 + step)


def bumpless_gains(module: ModuleType) -> None:
    """A gain schedule changes the gain with an error standing: the output does not jump."""
    loop = Sampled(module, K=2.0, T_i=1e6)
    before = loop.scan(1.0, setpoint=2.0)
    assert loop.scan(1.0, setpoint=2.0, gain=3.0) == pytest.approx(before, abs=1e-4)
    assert loop.scan(0.0, setpoint=2.0, gain=3.0) == pytest.approx(before + 6.0, abs=1e-4)


def slave_not_listening(module: ModuleType) -> None:
    """While a slave is not in cascade its master stands at the slave's setpoint, and goes on from there."""
    loop = Sampled(module, K=2.0, T_i=50.0)
    for _ in range(40):
        out = loop.scan(1.0, setpoint=2.0, back=7.0, back_state=1.0)
    assert out == 7.0
    assert loop.scan(1.0, setpoint=2.0) == pytest.approx(7.0, abs=1e-12)


def sequence(
    scans: list[dict[str, float]], outputs: list[float], mode: int = 1, **params: float
) -> Callable[[ModuleType], None]:
    """Outputs, worked out by hand, of a controller that is scanned with these signals."""

    def check(module: ModuleType) -> None:
        loop = Sampled(module, **{"K": 1.0, "mode": mode, **params})
        found = [loop.scan(**{"measurement": 0.0, **scan}) for scan in scans]
        assert found == pytest.approx(outputs, abs=1e-12)

    return check


def setpoints(*values: float, name: str = "setpoint") -> list[dict[str, float]]:
    return [{name: value} for value in values]


def followed(module: ModuleType) -> None:
    """In manual the setpoint in use follows the measurement: back in auto it starts from there."""
    loop = Sampled(module, K=1.0, T_i=10.0, mode=0, follow=1, setpoint_rate=0.1)
    for _ in range(3):
        loop.scan(4.0, setpoint=5.0)
    loop.set(mode=1)
    loop.scan(4.0, setpoint=5.0)
    assert loop.x.r == pytest.approx(4.1)


def overridden(module: ModuleType) -> None:
    """Not chosen by a selector, with an error standing: it stays near what is chosen, for T_t/T_i of its error."""
    loop = Sampled(module, K=1.0, T_i=20.0, T_t=5.0)
    for _ in range(300):
        out = loop.scan(1.0, setpoint=3.0, back=0.5, back_state=2.0)
    assert out == pytest.approx(0.5 + 2.0 * 5.0 / 20.0, abs=1e-6)


def in_ratio(module: ModuleType) -> None:
    assert plain_kernels(module).output(Signal(2.0), ratio.Params(1.5, 0.25)).value == 3.25


def lower_of_two(module: ModuleType) -> None:
    output = plain_kernels(module).output
    assert output(Signal(2.0), Signal(3.0), select.Params(select.Take.LOWER)).value == 2.0
    assert output(Signal(2.0), Signal(3.0), select.Params(select.Take.HIGHER)).value == 3.0


DECAY = math.exp(-0.5)
FEATURES: dict[str, tuple[Callable[[ModuleType], None], str, str]] = {
    "limits": (
        sequence(setpoints(5.0, -5.0), [2.0, -1.0], low=-1.0, high=2.0),
        "min(max(held, p.low), p.high)",
        "held",
    ),
    "deadband": (
        sequence(setpoints(0.4, 0.7, -0.7), [0.0, 0.2, -0.2], deadband=0.5),
        "e = outside(r - y, p.deadband)",
        "e = r - y",
    ),
    "rate limit": (
        sequence(setpoints(0.0, 10.0, -10.0), [0.0, 0.5, 0.0], rate=0.5),
        "    if most > 0.0:\n        held",
        "    if most > 1e300:\n        held",
    ),
    "setpoint ramp": (
        sequence(setpoints(0.0, 1.0, 1.0), [0.0, 0.25, 0.5], setpoint_rate=0.25),
        "p.setpoint_rate * h)",
        "0.0 * h)",
    ),
    "setpoint filter": (
        sequence(setpoints(0.0, 1.0, 1.0), [0.0, 1.0 - DECAY, 1.0 - DECAY**2], T_sp=2.0),
        "share(h, p.T_sp)",
        "1.0",
    ),
    "filter": (
        sequence(setpoints(0.0, -1.0, -1.0, name="measurement"), [0.0, 1.0 - DECAY, 1.0 - DECAY**2], T_f=2.0),
        "share(h, p.T_f)",
        "1.0",
    ),
    "gain schedule": (
        sequence([{"setpoint": 1.0, "gain": 1.0}, {"setpoint": 1.0, "gain": 2.0}], [1.0, 2.0]),
        "gain = proportional_gain(p, u.gain.value)",
        "gain = proportional_gain(p, 1.0)",
    ),
    "feed-forward": (
        sequence([{"setpoint": 1.0}, {"setpoint": 1.0, "feedforward": 4.0}], [1.0, 5.0]),
        " + u.feedforward.value",
        "",
    ),
    "cascade": (
        sequence([{"setpoint": 1.0, "remote": 4.0}], [4.0], mode=2),
        "return u.remote.value",
        "return u.setpoint.value",
    ),
    "following setpoint": (followed, "if p.mode == 0 and p.follow == 1:", "if p.mode == 9:"),
    "override": (overridden, "part_i += (u.back.value - held) * tracking", "part_i += 0.0"),
    "anti-windup": (unwinds, "(held - wanted) * tracking", "0.0 * tracking"),
    "transfer": (bumpless, "part_i = held - others", "part_i = part_i"),
    "takeover": (bumpless, "        held = x.held\n        if number", "        held = p.manual\n        if number"),
    "gain change": (bumpless_gains, "part_i += (x.gain_used - gain) * weighted", "part_i += 0.0"),
    "tracking of a slave": (slave_not_listening, "        held = u.back.value\n", "        held = wanted\n"),
}


@pytest.mark.parametrize(
    ("module", "check", "right", "wrong"),
    [
        (ratio, in_ratio, "p.K * measurement.value", "measurement.value"),
        (select, lower_of_two, "Signal(min(first", "Signal(max(first"),
    ],
)
def test_a_block_works_and_its_check_fails_without_it(
    module: ModuleType, check: Callable[[ModuleType], None], right: str, wrong: str, tmp_path: Path
) -> None:
    check(module)
    with pytest.raises(AssertionError):
        check(changed(module, tmp_path, right, wrong))


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_works_and_its_check_fails_without_it(name: str, tmp_path: Path) -> None:
    check, right, wrong = FEATURES[name]
    check(pid_scan)
    with pytest.raises(AssertionError):
        check(changed(pid_scan, tmp_path, right, wrong))


CASCADE = plant(
    "FAST: {model: lag, T_lag: 5 s, K: 1}",
    "SLOW: {model: lag, measurement: FAST.output, T_lag: 60 s, K: 2}",
    "TIC-1: {model: MODEL, measurement: SLOW.output, output: TIC-2.remote, setpoint: 3, K: 2, T_i: 60 s, T_t: 5 s, "
    "low: -10, high: 10}",
    "TIC-2: {model: MODEL, measurement: FAST.output, output: FAST.measurement, setpoint: 0.5, mode: auto, K: 3, "
    "T_i: 5 s, low: -20, high: 20, T_t: 1 s}",
)
TO_CASCADE = "{at: 300 s, set: {TIC-2.mode: cascade}}"


def bump(folder: Path, model: str) -> float:
    """How far the slave's output jumps when it is put into cascade after 300 s in auto, over one second."""
    run = ran(folder, CASCADE.replace("MODEL", model), "900 s", TO_CASCADE, rtol=1e-6)
    u, y = at(run, "TIC-2.output"), at(run, "SLOW.output")
    assert y[-1] == pytest.approx(3.0, abs=2e-2)
    return float(np.abs(np.diff(u[298:304])).max())


@pytest.mark.parametrize("model", ["pid_scan", "pid"])
def test_a_cascade_is_closed_without_a_bump(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The master has an error of 2 for 300 s: with a gain of 2 over 60 s it would stand at its limit of 10."""
    assert bump(tmp_path, model) < 0.6  # K₂ K₁ e/T_i in a second: 3 · 2 · 2/60 = 0.2, and the slave's own integral
    monkeypatch.setattr(signals, "_tell_back", lambda *arguments: None)
    assert bump(tmp_path, model) > 5.0


def test_a_slave_at_its_limit_does_not_let_its_master_wind_up(tmp_path: Path) -> None:
    text = CASCADE.replace("MODEL", "pid_scan").replace("mode: auto", "mode: cascade").replace("high: 20", "high: 1")
    run = ran(tmp_path, text, "1200 s", "{at: 600 s, set: {TIC-1.setpoint: 1}}", rtol=1e-6)
    u, asked, time = at(run, "TIC-2.output"), at(run, "TIC-1.output"), at(run, "time")
    assert u[590] == 1.0, "3 would need 1.5"
    assert asked[590] < 2.5, "draws towards what the slave measures, 1, but for K e T_t/T_i and the proportional part"
    assert np.abs(at(run, "SLOW.output")[time > 1000.0] - 1.0).max() < 0.05


def test_override_the_lower_of_two_takes_over_without_windup(tmp_path: Path) -> None:
    """A flow to a setpoint, unless a level would pass its limit: whoever waits stays near the chosen output."""
    text = plant(
        "FLOW: {model: lag, T_lag: 5 s, K: 1}",
        "LEVEL: {model: lag, measurement: FLOW.output, T_lag: 40 s, K: 1}",
        "FIC-1: {model: pid_scan, measurement: FLOW.output, output: FY-1.first, setpoint: 2, K: 0.5, T_i: 5 s, "
        "T_t: 5 s, low: 0, high: 50}",
        "LIC-1: {model: pid_scan, measurement: LEVEL.output, output: FY-1.second, setpoint: 3, K: 2, T_i: 40 s, "
        "T_t: 10 s, low: 0, high: 50}",
        "FY-1: {model: select, take: lower, output: FLOW.measurement}",
    )
    run = ran(tmp_path, text, "1500 s", "{at: 500 s, set: {FIC-1.setpoint: 8}}", rtol=1e-6)
    flow, level = at(run, "FLOW.output"), at(run, "LEVEL.output")
    assert flow[499] == pytest.approx(2.0, abs=1e-3), "the flow has its setpoint"
    assert level[-1] == pytest.approx(3.0, abs=1e-2), "the level has its limit"
    assert level.max() < 3.3
    assert at(run, "FIC-1.output")[-1] < 8.5, "who waits is not wound up to 50"


def test_ratio_and_feed_forward(tmp_path: Path) -> None:
    """A ratio of a wild signal into cascade, and a disturbance taken out by feed-forward before it is felt."""
    text = plant(
        "TIC-9: {model: pid_scan, measurement: WILD.output, output: WILD.measurement, setpoint: 0, K: 1, mode: manual, "
        "manual: 2, low: -10, high: 10}",
        "WILD: {model: lag, T_lag: 50 s, K: 1}",
        "FFC-1: {model: ratio, measurement: TIC-9.output, K: 1.5, output: FIC-1.remote}",
        "PROC: {model: lag, T_lag: 5 s, K: 2}",
        "FIC-1: {model: pid_scan, mode: cascade, measurement: PROC.output, output: PROC.measurement, setpoint: 0, "
        "feedforward: FFC-1.output, K: 1, T_i: 5 s, low: -10, high: 10}",
    )
    run = ran(tmp_path, text, "60 s", rtol=1e-6)
    assert at(run, "PROC.output")[-1] == pytest.approx(3.0, abs=1e-2)
    assert at(run, "FIC-1.output")[1] == pytest.approx(3.0 + 3.0), "K e and all of the feed-forward at once"
