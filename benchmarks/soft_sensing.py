"""What does an extended Kalman filter tell of a plant from three thermometers?

The flagship from rest, synthetic throughout: 14 h are simulated with a drift that the filter does not know of, and
written down as a plant's historian would, a value each four minutes: three temperatures with noise of 0.1 K, and the
jacket temperatures that the controllers asked for. `twin replay` puts the record through a filter whose model is the
plant as it was. Asked is: which parameter drifts, since when, and to where; how far off are supersaturation, crystal
content and crystal size, which nobody measured; and how often does it cry wolf in records without a drift.

    python -m benchmarks.soft_sensing            the committed result, and the figure of docs/soft_sensing.md
    python -m benchmarks.soft_sensing --quick    two hours of one record, nothing written
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small products: threads only wait for each other

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import RESULTS, between, show, write
from twin.control.estimation.estimator import model_of
from twin.control.estimation.replay import Replayed, replay
from twin.control.linear.point import Point
from twin.results.reader import Run, open_run
from twin.run import run

ROOT = Path(__file__).resolve().parents[1]
PAGE, FIGURE = ROOT / "docs" / "soft_sensing.md", ROOT / "docs" / "images" / "soft_sensing.svg"
BEGIN, END = "<!-- table: python -m benchmarks.soft_sensing -->", "<!-- end of soft sensing -->"
QUESTION = "What does an extended Kalman filter tell of a plant from three thermometers?"
HOURS, NOISE = 14.0, 0.1
START, RAMP = 3.0, 5.0  #: of the drifts, in h
SENSORS = {"TT-101": "reactor.T_out", "TT-201": "crystallizer_1.T", "TT-202": "crystallizer_2.T"}
JACKETS = {"TJ-101": "reactor.T_jacket", "TJ-201": "crystallizer_1.T_jacket", "TJ-202": "crystallizer_2.T_jacket"}
#: Outputs of the controllers that drive the jackets.
DRIVERS = {"TJ-101": "TIC-101.output", "TJ-201": "TIC-201.output", "TJ-202": "TIC-202.output"}
SOFT = ("crystallizer_1.S", "crystallizer_2.S", "crystallizer_2.w_crystals", "crystallizer_2.L43", "reactor.w_key")
HEAD = """\
twin: 1
plant: paracetamol_tablets
start: steady
record: 4 min
solver: {method: rodas4p, rtol: 1e-5}
"""
FILTER = """
estimators:
  EKF-1:
    period: 4 min
    measurements:
      reactor.T_out: {sd: 0.1 K}
      crystallizer_1.T: {sd: 0.1 K}
      crystallizer_2.T: {sd: 0.1 K}
    inputs: [reactor.T_jacket, crystallizer_1.T_jacket, crystallizer_2.T_jacket]
    disturbances:
      reactor.UA: {sd: 0.6 W/K, drift: 0.6 W/K, low: 6 W/K}
      crystallizer_1.UA: {sd: 0.4 W/K, drift: 0.4 W/K, low: 4 W/K}
      crystallizer_2.UA: {sd: 0.4 W/K, drift: 0.4 W/K, low: 4 W/K}
      reagents.m_flow.p_aminophenol: {sd: 0.003 g/s, drift: 0.003 g/s, low: 0 g/s}
    estimates: [crystallizer_1.S, crystallizer_2.S, crystallizer_2.w_crystals, crystallizer_2.L43, reactor.w_key]
    window: 1 h
    false_alarms: 30 d
"""
#: What drifts: path, from, to, in the unit.
DRIFTS = {
    "crystallizer_1.UA": (40.0, 32.0, "W/K"),
    "reagents.m_flow.p_aminophenol": (0.30, 0.24, "g/s"),
}
SI = {"W/K": 1.0, "g/s": 1e-3}
CLEAN_SEEDS = (101,)


def true_run(folder: Path, drift: str, hours: float) -> Run:
    """The plant: with a drift, or none."""
    out = folder / f"{drift or 'clean'}.h5"
    if not out.exists():
        event = ""
        if drift:
            _, end, unit = DRIFTS[drift]
            event = f"{{at: {START} h, ramp: {{{drift}: {end} {unit}}}, over: {RAMP} h}}"
        text = f"{HEAD}duration: {hours} h\nevents: [{event}]\n"
        file = folder / f"{drift or 'clean'}.yaml"
        file.write_text(text, encoding="utf-8")
        result = run(file, out)
        if not result.ok:
            raise RuntimeError(result.message)
    return open_run(out)


def write_record(path: Path, truth: Run, seed: int) -> None:
    """A historian's file: rounded, with noise, some values missing, an outage of two hours of one thermometer."""
    random = np.random.default_rng(seed)
    columns = {
        name: truth.get(tag) - 273.15 + NOISE * random.standard_normal(truth.rows) for name, tag in SENSORS.items()
    }
    words = {name: [f"{value:.2f}" for value in values] for name, values in columns.items()}
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


def write_map(path: Path) -> None:
    """Which tag each column is measured of."""
    tags = [f"  {tag}: {{column: {name}, unit: degC}}" for name, tag in {**SENSORS, **JACKETS}.items()]
    path.write_text("time: {column: minutes, unit: min}\ntags:\n" + "\n".join(tags) + "\n", encoding="utf-8")


def replayed(folder: Path, truth: Run, seed: int) -> tuple[Replayed, float]:
    """A record through the filter, and the CPU seconds of it."""
    stem = f"{truth.path.stem}_{seed}"
    record, tags, scenario = folder / f"{stem}.csv", folder / "tags.yaml", folder / "filter.yaml"
    write_record(record, truth, seed)
    write_map(tags)
    scenario.write_text(f"{HEAD}duration: {HOURS} h\n{FILTER}", encoding="utf-8")
    began = time.process_time()
    found = replay(scenario, record, tags, folder / f"{stem}.replay.h5")
    if found.outcome != "finished":
        raise RuntimeError(found.message)
    return found, time.process_time() - began


def alone(found: Replayed, truth: Run) -> np.ndarray:
    """What the model says, told of the same jackets, without a correction: [looks, outputs]."""
    from twin.config import load_scenario
    from twin.plant import compile_plant
    from twin.steady.state import started

    folder, spec, record = found.record.path.parent, found.filter.spec, found.record
    plant = started(compile_plant(load_scenario(folder / "filter.yaml").plant))
    absent = plant.absent()
    point = Point(plant, plant.y0, plant.p0, absent, float(record.time[0]), absent)
    model = model_of(spec, point, 1e-5, False, record.inputs[0])
    rows = [model.seen()]
    for time_, inputs in zip(record.time[1:].tolist(), record.inputs[1:], strict=True):
        model.advance(time_, inputs, linear=True)
        rows.append(model.seen())
    return np.array(rows)


def errors(found: Replayed, truth: Run, values: np.ndarray) -> dict[str, float]:
    """Root mean square of values [looks, outputs] less the truth, relative to its mean, after the first hour."""
    later = found.record.time >= 3600.0
    names = [*(one.tag for one in found.filter.spec.measured), *found.filter.spec.estimates]
    away = {tag: (values[:, names.index(tag)] - truth.get(tag))[later] for tag in SOFT}
    return {tag: float(np.sqrt(np.mean(away[tag] ** 2)) / np.mean(np.abs(truth.get(tag)))) for tag in SOFT}


def consistent(found: Replayed) -> dict[str, float]:
    """Mean of the normalised innovations squared per reading, and between which 95 % of such means lie."""
    from scipy.stats import chi2

    looks = [look for look in found.filter.looks if np.isfinite(look.nis)]
    count = int(sum(look.used.sum() for look in looks))
    low, high = chi2.ppf([0.025, 0.975], count) / count
    mean = float(sum(look.nis for look in looks)) / count
    return {"nis_per_reading": mean, "nis_low": float(low), "nis_high": float(high)}


def judged(folder: Path, drift: str, seed: int) -> tuple[dict[str, Any], Replayed]:
    """One record with a drift."""
    truth = true_run(folder, drift, HOURS)
    found, seconds = replayed(folder, truth, seed)
    _, end, unit = DRIFTS[drift]
    one = found.filter
    row, factor = one.names.index(drift), SI[unit]
    drifts = [alarm for alarm in one.alarms if alarm.kind in ("drift", "bias")]
    first = drifts[0] if drifts else None
    last = one.looks[-1]
    with_ = errors(found, truth, np.array([look.estimates for look in one.looks]))
    without = errors(found, truth, alone(found, truth))
    values = {
        "end_true": end,
        "end_estimated": float(last.values[row] / factor),
        "end_sd": float(last.sds[row] / factor),
        "unit": unit,
        "first_named": first.what if first else "",
        "named_at_h": first.time / 3600.0 if first else None,
        "delay_h": first.time / 3600.0 - START if first else None,
        "direction": first.direction if first else 0,
        "also_named": sorted({alarm.what for alarm in drifts} - {drift}),
        "alarms_before": sum(alarm.time < START * 3600.0 for alarm in one.alarms),
        "soft_error": with_,
        "soft_error_of_model_alone": without,
        "states_with_covariance": len(one.places),
        "columns_of_its_factor": int(one.L.shape[1]),
        "cpu_s": seconds,
        "times_real_time": HOURS * 3600.0 / seconds,
    }
    return {"name": f"drift: {drift}", "values": values}, found


def clean(folder: Path, seed: int) -> dict[str, Any]:
    """One record without a drift."""
    found, _ = replayed(folder, true_run(folder, "", HOURS), seed)
    alarms = [f"{alarm.kind} {alarm.what}".strip() for alarm in found.filter.alarms]
    return {"name": f"clean: seed {seed}", "values": {"alarms": alarms, **consistent(found)}}


def draw(folder: Path, drift: str, found: Replayed) -> None:
    """What the filter made of one record, beside the truth that it did not know."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "twin"
    from matplotlib.figure import Figure

    truth, one = true_run(folder, drift, HOURS), found.filter
    hours = np.array([look.time for look in one.looks]) / 3600.0
    begin, end, unit = DRIFTS[drift]
    figure = Figure(figsize=(8.0, 7.0), layout="constrained")
    axes = figure.subplots(3, 1, sharex=True)
    row = one.names.index(drift)
    value, sd = (np.array([getattr(look, name)[row] for look in one.looks]) / SI[unit] for name in ("values", "sds"))
    true = np.interp(hours, [0.0, START, START + RAMP, HOURS], [begin, begin, end, end])
    axes[0].fill_between(hours, value - 2.0 * sd, value + 2.0 * sd, alpha=0.3, label="estimate ± 2 sd")
    axes[0].plot(hours, value)
    axes[0].plot(hours, true, "k--", label="truth")
    told = next((alarm for alarm in one.alarms if alarm.what == drift), None)
    if told is not None:
        axes[0].axvline(told.time / 3600.0, color="tab:red", label="named")
    axes[0].set_ylabel(f"{drift} [{unit}]")
    read = np.array([look.read[1] for look in one.looks]) - 273.15
    axes[1].plot(hours, read, ".", ms=1.5, color="0.6", label="TT-201 as read")
    names = [*(m.tag for m in one.spec.measured), *one.spec.estimates]
    place = names.index("crystallizer_1.T")
    axes[1].plot(hours, [look.estimates[place] - 273.15 for look in one.looks], label="estimate")
    axes[1].set_ylabel("crystallizer_1.T [°C]")
    tag = "crystallizer_1.S"
    place = names.index(tag)
    s, spread = (np.array([getattr(x, name)[place] for x in one.looks]) for name in ("estimates", "estimate_sds"))
    axes[2].fill_between(hours, s - 2.0 * spread, s + 2.0 * spread, alpha=0.3, label="estimate ± 2 sd, not measured")
    axes[2].plot(truth.time / 3600.0, truth.get(tag), "k--", label="truth")
    axes[2].set_ylabel(f"{tag} [1]")
    axes[2].set_xlabel("h")
    for axis in axes:
        axis.legend(fontsize=8)
    figure.suptitle("Synthetic record of the flagship, through twin replay", fontsize=10)
    figure.savefig(FIGURE, metadata={"Date": None})


def table(rows: Sequence[dict[str, Any]]) -> str:
    """What was judged, as Markdown."""
    lines = ["| what drifts by a fifth in 5 h | named first | after | at the end | truth |", "|---|---|---|---|---|"]
    for row in rows:
        v = row["values"]
        if row["name"].startswith("drift: "):
            estimate = f"{v['end_estimated']:.3g} ± {v['end_sd']:.2g} {v['unit']}"
            what = row["name"].removeprefix("drift: ")
            told = f"`{v['first_named']}` | {v['delay_h']:.1f} h" if v["first_named"] else "nothing | –"
            lines.append(f"| `{what}` | {told} | {estimate} | {v['end_true']:g} {v['unit']} |")
    lines += [
        "",
        "| not measured | " + " | ".join(f"`{r['name'][7:]}`" for r in rows if r["name"][:5] == "drift") + " |",
    ]
    drifting = [row["values"] for row in rows if row["name"].startswith("drift: ")]
    lines.append("|---|" + "---|" * len(drifting))
    for tag in SOFT:
        cells = [
            f"{100 * v['soft_error'][tag]:.2f} % ({100 * v['soft_error_of_model_alone'][tag]:.2f} %)" for v in drifting
        ]
        lines.append(f"| `{tag}` | " + " | ".join(cells) + " |")
    quiet = [row["values"] for row in rows if row["name"].startswith("clean: ")]
    count = sum(len(v["alarms"]) for v in quiet)
    nis = ", ".join(f"{v['nis_per_reading']:.3f}" for v in quiet)
    lines += [
        "",
        f"Alarms in {len(quiet) * HOURS:g} h of records without a drift: {count}. Mean of the normalised innovations",
    ]
    low, high = max(v["nis_low"] for v in quiet), min(v["nis_high"] for v in quiet)
    lines.append(f"squared per reading {nis}, where 95 % of such means lie from {low:.3f} to {high:.3f}.")
    return "\n".join(lines)


def written_into(page: str, rows: Sequence[dict[str, Any]]) -> str:
    """The page with its table made anew."""
    return between(page, BEGIN, END, table(rows))


def main(quick: bool = False) -> None:
    """Simulate, write down, replay, judge, write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if quick:
            found, seconds = replayed(folder, true_run(folder, "", 2.0), 1)
            one = found.filter
            values = {"looks": len(one.looks), "cpu_s": seconds, "states": len(one.places), "columns": one.L.shape[1]}
            show([{"name": "two hours", "values": {**values, **consistent(found)}}])
            return
        rows = []
        for seed, drift in enumerate(DRIFTS, start=1):
            row, found = judged(folder, drift, seed)
            rows.append(row)
            print(row, file=sys.stderr, flush=True)
            if seed == 1:
                draw(folder, drift, found)
        for seed in CLEAN_SEEDS:
            rows.append(clean(folder, seed))
            print(rows[-1], file=sys.stderr, flush=True)
    notes = [
        "Synthetic: the plant's record is a simulation of the same models with a hidden drift, with noise added.",
        "In the record some values are missing, and one thermometer for two hours.",
        "Standard deviations of the filter (1 % of each parameter at the start, and of its change in an hour) are "
        "invented; they are the same for all records.",
        "Soft errors: root mean square, relative to the truth's mean, after the first hour; of the model alone: the "
        "same model told of the same jackets, without corrections.",
    ]
    write("soft_sensing", QUESTION, rows, notes)
    told = json.loads((RESULTS / "soft_sensing.json").read_text(encoding="utf-8"))["rows"]
    PAGE.write_text(written_into(PAGE.read_text(encoding="utf-8"), told), encoding="utf-8")


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
