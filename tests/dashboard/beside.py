"""Writes what stands beside a run: trace, tuning, linear system, plant data, dossier; all of numbers that are known."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from twin.results.reader import open_run
from twin.trace.diversion import Rule, Verdict
from twin.trace.file import TraceFile
from twin.trace.genealogy import Genealogy, Vessel
from twin.trace.identifiers import Identifier
from twin.trace.rtd import Residence
from twin.trace.state import Capability, Deviation

TAU = 600.0


def tank(target: str, steady: bool) -> Residence:
    """One stirred tank: E = exp(-t/τ)/τ."""
    t = np.linspace(0.0, 12.0 * TAU, 601)
    E = np.exp(-t / TAU) / TAU
    return Residence("reagents", target, 3600.0, steady, t, E, 1.0 - np.exp(-t / TAU), 1.0, TAU, TAU**2)


def write_trace(run: Path) -> Path:
    """A trace with two curves, two lots in two drums, a rule that diverted once, one tag under control."""
    found = open_run(run)
    vessels = (
        Vessel("drum-1", "container", "tablets", 0.0, 1800.0, True),
        Vessel("drum-2", "container", "tablets", 1800.0, 3600.0, False),
    )
    mass = np.array([[[3.0], [1.0]], [[0.5], [1.5]]])
    lots = Genealogy(
        lots=("API-1", "API-2"), vessels=vessels, components=("total",), mass=mass, own=mass.sum(axis=1),
        fed=np.array([[4.0], [3.0]]), held=np.array([[0.5], [0.5]]), out=np.array([[3.5], [2.5]]),
        age=np.array([[700.0, 50.0], [720.0, 60.0]]), uncertainty=np.full((2, 2), 0.01), holdup=0.1,
    )  # fmt: skip
    rule = Rule(low=85.0, high=100.0, period=60.0, delay=0.0, lag_first=90.0, lag_last=300.0)
    verdict = Verdict(opened=((0.0, 600.0, "start-up"), (1200.0, 1500.0, "quality")), made=6.0, accepted=4.5,
                      diverted=1.5, missed=0.0, false=0.25, cost=0.25)  # fmt: skip
    diversion = SimpleNamespace(
        signal="press.hardness", tag="press.hardness", low=80.0, high=105.0, rule=rule, verdict=verdict,
        disturbed=(), searched=None,
    )  # fmt: skip
    capable = Capability(5, 95.0, 1.0, 2.0, 2.1, 1.4, (0.9, 1.9), 1.1, 1.0)
    deviation = Deviation(1, "press.hardness", 1200.0, 1500.0, 106.0, 1260.0, 0.3, 0.3, "diverted")
    controlled = SimpleNamespace(tag="press.hardness", low=80.0, high=105.0, interval=600.0, justified=900.0,
                                 at_rest=300.0, broken=1, capability=capable, deviations=(deviation,))  # fmt: skip
    about = {"run_content_hash": str(found.attrs["content_hash"]), "run_file": run.name}
    with TraceFile(run.with_name("run.trace.h5"), "Trace", about) as file:
        file.residences([tank("tablets", True), tank("tablets", False)], np.array([60.0, 600.0, 6000.0]))
        file.genealogy(lots, [Identifier("drum-1", "sscc", "1234", "18 digits are needed")])
        file.diversion(diversion)  # type: ignore[arg-type]
        file.control([controlled])  # type: ignore[list-item]
        return file.finish()


PROCESS = {"order": 1, "K": 2.0, "theta_s": 0.0, "T_s": 100.0, "T_2_s": 0.0}
MARGINS = {"gain": 4.0, "phase_deg": 60.0, "delay_s": 30.0, "Ms": 1.6, "stable": True}
LOOP = {
    "measurement": "crystallizer.T",
    "output": "crystallizer.T_jacket",
    "process": {**PROCESS, "theta_s": 10.0, "left_over": 0.01, "interval_95": None},
    "relay": None,
    "rules": {},
    "before": {"K": 0.5, "T_i_s": 400.0, "T_d_s": 0.0, "margins": MARGINS},
    "after": {"K": 1.25, "T_i_s": 100.0, "T_d_s": 0.0, "margins": {**MARGINS, "Ms": 1.7}},
    "delay_s": 10.0,
    "plant": {"omega": [1e-3, 1e-2, 1e-1], "gain": [1.99, 1.41, 0.2], "phase_deg": [-7.0, -57.0, -200.0]},
}
TUNING = {"ok": True, "exit_code": 0, "objective": "itae", "loops": {"TIC-101": LOOP},
          "indices": {"startup": {"TIC-101": {"before": 3.0, "rule": 2.0, "after": 1.0}}}}  # fmt: skip
MAP = """\
time: {column: minutes, unit: min, shift: 2 min}
tags:
  crystallizer.T: {column: TI-201, unit: degC, uncertainty: 0.5}
  press.hardness: {column: H, uncertainty: 2 %}
"""


DOSSIER = {
    "id": "D-1", "title": "Is <b>it</b> so?", "status": "draft", "file": "run.h5", "content_hash": "x",
    "flowsheet": "<svg/>",
    "conclusion": {"adequate": False, "required": ["D9"], "failing": ["D9"], "risk": 1}, "origins": [],
    "sections": {
        "D9": {"state": "PARTLY", "why": [], "facts": [["state", "<script>alert(1)</script>"]], "tables": []},
        "D23": {"state": "NOT DEMONSTRATED", "why": [{"key": "no"}], "facts": [], "tables": []},
    },
}  # fmt: skip


def write_bundle(path: Path, dossier: Any) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("dossier.json", dossier if isinstance(dossier, str) else json.dumps(dossier))


def write_linear(path: Path) -> None:
    """Write a tank with a time constant of 100 s and a gain of 2."""
    from scipy import sparse

    from twin.control.linear.export import write
    from twin.control.linear.system import Linear

    one = np.ones(1)
    system = Linear(
        sparse.csr_array([[-0.01]]), np.array([[0.02]]), np.array([[1.0]]), np.zeros((1, 1)), ("tank.T",),
        ("TIC.setpoint",), ("tank.T",), ("K",), ("K",), ("K",), one, one, one, one, 0.0 * one, "two tanks",
    )  # fmt: skip
    write(system, path)


def write_data(folder: Path) -> None:
    """Write data of a thermometer that is two minutes late and reads half a degree high, and their map."""
    minutes = np.arange(0.0, 50.0, 5.0)
    t = 60.0 * (minutes + 2.0)
    celsius = 298.0 + 15.0 * np.exp(-t / 1800.0) - 273.15 + 0.5
    newtons = 90.0 + 12.0 * np.sin(t / 3000.0)
    rows = "".join(f"{m},{c:.9f},{n:.9f}\n" for m, c, n in zip(minutes, celsius, newtons, strict=True))
    (folder / "plant.csv").write_text(f"minutes,TI-201,H\n{rows}", encoding="utf-8")
    (folder / "plant.yaml").write_text(MAP, encoding="utf-8")
