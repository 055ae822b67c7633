"""Every unit keeps its material and heat: d(holdup)/dt = Σ inlets − Σ outlets + Σ sources, to rounding.

The rate of the holdup is taken exactly, by carrying dx/dt through the holdup kernel as a derivative, so
the only slack is the rounding of the sums themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.registry.carriers import Dual, dual_kernels, plain_kernels
from tests.registry.library import declared, model, unit_names
from tests.registry.sample import COMPONENTS, FLUIDS, SOLIDS, Evaluation, Instance, instance
from twin.plant.layout import shape
from twin.plant.model import Model
from twin.quantity import fields
from unit_ops.streams import T_REF

UNITS = unit_names()
HOLDING = [name for name in UNITS if "holdup" in declared(name)]
CARRYING = [name for name in UNITS if "Transport" in declared(name)]
#: Sums of some dozens of terms: a few hundred roundings of 1.1e-16 each, of the largest term.
ROUNDING = 1e-13
#: Streams of all solids with their residual liquid, without enthalpy.
AMBIENT = ("Powder", "Granules", "Tablets")


class Ledger:
    """Signed terms of one balance, and the size of the largest."""

    def __init__(self, size: int) -> None:
        self.sum = np.zeros(size)
        self.largest = np.zeros(size)

    def add(self, sign: float, values: Any) -> None:
        values = np.asarray(values, dtype=float)
        self.sum += sign * values
        self.largest = np.maximum(self.largest, np.abs(values))

    def check(self, what: str, names: tuple[str, ...]) -> None:
        bad = ~(np.abs(self.sum) <= ROUNDING * np.maximum(self.largest, 1e-300) * 10.0)
        assert not bad.any(), "; ".join(
            f"{what} {names[i]}: off by {self.sum[i]:.3g} of {self.largest[i]:.3g}" for i in np.flatnonzero(bad)
        )


def crystal_index(made: Instance) -> int:
    """The solid of which a slurry's or a cake's crystals are."""
    found = [f.name for f in fields(made.model.Params) if f.index == "solids"]
    return int(getattr(made.p, found[0])) if found else 0


def mass_flow(stream: Any) -> float:
    """Everything with a mass in a stream [kg/s]."""
    parts = {name: float(np.sum(v)) for name, v in stream._asdict().items() if name.startswith("m_flow")}
    if "m_flow_solid" in parts:  # a slurry's crystals stand there twice: by size class, and in all
        assert parts["m_flow_crystals"] == pytest.approx(parts["m_flow_solid"], rel=1e-12), "crystals add up"
        del parts["m_flow_crystals"]
    return sum(parts.values())


def book(ledgers: dict[str, Ledger], sign: float, stream: Any, made: Instance) -> None:
    """Enter a stream: fluids, solids and enthalpy by the library's convention."""
    kind = type(stream).__name__
    if kind == "Signal":
        return
    fluids = stream.m_flow_liquid if kind in AMBIENT else stream.m_flow
    solids = np.zeros(len(SOLIDS))
    if kind in AMBIENT:
        solids += stream.m_flow
    elif kind in ("Slurry", "Cake"):
        solids[crystal_index(made)] = stream.m_flow_solid if kind == "Slurry" else stream.m_flow_crystals
    ledgers["fluids"].add(sign, fluids)
    ledgers["solids"].add(sign, solids)
    if kind not in AMBIENT:
        cp = np.array([COMPONENTS["cp_liquid"][n] for n in FLUIDS])
        cp_solid = np.array([COMPONENTS["cp_solid"][n] for n in SOLIDS])
        ledgers["H"].add(sign, [(fluids @ cp + solids @ cp_solid) * (stream.T - T_REF)])


def rates_of(made: Instance, name: str, cls: type, dx: Any) -> Any:
    """Exact time derivative of a table that depends on the state, along dx/dt."""
    duals = Evaluation(made, dual_kernels(made.model.module), lambda v, f: Dual(v))
    moving = []
    for f, value, rate in zip(fields(made.model.State), made.x, dx, strict=True):
        if f.kind == "array":
            out = np.empty(value.shape, dtype=object)
            for i in np.ndindex(value.shape):
                out[i] = Dual(value[i], rate[i])
            moving.append(out)
        else:
            moving.append(Dual(value, rate))
    duals.env["x"] = made.model.State(*moving)
    duals.set_integrals()
    return duals.table(name, cls)


def slope(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return np.array([v.d if isinstance(v, Dual) else 0.0 for v in value.ravel()]).reshape(value.shape)
    return value.d if isinstance(value, Dual) else 0.0


def internal(m: Model, here: Evaluation, unit: str) -> float:
    """Size of what cancels between cells: fluxes inside a unit can be far above those through its ports."""
    rates = zip(fields(m.State), here.derivatives(), strict=True)
    return sum(float(np.sum(np.abs(rate))) for f, rate in rates if f.unit == unit)


def ledgers_of(made: Instance) -> dict[str, Ledger]:
    m = made.model
    here = Evaluation(made, plain_kernels(m.module))
    ledgers = {"fluids": Ledger(len(FLUIDS)), "solids": Ledger(len(SOLIDS)), "H": Ledger(1)}
    if m.has("holdup"):
        rate = rates_of(made, "holdup", m.module.Holdup, here.derivatives())
        for key in ledgers:
            ledgers[key].add(1.0, slope(getattr(rate, key)) if key != "H" else [slope(rate.H)])
            ledgers[key].largest += internal(m, here, "J" if key == "H" else "kg")
    for stream in here.env["u"]:
        book(ledgers, -1.0, stream, made)
    for port in m.outlets:
        book(ledgers, 1.0, here.outlet(port), made)
    if m.Quadratures._fields:
        for f, value in zip(fields(m.Quadratures), here.table("quadratures", m.Quadratures), strict=True):
            if not f.utility:
                ledgers[f.dims[0] if f.dims else "H"].add(-1.0, value if f.dims else [value])
    return ledgers


def is_boundary(name: str) -> bool:
    """Books what crosses the plant's boundary: a stream goes in and no more is seen of it here."""
    return ".boundary." in name


def keeps_material_and_heat(name: str, seed: int) -> None:
    ledgers = ledgers_of(instance(name, seed))
    ledgers["fluids"].check("fluid", FLUIDS)
    ledgers["solids"].check("solid", SOLIDS)
    ledgers["H"].check("enthalpy", ("H",))


@pytest.mark.parametrize("name", [n for n in UNITS if not is_boundary(n)])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_material_and_heat_are_kept(name: str, seed: int) -> None:
    keeps_material_and_heat(name, seed)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", [n for n in UNITS if is_boundary(n)])
def test_a_boundary_books_all_that_crosses_it(name: str, seed: int) -> None:
    made = instance(name, seed)
    here = Evaluation(made, plain_kernels(made.model.module))
    booked = here.table("quadratures", made.model.Quadratures)
    ledgers = {"fluids": Ledger(len(FLUIDS)), "solids": Ledger(len(SOLIDS)), "H": Ledger(1)}
    book(ledgers, -1.0, here.env["u"][0], made)
    for key in ledgers:
        if hasattr(booked, key):
            ledgers[key].add(1.0, getattr(booked, key) if key != "H" else [booked.H])
    for key, names in (("fluids", FLUIDS), ("solids", SOLIDS), ("H", ("H",))):
        ledgers[key].check(key, names)


@pytest.mark.parametrize("name", [n for n in UNITS if not is_boundary(n)])
def test_a_unit_that_holds_material_says_so(name: str) -> None:
    m = model(name)
    streams = [p for p in (*m.inlets.values(), *m.outlets.values()) if not p.is_signal]
    if m.State._fields and streams:
        assert m.has("holdup"), "a unit with states and streams needs a holdup kernel"
        assert m.Transport._fields, "a unit with states and streams needs a transport kernel"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", CARRYING)
def test_transport_carries_the_whole_mass(name: str, seed: int) -> None:
    """Cells add up to the holdup, faces to the ports, and each cell gains what its faces bring."""
    made = instance(name, seed)
    m = made.model
    here = Evaluation(made, plain_kernels(m.module))
    found = here.table("transport", m.Transport)
    held = here.holdup()
    whole = float(np.sum(held.fluids) + np.sum(held.solids))
    assert np.sum(found.m) == pytest.approx(whole, rel=1e-12)

    faces = m.module.FACES
    faces = faces(made.sizes) if callable(faces) else faces
    assert len(faces) == len(found.m_flow), "FACES and Transport.m_flow differ in length"
    totals: dict[str, float] = {}
    for port, stream in zip(m.inlets, here.env["u"], strict=True):
        totals[port] = mass_flow(stream)
    for port in m.outlets:
        stream = here.outlet(port)
        totals[port] = mass_flow(stream)
    through = dict.fromkeys((p for p in (*m.inlets, *m.outlets) if not {**m.inlets, **m.outlets}[p].is_signal), 0.0)
    gain = Ledger(len(found.m))
    for (source, target), flow in zip(faces, found.m_flow, strict=True):
        for end, sign in ((source, 1.0), (target, -1.0)):
            if isinstance(end, str):
                through[end] += flow
            else:
                term = np.zeros(len(found.m))
                term[end] = flow
                gain.add(sign, term)
    for port, flow in through.items():
        assert flow == pytest.approx(totals[port], rel=1e-11, abs=1e-18), f"faces at {port}"
    gain.add(1.0, slope(rates_of(made, "transport", m.Transport, here.derivatives()).m))
    gain.add(0.0, np.full(len(found.m), internal(m, here, "kg")))  # from liquid to solid and back, at its own rounding
    gain.check("mass of cell", tuple(map(str, range(len(found.m)))))


@pytest.mark.parametrize("name", HOLDING)
def test_what_is_not_there_is_not_taken(name: str) -> None:
    """A component of which almost nothing is left must not go on being consumed at a finite rate."""
    made = instance(name, 0)
    m = made.model
    kernels = plain_kernels(m.module)
    made = Instance(m, made.sizes, made.p, made.x, _without_inflow(made))
    full = Evaluation(made, kernels).derivatives()
    for number, f in enumerate(fields(m.State)):
        if f.kind != "array" or f.unit != "kg" or f.dims[0] not in ("fluids", "solids"):
            continue
        for i in range(shape(f, made.sizes)[0]):
            values = [v.copy() if isinstance(v, np.ndarray) else v for v in made.x]
            values[number][i] *= 1e-6
            starved = Instance(m, made.sizes, made.p, m.State(*values), made.u)
            rate = Evaluation(starved, kernels).derivatives()[number][i]
            # all that leaves is proportional to what is there: 1e-6 of it, to a factor of 1000
            assert np.min(rate) >= -1e-3 * np.max(np.abs(full[number])), f"{f.name} of component {i}"


def _without_inflow(made: Instance) -> Any:
    streams = []
    for stream in made.u:
        named = zip(stream._fields, stream, strict=True)
        streams.append(type(stream)(*(0.0 * v if f.startswith("m_flow") else v for f, v in named)))
    return made.model.Inlets(*streams)
