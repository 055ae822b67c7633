"""Impulses and scans of every unit: they keep material and heat, and compile to the same."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.registry.carriers import DimensionError, Quantity, dimension_of, plain_kernels
from tests.registry.library import daily_or_slow, model, source, unit_names
from tests.registry.sample import FLUIDS, SOLIDS, Evaluation, Instance, _spread, instance, typical
from tests.registry.test_balances import Ledger
from tests.registry.test_compiled import Compiled, agree, size
from tests.registry.test_dimensions import expect, quantity_kernels
from twin.plant.codes import IMPULSE, INTEGRAL, SCAN
from twin.plant.model import BOOKING
from twin.quantity import Field, fields

#: The library's own, and one of the tests' which does all that can be done.
UNITS = (*unit_names(), "tests.engine.carousel")
JUMPING = [name for name in UNITS if model(name).impulses]
SCANNED = [name for name in UNITS if model(name).scan]


class Jump:
    """One impulse, or a scan, of an instance."""

    def __init__(self, made: Instance, here: Evaluation, kernel: str, **given: Any) -> None:
        self.made, self.here, self.kernel, self.given = made, here, kernel, given
        x = here.env["x"]
        new = type(x)(*(v.copy() if isinstance(v, np.ndarray) else v for v in x))
        self.after = here.call(kernel, new=new, **given)

    def booked(self) -> Any:
        m = self.made.model
        name = self.kernel + BOOKING
        if not m.has(name):
            return None
        out = self.made.lent(m.Quadratures, self.here.dtype)
        return self.here.call(name, new=self.after, out=out, **self.given)

    def holdup(self) -> Any:
        made = self.made
        return Evaluation(Instance(made.model, made.sizes, made.p, self.after, made.u), self.here.kernels).holdup()


def impulses(made: Instance) -> list[tuple[int, Field, float]]:
    """Number, field and a plausible amount of every impulse."""
    rng = np.random.default_rng(len(made.model.impulses))
    found = []
    for number, f in enumerate(made.model.impulses):
        found.append((number, f, _spread(rng, f, typical(f)) if f.unit else 1.0))
    return found


def keeps_material_and_heat(name: str, seed: int = 0) -> None:
    made = instance(name, seed)
    m = made.model
    here = Evaluation(made, plain_kernels(m.module))
    for _, f, value in impulses(made):
        jump = Jump(made, here, f.name, value=value)
        for field, v in zip(fields(m.State), jump.after, strict=True):
            assert np.all(np.isfinite(v)), f"{f.name} leaves {field.name} not finite"
        if not m.has("holdup"):
            continue
        before, after, booked = here.holdup(), jump.holdup(), jump.booked()
        ledgers = {"fluids": Ledger(len(FLUIDS)), "solids": Ledger(len(SOLIDS)), "H": Ledger(1)}
        for key in ledgers:
            for sign, held in ((1.0, after), (-1.0, before)):
                ledgers[key].add(sign, getattr(held, key) if key != "H" else [held.H])
        if booked is not None:
            for q, v in zip(fields(m.Quadratures), booked, strict=True):
                if not q.utility:
                    ledgers[q.dims[0] if q.dims else "H"].add(-1.0, v if q.dims else [v])
        for key, names in (("fluids", FLUIDS), ("solids", SOLIDS), ("H", ("H",))):
            ledgers[key].check(f"{f.name}: {key}", names)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", JUMPING)
def test_an_impulse_books_all_that_crosses_the_boundary(name: str, seed: int) -> None:
    keeps_material_and_heat(name, seed)


@pytest.mark.parametrize("name", daily_or_slow(sorted({*JUMPING, *SCANNED})))
def test_compiled_equals_interpreted(name: str) -> None:
    made = instance(name, 0)
    m = made.model
    here = Evaluation(made, plain_kernels(m.module))
    unit = Compiled(made)
    for number in range(len(fields(m.Integrals))):
        unit.run(INTEGRAL + number)  # as the snapshot before a jump does
    place = unit.layout.place("given")
    asked = [(IMPULSE + number, f.name, {"value": value}) for number, f, value in impulses(made)]
    if m.scan:
        asked.append((SCAN, "scan", {"number": 3.0, "seed": 12345678.0}))
    for what, kernel, given in asked:
        jump = Jump(made, here, kernel, **given)
        unit.dy[:] = unit.y
        unit.w[place] = given.get("value", given.get("number"))
        unit.w[place + 1] = given.get("seed", 0.0)
        unit.run(what)
        for f, value in zip(fields(m.State), jump.after, strict=True):
            agree(unit.read(unit.dy, ("x", f.name)), value, size([value]), f"{kernel}: {f.name}")
        booked = jump.booked()
        for f, value in zip(fields(m.Quadratures), booked or (), strict=booked is not None):
            agree(unit.read(unit.w, ("q", f.name)), value, size([value]), f"{kernel}{BOOKING}: {f.name}")


def is_homogeneous(name: str) -> None:
    made = instance(name, 0)
    m = made.model
    here = Evaluation(made, quantity_kernels(m.module), lambda v, f: Quantity(v, dimension_of(f.unit)))
    asked = [(f.name, {"value": Quantity(v, dimension_of(f.unit or "1"))}) for _, f, v in impulses(made)]
    if m.scan:
        asked.append(("scan", {"number": 3.0, "seed": 12345678.0}))
    for kernel, given in asked:
        jump = Jump(made, here, kernel, **given)
        for f, value in zip(fields(m.State), jump.after, strict=True):
            expect(value, f.unit, f"{kernel}: {f.name}")
        for f, value in zip(fields(m.Quadratures), jump.booked() or (), strict=m.has(kernel + BOOKING)):
            kg, metre, s, *rest = dimension_of(f.unit)  # amounts, not rates
            amount = (kg, metre, s + 1, *rest)
            for v in np.ravel(np.asarray(value, dtype=object)):
                wrong = isinstance(v, Quantity) and v.dimension != amount
                assert not wrong, f"{kernel}{BOOKING}: {f.name} is an amount, [{f.unit}] times seconds"


@pytest.mark.parametrize("name", sorted({*JUMPING, *SCANNED}))
def test_impulses_and_scans_are_homogeneous(name: str) -> None:
    is_homogeneous(name)


def holds(name: str) -> None:
    made = instance(name, 0)
    m = made.model
    here = Evaluation(made, plain_kernels(m.module))
    for number in (0.0, 1.0, 2.0):
        jump = Jump(made, here, "scan", number=number, seed=987654321.0)
        again = Jump(made, here, "scan", number=number, seed=987654321.0)
        for f, new, same in zip(fields(m.State), jump.after, again.after, strict=True):
            assert np.all(np.isfinite(new)), f"the scan leaves {f.name} not finite"
            np.testing.assert_array_equal(new, same, err_msg=f"{f.name} depends on more than seed and number")
        if m.has("holdup"):
            for f, new, old in zip(("H", "fluids", "solids"), jump.holdup(), here.holdup(), strict=True):
                np.testing.assert_array_equal(new, old, err_msg=f"the scan changes what is held: {f}")


@pytest.mark.parametrize("name", SCANNED)
def test_a_scan_changes_nothing_that_a_balance_counts(name: str) -> None:
    holds(name)


WHEEL = source("tests.engine.carousel")[0].read_text(encoding="utf-8")
MISTAKES: dict[str, tuple[Callable[[str], None], str, str, str]] = {
    "mass lost in a turn": (keeps_material_and_heat, "new.m[i, 0] = x.m[i, last]", "new.m[i, 0] = 0.0", "rotate: fl"),
    "heat lost": (keeps_material_and_heat, "new.H[0] = x.H[last]", "new.H[0] = 0.9 * x.H[last]", "rotate: H"),
    "charge not booked": (keeps_material_and_heat, "out.hand[0] = value", "out.hand[0] = 0.0", "charge: fluids"),
    "booked the wrong way": (
        keeps_material_and_heat,
        "new.m[i, last] - x.m[i, last]",
        "x.m[i, last] - new.m[i, last]",
        "empty: fluids",
    ),
    "a rate booked": (is_homogeneous, "out.hand[0] = value", "out.hand[0] = value / p.period", "is an amount"),
    "kg for a part": (is_homogeneous, "(1.0 - value) * x.m[i, last]", "x.m[i, last] - value", "sub"),
    "what flows is scanned": (
        holds,
        "    held = 0.0\n    for i in range(x.m.shape[0]):\n        for c",
        "    held = 0.0\n    new.m[0, 0] = 0.0\n    for i in range(x.m.shape[0]):\n        for c",
        "changes what is held",
    ),
}


@pytest.mark.parametrize("mistake", list(MISTAKES))
def test_a_mistake_is_found(mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check, right, wrong, message = MISTAKES[mistake]
    assert right in WHEEL, "the carousel has changed: choose another place for the mistake"
    name = f"wheel_{mistake.replace(' ', '_')}"
    (tmp_path / f"{name}.py").write_text(WHEEL.replace(right, wrong), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        with pytest.raises((AssertionError, DimensionError), match=message):
            check(name)
    finally:
        sys.modules.pop(name, None)
