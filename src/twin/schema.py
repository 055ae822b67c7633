"""JSON Schema (2020-12) of plants, scenarios and studies: completion and first checks in an editor.

Made from what the readers check with: the tables of keys, the models' annotations, the component database
and the library. A schema knows no flowsheet: whether names fit each other, and units their quantities, is
for `twin check` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from twin.config import plant_keys, process_keys, scenario_keys, study_keys
from twin.config.components import database
from twin.config.keys import Key, Section
from twin.config.models import controllers, library
from twin.plant.model import Model, load_model
from twin.quantity import Field, fields
from twin.units import UnitError, example

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: A number, or a number and a unit.
QUANTITY = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*([A-Za-z°µμ%/(1][^#]*)?$"
SECTIONS = {**plant_keys.SECTIONS, **scenario_keys.SECTIONS, **process_keys.SECTIONS}
#: Texts by kind: what they look like.
PATTERNS = {
    "path": r"^[A-Za-z][\w-]*\.\S+$",
    "tag": r"^[A-Za-z][\w-]*\.\S+$",
    "guard": r"^[A-Za-z][\w-]*\.\S+ +(falls|rises)$",
    "condition": r"^[A-Za-z][\w-]*\.\S+ *( +(falls|rises)|[<>]=? *\S.*)$",
    "connection": r"^\s*\S+\s*->\s*\S+\s*$",
}
Schema = dict[str, Any]


def schema(kind: str) -> Schema:
    """Give the schema of a "plant", a "scenario" or a "study"."""
    root = {"$ref": f"#/$defs/{kind}"}
    title = f"Twin: {kind}"
    made = study_definitions() if kind == "study" else definitions(kind == "scenario")
    return {"$schema": DIALECT, "title": title, **root, "$defs": made}


def definitions(scenario: bool) -> Schema:
    """Give what is referred to: sections, models, streams' values, steps."""
    names = [*plant_keys.SECTIONS, *(name for name in SECTIONS if scenario)]
    found = {name: _section(SECTIONS[name]) for name in dict.fromkeys(names)}
    found["component"]["properties"] |= {f.name: _property(f) for f in database().properties.values()}
    found["component"]["additionalProperties"] = False
    found["unit"] = _owner(library(), "unit", SECTIONS["unit"])
    found["controller"] = _owner(controllers(), "controller", SECTIONS["controller"])
    found["feed"] = _feed()
    for name in library():
        found[f"model {name}"] = _model(load_model(name), SECTIONS["unit"])
    for name in controllers():
        found[f"controller {name}"] = _controller(load_model(f"twin.control.{name}"))
    if scenario:
        found["initial"] = {"type": "object", "additionalProperties": _value()}
        found["tags"] = {"anyOf": [_text("tag"), {"type": "array", "items": _text("tag")}]}
        found["steps"] = {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 1}
        found["step"] = {"anyOf": [_step(kind, *step) for kind, step in process_keys.STEPS.items()]}
    return found


def study_definitions() -> Schema:
    """Give what a study refers to: plants and scenarios are named there, not written."""
    sections = {**study_keys.SECTIONS, "solver": SECTIONS["solver"]}
    return {name: _section(section) for name, section in sections.items()}


def _section(section: Section) -> Schema:
    properties = {name: _key(key) for name, key in section.keys.items()}
    required = [name for name, key in section.keys.items() if key.default == "required"]
    more: Any = {"type": ["string", "number", "boolean"]} if section.free else False
    closed = {"required": required, "additionalProperties": more}
    return {"type": "object", "description": section.text, "properties": properties, **closed}


def _key(key: Key) -> Schema:
    told: Schema = {"description": _told(key.meaning, key.unit, key.default)}
    if key.kind == "list":
        return {"type": ["array", "null"], "items": _any(key.of), **told}
    if key.kind == "map":
        return {"type": ["object", "null"], "additionalProperties": _any(key.of), **told}
    if key.kind == "section":
        return {**_any(key.of), **told}
    if key.kind == "choice":
        values = [int(choice) if choice.isdigit() else choice for choice in key.choices]
        return {"enum": values, **told}
    return {**_kind(key.kind, key.example), **told}


def _any(of: Sequence[str]) -> Schema:
    parts = [_kind(name) for name in of]
    return parts[0] if len(parts) == 1 else {"anyOf": parts}


def _kind(kind: str, shown: str = "") -> Schema:
    """Schema of a kind of value, or a reference to a section."""
    plain: dict[str, Schema] = {
        "any": {},
        "value": _value(),
        "number": {"type": "number"},
        "whole": {"type": "integer"},
        "quantity": _quantity(shown),
        "text": {"type": ["string", "number", "boolean"]},
        "model": {"type": "string"},
        "controller model": {"type": "string"},
    }
    if kind in plain:
        return plain[kind]
    return _text(kind) if kind in PATTERNS else {"$ref": f"#/$defs/{kind}"}


def _text(kind: str) -> Schema:
    return {"type": "string", "pattern": PATTERNS[kind]}


def _quantity(shown: str = "") -> Schema:
    return {"type": ["number", "string"], "pattern": QUANTITY, **({"examples": [shown]} if shown else {})}


def _value() -> Schema:
    """A number, quantity, choice or name; for arrays a list, or a mapping by component or place."""
    return {"type": ["number", "string", "array", "object"]}


def _told(meaning: str, unit: str = "", default: Any = "") -> str:
    without = "(required)" if default == "required" else f"(default: {default})" if default != "" else ""
    parts = [meaning, f"[{unit}]" if unit and unit != "1" else "", without]
    return " ".join(part for part in parts if part)


@cache
def _shown(unit: str) -> str:
    """An example in a unit; a generic field of a controller has none."""
    try:
        return example(unit)
    except UnitError:
        return ""


def _field(f: Field) -> Schema:
    """Schema of a parameter or initial value."""
    default = ""
    if f.has_default:
        default = f.default.name.lower() if f.enum is not None else f"{f.default}"
    told = {"description": _told(f.meaning, f.unit, default)}
    if f.enum is not None:
        return {"enum": [member.name.lower() for member in f.enum], **told}
    if f.kind == "int":
        return {"type": "string" if f.index else "integer", **told}
    one = _quantity(_shown(f.unit))
    if f.kind != "array":
        return {**one, **told}
    inner: Schema = {"anyOf": [one, {"type": ["array", "object"]}]}
    lists = [{"type": "array", "items": inner}, {"type": "object", "additionalProperties": inner}]
    return {"anyOf": [one, *lists], **told}


def _property(f: Field) -> Schema:
    """A property of a component: a value, or one with its source."""
    source = {"$ref": "#/$defs/property"}
    return {"anyOf": [_quantity(_shown(f.unit)), source], "description": _told(f.meaning, f.unit)}


def _table(entries: Iterable[tuple[str, Schema]]) -> Schema:
    return {"type": ["object", "null"], "properties": dict(entries), "additionalProperties": False}


def _numbers(model: Model) -> list[tuple[str, Schema]]:
    """Parameters and signal inlets."""
    signals = [port for port in model.inlets.values() if port.is_signal]
    inlets = [
        (port.name, {**_quantity(_shown(port.unit)), "description": _told(port.meaning, port.unit)}) for port in signals
    ]
    return [*((f.name, _field(f)) for f in fields(model.Params)), *inlets]


def _common(model: Model, section: Section) -> Schema:
    """Keys of a unit or controller, with the model's own initial values and states."""
    own = {name: _key(key) for name, key in section.keys.items()}
    initial = _table((f.name, _field(f)) for f in fields(model.Initial))
    sizes = ((f.name, _quantity(_shown(f.unit))) for f in fields(model.State))
    own["initial"] |= initial
    own["nominal"] |= _table(sizes)
    return own


def _model(model: Model, section: Section) -> Schema:
    own = _common(model, section)
    own["params"] |= _table(_numbers(model))
    count = {"type": "integer", "minimum": 1}
    own |= {dim: {**count, "description": f"(default: {size})"} for dim, size in model.dims.items()}
    own |= {name: {"description": "a setting of the model: see its page"} for name in model.settings}
    return {"description": model.doc.split("\n")[0], "properties": own, "additionalProperties": False}


def _controller(model: Model) -> Schema:
    own = {**_common(model, SECTIONS["controller"]), **dict(_numbers(model))}
    # a setpoint may be a signal: the output of another controller, or a measurement
    own = {name: {**said, "pattern": "."} if name in model.inlets else said for name, said in own.items()}
    own |= {key: _key(SECTIONS["controller"].keys[key]) for key in ("measurement", "output")}
    own |= {
        dim: {"type": "integer", "minimum": 1, "description": f"(default: {size})"} for dim, size in model.dims.items()
    }
    return {"description": model.doc.split("\n")[0], "properties": own, "additionalProperties": False}


def _owner(names: Sequence[str], prefix: str, section: Section) -> Schema:
    """A unit or controller: its model decides what else it has; a model of one's own has anything."""
    refer = "model" if prefix == "unit" else prefix
    rules = [
        {
            "if": {"properties": {"model": {"const": name}}, "required": ["model"]},
            "then": {"$ref": f"#/$defs/{refer} {name}"},
        }
        for name in names
    ]
    dotted = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)" + ("{2,}$" if prefix == "unit" else "+$")
    own = r"^(?!(" + "|".join(sorted({name.partition(".")[0] for name in names})) + r")\.)[A-Za-z_]\w*\.[A-Za-z_]\w*$"
    model = {"anyOf": [{"enum": list(names)}, {"type": "string", "pattern": dotted}, {"pattern": own}]}
    required = [name for name, key in section.keys.items() if key.default == "required"]
    properties = {"model": {**model, "description": section.keys["model"].meaning}}
    return {
        "type": "object",
        "description": section.text,
        "required": required,
        "properties": properties,
        "allOf": rules,
    }


def _feed() -> Schema:
    """Values of any stream: which stream a feed is follows from where it goes."""
    found: dict[str, Schema] = {}
    for name in library():
        for port in load_model(name).inlets.values():
            if not port.is_signal:
                found |= {f.name: _field(f) for f in fields(port.stream) if f.name not in found}
    return {"type": ["object", "null"], "properties": found, "additionalProperties": False}


def _step(kind: str, own: Key, others: dict[str, Key]) -> Schema:
    """A step begins with its kind; what else there may be follows from it."""
    keys = {kind: _key(own), "name": _key(scenario_keys.EVENT.keys["name"])}
    keys |= {name: _key(key) for name, key in others.items() if name != kind}
    return {"type": "object", "title": kind, "required": [kind], "properties": keys, "additionalProperties": False}
