"""Languages: every text of the pages has its Chinese, with the same values in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")

from dashboard.app import PAGES, create_app
from dashboard.display import clock
from dashboard.runs import Catalog
from dashboard.speech import catalogue, language, meaning, say, speaking
from dashboard.state import STATES
from tests.dashboard.example import write_example
from twin import library
from twin.config.spec import METHODS
from twin.evidence.findings import MEANINGS, Kind
from twin.flowsheet.routes import STREAMS
from twin.flowsheet.symbols import KIND_NAMES
from twin.quantity import fields
from twin.results.balances import Limit
from twin.schedule.timetable import Kind as Change
from unit_ops import streams


def texts(root: Path) -> set[str]:
    found: set[str] = set()
    for path in (root / "dashboard").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                if isinstance(node.args[0], ast.Constant):
                    found.add(node.args[0].value)
    return found


def test_every_text_has_its_chinese(root: Path) -> None:
    words = catalogue("zh")
    wanted = texts(root) | {title for title, _ in PAGES.values()} | set(STATES)
    wanted |= {name for _, name in STREAMS.values() if name != "stream"}
    wanted |= {name for kind, name in KIND_NAMES.items() if kind != "instrument"}
    wanted |= {MEANINGS[kind] for kind in (Kind.STRUCTURE, Kind.UNFINISHED, Kind.CONTENT, Kind.SEAL, Kind.SIGNATURE)}
    wanted |= {change.value for change in Change}
    wanted |= {Limit.of({"method": method, "rtol": 1e-6}).basis for method in METHODS}
    assert len(wanted) > 200
    assert sorted(text for text in wanted if text not in words) == []


def test_values_stand_in_both_languages() -> None:
    for english, chinese in catalogue("zh").items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese)), english


def described() -> Iterator[dict[str, Any]]:
    """Every model of the library, the plant's boundaries and what stands between signals."""
    known = library.names()
    for folder, prefix in (("unit_ops.boundary", "boundary"), ("twin.control", "twin.control")):
        for file in files(folder).iterdir():
            stem = file.name.removesuffix(".py")
            if (
                stem != "pid_terms"
                and file.name.endswith(".py")
                and library.DECLARES_PORTS.search(file.read_text(encoding="utf-8"))
            ):
                known.append(f"{prefix}.{stem}")
    return (library.describe(name) for name in known)


def shown_meanings() -> set[str]:
    """What the pages may say of quantities and models: annotations, ports, first lines; and what flows in streams."""
    found: set[str] = set()
    for model in described():
        found |= {model["summary"]} | {port["meaning"] for port in model["ports"]}
        found |= {row["meaning"] for rows in model["tables"].values() for row in rows}
    for stream in (streams.Solution, streams.Slurry, streams.Cake, streams.Gas, streams.Powder, streams.Granules,
                   streams.Tablets):  # fmt: skip
        found |= {field.meaning for field in fields(stream)}
    return found


def test_every_meaning_has_its_chinese() -> None:
    known, shown = catalogue("zh", "meanings"), shown_meanings()
    assert len(shown) > 1300
    assert sorted(text for text in shown if text not in known) == []
    # Chinese it is, but for names and symbols that stay
    assert [text for text in shown if not re.search("[\u4e00-\u9fff]", known[text])] == [
        text for text in shown if text in ("Kawakita b", "Ryshkewitch k", "Kuentz-Leuenberger C")
    ]


#: Numbers, symbols, keys of YAML and formulae: what no translation may lose.
KEPT = re.compile(r"`[^`]+`|[A-Za-z]+_[a-z]+|\d+(?:\.\d+)?|1/T|T²|m3/h|mol/m\^3|kg/m3|\bln\b|\blog10\b|λ|x80|k0|k2|%")


def test_symbols_and_numbers_stay() -> None:
    lost = {
        english: [part for part in KEPT.findall(english) if part not in chinese]
        for english, chinese in catalogue("zh", "meanings").items()
    }
    assert {english: parts for english, parts in lost.items() if parts} == {}


def test_a_language_is_spoken_for_a_while() -> None:
    assert (language(), say("Trends")) == ("en", "Trends")
    with speaking("zh"):
        assert (say("Trends"), meaning("temperature"), clock(3900.0)) == ("趋势", "温度", "1 小时 05 分")
        assert meaning("no such meaning") == "no such meaning"
    assert say("{n} runs", n=3) == "3 runs"
    with pytest.raises(KeyError), speaking("xx"):
        pass


def test_the_viewers_cookie_decides(tmp_path: Path) -> None:
    client = create_app(Catalog(write_example(tmp_path / "run.h5", hours=1.0))).server.test_client()
    assert '<html lang="en">' in client.get("/").get_data(as_text=True)
    assert '<html lang="zh">' in client.get("/", headers={"Accept-Language": "zh-CN"}).get_data(as_text=True)
    client.set_cookie("twin-language", "zh")
    assert '<html lang="zh">' in client.get("/").get_data(as_text=True)
    client.set_cookie("twin-language", "<script>")
    assert '<html lang="en">' in client.get("/").get_data(as_text=True)
