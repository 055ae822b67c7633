"""Write unit_ops/properties/components.yaml: run after adding a component or a property.

    python docs/fit_components.py

Numbers that the `chemicals` and `thermo` libraries hold (both are authoring tools only; nothing
imports them at run time) are taken from them at 298.15 K or fitted over the stated range; the others
are typed here beside their source. What no source gives is marked `invented` with a range.
"""

from __future__ import annotations

import runpy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import chemicals
import numpy as np
from thermo import (
    EnthalpyVaporization,
    HeatCapacityGas,
    HeatCapacityLiquid,
    VaporPressure,
    ViscosityLiquid,
    VolumeLiquid,
)

OUTPUT = Path(__file__).parents[1] / "unit_ops" / "properties" / "components.yaml"
T = 298.15
POWDERS = runpy.run_path(str(Path(__file__).with_name("powder_components.py")))
LIBRARIES = f"chemicals {version('chemicals')}, thermo {version('thermo')}"

PROPERTIES = {
    "molar_mass": ("kg/mol", "molar mass"),
    "rho_liquid": ("kg/m^3", "density as a liquid, or effective density when dissolved"),
    "cp_liquid": ("J/(kg K)", "specific heat capacity as a liquid or dissolved; of a permanent gas: as a gas"),
    "rho_solid": ("kg/m^3", "true density of the solid"),
    "cp_solid": ("J/(kg K)", "specific heat capacity of the solid"),
    "cp_gas": ("J/(kg K)", "specific heat capacity of the vapour"),
    "psat_A": ("1", "vapour pressure: ln(p/Pa) = A + B/T + C ln(T/K) + D T"),
    "psat_B": ("K", "vapour pressure: coefficient of 1/T"),
    "psat_C": ("1", "vapour pressure: coefficient of ln(T/K)"),
    "psat_D": ("1/K", "vapour pressure: coefficient of T"),
    "psat_T_low": ("K", "vapour pressure: lowest temperature of its fit"),
    "psat_T_high": ("K", "vapour pressure: highest temperature of its fit"),
    "dH_vap": ("J/kg", "heat of evaporation at 298.15 K"),
    "mu_liquid": ("Pa s", "viscosity of the liquid at 298.15 K"),
    **POWDERS["PROPERTIES"],
}
HANDBOOK = "Rowe, Sheskey & Quinn, Handbook of Pharmaceutical Excipients, 6th ed. 2009, ISBN 978-0-85369-792-3"
CONTCARSIM = "Destro, Nagy & Barolo, Comput. Chem. Eng. 163 (2022) 107809, doi:10.1016/j.compchemeng.2022.107809"

#: name: (shown, formula, CAS, kind)
COMPONENTS = {
    "ethanol": ("ethanol", "C2H6O", "64-17-5", "volatile"),
    "water": ("water", "H2O", "7732-18-5", "volatile"),
    "acetic_acid": ("acetic acid", "C2H4O2", "64-19-7", "volatile"),
    "acetic_anhydride": ("acetic anhydride", "C4H6O3", "108-24-7", "volatile"),
    "p_aminophenol": ("4-aminophenol", "C6H7NO", "123-30-8", "dissolved"),
    "paracetamol": ("paracetamol", "C8H9NO2", "103-90-2", "dissolved"),
    "nitrogen": ("nitrogen", "N2", "7727-37-9", "gas"),
    "mcc": ("microcrystalline cellulose (repeating unit)", "C6H10O5", "9004-34-6", "solid"),
    "lactose": ("lactose monohydrate", "C12H24O12", "64044-51-5", "solid"),
    "magnesium_stearate": ("magnesium stearate", "C36H70MgO4", "557-04-0", "solid"),
    "croscarmellose": ("croscarmellose sodium (repeating unit, one carboxymethyl)", "C8H11NaO7", "74811-65-7", "solid"),
    "hypromellose": ("hypromellose (repeating unit, two methoxyls)", "C8H14O5", "9004-65-3", "solid"),
    "povidone": ("povidone (repeating unit)", "C6H9NO", "9003-39-8", "solid"),
}


def given(value: str, source: str) -> dict[str, Any]:
    return {"value": value, "source": source}


def invented(value: str, low: str, high: str, why: str) -> dict[str, Any]:
    return {"value": value, "invented": True, "range": [low, high], "source": why}


#: Values typed by hand, by component and property.
TYPED: dict[str, dict[str, dict[str, Any]]] = {
    "paracetamol": {
        "rho_liquid": invented("1293 kg/m^3", "1150 kg/m^3", "1350 kg/m^3", "taken as the crystal's density"),
        "cp_liquid": invented("2267 J/(kg K)", "1200 J/(kg K)", "2400 J/(kg K)", "taken as the crystal's"),
        "rho_solid": given("1293 kg/m^3", CONTCARSIM),
        "cp_solid": given("2267 J/(kg K)", CONTCARSIM),
    },
    "p_aminophenol": {
        "rho_liquid": invented("1290 kg/m^3", "1100 kg/m^3", "1350 kg/m^3", "taken close to the crystal's density"),
        "cp_liquid": invented(
            "1800 J/(kg K)", "1200 J/(kg K)", "2400 J/(kg K)", "between its solid and aromatic liquids"
        ),
        "rho_solid": invented("1290 kg/m^3", "1250 kg/m^3", "1330 kg/m^3", "typical of the crystal"),
        "cp_solid": invented("1250 J/(kg K)", "1100 J/(kg K)", "1500 J/(kg K)", "typical of aromatic crystals"),
    },
    "nitrogen": {
        "rho_liquid": invented(
            "807 kg/m^3", "700 kg/m^3", "900 kg/m^3", "liquid at its boiling point; none is held as a liquid"
        ),
    },
    "mcc": {
        "rho_solid": given("1560 kg/m^3", f"{HANDBOOK}: true density 1512 to 1668 kg/m^3"),
        "cp_solid": invented("1250 J/(kg K)", "1100 J/(kg K)", "1500 J/(kg K)", "typical of dry cellulose"),
    },
    "lactose": {
        "rho_solid": given(
            "1545 kg/m^3", f"{HANDBOOK}: true density of alpha-lactose monohydrate (not confirmed, 1520 to 1550 kg/m^3)"
        ),
        "cp_solid": invented("1250 J/(kg K)", "1100 J/(kg K)", "1400 J/(kg K)", "typical of crystalline sugars"),
    },
    "magnesium_stearate": {
        "rho_solid": given("1092 kg/m^3", f"{HANDBOOK}: true density"),
        "cp_solid": invented("1900 J/(kg K)", "1500 J/(kg K)", "2300 J/(kg K)", "typical of metal soaps"),
    },
    "croscarmellose": {
        "rho_solid": given(
            "1543 kg/m^3", f"{HANDBOOK}: true density of Ac-Di-Sol (not confirmed, 1500 to 1600 kg/m^3)"
        ),
        "cp_solid": invented("1300 J/(kg K)", "1100 J/(kg K)", "1500 J/(kg K)", "typical of dry cellulose"),
    },
    "hypromellose": {
        "rho_solid": given("1326 kg/m^3", f"{HANDBOOK}: true density (not confirmed, 1260 to 1390 kg/m^3)"),
        "cp_solid": invented("1400 J/(kg K)", "1200 J/(kg K)", "1600 J/(kg K)", "typical of cellulose ethers"),
    },
    "povidone": {
        "rho_solid": given("1180 kg/m^3", f"{HANDBOOK}: true density"),
        "cp_solid": invented("1400 J/(kg K)", "1200 J/(kg K)", "1700 J/(kg K)", "typical of dry polymers"),
    },
}
#: Which method of the library gives a property, where its own choice is none or poor at 298.15 K.
METHODS = {
    "cp_liquid": {"ethanol": "CRCSTD", "water": "CRCSTD", "acetic_acid": "CRCSTD", "acetic_anhydride": "POLING_CONST"},
    "dH_vap": {
        "ethanol": "CRC_HVAP_298",
        "water": "CRC_HVAP_298",
        "acetic_acid": "CRC_HVAP_298",
        "acetic_anhydride": "DIPPR_PERRY_8E",
    },
}
FIT_RANGE = {
    "ethanol": (255.0, 400.0),
    "water": (274.0, 420.0),
    "acetic_acid": (270.0, 420.0),
    "acetic_anhydride": (270.0, 430.0),
}
#: Where the published equation is led on below its own range.
LED_ON = {"acetic_acid": "below 289.8 K, where it freezes alone, led on as of the liquid that it is in others"}
NEVER = "by convention: never evaporates (1e-43 Pa)"


def vapour_pressure(name: str, model: VaporPressure) -> dict[str, dict[str, Any]]:
    """Fit ln p = A + B/T + C ln T + D T to DIPPR 101 by least squares; the source tells the largest error."""
    low, high = FIT_RANGE[name]
    temperatures = np.linspace(low, high, 200)
    exact = np.log([model.calculate(t, "DIPPR_PERRY_8E") for t in temperatures])
    columns = np.column_stack([np.ones(200), 1.0 / temperatures, np.log(temperatures), temperatures])
    scale = np.abs(columns).max(axis=0)
    coefficients = np.linalg.lstsq(columns / scale, exact, rcond=None)[0] / scale
    error = np.abs(columns @ coefficients - exact).max()
    source = (
        f"fitted to DIPPR 101 of Perry 8th ed. ({LIBRARIES}), {low:g} to {high:g} K, largest error {100 * error:.1g} %"
    )
    if name in LED_ON:
        source += f"; {LED_ON[name]}"
    units = ("", " K", "", " 1/K")
    fitted = {
        f"psat_{letter}": given(f"{float(value):.10g}{unit}", source)
        for letter, value, unit in zip("ABCD", coefficients, units, strict=True)
    }
    return {**fitted, "psat_T_low": given(f"{low:g} K", source), "psat_T_high": given(f"{high:g} K", source)}


def volatile(name: str, cas: str, molar_mass: float) -> dict[str, dict[str, Any]]:
    constants = {"MW": chemicals.MW(cas), "Tb": chemicals.Tb(cas), "Tc": chemicals.Tc(cas), "Pc": chemicals.Pc(cas)}
    values: dict[str, dict[str, Any]] = {}

    def add(key: str, model: Any, convert: Any, unit: str, default: str | None = None) -> None:
        method = METHODS.get(key, {}).get(name, default) or model.method
        number = convert(model.calculate(T, method))
        values[key] = given(f"{number:.6g} {unit}", f"{LIBRARIES}: {method}")

    volume = VolumeLiquid(CASRN=cas, **constants)
    add("rho_liquid", volume, lambda v: molar_mass / v, "kg/m^3", "DIPPR_PERRY_8E" if name != "water" else None)
    add("cp_liquid", HeatCapacityLiquid(CASRN=cas, **constants), lambda c: c / molar_mass, "J/(kg K)")
    add("cp_gas", HeatCapacityGas(CASRN=cas, MW=constants["MW"]), lambda c: c / molar_mass, "J/(kg K)")
    pressure = VaporPressure(CASRN=cas, **constants)
    values.update(vapour_pressure(name, pressure))
    add("dH_vap", EnthalpyVaporization(CASRN=cas, **constants), lambda h: h / molar_mass, "J/kg")
    add("mu_liquid", ViscosityLiquid(CASRN=cas, **constants), lambda mu: mu, "Pa s", "DIPPR_PERRY_8E")
    return values


def nonvolatile() -> dict[str, dict[str, Any]]:
    return {
        "psat_A": given("-100", NEVER),
        "psat_B": given("0 K", NEVER),
        "psat_C": given("0", NEVER),
        "psat_D": given("0 1/K", NEVER),
        "psat_T_low": given("1 K", NEVER),
        "psat_T_high": given("1e4 K", NEVER),
        "dH_vap": given("0 J/kg", NEVER),
    }


def component(name: str, formula: str, cas: str, kind: str) -> dict[str, dict[str, Any]]:
    molar_mass = chemicals.molecular_weight(chemicals.simple_formula_parser(formula)) / 1000.0
    values = {"molar_mass": given(f"{1000.0 * molar_mass:.9g} g/mol", f"{LIBRARIES}: molecular_weight of the formula")}
    if kind == "volatile":
        values |= volatile(name, cas, molar_mass)
    if kind == "gas":
        gas = HeatCapacityGas(CASRN=cas, MW=1000.0 * molar_mass)
        number = gas.calculate(T, "CRCSTD") / molar_mass
        for key in ("cp_liquid", "cp_gas"):
            values[key] = given(f"{number:.6g} J/(kg K)", f"{LIBRARIES}: CRCSTD of the gas")
    values |= TYPED.get(name, {}) | POWDERS["POWDERS"].get(name, {})
    if kind in ("gas", "dissolved"):
        values |= nonvolatile()
    if kind == "dissolved":
        values["cp_gas"] = given(values["cp_liquid"]["value"], NEVER)
    return {key: values[key] for key in PROPERTIES if key in values}


def line(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(value) + "]"
    return f"'{value}'" if any(c in value for c in ":,") else value


def main(output: Path = OUTPUT) -> None:
    out = ["# Written by docs/fit_components.py: change that, not this.", "twin: 1", "", "properties:"]
    for name, (unit, meaning) in PROPERTIES.items():
        out.append(f"  {name}: {{unit: {unit}, meaning: '{meaning}'}}")
    out += ["", "components:"]
    for name, (shown, formula, cas, kind) in COMPONENTS.items():
        out += [f"  {name}:", f"    name: {shown}", f"    formula: {formula}", f"    CAS: {cas}"]
        for key, value in component(name, formula, cas, kind).items():
            inner = ", ".join(f"{k}: {line(v)}" for k, v in value.items())
            out.append(f"    {key}: {{{inner}}}")
        out.append("")
    output.write_text("\n".join(out).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
