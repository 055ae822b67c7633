"""How fast is the flagship's day against SUNDIALS driven from Python, at which error, and where does the time go?

    python -m benchmarks.flagship [--quick]

`paracetamol_smooth`, 24 h: native Rodas4P, scikit-sundae CVODE with sparse direct solver, and CVODE
with GMRES preconditioned by our own LU, all with the same compiled right-hand side and Jacobian.
Errors are max |y − ref|/(|ref| + nominal) over states and 97 instants, against a native run at
rtol 1e-9. Loading and compiling come before the clock starts. Since
errors at one tolerance differ by orders of magnitude, GMRES is also timed at the tolerance that gives our error.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from benchmarks import loops
from benchmarks.harness import measure, show, stores, write
from benchmarks.limits import limits, table
from twin import jit
from twin.config import load_scenario
from twin.integrate.integrator import Integrator
from twin.plant import compile_plant
from twin.schedule.simulation import integrator_of

DAY = 86400.0
EVERY = 900.0  # at 600 s the sparse CVODE gives up in the start-up at rtol 1e-4: its error there is near one
#: Tolerances at which GMRES is tried until its error is no greater than ours.
TIGHTER = {1e-4: (1e-5, 1e-6, 1e-7, 1e-8), 1e-6: (1e-7, 1e-8, 1e-9, 1e-10)}


Measured = tuple[np.ndarray, dict[str, int], dict[str, float], Any]


def integrate(plant: Any, method: str, rtol: float, end: float) -> Measured:
    """Integrate once to warm up and once for the clock; gives samples, counts and times."""
    blocks: list[np.ndarray] = []
    made: list[Any] = []

    def once() -> None:
        blocks.clear()
        made.append(ready.pop())
        ending = made[-1].advance(end)
        if ending.outcome.name != "FINISHED":
            raise RuntimeError(f"{method} at {rtol:g}: {ending}")

    repeats = 5 if not method.startswith("cvode") else 1
    kind = integrator_of(method)
    ready = [
        kind(plant, method=method, rtol=rtol, every=EVERY, samples=lambda block: blocks.append(block.y.copy()))
        for _ in range(repeats + 1)
    ]
    once()
    seconds = measure(once, repeats)
    return np.concatenate(blocks), made[-1].statistics, seconds, made[-1]


def beside(
    plant: Any, method: str, rtol: float, end: float, own: float | None = None, than: str = "rodas4p"
) -> dict[str, float]:
    """How many times longer a method takes than rodas4p (or `than`), which runs three times before it and after it.

    The machine's speed changes from minute to minute, so only neighbours are compared. `own` is the method's
    tolerance where it is not rodas4p's.
    """

    def seconds(name: str) -> float:
        tolerance = rtol if own is None or name == than else own
        run = integrator_of(name)(plant, method=name, rtol=tolerance, every=EVERY, samples=lambda block: None)
        began = time.process_time()
        ending = run.advance(end)
        if ending.outcome.name != "FINISHED":
            raise RuntimeError(f"{name} at {tolerance:g}: {ending}")
        return time.process_time() - began

    ours = [seconds(than) for _ in range(3)]
    other = seconds(method)
    ours += [seconds(than) for _ in range(3)]
    return {"ratio_to_median": other / float(np.median(ours)), "ratio_to_slowest": other / max(ours)}


def unit_costs(plant: Any, run: Integrator) -> dict[str, float]:
    """CPU seconds of one right-hand side, Jacobian, factorisation and solve at the run's end."""
    jit.arm(loops)
    T, J, F, W = plant.tables, plant.jacobian, run._factors, run._work
    y, p = run.y.copy(), run.p.copy()
    n = 200
    parts = {
        "rhs": lambda: loops.repeat_rates(n, T, y, p, W.w, W.dy),
        "jacobians": lambda: loops.repeat_jacobian(n, T, J, y, p, W.w, W.buffers, W.values, W.q_values),
        "lu": lambda: loops.repeat_factorise(n, F, W.values, 0.1, W.lower, W.upper, W.pivot, W.row),
        "solves": lambda: loops.repeat_solve(n, F, W.lower, W.upper, W.pivot, W.rhs, W.u[0], W.row),
    }
    costs = {}
    for name, part in parts.items():
        part()
        costs[name] = measure(part, 5)["min_s"] / n
    return costs


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 h instead of 24 h, nothing stored")
    quick = parser.parse_args().quick
    end = 7200.0 if quick else DAY
    plant = compile_plant(load_scenario("paracetamol_smooth").plant)
    reference, *_ = integrate(plant, "rodas4p", 1e-9, end)

    def error(samples: np.ndarray) -> float:
        return float(np.max(np.abs(samples - reference) / (np.abs(reference) + plant.nominal)))

    rows: list[dict[str, Any]] = []
    rows.append({"name": "size", "values": {"states": plant.n_y, "auxiliaries": plant.n_aux, "quadratures": plant.n_q}})
    for rtol in (1e-4, 1e-6):
        for method in ("rodas4p", "rodas4p2", "rodas5p", "multirate", "cvode-gmres", "cvode"):
            try:
                samples, counts, times, run = integrate(plant, method, rtol, end)
            except RuntimeError as gave_up:  # CVODE does, in the start-up, where its error is near one
                rows.append({"name": f"{method} rtol {rtol:g}", "values": {"skipped": str(gave_up)}})
                show(rows[-1:])
                continue
            keep = ("steps", "rejected", "rhs", "jacobians", "lu", "solves")
            values = {**times, "error": error(samples), **{k: counts[k] for k in keep}}
            rows.append({"name": f"{method} rtol {rtol:g}", "values": values})
            if method == "rodas4p":
                costs = unit_costs(plant, run)
                total = sum(costs[k] * counts[k] for k in costs)
                parts = {f"{k}_us": 1e6 * v for k, v in costs.items()}
                rows.append(
                    {
                        "name": f"rodas4p rtol {rtol:g}: sum of count × unit cost",
                        "values": {**parts, "sum_s": total, "integration_over_sum": times["min_s"] / total},
                    }
                )
                if rtol == 1e-4:
                    rows += table(costs, limits(plant, run))
                    show(rows[-len(costs) :])
            show([row for row in rows if row["name"].startswith(f"{method} rtol {rtol:g}")])
    errors = {row["name"]: row["values"]["error"] for row in rows if "error" in row["values"]}
    for rtol in (1e-4, 1e-6):
        for tighter in TIGHTER[rtol]:
            samples, *_ = integrate(plant, "cvode-gmres", tighter, end)
            reached = error(samples)
            if reached <= errors[f"rodas4p rtol {rtol:g}"]:
                break
        values = {"its_rtol": tighter, "its_error": reached, **beside(plant, "cvode-gmres", rtol, end, tighter)}
        name = f"cvode-gmres over rodas4p at its error, rtol {rtol:g}"
        rows.append({"name": name, "values": values})
        show(rows[-1:])
    for rtol in (1e-4, 1e-6):
        for method in ("cvode", "cvode-gmres"):
            if f"{method} rtol {rtol:g}" not in errors:
                continue  # it gave up: there is no time of it
            for than in ("rodas4p", "multirate"):
                name = f"{method} over {than}, rtol {rtol:g}"
                rows.append({"name": name, "values": beside(plant, method, rtol, end, than=than)})
                show(rows[-1:])
    if stores(quick):
        notes = [
            "CPU seconds of the process; minima of repeats; loading and compiling excluded.",
            "over_limit: a call's cost over the greater of its bounds by memory and arithmetic (benchmarks/limits.py).",
        ]
        write("flagship", "Flagship day: native against SUNDIALS driven from Python", rows, notes)


if __name__ == "__main__":
    main()
