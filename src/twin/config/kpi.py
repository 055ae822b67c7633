"""Reads `kpi:`: what the plant makes, from which its yield and process mass intensity follow."""

from __future__ import annotations

from collections.abc import Sequence

from twin.config.context import Context
from twin.config.document import Node, closest
from twin.config.plant_keys import KPI
from twin.config.spec import KpiSpec
from twin.units import UnitError, parse_quantity

_EXAMPLE = "{api: paracetamol, product: tablets, limiting: p_aminophenol}"
#: Moles of API that a mole of the limiting reactant can give: far beyond any chemistry.
_LARGEST_RATIO = 1000.0


def read_kpi(ctx: Context, node: Node | None, products: Node | None) -> KpiSpec | None:
    """Read the section, if there is one.

    Parameters
    ----------
    node, products : Node or None
        Values of `kpi:` and `products:`.
    """
    if node is None or node.is_null:
        return None
    ctx.problems.mapping(node, "kpi is a mapping", _EXAMPLE)
    if node.kind != "map":
        return None
    ctx.problems.known_keys(node, KPI.names, "unknown key", "kpi")
    components = list(dict.fromkeys([*ctx.fluids, *ctx.solids]))
    named = [item.text for item in products.items] if products is not None else []
    if node.get("product") is None:
        ctx.problems.add(node, "missing product", f"kpi needs product:, as in kpi: {_EXAMPLE}.")
    for key, needs in (("limiting", "api"), ("ratio", "limiting")):
        if node.get(key) is not None and node.get(needs) is None:
            ctx.problems.add(node.key(key), f"missing {needs}", f"kpi: {key} means nothing without {needs}.")
    for key in ("api", "limiting") if node.get("limiting") is not None else ():
        _molar_mass(ctx, node, key)
    return KpiSpec(
        api=_name(ctx, node, "api", components, "component"),
        product=_name(ctx, node, "product", named, "product"),
        limiting=_name(ctx, node, "limiting", components, "component"),
        ratio=_ratio(ctx, node.get("ratio")),
    )


def _name(ctx: Context, node: Node, key: str, known: Sequence[str], noun: str) -> str:
    given = node.get(key)
    if given is None:
        return ""
    name = ctx.problems.string(given, "not a name")
    if name and name not in known:
        ctx.problems.add(given, f"unknown {noun}", f"kpi: there is no {noun} '{name[:60]}'.{closest(name, known)}")
    return name


def _molar_mass(ctx: Context, node: Node, key: str) -> None:
    """A yield counts moles: both components need their molar mass."""
    given = node.get(key)
    properties = ctx.components.get(given.text) if given is not None else None
    if given is not None and properties is not None and "molar_mass" not in properties:
        cure = f"components: {{{given.text}: {{molar_mass: 100 g/mol}}}}"
        detail = f"kpi: the yield needs the molar mass of {given.text}; give it under {cure}."
        ctx.problems.add(given, "missing component property", detail)


def _ratio(ctx: Context, node: Node | None) -> float:
    if node is None:
        return 1.0
    if node.kind != "scalar" or node.value is None:
        ctx.problems.add(node, "not a value", f"kpi: ratio is a plain number, but this is {node.what}.")
        return 1.0
    try:
        value = parse_quantity(node.value if isinstance(node.value, bool) else node.text, "1")
    except UnitError as error:
        ctx.problems.add(node, "not such a quantity", f"kpi: ratio, moles of API per mole of reactant: {error}.")
        return 1.0
    if not 0.0 < value <= _LARGEST_RATIO:
        ctx.problems.add(node, "out of range", f"kpi: ratio is above 0, at most {_LARGEST_RATIO:g}, not {node.text}.")
    return value
