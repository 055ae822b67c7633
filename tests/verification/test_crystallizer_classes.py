"""Size classes against exact moments, through the whole engine: CADET's closed crystallizer, KNO3, a day of cycles."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import unit_ops.crystallization.msmpr as msmpr
from tests.unit_ops.piping.bench import Bench
from tests.verification.closed_crystallizer import BOTH, NONE, PRIMARY, SEED, plant
from tests.verification.record import record
from twin import jit
from twin.integrate.integrator import Integrator
from twin.results.reader import open_run
from twin.run import run
from unit_ops.crystallization.laws import Solubility
from unit_ops.streams import T_REF

CADET = "exact moment equations"
TIMES = (3600.0, 7200.0, 10800.0, 18000.0)
#: c [kg/m³] at TIMES with primary nucleation, as test_crystallizer_moments.py holds the moment vessel to it.
EXACT = (1.9911356200, 1.8803088827, 1.6072256781, 1.2562717204)


def concentrations(made: Any, place: int = 2, rtol: float = 1e-7) -> tuple[np.ndarray, Any]:
    """Solute at TIMES [kg in 1 m³] and the integrator at the end."""
    solver, found = Integrator(made, rtol=rtol), []
    for t in TIMES:
        assert solver.advance(t).outcome.name == "FINISHED"
        found.append(float(solver.y[place]))
    return np.array(found), solver


@pytest.mark.parametrize("nucleation", [PRIMARY, BOTH], ids=["primary", "secondary"])
def test_cadet_nucleation(nucleation: str, tmp_path: Path) -> None:
    """Converges to the moments, not to CADET's first-order output (1.24826 with 100 classes: 0.64 % off).

    Nucleation begins at its fastest, so that the distribution ends in a front: order 1.4, not 2.
    """
    exact, _ = concentrations(plant(tmp_path, 20, f"{nucleation}, L_nucleus: 1 um", "moments"), -1, 1e-10)
    if nucleation == PRIMARY:
        assert exact == pytest.approx(EXACT, rel=1e-8)
    errors, last = [], []
    for bins in (50, 100, 200):
        found, solver = concentrations(plant(tmp_path, bins, nucleation))
        errors.append(np.abs(found / exact - 1.0).max())
        last.append(abs(found[-1] / exact[-1] - 1.0))
        # closed: what the liquor lost is in the crystals, to rounding
        assert solver.y[2:].sum() == pytest.approx(2.0, rel=1e-13)
    order = math.log2(errors[-2] / errors[-1])
    kind = "primary" if nucleation == PRIMARY else "primary and secondary"
    for t, wanted, got in zip(TIMES, exact, found, strict=True):
        name = f"c({t:g} s), 200 classes [kg/m3]"
        record(f"CADET closed crystallizer, {kind} nucleation, classes", CADET, name, wanted, got, order)
    assert last[1] < 3.5e-3  # CADET at 100 classes: 6.4e-3
    assert last[2] < 1.3e-3
    assert order > 1.35


def test_cadet_growth(tmp_path: Path) -> None:
    """Growth only, log-normal seed: by 2 h it has moved by Λ, so that the exact number in each class is known.

    1.380998 kg/m³ by the moments of the log-normal seed; 1.381080 by those of CADET's seed on its classes, of
    which CADET's first-order flux gives 1.368085.
    """
    vessel = Integrator(plant(tmp_path, 20, NONE, "moments", **SEED), rtol=1e-11)
    start = vessel.y.copy()
    assert start[1] == pytest.approx(1e9, rel=2e-6)
    vessel.advance(7200.0)
    shift = (vessel.y[2] - start[2]) / start[1]
    assert vessel.y[-1] == pytest.approx(1.381080, rel=7e-5)

    def below(L: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            z = np.log(np.maximum(L - shift, 0.0) / 40e-6) / (0.3 * math.sqrt(2.0))
        return np.array([0.5 + 0.5 * math.erf(v) for v in z])

    errors = []
    for bins in (100, 200, 400):
        # 1e-3, the default, limits slopes at the smooth crest too: order 1.7 then, and 1.2e-2
        made = plant(tmp_path, bins, f"{NONE}, limiter_eps: 0.1", top=300.0, **SEED)
        solver = Integrator(made, rtol=1e-8)
        solver.advance(7200.0)
        L = np.geomspace(1e-6, 300e-6, bins + 1)
        numbers = solver.y[3:] / (0.524 * 1200.0 * 0.25 * (L[1:] + L[:-1]) * (L[1:] ** 2 + L[:-1] ** 2))
        errors.append(np.abs(numbers / 1e9 - np.diff(below(L))).sum())
    order = math.log2(errors[1] / errors[2])
    case = "CADET closed crystallizer, growth of a seed, classes"
    record(case, CADET, "c(7200 s), 400 classes [kg/m3]", vessel.y[-1], float(solver.y[2]))
    record(case, "translation of the seed", "L1 error of the numbers, 400 classes", 0.0, errors[-1], order)
    assert order > 1.9
    assert errors[-1] < 7e-3
    assert float(solver.y[2]) == pytest.approx(vessel.y[-1], rel=3e-5)


@pytest.mark.parametrize(("seed", "top", "expected"), [(0.1, 1e-3, 428.968140535), (10.0, 400e-6, 428.558925877)])
def test_potassium_nitrate(seed: float, top: float, expected: float) -> None:
    """KNO3 cooled from 32 to 28 °C in 80 min on classes: doi 10.1002/cjce.5450770317, moments in the other file.

    Crystals of the small seed grow to eight times their size, those of the large one to twice.
    """
    k = 273.15
    a, b, c = 128.6 - 5.88 * k + 0.1721 * k * k, 5.88 - 2.0 * 0.1721 * k, 0.1721
    jit.arm(msmpr)
    errors = []
    for bins in (100, 200):
        L = np.linspace(0.0, top, bins + 1)
        params: dict[str, Any] = {
            "tau": 1.0, "V_weir": 10.0, "UA": 0.0, "dH_cryst": 0.0, "kv": 1.0, "solute": 1, "solvent": 0, "crystal": 0,
            "solubility": Solubility.POLYNOMIAL, "rho_solvent": 1000.0, "cp": 3000.0, "molar_mass": 0.1,
            "cp_solid": 3000.0, "rho_solid": 2110.0, "L_edges": L, "S_width": 1e-9, "sol_a": a, "sol_b": b, "sol_c": c,
            "kg": 6967e-6 / 60.0, "g": 1.32, "k2": 2.78e-5 * 1e18 / 60.0 / 2110.0, "b2": 1.78, "j": 1.0,
        }  # fmt: skip
        at = 0.5 * (L[1:] + L[:-1])
        fine = np.linspace(-1.0, 1.0, 4001)
        shape, sizes = 1.0 - fine**2, 1e-4 + 1e-5 * fine
        where = np.clip(np.searchsorted(L, sizes) - 1, 0, bins - 1)
        numbers = np.bincount(where, weights=shape, minlength=bins)
        crystals = numbers * at**3
        crystals *= seed / crystals.sum()
        solute = 492.9904
        # the solvent, of 1 kg, fills what is left of 1 m³
        params["rho"] = [1.0 / (1.0 - (solute + seed) / 2110.0), 2110.0]
        bench = Bench(msmpr, {"fluids": 2, "solids": 1, "bins": bins}, params, T_jacket=300.0)
        y0 = np.concatenate([[0.0, 1.0, solute], crystals])

        def rhs(t: float, y: np.ndarray, bench: Bench = bench) -> np.ndarray:
            y = y.copy()
            y[0] = 3000.0 * y[1:].sum() * (k + 32.0 - 4.0 * t / 4800.0 - T_REF)
            out = bench.rhs(t, y)
            out[0] = 0.0
            return out

        atol = 1e-9 * np.concatenate([[1.0, 1.0, 1.0], np.full(bins, 0.1)])
        y = solve_ivp(rhs, (0.0, 4800.0), y0, method="LSODA", rtol=1e-7, atol=atol, lband=3, uband=3)
        assert y.success
        errors.append(abs(y.y[2, -1] - expected))
        assert y.y[2:, -1].sum() == pytest.approx(solute + seed, rel=1e-12)
    order = math.log2(errors[0] / errors[1])
    case = "KNO3 cooled from 32 to 28 degC in 80 min, classes"
    record(case, "exact moment equations", f"c, seed {seed:g} g/L, 200 classes [g/L]", expected, y.y[2, -1], order)
    assert errors[-1] < 1e-4  # of 64 g/L that crystallize
    assert order > 1.9


CYCLES = """
twin: 1
title: A closed crystallizer
fluids: [ethanol, paracetamol]
solids: [paracetamol]
grids:
  bins: {count: 100, from: 1 um, to: 1500 um, spacing: geometric}
units:
  cr:
    model: crystallization.MODEL
    params: {tau: 1 min, V_weir: 6 L, UA: 40 W/K, dH_cryst: -175 kJ/kg, solute: paracetamol, crystal: paracetamol,
      solvent: ethanol, rho_solvent: 789 kg/m^3, kv: 0.866, solubility: exponential, sol_a: 2.955e-4,
      sol_b: 0.02179 1/K, force: molar, kg: 9.979 m/s, Eg: 40560 J/mol, g: 1.602, k1: 2.66e8 1/(m^3 s), b1: 2.276,
      kd: 1e-6 m/s, M_typical: 50 kg/m^3, T_jacket: 45 degC}
    initial: {V: 5 L, T: 45 degC, w: {ethanol: 0.78, paracetamol: 0.22}, m_seed: 50 g, L_seed: 150 um}
connections: [cr.product -> out]
products: [out]
"""
#: The model with every option has two outlets more, through which nothing flows here.
MORE = "cr.product -> out, cr.fines -> fines, cr.vapour -> vapour]\nproducts: [out, fines, vapour]"


def cycled(folder: Path, model: str, hours: int) -> Any:
    """Cooled to 5 °C in an hour and heated to 45 °C in half of one, over and over."""
    text = CYCLES.replace("MODEL", model)
    if model == "stirred_crystallizer":
        text = text.replace("cr.product -> out]\nproducts: [out]", MORE)
    (folder / "plant.yaml").write_text(text, encoding="utf-8")
    events = "".join(
        f"  - {{at: {h} h, ramp: {{cr.T_jacket: 5 degC}}, over: 60 min, name: cool {h}}}\n"
        f"  - {{at: {h + 1} h, ramp: {{cr.T_jacket: 45 degC}}, over: 30 min, name: heat {h}}}\n"
        for h in range(0, hours, 2)
    )
    text = f"twin: 1\nplant: plant.yaml\ntitle: Cycles\nduration: {hours} h\nrecord: 60 s\nevents:\n{events}"
    (folder / "cycles.yaml").write_text(text, encoding="utf-8")
    result = run(str(folder / "cycles.yaml"), folder / "run.h5", rtol=1e-4)
    assert result.outcome == "finished", result.message
    return open_run(folder / "run.h5")


@pytest.mark.parametrize(
    ("model", "hours"),
    [("msmpr", 4), *(pytest.param(m, 24, marks=pytest.mark.slow) for m in ("msmpr", "stirred_crystallizer"))],
)
def test_closed_crystallizer_through_cycles_of_temperature(model: str, hours: int, tmp_path: Path) -> None:
    """Twelve times nearly all grown and half dissolved again: mass, heat and sign, whatever the tolerance."""
    file = cycled(tmp_path, model, hours)
    balances = {b.name: b.measures for b in file.balances.all}
    assert set(balances) == {"ethanol", "paracetamol", "energy"}
    for name, measures in balances.items():
        record(f"Closed crystallizer, {hours} h of temperature cycles ({model})", "conservation",
               f"relative drift of {name}", 0.0, measures["relative"])  # fmt: skip
        assert measures["relative"] < 1e-12, name
    S, crystals = file.get("cr.S"), file.get("cr.crystals")
    assert S.max() > 0.1
    assert S.min() < -0.03
    mass = crystals.sum(axis=1)
    assert mass.max() > 3.0 * mass.min()
    # van Albada's smoothing lets a class fall below zero by eps (1e-3) of a typical class (50 kg/m³ of 6 L by 100)
    lowest = float(crystals.min()) / (1e-3 * 50.0 * 6e-3 / 100)
    assert lowest > -2.0
