"""Does the designed diversion rule keep everything out of specification out of the product, over random disturbances?

Each run is the whole direct-compression line with its feeders disturbed at random: one of them delivers too much or too
little for some seconds to minutes. The rule is designed on the undisturbed line alone, from residence times between
probe and press; then it is broken on purpose.

    python -m benchmarks.diversion [RUNS]        writes benchmarks/results/diversion.json
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.harness import RESULTS, made
from twin.config import load_scenario
from twin.results.reader import open_run
from twin.run import run
from twin.trace.diversion import Case, Rule, broken, design, judge, optimise
from twin.trace.replay import replay
from twin.trace.rtd import Residence, residence

LOW, HIGH = 0.18, 0.22
#: Alarm inside the specification; greatest excursion beyond it; time between readings [s].
ALARM, WORST, PERIOD = (0.186, 0.214), 0.2, 5.0
#: The rule accepts nothing before: the line has come to rest by then (the level loop's 5 min, five times).
START_UP = 1500.0
PRICE = 1.0
RESULT = RESULTS / "diversion.json"
#: What goes wrong: a feeder delivers too little or too much until its control has noticed, or a ratio is typed wrong.
RATIO = 0.41667
FAULTS = ("api_feeder.deviation", "mcc_feeder.deviation", "lactose_feeder.deviation", "FFC-101.K", "FFC-101.K")

SCENARIO = """\
twin: 1
plant: direct_compression
title: Direct compression, random disturbances of the feeders
duration: 70 min
record: 2.5 s
solver: {{method: rodas4p, rtol: 1e-4}}
seed: {seed}
set: {{nir.period: {period} s, nir.t_window: 0 s, nir.noise: 0.001}}
events:
  - {{at: 2 min, ramp: {{press.turret_speed: 60 1/min}}, over: 1 min}}
{events}"""


def scenario(folder: Path, seed: int, disturbed: bool = True) -> Path:
    """Write a scenario with one to three disturbances."""
    random = np.random.default_rng(seed)
    lines = []
    start = 1600.0
    for _ in range(int(random.integers(1, 4)) if disturbed else 0):
        what = FAULTS[int(random.integers(len(FAULTS)))]
        start += float(random.uniform(0.0, 300.0))
        length = float(np.exp(random.uniform(np.log(5.0), np.log(400.0))))
        size = float(random.uniform(0.1, 0.9) * random.choice([-1.0, 1.0]))
        value = RATIO * (1.0 + 0.5 * size) if what == "FFC-101.K" else size
        lines.append(f"  - {{at: {start:.3f} s, hold: {{{what}: {value:.5f}}}, for: {length:.3f} s}}\n")
        start += length + 400.0
    path = folder / f"disturbed_{seed}.yaml"
    path.write_text(SCENARIO.format(seed=seed, period=PERIOD, events="".join(lines)), encoding="utf-8")
    return path


def case(folder: Path, seed: int) -> Case:
    """Run one, and read what diversion asks for."""
    out = folder / f"{seed}.h5"
    run(scenario(folder, seed), out, checkpoint_every=float("inf"))
    found = open_run(out)
    flow = found.get("press.tablets.m_flow").sum(axis=1)
    result = Case(found.time, found.get("nir.w_measured"), flow, found.get("press.api_content"))
    out.unlink()
    return result


def ways(folder: Path) -> list[Residence]:
    """Residence times from probe to press on the undisturbed line, at two instants."""
    _, found = replay(load_scenario(scenario(folder, 0, disturbed=False)))
    return [residence(found["total"], "nir.product", "press.tablets", at, steady=True) for at in (1500.0, 4000.0)]


def rule_of(folder: Path, guard: float = ALARM[0] - LOW, margin: float = 10.0) -> Rule:
    """Design the rule on the undisturbed line alone."""
    return designed(ways(folder), guard, margin)


def designed(curves: list[Residence], guard: float, margin: float) -> Rule:
    """Design the rule of an alarm that far inside the specification."""
    return design(
        curves,
        low=LOW,
        high=HIGH,
        alarm_low=LOW + guard,
        alarm_high=HIGH - guard,
        worst=WORST,
        period=PERIOD,
        margin=margin,
        start_up=START_UP,
    )


def faults(rule: Rule) -> dict[str, Rule]:
    """The rule with something wrong, one thing at a time."""
    return {
        "closes too early": broken(rule, lag_last=0.0, margin=0.0),
        "alarm far outside the specification": broken(rule, low=LOW - 0.03, high=HIGH + 0.03),
        "told three minutes late": broken(rule, delay=180.0, lag_first=rule.lag_first + 360.0),
        "never": broken(rule, low=-np.inf, high=np.inf),
    }


def main(count: int) -> dict[str, object]:
    """Run all and say what was found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        curves = ways(folder)
        rule = designed(curves, ALARM[0] - LOW, 10.0)
        cases = [case(folder, seed) for seed in range(1, count + 1)]
        verdicts = [judge(rule, c.t, c.signal, c.flow, c.truth, LOW, HIGH, PRICE) for c in cases]
        wrong = {
            what: [judge(bad, c.t, c.signal, c.flow, c.truth, LOW, HIGH).missed for c in cases]
            for what, bad in faults(rule).items()
        }
        half = len(cases) // 2
        best, _, table = optimise(
            cases[:half],
            lambda guard, margin: designed(curves, guard, margin),
            (0.003, 0.006, 0.009),
            (0.0, 10.0),
            LOW,
            HIGH,
        )
        kept = [judge(best, c.t, c.signal, c.flow, c.truth, LOW, HIGH) for c in cases[half:]]
    after = [c.t > START_UP for c in cases]
    excursions = [
        max(rule.low - float(np.min(c.signal[now])), float(np.max(c.signal[now])) - rule.high)
        for c, now in zip(cases, after, strict=True)
    ]
    outside = [np.any((c.truth[now] < LOW) | (c.truth[now] > HIGH)) for c, now in zip(cases, after, strict=True)]
    columns = ("guard", "margin", "missed_kg", "falsely_diverted_kg")
    return {
        "runs": count,
        "rule": {name: value for name, value in vars(rule).items() if np.isfinite(value)},
        "in time": rule.in_time,
        "runs with something out of specification": int(sum(outside)),
        "greatest excursion beyond the alarm": max(excursions),
        "made_kg": sum(v.made for v in verdicts),
        "accepted_kg": sum(v.accepted for v in verdicts),
        "diverted_kg": sum(v.diverted for v in verdicts),
        "missed_kg": sum(v.missed for v in verdicts),
        "falsely_diverted_kg": sum(v.false for v in verdicts),
        "broken": {what: {"missed_kg": sum(m), "found in runs": sum(x > 0.0 for x in m)} for what, m in wrong.items()},
        "optimised": {
            "low": best.low, "high": best.high, "margin": best.margin,
            "table": [dict(zip(columns, row, strict=True)) for row in table],
            "missed on the other half_kg": sum(v.missed for v in kept),
            "falsely diverted on the other half_kg": sum(v.false for v in kept),
        },
    }  # fmt: skip


if __name__ == "__main__":
    told = {**made(), **main(int(sys.argv[1]) if len(sys.argv) > 1 else 24)}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(told, indent=2) + "\n")
