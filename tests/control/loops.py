"""Plants that are only loops, and controllers as plain Python beside exact processes: for tests of control."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from tests.registry.carriers import plain_kernels
from twin.control import pid_scan
from twin.control.pi import Signal
from twin.control.pid_terms import Initial, Params
from twin.quantity import fields
from twin.results.reader import Run, open_run
from twin.run import run

HEAD = """\
twin: 1
fluids: [water]
units:
  tank: {model: piping.tank, params: {tau: 60 s, V_weir: 10 L}, initial: {V: 10 L, T: 20 degC, w: {water: 1}}}
feeds:
  supply: {T: 20 degC, m_flow: {water: 20 g/s}}
connections: [supply -> tank.feed, tank.product -> out]
products: [out]
controllers:
"""


def plant(*controllers: str) -> str:
    """A plant whose controllers control each other."""
    return HEAD + "".join(f"  {line}\n" for line in controllers)


def ran(folder: Path, text: str, duration: str, events: str = "", record: str = "1 s", rtol: float = 1e-9) -> Run:
    """Run a plant; several in one folder overwrite each other's files but not their results."""
    (folder / "plant.yaml").write_text(text, encoding="utf-8")
    (folder / "s.yaml").write_text(
        f"twin: 1\nplant: plant.yaml\nduration: {duration}\nrecord: {record}\nsolver: {{rtol: {rtol}}}\n"
        f"events: [{events}]\n",
        encoding="utf-8",
    )
    out = folder / f"{len(list(folder.glob('*.h5')))}.h5"
    result = run(folder / "s.yaml", out, checkpoint_every=math.inf)
    assert result.ok, result.message
    return open_run(out)


def changed(module: ModuleType, folder: Path, right: str, wrong: str) -> ModuleType:
    """The module with one place of its text changed: a feature taken out."""
    assert module.__file__
    text = Path(module.__file__).read_text(encoding="utf-8")
    assert text.count(right) == 1, "the text has changed: choose the place anew"
    file = folder / f"without_{len(list(folder.glob('*.py')))}.py"
    file.write_text(text.replace(right, wrong), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


class Sampled:
    """A sampled PID as plain Python: scanned by hand."""

    def __init__(self, module: ModuleType = pid_scan, **params: Any) -> None:
        defaults = {f.name: f.default for f in fields(Params) if f.has_default}
        self.p: Any = Params(**{**defaults, "low": -100.0, "high": 100.0, **params})
        self.kernels: SimpleNamespace = plain_kernels(module)
        self.x: Any = pid_scan.initial_state(Initial(), self.p)
        self.number = 0.0

    def set(self, **params: Any) -> None:
        """What an event does."""
        self.p = self.p._replace(**params)

    def scan(
        self,
        measurement: float,
        setpoint: float = 0.0,
        remote: float = 0.0,
        feedforward: float = 0.0,
        gain: float = 1.0,
        back: float = 0.0,
        back_state: float = 0.0,
    ) -> float:
        """One scan; gives the output."""
        signals = (measurement, setpoint, remote, feedforward, gain, back, back_state)
        u = pid_scan.Inlets(*(Signal(value) for value in signals))
        self.x = self.kernels.scan(self.x, u, self.p, self.number)
        self.number += 1.0
        return float(self.x.held)


class Process:
    """K/(T s + 1), exact between scans."""

    def __init__(self, K: float, T: float, y: float = 0.0) -> None:
        self.K, self.T, self.y = K, T, y

    def hold(self, u: float, period: float) -> float:
        self.y = self.K * u + (self.y - self.K * u) * math.exp(-period / self.T)
        return self.y


def at(run: Run, tag: str) -> np.ndarray:
    """Samples of a tag, or their times."""
    if tag == "time":
        return np.asarray(run.time)
    return np.asarray(run.get(tag))
