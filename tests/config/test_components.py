"""The component database: complete, sourced, and equal to what the libraries it was fitted from say."""

from __future__ import annotations

import math
import runpy
from pathlib import Path

import pytest

from twin.config import ConfigError
from twin.config.components import database, read_database
from twin.config.reading import read_file
from twin.units import parse_quantity

FILE = Path(__file__).parents[2] / "unit_ops" / "properties" / "components.yaml"
VOLATILE = ("ethanol", "water", "acetic_acid", "acetic_anhydride")
DISSOLVED = ("p_aminophenol", "paracetamol", "nitrogen")


def test_every_value_has_a_source_and_an_invented_one_a_range_around_it() -> None:
    root = read_file(FILE, FILE.name).plain()
    for name, properties in root["components"].items():
        assert properties["CAS"].count("-") == 2
        for key, entry in properties.items():
            if key in ("name", "formula", "CAS"):
                continue
            assert len(entry["source"]) > 10, (name, key)
            if entry.get("invented"):
                unit = root["properties"][key]["unit"]
                low, high = (parse_quantity(text, str(unit)) for text in entry["range"])
                assert low <= database().values[name][key] <= high, (name, key)


def test_what_flows_as_a_fluid_has_every_property_of_a_fluid() -> None:
    needed = {"molar_mass", "rho_liquid", "cp_liquid", "psat_A", "psat_B", "psat_C", "psat_D", "dH_vap"}
    for name in (*VOLATILE, *DISSOLVED):
        assert needed <= set(database().values[name]), name
    solids = ("paracetamol", "mcc", "lactose", "magnesium_stearate", "croscarmellose", "hypromellose", "povidone")
    for name in solids:
        assert {"molar_mass", "rho_solid", "cp_solid"} <= set(database().values[name]), name


def test_the_synthesis_of_paracetamol_balances_to_rounding() -> None:
    mass = {name: values["molar_mass"] for name, values in database().values.items()}
    made = mass["paracetamol"] + mass["acetic_acid"]
    # molar masses carry all digits of the atomic weights, so that no reaction makes mass
    assert mass["p_aminophenol"] + mass["acetic_anhydride"] == pytest.approx(made, rel=1e-15)


def vapour_pressure(name: str, T: float) -> float:
    v = database().values[name]
    return math.exp(v["psat_A"] + v["psat_B"] / T + v["psat_C"] * math.log(T) + v["psat_D"] * T)


@pytest.mark.parametrize(
    ("name", "T"), [("ethanol", 351.44), ("water", 373.12), ("acetic_acid", 391.05), ("acetic_anhydride", 412.7)]
)
def test_vapour_pressure_is_an_atmosphere_at_the_boiling_point(name: str, T: float) -> None:
    """Normal boiling points: CRC Handbook of Chemistry and Physics, 97th ed., section 3."""
    # 1.5 %: 0.3 to 0.5 K of spread between handbooks
    assert vapour_pressure(name, T) == pytest.approx(101325.0, rel=0.015)


def test_ethanol_agrees_with_the_published_drying_model() -> None:
    """Psat(298.15 K) = 7927.72 Pa in ContCarSim, doi:10.1016/j.compchemeng.2022.107809."""
    assert vapour_pressure("ethanol", 298.15) == pytest.approx(7927.72119, rel=0.01)


@pytest.mark.parametrize("name", DISSOLVED)
def test_what_does_not_evaporate_has_no_vapour_pressure(name: str) -> None:
    assert vapour_pressure(name, 400.0) < 1e-40


def test_the_file_is_what_the_script_writes(tmp_path: Path) -> None:
    """Written again with the libraries at hand, when they are of the versions that the file names."""
    pytest.importorskip("thermo")
    import warnings
    from importlib.metadata import version

    text = FILE.read_text(encoding="utf-8")
    if f"chemicals {version('chemicals')}, thermo {version('thermo')}" not in text:
        pytest.skip("fitted with other versions of the libraries")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries' own
        script = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "fit_components.py"))
        out = tmp_path / "components.yaml"
        script["main"](out)
    again, here = read_database(out).values, database().values
    assert again.keys() == here.keys()
    for name, values in here.items():
        # 1e-6: least squares differ in their last digits between builds of LAPACK
        assert values == pytest.approx(again[name], rel=1e-6), name


def test_a_broken_database_is_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "components.yaml"
    file.write_text(
        "properties: {rho: {unit: kg/m^3, meaning: density}}\ncomponents: {x: {rho: 3 m}}\n", encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="components.yaml:2:23: not such a quantity"):
        read_database(file)
