"""Masses and enthalpies from what a run recorded, component by component."""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np

from twin.results.layout import HOLDUP_NAMES
from twin.results.netcdf import Dimensions

#: Reference temperature of enthalpies [K]: the library's convention, `unit_ops.streams.T_REF`.
T_REF = 298.15


@dataclass(frozen=True)
class Term:
    """A quadrature in a balance, as the file describes it."""

    owner: str
    label: str
    kind: str
    role: str
    path: str
    stream: str
    sign: float


class Recorded:
    """The recorded holdups, quadratures and boundary streams of an open run file.

    Vectors have one number a component (kg) and, last, energy (J).
    """

    def __init__(self, file: h5py.File) -> None:
        self.file = file
        self.dimensions = Dimensions(file)
        self.time = np.asarray(file["time"][()])
        self.components = _texts(file, "/component")
        self.terms = read_terms(file)
        self.size = len(self.components) + 1
        self.places = {
            dim: np.array([self.components.index(name) for name in _texts(file, f"/{dim}")], dtype=np.int64)
            for dim in ("fluids", "solids")
        }
        self.cp = {"fluids": file["/components/cp_liquid"][()], "solids": file["/components/cp_solid"][()]}
        snapshots = file.get("/events/snapshots")
        self.instants = np.zeros(0) if snapshots is None else snapshots["time"][()]
        self.columns: dict[str, list[int]] = {}  #: of snapshots, by tag without its elements
        for i, tag in enumerate(_texts(file, "/tag") if snapshots is not None else ()):
            self.columns.setdefault(tag.partition("[")[0], []).append(i)
        self.around = (
            {}
            if snapshots is None
            else {
                "before": snapshots["before"][()],
                "after": snapshots["after"][()],
            }
        )

    def holdups(self) -> tuple[np.ndarray, np.ndarray]:
        """Holdup of the whole plant in the first and in the last recorded row."""
        total = np.zeros(self.size), np.zeros(self.size)
        for unit in self.file.get("/units", {}).values():
            held = unit.get("holdup")
            if held is None:
                continue
            for dim in ("fluids", "solids"):
                if (masses := held.get(HOLDUP_NAMES[dim])) is not None:
                    for sum_, row in zip(total, (0, -1), strict=True):
                        np.add.at(sum_, self.places[dim], masses[row])
            if (energy := held.get("H")) is not None:
                for sum_, row in zip(total, (0, -1), strict=True):
                    sum_[-1] += energy[row]
        return total

    def quadrature(self, term: Term) -> np.ndarray:
        """What a term has accumulated between the first and the last recorded row, without its sign."""
        total = np.zeros(self.size)
        if not term.path:
            return total
        values = self.file[term.path]
        grown = values[-1] - values[0]
        if term.kind == "energy":
            total[-1] = grown
        else:
            np.add.at(total, self.places[term.kind], grown)
        return total

    def stream_total(self, term: Term) -> np.ndarray:
        """What the recorded stream of a feed or product carried, by integration over its samples.

        NaN where the stream has not been recorded.
        """
        group = self.file.get(term.stream) if term.stream else None
        if group is None:
            return np.full(self.size, np.nan)
        rates = np.zeros((self.time.size, self.size))
        before, after = (np.zeros((self.instants.size, self.size)) for _ in range(2))
        flows = self._flows(group, term)
        for target, pick in ((rates, None), (before, "before"), (after, "after")):
            if target.shape[0]:
                self._fill(flows, group.get("T"), pick, target)
        return integrate(self.time, rates, self.instants, before, after)

    def _flows(self, group: h5py.Group, term: Term) -> list[tuple[str, np.ndarray, h5py.Dataset]]:
        """Component mass flows of a stream: of the fluids or the solids, which of them, and where they stand."""
        parts, crystals = [], []
        for flow in group.values():
            if flow.attrs["units"] == "kg/s":
                dim = next((d for d in self.dimensions.of(flow)[1:] if d in self.places), "")
                if dim:
                    parts.append((dim, self.places[dim], flow))
                else:
                    crystals.append(flow)
        if crystals:  # of one component: by size class, or as one number, or both, of which one counts
            one = min(crystals, key=lambda flow: flow.ndim)
            parts.append(("solids", np.array([self._crystal(term)]), one))
        return parts

    def _fill(
        self,
        flows: list[tuple[str, np.ndarray, h5py.Dataset]],
        temperature: h5py.Dataset | None,
        pick: str | None,
        target: np.ndarray,
    ) -> None:
        """Component mass flows and enthalpy flow [rows, components + 1] of one stream."""
        heat_capacity = np.zeros(target.shape[0])
        for dim, places, flow in flows:
            values = self._values(flow, pick).reshape(target.shape[0], -1)
            if values.shape[1] != len(places):
                values = values.sum(axis=1, keepdims=True)  # of crystals by size
            for i, component in enumerate(places):
                target[:, component] += values[:, i]
                heat_capacity += values[:, i] * self.cp[dim][component]
        if temperature is not None:  # powders and tablets are at the reference temperature by convention
            target[:, -1] = heat_capacity * (self._values(temperature, pick) - T_REF)

    def _values(self, dataset: h5py.Dataset, pick: str | None) -> np.ndarray:
        if pick is None:
            return np.asarray(dataset[()])
        columns = self.columns.get(dataset.attrs["tag"], [])
        return np.asarray(self.around[pick][:, columns]).reshape(self.instants.size, *dataset.shape[1:])

    def _crystal(self, term: Term) -> int:
        """Component of a stream's crystals: the one that its boundary has counted."""
        for other in self.terms:
            if other.owner == term.owner and other.kind == "solids":
                counted = np.abs(self.file[other.path][-1])
                return int(self.places["solids"][int(np.argmax(counted))])
        raise ValueError(f"{term.owner}: the stream carries crystals, but its boundary counts no solids")


def read_terms(file: h5py.File) -> list[Term]:
    """Terms of the balances."""
    table = file.get("/balances/terms")
    if table is None:
        return []
    owner, label, kind, role, path, stream = (
        _texts(file, f"/balances/terms/{name}") for name in ("owner", "label", "kind", "role", "path", "stream")
    )
    signs = [float(sign) for sign in table["sign"][()]]
    return [Term(*row) for row in zip(owner, label, kind, role, path, stream, signs, strict=True)]


def integrate(
    time: np.ndarray, rates: np.ndarray, instants: np.ndarray, before: np.ndarray, after: np.ndarray
) -> np.ndarray:
    """Integrate sampled rates [rows, n] over time, piece by piece between events.

    Within a piece the trapezoidal rule, corrected for the curvature of parabolas through the samples
    on either side: exact for parabolas, so that the recording grid matters little. The curvature is
    limited, so that a kink (the end of a ramp) is not smeared. At events the values just before and
    just after count, so that jumps are integrated exactly.
    """
    total = np.zeros(rates.shape[1])
    inside = (instants >= time[0]) & (instants <= time[-1])
    edges, left, right = instants[inside], before[inside], after[inside]
    cuts = [-np.inf, *edges, np.inf]
    for k in range(len(cuts) - 1):
        rows = (time > cuts[k]) & (time < cuts[k + 1])
        t, values = time[rows], rates[rows]
        if k > 0:
            t, values = np.concatenate([[cuts[k]], t]), np.concatenate([right[k - 1 : k], values])
        if k < len(edges):
            t, values = np.concatenate([t, [cuts[k + 1]]]), np.concatenate([values, left[k : k + 1]])
        total += _piece(t, values)
    return total


def _piece(t: np.ndarray, values: np.ndarray) -> np.ndarray:
    keep = np.concatenate([[True], np.diff(t) > 0.0]) if t.size else np.zeros(0, dtype=bool)
    t, values = t[keep], values[keep]
    if t.size < 2:
        return np.zeros(values.shape[1])
    h = np.diff(t)[:, None]
    total: np.ndarray = (0.5 * h * (values[1:] + values[:-1])).sum(axis=0)
    if t.size > 2:
        slopes = np.diff(values, axis=0) / h
        bends = np.diff(slopes, axis=0) / (t[2:] - t[:-2])[:, None]  # half the second derivative
        total -= (_limited(np.vstack([bends[:1], bends]), np.vstack([bends, bends[-1:]])) * h**3 / 6.0).sum(axis=0)
    return total


def _limited(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Mean of two estimates, but at most twice the smaller, and nothing where they disagree in sign."""
    size = np.minimum(0.5 * np.abs(left + right), 2.0 * np.minimum(np.abs(left), np.abs(right)))
    return np.where(left * right > 0.0, np.sign(left) * size, 0.0)


def _texts(file: h5py.File, path: str) -> list[str]:
    return [str(text) for text in file[path].asstr()[()]] if path in file else []
