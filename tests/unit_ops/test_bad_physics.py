"""Bad physics in: no feed, empty vessels, undersaturation everywhere, boiling, freezing, packing: finite, or named."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unit_ops.crystallization.moments as moments
import unit_ops.crystallization.msmpr as msmpr
import unit_ops.crystallization.plug_flow_crystallizer as tube
import unit_ops.crystallization.stirred_crystallizer as stirred
import unit_ops.reaction.stirred_vessel as vessel
from tests.registry.carriers import plain_kernels
from tests.registry.library import unit_names
from tests.registry.sample import Evaluation, Instance, instance
from tests.unit_ops.crystallization.test_moments import PARAMS
from tests.unit_ops.piping.bench import Bench
from tests.verification.closed_crystallizer import BOTH, plant
from twin.errors import TwinError
from twin.plant import compile_plant
from unit_ops.reaction.stirred_vessel import Discharge, Jacket

FOLDERS = ("crystallization", "drying", "piping", "reaction", "separation")
UNITS = [name for name in unit_names() if name.split(".")[1] in FOLDERS]
#: Full by their nature: of liquid (pipes, tubes, the chamber of a mill) or of gas (the pores of a cake).
ALWAYS_FULL = {
    "unit_ops.crystallization.wet_mill", "unit_ops.drying.cake_dryer_dynamic", "unit_ops.piping.heat_exchanger_1d",
    "unit_ops.piping.pipe", "unit_ops.reaction.plug_flow",
}  # fmt: skip
#: What an empty unit has all the same.
STANDING = {"R_mesh", "T_gas", "T_inlet", "T_wall"}


def without_feed(made: Instance) -> Instance:
    """Nothing flows in; signals stay."""
    dry = [
        type(s)(*[v if f == "T" else 0.0 * v for f, v in zip(s._fields, s, strict=True)]) if hasattr(s, "m_flow") else s
        for s in made.u
    ]
    return dataclasses.replace(made, u=type(made.u)(*dry))


def emptied(made: Instance) -> Instance:
    x = made.x
    gone = [v if f in STANDING else 0.0 * v for f, v in zip(x._fields, x, strict=True)]
    return dataclasses.replace(made, x=type(x)(*gone))


def assert_finite(made: Instance) -> None:
    found = Evaluation(made, plain_kernels(made.model.module)).derivatives()
    for field, value in zip(made.x._fields, found, strict=True):
        assert np.all(np.isfinite(value)), f"d{field}/dt"


@pytest.mark.parametrize("name", UNITS)
def test_without_feed_and_empty_all_rates_are_finite(name: str) -> None:
    made = instance(name, 3)
    if not made.model.State._fields:  # type: ignore[attr-defined]
        pytest.skip("holds nothing")
    assert_finite(without_feed(made))
    if name not in ALWAYS_FULL:
        assert_finite(emptied(made))
        assert_finite(emptied(without_feed(made)))


def crystallizer(module: Any, **more: Any) -> Bench:
    bins = 20
    own = {"length": 1.0, "D_ax": 0.0} if module is tube else {}
    kept = set(module.Params._fields)
    params = {**PARAMS, "L_edges": np.geomspace(5e-6, 2e-3, bins + 1), **own, **more}
    dims = {"fluids": 3, "solids": 2, "bins": bins, "cells": 2}
    jackets = {"T_jacket": 300.0, "T_jacket_out": 300.0} if module is tube else {"T_jacket": 300.0}
    return Bench(module, dims, {k: v for k, v in params.items() if k in kept}, **jackets)


@pytest.mark.parametrize("module", [msmpr, stirred, moments, tube], ids=lambda m: m.__name__.split(".")[-1])
def test_undersaturated_everywhere_nothing_grows_and_nothing_is_born(module: Any) -> None:
    """Nearly pure solvent, with crystals: they rest without a law of dissolution, and only shrink with one."""
    bench = crystallizer(module)
    seed = {} if module is tube else {"V": 1e-3, "m_seed": 0.01, "L_seed": 1e-4}
    y = bench.initial(T=300.0, w=[0.99, 0.005, 0.005], **seed)
    x = bench.unpack(y)
    if module is tube:
        y[-20:] = 1e-4
        x = bench.unpack(y)
    solid = {"moments": "m_crystals"}.get(module.__name__.split(".")[-1], "crystals")
    rates = bench.dx(x)
    leaving = bench.outlet("product", x).m_flow_solid
    assert np.all(np.isfinite(bench.rhs(0.0, y)))
    assert float(np.sum(getattr(rates, solid))) == pytest.approx(-leaving, abs=1e-15)
    if module in (msmpr, stirred):
        bench = crystallizer(module, kd=1e-6)
        assert bench.measure("S", y) < -0.9
        end = bench.solve(y, [0.0, 3000.0], method="BDF", rtol=1e-6, atol=1e-10)[-1]
        assert bench.unpack(end).crystals.sum() < 1e-3 * bench.unpack(y).crystals.sum()
        assert end[1:4].sum() == pytest.approx(y[1:].sum(), rel=1e-4)


def test_a_crystallizer_names_boiling_freezing_and_packing() -> None:
    boiling = {"psat_A": [25.5, -100.0, 25.8], "psat_B": [-5000.0, 0.0, -5300.0], "psat_C": 0.0, "psat_D": 0.0}
    bench = crystallizer(stirred, P=2e4, T_freeze=275.0, **boiling)

    def guards(T: float, m_seed: float = 1e-3) -> dict[str, bool]:
        y = bench.initial(V=1e-3, T=T, w=[0.7, 0.2, 0.1], m_seed=m_seed, L_seed=1e-4)
        return {name: bench.measure(name, y) > 0.0 for name in ("boils", "freezes", "packs")}

    assert guards(300.0) == {"boils": False, "freezes": False, "packs": False}
    assert guards(340.0) == {"boils": True, "freezes": False, "packs": False}
    assert guards(274.0) == {"boils": False, "freezes": True, "packs": False}
    assert guards(300.0, 0.9) == {"boils": False, "freezes": False, "packs": True}


def test_a_crystallizer_boils_where_its_vapour_pressure_reaches_that_above_it() -> None:
    """Raoult by hand: 30 % of one volatile liquid in mol, at 1 % below and above its pressure."""
    bench = crystallizer(
        stirred, k_vent=1e-3, psat_A=[25.0, -100.0, -100.0], psat_B=[-5000.0, 0.0, 0.0], psat_C=0.0, psat_D=0.0
    )  # fmt: skip
    M, w = bench.p.molar_mass, np.array([0.5, 0.3, 0.2])
    share = (w[0] / M[0]) / (w / M).sum()

    def vapour(pressure: float) -> tuple[float, bool]:
        T = 5000.0 / (25.0 - np.log(pressure * bench.p.P / share))
        y = bench.initial(V=1e-3, T=T, w=w, m_seed=0.0, L_seed=1e-4)
        return bench.outlet("vapour", bench.unpack(y)).m_flow.sum(), bench.measure("boils", y) > 0.0

    assert vapour(0.98) == (0.0, False)
    flow, boils = vapour(1.02)
    assert boils
    assert flow == pytest.approx(1e-3 * 0.02, rel=1e-9)  # k_vent times the excess; a hundredfold of rounding


def test_a_reactor_names_boiling_and_freezing() -> None:
    params = {
        "discharge": Discharge.CLOSED, "jacket": Jacket.CONSTANT, "V_weir": 1e-3, "T_limit": 1e3, "key": 0,
        "cp": 4000.0, "rho": 1000.0, "molar_mass": 0.018, "nu_mass": 0.0, "orders": 0.0, "k0": 0.0, "E": 0.0,
        "inv_T_ref": 0.0, "dH": 0.0, "psat_A": [25.55, -100.0], "psat_B": [-5218.0, 0.0], "T_freeze": 273.15,
    }  # fmt: skip
    bench = Bench(vessel, {"fluids": 2, "solids": 1, "reactions": 0}, params)

    def guards(T: float) -> list[bool]:
        y = bench.initial(V=1e-3, T=T, w=[1.0, 0.0])
        return [bench.measure(name, y) > 0.0 for name in ("boils", "freezes")]

    # ln 101325 = 25.55 − 5218/T: 372 K
    assert [guards(T) for T in (300.0, 371.0, 374.0, 272.0)] == [[False] * 2, [False] * 2, [True, False], [False, True]]
    # without data nothing boils
    cold = Bench(
        vessel, {"fluids": 2, "solids": 1, "reactions": 0}, {k: v for k, v in params.items() if k[0:4] != "psat"}
    )
    assert cold.measure("boils", cold.initial(V=1e-3, T=450.0, w=[1.0, 0.0])) < 0.0


@pytest.mark.parametrize("model", ["msmpr", "stirred_crystallizer", "moments"])
def test_a_charge_that_would_count_as_nothing_is_refused(model: str, tmp_path: Path) -> None:
    """A tenth of a litre in two cubic metres is below the heel, where concentrations fade."""
    spec = plant(tmp_path, 20, BOTH if model != "moments" else f"{BOTH}, L_nucleus: 1 um", model).spec
    for V, refused in ((1e-4, True), (0.0, False)):
        unit = dataclasses.replace(spec.units[0], initial={**spec.units[0].initial, "V": V})
        charged = dataclasses.replace(spec, units=(unit,))
        if refused:
            with pytest.raises(TwinError, match="cr: initial: V of 0.0001 m.3 is less than 0.0001 of V_weir"):
                compile_plant(charged)
        else:
            compile_plant(charged)
