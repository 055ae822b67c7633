"""The reference of YAML keys and the JSON Schema say what the readers check; shipped files fit, slips do not."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from twin import schema as schemas
from twin.config import check
from twin.config.reading import read_file, read_text
from twin.yaml_reference import COMMAND, PLACE, main, page

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"plant": "plant_configs", "scenario": "scenarios"}
SHIPPED = [(kind, path) for kind, folder in FOLDERS.items() for path in sorted((ROOT / folder).glob("*.yaml"))]
SHIPPED += [(kind, ROOT / "tests" / "config" / f"rich_{kind}.yaml") for kind in FOLDERS]


@cache
def validator(kind: str) -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    made = schemas.schema(kind)
    if kind == "scenario":  # it holds that of plants; a check takes seconds
        jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def test_the_page_is_current() -> None:
    assert (ROOT / PLACE).read_text(encoding="utf-8") == page(), f"run `{COMMAND}` and commit {PLACE.as_posix()}"


def test_links_lead_to_headings_and_files() -> None:
    text = page()
    anchors = {line.lstrip("# ").lower().replace(" ", "-") for line in text.split("\n") if line.startswith("#")}
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert links
    for link in links:
        if link.startswith("#"):
            assert link[1:] in anchors, link
        else:
            assert (ROOT / "docs" / link).is_file(), link


def test_it_says_where_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == 2
    assert "root of a clone" in capsys.readouterr().err
    assert main(["page.md"]) == 0
    assert b"\r" not in (tmp_path / "page.md").read_bytes()


@pytest.mark.parametrize(("kind", "path"), SHIPPED, ids=lambda x: x if isinstance(x, str) else x.stem)
def test_shipped_files_fit_the_schema(kind: str, path: Path) -> None:
    errors = [error.message[:300] for error in validator(kind).iter_errors(read_file(path, path.name).plain())]
    assert not errors


PLANT = """
twin: 1
fluids: [water]
units:
  tank: {model: piping.tank, params: {tau: 60 s, V_weir: 10 L}, initial: {V: 10 L, T: 20 degC, w: {water: 1}}}
feeds:
  supply: {T: 20 degC, m_flow: {water: 1 kg/h}}
connections: [supply -> tank.feed, tank.product -> out]
products: [out]
"""
SCENARIO = """
twin: 1
plant: two_tanks
duration: 1 h
events:
  - {at: 5 min, set: {spirit.T: 30 degC}}
processes:
  - {name: p, steps: [{wait: 1 min}, {repeat: 2, steps: [{ramp: {spirit.T: 40 degC}, over: 1 min}]}]}
"""
STUDY = """
twin: 1
scenario: two_tanks
design: {kind: random, runs: 3}
factors:
  first.tau: {from: 30 s, to: 60 s}
  second.tau: {mean: 60 s, sd: 5 s}
responses:
  - {tag: second.T, at: [5 min, 10 min]}
"""
SLIPS = [
    ("plant", "fluids:", "fluid:"),
    ("plant", "twin: 1", "twin: 2"),
    ("plant", "model: piping.tank, ", ""),
    ("plant", "piping.tank", "piping.tnak"),
    ("plant", "tau: 60 s", "tua: 60 s"),
    ("plant", "tau: 60 s", "tau: sixty"),
    ("plant", "initial: {V", "initial: {volume"),
    ("plant", "initial:", "start:"),
    ("plant", "{T: 20 degC, m_flow", "{T: 20 degC, flow"),
    ("plant", "supply -> tank.feed", "supply to tank.feed"),
    ("scenario", "duration: 1 h", "until: 1 h"),
    ("scenario", "duration: 1 h", "duration: [1 h]"),
    ("scenario", "duration: 1 h", "duration: 1 h\nstart: rest"),
    ("scenario", "duration: 1 h", "duration: 1 h\nsolver: {method: euler}"),
    ("scenario", "set: {spirit", "sets: {spirit"),
    ("scenario", "wait: 1 min", "weit: 1 min"),
    ("scenario", "over: 1 min", "for: 1 min"),
    ("scenario", "repeat: 2, steps", "repeat: 2, step"),
    ("study", "scenario: two", "scenarios: two"),
    ("study", "kind: random", "kind: rnadom"),
    ("study", "runs: 3", "run: 3"),
    ("study", "from: 30 s", "form: 30 s"),
    ("study", "sd: 5 s", "sd: [5 s]"),
    ("study", "tag: second.T", "tga: second.T"),
]


@pytest.mark.parametrize(("kind", "right", "wrong"), SLIPS)
def test_slips_are_refused_as_by_the_readers(tmp_path: Path, kind: str, right: str, wrong: str) -> None:
    text = {"plant": PLANT, "scenario": SCENARIO, "study": STUDY}[kind]
    assert not list(validator(kind).iter_errors(read_text(text, "text").plain()))
    slip = text.replace(right, wrong, 1)
    assert slip != text
    assert list(validator(kind).iter_errors(read_text(slip, "text").plain()))
    file = tmp_path / "slip.yaml"
    file.write_text(slip, encoding="utf-8")
    assert check(file), "what the schema refuses, the readers refuse"


def test_models_of_ones_own_may_have_anything() -> None:
    own = PLANT.replace("piping.tank", "my_models.tank").replace("tau: 60 s", "anything: 3")
    assert not list(validator("plant").iter_errors(read_text(own, "text").plain()))


def test_a_schema_tells_what_a_key_means() -> None:
    made = schemas.schema("scenario")
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (
        made["$defs"]["scenario"]["properties"]["record"]["description"]
        == "time between two samples [s] (default: 60 s)"
    )
    tank = made["$defs"]["model piping.tank"]["properties"]["params"]["properties"]
    assert tank["V_weir"]["description"] == "volume below the weir [m^3]"
    assert tank["V_weir"]["examples"] == ["2 L"]
    mode = made["$defs"]["model powder.feeder"]["properties"]["params"]["properties"]["mode"]
    assert mode["enum"] == ["volumetric", "indexed", "gravimetric"]
    assert json.loads(json.dumps(made)) == made
