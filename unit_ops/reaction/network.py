"""Reaction networks written as text in YAML: parsed, and checked to conserve mass.

    reactions:
      - {equation: A + 2 B -> C, k0: 1.95 L/(mol min), T_ref: 108 degC, E: 50 kJ/mol, dH: -90 kJ/mol}
      - {equation: B + D -> 2 E, k0: 3e5 1/s, E: 60 kJ/mol, dH: 0 J/mol, orders: {B: 1, D: 0}}

The rate of a reaction is k0 exp(−E/R (1/T − 1/T_ref)) Π c_i^order_i in mol/(m³ s), with c_i in
mol/m³; without `T_ref` it is k0 exp(−E/(R T)) Π c_i^order_i. Orders are those of the reactants in
the equation unless given. Heats are per mole of the reaction as written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twin.quantity import parse_quantity

#: Imbalance of a reaction's masses that is taken for rounded molar masses.
MASS_TOLERANCE = 1e-6

#: Most reactions in one reactor: each has an integral of its own there.
MAX_REACTIONS = 4

_KEYS = ("equation", "k0", "E", "T_ref", "dH", "orders")
_TERM = re.compile(r"(?:(\d+(?:\.\d+)?)\s+)?(\S+)")


def configure_reactions(
    entries: Sequence[Mapping[str, Any]], fluids: Sequence[str], components: Mapping[str, Mapping[str, float]]
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
    if len(entries) > MAX_REACTIONS:
        raise ValueError(f"reactions: {len(entries)} given, at most {MAX_REACTIONS} fit one reactor")
    n = len(entries)
    params = {name: np.zeros((n, len(fluids))) for name in ("nu_mass", "orders")}
    params.update({name: np.zeros(n) for name in ("k0", "E", "inv_T_ref", "dH")})
    for k, entry in enumerate(entries):
        _reaction(k, entry, list(fluids), components, params)
    return {"reactions": n}, params


def _reaction(
    k: int,
    entry: Mapping[str, Any],
    fluids: list[str],
    components: Mapping[str, Mapping[str, float]],
    params: dict[str, np.ndarray],
) -> None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("equation"), str):
        raise ValueError(f"reaction {k + 1}: expected {{equation: 'A + B -> C', k0, E, dH}}")
    text = entry["equation"]
    unknown = [key for key in entry if key not in _KEYS]
    if unknown:
        raise ValueError(f"reaction '{text}': unknown key '{unknown[0]}'; it may have {', '.join(_KEYS)}")
    missing = [key for key in ("k0", "E", "dH") if key not in entry]
    if missing:
        raise ValueError(f"reaction '{text}': {missing[0]} is missing")
    reactants, products = _equation(text, fluids)
    params["nu_mass"][k] = _mass_stoichiometry(text, reactants, products, fluids, components)
    orders = entry.get("orders", reactants)
    if not isinstance(orders, Mapping):
        raise ValueError(f"reaction '{text}': orders is a mapping such as {{A: 1, B: 0.5}}")
    for name, order in orders.items():
        if name not in fluids:
            raise ValueError(f"reaction '{text}': orders names '{name}', which is not among the fluids")
        params["orders"][k, fluids.index(name)] = _number(text, "orders", order, "1")
    params["k0"][k] = _number(text, "k0", entry["k0"], rate_unit(float(params["orders"][k].sum())))
    params["E"][k] = _number(text, "E", entry["E"], "J/mol")
    params["dH"][k] = _number(text, "dH", entry["dH"], "J/mol")
    if "T_ref" in entry:
        T_ref = _number(text, "T_ref", entry["T_ref"], "K")
        if T_ref <= 0.0:
            raise ValueError(f"reaction '{text}': T_ref must lie above 0 K")
        params["inv_T_ref"][k] = 1.0 / T_ref


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


def _number(text: str, key: str, value: Any, unit: str) -> float:
    try:
        return parse_quantity(value, unit)
    except ValueError as error:
        raise ValueError(f"reaction '{text}': {key}: {error}") from None


def _equation(text: str, fluids: list[str]) -> tuple[dict[str, float], dict[str, float]]:
    sides = re.split(r"\s*->\s*", text.strip())
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
    masses = [
        sum(n * components[name]["molar_mass"] for name, n in side.items()) for side in (reactants, products)
    ]
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
