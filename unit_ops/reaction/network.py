"""Reaction networks written as text in YAML: parsed, and checked to conserve mass.

    reactions:
      - {equation: A + 2 B -> C, k0: 1.95 L/(mol min), T_ref: 108 degC, E: 50 kJ/mol, dH: -90 kJ/mol}
      - {equation: B + D -> 2 E, k0: 3e5 1/s, E: 60 kJ/mol, dH: 0 J/mol, orders: {B: 1, D: 0}}

The rate of a reaction is k0 exp(−E/R (1/T − 1/T_ref)) Π c_i^order_i in mol/(m³ s), with c_i in
mol/m³; without `T_ref` it is k0 exp(−E/(R T)) Π c_i^order_i. Orders are those of the reactants in
the equation unless given. Heats are per mole of the reaction as written.

A reversible reaction is written with `<->` and one of two more entries:

      - {equation: A + B <-> C, k0: 1 L/(mol s), T_ref: 350 K, E: 50 kJ/mol, dH: -40 kJ/mol, K: 5 L/mol, T_K: 298.15 K}
      - {equation: A + B <-> C, k0: 1 L/(mol s), T_ref: 350 K, E: 50 kJ/mol, dH: -40 kJ/mol, k0_rev: 0.2 1/s}

`K` is the equilibrium constant in concentrations at `T_K` (at `T_ref` unless given), and follows
van 't Hoff, K(T) = K exp(−dH/R (1/T − 1/T_K)). `k0_rev` is the rate constant of the way back,
referred to the same `T_ref`; its activation energy is `E_rev`, or E − dH unless given. Either way
the way back has the orders order_i + ν_i, so that both ways balance where Π c_i^ν_i = K, whatever
the orders. It becomes a reaction of its own, with heat and stoichiometry reversed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twin.quantity import parse_quantity
from unit_ops.reaction.rates import R_GAS

#: Imbalance of a reaction's masses that is taken for rounded molar masses.
MASS_TOLERANCE = 1e-6

#: Most reactions in a reactor with cells: each has an integral of its own there.
MAX_REACTIONS = 4

_KEYS = ("equation", "k0", "E", "T_ref", "dH", "orders", "K", "T_K", "k0_rev", "E_rev")
_ARRAYS = ("nu_mass", "orders", "k0", "E", "inv_T_ref", "dH")
_TERM = re.compile(r"(?:(\d+(?:\.\d+)?)\s+)?(\S+)")


def configure_reactions(
    entries: Sequence[Mapping[str, Any]],
    fluids: Sequence[str],
    components: Mapping[str, Mapping[str, float]],
    most: int | None = MAX_REACTIONS,
) -> tuple[dict[str, int], dict[str, np.ndarray]]:
    """Turn the `reactions:` of a unit into its dimension and parameter arrays.

    Parameters
    ----------
    entries : sequence of mappings
        As written in YAML; quantities as text with units or as numbers in SI.
    fluids : sequence of str
        Component names, in the plant's order.
    components : mapping
        Properties of each component; `molar_mass` [kg/mol] is needed of those that react.
    most : int or None
        Reactions that the unit can take (a reversible one counts twice); None for any number.

    Returns
    -------
    dims : dict
        {"reactions": n}
    params : dict of arrays
        `nu_mass` (n, fluids) [kg/mol], `orders` (n, fluids), `k0`, `E` [J/mol], `inv_T_ref` [1/K],
        `dH` [J/mol] (n,).

    Raises
    ------
    ValueError
        For what cannot be read, an unknown component, or an equation that does not conserve mass;
        the message names the reaction and the imbalance.
    """
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise ValueError("reactions: expected a list of {equation, k0, E, dH}")
    rows: list[dict[str, Any]] = []
    for number, entry in enumerate(entries):
        rows += _reaction(number, entry, list(fluids), components)
    if most is not None and len(rows) > most:
        raise ValueError(f"reactions: {len(rows)} given, at most {most} fit one reactor (reversible ones count twice)")
    n = len(rows)
    shapes = {name: (n, len(fluids)) if name in ("nu_mass", "orders") else (n,) for name in _ARRAYS}
    params = {name: np.array([row[name] for row in rows], float).reshape(shapes[name]) for name in _ARRAYS}
    return {"reactions": n}, params


def _reaction(
    number: int, entry: Mapping[str, Any], fluids: list[str], components: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Read one entry: a reaction, and its way back if it has one."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("equation"), str):
        raise ValueError(f"reaction {number + 1}: expected {{equation: 'A + B -> C', k0, E, dH}}")
    text = entry["equation"]
    unknown = [key for key in entry if key not in _KEYS]
    if unknown:
        raise ValueError(f"reaction '{text}': unknown key '{unknown[0]}'; it may have {', '.join(_KEYS)}")
    missing = [key for key in ("k0", "E", "dH") if key not in entry]
    if missing:
        raise ValueError(f"reaction '{text}': {missing[0]} is missing")
    reactants, products = _equation(text, fluids)
    given = entry.get("orders", reactants)
    if not isinstance(given, Mapping):
        raise ValueError(f"reaction '{text}': orders is a mapping such as {{A: 1, B: 0.5}}")
    orders = np.zeros(len(fluids))
    for name, order in given.items():
        if name not in fluids:
            raise ValueError(f"reaction '{text}': orders names '{name}', which is not among the fluids")
        orders[fluids.index(name)] = _number(text, "orders", order, "1")
    forward = {
        "nu_mass": _mass_stoichiometry(text, reactants, products, fluids, components),
        "orders": orders,
        "k0": _number(text, "k0", entry["k0"], rate_unit(float(orders.sum()))),
        "E": _number(text, "E", entry["E"], "J/mol"),
        "inv_T_ref": 1.0 / _temperature(text, "T_ref", entry["T_ref"]) if "T_ref" in entry else 0.0,
        "dH": _number(text, "dH", entry["dH"], "J/mol"),
    }
    if "<->" in text:
        return [forward, _way_back(text, entry, forward, reactants, products, fluids)]
    surplus = [key for key in ("K", "T_K", "k0_rev", "E_rev") if key in entry]
    if surplus:
        raise ValueError(f"reaction '{text}': {surplus[0]} belongs to a reversible reaction, 'A + B <-> C'")
    return [forward]


def _way_back(
    text: str,
    entry: Mapping[str, Any],
    forward: Mapping[str, Any],
    reactants: Mapping[str, float],
    products: Mapping[str, float],
    fluids: list[str],
) -> dict[str, Any]:
    """Give the reverse of a reversible reaction, from its equilibrium constant or its own rate constant."""
    if ("K" in entry) == ("k0_rev" in entry):
        raise ValueError(f"reaction '{text}': give either K, the equilibrium constant, or k0_rev, the rate back")
    nu = np.array([products.get(name, 0.0) - reactants.get(name, 0.0) for name in fluids])
    orders = forward["orders"] + nu
    orders[np.abs(orders) < 1e-12] = 0.0  # rounding of 1.1 − 1.1, written as a sum
    if np.any(orders < 0.0):
        name = fluids[int(np.argmin(orders))]
        raise ValueError(
            f"reaction '{text}': no rate back is in equilibrium with these orders; that of '{name}' "
            f"would be {orders.min():g}: give it at least the order {-nu[fluids.index(name)]:g}"
        )
    E, dH, inv_T_ref = forward["E"], forward["dH"], forward["inv_T_ref"]
    if "K" in entry:
        if "E_rev" in entry:
            raise ValueError(f"reaction '{text}': E_rev belongs to k0_rev; with K it follows from dH")
        K = _number(text, "K", entry["K"], _power_unit(float(nu.sum())))
        if K <= 0.0:
            raise ValueError(f"reaction '{text}': K must be positive")
        if "T_K" not in entry and "T_ref" not in entry and dH != 0.0:
            raise ValueError(f"reaction '{text}': T_K is missing, the temperature to which K refers")
        inv_T_K = 1.0 / _temperature(text, "T_K", entry["T_K"]) if "T_K" in entry else inv_T_ref
        k0, E_rev = forward["k0"] / K * math.exp(dH / R_GAS * (inv_T_ref - inv_T_K)), E - dH
    else:
        if "T_K" in entry:
            raise ValueError(f"reaction '{text}': T_K belongs to K; k0_rev refers to T_ref, as k0 does")
        k0 = _number(text, "k0_rev", entry["k0_rev"], rate_unit(float(orders.sum())))
        E_rev = _number(text, "E_rev", entry["E_rev"], "J/mol") if "E_rev" in entry else E - dH
    back = {"nu_mass": -forward["nu_mass"], "orders": orders, "k0": k0}
    return {**back, "E": E_rev, "inv_T_ref": inv_T_ref, "dH": -dH}


def _temperature(text: str, key: str, value: Any) -> float:
    T = _number(text, key, value, "K")
    if T <= 0.0:
        raise ValueError(f"reaction '{text}': {key} must lie above 0 K")
    return T


def rate_unit(order: float) -> str:
    """Unit of a rate constant of the given overall order: (m³/mol)^(order − 1)/s."""
    if order == 1.0:
        return "1/s"
    if order != int(order):
        return "1"  # no unit can be written for it: a plain number, in SI
    n = int(order) - 1
    if n < 0:
        return "mol/(m^3 s)"
    return f"m^{3 * n}/(mol^{n} s)"


def _power_unit(exponent: float) -> str:
    """Unit of a concentration's power: (mol/m³)^exponent."""
    n = int(exponent)
    if exponent != n or n == 0:
        return "1"
    return f"mol^{n}/m^{3 * n}" if n > 0 else f"m^{-3 * n}/mol^{-n}"


def _number(text: str, key: str, value: Any, unit: str) -> float:
    try:
        return parse_quantity(value, unit)
    except ValueError as error:
        raise ValueError(f"reaction '{text}': {key}: {error}") from None


def _equation(text: str, fluids: list[str]) -> tuple[dict[str, float], dict[str, float]]:
    sides = re.split(r"\s*<?->\s*", text.strip())
    if len(sides) != 2:
        raise ValueError(f"reaction '{text}': write it as 'A + B -> C'")
    found = []
    for side in sides:
        terms: dict[str, float] = {}
        for term in re.split(r"\s+\+\s+", side.strip()):
            match = _TERM.fullmatch(term.strip())
            if match is None:
                raise ValueError(f"reaction '{text}': '{term}' is no component; write it as 'A + 2 B -> C'")
            name = match.group(2)
            if name not in fluids:
                raise ValueError(f"reaction '{text}': '{name}' is not among the fluids: {', '.join(fluids)}")
            terms[name] = terms.get(name, 0.0) + float(match.group(1) or 1.0)
        found.append(terms)
    return found[0], found[1]


def _mass_stoichiometry(
    text: str,
    reactants: dict[str, float],
    products: dict[str, float],
    fluids: list[str],
    components: Mapping[str, Mapping[str, float]],
) -> np.ndarray:
    """kg of each component per mole of reaction; the sum is zero to rounding."""
    for name in (*reactants, *products):
        if "molar_mass" not in components.get(name, {}):
            raise ValueError(f"reaction '{text}': component '{name}' has no molar_mass")
    masses = [sum(n * components[name]["molar_mass"] for name, n in side.items()) for side in (reactants, products)]
    if abs(masses[0] - masses[1]) > MASS_TOLERANCE * masses[0]:
        raise ValueError(
            f"reaction '{text}' does not conserve mass: {1e3 * masses[0]:.6g} g/mol react and "
            f"{1e3 * masses[1]:.6g} g/mol form (imbalance {1e3 * (masses[1] - masses[0]):+.6g} g/mol)"
        )
    nu = np.zeros(len(fluids))
    for name, n in reactants.items():
        nu[fluids.index(name)] -= n * components[name]["molar_mass"]
    for name, n in products.items():  # scaled so that rounded molar masses create nothing
        nu[fluids.index(name)] += n * components[name]["molar_mass"] * (masses[0] / masses[1])
    return nu
