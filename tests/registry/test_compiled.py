"""The compiled unit gives the interpreted unit's numbers, through the very entry that a plant calls."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
import pytest

from tests.registry.carriers import plain_kernels
from tests.registry.library import daily_or_slow, unit_names
from tests.registry.sample import Evaluation, Instance, instance
from twin.plant.adapter import Key, entry, holdup_class
from twin.plant.codes import GUARDS, HOLDUP, INTEGRAL, LANES, MEASURE, PORT, RATES, SLOPES, TRANSPORT
from twin.plant.evaluate import vectors
from twin.plant.layout import Cursor, UnitLayout, lay_out
from twin.plant.structure import local_calls
from twin.quantity import fields

UNITS = daily_or_slow(unit_names())
#: Same order of operations on both sides, so only the last bits of exp, pow and log may differ; a few
#: hundred of them in a row where terms cancel.
TOLERANCE = 1e-12

_DOUBLES, _INTEGERS = ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_int64)
_ENTRY = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_double, _DOUBLES, _DOUBLES, _DOUBLES, _DOUBLES, _INTEGERS)


class Compiled:
    """One compiled unit with vectors of its own."""

    def __init__(self, made: Instance) -> None:
        self.made = made
        places = {kind: Cursor() for kind in ("x", "p", "w")}

        def take(kind: str, key: Key, count: int) -> int:
            return places[kind if kind in ("x", "p") else "w"].take(count)

        self.layout: UnitLayout = lay_out(made.model, made.sizes, take)
        self.layout.set(("n_y",), places["x"].at)
        self.layout.set(("n_w",), places["w"].at)
        self.y, self.p, self.w, self.dy = (np.full(max(places[kind].at, 1), math.nan) for kind in ("x", "p", "w", "x"))
        self._fill(self.y, "x", made.model.State, made.x)
        self._fill(self.p, "p", made.model.Params, made.p)
        for port, stream in zip(made.model.inlets.values(), made.u, strict=True):
            for name, value in zip(stream._fields, stream, strict=True):
                self._put(self.w, ("u", port.name, name), value)
        self.entry = entry(made.model)
        self.function = _ENTRY(self.entry.address)

    def _put(self, vector: np.ndarray, key: Key, value: Any) -> None:
        numbers = np.ravel(np.asarray(value, dtype=float))
        place = self.layout.place(*key)
        vector[place : place + len(numbers)] = numbers

    def _fill(self, vector: np.ndarray, kind: str, cls: type, values: Any) -> None:
        for f, value in zip(fields(cls), values, strict=True):
            self._put(vector, (kind, f.name), value)

    def run(self, what: int) -> None:
        self._call(what, self.y, self.w, self.dy)

    def moved(self, direction: dict[Key, np.ndarray], step: float) -> tuple[np.ndarray, np.ndarray]:
        """All of w and dy after the local calls, with states, inlets and integrals moved along a direction."""
        y, w = self.y.copy(), self.w.copy()
        for key, d in direction.items():
            place, vector = self.layout.place(*key), y if key[0] == "x" else w
            vector[place : place + len(d)] += step * d
        dy = np.zeros_like(self.dy)
        for what in local_calls(self.made.model):
            self._call(what, y, w, dy)
        return w, dy

    def slopes(self, direction: dict[Key, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """The same at no step, as numbers with their slopes along the direction, in every lane twice the last's."""
        y, w, dy = (vectors(len(v)) for v in (self.y, self.w, self.dy))
        y[: len(self.y) * LANES : LANES], w[: len(self.w) * LANES : LANES] = self.y, self.w
        for key, d in direction.items():
            place, vector = self.layout.place(*key), y if key[0] == "x" else w
            for lane in range(1, LANES):
                vector[place * LANES + lane : (place + len(d)) * LANES : LANES] = d * 2.0**lane
        for what in local_calls(self.made.model):
            self._call(what + SLOPES, y, w, dy)
        return w[: len(self.w) * LANES].reshape(-1, LANES), dy[: len(self.dy) * LANES].reshape(-1, LANES)

    def _call(self, what: int, y: np.ndarray, w: np.ndarray, dy: np.ndarray) -> None:
        pointers = [v.ctypes.data_as(_DOUBLES) for v in (y, self.p, w, dy)]
        self.function(what, self.made.t, *pointers, self.layout.offsets.ctypes.data_as(_INTEGERS))

    def read(self, vector: np.ndarray, key: Key) -> np.ndarray:
        place, shape = self.layout.place(*key), self.layout.shapes[key]
        return vector[place : place + math.prod(shape)].reshape(shape)


def agree(compiled: np.ndarray, interpreted: Any, scale: float, what: str) -> None:
    np.testing.assert_allclose(compiled, interpreted, rtol=TOLERANCE, atol=TOLERANCE * scale, err_msg=what)


def size(values: Any) -> float:
    """Largest number of a table: what its small entries are rounded against."""
    return max((float(np.max(np.abs(v), initial=0.0)) for v in values), default=0.0)


@pytest.mark.parametrize("name", UNITS)
def test_compiled_equals_interpreted(name: str) -> None:
    for seed in range(3):
        made = instance(name, seed)
        m = made.model
        here = Evaluation(made, plain_kernels(m.module))
        unit = Compiled(made)
        for number, f in enumerate(fields(m.Integrals)):
            unit.run(INTEGRAL + number)
            scale = float(np.max(np.abs(here.integrands[f.name]), initial=0.0))
            agree(unit.read(unit.w, ("a", f.name)), getattr(here.env["a"], f.name), scale, f"integral {f.name}")
        for number, port in enumerate(m.outlets.values()):
            unit.run(PORT + number)
            stream = here.outlet(port.name)
            for f, value in zip(stream._fields, stream, strict=True):
                agree(unit.read(unit.w, ("o", port.name, f)), value, size([value]), f"{port.name}.{f}")
        unit.run(RATES)
        if m.State._fields:  # type: ignore[attr-defined]
            for f, value in zip(fields(m.State), here.derivatives(), strict=True):
                agree(unit.read(unit.dy, ("x", f.name)), value, size([value]), f"d{f.name}/dt")
        if m.Quadratures._fields:  # type: ignore[attr-defined]
            values = here.table("quadratures", m.Quadratures)
            for f, value in zip(fields(m.Quadratures), values, strict=True):
                agree(unit.read(unit.w, ("q", f.name)), value, size([value]), f"quadrature {f.name}")
        unit.run(HOLDUP)
        for number, f in enumerate(m.measurements):
            unit.run(MEASURE + number)
            value = here.call(f.name)
            agree(unit.read(unit.w, ("m", f.name)), value, abs(value), f"measurement {f.name}")
        if holdup_class(m) is not None:
            values = here.holdup()
            for f, value in values._asdict().items():
                agree(unit.read(unit.w, ("h", f)), value, size([value]), f"holdup {f}")
        unit.run(GUARDS)
        for f in m.guards:
            value = here.call(f.name)
            agree(unit.read(unit.w, ("g", f.name)), value, abs(value), f"guard {f.name}")
        if m.Transport._fields:  # type: ignore[attr-defined]
            unit.run(TRANSPORT)
            for f, value in zip(fields(m.Transport), here.table("transport", m.Transport), strict=True):
                agree(unit.read(unit.w, ("t", f.name)), value, size([value]), f"transport {f.name}")


@pytest.mark.parametrize("name", UNITS)
def test_slopes_equal_differences(name: str) -> None:
    """What the Jacobian is made of: the same kernels on numbers that carry slopes."""
    made = instance(name, 0)
    m = made.model
    unit = Compiled(made)
    for number in range(len(m.Integrals._fields)):  # type: ignore[attr-defined]
        unit.run(INTEGRAL + number)
    rng = np.random.default_rng(5)
    direction = {}
    for key in unit.layout.slots.index:
        if key[0] in ("x", "u", "a"):
            place, vector = unit.layout.place(*key), unit.y if key[0] == "x" else unit.w
            values = vector[place : place + unit.layout.size(*key)]
            direction[key] = rng.uniform(-1.0, 1.0, len(values)) * np.abs(values)
    w, dy = unit.slopes(direction)
    step = 2.0**-17
    (w_up, dy_up), (w_0, dy_0), (w_down, dy_down) = (unit.moved(direction, h) for h in (step, 0.0, -step))
    results = [(key, w, w_0, (w_up - w_down) / (2.0 * step)) for key in unit.layout.slots.index if key[0] in "boqm"]
    results += [(key, dy, dy_0, (dy_up - dy_down) / (2.0 * step)) for key in unit.layout.slots.index if key[0] == "x"]
    for key, found, value, slope in results:
        place = unit.layout.place(*key)
        part = slice(place, place + unit.layout.size(*key))
        if not np.isfinite(value[part]).any():
            continue  # an unset optional result
        agree(found[part, 0], value[part], size([value[part]]), f"value of {key}")
        np.testing.assert_array_equal(found[part, 2:], np.outer(found[part, 1], 2.0 ** np.arange(1, LANES - 1)))
        # differences of 1e-5 along the direction: their error is of second order, and 1e-16 / 1e-5 of what cancels
        scale = size([slope[part]]) + 1e-4 * size([value[part]])
        np.testing.assert_allclose(
            found[part, 1] / 2.0, slope[part], rtol=1e-5, atol=1e-6 * scale, err_msg=f"slope of {key}"
        )
