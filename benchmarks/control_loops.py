"""A day of the flagship with ten loops: continuous, and by the clock at several periods; what each costs and differs.

    python -m benchmarks.control_loops [--periods 60,10,1] [--out benchmarks/results/control_loops.json]

The same ten controllers stand in the plant each time: six temperatures, levels and masses of the shipped plant, a
ratio onto a flow controller in cascade, hardness by pressure, and the two belts. The continuous run is the reference
of the differences. The greatest ones of the press stand at the minute in which powder first reaches it: the continuous
controller's limits are rounded over a thousandth of its range, so that the first powder comes some seconds apart,
whatever the period. Wall times are of whatever else the machine did meanwhile: compare them within one file.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

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


def scenario(folder: Path, execution: str) -> Path:
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
    path.write_text(day.replace("plant: paracetamol_tablets", "plant: loops.yaml"), encoding="utf-8")
    return path


def measure(folder: Path, execution: str, repeats: int, until: str | None) -> tuple[dict[str, Any], Any]:
    """Best of a few runs, and what was recorded."""
    from twin.results.reader import open_run
    from twin.run import run

    best: dict[str, Any] = {}
    path = scenario(folder, execution)
    for number in range(repeats):
        out = folder / f"{abs(hash((execution, number, time.time())))}.h5"
        started = time.perf_counter()
        result = run(path, out, until=until, checkpoint_every=math.inf)
        whole = time.perf_counter() - started
        assert result.ok, result.message
        kept = {k: result.statistics[k] for k in ("steps", "rejected", "rhs", "lu", "scans")}
        if not best or result.wall < best["wall_s"]:
            best = {"wall_s": result.wall, "with_start_s": whole, **kept}
    return best, open_run(out)


def differences(run: Any, other: Any) -> dict[str, float]:
    """Greatest difference of each tag over the run, in SI."""
    return {tag: float(np.nanmax(np.abs(run.get(tag) - other.get(tag)))) for tag in TAGS}


def main() -> None:
    """Run and print; write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--periods", default="60,10", help="of the scans, in s")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--until", help="stop the plant's clock earlier")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        best, reference = measure(folder, "model: pid", arguments.repeats, arguments.until)
        rows = [{"execution": "continuous", **best}]
        print(json.dumps(rows[-1]), flush=True)
        for period in arguments.periods.split(","):
            repeats = arguments.repeats if float(period) > 5.0 else 1
            best, run = measure(folder, f"model: pid_scan, period: {period} s", repeats, arguments.until)
            rows.append({"execution": f"scans every {period} s", **best, "differs": differences(run, reference)})
            print(json.dumps(rows[-1]), flush=True)
    found = {"python": platform.python_version(), "machine": platform.machine(), "tags": TAGS, "runs": rows}
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
