"""What monitors learn of clean runs: means, spreads, components, limits. Kept as JSON that names its runs."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config.monitor_spec import MonitorSpec
from twin.config.monitors import monitor_tree
from twin.control.monitoring import pca
from twin.control.monitoring.charts import Chart, averaged, cusum, ewma, frozen, limits, summed
from twin.control.monitoring.pca import NoModel
from twin.quantity import Array
from twin.results.schedule import rows

if TYPE_CHECKING:
    from twin.results.reader import Run

SCHEMA = 1


@dataclass(frozen=True)
class Trained:
    """What was learned.

    Attributes
    ----------
    monitors : dict
        By name: how it was set (`spec`), and what it learned.
    runs : tuple of dict
        Names, scenarios, seeds and content hashes of the clean runs.
    """

    monitors: Mapping[str, Mapping[str, Any]]
    runs: tuple[Mapping[str, Any], ...]

    def text(self) -> str:
        """Give it as JSON."""
        return pca.dumps({"schema": SCHEMA, "monitors": dict(self.monitors), "runs": list(self.runs)})

    @property
    def digest(self) -> str:
        """SHA-256 of the JSON."""
        return hashlib.sha256(self.text().encode()).hexdigest()


EMPTY = Trained({}, ())


def read_trained(path: Path) -> Trained:
    """Read a model that was saved.

    Raises
    ------
    NoModel
        When it is none.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["schema"] != SCHEMA:
            raise NoModel(f"{path} was written by another version of twin: train it anew")
        return Trained(told["monitors"], tuple(told["runs"]))
    except (ValueError, KeyError, TypeError) as error:
        raise NoModel(f"{path} is no model of monitors, as `twin monitor --save` writes it") from error


def looks(spec: MonitorSpec, run: Run) -> tuple[Array, Array]:
    """Give what a monitor sees of a run: times [n] and values [n, tags]; the last sample before each look.

    Raises
    ------
    FileProblem
        When the run has not recorded a tag.
    """
    values = np.stack([np.asarray(run.get(tag), dtype=float) for tag in spec.tags], axis=1)
    time = run.time
    if spec.period > 0.0 and len(time):
        count = math.floor((time[-1] - time[0]) / spec.period + 1e-9)
        at = time[0] + spec.period * np.arange(count + 1)
        places = np.searchsorted(time, at * (1.0 + 1e-12) + 1e-9, side="right") - 1
    else:
        at, places = time, np.arange(len(time))
    wanted = at >= spec.since
    if spec.until is not None:
        wanted &= at <= spec.until
    if spec.condition is not None:
        seen = np.asarray(run.get(spec.condition.path), dtype=float)[places]
        wanted &= np.array([spec.condition.holds(float(value)) for value in seen], dtype=bool)
    return at[wanted], values[places[wanted]]


def train(monitors: Sequence[MonitorSpec], runs: Sequence[Run]) -> Trained:
    """Learn what monitors need of clean runs.

    Raises
    ------
    NoModel
        When a run is not clean by its own labels, or too little is in them.
    """
    for run in runs:
        if rows(run, "/faults"):
            raise NoModel(f"{run.path} has faults by its own labels: monitors are trained on clean runs")
    found = {one.name: {"spec": monitor_tree(one), **_learned(one, runs)} for one in monitors if one.trained}
    return Trained(found, tuple(_about(run) for run in runs))


def _about(run: Run) -> dict[str, Any]:
    about = {key: run.provenance.get(key) for key in ("scenario", "seed")}
    return {"file": run.path.name, "content_hash": str(run.attrs.get("content_hash", "")), **about}


def _learned(spec: MonitorSpec, runs: Sequence[Run]) -> dict[str, Any]:
    if not runs:
        raise NoModel(f"monitor '{spec.name}' learns from clean runs: name them with --train, or a model with --model")
    seen = [looks(spec, run)[1] for run in runs]
    if spec.kind == "pca":
        model = pca.fit(spec.tags, seen, spec.explained, spec.confidence, spec.lags)
        told = model.plain()
        if spec.margin is not None:
            wide = [pca.lagged(x, spec.lags) for x in seen]
            greatest = [[float(np.max(one)) for one in model.statistics(x)] for x in map(_known, wide) if len(x)]
            told |= {
                f"{name}_limit": spec.margin * max(row[k] for row in greatest) for k, name in enumerate(("T2", "SPE"))
            }
        return told
    every = np.concatenate([x[:, 0] for x in seen])
    every = every[np.isfinite(every)]
    if len(every) < 2:
        raise NoModel(f"monitor '{spec.name}' has {len(every)} looks at clean runs: too few")
    target = float(np.mean(every)) if spec.target is None else spec.target
    sigma = float(np.std(every, ddof=1)) if spec.sigma is None else spec.sigma
    if not sigma > pca.STILL * abs(target):
        raise NoModel(f"{spec.tags[0]} does not move in the clean runs: a chart of it has no scale. Give sigma:.")
    told = {"target": target, "sigma": sigma, "n": len(every)}
    if spec.margin is not None:
        told["greatest"] = spec.margin * max(_greatest(spec, x[:, 0], target, sigma) for x in seen)
    return told


def _known(x: Array) -> Array:
    """Looks without a value that is no number."""
    return np.asarray(x[np.all(np.isfinite(x), axis=1)])


def _greatest(spec: MonitorSpec, x: Array, target: float, sigma: float) -> float:
    """Greatest value of a chart's statistic in a clean run."""
    if spec.kind == "ewma":
        return float(np.max(np.abs(averaged(x, target, spec.weight) - target), initial=0.0))
    return float(max(np.max(one, initial=0.0) for one in summed(x, target, sigma, spec.slack)))


def charts(spec: MonitorSpec, trained: Trained, run: Run) -> list[Chart]:
    """Compute what a monitor sees of a run.

    Raises
    ------
    NoModel
        When it has not been trained, or with other settings.
    """
    time, values = looks(spec, run)
    if spec.kind == "limits":
        return limits(spec.tags[0], time, values[:, 0], spec.low, spec.high, spec.deadband)
    if spec.kind == "frozen":
        return frozen(spec.tags[0], time, values[:, 0])
    learned: Mapping[str, Any] = {"target": spec.target, "sigma": spec.sigma}
    if spec.trained:
        learned = _of(spec, trained)
    if spec.kind == "pca":
        return pca.charts(pca.read(learned), time, values)
    tag, x, greatest = spec.tags[0], values[:, 0], learned.get("greatest")
    if spec.kind == "ewma":
        return ewma(tag, time, x, learned["target"], learned["sigma"], spec.weight, spec.width, greatest)
    threshold = spec.threshold if greatest is None else greatest
    return cusum(tag, time, x, learned["target"], learned["sigma"], spec.slack, threshold)


#: What may differ between training and use: it changes no statistic.
_FREE = ("delay", "priority", "acknowledge", "from", "to")


def _of(spec: MonitorSpec, trained: Trained) -> Mapping[str, Any]:
    if spec.name not in trained.monitors:
        raise NoModel(f"monitor '{spec.name}' learns from clean runs: name them with --train, or a model with --model")
    learned = trained.monitors[spec.name]
    mine = {key: value for key, value in monitor_tree(spec).items() if key not in _FREE}
    its = {key: value for key, value in learned["spec"].items() if key not in _FREE}
    if json.loads(json.dumps(mine)) != its:
        raise NoModel(f"monitor '{spec.name}' was trained with other settings than it has now: train it anew")
    return learned
