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
from twin.errors import TwinError


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
    told = TwinError("this needs scipy: pip install it")
    told.__cause__ = ModuleNotFoundError("no", name="scipy")
    assert ended(monkeypatch, told) == suite.SKIP, "an error of Twin's that tells of a missing package"
    assert "needs scipy" in capsys.readouterr().err
    with pytest.raises(ModuleNotFoundError):
        ended(monkeypatch, ModuleNotFoundError("no", name="twin.gone"))
    with pytest.raises(TwinError):
        ended(monkeypatch, TwinError("a mistake of ours"))


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


def test_short_forms_leave_the_committed_results_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = "from benchmarks.harness import COMMITTED, RESULTS; print('into', RESULTS, RESULTS == COMMITTED)"
    monkeypatch.setattr(suite, "started", lambda name, quick: [sys.executable, "-c", program])
    assert suite.carry_out(["any"], quick=True)[0]["outcome"] == "done"
    said = capsys.readouterr().out
    assert said.count("into") == 1
    assert "False" in said
    suite.carry_out(["any"])
    assert "True" in capsys.readouterr().out


@pytest.mark.parametrize("path", sorted(harness.COMMITTED.glob("*.json")), ids=lambda path: path.stem)
def test_every_committed_result_says_when_and_on_what_it_was_made(path: Path) -> None:
    assert path.stem in suite.benchmarks()
    told = json.loads(path.read_text(encoding="utf-8"))
    harness.check(told["environment"], harness.SCHEMA["environment"])
    assert len(told["made"].split("-")) == 3


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


def test_each_method_is_loaded_and_compiled_before_its_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rival that is compiled by the clock would be told a hundred times slower than it is."""
    import numpy as np

    from benchmarks import peers, shortly, work_precision

    asked: list[tuple[str, float]] = []
    ran = shortly.Ran(np.zeros((1, 1)), {}, 0.1)
    monkeypatch.setattr(shortly, "simulate", lambda made, how, **_: asked.append((how, made.scenario.until)) or ran)
    monkeypatch.setattr(work_precision, "closest", lambda made: (ran, 1e-11))
    timed = {"name": "", "values": {}}
    monkeypatch.setattr(work_precision, "row", lambda made, how, *_: asked.append((how, np.inf)) or {**timed})
    work_precision.diagram(shortly.short("two_tanks"), (1e-3,), 1)
    every = shortly.PLANTS["two_tanks"][2]
    assert asked == [pair for how in work_precision.METHODS for pair in ((how, every), (how, np.inf))]

    asked.clear()

    def solve(_: Any, how: str, rtol: float, end: float, **__: Any) -> tuple[peers.Solved, float]:
        asked.append((how, end))
        return (np.zeros((1, 1)), {}), 0.1

    monkeypatch.setattr(peers, "short", lambda name: shortly.short("two_tanks"))
    monkeypatch.setattr(peers, "native", solve)
    monkeypatch.setattr(peers, "scipys", solve)
    rows = peers.case("dyssol_granulation", quick=False)
    asked_for = peers.CASES["dyssol_granulation"]
    for rival in {row["values"]["method"].removeprefix("scipy ") for row in rows} - {"rodas4p"}:  # the reference, too
        ends = [until for how, until in asked if how == rival]
        assert ends[0] == asked_for.every
        assert ends[1:] == [asked_for.end] * len(ends[1:])
        assert len(ends) > 10, "the least of five at each tolerance, as of ours"


#: What asv calls: class -> method, parameters, whether the number is one that this may be.
HISTORY = {
    "Integration": ("time_integration", ("two_tanks", "multirate"), lambda value: value is None),
    "Error": ("track_median_error", ("two_tanks",), lambda value: 0.0 < value < 1e-2),
    "Startup": ("track_peak_memory", ("twin --help",), lambda value: 5.0 < value < 1000.0),
    "Counts": ("track_count", ("two_tanks", "steps"), lambda value: value > 10),
    "RunFile": ("track_file_size", (), lambda value: value > 1e5),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == "RunFile" else []) for name in HISTORY]
)
def test_what_asv_runs_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As asv calls them, with the first of their parameters; of the counts one plant only."""
    from benchmarks.history import suite as history

    settings = json.loads((ROOT / "benchmarks" / "asv.conf.json").read_text(encoding="utf-8"))
    assert (ROOT / "benchmarks" / settings["benchmark_dir"] / "suite.py").samefile(history.__file__)
    monkeypatch.setattr(history.shortly, "PLANTS", {"two_tanks": history.shortly.PLANTS["two_tanks"]})
    method, parameters, right = HISTORY[name]
    made: Any = getattr(history, name)()
    for choices, chosen in zip(getattr(made, "params", ()), parameters, strict=True):
        assert chosen in choices
    cached = (made.setup_cache(),) if hasattr(made, "setup_cache") else ()
    if hasattr(made, "setup"):
        made.setup(*parameters)
    assert right(getattr(made, method)(*cached, *parameters))
    if hasattr(made, "teardown"):
        made.teardown(*parameters)


def test_the_history_has_no_class_that_is_not_tried() -> None:
    from benchmarks.history import suite as history

    assert set(HISTORY) == {name for name, kind in vars(history).items() if isinstance(kind, type)} - {"Path", "Any"}


def test_the_page_of_results_is_that_of_the_committed_results() -> None:
    from benchmarks.page import PAGE, page

    text = PAGE.read_text(encoding="utf-8")
    assert page() == text, "results have changed: python -m benchmarks.page"
    assert all(f"| `{name}` |" in text for name in suite.benchmarks())


def test_every_figure_was_drawn_from_the_committed_results() -> None:
    from benchmarks.plots import FIGURES, digest, drawn_from

    for name in FIGURES:
        rows = json.loads((harness.COMMITTED / f"{name}.json").read_text(encoding="utf-8"))["rows"]
        told = drawn_from(harness.COMMITTED / f"{name}.png")
        assert told == digest(rows), f"{name}.png shows other results: python -m benchmarks.page"
        assert told != digest(rows[1:])


@pytest.mark.parametrize(
    ("name", "said"), [("control", "| `rodas4p` | 1e-5 |"), ("studies", " min |"), ("numerics", " s |")]
)
def test_a_table_in_another_page_is_that_of_the_committed_results(name: str, said: str) -> None:
    from benchmarks.page import DOCS, ENDED, TABLES, with_table

    made = TABLES[f"{name}.md"]()
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert with_table(text, made) == text, "results have changed: python -m benchmarks.page"
    assert sum(said in line for line in made) >= 2
    with pytest.raises(ValueError, match="no place"):
        with_table(text.replace(ENDED, ""), made)


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
