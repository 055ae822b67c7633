"""Do 95 % regions hold the truth in 95 % of cases? Crystallization kinetics from noisy moments, 200 times over.

    python -m benchmarks.estimation [--quick]

CADET's closed crystallizer (growth and primary nucleation, 5 h) by its moments, `crystallization.moments`. Measured
every 15 min are dissolved solute and moments 0, 1 and 2, with normal errors of 2 % of each series' greatest value,
which the estimation is not told: it has the ratios between series only. Estimated are kg and g of growth, k1 and b1
of nucleation. A repetition counts for a parameter where its interval (Fisher, Student's t) holds the true value, and
for the joint region where the likelihood (F) holds all four.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.harness import show, stores, write
from tests.verification.closed_crystallizer import PRIMARY, plant
from twin.integrate.integrator import Integrator
from twin.study.analysis.estimate import Fitting, Parameter, fit

END, EVERY = 18000.0, 900.0
NOISE = 0.02
TRUE = np.array([2e-8, 1.0, 1e6, 5.0])
PARAMETERS = (
    Parameter("kg", 5e-9, 8e-8, 2.2e-8, log=True, unit="m/s"),
    Parameter("g", 0.5, 2.0, 1.1),
    Parameter("k1", 1e5, 1e7, 8e5, log=True, unit="1/(m^3 s)"),
    Parameter("b1", 3.0, 7.0, 4.8),
)


class Moments:
    """The crystallizer as a function of its kinetics: solute and moments 0 to 2 in time, [rows, 4 × times]."""

    def __init__(self, folder: Path) -> None:
        self.plant = plant(folder, 20, f"{PRIMARY}, L_nucleus: 1 um", "moments")
        self.places = [int(self.plant.parameter(f"cr.{p.name}")[0]) for p in PARAMETERS]
        offset = {c.path: c.offset for c in self.plant.columns if c.vector == "y"}
        names = ("cr.moment_0", "cr.moment_1", "cr.moment_2")
        self.states = [offset["cr.m"] + 1, *(offset[name] for name in names)]
        self.runs = 0

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        return np.array([self._one(row) for row in theta])

    def _one(self, theta: np.ndarray) -> np.ndarray:
        p = self.plant.p0.copy()
        p[self.places] = theta
        blocks: list[np.ndarray] = []
        solver = Integrator(
            replace(self.plant, p0=p), rtol=1e-6, every=EVERY, samples=lambda block: blocks.append(block.y)
        )
        ending = solver.advance(END)
        self.runs += 1
        rows = np.concatenate(blocks)
        count = round(END / EVERY)
        if ending.outcome.name != "FINISHED" or len(rows) < count + 1:
            return np.full(4 * count, np.nan)
        return np.ravel(rows[1 : count + 1][:, self.states].T)


def coverage(folder: Path, repetitions: int) -> dict[str, Any]:
    """Estimate from `repetitions` noisy data sets; count how often the truth is within each region."""
    model = Moments(folder)
    exact = model(TRUE[None, :])[0]
    times = round(END / EVERY)
    sigma = np.repeat(np.abs(exact).reshape(4, times).max(axis=1), times)
    inside, joint, errors = [], [], []
    for seed in range(repetitions):
        data = exact + NOISE * sigma * np.random.default_rng(seed).normal(size=len(exact))
        found = fit(Fitting(PARAMETERS, model, data, sigma, step=1e-3), starts=1)
        inside.append((found.interval[:, 0] <= TRUE) & (found.interval[:, 1] >= TRUE))
        joint.append(found.in_region(TRUE))
        errors.append(found.theta / TRUE - 1.0)
    return {
        "inside": np.mean(inside, axis=0),
        "joint": float(np.mean(joint)),
        "bias": np.mean(errors, axis=0),
        "spread": np.std(errors, axis=0, ddof=1),
        "runs": model.runs,
    }


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 repetitions, nothing stored")
    quick = parser.parse_args().quick
    repetitions = 20 if quick else 200
    began = time.process_time()
    with tempfile.TemporaryDirectory() as name:
        found = coverage(Path(name), repetitions)
    expected = stats.binom.interval(0.95, repetitions, 0.95)
    rows = [
        {
            "name": parameter.name,
            "values": {
                "coverage": float(found["inside"][i]),
                "mean_relative_error": float(found["bias"][i]),
                "relative_standard_deviation": float(found["spread"][i]),
            },
        }
        for i, parameter in enumerate(PARAMETERS)
    ]
    rows.append({"name": "joint region", "values": {"coverage": found["joint"]}})
    rows.append(
        {
            "name": "cost",
            "values": {"repetitions": repetitions, "runs": found["runs"], "cpu_s": time.process_time() - began},
        }
    )
    show(rows)
    if stores(quick):
        notes = [
            f"Of {repetitions} repetitions with coverage 0.95 between {expected[0] / repetitions:.3f} and "
            f"{expected[1] / repetitions:.3f} are expected in 95 % of cases.",
            f"Errors of {100 * NOISE:g} % of each series' greatest value; 4 series of 20 values.",
        ]
        write("estimation", "Coverage of 95 % confidence regions of crystallization kinetics", rows, notes)


if __name__ == "__main__":
    main()
