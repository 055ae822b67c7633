"""What is wrong with a plant's loops, named: before a run from its specification, after it from what it recorded.

A wire to a tag that does not exist is refused when the plant is read (`twin check`). Here are the mistakes that a plant
can be run with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config.paths import written
from twin.control.pid_terms import Mode
from twin.plant.model import load_model
from twin.quantity import fields

if TYPE_CHECKING:
    from twin.config.spec import PlantSpec, UnitSpec
    from twin.results.reader import Run

#: Executions whose mistakes a run warns of.
PIDS = ("twin.control.pid", "twin.control.pid_scan")
#: An output this near to a limit, relative to its range, stands at it; the continuous one rounds its limits by 1e-3.
AT_LIMIT = 2e-3
#: A loop is judged where its output has stood at a limit for this part of the run, at its end.
LEAST_PART = 0.1
#: And no run is judged by fewer samples than these.
FEWEST = 4
#: An error that is smaller than this part of what the measurement has moved over is none.
NO_ERROR = 0.02


@dataclass(frozen=True)
class Loop:
    """A controller with what it reads and moves.

    Attributes
    ----------
    name : str
        Its tag.
    measurement, output : str
        "unit.measurement" and "unit.inlet".
    truth : str
        What the measurement shows, behind any transmitters.
    """

    unit: UnitSpec
    measurement: str
    output: str
    truth: str

    @property
    def name(self) -> str:
        return self.unit.name


def loops(plant: PlantSpec) -> tuple[Loop, ...]:
    """Give the controllers that have a setpoint and limits, in the plant's order."""
    sources = {wire.target: wire.source for wire in plant.signals}
    found = []
    for unit in plant.units:
        model = load_model(unit.model)
        if not {"measurement", "setpoint"} <= set(model.inlets) or not {"low", "high"} <= set(unit.params):
            continue
        measured = truth = sources.get(f"{unit.name}.measurement", "")
        while truth and f"{truth.partition('.')[0]}.measurement" in sources and "period" in _unit(plant, truth).params:
            truth = sources[f"{truth.partition('.')[0]}.measurement"]
        moved = next((w.target for w in plant.signals if w.source == f"{unit.name}.output"), "")
        found.append(Loop(unit, measured, moved, truth))
    return tuple(found)


def _recorded(plant: PlantSpec, run: Run, only: tuple[str, ...] = ()) -> list[Loop]:
    """Those that a run has: a replayed record tells what some controllers did, in place of them.

    The tags of a run are read only where there is such a loop: a large file has many.
    """
    asked = (loop for loop in loops(plant) if not only or loop.unit.model in only)
    return [loop for loop in asked if f"{loop.name}.output" in run.tags]


def _unit(plant: PlantSpec, path: str) -> UnitSpec:
    return plant.unit(path.partition(".")[0])


def before(plant: PlantSpec) -> list[str]:
    """Name the controllers that scan faster than the sensor that they read."""
    found = []
    for loop in loops(plant):
        own, sensor = load_model(loop.unit.model), _unit(plant, loop.measurement)
        clock = load_model(sensor.model).scan
        if own.scan != "period" or not clock or clock == "restart":
            continue
        mine, its = float(loop.unit.params["period"]), float(sensor.params[clock])
        if mine < its * (1.0 - 1e-9):
            found.append(
                f"{loop.name} scans every {mine:g} s, but {sensor.name}, which it reads, tells something new only "
                f"every {its:g} s: the derivative sees steps, and a short integral time acts on what is old. "
                f"Give it period: {its:g} s."
            )
    return found


def after(plant: PlantSpec, run: Run, only: tuple[str, ...] = ()) -> list[str]:
    """Name the loops that ended at a limit of their output: with a setpoint out of reach, or the wrong sign.

    Parameters
    ----------
    plant : PlantSpec
        What was run.
    run : Run
        Its file.
    only : tuple of str
        Models that are looked at; all for none.
    """
    found: list[str] = []
    if len(run.time) < FEWEST:
        return found
    for loop in _recorded(plant, run, only):
        if int(loop.unit.params.get("mode", Mode.AUTO)) == Mode.MANUAL:
            continue  # nobody asked it to hold its setpoint
        said = _stuck(plant, loop, run)
        if said:
            found.append(said)
    return found


def error(loop: Loop, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Give the error of a loop, setpoint in use less measurement, and the measurement, at each sample."""
    y = np.asarray(run.get(loop.measurement), dtype=float)
    in_use = f"{loop.name}.back_setpoint" if loop.unit.model == PIDS[0] else f"{loop.name}.SP"
    r = run.get(in_use if in_use in run.tags else f"{loop.name}.setpoint")
    return np.asarray(r, dtype=float) - y, y


def _stuck(plant: PlantSpec, loop: Loop, run: Run) -> str:
    """Say what holds a loop at a limit at the end of its run, if anything does."""
    low, high = float(loop.unit.params["low"]), float(loop.unit.params["high"])
    u = np.asarray(run.get(f"{loop.name}.output"), dtype=float)
    e, y = error(loop, run)
    if not (np.isfinite(u).all() and np.isfinite(e).all()):
        return ""  # what is no number is reported by the run itself
    upper = u[-1] > 0.5 * (low + high)
    there = np.abs(u - (high if upper else low)) <= AT_LIMIT * (high - low)
    free = np.flatnonzero(~there)
    start = int(free[-1]) + 1 if free.size else 0
    if len(u) - start < max(LEAST_PART * len(u), FEWEST - 1):
        return ""
    gain = _gain(loop)
    wanted = gain * e[start:] * (1.0 if upper else -1.0)
    moved_over = float(np.ptp(y)) + float(np.abs(e[start:]).max())
    if gain == 0.0 or np.any(wanted <= NO_ERROR * moved_over * abs(gain)):
        return ""
    side = "high" if upper else "low"
    limit = written(plant, f"{loop.name}.{side}", high if upper else low)
    was, wish = (written(plant, f"{loop.name}.setpoint", float(value)) for value in (y[-1], y[-1] + e[-1]))
    begin = max(start - 1, 0)
    earlier = int(np.argmax(np.abs(u[: begin + 1] - u[-1])))
    du, dy = float(u[-1] - u[earlier]), float(y[-1] - y[earlier])
    about = (
        f"{loop.name}: its output stood at its {side} limit, {limit}, for the last "
        f"{float(run.time[-1] - run.time[start]):g} s, with {loop.measurement} at {was} and the setpoint at {wish}"
    )
    if du * dy * gain < 0.0:
        return (
            f"{about}. The further the output went, the further the measurement moved away: the gain has the wrong "
            "sign (positive feedback). Change its sign."
        )
    return f"{about}. Nothing that it can move brings the measurement there: the setpoint is unreachable."


def _gain(loop: Loop) -> float:
    """Sign of the action, as a gain."""
    names = [f.name for f in fields(load_model(loop.unit.model).Params)]
    candidates = [float(loop.unit.params[name]) for name in ("K", "K_p", "K_i") if name in names]
    return next((value for value in candidates if value != 0.0), 0.0)


def table(plant: PlantSpec, run: Run | None = None) -> list[dict[str, Any]]:
    """Give a row for each loop: what it is, and of a run how well it held its setpoint."""
    from twin.control.isa import meaning

    rows = []
    for loop in loops(plant) if run is None else _recorded(plant, run):
        model = load_model(loop.unit.model)
        period = float(loop.unit.params["period"]) if model.scan == "period" else 0.0
        row: dict[str, Any] = {
            "tag": loop.name,
            "meaning": meaning(loop.name),
            "measures": loop.measurement,
            "moves": loop.output,
            "period_s": period,
        }
        if run is not None:
            e, _ = error(loop, run)
            low, high = float(loop.unit.params["low"]), float(loop.unit.params["high"])
            u = np.asarray(run.get(f"{loop.name}.output"), dtype=float)
            at = np.minimum(np.abs(u - low), np.abs(u - high)) <= AT_LIMIT * (high - low)
            row |= {
                "unit": loop.unit.units.get("measurement", "1"),
                "mean_error": float(np.mean(np.abs(e))),
                "largest_error": float(np.max(np.abs(e))),
                "IAE": float(np.trapezoid(np.abs(e), run.time)),
                "part_at_limits": float(np.mean(at)),
            }
        rows.append(row)
    return rows
