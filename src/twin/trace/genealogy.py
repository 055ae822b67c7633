"""Which lot is in which container, and where each lot went: fractions by mass, followed through holdup and recycle.

Backward and forward are the two ways to read one table of masses: lots by containers. Two errors go with each
fraction: what the numbers leave open (the sum of all lots against the plant's own flow), and what an uncertain
holdup of each unit would change, the units taken as independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twin.trace.carry import Aging, Carrier, Mark
from twin.trace.network import TOTAL, TraceError
from twin.trace.trajectory import Trajectory

if TYPE_CHECKING:
    from twin.config.material_spec import BatchSpec, ContainerSpec
    from twin.config.spec import ScenarioSpec

#: Lots without a name: what a feed brings, what a unit holds at the start, what an impulse puts in.
FED, INITIAL, CHARGED = "{} (no lot)", "{} at the start (no lot)", "charged at once (no lot)"
#: Error of a time at which a container is full, in s.
INSTANT = 1e-6
#: Containers and batches of one kind, at most.
MOST = 100_000


@dataclass(frozen=True)
class Vessel:
    """A container or batch: what a product gave between two times."""

    name: str
    kind: str
    of: str
    start: float
    end: float
    complete: bool
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Genealogy:
    """Masses of every lot in every container.

    Attributes
    ----------
    lots : tuple of str
    vessels : tuple of Vessel
    components : tuple of str
        What was followed one by one; ("total",) where everything was followed together.
    mass : array [vessels, lots, components]
        In kg.
    own : array [vessels, components]
        What the plant itself says has flowed into each, in kg.
    fed : array [lots, components]
        Mass of each lot that was there at the start or came in, in kg.
    held : array [lots, components]
        What is in the plant at the end, in kg.
    out : array [lots, components]
        What left by any product, in kg.
    age : array [vessels, 2]
        Mean time in the plant, and its standard deviation, in s; from the start for what was there then.
    uncertainty : array [vessels, lots]
        Standard uncertainty of each fraction from that of the holdups.
    holdup : float
        Relative standard uncertainty that every unit's holdup was taken to have.
    """

    lots: tuple[str, ...]
    vessels: tuple[Vessel, ...]
    components: tuple[str, ...]
    mass: np.ndarray
    own: np.ndarray
    fed: np.ndarray
    held: np.ndarray
    out: np.ndarray
    age: np.ndarray
    uncertainty: np.ndarray
    holdup: float

    @property
    def fractions(self) -> np.ndarray:
        """Share of each lot in each container [vessels, lots]; backward."""
        whole = self.mass.sum(axis=2)
        return _shares(whole, whole.sum(axis=1, keepdims=True))

    @property
    def unaccounted(self) -> np.ndarray:
        """Relative difference between all lots of a container and what the plant put into it [vessels]."""
        own = self.own.sum(axis=1)
        return _shares(self.mass.sum(axis=(1, 2)) - own, own)

    @property
    def lost(self) -> np.ndarray:
        """Mass of each lot that is neither held nor gone out [lots], in kg: nothing, to rounding."""
        return np.asarray((self.fed - self.held - self.out).sum(axis=1))

    def forward(self, lot: str) -> list[tuple[Vessel, float, float]]:
        """Where a lot went: containers, its mass there in kg, and the share of the lot that this is."""
        if lot not in self.lots:
            raise TraceError(f"there is no lot '{lot}'. There are: {', '.join(self.lots)}.")
        i = self.lots.index(lot)
        fed = float(self.fed[i].sum())
        masses = self.mass[:, i].sum(axis=1)
        return [(v, float(m), float(m) / fed if fed > 0.0 else 0.0) for v, m in zip(self.vessels, masses, strict=True)]

    def backward(self, vessel: str) -> list[tuple[str, float, float]]:
        """What is in a container: lots, fractions, and their standard uncertainties; largest first."""
        names = [v.name for v in self.vessels]
        if vessel not in names:
            raise TraceError(f"there is no container '{vessel}'. There are: {', '.join(names[:20])}.")
        i = names.index(vessel)
        order = np.argsort(-self.fractions[i])
        return [(self.lots[j], float(self.fractions[i, j]), float(self.uncertainty[i, j])) for j in order]


def _shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    whole = np.broadcast_to(whole, np.broadcast(part, whole).shape)
    return np.asarray(np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0.0))


@dataclass(frozen=True)
class _Lots:
    names: tuple[str, ...]
    fed: tuple[tuple[int, str, float, float], ...]  #: column, feed, from, to
    units: Mapping[str, int]  #: column of what a unit holds at the start


def lots_of(spec: ScenarioSpec, trajectory: Trajectory) -> _Lots:
    """Give every lot a column: those of the scenario, and one for each feed and unit without."""
    names: list[str] = []

    def column(name: str) -> int:
        if name not in names:
            names.append(name)
        return names.index(name)

    fed: list[tuple[int, str, float, float]] = []
    units: dict[str, int] = {}
    for lot in spec.lots:
        column(lot.name)
    for feed in trajectory.network.feeds:
        rows = sorted((lot for lot in spec.lots if lot.of == feed), key=lambda lot: lot.start)
        starts = [(lot.start, lot.name) for lot in rows]
        if not rows or rows[0].start > trajectory.start:
            starts.insert(0, (-np.inf, FED.format(feed)))
        for (start, name), end in zip(starts, [*(s for s, _ in starts[1:]), np.inf], strict=True):
            fed.append((column(name), feed, start, end))
    held = trajectory.held(trajectory.start, after=True)
    for unit, where in trajectory.network.units.items():
        if float(held[where.start : where.stop].sum()) > 0.0:
            own = next((lot.name for lot in spec.lots if lot.of == unit), INITIAL.format(unit))
            units[unit] = column(own)
    column(CHARGED)
    return _Lots(tuple(names), tuple(fed), units)


def vessels_of(spec: ScenarioSpec, trajectory: Trajectory) -> tuple[Vessel, ...]:
    """Work out when each container and batch begins and ends: by time, or when its mass is full."""
    found: list[Vessel] = []
    for kind, rows in (("container", spec.containers), ("batch", spec.batches)):
        for row in rows:
            found += _cut(row, kind, trajectory, spec)
    return tuple(found)


def _cut(row: ContainerSpec | BatchSpec, kind: str, trajectory: Trajectory, spec: ScenarioSpec) -> list[Vessel]:
    products = [row.of] if row.of else [product.name for product in spec.plant.products]
    begin = max(row.start, trajectory.start)
    end = trajectory.end if row.end is None else min(row.end, trajectory.end)
    if begin >= end:
        return []
    if row.every is not None:
        edges = [*np.arange(begin, end, row.every).tolist(), end]
        whole = end - edges[-2] >= row.every * (1.0 - 1e-12)
    elif row.mass is not None:
        edges = _by_mass(trajectory, row.of, begin, end, row.mass)
        point = trajectory.network.point(row.of)
        whole = trajectory.passed(point, edges[-2], end) >= row.mass * (1.0 - 1e-9)
    else:
        edges, whole = [begin, end], row.end is None or row.end <= trajectory.end
    single = row.every is None and row.mass is None
    found = []
    for number, (start, stop) in enumerate(zip(edges[:-1], edges[1:], strict=True), start=1):
        for product in products:
            name = row.name if single else f"{row.name}-{number:03d}"
            name += f" ({product})" if len(products) > 1 else ""
            complete = whole or stop < end
            found.append(Vessel(name, kind, product, float(start), float(stop), complete, row.marks))
    return found


def _by_mass(trajectory: Trajectory, product: str, begin: float, end: float, mass: float) -> list[float]:
    point = trajectory.network.point(product)
    grid = np.unique(np.concatenate([[begin], trajectory.times[:, 1], [end]]))
    grid = grid[(grid >= begin) & (grid <= end)]
    amounts = trajectory.amounts(point, grid)
    count = int(np.floor(amounts[-1] / mass * (1.0 + 1e-12)))
    if count > MOST:
        raise TraceError(f"{product} would fill {count} containers of {mass:g} kg: more than {MOST}")
    edges = [begin]
    for number in range(1, count + 1):
        k = min(int(np.searchsorted(amounts, number * mass)), len(grid) - 1)
        low, high = float(grid[k - 1]), float(grid[k])
        while high - low > INSTANT:
            middle = 0.5 * (low + high)
            filled = amounts[k - 1] + trajectory.passed(point, float(grid[k - 1]), middle)
            low, high = (middle, high) if filled < number * mass else (low, middle)
        edges.append(high)
    if end - edges[-1] > INSTANT or len(edges) == 1:
        edges.append(end)
    return edges


def genealogy(
    spec: ScenarioSpec,
    trajectories: Mapping[str, Trajectory],
    *,
    holdup: float = 0.1,
    tolerance: float = 1e-8,
    vessels: Sequence[Vessel] | None = None,
) -> Genealogy:
    """Follow every lot to every container.

    Parameters
    ----------
    spec : ScenarioSpec
        Its `lots`, `containers` and `batches`.
    trajectories : mapping
        By what they follow: {"total": …}, which also tells ages, and one a component where each is to be followed.
    holdup : float
        Relative standard uncertainty of each unit's holdup; 0 for none.
    tolerance : float
        Error of a step.
    vessels : sequence of Vessel, optional
        In place of the scenario's.

    Returns
    -------
    Genealogy
    """
    whole = trajectories[TOTAL]
    lots = lots_of(spec, whole)
    cuts = tuple(vessels) if vessels is not None else vessels_of(spec, whole)
    followed = {name: one for name, one in trajectories.items() if name != TOTAL} or {TOTAL: whole}
    parts = [_masses(one, lots, cuts, tolerance) for one in followed.values()]
    mass = np.stack([part[0] for part in parts], axis=2)
    nominal = _shares(mass.sum(axis=2), mass.sum(axis=(1, 2))[:, None])
    variance = np.zeros_like(nominal)
    for unit in whole.network.units if holdup > 0.0 else ():
        moved = [
            _masses(larger(one, unit, 1.0 + holdup), lots, cuts, max(tolerance, 1e-7)) for one in followed.values()
        ]
        changed = np.stack([part[0] for part in moved], axis=2)
        other = _shares(changed.sum(axis=2), changed.sum(axis=(1, 2))[:, None])
        variance += (other - nominal) ** 2
    own = np.array([[one.passed(one.network.point(v.of), v.start, v.end) for one in followed.values()] for v in cuts])
    return Genealogy(
        lots=lots.names,
        vessels=cuts,
        components=tuple(followed),
        mass=mass,
        own=own.reshape(len(cuts), len(followed)),
        fed=np.stack([part[1] for part in parts], axis=1),
        held=np.stack([part[2] for part in parts], axis=1),
        out=np.stack([part[3] for part in parts], axis=1),
        age=_ages(whole, lots, cuts, tolerance),
        uncertainty=np.sqrt(variance),
        holdup=holdup,
    )


def larger(trajectory: Trajectory, unit: str, factor: float) -> Trajectory:
    """Give a trajectory on which a unit holds more, at the same flows."""
    where = trajectory.network.units[unit]
    changed = object.__new__(Trajectory)
    changed.__dict__.update(trajectory.__dict__)
    changed.m = trajectory.m.copy()
    changed.m[:, :, where.start : where.stop] *= factor
    changed.more = (where, factor)
    return changed


def _start(trajectory: Trajectory, lots: _Lots, carrier: Carrier) -> np.ndarray:
    X = carrier.empty()
    held = trajectory.held(trajectory.start, after=True)
    for unit, where in trajectory.network.units.items():
        if unit in lots.units:
            X[where.start : where.stop, lots.units[unit]] = held[where.start : where.stop]
    if trajectory.more is not None:
        where, factor = trajectory.more
        X[where.start : where.stop] *= factor
    return X


def _marks(trajectory: Trajectory, lots: _Lots) -> list[Mark]:
    return [Mark(column, trajectory.network.feeds[feed], start, end) for column, feed, start, end in lots.fed]


def _grid(trajectory: Trajectory, cuts: Sequence[Vessel]) -> np.ndarray:
    times = {trajectory.start, trajectory.end, *(t for v in cuts for t in (v.start, v.end))}
    return np.array(sorted(times))


def _masses(
    trajectory: Trajectory, lots: _Lots, cuts: Sequence[Vessel], tolerance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mass of each lot in each container; fed, held at the end, and gone."""
    n = len(lots.names)
    marks, charged = _marks(trajectory, lots), n - 1
    carrier = Carrier(trajectory, n, marks, tolerance=tolerance, charged=charged)
    X = _start(trajectory, lots, carrier)
    grid = _grid(trajectory, cuts)
    found = carrier.run(trajectory.start, trajectory.end, X, grid=grid)
    place = {float(t): i for i, t in enumerate(found.time)}
    sinks = trajectory.network.sinks
    mass = np.zeros((len(cuts), n))
    for i, v in enumerate(cuts):
        out = found.out[:, sinks.index(v.of)]
        mass[i] = out[place[v.end]] - out[place[v.start]]
    fed = X.sum(axis=0)
    for mark in marks:
        start, end = max(mark.start, trajectory.start), min(mark.end, trajectory.end)
        if start < end:
            fed[mark.column] += trajectory.passed(mark.point, start, end)
    held, out = found.held[-1].sum(axis=0), found.out[-1].sum(axis=0)
    fed[charged] += held[charged] + out[charged]  # nothing else says how much an impulse brought
    return mass, fed, held, out


def _ages(trajectory: Trajectory, lots: _Lots, cuts: Sequence[Vessel], tolerance: float) -> np.ndarray:
    """Mean and standard deviation of the time in the plant."""
    marks = [replace(mark, column=0) for mark in _marks(trajectory, lots)]
    carrier = Carrier(trajectory, 3, marks, aging=[Aging(1, 0), Aging(2, 1, 2.0)], tolerance=tolerance, charged=0)
    X = carrier.empty()
    X[: len(trajectory.network.cells), 0] = trajectory.held(trajectory.start, after=True)
    found = carrier.run(trajectory.start, trajectory.end, X, grid=_grid(trajectory, cuts))
    place = {float(t): i for i, t in enumerate(found.time)}
    result = np.full((len(cuts), 2), np.nan)
    for i, v in enumerate(cuts):
        out = found.out[:, trajectory.network.sinks.index(v.of)]
        whole, first, second = out[place[v.end]] - out[place[v.start]]
        if whole > 0.0:
            mean = first / whole
            result[i] = mean, np.sqrt(max(second / whole - mean**2, 0.0))
    return result
