"""Pages of the plants in docs/plants say and draw what the plants' files say today; nothing is run for it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from twin.config.numbers import numbers
from twin.config.reading import read_file
from twin.errors import TwinError
from twin.markdown import literal
from twin.plant_pages import (
    COMMAND,
    FOLDER,
    PLANTS,
    SOURCED,
    UNSTATED,
    flowsheet,
    index,
    main,
    names,
    page,
    told,
    write,
)
from twin.scenario_pages import fingerprint, read_results, scenarios_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / FOLDER
CURE = f"run `{COMMAND}` in the root of the clone and commit docs/plants"
#: Largest figure [bytes]: a clone stays small.
LARGEST = 150_000

PLANT = """\
# A tank that stands for all others.
#
# Everything else is invented.
twin: 1
title: A | tank
description: It only mixes.

fluids: [ethanol, water]
units:
  first:
    model: piping.tank
    label: T-101
    params:
      # both after Smith, doi 10.1000/abc(1)2.
      tau: 60 s
      V_weir: 10 L   # 5…20 L
    initial: {V: 10 L, T: 20 degC, w: {water: 1}}
feeds:
  spirit: {T: 25 degC, m_flow: {ethanol: 20 g/s}}   # measured, see *log*
connections:
  - spirit -> first.feed
  - first.product -> blend
products: [blend]
"""


@pytest.mark.parametrize("name", names(ROOT))
def test_page_and_flowsheet_of_every_plant_are_current(name: str) -> None:
    for path, made in ((PAGES / f"{name}.md", page(ROOT, name)), (PAGES / f"{name}.svg", flowsheet(ROOT, name))):
        assert path.is_file(), f"{name} has no page: {CURE}"
        assert path.read_text(encoding="utf-8") == made, f"{path.name} is not what the files say: {CURE}"


@pytest.mark.parametrize("name", names(ROOT))
def test_every_number_says_where_it_comes_from(name: str) -> None:
    """Behind it, above it, or in the plant's text, which then names a publication or says what is invented."""
    if f"| {UNSTATED} |" in page(ROOT, name):
        text = told(read_file(ROOT / PLANTS / f"{name}.yaml", name))
        assert SOURCED.search(text), "write sources behind the numbers, or which numbers are invented"


@pytest.mark.parametrize("name", names(ROOT))
def test_a_flowsheet_shows_every_unit_inside_its_frame(name: str) -> None:
    picture = ElementTree.fromstring(flowsheet(ROOT, name))
    left, top, width, height = map(float, picture.attrib["viewBox"].split())
    plain = read_file(ROOT / PLANTS / f"{name}.yaml", name).plain()
    titles = {
        element.text.split(" ")[0] for element in picture.iter() if element.tag.endswith("title") and element.text
    }
    assert {*plain["units"], *plain.get("feeds", {}), *plain.get("products", [])} <= titles
    for path in (element.attrib["d"] for element in picture.iter() if element.get("marker-end")):
        places = [float(number) for number in re.findall(r"-?\d+\.\d", path)]
        assert all(left <= x <= left + width for x in places[::2]), "pipes stay in the picture"
        assert all(top <= y <= top + height for y in places[1::2])


def test_the_index_is_current_and_nothing_is_left_over() -> None:
    assert (PAGES / "index.md").read_text(encoding="utf-8") == index(ROOT), f"the plants have changed: {CURE}"
    known = {"index.md", *(f"{name}.{end}" for name in names(ROOT) for end in ("md", "svg"))}
    scenarios = {f"{scenario}.png" for found in scenarios_of(ROOT).values() for scenario in found}
    left = {path.name for path in PAGES.iterdir()} - known - scenarios
    assert not left, "pages or figures of plants and scenarios that are gone"


def test_the_documentation_lists_every_plant() -> None:
    listed = set(re.findall(r"\]\(plants/(\w+)\.md\)", (PAGES.parent / "index.md").read_text(encoding="utf-8")))
    assert listed == {"index", *names(ROOT)}, "docs/index.md says in a line what each plant shows"


def test_links_and_pictures_of_the_pages_are_there() -> None:
    for path in PAGES.glob("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name} links to {target}, which is not there"


def test_figures_are_small() -> None:
    assert not [path.name for path in PAGES.glob("*.png") if path.stat().st_size > LARGEST]


def test_stored_runs_finished_with_balances_closed() -> None:
    for name, found in read_results(ROOT).items():
        assert found["outcome"] == "finished", name
        worst = max(row["relative"] for row in found["balances"])
        assert worst <= 1e-9, name


def clone(folder: Path, text: str = PLANT) -> Path:
    for inner in ("plant_configs", "scenarios"):
        (folder / inner).mkdir(exist_ok=True)
    (folder / "plant_configs" / "tank.yaml").write_text(text, encoding="utf-8")
    return folder


def test_numbers_stand_with_their_comments(tmp_path: Path) -> None:
    text = page(clone(tmp_path), "tank")
    assert "\n# A | tank\n" in text
    assert "\nA tank that stands for all others.\n\nEverything else is invented.\n" in text
    comment = "*both after Smith, [doi 10.1000/abc(1)2](https://doi.org/10.1000/abc%281%292).*"
    rows = [
        f"|  |  |  | {comment} |",
        "| `tau` | 60 s | time constant of the outflow over the weir | as above |",
        "| `V_weir` | 10 L | volume below the weir | invented, 5…20 L |",
    ]
    assert "\n".join(rows) in text
    assert "| `initial.T` | 20 degC | temperature | invented |" in text, "the comment above does not reach that far"
    assert "| `m_flow.ethanol` | 20 g/s |  | measured, see \\*log\\* |" in text
    assert "There is none yet." in text
    declared = "\n# Everything else is invented.\n"
    assert f"| `initial.T` | 20 degC | temperature | {UNSTATED} |" in page(
        clone(tmp_path, PLANT.replace(declared, "\n")), "tank"
    )


def test_what_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text('a: {b: 1, c: [2 g, .5, x], d: "3", e: 2 A -> B, f: true, g: -4 degC}\n', encoding="utf-8")
    found = {".".join(number.path): number.text for number in numbers(read_file(path, "p"))}
    assert found == {"a.b": "1", "a.c.1": "2 g", "a.c.2": ".5", "a.g": "-4 degC"}


def test_results_of_an_earlier_wording_are_told_apart(tmp_path: Path) -> None:
    root = clone(tmp_path)
    scenario = root / "scenarios" / "dose.yaml"
    text = "# A dose.\ntwin: 1\nplant: tank\nduration: 1 h\n"
    scenario.write_text(text, encoding="utf-8")
    first = fingerprint(root, "dose")
    scenario.write_text(text.replace("# A dose.", "# Another word.") + "figure: [first.T]\n", encoding="utf-8")
    assert fingerprint(root, "dose") == first, "comments and figures change no result"
    scenario.write_text(text.replace("1 h", "2 h"), encoding="utf-8")
    assert fingerprint(root, "dose") != first
    clone(tmp_path, PLANT.replace("tau: 60 s", "tau: 61 s"))
    scenario.write_text(text, encoding="utf-8")
    assert fingerprint(root, "dose") != first, "the plant's numbers count"
    assert "It has not been run in full yet." in page(root, "tank")


def test_dois_become_links_and_marks_are_shown() -> None:
    assert literal("a*b, doi 10.1/x") == "a\\*b, doi 10.1/x", "no DOI: too short a prefix"
    assert literal("see (10.1002/aic.1).") == "see ([doi 10.1002/aic.1](https://doi.org/10.1002/aic.1))."


def test_writing_removes_what_is_gone_and_knows_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = clone(tmp_path)
    (root / FOLDER).mkdir(parents=True)
    (root / FOLDER / "gone.md").write_text("old", encoding="utf-8")
    written = write(root)
    assert sorted(path.name for path in written) == ["index.md", "tank.md", "tank.svg"]
    assert not (root / FOLDER / "gone.md").exists()
    assert b"\r" not in (root / FOLDER / "tank.md").read_bytes()
    with pytest.raises(TwinError, match="no plant tnak .* Known: tank"):
        write(root, ["tnak"])
    monkeypatch.chdir(tmp_path / "scenarios")
    assert main([]) == 2
