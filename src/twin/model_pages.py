"""Pages of the library for the documentation, written from the models themselves: `python -m twin.model_pages`.

What a page says is what `twin models NAME` prints: the file's docstring with its assumptions and
balances, and a table each for sizes, ports, parameters, states, measurements, sources, guards and
initial state.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.library import describe, names
from twin.markdown import cell, prose, table
from twin.tables import notes

#: Where the pages stand, seen from the root of a clone.
FOLDER = Path("docs") / "models"
COMMAND = "python -m twin.model_pages"
_MADE = f"<!-- Made by `{COMMAND}` from the model's own file: change that, then run it again. -->"


def page(name: str) -> str:
    """Page of one model, by its name in YAML.

    Raises
    ------
    UnknownModelError
        When there is no such model, or its file cannot be read.
    """
    model = describe(name)
    family, _, file = name.partition(".")
    lines = [_MADE, "", f"# {name}", "", *prose(model["description"]), ""]
    lines += [f"File: [`unit_ops/{family}/{file}.py`](../../../unit_ops/{family}/{file}.py)", ""]
    if model["dimensions"]:
        sizes = [(f"`{dim}`", str(size)) for dim, size in model["dimensions"].items()]
        lines += table("## Sizes", ("size", "default"), sizes)
    ports = []
    for port in model["ports"]:
        carries = f"{port['carries']} [{port['unit']}]" if port["unit"] else port["carries"]
        meaning = port["meaning"] + (" (may stay unconnected)" if port["optional"] else "")
        ports.append((f"`{port['name']}`", port["direction"], carries, meaning))
    if ports:
        lines += table("## Ports", ("port", "way", "carries", "meaning"), ports)
    for heading, rows in model["tables"].items():
        shown = [(_named(row), row["unit"], row["meaning"], notes(row)) for row in rows]
        lines += table(f"## {heading.capitalize()}", ("name", "unit", "meaning", "notes"), shown)
    return "\n".join(lines).rstrip() + "\n"


def index(models: Sequence[str]) -> str:
    """Give the list of models, by family, each with its first sentence and a link."""
    lines = [_MADE, "", "# Unit operations", ""]
    family = ""
    for name in models:
        own, _, file = name.partition(".")
        if own != family:
            family = own
            lines += ["", f"## {own.capitalize()}", "", "| model | what it is |", "|---|---|"]
        lines.append(f"| [{name}]({own}/{file}.md) | {cell(describe(name)['summary'])} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def place(name: str) -> Path:
    """File of a model's page, under the folder of all pages."""
    family, _, file = name.partition(".")
    return Path(family) / f"{file}.md"


def write(folder: Path) -> list[Path]:
    """Write all pages and their index; pages of models that are gone are removed, files of others stay."""
    models = names()
    pages = {folder / place(name): page(name) for name in models}
    pages[folder / "index.md"] = index(models)
    for old in folder.rglob("*.md"):
        if old not in pages and old.read_text(encoding="utf-8").startswith(_MADE):
            old.unlink()
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return sorted(pages)


def main(arguments: Sequence[str]) -> int:
    """Write the pages under the given folder, docs/models of a clone unless told otherwise."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help=f"where the pages go (default: {FOLDER})")
    given = parser.parse_args(arguments).folder
    folder = given or FOLDER
    if given is None and not Path("unit_ops").is_dir():
        sys.stderr.write(f"{COMMAND} runs in the root of a clone, beside unit_ops; or name a folder\n")
        return 2
    try:
        written = write(folder)
    except TwinError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{len(written)} pages in {folder}\n")
    return 0


def _named(row: dict[str, Any]) -> str:
    shape = f"[{', '.join(row['dimensions'])}]" if "dimensions" in row else ""
    return f"`{row['name']}{shape}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
