"""A run beside plant data: units, time shift, missing values, bias, coverage, and what is wrong in the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from twin.cli import main
from twin.results.reader import Run, open_run
from twin.run import run

MAP = """\
time: {column: minutes, unit: min, shift: %s}
tags:
  first.T: {column: TI, unit: degC, uncertainty: 0.3}
  second.product.m_flow[ethanol]: {column: FI, unit: kg/h, uncertainty: 2 %%}
"""
#: What the data differ by from the run: a clock that is late, and a sensor that reads high.
LATE, HIGH = 40.0, 0.25


@pytest.fixture(scope="module")
def two_tanks(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(run("two_tanks", tmp_path_factory.mktemp("run") / "a.h5").path)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test types in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def data(found: Run, mark: str = ",", dates: bool = False) -> str:
    """Data of the run itself every 17 s: read high by HIGH, each tenth temperature missing, times early by LATE."""
    times = np.arange(0.0, 1150.0, 17.0)
    T = np.interp(times + LATE, found.time, found.get("first.T")) - 273.15 + HIGH
    flow = np.interp(times + LATE, found.time, found.get("second.product.m_flow[ethanol]")) * 3600.0
    lines = ["# synthetic: the run itself", mark.join(("minutes", "TI", "FI"))]
    for i, t in enumerate(times):
        when = f"2026-03-01 08:{int(t) // 60:02d}:{int(t) % 60:02d}" if dates else repr(float(t) / 60.0)
        words = [when, "NA" if i % 10 == 3 else repr(float(T[i])), repr(float(flow[i]))]
        lines.append(mark.join(word.replace(".", ",") if mark == ";" else word for word in words))
    return "\n".join(lines) + "\n"


def compared(found: Run, capsys: pytest.CaptureFixture[str], shift: str, text: str, *words: str) -> dict[str, Any]:
    Path("tags.yaml").write_text(MAP % shift, encoding="utf-8")
    Path("d.csv").write_text(text, encoding="utf-8")
    assert main(["compare", str(found.path), "d.csv", "--map", "tags.yaml", "--json", *words]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize("dates", [False, True])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_bias_and_coverage_are_those_put_in(
    two_tanks: Run, capsys: pytest.CaptureFixture[str], mark: str, dates: bool
) -> None:
    # dates: the first line is the run's start, whatever unit the map gives numbers
    result = compared(two_tanks, capsys, "40 s", data(two_tanks, mark, dates))
    T, flow = result["tags"]
    assert (T["n"], T["missing"], T["outside"]) == (61, 7, 0)
    # both sides are straight lines between the run's samples: what is left is what was added, to rounding
    assert T["bias"] == pytest.approx(-HIGH, abs=1e-9)
    assert T["rmse"] == pytest.approx(HIGH, abs=1e-9)
    assert T["coverage"] == 1.0
    assert T["unit"] == "degC"
    assert flow["rmse"] < 1e-9
    assert (flow["n"], flow["missing"]) == (68, 0)
    assert (result["shift_s"], result["estimated"]) == (40.0, False)


def test_the_shift_is_found(two_tanks: Run, capsys: pytest.CaptureFixture[str]) -> None:
    result = compared(two_tanks, capsys, "estimate, within: 5 min", data(two_tanks))
    # the search ends within 1e-9 of a minimum that is flat to rounding; a bias must not pull it
    assert result["shift_s"] == pytest.approx(LATE, abs=1e-3)
    assert result["estimated"] is True
    assert result["at_the_edge"] is False
    result = compared(two_tanks, capsys, "estimate, within: 20 s", data(two_tanks))
    assert result["at_the_edge"] is True
    unshifted = compared(two_tanks, capsys, "0 s", data(two_tanks))["tags"]
    assert unshifted[1]["rmse"] > 1.0
    # and a shift leaves data outside the run
    result = compared(two_tanks, capsys, "10 min", data(two_tanks))
    assert all(row["outside"] > 25 for row in result["tags"])


def test_an_uncertainty_that_is_too_small_covers_nothing(two_tanks: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("d.csv").write_text(data(two_tanks), encoding="utf-8")
    Path("tags.yaml").write_text((MAP % "40 s").replace("uncertainty: 0.3", "uncertainty: 0.2"), encoding="utf-8")
    assert main(["compare", str(two_tanks.path), "d.csv", "--map", "tags.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tags"][0]["coverage"] == 0.0
    assert main(["compare", str(two_tanks.path), "d.csv", "--map", "tags.yaml"]) == 0
    shown = capsys.readouterr().out
    assert "0 %" in shown
    assert "data set 40 s later (given)" in shown


def test_residuals_are_drawn(two_tanks: Run, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    compared(two_tanks, capsys, "40 s", data(two_tanks), "--out", "r.svg")
    tree = ElementTree.parse(here / "r.svg")
    circles = tree.findall(".//{http://www.w3.org/2000/svg}circle")
    assert len(circles) == 2 * (61 + 68)
    heights = {float(circle.attrib["cy"]) for circle in circles[61:122]}  # residuals of the temperature: all the same
    assert len(heights) == 1
    compared(two_tanks, capsys, "40 s", data(two_tanks), "--out", "r.html")
    page = (here / "r.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")  # nothing from elsewhere
    assert "second.product.m_flow[ethanol]" in page
    words = ["compare", str(two_tanks.path), "d.csv", "--map", "tags.yaml", "--out"]
    assert main([*words, "r.png"]) == 2
    assert main([*words, "r.svg"]) == 2
    assert "exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "code", "text"),
    [
        ("column: TI", "column: TX", 2, "tags.yaml:3:21: missing column"),
        ("column: TI", "column: TX", 2, "Did you mean 'TI'?"),
        ("unit: kg/h", "unit: kg", 2, "tags.yaml:4:54: wrong unit"),
        ("unit: kg/h", "unit: kgg/h", 2, "unknown unit"),
        ("first.T", "frst.T", 2, "Did you mean 'first.T'?"),
        ("[ethanol]", "", 2, "name one, as in tag[ethanol]"),
        ("uncertainty: 0.3", "uncertanty: 0.3", 2, "Did you mean 'uncertainty'?"),
        ("uncertainty: 0.3", "uncertainty: wide", 2, "not an uncertainty"),
        ("shift: 40 s", "shift: 40 kg", 2, "not a time"),
        ("shift: 40 s", "shift: 3 h", 3, "lies within the run"),
        ("shift: 40 s", "shift: estimate, within: 1 s", 0, ""),
    ],
)
def test_what_is_wrong_in_the_map_is_told_at_its_place(
    two_tanks: Run, capsys: pytest.CaptureFixture[str], old: str, new: str, code: int, text: str
) -> None:
    Path("d.csv").write_text(data(two_tanks), encoding="utf-8")
    Path("tags.yaml").write_text((MAP % "40 s").replace(old, new), encoding="utf-8")
    assert main(["compare", str(two_tanks.path), "d.csv", "--map", "tags.yaml"]) == code
    assert text in capsys.readouterr().err


def test_what_is_wrong_in_the_data_is_told_at_its_place(two_tanks: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path("tags.yaml").write_text(MAP % "40 s", encoding="utf-8")

    def says(text: str) -> str:
        Path("d.csv").write_text(text, encoding="utf-8")
        assert main(["compare", str(two_tanks.path), "d.csv", "--map", "tags.yaml"]) in (2, 3)
        return capsys.readouterr().err

    assert "d.csv:6:3: not a value" in says("# a\n\nminutes,TI,FI\n0,20,1\n1,NA,1\n2,2O,1\n")
    assert "Column TI holds '2O', which is no number" in says("minutes,TI,FI\n0,2O,1\n")
    assert "holds no data" in says("minutes,TI,FI\n")
    assert main(["compare", str(two_tanks.path), "none.csv", "--map", "tags.yaml"]) == 3
    assert main(["compare", str(two_tanks.path), "d.csv"]) == 2
    assert "--map FILE says which tag" in capsys.readouterr().err.splitlines()[-1]
