"""PharmaPy's own test flowsheets, by PharmaPy and by Twin: how fast, and how far from a tight reference?

    python -m benchmarks.pharmapy [--quick]

The four flowsheets of its repository's tests (tests/Flowsheet), with the numbers that stand there: a batch reactor, a
fed one, or a tube with a holding tank, each followed by a batch cooling crystallizer of 35 classes and a pressure
filter; and a tube with a continuous crystallizer (MSMPR) whose slurry a tank collects for ten hours, and the filter.
Its crystallizers run as in its tests (`maxh` 60 s; 10 s, as its newer tests ask for), ours on the shipped plant
`pharmapy_demo`, its vessels replaced where the test has others, with its own classes (35 from 1 to 1500 um) and with
as many, or few more, that end where the crystals do; in one step for all, and in blocks that have their own.

Errors are of the number of crystals and of their mean size. Of the first three, when cooling ends, against moment
equations of the charge that each program's own reactor made, integrated to rtol 1e-11, in each program's own measure
of concentration (PharmaPy's per volume of liquor, ours per solvent). Of the fourth, in the tank, against the same
program with finer classes and tighter steps, since crystals dissolve away in its first hour, which moments do not
tell. So they hold what classes and integrator did, nothing of where the models differ. Both keep some hundred points.
Of both sides the least time of some runs counts. Twin's includes its transfers, which PharmaPy does between two runs.
Apart on both sides, as `setup_s`, is what comes before each run: PharmaPy's objects; Twin's schedule and integrator, of
a plant that is loaded and compiled.
Needs `pip install pharmapy-org assimulo-testing`; skipped without.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Skipped, quickly, show, stores, write
from benchmarks.pharmapy_ours import WIDE, by_twin
from benchmarks.pharmapy_theirs import CLASSES, FLOWSHEETS, MSMPR, RAMPS, RHO, by_pharmapy, database

#: Classes of the fourth flowsheet's references: ours, PharmaPy's.
FINEST = (400, 280)
#: Times that PharmaPy makes each run of the first three: the least counts.
AGAIN = 3
#: Ours: method, relative tolerance, classes, where they end. The first rows are those that one would choose here.
BATCHES = (
    ("rodas4p", 1e-2, CLASSES, "150 um"),
    ("rodas4p2", 1e-2, CLASSES, "150 um"),
    ("rodas4p", 1e-2, 32, "130 um"),
    ("rodas4p2", 5e-3, 30, "130 um"),
    ("rodas4p", 1e-4, CLASSES, "150 um"),
    ("rodas4p", 1e-6, CLASSES, "150 um"),
    ("rodas4p", 1e-4, CLASSES, WIDE),
    ("multirate", 1e-4, CLASSES, WIDE),
    ("rodas4p2", 1e-3, 100, WIDE),
)
CONTINUOUS = (
    ("rodas4p", 1e-2, 130, "500 um"),
    ("rodas4p2", 1e-2, 130, "500 um"),
    ("rodas4p", 1e-4, 130, "500 um"),
    ("rodas4p", 1e-6, 130, "500 um"),
    ("rodas4p", 1e-4, CLASSES, WIDE),
    ("multirate", 1e-4, CLASSES, WIDE),
    ("rodas4p2", 1e-3, 100, WIDE),
)


def exact(charge: dict[str, float], cooling: float, per_solvent: bool) -> tuple[float, float]:
    """Number of crystals and number mean size [m] of a charge [kg], by moment equations."""
    from scipy.integrate import solve_ivp

    instants = np.linspace(0.0, cooling, len(RAMPS))

    def rhs(t: float, y: np.ndarray) -> list[float]:
        T = float(np.interp(t, instants, RAMPS))
        saturated = 226.9 - 1.88 * T + 3.89e-3 * T * T
        dissolved = charge["C"] - 1200.0 * y[3]
        liquor = sum(charge[k] / RHO[k] for k in RHO if k != "C") + dissolved / 1200.0
        S = (
            dissolved / charge["solvent"] / (saturated / 856.0) if per_solvent else dissolved / liquor / saturated
        ) - 1.0
        S = max(S, 0.0)
        volume = sum(charge[k] / RHO[k] for k in RHO)
        G, B = 5e-6 * S**1.32, volume * (3e8 * S**3 + 4.46e10 * S**2)
        return [B, G * y[0] + B * 1e-6, *(k * G * y[k - 1] + B * 1e-6**k for k in (2, 3))]

    scale = np.array([1e9, 1e5, 10.0, 1e-4])
    y = solve_ivp(rhs, (0.0, cooling), np.zeros(4), method="LSODA", rtol=1e-11, atol=1e-11 * scale, max_step=60.0)
    return float(y.y[0, -1]), float(y.y[1, -1] / y.y[0, -1])


def row(name: str, found: dict[str, Any], reference: tuple[float, float]) -> dict[str, Any]:
    """Times and errors of one run."""
    count, mean = reference
    values = {
        "cpu_s": found["cpu_s"],
        "setup_s": found["setup_s"],
        "error_count": abs(found["count"] / count - 1.0),
        "error_mean_size": abs(found["mean_m"] / mean - 1.0),
        "crystals": found["count"],
        "mean_um": 1e6 * found["mean_m"],
        **({"charge_of_C_kg": found["charge"]["C"]} if "charge" in found else {}),
        **({"steps": found["steps"]} if "steps" in found else {}),
    }
    return {"name": name, "values": values}


def flowsheet(kind: str, place: Path, compounds: str) -> list[dict[str, Any]]:
    """All runs of one flowsheet; of each of theirs, how many times as long it takes as each of ours."""

    def moments(found: dict[str, Any], per_solvent: bool) -> tuple[float, float]:
        return exact(found["charge"], FLOWSHEETS[kind][1], per_solvent)

    if kind == MSMPR:
        folder = place / "finest"
        folder.mkdir()
        ours = by_twin(kind, 1e-7, FINEST[0], folder, "rodas4p", CONTINUOUS[0][3], repeats=1)
        theirs = by_pharmapy(kind, 10.0, compounds, FINEST[1])
        finest = {True: (ours["count"], ours["mean_m"]), False: (theirs["count"], theirs["mean_m"])}
    rows = []
    for number, (method, rtol, classes, top) in enumerate(CONTINUOUS if kind == MSMPR else BATCHES):
        folder = place / f"{kind} {number}"
        folder.mkdir()
        found = by_twin(kind, rtol, classes, folder, method, top)
        how = "in blocks" if method == "multirate" else method
        reference = finest[True] if kind == MSMPR else moments(found, True)
        rows.append(row(f"{kind}: Twin {how}, rtol {rtol:g}, {classes} classes to {top}", found, reference))
        show(rows[-1:])
    own = list(rows)
    for step in (60.0, 10.0):
        runs = [by_pharmapy(kind, step, compounds) for _ in range(1 if kind == MSMPR else AGAIN)]
        found = min(runs, key=lambda made: float(made["cpu_s"]))
        theirs = row(
            f"{kind}: PharmaPy, maxh {step:g} s", found, finest[False] if kind == MSMPR else moments(found, False)
        )
        for one in own:
            key = f"over {one['name'].split(': Twin ')[1]}"
            theirs["values"][key] = theirs["values"]["cpu_s"] / one["values"]["cpu_s"]
        rows.append(theirs)
        show(rows[-1:])
    return rows


def main() -> None:
    """Run, print and store."""
    quick = quickly(__doc__, "the batch reactor alone")
    for package, name in (("PharmaPy.SimExec", "pharmapy-org"), ("assimulo", "assimulo-testing")):
        if importlib.util.find_spec(package.split(".")[0]) is None:
            raise Skipped(f"needs {package.split('.')[0]}: pip install {name}")
    os.environ.setdefault("MPLBACKEND", "agg")
    warnings.simplefilter("ignore")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        compounds = database(Path(folder))
        for kind in [*FLOWSHEETS, MSMPR][: 1 if quick else None]:
            rows += flowsheet(kind, Path(folder), compounds)
    if stores(quick):
        notes = [
            "Errors of the first three: against moment equations of the charge that each program's own reactor made.",
            f"Errors of the fourth: against the same program, with {FINEST[0]} classes (ours) and {FINEST[1]}.",
            "Its jacket is held at the coolant's temperature here, which PharmaPy's exceeds by 2 % of the difference.",
            "`setup_s`, before each run: Twin's schedule and integrator (its plant is loaded); PharmaPy's objects.",
        ]
        write("pharmapy", "PharmaPy's own test flowsheets, by PharmaPy and by Twin", rows, notes)


if __name__ == "__main__":
    main()
