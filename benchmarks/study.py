"""How fast a Monte-Carlo study of the flagship's day runs, and what 10,000 runs of it would take.

    python -m benchmarks.study            # two minutes; writes results/study.json

Two days: the smooth one (24 h of the whole line without events, its loops continuous, the qualities of the start-up
day judged), and the start-up day with its events, refills and shutdown; each in one step for all and in blocks with
steps of their own. One and two threads take turns, so that what
else the machine does falls on both alike.
"""

from __future__ import annotations

import itertools
import resource
import statistics
import sys
import tempfile
import threading
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from benchmarks.harness import write
from twin.study.engines import Plan, Threads, plan_of
from twin.study.reading import load_study
from twin.study.spec import StudySpec

TARGET = 30.0  #: minutes for 10,000 runs on 2 cores
#: Days, and runs of a turn (an even number: two threads share them) and turns: 64 runs in all.
DAYS, RUNS, TURNS = ("paracetamol_smooth", "paracetamol_startup"), 16, 4
FACTORS: dict[str, Any] = {
    "amine dosing": {"path": "reagents.m_flow.p_aminophenol", "relative": True, "mean": 1, "sd": 0.005},
    "anhydride dosing": {"path": "reagents.m_flow.acetic_anhydride", "relative": True, "mean": 1, "sd": 0.005},
    "reagents.T": {"mean": "25 degC", "sd": "1 K"},
    "wash dosing": {"path": "wash.m_flow.ethanol", "relative": True, "mean": 1, "sd": 0.02},
    "TIC-202.setpoint": {"mean": "5 degC", "sd": "0.3 K"},
    "press.diameter": {"mean": "12 mm", "sd": "0.005 mm"},
}


def study_of(scenario: str, folder: Path, method: str) -> StudySpec:
    """A Monte-Carlo study of a day, yields and qualities kept."""
    texts = {
        name: files("scenarios").joinpath(f"{name}.yaml").read_text() for name in ("paracetamol_startup", scenario)
    }
    if "quality:" not in texts[scenario]:
        startup = texts["paracetamol_startup"]
        texts[scenario] += "\n" + startup[startup.index("quality:") :]
    (folder / f"{scenario}.yaml").write_text(texts[scenario])
    said = {
        "twin": 1,
        "scenario": f"{scenario}.yaml",
        "solver": {"method": method, "rtol": 1e-4},
        "record": "2 min",
        "seed": 1,
        "design": {"kind": "random", "runs": 10_000},
        "factors": FACTORS,
    }
    return load_study(said, folder)


def turn(engine: Threads, plan: Plan, numbers: range) -> dict[str, float]:
    """Make some runs: wall and CPU seconds a run, and the part that finished."""
    wall, cpu = time.perf_counter(), time.process_time()
    rows = list(engine.rows(numbers, plan))
    count = len(numbers)
    finished = sum(row.outcome == "finished" for _, row in rows)
    return {
        "wall": (time.perf_counter() - wall) / count,
        "cpu": (time.process_time() - cpu) / count,
        "finished": finished / count,
    }


def day(scenario: str, method: str) -> list[dict[str, Any]]:
    """Rows of the results for one day."""
    with tempfile.TemporaryDirectory() as folder:
        study = study_of(scenario, Path(folder), method)
    plan = plan_of(study)
    one, two = Threads(study, 1), Threads(study, 2)
    two.runner = one.runner  # one compiled plant
    turn(one, plan, range(2))
    share = python_share(one, plan)
    memory = [_peak()]
    turns: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    first, count = 0, RUNS
    for _ in range(TURNS):
        for workers, engine in ((1, one), (2, two)):
            turns[workers].append(turn(engine, plan, range(first, first + count)))
            first += count
        memory.append(_peak())
    rows = []
    for workers, found in turns.items():
        cpu = statistics.median(t["cpu"] for t in found)
        rows.append(
            {
                "name": f"{scenario}, {method}, {workers} threads",
                "values": {
                    "runs": count * TURNS,
                    "finished": statistics.mean(t["finished"] for t in found),
                    "cpu_s_per_run": cpu,
                    "plant_days_per_s_per_core": 1.0 / cpu,
                    "wall_s_per_run": statistics.median(t["wall"] for t in found),
                    "minutes_for_10000_runs_on_2_free_cores": 10_000 * cpu / 2 / 60,
                    "target_minutes": TARGET,
                },
            }
        )
    efficiency = [a["wall"] / b["wall"] / 2 for a, b in zip(turns[1], turns[2], strict=True)]
    lone, both = (statistics.median(t["cpu"] for t in turns[k]) for k in (1, 2))
    rows.append(
        {
            "name": f"{scenario}, {method}, two threads against one",
            "values": {
                "efficiency_by_wall": statistics.median(efficiency),
                "efficiency_by_wall_turns": efficiency,
                "cpu_of_one_over_cpu_of_two": lone / both,
                "python_s_per_run": share,
                "peak_memory_MB": memory[-1],
                "peak_memory_growth_MB": memory[-1] - memory[1],
            },
        }
    )
    return rows


def python_share(engine: Threads, plan: Plan) -> float:
    """CPU seconds of a run outside of compiled code, which holds no lock of Python's."""
    from twin.integrate import integrator, multirate
    from twin.jit import call
    from twin.plant import absent

    inside, callers = [0.0], (integrator, multirate, absent)

    def counted(*arguments: Any) -> int:
        start = time.thread_time()
        code = call(*arguments)
        inside[0] += time.thread_time() - start
        return code

    for module in callers:
        vars(module)["call"] = counted
    try:
        outside: list[float] = []

        def work() -> None:
            for number in range(4):
                inside[0], start = 0.0, time.thread_time()
                engine.runner.run(plan.X[number], int(plan.seeds[number]))
                outside.append(time.thread_time() - start - inside[0])

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        for module in callers:
            vars(module)["call"] = call
    return statistics.median(outside)


def _peak() -> float:
    """Most memory that this process has held [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2)


NOTES = [
    "CPU seconds: a busy machine slows them less than wall time; minutes for 10,000 runs follow from them.",
    "efficiency_by_wall: (runs a second of two threads) / 2 (runs a second of one), turn by turn; others were busy"
    " on the machine meanwhile (environment.load), so it is no clean number.",
    "cpu_of_one_over_cpu_of_two: what the work of a run grows by with a second thread (memory, caches).",
    "python_s_per_run: CPU of a run outside of compiled code: the most that threads can wait for each other.",
    "rtol 1e-4, samples every 2 min, six factors; yield, PMI, products and qualities kept.",
]


def main() -> None:
    rows: list[dict[str, Any]] = []
    for scenario, method in itertools.product(DAYS, ("rodas4p", "multirate")):
        rows += day(scenario, method)
        print(write("study", "Monte-Carlo runs of the flagship's day on threads", rows, NOTES), flush=True)


if __name__ == "__main__":
    main()
