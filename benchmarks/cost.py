"""What does a bin, a cell, a unit, an event, a loop, a tablet cost? Time against size, to 100,000 states.

    python -m benchmarks.cost [--quick]

Each size grows alone in a plant made for it: classes of CADET's closed crystallizer, cells of a tube, tanks in a
row, set points changed over a day, level controllers, tablets drawn from a press. Seconds are CPU seconds of the
integration, least of three, set-up and compiling excluded; `steps` beside them, since more digits of a front take more
steps. `exponent` is the slope of log(seconds a step) against log(size) over the last tenfold or more: 1 is linear, less
where part of the cost does not grow (for events, which change the steps, and tablets it is that of the whole).
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.harness import measure, quickly, show, stores, write
from benchmarks.turret import VARIATION, day
from tests.verification.closed_crystallizer import BOTH
from tests.verification.closed_crystallizer import plant as crystallizer
from twin.config import load_plant, load_scenario
from twin.integrate.integrator import Integrator
from twin.plant import compile_plant
from twin.schedule.simulation import Simulation
from unit_ops.tableting import turret

RTOL = 1e-4
DAY = 86400.0
#: CPU seconds of an integration that is not repeated.
LONG = 3.0
#: Seconds, set-up included, after which a series goes to no greater size.
ENOUGH = 60.0
WATER = "twin: 1\nfluids: [water]\n"
TANK = (
    "  t{i}: {{model: piping.tank, params: {{tau: 60 s, V_weir: 10 L}},"
    " initial: {{V: 10 L, T: 290 K, w: {{water: 1}}}}}}\n"
)
TUBE = """\
twin: 1
fluids: [solvent, A, B]
components:
  solvent: {{molar_mass: 18 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 4000 J/(kg K)}}
  A: {{molar_mass: 100 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 4000 J/(kg K)}}
  B: {{molar_mass: 100 g/mol, rho_liquid: 1000 kg/m^3, cp_liquid: 4000 J/(kg K)}}
units:
  tube:
    model: reaction.plug_flow
    cells: {n}
    reactions: [{{equation: A -> B, k0: 1e-3 1/s, E: 0 J/mol, dH: 0 J/mol}}]
    params: {{V: 10 L, length: 100 m, D_ax: 0 m^2/s, UA: 0 W/K, T_jacket: 300 K, key: B}}
    initial: {{T: 300 K, w: {{solvent: 1}}}}
feeds:
  feed: {{T: 300 K, m_flow: {{solvent: 9 g/s, A: 1 g/s}}}}
connections: [feed -> tube.feed, tube.product -> out]
products: [out]
"""


def tanks(n: int) -> str:
    """A row of tanks."""
    text = WATER + "units:\n" + "".join(TANK.format(i=i) for i in range(n))
    text += "feeds: {feed: {T: 310 K, m_flow: {water: 0.1 kg/s}}}\nconnections:\n  - feed -> t0.feed\n"
    text += "".join(f"  - t{i - 1}.product -> t{i}.feed\n" for i in range(1, n))
    return text + f"  - t{n - 1}.product -> out\nproducts: [out]\n"


def loop_tanks(n: int) -> str:
    """Vessels side by side, each emptied by a pump whose flow a controller sets by its level, 10 s a scan."""
    text = WATER + "units:\n" + "".join(PUMPED.format(i=i) for i in range(n)) + "feeds:\n"
    text += "".join(f"  f{i}: {{T: 290 K, m_flow: {{water: 0.1 kg/s}}}}\n" for i in range(n)) + "connections:\n"
    text += "".join(f"  - f{i} -> t{i}.feed\n  - t{i}.product -> p{i}\n" for i in range(n))
    text += "products: [" + ", ".join(f"p{i}" for i in range(n)) + "]\ncontrollers:\n"
    return text + "".join(LOOP.format(i=i) for i in range(n))


PUMPED = (
    "  t{i}: {{model: piping.pump, params: {{F_max: 0.2 kg/s, tau_drive: 2 s, head: 4 bar, efficiency: 0.5,"
    " NPSH_required: 2 m, area: 0.05 m^2, V_max: 50 L}},"
    " initial: {{V: 20 L, T: 290 K, w: {{water: 1}}}}}}\n"
)
LOOP = (
    "  LC-{i}: {{model: pid_scan, period: 10 s, measurement: t{i}.V, output: t{i}.setpoint, setpoint: 22 L,"
    " K: -10 kg/(s m^3), T_i: 5 min, bias: 0.1 kg/s, low: 0 kg/s, high: 0.2 kg/s}}\n"
)


def compiled(text: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sized.yaml"
        path.write_text(text, encoding="utf-8")
        return compile_plant(load_plant(path))


def integration(plant: Any, end: float) -> dict[str, Any]:
    """Least CPU seconds of three integrations (of one that takes long), and what one step costs."""
    seconds: list[float] = []
    counts: dict[str, int] = {}
    while not seconds or (len(seconds) < 3 and seconds[0] < LONG):
        solver = Integrator(plant, rtol=RTOL)
        began = time.process_time()
        ending = solver.advance(end)
        seconds.append(time.process_time() - began)
        if ending.outcome.name != "FINISHED":
            raise RuntimeError(str(ending))
        counts = solver.statistics
    steps = counts["steps"] + counts["rejected"]
    return {"states": plant.n_y, "min_s": min(seconds), "steps": steps, "us_per_step": 1e6 * min(seconds) / steps}


def of_bins(n: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        made = crystallizer(Path(folder), n, BOTH)
    # the first nuclei: to the end, more classes take more steps, too
    return integration(made, 18000.0 if n <= 1000 else 1e5 / n)


def of_cells(n: int) -> dict[str, Any]:
    # a front through all of it takes as many steps as there are cells: of long tubes, the first few hundred
    return integration(compiled(TUBE.format(n=n)), 2000.0 * min(1.0, (1000.0 / n) ** 1.5))


def of_units(n: int) -> dict[str, Any]:
    return integration(compiled(tanks(n)), 600.0)


def scheduled(text: str, events: int, duration: float) -> dict[str, Any]:
    """A plant by its scenario, feed temperature changed so many times (an even number), up and down."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sized.yaml").write_text(text, encoding="utf-8")
        spacing = duration / max(events, 1)
        lines = [
            f"  - {{at: {spacing * (k + 0.5)} s, every: {2 * spacing} s, set: {{feed.T: {300 + 10 * k} K}}}}\n"
            for k in range(min(events, 2))
        ]
        said = "twin: 1\nplant: sized.yaml\nduration: {} s\nrecord: 1 h\nsolver: {{rtol: {}}}\n"
        path = Path(folder, "run.yaml")
        path.write_text(said.format(duration, RTOL) + ("events:\n" + "".join(lines) if lines else ""), encoding="utf-8")
        scenario = load_scenario(path)
    plant = compile_plant(scenario.plant)
    seconds, counts = [], {}
    for _ in range(3):
        simulation = Simulation(scenario, plant, samples=lambda block: None)
        began = time.process_time()
        simulation.run()
        seconds.append(time.process_time() - began)
        counts = simulation.statistics
    steps = counts["steps"] + counts["rejected"]
    return {"states": plant.n_y, "min_s": min(seconds), "steps": steps, "us_per_step": 1e6 * min(seconds) / steps}


def of_events(n: int) -> dict[str, Any]:
    values = scheduled(tanks(3), n, DAY)
    return {**values, "us_per_event": 1e6 * values["min_s"] / n}


def of_loops(n: int) -> dict[str, Any]:
    values = scheduled(loop_tanks(n), 0, 3600.0)
    return {**values, "us_per_scan": 1e6 * values["min_s"] / (360.0 * n)}


def of_tablets(hours: int) -> dict[str, Any]:
    series = day(float(hours))
    limits = ((10e3, 14e3), (285e-6, 315e-6))
    made: list[int] = []

    def draw() -> None:
        found, rejected = turret.summarise(turret.blocks(series, VARIATION, 1), *limits)
        made.append(found["mass"].count + rejected)

    draw()
    seconds = measure(draw, 3)["min_s"]
    return {
        "tablets": made[-1],
        "min_s": seconds,
        "ns_per_tablet": 1e9 * seconds / made[-1],
    }


#: What grows -> how it is measured, its sizes, its sizes in short.
SERIES: dict[str, tuple[Callable[[int], dict[str, Any]], tuple[int, ...], tuple[int, ...]]] = {
    "bins": (of_bins, (100, 1000, 10_000, 100_000), (100, 1000)),
    "cells": (of_cells, (100, 1000, 10_000, 25_000), (100, 1000)),
    "units": (of_units, (10, 100, 1000), (10, 100)),
    "events": (of_events, (24, 240, 1440, 14_400, 86_400), (24, 240)),
    "loops": (of_loops, (1, 10, 100, 300), (1, 10)),
    "hours of tablets": (of_tablets, (1, 3, 10, 24), (1, 10)),
}


def exponent(sizes: Iterable[int], costs: Iterable[float]) -> float:
    """Slope in logarithms from the last size that is at most a tenth of the largest on."""
    points = list(zip(sizes, costs, strict=True))
    b, y = points[-1]
    a, x = [(size, cost) for size, cost in points if 10 * size <= b][-1]
    return math.log(y / x) / math.log(b / a)


def main() -> None:
    """Run, print and store."""
    quick = quickly(__doc__, "the smaller sizes")
    rows: list[dict[str, Any]] = []
    for what, (function, sizes, few) in SERIES.items():
        costs: list[float] = []
        spent = 0.0
        for n in few if quick else sizes:
            if spent > ENOUGH:
                rows.append({"name": f"{n} {what}", "values": {"skipped": f"the size before took over {ENOUGH:g} s"}})
                continue
            began = time.perf_counter()
            values = function(n)
            whole = what == "events" or "us_per_step" not in values
            costs.append(values["min_s"] if whole else values["us_per_step"])
            rows.append({"name": f"{n} {what}", "values": {"of": what, "size": n, **values}})
            spent = time.perf_counter() - began
            rows[-1]["values"]["wall_s_with_setup"] = spent
            show(rows[-1:])
        measured = (few if quick else sizes)[: len(costs)]
        rows.append({"name": f"{what}: exponent", "values": {"exponent": exponent(measured, costs)}})
        show(rows[-1:])
    if stores(quick):
        notes = [
            f"rtol {RTOL:g}; CPU seconds, least of three. Exponents: of the cost of a step (of all, for events and"
            " tablets) over the last tenfold or more. From some 10,000 states on a step's numbers leave the caches.",
            "Plants are made for this and invented, but for CADET's closed crystallizer.",
        ]
        write("cost", "Cost against the number of bins, cells, units, events, loops and tablets", rows, notes)


if __name__ == "__main__":
    main()
