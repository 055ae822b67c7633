"""A day of the flagship with ten loops: continuous, and by the clock at several periods; what each costs and differs.

    python -m benchmarks.control_loops [--periods 60,10,1] [--out benchmarks/results/control_loops.json]

By the clock each day is run with steps that end at every scan (`scans: exact`: with a kept matrix where that is good
enough), with full steps only, which is no choice of a user, and with steps over many scans (`scans: relaxed`). At 1 s
exact and relaxed scans are run at two tolerances, and relaxed ones in blocks with steps of their own, too (`method:
multirate`). Beside each stand its greatest errors: the differences from a run of full steps at a hundredth of the
tolerance. The table of `docs/control.md` is made of the results by `python -m benchmarks.page`.

The same ten controllers stand in the plant each time: six temperatures, levels and masses of the shipped plant, a
ratio onto a flow controller in cascade, hardness by pressure, and the two belts. The continuous run is the reference
of the differences. The greatest ones of the press stand at the minute in which powder first reaches it: the continuous
controller's limits are rounded over a thousandth of its range, so that the first powder comes some seconds apart,
whatever the period. Processor times are of the integration alone, the least of a few runs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import COMMITTED, RESULTS, made
from twin.config.spec import SCANS
from twin.evidence.software import fingerprint
from twin.integrate.integrator import Integrator

COUNTS = ("steps", "rejected", "rhs", "lu", "scans", "kept", "over", "sweeps", "hold_error", "ripple")
#: Counts, and samples of TAGS.
Measured = tuple[dict[str, Any], np.ndarray]
#: Tolerances that are compared, and that of what they are compared with.
RTOL, TIGHT = (1e-5, 1e-4), 1e-7
TAGS = {
    "reactor.T_out": "K",
    "crystallizer_1.T": "K",
    "crystallizer_2.T": "K",
    "api_feeder.fill": "1",
    "press.level": "1",
    "press.tablet_mass": "kg",
    "press.hardness": "N",
    "press.api_content": "1",
}
CONTROLLERS = """\
controllers:
  TIC-101: {EXEC, measurement: reactor.T_out, output: reactor.T_jacket, setpoint: 80 degC, K: 0.5, T_i: 30 min, \
bias: 80 degC, low: 10 degC, high: 110 degC}
  TIC-201: {EXEC, measurement: crystallizer_1.T, output: crystallizer_1.T_jacket, setpoint: 25 degC, K: 3, \
T_i: 20 min, bias: 20 degC, low: -10 degC, high: 60 degC}
  TIC-202: {EXEC, measurement: crystallizer_2.T, output: crystallizer_2.T_jacket, setpoint: 5 degC, K: 3, \
T_i: 20 min, bias: 2 degC, low: -15 degC, high: 60 degC}
  LIC-501: {EXEC, measurement: api_feeder.fill, output: api_feeder.setpoint, setpoint: 0.3, K: -1 g/s, T_i: 3 h, \
low: 0 g/s, high: 0.6 g/s}
  FFC-502: {model: ratio, measurement: api_feeder.F, output: FIC-502.feedforward, K: 0.6666666666666666}
  FFC-503: {model: ratio, measurement: api_feeder.F, output: FIC-502.remote, K: 0.6666666666666666}
  FIC-502: {EXEC, mode: cascade, measurement: mcc_feeder.F, output: mcc_feeder.setpoint, setpoint: 0 g/s, K: 0.1, \
T_i: 2 min, low: 0 g/s, high: 0.6 g/s}
  LIC-601: {EXEC, measurement: press.level, output: press.turret_speed, setpoint: 0.5, K: -0.2 1/s, T_i: 10 min, \
low: 0 1/s, high: 0.3 1/s}
  WIC-601: {EXEC, measurement: press.tablet_mass, output: press.fill_depth, setpoint: 600 mg, K: 5 m/kg, T_i: 1 min, \
bias: 12 mm, low: 6 mm, high: 20 mm}
  NIC-601: {EXEC, measurement: press.hardness, output: press.pressure, setpoint: 120 N, K: 0.2 MPa/N, T_i: 5 min, \
bias: 150 MPa, low: 100 MPa, high: 200 MPa}
  LIC-301: {EXEC, measurement: filter.V, output: filter.belt_speed, setpoint: 1.1 L, K: -1 mm/(s L), T_i: 30 min, \
bias: 1.2 mm/s, low: 0.6 mm/s, high: 2.4 mm/s}
  SIC-401: {EXEC, measurement: dryer.T_cake, output: dryer.belt_speed, setpoint: 45 degC, K: 0.01 mm/(s K), T_i: 1 h, \
bias: 1.2 mm/s, low: 0.6 mm/s, high: 2.4 mm/s}
"""


class Full(Integrator):
    """Takes every step from scan to scan with a matrix of its own."""

    keeps = 0.0


def scenario(folder: Path, execution: str, scans: str = "exact", rtol: float = 1e-5) -> Path:
    """The start-up of the shipped plant, with these controllers."""
    plant = files("plant_configs").joinpath("paracetamol_tablets.yaml").read_text(encoding="utf-8")
    kept = plant[: plant.index("controllers:")]
    for name, value in (("belt_speed", "belt_speed:"), ("pressure", "pressure: 150")):
        lines = kept.splitlines(keepends=True)
        kept = "".join(line for line in lines if not line.strip().startswith(value))
        assert f"\n      {value}" not in kept, name
    (folder / "loops.yaml").write_text(kept + CONTROLLERS.replace("EXEC", execution), encoding="utf-8")
    day = files("scenarios").joinpath("paracetamol_startup.yaml").read_text(encoding="utf-8")
    path = folder / "day.yaml"
    day = day.replace("plant: paracetamol_tablets", "plant: loops.yaml")
    path.write_text(day.replace("rtol: 1e-5}", f"rtol: {rtol}, scans: {scans}}}"), encoding="utf-8")
    return path


def measure(
    folder: Path,
    execution: str,
    repeats: int,
    until: float | None,
    scans: str = "exact",
    rtol: float = 1e-5,
    method: str = "rodas4p",
    integrator: Callable[..., Any] | None = None,
) -> Measured:
    """Least processor time of a few runs, loading and compiling not counted; counts; and the samples of TAGS."""
    from twin.config import load_scenario
    from twin.plant import compile_plant
    from twin.schedule.simulation import Simulation

    spec = replace(load_scenario(scenario(folder, execution, scans, rtol)), method=method)
    plant = compile_plant(spec.plant)
    places = {c.path: c.offset for c in plant.columns if c.vector == "w" and c.kind != "quadrature"}
    record = [places[tag] for tag in TAGS]

    def prepared() -> tuple[Simulation, list[np.ndarray]]:
        blocks: list[np.ndarray] = []
        made = Simulation(
            spec, plant, record=record, samples=lambda block: blocks.append(block.w), integrator=integrator
        )
        return made, blocks

    prepared()[0].run(60.0)  # loads or compiles the loop
    best: dict[str, Any] = {}
    for _ in range(repeats):
        simulation, blocks = prepared()
        wall, cpu = time.perf_counter(), time.process_time()
        ending = simulation.run(until)
        took = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
        assert not ending.outcome.failed, str(ending)
        if not best or took["cpu_s"] < best["cpu_s"]:
            counts = simulation.statistics
            best = {**took, **{k: counts[k] for k in COUNTS if k in counts}}
    return best, np.concatenate(blocks)


def stored(folder: Path | None, name: str, until: float | None, make: Callable[[], Measured]) -> Measured:
    """What was measured before, where it was stored by the same software: a day of full steps takes a minute."""
    software = f"{fingerprint()} {until}"
    file = None if folder is None else folder / f"{name}.npz"
    if file is not None and file.exists():
        with np.load(file) as data:
            if str(data["software"]) == software:
                return json.loads(str(data["best"])), data["samples"]
    best, samples = make()
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, best=json.dumps(best), samples=samples, software=software)
    return best, samples


def differences(run: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Greatest difference of each tag over the run, in SI.

    Raises
    ------
    ValueError
        Where one of the runs has no number and the other one has.
    """
    found = {}
    for k, tag in enumerate(TAGS):
        alone = np.flatnonzero(np.isnan(run[:, k]) != np.isnan(other[:, k]))
        if len(alone):
            raise ValueError(f"{tag} is no number in one of two runs, at sample {alone[0]}")
        found[tag] = float(np.nanmax(np.abs(run[:, k] - other[:, k]), initial=0.0))
    return found


def main() -> None:
    """Run and print; write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--periods", default="60,10", help="of the scans, in s")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--until", type=float, help="stop the plant's clock at so many seconds")
    parser.add_argument("--exact", type=Path, help="runs of full steps are stored in this folder, and taken from it")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows: list[dict[str, Any]] = []

        def row(name: str, how: dict[str, Any], measured: Measured, **errors: np.ndarray) -> None:
            best, run = measured
            rows.append({"execution": name, "way": "", "method": "rodas4p", "rtol": 1e-5, **how, **best})
            rows[-1] |= {name: differences(run, other) for name, other in errors.items()}
            print(json.dumps(rows[-1]), flush=True)

        def measured(model: str, **how: Any) -> Measured:
            return measure(folder, model, arguments.repeats, arguments.until, **how)

        tight = partial(measure, folder, repeats=1, until=arguments.until, rtol=TIGHT, integrator=Full)
        keep = partial(stored, arguments.exact, until=arguments.until)
        reference = keep(name="continuous", make=partial(tight, "model: pid", integrator=None))[1]
        ways: list[dict[str, Any]] = [{"rtol": rtol, "method": m} for rtol in RTOL for m in ("rodas4p", "multirate")]
        for how in ways:
            row("continuous", how, measured("model: pid", **how), error=reference)
        for period in arguments.periods.split(","):
            model, name = f"model: pid_scan, period: {period} s", f"scans every {period} s"
            best = keep(name=f"{period}_tight", make=partial(tight, model))[1]
            run = keep(name=period, make=partial(measured, model, integrator=Full))
            row(name, {"way": "full steps"}, run, error=best, from_continuous=reference)
            tolerances = RTOL if float(period) < 5.0 else RTOL[:1]
            ways = [{"scans": scans, "rtol": rtol} for scans in SCANS for rtol in tolerances]
            if float(period) < 5.0:
                ways += [{"scans": "relaxed", "method": "multirate", "rtol": rtol} for rtol in (*RTOL, 3e-5)]
            for how in ways:
                row(name, {"way": how["scans"], **how}, measured(model, **how), error=best)
    found = {**made(), "tags": TAGS, "runs": rows}
    out = arguments.out or (None if RESULTS == COMMITTED else RESULTS / "control_loops.json")
    if out:
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
