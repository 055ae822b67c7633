"""Wet mill: exact numbers of fragments in a pass, nothing at rest, and a loop with a crystallizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unit_ops.crystallization.wet_mill as wet_mill
from tests.unit_ops.piping.bench import Bench
from twin import jit
from twin.results.reader import open_run
from twin.run import run

L = np.geomspace(5e-6, 1e-3, 41)
PER = 1200.0 * 0.5 * 0.25 * (L[1:] + L[:-1]) * (L[1:] ** 2 + L[:-1] ** 2)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(wet_mill)


def mill(speed: float, **more: Any) -> tuple[Bench, np.ndarray]:
    """0.1 L/s through 0.2 L; crystals of about 300 um."""
    params: dict[str, Any] = {
        "V_mill": 2e-4, "kv": 0.5, "crystal": 0, "S_ref": 0.1, "q": 0.0, "cp": 3000.0, "rho": 1000.0,
        "cp_solid": 1000.0, "rho_solid": 1200.0, "L_edges": L, "tau": 0.1, **more,
    }  # fmt: skip
    crystals = 5e-3 * np.exp(-0.5 * (np.log(np.sqrt(L[1:] * L[:-1]) / 3e-4) / 0.2) ** 2)
    slurry = {"T": 310.0, "m_flow": [0.09], "m_flow_crystals": crystals, "m_flow_solid": crystals.sum()}
    bench = Bench(wet_mill, {"fluids": 1, "solids": 1, "bins": 40}, params, slurry=slurry, relative_speed=speed)
    return bench, bench.solve(bench.initial(T=310.0, w=[1.0]), [0.0, 100.0], method="BDF", rtol=1e-9)[-1]


def test_a_pass_makes_one_crystal_more_of_each_breakage() -> None:
    """S the same for all sizes but the smallest, a part f of all: N_out = N_in/(1 − S τ (1 − f)), τ = V/flow."""
    bench, y = mill(2.0, power_speed=1.0)  # S = 0.2/s
    out, fed = bench.outlet("product", bench.unpack(y)), bench.u.slurry
    residence = bench.measure("V", y) / ((out.m_flow / 1000.0).sum() + out.m_flow_solid / 1200.0)
    numbers = out.m_flow_crystals / PER
    breaking = 1.0 - numbers[0] / numbers.sum()
    assert breaking > 0.99
    expected = (fed.m_flow_crystals / PER).sum() / (1.0 - 0.2 * residence * breaking)
    assert numbers.sum() == pytest.approx(expected, rel=1e-6)
    assert out.m_flow_solid == pytest.approx(fed.m_flow_solid, rel=1e-7)
    assert out.T == pytest.approx(310.0, abs=1e-6)
    rest = mill(0.0)
    assert bench.measure("L43", y) < 0.95 * rest[0].measure("L43", rest[1])


def test_at_rest_crystals_pass_unbroken() -> None:
    bench, y = mill(0.0)
    out, fed = bench.outlet("product", bench.unpack(y)), bench.u.slurry
    assert out.m_flow_crystals == pytest.approx(fed.m_flow_crystals, rel=1e-6, abs=1e-12)


def test_the_shaft_warms_the_slurry() -> None:
    bench, y = mill(1.0, shaft_power=1000.0)
    fed = bench.u.slurry
    C = 0.09 * 3000.0 + fed.m_flow_solid * 1000.0
    assert bench.outlet("product", bench.unpack(y)).T == pytest.approx(310.0 + 1000.0 / C, abs=1e-4)


LOOP = """
twin: 1
title: Mill in a loop
fluids: [ethanol, paracetamol]
solids: [paracetamol]
grids:
  bins: {count: 30, from: 5 um, to: 1500 um, spacing: geometric}
units:
  cr:
    model: crystallization.stirred_crystallizer
    params: {tau: 10 s, V_weir: 10 L, UA: 40 W/K, dH_cryst: -175 kJ/kg, solute: paracetamol, crystal: paracetamol,
      solvent: ethanol, rho_solvent: 789 kg/m^3, kv: 0.866, solubility: exponential, sol_a: 2.955e-4,
      sol_b: 0.02179 1/K, force: molar, kg: 9.979 m/s, Eg: 40560 J/mol, g: 1.602, kd: 1e-6 m/s, V_flow_out: 50 mL/s,
      T_jacket: 20 degC}
    initial: {V: 5 L, T: 30 degC, w: {ethanol: 0.8, paracetamol: 0.2}, m_seed: 100 g, L_seed: 200 um}
  mill:
    model: crystallization.wet_mill
    params: {V_mill: 100 mL, kv: 0.866, crystal: paracetamol, S_ref: 0.02 1/s, relative_speed: 1, shaft_power: 20 W}
    initial: {T: 30 degC, w: {ethanol: 0.8, paracetamol: 0.2}}
connections: [cr.product -> mill.slurry, mill.product -> cr.slurry, cr.fines -> fines, cr.vapour -> vapour]
products: [fines, vapour]
"""


def test_a_loop_with_a_crystallizer_breaks_what_grows(tmp_path: Path) -> None:
    """Through the whole engine: mass and heat close, milling at twice the speed makes smaller crystals."""
    (tmp_path / "plant.yaml").write_text(LOOP, encoding="utf-8")
    text = "twin: 1\nplant: plant.yaml\ntitle: Mill\nduration: 1 h\nrecord: 60 s\n"
    (tmp_path / "mill.yaml").write_text(text, encoding="utf-8")
    sizes = []
    for speed in ("1", "2"):
        result = run(str(tmp_path / "mill.yaml"), tmp_path / f"{speed}.h5", set=[f"mill.relative_speed={speed}"])
        assert result.outcome == "finished", result.message
        file = open_run(tmp_path / f"{speed}.h5")
        for balance in file.balances.all:
            # 36 times the holdup goes round: 1e-10 of the heat, 1e-11 of paracetamol
            assert balance.measures["relative"] < 1e-9, balance.name
        sizes.append(file.get("cr.L43")[-1])
    assert sizes[1] < 0.8 * sizes[0] < 0.8 * 3e-4
