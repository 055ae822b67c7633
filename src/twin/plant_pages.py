"""Pages of the plants for the documentation, written from their files: `python -m twin.plant_pages [NAME…]`.

A page holds the comment with which the plant's file begins, the flowsheet drawn from it, every number
with the comment that says where it comes from, and what each scenario did when it was last run in full
(`python -m benchmarks.scenarios`; a page is written without running anything).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from twin.config.document import Node
from twin.config.numbers import Comment, Number, header, numbers
from twin.config.reading import read_file
from twin.errors import TwinError
from twin.flowsheet.sheet import read_sheet
from twin.flowsheet.svg import draw
from twin.library import describe
from twin.markdown import cell, literal, prose, table
from twin.scenario_pages import read_results, scenario_section, scenarios_of

#: Where the pages stand, and what they are made from, seen from the root of a clone.
FOLDER = Path("docs") / "plants"
PLANTS = Path("plant_configs")
COMMAND = "python -m twin.plant_pages"
_MADE = f"<!-- Made by `{COMMAND}` from the plant's own file: change that, then run it again. -->"
_ELSE_INVENTED = re.compile(
    r"\b(?:(?:everything|all)(?: numbers)? else|all(?: other| its)? numbers)\b[^.;]*\binvented", re.IGNORECASE
)
#: What the text of a plant says, at least, where numbers have no source of their own.
SOURCED = re.compile(r"\b10\.\d{4,9}/|\binvented\b")
#: A range of what would be credible: so is the comment of an invented number written.
_RANGE = re.compile(r"[-+\d.e]+…")
#: What is shown where no comment says where a number comes from.
UNSTATED = "see the text above"
#: Keys that hold no numbers of the plant.
_LEFT_OUT = ("twin",)


def names(root: Path) -> list[str]:
    """Names of the plants of a clone."""
    return sorted(path.stem for path in (root / PLANTS).glob("*.yaml"))


def page(root: Path, name: str) -> str:
    """Page of one plant.

    Parameters
    ----------
    root : Path
        Of a clone.
    name : str
        Of a file in plant_configs.

    Raises
    ------
    TwinError
        When the plant, one of its scenarios or the stored results cannot be read.
    """
    tree = _tree(root, name)
    plain = tree.plain()
    notes = header(tree.source.text)
    title = str(plain.get("title", name.replace("_", " ")))
    lines = [_MADE, "", f"# {title}", ""]
    lines += [f"Plant `{name}`: [`{PLANTS.as_posix()}/{name}.yaml`](../../{PLANTS.as_posix()}/{name}.yaml)", ""]
    if plain.get("description"):
        lines += [" ".join(str(plain["description"]).split()), ""]
    lines += [*prose(notes), "", "## Flowsheet", "", f"![Flowsheet of {name}]({name}.svg)", ""]
    lines += _equipment(plain)
    results = read_results(root)
    sections = [scenario_section(root, scenario, results, FOLDER) for scenario in scenarios_of(root).get(name, [])]
    lines += ["## Scenarios", ""]
    lines += [line for section in sections for line in section] or ["There is none yet.", ""]
    lines += _numbers(tree, bool(_ELSE_INVENTED.search(told(tree))))
    return "\n".join(lines).rstrip() + "\n"


def told(tree: Node) -> str:
    """What a plant's file says before its numbers: its first comment and its description, on one line."""
    return " ".join(f"{header(tree.source.text)}\n{tree.plain().get('description', '')}".split())


def flowsheet(root: Path, name: str) -> str:
    """Picture of one plant, as SVG."""
    plain = _tree(root, name).plain()
    return draw(read_sheet(plain, stream_of_port), str(plain.get("title", name)))


def index(root: Path) -> str:
    """Give the list of plants, each with its title, scenarios and a link."""
    scenarios = scenarios_of(root)
    rows = []
    for name in names(root):
        title = str(_tree(root, name).plain().get("title", name))
        rows.append((f"[{name}]({name}.md)", literal(title), ", ".join(f"`{s}`" for s in scenarios.get(name, []))))
    intro = (
        "Every plant is synthetic: built from published constants and invented numbers, each marked, "
        "reproducing no plant that exists."
    )
    return "\n".join([_MADE, "", "# Plants", "", intro, "", *table("", ("plant", "what it is", "scenarios"), rows)])


def write(root: Path, chosen: Sequence[str] = ()) -> list[Path]:
    """Write the pages and pictures of the chosen plants, all unless given, and the index.

    Pages and pictures of plants that are gone are removed.
    """
    folder = root / FOLDER
    known = names(root)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise TwinError(f"there is no plant {', '.join(unknown)} in {PLANTS}. Known: {', '.join(known)}.")
    files = {folder / "index.md": index(root)}
    for name in chosen or known:
        files[folder / f"{name}.md"] = page(root, name)
        files[folder / f"{name}.svg"] = flowsheet(root, name)
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.md"), *folder.glob("*.svg")]:
        if old.stem not in known and old.name != "index.md":
            old.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return sorted(files)


def main(arguments: Sequence[str]) -> int:
    """Write the pages of the named plants, or of all, under the root of a clone."""
    if not PLANTS.is_dir():
        sys.stderr.write(f"{COMMAND} runs in the root of a clone, beside {PLANTS}\n")
        return 2
    try:
        written = write(Path(), arguments)
    except TwinError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{len(written)} files in {FOLDER}\n")
    return 0


def _tree(root: Path, name: str) -> Node:
    return read_file(root / PLANTS / f"{name}.yaml", f"{PLANTS.as_posix()}/{name}.yaml")


def stream_of_port(model: str, port: str) -> str:
    """Type of stream of a port; empty for feeds and products, which have no model."""
    if not model:
        return ""
    return next((row["carries"] for row in _described(model)["ports"] if row["name"] == port), "")


@cache
def _described(model: str) -> dict[str, Any]:
    return describe(model)


def _equipment(plain: dict[str, Any]) -> list[str]:
    rows = []
    for name, unit in (plain.get("units") or {}).items():
        model = str(unit.get("model", ""))
        family, _, file = model.partition(".")
        rows.append((f"`{name}`", str(unit.get("label", "")), f"[{model}](../models/{family}/{file}.md)"))
    for name, controller in (plain.get("controllers") or {}).items():
        what = f"{controller.get('model', '')}: `{controller.get('measurement')}` → `{controller.get('output')}`"
        rows.append((f"`{name}`", "", what))
    return table("", ("unit", "tag", "model"), rows)


def _numbers(tree: Node, else_invented: bool) -> list[str]:
    """Tables of all numbers, one for each unit, feed, controller or other part of the file."""
    lines = [
        "## Numbers",
        "",
        "Every number of the plant's file, as written there, in its order. A line in italics is a comment of the file "
        "and speaks of the numbers below it. Material data stand in the component database with their sources.",
        "",
    ]
    tables: dict[tuple[str, ...], list[Number]] = {}
    for number in numbers(tree):
        if number.path[0] not in _LEFT_OUT and "position" not in number.path[2:3]:
            deep = number.path[0] in ("units", "feeds") and len(number.path) > 2
            tables.setdefault(number.path[: 2 if deep else 1], []).append(number)
    plain = tree.plain()
    for part, found in tables.items():
        model = ""
        if part[0] == "units":
            model = str(plain["units"][part[1]].get("model", ""))
        heading = f"### {part[-1]}" + {"units": f" ({model})", "feeds": " (feed)"}.get(part[0] if part[1:] else "", "")
        rows = list(_rows(found, len(part), model, plain, else_invented))
        lines += table(heading, ("name", "value", "meaning", "source"), rows)
    return lines


def _rows(
    found: list[Number], depth: int, model: str, plain: dict[str, Any], else_invented: bool
) -> Iterator[tuple[str, ...]]:
    said: set[Comment] = set()
    for number in found:
        for comment in sorted(set(number.above) - said, key=lambda comment: comment.line):
            yield "", "", "", f"*{literal(comment.text)}*"
        said.update(number.above)
        inside = number.path[depth:]
        meaning, numerical = _meaning(number, inside, model, plain)
        source = ("invented, " if _RANGE.match(number.source) else "") + literal(number.source)
        if not source:
            source = "as above" if number.above else "numerical" if numerical else ""
        source = source or ("invented" if else_invented else UNSTATED)
        yield f"`{_name(inside or number.path[-1:])}`", cell(number.text), literal(meaning), source


def _name(inside: tuple[str, ...]) -> str:
    """How a number is called within its part: parameters by their own name."""
    return ".".join(inside[1:] if inside[0] == "params" and len(inside) > 1 else inside)


def _meaning(number: Number, inside: tuple[str, ...], model: str, plain: dict[str, Any]) -> tuple[str, bool]:
    """What a number means according to its model, and whether it is a numerical choice: classes, cells, tanks."""
    if number.path[0] == "grids" and inside[-1:] == ("count",):
        return "number of classes", True
    if number.path[0] == "controllers" and len(inside) > 1:
        controller = str(plain["controllers"][inside[0]].get("model", ""))
        model = controller if "." in controller else f"twin.control.{controller}"
        rows = _described(model)["tables"].get("parameters", [])
        return next((row["meaning"] for row in rows if row["name"] == inside[1]), ""), False
    if not model:
        return "", False
    described = _described(model)
    if inside[0] in described["dimensions"]:
        return f"number of {inside[0]}", True
    heading = {"params": "parameters", "initial": "initial state"}.get(inside[0], "")
    rows = described["tables"].get(heading, [])
    return next((row["meaning"] for row in rows if inside[1:2] == (row["name"],)), ""), False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
