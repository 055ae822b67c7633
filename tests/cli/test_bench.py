"""`twin bench`: what it lists, what it says of a wrong name, how a benchmark fails, is skipped, and stores."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import harness, suite
from tests.cli.shell import ROOT
from twin import bench_commands
from twin.cli import main


def test_every_benchmark_is_listed_with_its_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--json"]) == 0
    told = {row["name"]: row["question"] for row in json.loads(capsys.readouterr().out)["benchmarks"]}
    files = {p.stem for p in (ROOT / "benchmarks").glob("*.py") if "def main(" in p.read_text(encoding="utf-8")}
    assert set(told) == files - {"suite"}
    assert {"work_precision", "cost", "startup", "recording", "counts", "peers", "study", "dashboard"} <= set(told)
    assert all(told.values())


def test_a_wrong_name_is_answered_with_the_closest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "work_precison"]) == 2
    assert "Did you mean 'work_precision'" in capsys.readouterr().err


def test_without_a_clone_it_says_where_benchmarks_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench_commands, "__file__", str(tmp_path / "site" / "twin" / "bench_commands.py"))
    with pytest.raises(bench_commands.BenchError, match="in a clone of the repository"):
        bench_commands.suite()


def ended(monkeypatch: pytest.MonkeyPatch, error: Exception) -> int:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(runpy, "run_module", fail)
    monkeypatch.setattr(sys, "argv", [])
    return suite.one("any", [])


def test_a_missing_package_skips_and_a_missing_module_of_ours_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, ModuleNotFoundError("no", name="sksundae.cvode")) == suite.SKIP
    assert "needs sksundae.cvode" in capsys.readouterr().err
    assert ended(monkeypatch, harness.Skipped("no second core")) == suite.SKIP
    assert "no second core" in capsys.readouterr().err
    with pytest.raises(ModuleNotFoundError):
        ended(monkeypatch, ModuleNotFoundError("no", name="twin.gone"))


def test_results_go_where_they_are_asked_for_with_a_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"told": 3.0}
    program = (
        "from benchmarks.harness import stores, write\n"
        f"assert stores(True)\nwrite('little', 'How little?', [{{'name': 'a', 'values': {made!r}}}], [])\n"
    )
    monkeypatch.setattr(suite, "SHORT", {"little": ()})
    command = suite.sys.executable
    monkeypatch.setattr(suite, "started", lambda name, quick: [command, "-c", program if name == "little" else "1/0"])
    rows = suite.carry_out(["little", "broken"], quick=True, out=tmp_path / "out")
    assert [row["outcome"] for row in rows] == ["done", "failed"]
    assert "ZeroDivisionError" in rows[1]["reason"]
    stored = json.loads((tmp_path / "out" / "little.json").read_text(encoding="utf-8"))
    assert stored["rows"] == [{"name": "a", "values": made}]
    assert stored["environment"]["cores"] >= 1
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in summary["benchmarks"]] == ["little", "broken"]


def test_figures_are_drawn_of_results_that_have_one(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.plots import draw_all

    rows = [
        {
            "name": f"{n}",
            "values": {"plant": "p", "method": "m", "rtol": 1.0 / n, "min_s": 0.1 * n, "error_median": 1.0 / n},
        }
        for n in (1, 10)
    ]
    (tmp_path / "work_precision.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
    assert [path.name for path in draw_all(tmp_path)] == ["work_precision.png"]


@pytest.mark.parametrize("name", ["Counts", "Integration", "Error", "Startup", "RunFile"])
def test_what_asv_runs_is_there(name: str) -> None:
    from benchmarks.history import suite as history

    kind = getattr(history, name)
    timed = [m for m in vars(kind) if m.startswith(("time_", "track_"))]
    assert timed
    settings = json.loads((ROOT / "benchmarks" / "asv.conf.json").read_text(encoding="utf-8"))
    assert (ROOT / "benchmarks" / settings["benchmark_dir"] / "suite.py").is_file()


def test_the_page_of_results_names_every_benchmark() -> None:
    """Its numbers are those of the committed files; who commits new ones runs `python -m benchmarks.page`."""
    from benchmarks.page import page

    assert all(f"| `{name}` |" in page() for name in suite.benchmarks())


def test_the_table_of_loops_is_that_of_the_committed_results() -> None:
    from benchmarks.page import LOOPS, loops

    text = LOOPS.read_text(encoding="utf-8")
    assert loops(text) == text, "python -m benchmarks.page"
    assert text.count("| `rodas4p` | 1e-5 |") >= 3


def test_a_number_that_only_one_run_has_is_no_difference_of_nothing() -> None:
    import numpy as np

    from benchmarks.control_loops import TAGS, differences

    run = np.ones((3, len(TAGS)))
    other = run.copy()
    run[0], other[0] = np.nan, np.nan
    other[2, 1] = 1.5
    assert list(differences(run, other).values())[:2] == [0.0, 0.5]
    other[1, 0] = np.nan
    with pytest.raises(ValueError, match="is no number in one of two runs, at sample 1"):
        differences(run, other)
