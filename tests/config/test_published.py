"""The flagship's published constants, held against numbers copied from the sources, not from its file."""

from __future__ import annotations

import pytest

from twin.config import load_scenario
from unit_ops.crystallization.laws import Basis, DrivingForce, Solubility

#: Paracetamol in ethanol: Mitchell, Ó'Ciardhá, Frawley, J. Cryst. Growth 328 (2011) 39, as tabulated in
#: daetools tutorial_che_3; k1 is published per minute. SI.
MITCHELL = {
    "kg": 9.979,
    "Eg": 40560.0,
    "g": 1.602,
    "k1": 1.597e10 / 60.0,
    "b1": 2.276,
    "sol_a": 2.955e-4,
    "sol_b": 0.02179,
    "kv": 0.866,
}
#: The forms of law to which those numbers belong.
LAWS = {"solubility": Solubility.EXPONENTIAL, "force": DrivingForce.MOLAR, "basis": Basis.SLURRY}


@pytest.fixture(scope="module")
def units():
    return {unit.name: unit for unit in load_scenario("paracetamol_smooth").plant.units}


@pytest.mark.parametrize("stage", ["crystallizer_1", "crystallizer_2"])
def test_crystallization_kinetics_are_the_published_ones(units, stage: str) -> None:
    params = units[stage].params
    assert {name: params[name] for name in MITCHELL} == pytest.approx(MITCHELL, rel=1e-12)
    assert {name: params[name] for name in LAWS} == LAWS


def test_cake_constants_are_the_published_ones(units) -> None:
    """Destro, Nagy, Barolo, Comput. Chem. Eng. 163 (2022) 107809."""
    found = {name: units["filter"].params[name] for name in ("alpha", "R_m", "epsilon", "S_inf")}
    assert found == pytest.approx({"alpha": 2.7e9, "R_m": 3e9, "epsilon": 0.35, "S_inf": 0.085}, rel=1e-12)
    dried = {name: units["dryer"].params[name] for name in ("zeta", "w_eq", "epsilon")}
    assert dried == pytest.approx({"zeta": 199.78, "w_eq": 5e-4, "epsilon": 0.35}, rel=1e-12)
