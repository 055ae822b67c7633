"""The linear system of a compiled plant about one of its states.

A, and what belongs to signals in B, C and D, is exact: signals that are inputs come from stations, signals
that are outputs go to taps (`opened.py`), whose states stand in the plant's own Jacobian. Feeds and parameters
that are inputs, and streams that are outputs, are differenced to fourth order.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.config.context import PathError
from twin.config.paths import resolve, resolve_measurement
from twin.config.spec import PlantSpec
from twin.control.linear.needs import library
from twin.control.linear.opened import driver, opened, station_name, tap_name, wired
from twin.control.linear.point import Point
from twin.control.linear.system import Linear
from twin.errors import TwinError
from twin.plant.jacobian import is_timed
from twin.plant.model import load_model
from twin.quantity import Array
from twin.steady.view import View

#: Step of differences, relative to the size of what is moved: with two steps their errors cancel to fourth order.
STEP = 1e-4
#: Differences of streams this small beside the largest of their row are rounding.
ROUNDING = 1e-10


class NotLinear(TwinError):
    """An input or output that there is not."""

    exit_code = 2


@dataclass(frozen=True)
class _Input:
    path: str
    unit: str
    signal: bool  #: with a station; else a place in p
    opens: bool = False


@dataclass(frozen=True)
class _Output:
    path: str
    unit: str
    kind: str  #: "tap", "state" or "stream"


def linearise(point: Point, inputs: Sequence[str], outputs: Sequence[str], opens: Sequence[str] = ()) -> Linear:
    """Linearise a plant.

    Parameters
    ----------
    point : Point
        Where.
    inputs : sequence of str
        Signal inlets, setpoints, feeds (`reagents.m_flow.ethanol`) and parameters. One that a controller drives
        becomes free: that loop is open.
    outputs : sequence of str
        Measurements and signals, states (`first.m[water]`) and streams (`first.product.m_flow[water]`).
    opens : sequence of str
        Driven signal inlets that stay at their values, so that their loops are open without being inputs.

    Returns
    -------
    Linear
        In SI, its inputs and outputs in the order given.

    Raises
    ------
    NotLinear
        When an input or output is none; the message names the closest.
    """
    return Linearisation(point, inputs, outputs, opens).at(point)


@dataclass(frozen=True)
class Matrices:
    """A plant at a point as numbers: see :class:`twin.control.linear.system.Linear`."""

    A: Any
    B: Array
    C: Array
    D: Array
    y_0: Array
    u_0: Array
    rates: Array


class Linearisation:
    """A plant with stations and taps, linearised at one point or at several, one after another.

    Parameters
    ----------
    point : Point
        The first of them.
    inputs, outputs, opens
        As for :func:`linearise`.
    """

    def __init__(self, point: Point, inputs: Sequence[str], outputs: Sequence[str], opens: Sequence[str] = ()) -> None:
        spec = point.plant.spec
        self.ins = [_input(spec, path) for path in inputs]
        self.outs = [_output(point.plant, path) for path in outputs]
        self.opens = tuple(opens)
        for path in opens:
            if not driver(spec, path):
                raise NotLinear(f"nothing drives '{path}': there is no loop to open")
        free, values = self._values(point)
        taps = [o.path for o in self.outs if o.kind == "tap"]
        asked = [*(o.path.partition(".")[0] for o in self.outs), *(i.path.partition(".")[0] for i in self.ins)]
        from twin.plant import compile_plant

        plant = self.plant = compile_plant(wired(opened(spec, free, asked), values, taps))
        self.station = [_place(plant, f"{station_name(k)}.value") for k in range(len(values))]
        self.tap = [_place(plant, f"{tap_name(k)}.seen") for k in range(len(taps))]
        self._aside = np.zeros(plant.n_y, dtype=bool)
        self._aside[[*self.station, *self.tap]] = True
        self.view = View(plant, plant.p0.copy())
        self._fixed: Array | None = None
        self._probed: tuple[bytes, Array] | None = None
        self._move(point)

    def _values(self, point: Point) -> tuple[dict[str, float], dict[str, float]]:
        """What opened inlets have, and what inputs that are signals have, at a point."""
        spec = point.plant.spec
        values = {i.path: point.signal(driver(spec, i.path) if i.opens else i.path) for i in self.ins if i.signal}
        free = {path: point.signal(driver(spec, path)) for path in self.opens}
        return free | {i.path: values[i.path] for i in self.ins if i.opens}, values

    def _move(self, point: Point) -> None:
        """Go to a point of the plant that this was made of."""
        free, self.values = self._values(point)
        self.point = point.moved_to(self.plant, {path: v for path, v in free.items() if path not in self.values})
        self.point.y[self.station] = list(self.values.values())
        self.view.p[:] = self.point.p
        held = self.point.held & ~self._reached()
        if self._fixed is None or not np.array_equal(self._fixed, held):
            self._fixed = held
            self.view.fix(self._fixed)
            self.states = np.flatnonzero(~self._fixed & ~self._aside)

    def _reached(self) -> Array:
        """States that are absent at the point and that the inputs would bring to life, as a signal of zero does."""
        absent = self.point.absent
        if absent is None or not absent.any():
            return np.zeros(self.plant.n_y, dtype=bool)
        if self._probed is None or self._probed[0] != absent.tobytes():
            y, p = self.point.y.copy(), self.point.p.copy()
            y[self.station] += 1.0
            for place in (self.plant.parameter(i.path)[0] for i in self.ins if not i.signal):
                p[place] += STEP * (abs(p[place]) or self._size(place))
            self._probed = absent.tobytes(), absent & ~self.plant.absent_from(y, p, absent)
        return self._probed[1]

    def matrices(self, point: Point) -> Matrices:
        """Linearise at a point; rows and columns of A are those of `states`, places in `plant`."""
        self._move(point)
        plant, view, y, n = self.plant, self.view, self.point.y, len(self.states)
        rates = view.linearise(y)
        sparse = library("scipy.sparse")
        rows, columns, numbers = view.matrix()
        J = sparse.csr_array((numbers, (rows, columns)), shape=(plant.n_y, plant.n_y))
        B, C = np.zeros((n, len(self.ins))), np.zeros((len(self.outs), n))
        D, y_0, u_0 = np.zeros((len(self.outs), len(self.ins))), np.zeros(len(self.outs)), np.zeros(len(self.ins))
        number = {int(place): k for k, place in enumerate(self.states)}
        station, tap = iter(self.station), iter(self.tap)
        view.observe(y)
        w = view.w.copy()
        of_tap: dict[int, int] = {}
        streams: dict[int, int] = {}
        for r, out in enumerate(self.outs):
            if out.kind == "tap":
                of_tap[r] = next(tap)
                C[r] = J[[of_tap[r]]].toarray()[0, self.states]
                y_0[r] = rates[of_tap[r]]
            elif out.kind == "state":
                place = _place(plant, out.path)
                y_0[r] = y[place]
                if place in number:
                    C[r, number[place]] = 1.0
            else:
                streams[r] = _stream(plant, out.path)
                y_0[r] = w[streams[r]]
        if streams:
            C[list(streams)] = self._streams(list(streams.values()))
        for m, source in enumerate(self.ins):
            if source.signal:
                place = next(station)
                u_0[m] = self.values[source.path]
                column = J[:, [place]].toarray()[:, 0]
                B[:, m] = column[self.states]
                for r, where in of_tap.items():
                    D[r, m] = column[where]
                if streams:
                    D[list(streams), m] = self._difference(self._along_y(place), list(streams.values()))[1]
            else:
                place, _ = plant.parameter(source.path)
                u_0[m] = self.point.p[place]
                dy, dw = self._difference(self._along_p(place), list(streams.values()))
                B[:, m] = dy[self.states]
                for r, where in of_tap.items():
                    D[r, m] = dy[where]
                D[list(streams), m] = dw
        return Matrices(J[self.states][:, self.states].tocsr(), B, C, D, y_0, u_0, rates[self.states])

    def at(self, point: Point) -> Linear:
        """Linearise at a point, with names."""
        found = self.matrices(point)
        plant, y = self.plant, self.point.y
        return Linear(
            A=found.A,
            B=found.B,
            C=found.C,
            D=found.D,
            states=tuple(plant.label(int(place)) for place in self.states),
            inputs=tuple(i.path for i in self.ins),
            outputs=tuple(o.path for o in self.outs),
            state_units=tuple(_unit_of_state(plant, int(place)) for place in self.states),
            input_units=tuple(i.unit for i in self.ins),
            output_units=tuple(o.unit for o in self.outs),
            x_0=y[self.states].copy(),
            u_0=found.u_0,
            y_0=found.y_0,
            scale=np.maximum(np.abs(y), plant.nominal)[self.states],
            rates=found.rates,
            title=_title(point),
            notes=_notes(point),
        )

    def _along_y(self, place: int) -> tuple[float, Callable[[float], None]]:
        """The step for a state, and what moves it."""
        y = self.point.y.copy()

        def moved(h: float) -> None:
            y[place] = self.point.y[place] + h
            self._look(y)

        return STEP * max(abs(float(self.point.y[place])), float(self.plant.nominal[place])), moved

    def _along_p(self, place: int) -> tuple[float, Callable[[float], None]]:
        value = float(self.view.p[place])

        def moved(h: float) -> None:
            self.view.p[place] = value + h
            self._look(self.point.y)
            self.view.p[place] = value

        return STEP * (abs(value) or self._size(place)), moved

    def _size(self, place: int) -> float:
        """Size of a parameter that is zero: that of its fellows in an array, or its nominal value."""
        for first, field, shape, _ in self.plant.parameters.values():
            count = int(np.prod(shape))
            if first <= place < first + count:
                largest = float(np.max(np.abs(self.view.p[first : first + count])))
                return largest or float(field.nominal)
        return 1.0

    def _look(self, y: Array) -> None:
        self._dy = self.view.observe(y)

    def _difference(self, along: tuple[float, Callable[[float], None]], places: list[int]) -> tuple[Array, Array]:
        """Derivatives of all rates and of places in w along one variable.

        Central ones of two steps; where a flow of nothing could only be made negative, one-sided ones.
        """
        h, moved = along

        def at(step: float) -> Array:
            moved(step)
            return np.concatenate([self._dy, self.view.w[places]])

        there = at(0.0)
        plus, minus = at(h), at(-h)
        if np.all(np.isfinite(minus)) and not _kinked(there, plus, minus):
            wide = (at(2.0 * h) - at(-2.0 * h)) / (4.0 * h)
            slope = (4.0 * (plus - minus) / (2.0 * h) - wide) / 3.0
        else:
            slope = (-3.0 * there + 4.0 * plus - at(2.0 * h)) / (2.0 * h)
        return slope[: self.plant.n_y], slope[self.plant.n_y :]

    def _streams(self, places: list[int]) -> Array:
        """Rows of C for streams: every state is moved."""
        rows = np.zeros((len(places), len(self.states)))
        for k, place in enumerate(self.states.tolist()):
            rows[:, k] = self._difference(self._along_y(place), places)[1]
        weighed = np.abs(rows) * np.maximum(np.abs(self.point.y), self.plant.nominal)[self.states]
        rows[weighed < ROUNDING * weighed.max(axis=1, initial=0.0, keepdims=True)] = 0.0
        return rows


def _kinked(there: Array, plus: Array, minus: Array) -> bool:
    """Whether slopes to the two sides are not those of one function."""
    right, left = plus - there, there - minus
    rounding = 1e-9 * np.maximum(np.abs(there), np.abs(right))
    return bool(np.any(np.abs(right - left) > 0.1 * np.maximum(np.abs(right), np.abs(left)) + rounding))


def _input(spec: PlantSpec, path: str) -> _Input:
    unit, _, name = path.partition(".")
    if driver(spec, path):
        port = load_model(spec.unit(unit).model).inlets[name]
        return _Input(path, spec.unit(unit).units.get(name, port.unit), True, opens=True)
    try:
        found = resolve(spec, path)
    except PathError as error:
        raise NotLinear(f"input '{path}': {error}") from None
    if found.field.kind == "array" and found.index is None:
        raise NotLinear(f"input '{path}' is an array: name one element of it")
    if found.field.kind in ("int", "enum"):
        raise NotLinear(f"input '{path}' is a choice: nothing can be differentiated by it")
    return _Input(path, found.field.unit, found.kind == "signal")


def _output(plant: Any, path: str) -> _Output:
    try:
        found = resolve_measurement(plant.spec, path)
    except PathError as error:
        message = str(error)
    else:
        return _Output(path, found.unit, "tap")
    base = path.partition("[")[0]
    for column in plant.columns:
        if column.path == base and column.kind in ("state", "outlet"):
            kind = "state" if column.kind == "state" else "stream"
            if _element(plant, column, path) is None:
                raise NotLinear(f"output '{path}': {base} has {int(np.prod(column.shape))} elements: name one of them")
            return _Output(path, column.field.unit, kind)
    names = [c.path for c in plant.columns if c.kind in ("state", "outlet", "measurement")]
    close = difflib.get_close_matches(base, names, n=1)
    raise NotLinear(f"output '{path}': {message}" + (f" There is a '{close[0]}', though." if close else ""))


def place_of_output(plant: Any, path: str) -> tuple[str, int]:
    """Where an output stands: "y" or "w", and its place there. Raises NotLinear."""
    kind = _output(plant, path).kind
    if kind == "state":
        return "y", _place(plant, path)
    if kind == "stream":
        return "w", _stream(plant, path)
    found = next(c for c in plant.columns if c.path == path and c.vector == "w" and not c.shape)
    return "w", int(found.offset)


def _element(plant: Any, column: Any, path: str) -> int | None:
    """Flat place of `tank.m[ethanol]` in its array."""
    inside = path.partition("[")[2].removesuffix("]")
    parts = [part.strip() for part in inside.split(",")] if inside else []
    if len(parts) != len(column.shape):
        return None
    index = []
    for part, size, dim in zip(parts, column.shape, column.dims, strict=True):
        labels = plant.dim_labels.get(dim)
        if isinstance(labels, tuple) and part in labels:
            index.append(labels.index(part))
        elif part.isdigit() and int(part) < size:
            index.append(int(part))
        else:
            return None
    return int(np.ravel_multi_index(index, column.shape)) if index else 0


def _place(plant: Any, path: str) -> int:
    """Place of a state in y."""
    column = next(c for c in plant.columns if c.kind == "state" and c.path == path.partition("[")[0])
    return int(column.offset + (_element(plant, column, path) or 0))


def _stream(plant: Any, path: str) -> int:
    """Place of a stream's number in w."""
    column = next(c for c in plant.columns if c.kind == "outlet" and c.path == path.partition("[")[0])
    return int(column.offset + (_element(plant, column, path) or 0))


def _unit_of_state(plant: Any, place: int) -> str:
    path = plant.label(place).partition("[")[0]
    column = next(c for c in plant.columns if c.kind == "state" and c.path == path)
    units = {unit.name: unit.units for unit in plant.spec.units}
    return str(units.get(column.owner, {}).get(column.field.name, column.field.unit))


def _title(point: Point) -> str:
    when = "at its steady state" if point.time is None else f"at {point.time:g} s"
    return f"{point.plant.spec.title} {when}"


def _notes(point: Point) -> tuple[str, ...]:
    notes = []
    pulsing = ", ".join(node.name for node in point.plant.nodes if is_timed(node))
    if pulsing:
        notes.append(f"rates that follow the clock are those of time zero ({pulsing})")
    scanned = ", ".join(node.name for node in point.plant.nodes if node.model.scan)
    if scanned:
        notes.append(f"what is scanned stands still between its scans ({scanned})")
    return tuple(notes)
