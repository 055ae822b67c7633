"""Flowsheet symbols: small line drawings by kind of equipment, as data URIs (no request leaves the page)."""

from __future__ import annotations

from urllib.parse import quote

#: Longest matching beginning of a model's name gives its kind.
_KINDS = {
    "reaction.plug_flow": "tubular",
    "reaction": "reactor",
    "crystallization": "crystallizer",
    "separation": "filter",
    "drying": "dryer",
    "powder.feeder": "feeder",
    "powder": "blender",
    "powder.refill": "feeder",
    "granulation": "granulator",
    "granulation.fluid_bed_granulator": "fluid_bed",
    "granulation.mill": "mill",
    "granulation.granule_mill": "mill",
    "granulation.crusher": "mill",
    "granulation.sieve": "sieve",
    "granulation.screen": "sieve",
    "granulation.roller_compactor": "rollers",
    "granulation.granule_mixer": "junction",
    "granulation.chute": "junction",
    "crystallization.wet_mill": "mill",
    "separation.evaporator": "evaporator",
    "separation.flash_drum": "evaporator",
    "separation.extractor": "settler",
    "separation.settler": "settler",
    "tableting": "press",
    "tableting.reject_gate": "gate",
    "powder.diverter": "gate",
    "powder.mixer": "junction",
    "coating": "coater",
    "piping.tank": "tank",
    "piping": "junction",
    "piping.valve": "valve",
    "piping.pump": "pump",
    "piping.heat_exchanger": "exchanger",
    "sensing": "instrument",
    "quality": "instrument",
    "twin.control": "instrument",
}

#: What the legend calls a kind.
KIND_NAMES = {
    "tubular": "plug-flow reactor",
    "reactor": "reactor",
    "crystallizer": "crystallizer",
    "filter": "filter",
    "dryer": "dryer",
    "feeder": "feeder",
    "blender": "blender",
    "granulator": "granulator",
    "fluid_bed": "fluid bed",
    "mill": "mill",
    "sieve": "sieve",
    "rollers": "roller compactor",
    "evaporator": "evaporator or flash drum",
    "settler": "extractor or settler",
    "exchanger": "heat exchanger",
    "pump": "pump",
    "valve": "valve",
    "gate": "reject gate or diverter",
    "coater": "coater",
    "press": "tablet press",
    "tank": "tank",
    "junction": "junction",
    "instrument": "controller",
    "unit": "unit",
}

# Drawn on 100 × 100; {s} is the line's colour, {f} the body's, {a} the accent of what is inside.
_BODIES = {
    "tank": (
        '<path d="M22 14v58q0 14 14 14h28q14 0 14-14V14" fill="{f}"/>'
        '<path d="M24 44h52v28q0 12-12 12H36q-12 0-12-12z" fill="{a}" stroke="none"/>'
        '<path d="M22 14v58q0 14 14 14h28q14 0 14-14V14"/>'
    ),
    "reactor": (
        '<rect x="22" y="18" width="56" height="68" rx="20" fill="{f}"/>'
        '<path d="M24 52h52v16q0 16-18 16H42q-18 0-18-16z" fill="{a}" stroke="none"/>'
        '<rect x="22" y="18" width="56" height="68" rx="20"/>'
        '<path d="M50 6v58M36 64h28M14 36v34q0 22 22 22h28q22 0 22-22V36"/>'
    ),
    "tubular": (
        '<rect x="6" y="34" width="88" height="32" rx="5" fill="{f}"/>'
        '<rect x="8" y="43" width="84" height="14" fill="{a}" stroke="none"/>'
        '<path d="M6 42h88M6 58h88M22 34v-8M78 66v8M20 50q6-8 12 0t12 0 12 0 12 0 12 0"/>'
        '<rect x="6" y="34" width="88" height="32" rx="5"/>'
    ),
    "crystallizer": (
        '<path d="M20 16v44l22 28h16l22-28V16z" fill="{f}"/>'
        '<path d="M20 42v18l22 28h16l22-28V42z" fill="{a}" stroke="none"/>'
        '<path d="M20 16v44l22 28h16l22-28V16zM50 4v50M38 54h24"/>'
        '<path d="M34 64l5-5 5 5-5 5zM56 68l4-4 4 4-4 4zM46 76l4-4 4 4-4 4z" fill="{s}" stroke="none"/>'
    ),
    "filter": (
        '<circle cx="18" cy="60" r="11" fill="{f}"/>'
        '<circle cx="82" cy="60" r="11" fill="{f}"/>'
        '<path d="M18 49h64M18 71h64"/>'
        '<path d="M24 47q2-13 18-13h16q16 0 18 13z" fill="{a}"/>'
        '<path d="M34 56v8M44 56v8M54 56v8M64 56v8M50 71v16M42 80l8 8 8-8"/>'
    ),
    "dryer": (
        '<rect x="8" y="32" width="84" height="36" rx="4" fill="{f}"/>'
        '<path d="M10 52h80v14H10z" fill="{a}" stroke="none"/>'
        '<rect x="8" y="32" width="84" height="36" rx="4"/>'
        '<path d="M24 94q-5-6 0-12t0-12M50 94q-5-6 0-12t0-12M76 94q-5-6 0-12t0-12M24 26q-4-5 0-9t0-9'
        'M50 26q-4-5 0-9t0-9M76 26q-4-5 0-9t0-9"/>'
    ),
    "feeder": (
        '<path d="M18 10h50L54 50H32z" fill="{f}"/>'
        '<path d="M24 28h38l-8 22H32z" fill="{a}" stroke="none"/>'
        '<path d="M18 10h50L54 50H32z"/>'
        '<rect x="14" y="54" width="78" height="18" rx="4" fill="{f}"/>'
        '<path d="M20 72l10-18M34 72l10-18M48 72l10-18M62 72l10-18M76 72l10-18M92 63h6M24 82h44M46 72v10"/>'
    ),
    "blender": (
        '<rect x="10" y="30" width="80" height="40" rx="20" fill="{f}"/>'
        '<path d="M12 52h76q-2 16-18 16H30q-16 0-18-16z" fill="{a}" stroke="none"/>'
        '<rect x="10" y="30" width="80" height="40" rx="20"/>'
        '<path d="M2 50h96M28 38v24M42 38v24M56 38v24M70 38v24"/>'
    ),
    "granulator": (
        '<rect x="8" y="32" width="84" height="36" rx="6" fill="{f}"/>'
        '<path d="M8 44h84M8 56h84M16 36l8 28M30 36l8 28M44 36l8 28M58 36l8 28M72 36l8 28"/>'
    ),
    "press": (
        '<path d="M16 8h68v14H16zM16 78h68v14H16z" fill="{f}"/>'
        '<path d="M40 22h20v16H40zM40 62h20v16H40z" fill="{f}"/>'
        '<rect x="34" y="41" width="32" height="18" rx="7" fill="{a}"/>'
        '<path d="M20 40h14M66 40h14M20 60h14M66 60h14"/>'
    ),
    "fluid_bed": (
        '<path d="M30 8h40v30l12 16v34H18V54l12-16z" fill="{f}"/>'
        '<path d="M20 66h60v12H20z" fill="{a}" stroke="none"/>'
        '<path d="M30 8h40v30l12 16v34H18V54l12-16zM18 78h64'
        'M34 70v.1M46 62v.1M58 70v.1M68 60v.1M40 54v.1M56 52v.1M50 8v14M44 22h12"/>'
    ),
    "mill": (
        '<path d="M22 14h56l-8 34 8 38H22l8-38z" fill="{f}"/>'
        '<path d="M32 60h36l6 24H26z" fill="{a}" stroke="none"/>'
        '<path d="M22 14h56l-8 34 8 38H22l8-38z"/>'
        '<circle cx="41" cy="46" r="8" fill="{f}"/><circle cx="59" cy="46" r="8" fill="{f}"/>'
    ),
    "sieve": (
        '<path d="M12 24h76v52H12z" fill="{f}"/><path d="M14 74l72-22v22z" fill="{a}" stroke="none"/>'
        '<path d="M12 24h76v52H12z"/><path d="M14 66l72-32" stroke-dasharray="7 7"/>'
    ),
    "rollers": (
        '<path d="M30 8h40L58 26H42z" fill="{f}"/><circle cx="30" cy="50" r="20" fill="{f}"/>'
        '<circle cx="70" cy="50" r="20" fill="{f}"/><path d="M50 58v30" stroke-width="5"/>'
        '<path d="M30 50v.1M70 50v.1M24 40q6-5 12 0M64 40q6-5 12 0"/>'
    ),
    "evaporator": (
        '<path d="M24 26q0-14 26-14t26 14v46q0 16-26 16T24 72z" fill="{f}"/>'
        '<path d="M26 54h48v18q0 14-24 14T26 72z" fill="{a}" stroke="none"/>'
        '<path d="M24 26q0-14 26-14t26 14v46q0 16-26 16T24 72zM24 54h52'
        'M34 64h32M34 74h32M42 46q-5-6 0-12M58 46q-5-6 0-12"/>'
    ),
    "settler": (
        '<rect x="8" y="28" width="84" height="44" rx="18" fill="{f}"/>'
        '<path d="M10 54h56v16H26q-14 0-16-16z" fill="{a}" stroke="none"/>'
        '<rect x="8" y="28" width="84" height="44" rx="18"/><path d="M10 54h56M66 40v32M18 42h40"/>'
    ),
    "exchanger": ('<circle cx="50" cy="50" r="34" fill="{f}"/><path d="M8 50h20l10-18 16 36 12-18h26"/>'),
    "pump": ('<circle cx="50" cy="50" r="30" fill="{f}"/><path d="M38 24l42 26-42 26"/>'),
    "valve": ('<path d="M18 32l64 36V32L18 68z" fill="{f}"/>'),
    "gate": ('<path d="M14 36h30l20-16 22 10-24 20 24 20-22 10-20-16H14z" fill="{f}"/><path d="M44 50l26-20"/>'),
    "coater": (
        '<circle cx="50" cy="50" r="38" fill="{f}"/>'
        '<path d="M16 62q34-16 66 2-8 22-32 24-26-2-34-26z" fill="{a}" stroke="none"/>'
        '<circle cx="50" cy="50" r="38"/><path d="M50 12v18M50 30l-10 16M50 30v16M50 30l10 16"/>'
    ),
    "junction": ('<circle cx="50" cy="50" r="20" fill="{f}"/><path d="M36 36l28 28M64 36L36 64"/>'),
    "instrument": ('<circle cx="50" cy="50" r="44" fill="{f}"/>'),
    "unit": ('<rect x="14" y="22" width="72" height="56" rx="8" fill="{f}"/>'),
    "feed": ('<path d="M10 28h52l28 22-28 22H10z" fill="{f}"/>'),
    "product": ('<path d="M10 28h52l28 22-28 22H10l20-22z" fill="{f}"/>'),
}

#: Part of the drawing that is not empty (left, top, width, height): pipes end at it.
_BOXES = {
    "tank": (20, 12, 60, 76),
    "reactor": (12, 4, 76, 90),
    "tubular": (3, 24, 94, 52),
    "crystallizer": (18, 2, 64, 88),
    "filter": (5, 32, 90, 58),
    "dryer": (6, 4, 88, 92),
    "feeder": (12, 8, 88, 77),
    "blender": (2, 28, 96, 44),
    "granulator": (6, 30, 88, 40),
    "press": (14, 6, 72, 88),
    "fluid_bed": (16, 6, 68, 84),
    "mill": (20, 12, 60, 76),
    "sieve": (10, 22, 80, 56),
    "rollers": (8, 6, 84, 84),
    "evaporator": (22, 10, 56, 80),
    "settler": (6, 26, 88, 48),
    "exchanger": (6, 14, 88, 72),
    "pump": (18, 18, 64, 64),
    "valve": (16, 30, 68, 40),
    "gate": (12, 18, 76, 64),
    "coater": (10, 10, 80, 80),
    "junction": (28, 28, 44, 44),
    "unit": (12, 20, 76, 60),
    "feed": (8, 26, 84, 48),
    "product": (8, 26, 84, 48),
    "instrument": (4, 4, 92, 92),
}


def kind_of(model: str) -> str:
    """Kind of equipment of a model: `crystallization.msmpr` is a crystallizer."""
    fitting = [prefix for prefix in _KINDS if model == prefix or model.startswith((f"{prefix}.", f"{prefix}_"))]
    return _KINDS[max(fitting, key=len)] if fitting else "unit"


def kinds() -> tuple[str, ...]:
    """All kinds that have a drawing."""
    return tuple(_BODIES)


def size(kind: str) -> tuple[float, float]:
    """Width and height of a symbol, in parts of a full square."""
    return _BOXES[kind][2] / 100.0, _BOXES[kind][3] / 100.0


def box(kind: str) -> tuple[int, int, int, int]:
    """Left, top, width and height of the part of a 100 × 100 drawing that is not empty."""
    return _BOXES[kind]


def shape(kind: str, line: str, fill: str, accent: str) -> str:
    """Give a symbol as SVG elements on 100 × 100, to stand in a drawing; colours as for :func:`drawing`."""
    return _BODIES[kind].format(s=line, f=fill, a=accent)


def drawing(kind: str, line: str, fill: str, accent: str) -> str:
    """Give a symbol as a data URI.

    Parameters
    ----------
    kind : str
        One of :func:`kinds`.
    line, fill, accent : str
        Colours: outlines, body, what is inside.
    """
    left, top, width, height = box(kind)
    inside = shape(kind, line, fill, accent)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left} {top} {width} {height}" '
        f'width="{3 * width}" height="{3 * height}" fill="none" '
        f'stroke="{line}" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">{inside}</svg>'
    )
    return "data:image/svg+xml;utf8," + quote(svg)
