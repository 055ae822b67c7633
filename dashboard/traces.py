"""What `twin trace` found of a run, read from the file beside it; pure of pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.results.files import FileProblem

#: Numbers and curves of a trace that are read at most.
MOST_NUMBERS, MOST_CURVES = 20_000_000, 2000


@dataclass(frozen=True)
class Curve:
    """Residence times from one place to another."""

    source: str
    target: str
    of: str
    flow: str  #: held, or as run
    entered: float
    arrived: float
    mean: float
    variance: float
    tanks: float
    percentiles: Mapping[float, float]
    age: np.ndarray
    E: np.ndarray
    F: np.ndarray

    @property
    def label(self) -> str:
        """From where to where."""
        return f"{self.source} → {self.target}"


@dataclass(frozen=True)
class Traced:
    """A trace. Groups that the file does not have are empty.

    Attributes
    ----------
    path : Path
    run_hash : str
        Content hash of the run that was traced.
    curves : tuple of Curve
    widths : array [lengths]
        Lengths of upsets [s].
    funnel : array [curves, lengths]
        What shows of them.
    genealogy, identifiers, diversion, control, deviations : mapping
        Variables and attributes by name.
    """

    path: Path
    run_hash: str
    curves: tuple[Curve, ...]
    widths: np.ndarray
    funnel: np.ndarray
    genealogy: Mapping[str, Any]
    identifiers: Mapping[str, Any]
    diversion: Mapping[str, Any]
    control: Mapping[str, Any]
    deviations: Mapping[str, Any]

    @property
    def lots(self) -> list[str]:
        """Lots, in the order of the file."""
        return list(self.genealogy.get("lot", ()))

    @property
    def vessels(self) -> list[str]:
        """Containers and batches, in the order of the file."""
        return list(self.genealogy.get("vessel", ()))

    def openings(self, last: float) -> list[tuple[float, float, str]]:
        """When the gate was open until the run's last instant [s], and why; what overlaps for one reason is one."""
        about = self.diversion
        found: dict[str, list[list[float]]] = {}
        for start, end, reason in zip(about["start"], about["end"], about["reason"], strict=True):
            row = found.setdefault(reason, [])
            if row and start <= row[-1][1]:
                row[-1][1] = min(last, max(row[-1][1], float(end)))
            elif start < last:
                row.append([float(start), min(last, float(end))])
        return sorted((start, end, reason) for reason, row in found.items() for start, end in row)

    def backward(self, vessel: str) -> list[tuple[str, float, float, float]]:
        """What is in a container: lots, kg, shares and their standard uncertainties; largest first."""
        i = self.vessels.index(vessel)
        mass = self.genealogy["mass"][i].sum(axis=-1)
        shares, spread = self.genealogy["fraction"][i], self.genealogy["fraction_uncertainty"][i]
        order = [int(j) for j in np.argsort(-shares) if shares[j] > 0.0]
        return [(self.lots[j], float(mass[j]), float(shares[j]), float(spread[j])) for j in order]

    def forward(self, lot: str) -> list[tuple[str, float, float]]:
        """Where a lot went: containers and batches, kg, share of the lot; last what left in none and what is held.

        Batches are not added to containers: what a batch gave stands in its containers, too.
        """
        j = self.lots.index(lot)
        fed = float(self.genealogy["fed"][j].sum())
        rows = []
        if self.vessels:
            masses = self.genealogy["mass"][:, j].sum(axis=-1)
            rows = [(name, float(kg)) for name, kg in zip(self.vessels, masses, strict=True) if kg > 0.0]
        kinds = dict(zip(self.vessels, self.genealogy.get("kind", ()), strict=False))
        filled = [sum(kg for name, kg in rows if kinds.get(name) == kind) for kind in ("container", "batch")]
        rows.append(("out", float(self.genealogy["out"][j].sum()) - (filled[0] or filled[1])))
        rows.append(("held", float(self.genealogy["held"][j].sum())))
        return [(name, kg, kg / fed if fed > 0.0 else float("nan")) for name, kg in rows]


def open_trace(path: str | Path) -> Traced:
    """Read a trace.

    Raises
    ------
    FileProblem
        When there is none, or the file is damaged, or something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileProblem(f"there is no file {path.name}")
    try:
        with h5py.File(path, "r") as file:
            if "trace_schema_version" not in file.attrs:
                raise FileProblem(f"{path.name} is an HDF5 file, but not a trace of twin")
            return _read(path, file)
    except (OSError, RuntimeError, KeyError, IndexError, ValueError, TypeError) as error:
        raise FileProblem(f"{path.name} is damaged: {error}") from error


def _read(path: Path, file: h5py.File) -> Traced:
    rtd = _group(file, "/rtd")
    percents = file["percent"][()] if "percent" in file else np.zeros(0)
    count = min(len(rtd.get("source", ())), MOST_CURVES)
    curves = []
    for i in range(count):
        points = _group(file, f"/rtd/curves/{i}")
        shares = dict(zip(percents.tolist(), rtd["percentile"][i].tolist(), strict=True))
        source, target, of, flow = (str(rtd[key][i]) for key in ("source", "target", "of", "flow"))
        entered, arrived, mean = (float(rtd[key][i]) for key in ("entered", "arrived", "mean"))
        variance, tanks = float(rtd["variance"][i]), float(rtd["tanks"][i])
        lines = points["age"], points["E"], points["F"]
        curves.append(Curve(source, target, of, flow, entered, arrived, mean, variance, tanks, shares, *lines))
    found = _group(file, "/genealogy")
    for name in ("lot", "followed", "vessel"):
        if name in file:
            found[name] = _value(file[name])
    return Traced(
        path,
        str(file["provenance"].attrs.get("run_content_hash", "")),
        tuple(curves),
        _value(file["upset_length"]) if "upset_length" in file else np.zeros(0),
        _group(file, "/funnel").get("attenuation", np.zeros((count, 0))),
        found,
        _group(file, "/genealogy/identifiers"),
        _group(file, "/diversion"),
        _group(file, "/control"),
        _group(file, "/control/deviations"),
    )


def _group(file: h5py.File, path: str) -> dict[str, Any]:
    """Variables and attributes of a group; empty without it."""
    if path not in file:
        return {}
    group = file[path]
    found = {key: value.item() if isinstance(value, np.generic) else value for key, value in group.attrs.items()}
    return found | {key: _value(node) for key, node in group.items() if isinstance(node, h5py.Dataset)}


def _value(node: h5py.Dataset) -> Any:
    if node.size > MOST_NUMBERS:
        raise ValueError(f"{node.name} holds more than can be shown")
    if h5py.check_string_dtype(node.dtype) is not None:
        return [str(text) for text in node.asstr()[()]]
    return node[()]
