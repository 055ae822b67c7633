"""Records of the flagship as a plant's historian would write them, and their replay through a filter.

Synthetic throughout: the plant is a simulation of the same models. What differs from the model that the filter has is
what a `Fault` says: nothing, one parameter that changes, or all four that wander as the filter was told.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.control.estimation.estimator import model_of
from twin.control.estimation.replay import Replayed, replay
from twin.control.linear.point import Point
from twin.results.reader import Run, open_run
from twin.run import run

HOURS, NOISE = 8.0, 0.1
START, RAMP = 1.5, 4.0  #: of a change, in h
#: Time between two steps of a walk, in h: straight lines in between.
STEP = 0.5
SENSORS = {"TT-101": "reactor.T_out", "TT-201": "crystallizer_1.T", "TT-202": "crystallizer_2.T"}
JACKETS = {"TJ-101": "reactor.T_jacket", "TJ-201": "crystallizer_1.T_jacket", "TJ-202": "crystallizer_2.T_jacket"}
#: Outputs of the controllers that drive the jackets.
DRIVERS = {"TJ-101": "TIC-101.output", "TJ-201": "TIC-201.output", "TJ-202": "TIC-202.output"}
#: A probe for the product's mass fraction in the reactor: its tag, and the noise of it.
PROBE, PROBE_NOISE = {"AT-101": "reactor.w_key"}, 0.005
SOFT = ("crystallizer_1.S", "crystallizer_2.S", "crystallizer_2.w_crystals", "crystallizer_2.L43", "reactor.w_key")
#: What the filter is not sure of: nominal value, the least it is moved to, unit, and the unit in SI.
UNCERTAIN: dict[str, tuple[float, float, str, float]] = {
    "reactor.UA": (60.0, 6.0, "W/K", 1.0),
    "crystallizer_1.UA": (40.0, 4.0, "W/K", 1.0),
    "crystallizer_2.UA": (40.0, 4.0, "W/K", 1.0),
    "reagents.m_flow.p_aminophenol": (0.30, 0.0, "g/s", 1e-3),
}
#: What the filter is told of each: part of it that is its standard deviation at the start, and of its walk in an hour.
SPREAD = 0.03
HEAD = """\
twin: 1
plant: paracetamol_tablets
start: steady
record: 4 min
solver: {method: rodas4p, rtol: 1e-5}
"""
#: More anhydride than the plant as shipped has, where 5 % more amine than asked for leaves some over: what follows from
#: the feed of amine then has an edge within its standard deviation, about which nothing is linear.
EXCESS = "set: {reagents.m_flow.acetic_anhydride: 0.36 g/s}\n"


@dataclass(frozen=True)
class Fault:
    """What the plant does that the filter does not know.

    Attributes
    ----------
    what : str
        That goes down by a fifth; empty for nothing, or for a walk of everything.
    walk : int
        Seed of a walk of everything; 0 for none.
    excess : bool
        Of anhydride; otherwise the plant is as shipped.
    """

    what: str = ""
    walk: int = 0
    excess: bool = True

    def values(self, hours: np.ndarray) -> dict[str, np.ndarray]:
        """What each uncertain number is, in its unit."""
        found = {name: np.full(len(hours), row[0]) for name, row in UNCERTAIN.items()}
        if self.what:
            end = 0.8 * UNCERTAIN[self.what][0]
            found[self.what] = np.interp(hours, [START, START + RAMP], [UNCERTAIN[self.what][0], end])
        if self.walk:
            random, nodes = np.random.default_rng(self.walk), np.arange(0.0, HOURS + STEP / 2.0, STEP)
            for name, row in UNCERTAIN.items():
                moves = np.sqrt(STEP) * random.standard_normal(len(nodes))
                moves[0] = random.standard_normal()  # its standard deviation at the start
                found[name] = np.interp(hours, nodes, row[0] * (1.0 + SPREAD * np.cumsum(moves)))
        return found

    def events(self) -> str:
        """The same as events of a scenario."""
        if self.what:
            end, unit = 0.8 * UNCERTAIN[self.what][0], UNCERTAIN[self.what][2]
            return f"  - {{at: {START} h, ramp: {{{self.what}: {end:g} {unit}}}, over: {RAMP} h}}\n"
        if not self.walk:
            return ""
        nodes = np.arange(0.0, HOURS + STEP / 2.0, STEP)
        values, lines = self.values(nodes), []
        for k in range(len(nodes)):
            row = ", ".join(f"{name}: {float(values[name][k])!r} {UNCERTAIN[name][2]}" for name in UNCERTAIN)
            if k == 0:
                lines.append(f"  - {{at: 0 s, set: {{{row}}}}}\n")
            else:
                lines.append(f"  - {{at: {nodes[k - 1]:g} h, ramp: {{{row}}}, over: {STEP} h}}\n")
        return "".join(lines)

    @property
    def name(self) -> str:
        """For a file."""
        name = f"walk_{self.walk}" if self.walk else self.what or "clean"
        return name if self.excess else f"{name}_edge"

    @property
    def head(self) -> str:
        """Begin of a scenario, of the plant and of the filter."""
        return HEAD + (EXCESS if self.excess else "")


def filter_text(probe: bool, spread: float = SPREAD) -> str:
    """The filter's part of a scenario."""
    sensed = "".join(f"      {tag}: {{sd: {NOISE} K}}\n" for tag in SENSORS.values())
    sensed += "".join(f"      {tag}: {{sd: {PROBE_NOISE}}}\n" for tag in PROBE.values()) if probe else ""
    unsure = "".join(
        f"      {name}: {{sd: {spread * value:g} {unit}, drift: {spread * value:g} {unit}, low: {low:g} {unit}}}\n"
        for name, (value, low, unit, _) in UNCERTAIN.items()
    )
    return (
        f"estimators:\n  EKF-1:\n    period: 4 min\n    measurements:\n{sensed}"
        f"    inputs: [{', '.join(JACKETS.values())}]\n    disturbances:\n{unsure}"
        f"    estimates: [{', '.join(SOFT)}]\n    window: 1 h\n    false_alarms: 30 d\n"
    )


def true_run(folder: Path, fault: Fault, hours: float = HOURS) -> Run:
    """The plant, simulated once for each folder."""
    out = folder / f"{fault.name}.h5"
    if not out.exists():
        file = folder / f"{fault.name}.yaml"
        file.write_text(f"{fault.head}duration: {hours} h\nevents:\n{fault.events() or '  []'}\n", encoding="utf-8")
        result = run(file, out)
        if not result.ok:
            raise RuntimeError(result.message)
    return open_run(out)


def write_record(path: Path, truth: Run, seed: int) -> None:
    """A historian's file: rounded, with noise, some values missing, an outage of two hours of one thermometer."""
    random = np.random.default_rng(seed)
    words = {
        name: [f"{v:.2f}" for v in truth.get(tag) - 273.15 + NOISE * random.standard_normal(truth.rows)]
        for name, tag in SENSORS.items()
    }
    for name, tag in PROBE.items():
        words[name] = [f"{v:.4f}" for v in truth.get(tag) + PROBE_NOISE * random.standard_normal(truth.rows)]
    for values in words.values():
        for row in np.flatnonzero(random.random(truth.rows) < 0.01):
            values[row] = ""
    hours = truth.time / 3600.0
    for row in np.flatnonzero((hours > 1.0) & (hours <= 3.0)):
        words["TT-202"][row] = ""
    words |= {name: [f"{value - 273.15:.3f}" for value in truth.get(tag)] for name, tag in DRIVERS.items()}
    lines = [",".join(["minutes", *words])]
    lines += [",".join([f"{truth.time[k] / 60.0:g}", *(words[name][k] for name in words)]) for k in range(truth.rows)]
    path.write_text("# synthetic: simulated by Twin, noise added\n" + "\n".join(lines) + "\n", encoding="utf-8")


def replayed(
    folder: Path, fault: Fault, seed: int, *, probe: bool = False, spread: float = SPREAD, hours: float = HOURS
) -> tuple[Replayed, Run, float]:
    """A record through the filter; with the plant itself, and the CPU seconds of the replay."""
    truth = true_run(folder, fault, hours)
    stem = f"{fault.name}_{seed}_{'probe' if probe else 'three'}_{spread:g}"
    record, tags, scenario = folder / f"{stem}.csv", folder / f"{stem}.map.yaml", folder / f"{stem}.yaml"
    write_record(record, truth, seed)
    columns = {**{name: (tag, "degC") for name, tag in {**SENSORS, **JACKETS}.items()}}
    columns |= {name: (tag, "1") for name, tag in PROBE.items()} if probe else {}
    lines = [f'  {tag}: {{column: {name}, unit: "{unit}"}}' for name, (tag, unit) in columns.items()]
    tags.write_text("time: {column: minutes, unit: min}\ntags:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    scenario.write_text(f"{fault.head}duration: {HOURS} h\n{filter_text(probe, spread)}", encoding="utf-8")
    began = time.process_time()
    found = replay(scenario, record, tags, folder / f"{stem}.replay.h5")
    if found.outcome != "finished":
        raise RuntimeError(found.message)
    return found, truth, time.process_time() - began


def alone(found: Replayed) -> np.ndarray:
    """What the model says, told of the same jackets, without a correction: [looks, outputs]."""
    from twin.config import load_scenario
    from twin.plant import compile_plant
    from twin.steady.state import started

    spec, record = found.filter.spec, found.record
    plant = started(compile_plant(load_scenario(record.path.with_suffix(".yaml")).plant))
    absent = plant.absent()
    point = Point(plant, plant.y0, plant.p0, absent, float(record.time[0]), absent)
    model = model_of(spec, point, 1e-5, "exact", record.inputs[0])
    rows = [model.seen()]
    for time_, inputs in zip(record.time[1:].tolist(), record.inputs[1:], strict=True):
        model.advance(time_, inputs, linear=True)
        rows.append(model.seen())
    return np.array(rows)
