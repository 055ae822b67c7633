"""The reference of YAML keys, written from the tables that check them: `python -m twin.yaml_reference`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from twin.config import plant_keys, process_keys, scenario_keys, study_keys
from twin.config.components import database
from twin.config.keys import Key, Section
from twin.config.models import controllers
from twin.library import describe, names
from twin.markdown import table
from twin.quantity import fields
from twin.unit_tables import KINDS

#: Where the page stands, seen from the root of a clone.
PLACE = Path("docs") / "yaml_reference.md"
COMMAND = "python -m twin.yaml_reference"
_MADE = f"<!-- Made by `{COMMAND}` from src/twin/config/*_keys.py: change those, then run it again. -->"
#: Kinds that are no sections, in words.
_WORDS = {
    "whole": "whole number",
    "step": "[step](#step)",
    "steps": "[steps](#step)",
    "feed": "[feed](#feed)",
    "initial": "initial values",
}
_HEAD = ("key", "takes", "unit", "without it", "meaning", "example")
_TEXT = """# Keys of plants, scenarios and studies

Every key that a YAML file may have, from the same tables that check it; `twin check FILE` says what is wrong with a
file, and where. Quantities are written with the unit that you think in (`2 mL/min`, `25 degC`, `30 rpm`); a plain
number is taken in the unit given here. What belongs to one model (its parameters, ports and states) stands on the
[page of that model](models/index.md), or is printed by `twin models NAME`.

## Completion in an editor

`twin schema` prints a JSON Schema (2020-12) with which an editor completes keys and says what they mean. In VS Code,
with the YAML extension of Red Hat:

```sh
twin schema plant --out plant.schema.json
twin schema scenario --out scenario.schema.json
twin schema study --out study.schema.json
```

and in `.vscode/settings.json`:

```json
{"yaml.schemas": {"./plant.schema.json": "plant_configs/*.yaml", "./scenario.schema.json": "scenarios/*.yaml"}}
```

A single file can say the same in its first line: `# yaml-language-server: $schema=./plant.schema.json`. A schema
knows no flowsheet, so names and connections are checked by `twin check` alone."""


def page() -> str:
    """The whole page."""
    lines = [_MADE, "", *_TEXT.split("\n"), ""]
    lines += [*table("## Quantities", ("quantity", "unit", "example"), _quantities()), "## Plants", ""]
    for section in plant_keys.SECTIONS.values():
        lines += _section(section)
        if section is plant_keys.COMPONENT:
            lines += _properties()
        if section is plant_keys.UNIT:
            lines += _of_models()
        if section is plant_keys.CONTROLLER:
            lines += [*_controllers(), *_feeds()]
    lines += ["## Scenarios", ""]
    for section in scenario_keys.SECTIONS.values():
        lines += _section(section)
    lines += ["## Processes of a scenario", ""]
    for section in process_keys.SECTIONS.values():
        lines += _section(section)
    lines += [*_steps(), "## Studies", "", "How they are used: [studies](studies.md).", ""]
    for section in study_keys.SECTIONS.values():
        lines += _section(section)
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> list[str]:
    free = [f"Other keys: {section.free}.", ""] if section.free else []
    lines = table(f"### {section.title}", _HEAD, [_row(f"`{name}`", key) for name, key in section.keys.items()])
    return [lines[0], "", section.text, "", *free, *lines[2:]]


def _row(name: str, key: Key) -> tuple[str, ...]:
    example = f"`{key.example}`" if key.example else ""
    return name, _takes(key), key.unit, key.default, key.meaning, example


def _takes(key: Key) -> str:
    """Say what a key takes, in words."""
    if key.kind == "choice":
        return " or ".join(f"`{choice}`" for choice in key.choices)
    of = " or ".join(_linked(name) for name in key.of)
    if key.kind == "section":
        return of
    said = {"list": f"list of {of}", "map": f"{of} by name", "any": "see its meaning", "whole": "whole number"}
    return said.get(key.kind, key.kind)


def _linked(name: str) -> str:
    sections: Mapping[str, Section] = {
        **plant_keys.SECTIONS,
        **scenario_keys.SECTIONS,
        **process_keys.SECTIONS,
        **study_keys.SECTIONS,
    }
    if name in sections:
        title = sections[name].title
        return f"[{title.lower()}](#{title.lower().replace(' ', '-')})"
    return _WORDS.get(name, name)


def _quantities() -> list[tuple[str, ...]]:
    return [(said, unit, f"`{shown}`") for unit, (said, shown) in KINDS.items()]


def _feeds() -> list[str]:
    """What a feed gives follows from the stream that its inlet takes."""
    from twin.plant.model import load_model

    ports = [port for name in names() for port in load_model(name).inlets.values() if not port.is_signal]
    streams = {port.stream.__name__: port.stream for port in ports}
    rows = []
    for stream in sorted(streams):
        for f in fields(streams[stream]):
            over = f" by {f.dims[0]}" if f.dims else ""
            rows.append((stream, f"`{f.name}`", f"quantity{over}", f.unit, f.meaning))
    lines = table("### Feed", ("stream", "key", "takes", "unit", "meaning"), rows)
    text = "What enters the plant, in the values of the stream that its inlet takes; a flow that is not given is zero."
    return [lines[0], "", text, "", *lines[2:]]


def _properties() -> list[str]:
    """What else a component may have."""
    rows = [(f"`{f.name}`", f.unit, f.meaning) for f in database().properties.values()]
    return table("#### Properties of components", ("key", "unit", "meaning"), rows)


def _of_models() -> list[str]:
    """Dimensions and settings by model."""
    from twin.plant.model import load_model

    rows = []
    for name in names():
        model = load_model(name)
        family, _, file = name.partition(".")
        settings = ", ".join(f"`{key}`" for key in model.settings)
        sizes = ", ".join(f"`{dim}` ({size})" for dim, size in model.dims.items() if dim not in model.settings)
        if settings or sizes:
            rows.append((f"[{name}](models/{family}/{file}.md)", sizes, settings))
    head = ("model", "dimensions (default)", "settings")
    return table("#### Keys of units that belong to their model", head, rows)


def _controllers() -> list[str]:
    rows = []
    for name in controllers():
        model = describe(f"twin.control.{name}")
        rows += [(name, f"`{dim}`", "", str(size), f"number of {dim}") for dim, size in model["dimensions"].items()]
        for row in model["tables"].get("parameters", ()):
            rows.append((name, f"`{row['name']}`", row["unit"], str(row.get("default", "required")), row["meaning"]))
        for port in model["ports"]:
            if port["direction"] == "in" and port["name"] not in plant_keys.CONTROLLER.keys:
                meaning = f"{port['meaning']}; a value, or a measurement or output that gives it"
                without = "not used" if port["optional"] else "required"
                rows.append((name, f"`{port['name']}`", "of what is wired", without, meaning))
    return table("#### Keys of controllers by model", ("model", "key", "unit", "without it", "meaning"), rows)


def _steps() -> list[str]:
    """Steps by their first keys, then what stands beside those."""
    first = [
        (*_row(f"`{kind}`", own)[:1], _takes(own), own.unit, own.meaning, _row("", own)[-1], _names(others))
        for kind, (own, others) in process_keys.STEPS.items()
    ]
    text = "A step is a mapping that begins with one of these; all may have `name`."
    lines = table("### Step", ("key", "takes", "unit", "meaning", "example", "beside it"), first)
    beside: dict[tuple[str, ...], list[str]] = {}
    for kind, (_, others) in process_keys.STEPS.items():
        for name, key in others.items():
            beside.setdefault(_row(f"`{name}`", key), []).append(f"`{kind}`")
    rows = [(*row, ", ".join(kinds)) for row, kinds in beside.items()]
    more = table("#### Keys beside them", (*_HEAD, "of"), rows)
    return [lines[0], "", text, "", *lines[2:], *more]


def _names(keys: Mapping[str, Key]) -> str:
    return ", ".join(f"`{name}`" for name in keys)


def main(arguments: Sequence[str]) -> int:
    """Write the page; into another file than docs/yaml_reference.md of a clone where one is named."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, help=f"where the page goes (default: {PLACE})")
    given = parser.parse_args(arguments).file
    place = given or PLACE
    if given is None and not place.parent.is_dir():
        sys.stderr.write(f"{COMMAND} runs in the root of a clone, beside docs; or name a file\n")
        return 2
    place.write_text(page(), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{place}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
