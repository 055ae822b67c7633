"""Powder properties for the component database, typed here beside their source; see fit_components.py.

Mixing rules, stated where they are used: bulk, tapped and true volumes of the solids add; constants of
compaction, strength and recovery of a blend are averages over the true volumes of its solids (a working
assumption: no published rule holds in general).

Of the Handbook's densities, those of MCC and povidone (true), magnesium stearate (all three) and croscarmellose
(bulk) were found again in public quotations of the book; the others are marked "not confirmed", with what is plausible.
"""

from __future__ import annotations

from typing import Any

PROPERTIES = {
    "rho_bulk": ("kg/m^3", "bulk density, as poured"),
    "rho_tapped": ("kg/m^3", "tapped density"),
    "d_50": ("m", "median particle size by volume"),
    "flow_function": ("1", "flow function coefficient: consolidation over unconfined yield strength"),
    "kawakita_density": ("1", "Kawakita: relative density from which volume reductions count"),
    "kawakita_a": ("1", "Kawakita: volume reduction at infinite pressure"),
    "kawakita_b": ("1/Pa", "Kawakita: reciprocal pressure"),
    "heckel_A": ("1", "Heckel: intercept of ln 1/(1 - D)"),
    "heckel_K": ("1/Pa", "Heckel: slope, reciprocal of the mean yield pressure"),
    "kl_density": ("1", "Kuentz-Leuenberger: critical relative density"),
    "kl_C": ("1/Pa", "Kuentz-Leuenberger: susceptibility to pressure"),
    "strength_max": ("Pa", "tensile strength of the compact at zero porosity"),
    "porosity_exponent": ("1", "Ryshkewitch-Duckworth: exponent of porosity in the strength"),
    "recovery": ("1/Pa", "elastic recovery: growth of the height over height and pressure"),
}

FITTED = "fitted to the yield curve of PH-102, relative density 0.5 to 0.93 (docs/validation/mcc_compaction.md)"
HANDBOOK = "Rowe, Sheskey & Quinn, Handbook of Pharmaceutical Excipients, 6th ed. 2009, ISBN 978-0-85369-792-3"
MAKER = "IFF, data sheet of Avicel PH-102"


def given(value: str, source: str) -> dict[str, Any]:
    return {"value": value, "source": source}


def invented(value: str, low: str, high: str, why: str) -> dict[str, Any]:
    return {"value": value, "invented": True, "range": [low, high], "source": why}


def mpa(value: float, low: float, high: float, why: str) -> dict[str, Any]:
    return invented(f"{value:g} MPa", f"{low:g} MPa", f"{high:g} MPa", why)


def per_mpa(value: float, low: float, high: float, why: str) -> dict[str, Any]:
    return invented(f"{value:g} 1/MPa", f"{low:g} 1/MPa", f"{high:g} 1/MPa", why)


def number(value: float, low: float, high: float, why: str) -> dict[str, Any]:
    return invented(f"{value:g}", f"{low:g}", f"{high:g}", why)


def density(value: float, low: float, high: float, why: str) -> dict[str, Any]:
    return invented(f"{value:g} kg/m^3", f"{low:g} kg/m^3", f"{high:g} kg/m^3", why)


def size(value: float, low: float, high: float, why: str) -> dict[str, Any]:
    return invented(f"{value:g} um", f"{low:g} um", f"{high:g} um", why)


POWDERS: dict[str, dict[str, dict[str, Any]]] = {
    "mcc": {
        "rho_bulk": given("305 kg/m^3", f"{MAKER}: loose bulk density 0.28 to 0.33 g/mL, its middle"),
        "rho_tapped": density(420.0, 380.0, 480.0, "typical of PH-102"),
        "d_50": given("100 um", f"{MAKER}: typical average particle size"),
        "flow_function": number(6.0, 4.0, 10.0, "easy flowing"),
        "kawakita_density": given("0.30", FITTED),
        "kawakita_a": given("0.7115", FITTED),
        "kawakita_b": given("0.1156 1/MPa", FITTED),
        "heckel_A": given("0.6978", FITTED),
        "heckel_K": given("0.01210 1/MPa", FITTED),
        "kl_density": given("0.1906", FITTED),
        "kl_C": given("0.00777 1/MPa", FITTED),
        "strength_max": mpa(15.0, 10.0, 20.0, "typical of MCC"),
        "porosity_exponent": number(8.0, 6.0, 10.0, "typical of MCC"),
        "recovery": per_mpa(4e-4, 1e-4, 8e-4, "grows by 4 % after 100 MPa"),
    },
    "lactose": {
        "rho_bulk": density(560.0, 450.0, 650.0, "typical of grades for direct compression"),
        "rho_tapped": density(700.0, 600.0, 850.0, "typical of grades for direct compression"),
        "d_50": size(110.0, 60.0, 200.0, "typical of grades for direct compression"),
        "flow_function": number(8.0, 4.0, 15.0, "easy flowing"),
        "kawakita_density": number(0.36, 0.3, 0.45, "between poured and tapped"),
        "kawakita_a": number(0.58, 0.45, 0.65, "typical of brittle fillers"),
        "kawakita_b": per_mpa(0.06, 0.02, 0.12, "typical of brittle fillers"),
        "heckel_A": number(0.75, 0.5, 1.0, "typical of such powders"),
        "heckel_K": per_mpa(0.0058, 0.005, 0.0067, "mean yield pressure 150 to 200 MPa"),
        "kl_density": number(0.35, 0.2, 0.5, "typical of such powders"),
        "kl_C": per_mpa(0.0045, 0.002, 0.008, "typical of such powders"),
        "strength_max": mpa(8.0, 4.0, 12.0, "typical of such powders"),
        "porosity_exponent": number(11.0, 8.0, 14.0, "typical of such powders"),
        "recovery": per_mpa(2e-4, 5e-5, 5e-4, "grows by 2 % after 100 MPa"),
    },
    "magnesium_stearate": {
        "rho_bulk": given("159 kg/m^3", f"{HANDBOOK}: bulk density"),
        "rho_tapped": given("286 kg/m^3", f"{HANDBOOK}: tapped density"),
        "d_50": size(10.0, 3.0, 20.0, "typical of such powders"),
        "flow_function": number(2.0, 1.0, 4.0, "a cohesive powder"),
        "kawakita_density": number(0.22, 0.15, 0.3, "between poured and tapped"),
        "kawakita_a": number(0.75, 0.6, 0.85, "loose and soft"),
        "kawakita_b": per_mpa(0.2, 0.05, 0.5, "loose and soft"),
        "heckel_A": number(0.6, 0.3, 1.0, "typical of soft powders"),
        "heckel_K": per_mpa(0.02, 0.01, 0.05, "typical of soft powders"),
        "kl_density": number(0.2, 0.1, 0.4, "typical of soft powders"),
        "kl_C": per_mpa(0.012, 0.005, 0.03, "typical of soft powders"),
        "strength_max": mpa(1.0, 0.3, 3.0, "hardly bonds"),
        "porosity_exponent": number(10.0, 6.0, 14.0, "typical of such powders"),
        "recovery": per_mpa(6e-4, 2e-4, 1e-3, "grows by 6 % after 100 MPa"),
    },
    "croscarmellose": {
        "rho_bulk": given("529 kg/m^3", f"{HANDBOOK}: bulk density of Ac-Di-Sol"),
        "rho_tapped": given(
            "819 kg/m^3", f"{HANDBOOK}: tapped density of Ac-Di-Sol (not confirmed, 650 to 850 kg/m^3)"
        ),
        "d_50": size(45.0, 30.0, 60.0, "typical of such powders"),
        "flow_function": number(3.0, 2.0, 5.0, "fibres, between cohesive and easy flowing"),
        "kawakita_density": number(0.34, 0.28, 0.45, "poured: bulk over true density"),
        "kawakita_a": number(0.6, 0.5, 0.7, "typical of cellulose fibres"),
        "kawakita_b": per_mpa(0.06, 0.03, 0.12, "typical of cellulose fibres"),
        "heckel_A": number(0.7, 0.5, 1.0, "typical of cellulose fibres"),
        "heckel_K": per_mpa(0.009, 0.006, 0.012, "mean yield pressure 80 to 170 MPa"),
        "kl_density": number(0.25, 0.15, 0.4, "typical of cellulose fibres"),
        "kl_C": per_mpa(0.006, 0.003, 0.01, "typical of cellulose fibres"),
        "strength_max": mpa(6.0, 3.0, 10.0, "bonds less than MCC"),
        "porosity_exponent": number(9.0, 6.0, 12.0, "typical of such powders"),
        "recovery": per_mpa(8e-4, 3e-4, 1.2e-3, "grows by 8 % after 100 MPa"),
    },
    "hypromellose": {
        "rho_bulk": given("341 kg/m^3", f"{HANDBOOK}: bulk density (not confirmed, 250 to 500 kg/m^3)"),
        "rho_tapped": given("557 kg/m^3", f"{HANDBOOK}: tapped density (not confirmed, 400 to 700 kg/m^3)"),
        "d_50": size(80.0, 40.0, 150.0, "typical of such powders"),
        "flow_function": number(3.5, 2.0, 6.0, "between cohesive and easy flowing"),
        "kawakita_density": number(0.26, 0.22, 0.35, "poured: bulk over true density"),
        "kawakita_a": number(0.7, 0.6, 0.8, "typical of plastic polymers"),
        "kawakita_b": per_mpa(0.08, 0.03, 0.15, "typical of plastic polymers"),
        "heckel_A": number(0.5, 0.3, 0.8, "typical of plastic polymers"),
        "heckel_K": per_mpa(0.012, 0.008, 0.016, "mean yield pressure 60 to 125 MPa"),
        "kl_density": number(0.2, 0.1, 0.35, "typical of plastic polymers"),
        "kl_C": per_mpa(0.007, 0.004, 0.01, "typical of plastic polymers"),
        "strength_max": mpa(9.0, 5.0, 14.0, "bonds well, as plastic polymers do"),
        "porosity_exponent": number(7.0, 5.0, 10.0, "typical of such powders"),
        "recovery": per_mpa(8e-4, 4e-4, 1.5e-3, "grows by 8 % after 100 MPa"),
    },
    "povidone": {
        "rho_bulk": given("340 kg/m^3", f"{HANDBOOK}: bulk density 0.29 to 0.39 g/mL, its middle (not confirmed)"),
        "rho_tapped": given("465 kg/m^3", f"{HANDBOOK}: tapped density 0.39 to 0.54 g/mL, its middle (not confirmed)"),
        "d_50": size(80.0, 40.0, 150.0, "typical of such powders"),
        "flow_function": number(6.0, 3.0, 10.0, "spheres, easy flowing"),
        "kawakita_density": number(0.29, 0.22, 0.35, "poured: bulk over true density"),
        "kawakita_a": number(0.66, 0.55, 0.75, "typical of plastic polymers"),
        "kawakita_b": per_mpa(0.08, 0.03, 0.15, "typical of plastic polymers"),
        "heckel_A": number(0.5, 0.3, 0.8, "typical of plastic polymers"),
        "heckel_K": per_mpa(0.012, 0.008, 0.016, "mean yield pressure 60 to 125 MPa"),
        "kl_density": number(0.22, 0.1, 0.35, "typical of plastic polymers"),
        "kl_C": per_mpa(0.007, 0.004, 0.01, "typical of plastic polymers"),
        "strength_max": mpa(8.0, 4.0, 12.0, "bonds well, as plastic polymers do"),
        "porosity_exponent": number(8.0, 5.0, 10.0, "typical of such powders"),
        "recovery": per_mpa(6e-4, 3e-4, 1.2e-3, "grows by 6 % after 100 MPa"),
    },
    "paracetamol": {
        "rho_bulk": density(450.0, 300.0, 600.0, "typical of a crystalline grade"),
        "rho_tapped": density(620.0, 500.0, 800.0, "typical of a crystalline grade"),
        "d_50": size(90.0, 30.0, 250.0, "typical of a crystalline grade"),
        "flow_function": number(3.5, 2.0, 6.0, "between cohesive and easy flowing"),
        "kawakita_density": number(0.38, 0.3, 0.45, "between poured and tapped"),
        "kawakita_a": number(0.6, 0.4, 0.65, "typical of hard crystals"),
        "kawakita_b": per_mpa(0.06, 0.03, 0.1, "typical of hard crystals"),
        "heckel_A": number(0.8, 0.5, 1.2, "typical of hard crystals"),
        "heckel_K": per_mpa(0.009, 0.007, 0.013, "mean yield pressure 80 to 140 MPa"),
        "kl_density": number(0.35, 0.2, 0.5, "typical of hard crystals"),
        "kl_C": per_mpa(0.005, 0.002, 0.01, "typical of hard crystals"),
        "strength_max": mpa(4.0, 2.0, 6.0, "bonds poorly"),
        "porosity_exponent": number(10.0, 6.0, 14.0, "typical of such powders"),
        "recovery": per_mpa(1e-3, 5e-4, 1.5e-3, "grows by 10 % after 100 MPa; known for capping"),
    },
}
