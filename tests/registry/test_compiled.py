"""The compiled unit gives the interpreted unit's numbers, through the very entry that a plant calls."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
import pytest

from tests.registry.carriers import plain_kernels
from tests.registry.library import unit_names
from tests.registry.sample import Evaluation, Instance, instance
from twin.plant.adapter import Key, entry, holdup_class
from twin.plant.codes import GUARDS, HOLDUP, INTEGRAL, MEASURE, PORT, RATES, TRANSPORT
from twin.plant.layout import Cursor, UnitLayout, lay_out
from twin.quantity import fields

UNITS = unit_names()
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
        self.y, self.p, self.w, self.dy = (
            np.full(max(places[kind].at, 1), math.nan) for kind in ("x", "p", "w", "x")
        )
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
        vectors = [v.ctypes.data_as(_DOUBLES) for v in (self.y, self.p, self.w, self.dy)]
        self.function(what, self.made.t, *vectors, self.layout.offsets.ctypes.data_as(_INTEGERS))

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
