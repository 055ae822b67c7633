"""How soon do monitors tell faults, how many do they miss, and how often do they cry wolf?

Twenty runs with one fault each and twenty without, half of them on the direct-compression line and half on the
paracetamol line. Every run has its own random disturbances (bulk densities; feeds, heat transfer, drying gas) and
noisy transmitters, drawn from its seed. Monitors learn from clean runs of other seeds. Their settings were chosen on
runs of a third set of seeds (--develop); the test set is run once, with what was chosen.

    python -m benchmarks.monitoring             the committed result, and the table in docs/monitoring.md
    python -m benchmarks.monitoring --develop   other seeds, nothing written
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import COMMITTED, RESULTS, between, show, write
from twin.control.monitoring.judge import Verdict, together
from twin.control.monitoring.session import Watched, monitors_of, watch
from twin.control.monitoring.training import Trained, train
from twin.results.reader import Run, open_run
from twin.run import run

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "monitoring.md"
BEGIN, END = "<!-- table: python -m benchmarks.monitoring -->", "<!-- end of table -->"
QUESTION = "How soon do monitors tell faults, how many do they miss, and how often do they cry wolf?"
#: First seeds of each set: they share no run.
TRAINING, CLEAN, FAULTY, DEVELOPMENT = 1000, 2000, 3000, 4000
TRAINING_RUNS = 10
GRACE = 3600.0


@dataclass(frozen=True)
class Walk:
    """A disturbance that all runs have: a path that wanders about its value, one step each so often."""

    paths: tuple[tuple[str, float, str], ...]  #: path, value, unit
    spread: float  #: of the common factor
    offset: bool = False  #: spread is added, in the unit


@dataclass(frozen=True)
class Plant:
    """One of the two lines, with its sensors, disturbances, faults and monitors."""

    name: str
    head: str
    every: float  #: minutes between steps of the disturbances
    hours: float
    window: tuple[float, float]  #: in which faults begin [h]
    sensors: tuple[tuple[str, str, float], ...]  #: measurement, span, noise per span
    walks: tuple[Walk, ...]
    faults: tuple[tuple[str, str, str, str], ...]  #: label, where, what is done, how long
    monitors: str


REFILLS = """\
  - {when: api_feeder.low_level falls, set: {api_refill.m_flow.paracetamol: 99.8 g/s, api_refill.m_flow_liquid.water: 0.2 g/s}}
  - {when: api_feeder.high_level rises, set: {api_refill.m_flow.paracetamol: 0 g/s, api_refill.m_flow_liquid.water: 0 g/s}}
  - {when: mcc_feeder.low_level falls, set: {mcc_refill.m_flow.mcc: 288 g/s, mcc_refill.m_flow_liquid.water: 12 g/s}}
  - {when: mcc_feeder.high_level rises, set: {mcc_refill.m_flow.mcc: 0 g/s, mcc_refill.m_flow_liquid.water: 0 g/s}}
  - {when: lactose_feeder.low_level falls, set: {lactose_refill.m_flow.lactose: 300 g/s}}
  - {when: lactose_feeder.high_level rises, set: {lactose_refill.m_flow.lactose: 0 g/s}}
  - {when: disintegrant_feeder.low_level falls, set: {disintegrant_refill.m_flow.croscarmellose: 38 g/s}}
  - {when: disintegrant_feeder.high_level rises, set: {disintegrant_refill.m_flow.croscarmellose: 0 g/s}}
  - {when: lubricant_feeder.low_level falls, set: {lubricant_refill.m_flow.magnesium_stearate: 20 g/s}}
  - {when: lubricant_feeder.high_level rises, set: {lubricant_refill.m_flow.magnesium_stearate: 0 g/s}}
"""  # noqa: E501

COMPRESSION = Plant(
    name="direct_compression",
    head=f"""\
set: {{nir.period: 60 s, nir.t_window: 60 s, nir.noise: 0.004}}
solver: {{method: rodas4p, rtol: 3e-4}}
events:
  - {{at: 2 min, ramp: {{press.turret_speed: 60 1/min}}, over: 1 min, name: press starts}}
  - {{at: 20 min, set: {{gate.divert: 0, suspension.m_flow.hypromellose: 0.341 g/s, suspension.m_flow_liquid.water: 1.364 g/s}}}}
  - {{at: 40 min, set: {{coater.removal: 3 1/h}}}}
{REFILLS}""",  # noqa: E501
    every=10.0,
    hours=8.0,
    window=(3.0, 5.0),
    sensors=(
        ("api_feeder.F", "4 g/s", 0.005),
        ("mcc_feeder.F", "10 g/s", 0.005),
        ("lactose_feeder.F", "6 g/s", 0.005),
        ("disintegrant_feeder.F", "0.6 g/s", 0.005),
        ("lubricant_feeder.F", "0.2 g/s", 0.005),
        ("feed_frame.level", "1", 0.005),
        ("press.tablet_mass", "600 mg", 0.002),
        ("press.compression_force", "30 kN", 0.005),
        ("press.ejection_force", "1 kN", 0.01),
        ("press.thickness", "8 mm", 0.002),
        ("press.hardness", "250 N", 0.01),
        ("coater.T_bed", "100 K", 0.003),
        ("coater.weight_gain", "0.1", 0.005),
    ),
    walks=(
        Walk((("api_feeder.ff_max", 2.4, "g"), ("api_feeder.ff_min", 1.8, "g")), 0.015),
        Walk((("mcc_feeder.ff_max", 8.0, "g"), ("mcc_feeder.ff_min", 5.5, "g")), 0.015),
        Walk((("lactose_feeder.ff_max", 6.0, "g"), ("lactose_feeder.ff_min", 4.5, "g")), 0.015),
        Walk((("press.pressure", 150.0, "MPa"),), 0.01),
        Walk((("coater_air.T", 60.0, "degC"),), 0.5, offset=True),
    ),
    faults=(
        ("bridging", "api_feeder", "hold: {api_feeder.deviation: -1}", "for: 5 min"),
        ("blockage", "lubricant_feeder", "hold: {lubricant_feeder.deviation: -0.5}", "for: 20 min"),
        ("bridging", "mcc_feeder", "hold: {mcc_feeder.deviation: -1}", "for: 3 min"),
        ("starving", "lactose_feeder", "hold: {lactose_feeder.deviation: -0.3}", "for: 30 min"),
        ("roll wears", "press", "ramp: {press.pressure: 120 MPa}", "over: 2 h"),
        ("probe drifts", "nir", "set: {nir.drift: 1.2e-5 1/s}", ""),
        ("probe is blind", "nir", "hold: {nir.dropout: 1}", "for: 1 h"),
        ("wrong ratio", "api_feeder", "hold: {FFC-101.K: 0.45834}", "for: 30 min"),
        (
            "weaker lot",
            "press",
            "ramp: {press.strength_max.paracetamol: 3.2 MPa, press.strength_max.mcc: 9 MPa}",
            "over: 5 min",
        ),
        ("cold air", "coater", "hold: {coater_air.T: 45 degC}", "for: 1 h"),
    ),
    monitors="""\
monitors:
  - {name: WAH-302, tag: S-press-tablet_mass.output, low: 285 mg, high: 315 mg, deadband: 3 mg, delay: 60 s, from: 90 min, priority: high}
  - {name: AAH-203, tag: nir.w_measured, low: 0.185, high: 0.215, deadband: 0.002, delay: 2 min, from: 90 min, priority: high}
  - {name: HAL-302, tag: S-press-hardness.output, low: 50 N, high: 200 N, deadband: 3 N, delay: 60 s, from: 90 min}
  - {name: AX-203, kind: frozen, tag: nir.w_measured, delay: 10 min, from: 90 min, priority: low}
  - {name: hardness EWMA, kind: ewma, tag: S-press-hardness.output, period: 1 min, weight: 0.1, margin: 1.3, from: 90 min}
  - {name: content EWMA, kind: ewma, tag: nir.w_measured, period: 1 min, weight: 0.1, margin: 1.3, from: 90 min}
  - {name: mass EWMA, kind: ewma, tag: S-press-tablet_mass.output, period: 1 min, weight: 0.1, margin: 1.3, from: 90 min}
  - {name: hardness CUSUM, kind: cusum, tag: S-press-hardness.output, period: 1 min, slack: 1, margin: 1.5, from: 90 min}
  - {name: content CUSUM, kind: cusum, tag: nir.w_measured, period: 1 min, slack: 1, margin: 1.5, from: 90 min}
  - {name: bed CUSUM, kind: cusum, tag: S-coater-T_bed.output, period: 1 min, slack: 1, margin: 1.5, from: 90 min}
  - {name: line PCA, kind: pca, tags: [TAGS, nir.w_measured], period: 1 min, explained: 0.9, margin: 1.1, delay: 2 min, from: 90 min}
""",  # noqa: E501
)

PARACETAMOL = Plant(
    name="paracetamol_tablets",
    head="""\
start: steady
solver: {method: rodas4p, rtol: 1e-4}
events:
  - {when: mcc_feeder.low_level falls, set: {mcc_refill.m_flow.mcc: 40 g/s}}
  - {when: mcc_feeder.high_level rises, set: {mcc_refill.m_flow.mcc: 0 g/s}}
""",
    every=20.0,
    hours=12.0,
    window=(3.0, 6.0),
    sensors=(
        ("reactor.T_out", "100 K", 0.002),
        ("reactor.T_max", "100 K", 0.002),
        ("reactor.w_key", "0.3", 0.005),
        ("TIC-101.output", "100 K", 0.002),
        ("crystallizer_1.T", "100 K", 0.002),
        ("crystallizer_2.T", "100 K", 0.002),
        ("TIC-201.output", "100 K", 0.002),
        ("TIC-202.output", "100 K", 0.002),
        ("filter.cake_height", "50 mm", 0.01),
        ("filter.liquid_content", "0.5", 0.01),
        ("dryer.T_gas", "100 K", 0.002),
        ("dryer.T_exhaust", "100 K", 0.002),
        ("dryer.LOD", "0.02", 0.01),
        ("api_feeder.F", "0.6 g/s", 0.005),
        ("mcc_feeder.F", "0.6 g/s", 0.005),
        ("press.tablet_mass", "1200 mg", 0.002),
        ("press.hardness", "300 N", 0.01),
        ("press.api_content", "1", 0.004),
    ),
    walks=(
        Walk((("reagents.T", 40.0, "degC"),), 0.5, offset=True),
        Walk((("reagents.m_flow.p_aminophenol", 0.30, "g/s"),), 0.01),
        Walk((("reagents.m_flow.acetic_anhydride", 0.295, "g/s"),), 0.01),
        Walk((("wash.m_flow.ethanol", 0.25, "g/s"),), 0.02),
        Walk((("drying_gas.T", 60.0, "degC"),), 0.5, offset=True),
        Walk((("drying_gas.m_flow.nitrogen", 4.0, "g/s"),), 0.01),
    ),
    faults=(
        ("weak amine", "reagents", "ramp: {reagents.m_flow.ethanol: 1.32 g/s}", "over: 3 h"),
        ("cooling loss", "reactor", "hold: {reactor.UA: 3 W/K}", "for: 30 min"),
        ("fouling", "filter", "ramp: {filter.R_m: 2.5e11 1/m}", "over: 4 h"),
        ("cold gas", "dryer", "hold: {drying_gas.T: 40 degC}", "for: 90 min"),
        ("no wash", "filter", "hold: {wash.m_flow.ethanol: 0 g/s}", "for: 1 h"),
        ("fouling", "crystallizer_1", "ramp: {crystallizer_1.UA: 12 W/K}", "over: 2 h"),
        ("wrong ratio", "mcc_feeder", "hold: {FFC-502.K: 0.8}", "for: 1 h"),
        ("force loss", "press", "hold: {press.pressure: 110 MPa}", "for: 1 h"),
        ("sensor bias", "crystallizer_2", "hold: {S-crystallizer_2-T.bias: 0.02}", "for: 2 h"),
        ("less gas", "dryer", "hold: {drying_gas.m_flow.nitrogen: 2 g/s}", "for: 90 min"),
    ),
    monitors="""\
monitors:
  - {name: TAH-101, tag: S-reactor-T_max.output, high: 95 degC, deadband: 1 K, delay: 60 s, from: 30 min, priority: critical}
  - {name: TAH-202, tag: S-crystallizer_2-T.output, low: 3 degC, high: 8 degC, deadband: 0.5 K, delay: 2 min, from: 30 min, priority: high}
  - {name: AAH-601, tag: S-press-api_content.output, low: 0.57, high: 0.63, deadband: 0.005, delay: 2 min, from: 30 min, priority: high}
  - {name: AAH-401, tag: S-dryer-LOD.output, high: 0.01, deadband: 0.0005, delay: 2 min, from: 30 min, priority: high}
  - {name: HAL-601, tag: S-press-hardness.output, low: 60 N, deadband: 3 N, delay: 60 s, from: 30 min}
  - {name: content EWMA, kind: ewma, tag: S-press-api_content.output, period: 1 min, weight: 0.1, margin: 1.3, from: 30 min}
  - {name: hardness EWMA, kind: ewma, tag: S-press-hardness.output, period: 1 min, weight: 0.1, margin: 1.3, from: 30 min}
  - {name: dryer EWMA, kind: ewma, tag: S-dryer-T_exhaust.output, period: 1 min, weight: 0.1, margin: 1.3, from: 30 min}
  - {name: liquor CUSUM, kind: cusum, tag: S-reactor-w_key.output, period: 1 min, slack: 1, margin: 1.5, from: 30 min}
  - {name: cake CUSUM, kind: cusum, tag: S-filter-liquid_content.output, period: 1 min, slack: 1, margin: 1.5, from: 30 min}
  - {name: line PCA, kind: pca, tags: [TAGS], period: 1 min, explained: 0.9, margin: 1.1, delay: 2 min, from: 30 min}
""",  # noqa: E501
)

PLANTS = (COMPRESSION, PARACETAMOL)


def sensor(tag: str) -> str:
    """Name of the transmitter of a measurement."""
    return f"S-{tag.replace('.', '-')}"


def plant_text(plant: Plant) -> str:
    """The plant's file with a transmitter behind each of its measurements."""
    text = (ROOT / "plant_configs" / f"{plant.name}.yaml").read_text(encoding="utf-8")
    head, mark, rest = text.partition("\ncontrollers:\n")
    lines = []
    for tag, span, noise in plant.sensors:
        what = f"model: sensing.transmitter, measurement: {tag}, period: 60 s, span: {span}, noise: {noise}"
        lines.append(f"  {sensor(tag)}: {{{what}}}")
    return head + mark + "\n".join(lines) + "\n" + rest


def scenario_text(plant: Plant, seed: int, fault: int | None) -> str:
    """A scenario with the disturbances of a seed, and one fault or none."""
    random = np.random.default_rng(seed)
    minutes = np.arange(0.0, plant.hours * 60.0, plant.every)
    events = []
    # at which the fault begins: drawn for clean runs as well, so that a seed has the same disturbances with and without
    begin = round(60.0 * float(random.uniform(*plant.window)), 1)
    for walk in plant.walks:
        z, values = float(random.standard_normal()), []
        for _ in minutes:
            values.append(z)
            z = 0.7 * z + math.sqrt(1.0 - 0.49) * float(random.standard_normal())
        for path, value, unit in walk.paths:
            if fault is not None and path.rpartition(".")[0] and f"{{{path}:" in plant.faults[fault][2]:
                continue  # what the fault moves does not wander beside it
            for minute, step in zip(minutes, values, strict=True):
                now = value + walk.spread * step if walk.offset else value * (1.0 + walk.spread * step)
                events.append(f"  - {{at: {minute + 0.25} min, set: {{{path}: {now:.6g} {unit}}}}}")
    if fault is not None:
        label, where, does, lasts = plant.faults[fault]
        more = f", {lasts}" if lasts else ""
        what = f"name: 'fault: {label}', fault: {{label: {label}, where: {where}}}"
        events.append(f"  - {{at: {begin} min, {does}{more}, {what}}}")
    head = f"twin: 1\nplant: plant.yaml\nduration: {plant.hours} h\nrecord: 60 s\nseed: {seed}\n"
    return head + plant.head + "\n".join(events) + "\n"


def carry_out(plant: Plant, folder: Path, seed: int, fault: int | None) -> Run:
    """Run one scenario."""
    (folder / "plant.yaml").write_text(plant_text(plant), encoding="utf-8")
    name = f"{plant.name}-{seed}"
    (folder / f"{name}.yaml").write_text(scenario_text(plant, seed, fault), encoding="utf-8")
    result = run(folder / f"{name}.yaml", folder / f"{name}.h5", checkpoint_every=math.inf)
    if not result.ok:
        raise RuntimeError(f"{name}: {result.message}")
    print(f"{name}: {result.wall:.1f} s", file=sys.stderr)
    return open_run(result.path)


def of_plant(plant: Plant, folder: Path, clean: int, faulty: int) -> tuple[Trained, list[Watched], list[Watched]]:
    """Train, and watch the runs of both kinds."""
    learning = [carry_out(plant, folder, TRAINING + k, None) for k in range(TRAINING_RUNS)]
    monitors = folder / "monitors.yaml"
    tags = ", ".join(f"{sensor(tag)}.output" for tag, _, _ in plant.sensors)
    monitors.write_text(plant.monitors.replace("TAGS", tags), encoding="utf-8")
    specs = monitors_of(learning[0], monitors)
    trained = train(specs, learning)
    count = len(plant.faults)
    normal = [watch(carry_out(plant, folder, clean + k, None), specs, trained, grace=GRACE) for k in range(count)]
    wrong = [watch(carry_out(plant, folder, faulty + k, k), specs, trained, grace=GRACE) for k in range(count)]
    return trained, normal, wrong


def kind_of(one: Watched, name: str) -> str:
    """Kind of a monitor, as the table has it."""
    kind = next(spec.kind for spec in one.monitors if spec.name == name)
    return {"ewma": "EWMA", "cusum": "CUSUM", "pca": "PCA"}.get(kind, kind)


def rows_of(plant: Plant, trained: Trained, normal: list[Watched], wrong: list[Watched]) -> list[dict[str, Any]]:
    """Figures of a plant: by kind of monitor, all together, and by fault."""
    from twin.control.monitoring.judge import judge
    from twin.results.schedule import rows

    found: list[dict[str, Any]] = []
    kinds = list(dict.fromkeys(kind_of(wrong[0], name) for name in wrong[0].each))
    for kind in [*kinds, "together"]:
        verdicts: list[Verdict] = []
        quiet = 0
        for one in [*normal, *wrong]:
            alarms = [a for a in one.alarms if kind == "together" or kind_of(one, a.monitor) == kind]
            start = min(spec.since for spec in one.monitors)
            verdicts.append(judge(rows(one.run, "/faults"), alarms, start, float(one.run.time[-1]), GRACE, one.about))
            quiet += one in normal and not alarms
        values = together(verdicts).plain()
        values |= {"clean_runs": len(normal), "clean_runs_without_alarm": quiet}
        found.append({"name": f"{plant.name}: {kind}", "values": values})
    for one in wrong:
        for fault in one.verdict.rows():
            found.append({"name": f"fault: {plant.name}: {fault['label']} at {fault['where']}", "values": fault})
    loads = [one.load for one in wrong]
    values = {
        "runs": len(loads),
        "per_10_min": float(np.mean([one.per_10_min for one in loads])),
        "peak_10_min": max(one.peak_10_min for one in loads),
        "floods": sum(one.floods for one in loads),
        "standing_peak": max(one.standing_peak for one in loads),
        "chattering": sum(len(one.chattering) for one in loads),
    }
    found.append({"name": f"load: {plant.name}: runs with a fault", "values": values})
    seeds = {"training": [one["seed"] for one in trained.runs], "model_sha256": trained.digest}
    seeds |= {"clean": [one.run.provenance["seed"] for one in normal]}
    seeds |= {"faulty": [one.run.provenance["seed"] for one in wrong]}
    found.append({"name": f"seeds: {plant.name}", "values": seeds})
    return found


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The tables of the page, of the rows of the committed result."""

    def minutes(seconds: float | None) -> str:
        return "" if seconds is None else f"{seconds / 60.0:.3g} min"

    lines = ["| plant | monitors | told | median delay | right place first | false alarms a day | clean runs without |"]
    lines.append("|---|---|---|---|---|---|---|")
    for row in rows:
        plant, _, kind = row["name"].partition(": ")
        v = row["values"]
        if "missed_rate" not in v:
            continue
        told = f"{v['faults'] - v['missed']} of {v['faults']}"
        place = "" if v["located_of_told"] is None else f"{100 * v['located_of_told']:.0f} %"
        quiet = f"{v['clean_runs_without_alarm']} of {v['clean_runs']}"
        false = f"{v['false_alarms_per_day']:.2g}"
        lines.append(f"| {plant} | {kind} | {told} | {minutes(v['median_delay_s'])} | {place} | {false} | {quiet} |")
    lines += ["", "| plant | fault | told after | by | names first |", "|---|---|---|---|---|"]
    for row in rows:
        if not row["name"].startswith("fault: "):
            continue
        plant, v = row["name"].split(": ")[1], row["values"]
        said = (minutes(v["delay"]), v["by"], f"`{v['tag']}`") if v["delay"] is not None else ("missed", "", "")
        lines.append(f"| {plant} | {v['label']}, {v['where']} | {' | '.join(said)} |")
    return "\n".join(lines)


def written_into(page: str, rows: Sequence[dict[str, Any]]) -> str:
    """The page with its table made anew."""
    return between(page, BEGIN, END, table(rows))


def main(develop: bool = False) -> None:
    """Run all, write the result and the table."""
    rows: list[dict[str, Any]] = []
    clean, faulty = (DEVELOPMENT, DEVELOPMENT + 500) if develop else (CLEAN, FAULTY)
    for plant in PLANTS:
        with tempfile.TemporaryDirectory() as folder:
            rows += rows_of(plant, *of_plant(plant, Path(folder), clean, faulty))
    if develop:
        show([row for row in rows if not row["name"].startswith("seeds")])
        return
    notes = [
        f"Transmitters and disturbances are invented. An alarm within {GRACE / 60.0:g} min after a fault is of it.",
        "Limits of charts and components: a margin on the greatest value in clean runs of the training seeds. Monitors "
        f"were set on runs of seeds from {DEVELOPMENT} on; runs of the test seeds were looked at once.",
    ]
    write("monitoring", QUESTION, rows, notes)
    if RESULTS != COMMITTED:
        return
    told = json.loads((RESULTS / "monitoring.json").read_text(encoding="utf-8"))["rows"]
    PAGE.write_text(written_into(PAGE.read_text(encoding="utf-8"), told), encoding="utf-8")


if __name__ == "__main__":
    main("--develop" in sys.argv[1:])
