"""Hostile and broken files: an answer in time, a ConfigError with a place, never a traceback."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twin.config import ConfigError, check
from twin.config.document import Problems
from twin.config.plant import build_plant
from twin.config.reading import read_text
from twin.config.scenario import build_scenario

HERE = Path(__file__).parent
PLANT = (HERE / "rich_plant.yaml").read_text(encoding="utf-8")
SCENARIO = (HERE / "rich_scenario.yaml").read_text(encoding="utf-8")
#: What mutations put in: YAML's own characters, hostile numbers, names that exist elsewhere in the file.
PIECES = [
    *"{}[],:&*!|>'\"%@`#?-\t\n\x00\ufeff\u2028",
    "  ", "- ", ": ", "~", "nan", ".inf", "1e999", "-1", "0", "true", "null", "<<: *a", "!!python/object:os.system",
    "reactor", "reactor.T_out", "reagents", "ethanol", "bins", "1 kg", "K", "9" * 400, "é", "->", "[[[[", "{a: {b: {",
]  # fmt: skip


def load(text: str, is_scenario: bool) -> str:
    """Load a text; give the message of a refusal, or nothing. Anything but ConfigError fails the test."""
    try:
        root = read_text(text, "file.yaml")
        if is_scenario:
            build_scenario(root, HERE / "file.yaml", "file")
        else:
            build_plant(Problems(), root, [], None, "file")
    except ConfigError as error:
        message = str(error)
    else:
        return ""
    assert message.startswith(("file.yaml", "tests", "rich_plant", str(HERE)))
    assert all(line.isprintable() for line in message.split("\n"))
    return message


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bool]:
    """Give one of the valid files with a few pieces inserted, cut, or moved."""
    is_scenario = draw(st.booleans())
    text = SCENARIO if is_scenario else PLANT
    for _ in range(draw(st.integers(1, 3))):
        i = draw(st.integers(0, len(text)))
        j = min(len(text), i + draw(st.integers(0, 30)))
        kind = draw(st.sampled_from(["insert", "cut", "replace", "copy", "swap lines"]))
        if kind == "insert":
            text = text[:i] + draw(st.sampled_from(PIECES)) + text[i:]
        elif kind == "cut":
            text = text[:i] + text[j:]
        elif kind == "replace":
            text = text[:i] + draw(st.sampled_from(PIECES)) + text[j:]
        elif kind == "copy":
            k = draw(st.integers(0, len(text)))
            text = text[:k] + text[i:j] + text[k:]
        else:
            lines = text.splitlines(keepends=True)
            a, b = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
            lines[a], lines[b] = lines[b], lines[a]
            text = "".join(lines)
    return text, is_scenario


@settings(max_examples=250)
@given(mutated())
def test_mutations_of_valid_files_are_answered(case: tuple[str, bool]) -> None:
    load(*case)


@settings(max_examples=200)
@given(st.text(max_size=300), st.booleans())
@example("twin: 1\nunits: {a: {model: this}}", False)
@example("? [a]\n: b", False)
@example("- - - -", True)
def test_random_text_is_answered(text: str, is_scenario: bool) -> None:
    assert load(text, is_scenario)


leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(PIECES))
KEYS = [
    "model",
    "params",
    "units",
    "feeds",
    "at",
    "set",
    "when",
    "hold",
    "ramp",
    "tag",
    "reactor",
    "T",
    "m_flow",
    "plant",
    "steps",
    "name",
    "wait",
    "with",
    "repeat",
    "parallel",
    "phase",
    "on",
]
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
TOP = ["fluids", "solids", "grids", "components", "units", "feeds", "connections", "products", "signals", "controllers"]
TOP_SCENARIO = ["plant", "duration", "record", "solver", "seed", "set", "initial", "events", "quality", "lots", "title"]
TOP_SCENARIO += ["resources", "recipes", "processes", "batches", "containers", "factors"]


@settings(max_examples=250)
@given(st.data(), st.booleans())
def test_any_shape_under_any_key_is_answered(data: st.DataObject, is_scenario: bool) -> None:
    """Every top-level key of a valid file, and every key of a unit, takes any tree."""
    import json

    text = SCENARIO if is_scenario else PLANT
    key = data.draw(st.sampled_from(TOP_SCENARIO if is_scenario else TOP))
    tree = (
        json.dumps(data.draw(trees), ensure_ascii=True, default=str).replace("NaN", ".nan").replace("Infinity", ".inf")
    )
    lines, kept, skipping = text.splitlines(), [], False
    for line in lines:
        if line[:1] not in (" ", "#", "-", ""):
            skipping = line.startswith(f"{key}:")
        if not skipping:
            kept.append(line)
    load("\n".join([*kept, f"{key}: {tree}"]), is_scenario)


BOMBS = {
    "aliases": "a: &a [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)),
    "brackets": "[" * 490_000,
    "braces": "{" * 490_000,
    "nested keys": "".join(" " * i + "a:\n" for i in range(1000)),
    "many keys": "".join(f"k{i}: 1\n" for i in range(45_000)),
    "long word": "a: " + "x" * 490_000,
    "long list": "a: [" + "1, " * 160_000 + "1]",
    "many lines": "\n" * 490_000,
    "folded": "a: >\n" + "  y\n" * 200_000,
    "dashes": "- " * 240_000,
    "questions": "? " * 240_000,
    "zeros": "\x00" * 490_000,
}


@pytest.mark.parametrize("name", [*BOMBS, "10 MB", "binary"])
def test_bombs_are_refused_in_two_seconds(tmp_path: Path, name: str) -> None:
    file = tmp_path / "bomb.yaml"
    if name == "10 MB":
        file.write_text(BOMBS["aliases"] + "b: [" + "x, " * 3_500_000 + "x]", encoding="utf-8")
    elif name == "binary":
        file.write_bytes(bytes(range(256)) * 100)
    else:
        file.write_text(BOMBS[name], encoding="utf-8")
    begin = time.process_time()
    problems = check(file)
    assert time.process_time() - begin < 2.0
    assert problems
    assert sum(len(str(problem)) for problem in problems) < 20_000


@pytest.mark.parametrize("name", ["", ".", "..", "nowhere", "a\0b", "x" * 5000, "two_tank", "/dev/null"])
def test_names_that_lead_nowhere(name: str) -> None:
    (problem,) = check(name)
    assert problem.title in ("no such file", "empty file", "cannot be read")
    if name == "two_tank":
        assert "Did you mean 'two_tanks'?" in problem.detail
