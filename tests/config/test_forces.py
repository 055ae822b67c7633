"""Rate coefficients in their published units, and a wrong basis as an error that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verification.closed_crystallizer import NONE, TEXT
from twin.config import load_plant
from twin.errors import ConfigError


def kg(folder: Path, text: str, force: str, g: str = "1.602") -> float:
    """Growth coefficient as the unit has it."""
    written = TEXT.replace("kg: 2e-8 m/s, g: 1,", f"kg: {text}, g: {g}, force: {force},")
    file = folder / "plant.yaml"
    file.write_text(
        written.format(bins=10, top=1000, model="msmpr", more=NONE, sol_a=1.2e-3, w_solvent=0.5, w_solute=0.5, seed="",
                       connections="cr.product -> out", products="out"),
        encoding="utf-8",
    )  # fmt: skip
    return float(load_plant(file).units[0].params["kg"])


def test_published_units_are_converted(tmp_path: Path) -> None:
    """Mitchell et al. 2011 for growth: 9.979 m/s over (kmol/m³)^1.602; the same in other units of both."""
    assert kg(tmp_path, "9.979 m/s", "molar") == 9.979
    assert kg(tmp_path, "9.979 m/(s (kmol/m^3)^1.602)", "molar") == pytest.approx(9.979, rel=1e-15)
    assert kg(tmp_path, "9.979 m/(s (mol/L)^1.602)", "molar") == pytest.approx(9.979, rel=1e-15)
    assert kg(tmp_path, "1e6 um/(s (mol/m^3)^1.5)", "molar", "1.5") == pytest.approx(1000.0**1.5, rel=1e-14)
    assert kg(tmp_path, "60 mm/(min (g/L)^2)", "mass", "2") == pytest.approx(1e-3, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "force", "message"),
    [
        ("9.979 m/(s (kmol/m^3)^1.602)", "relative", "in kmol/m^3 (force: molar), but the force is relative"),
        ("9.979 m/(s (kmol/m^3)^1.602)", "mass", "(force: molar), but the force is mass"),
        ("3 um/(s (g/L)^1.602)", "molar", "in kg/m^3 (force: mass), but the force is molar"),
        ("9.979 m/(s (kmol/m^3)^1.6)", "molar", "to the power 1.602, the exponent given here"),
        ("9.979 kg/s", "molar", "neither in m/s nor"),
    ],
)
def test_a_wrong_basis_is_named(text: str, force: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        kg(tmp_path, text, force)
    assert message in str(error.value)
    assert "kg" in str(error.value)
