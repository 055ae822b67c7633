"""From a scenario's name to a finished file, as a user and as a script see it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.shell import environment, twin
from twin.cli import main
from twin.config import load_scenario
from twin.results.log import log_path, reached
from twin.results.reader import open_run
from twin.run import default_path, run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test types in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The one JSON object on standard output."""
    return json.loads(capsys.readouterr().out)


def test_run_writes_a_finished_file(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["run", "two_tanks", "--quiet"]) == 0
    shown = capsys.readouterr()
    (path,) = (here / "runs").glob("two_tanks-*.h5")
    assert str(path.relative_to(here)) in shown.out
    assert "The run reached its end." in shown.out
    assert shown.err == ""
    found = open_run(path)
    assert found.outcome == "finished"
    assert found.time[-1] == 1200.0
    assert [event.time for event in found.events][:3] == [300.0, 600.0, 900.0]
    # What enters, leaves and stays is summed in the same steps, with an exact Jacobian: rounding is left, and that of
    # the ramp's slope in time, a difference over 2^-20 of a step: 1e-10 of what the ramp adds.
    assert found.balances.worst.measures["relative"] < 5e-12


def test_json_is_one_object_and_equal_runs_have_one_hash(capsys: pytest.CaptureFixture[str]) -> None:
    hashes = []
    for name in ("a.h5", "b.h5"):
        assert main(["run", "two_tanks", "--out", name, "--json", "--quiet"]) == 0
        result = answer(capsys)
        assert result["ok"] is True
        assert result["outcome"] == "finished"
        assert result["file"] == name
        hashes.append(result["content_hash"])
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("first", ["20 g/s", "0 g/s"])
def test_without_the_table_the_same_bits(here: Path, first: str) -> None:
    """Also where an event brings a component into the plant: it is foreseen whichever drives the event."""
    change = {"spirit.m_flow.ethanol": first}
    table = run("two_tanks", here / "a.h5", set=change)
    alone = run("two_tanks", here / "b.h5", set=change, table=False)
    assert table.statistics == alone.statistics
    assert table.content_hash == alone.content_hash
    a, b = open_run(table.path), open_run(alone.path)
    assert a.events == b.events
    np.testing.assert_array_equal(a.get("second.m"), b.get("second.m"))
    np.testing.assert_array_equal(a.get("second.H"), b.get("second.H"))
    np.testing.assert_array_equal(a.snapshots.before, b.snapshots.before)
    np.testing.assert_array_equal(a.snapshots.after, b.snapshots.after)


def test_rodas_is_the_native_methods_name(here: Path) -> None:
    assert main(["run", "two_tanks", "--solver", "rodas", "--until", "1 min", "--out", "a.h5", "--quiet"]) == 0
    assert open_run(here / "a.h5").attrs["method"] == "rodas4p"
    text = "twin: 1\nplant: two_tanks\nduration: 1 min\nsolver: {method: rodas}\n"
    (here / "s.yaml").write_text(text, encoding="utf-8")
    result = run("s.yaml", here / "b.h5", method="cvode-gmres")
    assert load_scenario("s.yaml").method == "rodas4p"
    (here / "again.yaml").write_text(open_run(result.path).resolved_yaml, encoding="utf-8")
    assert load_scenario("again.yaml").method == "cvode-gmres"


def test_set_and_until(here: Path) -> None:
    result = run("two_tanks", here / "a.h5", set=["spirit.T=30 degC"], until="5 min")
    assert result.t == 300.0
    assert open_run(result.path).get("spirit.T")[0] == pytest.approx(303.15, abs=1e-12)


def test_a_file_is_never_overwritten(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "mine.h5").write_bytes(b"mine")
    assert main(["run", "two_tanks", "--out", "mine.h5", "--quiet", "--json"]) == 3
    assert "never overwrites" in str(answer(capsys)["error"])
    assert (here / "mine.h5").read_bytes() == b"mine"
    assert [path.name for path in here.iterdir()] == ["mine.h5"]


def test_a_folder_that_was_named_is_not_made(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["run", "two_tanks", "--out", "resluts/mine.h5", "--quiet", "--json"]) == 3
    assert "there is no folder resluts" in str(answer(capsys)["error"])
    assert list(here.iterdir()) == []


def test_a_folder_that_takes_no_files_is_told_of_before_anything_is_compiled(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    monkeypatch.setattr("twin.plant.compile_plant", lambda _: pytest.fail("compiled first"))
    assert main(["run", "two_tanks", "--out", "mine.h5", "--quiet", "--json"]) == 3
    assert "mine.h5 cannot be written: Permission denied" in str(answer(capsys)["error"])
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["run", "two_tnks"], "two_tanks"),
        (["run", "two_tanks", "--set", "first.tua=3 s"], "tau"),
        (["run", "two_tanks", "--set", "first.tau=3 kg"], "first.tau"),
        (["run", "two_tanks", "--set", "nonsense"], "nonsense"),
        (["run", "two_tanks", "--until", "3 kg"], "until"),
        (["run", "two_tanks", "--solver", "magic"], "Known: rodas, rodas4p,"),
        (["run", "two_tanks", "--rtol", "-1"], "rtol"),
        (["show", "missing.yaml"], "missing.yaml"),
    ],
)
def test_bad_input_is_told_before_anything_is_written(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    assert main(words) == 2
    message = capsys.readouterr().err
    assert text in message
    assert "Traceback" not in message
    assert len(message.splitlines()) < 40
    assert list(here.iterdir()) == []


def test_a_run_that_fails_keeps_what_it_has(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    # A model of one's own, in a package beside the plant.
    shutil.copytree(Path(__file__).parent / "burst", here, dirs_exist_ok=True)
    assert main(["run", "burst.yaml", "--out", "a.h5", "--quiet", "--json"]) == 1
    result = answer(capsys)
    assert result["ok"] is False
    assert result["outcome"] in ("step_too_small", "not_finite")
    # dx/dt = x^2 from 0.01 bursts at 100 s, and the message names the state and the time.
    assert "bomb.x" in str(result["message"])
    assert result["plant_time"] == pytest.approx(100.0, abs=1e-3)
    found = open_run(here / "a.h5")
    assert found.outcome == result["outcome"]
    assert found.time[-1] == 99.0


def test_show_prints_the_plan_before_the_run(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["show", "two_tanks", "--json"]) == 0
    plan = answer(capsys)
    starts = [segment["start"] for segment in plan["segments"]]  # type: ignore[index, union-attr]
    assert starts == [0.0, 300.0, 600.0, 720.0, 900.0, 930.0]
    assert main(["show", "two_tanks"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for cause in (
        "spirit.m_flow.ethanol = 0.04 kg/s",
        "warmer feed: spirit.T to 313.15 K (40 degC) over 2 min",
        "ramp of spirit.T ends",
        "spirit.m_flow.ethanol = 0 kg/s for 30 s",
        "pump stopped: end of hold",
    ):
        assert cause in text
    assert main(["show", "two_tanks", "--rows", "3"]) == 0
    assert "4 more" in capsys.readouterr().out
    assert list(here.iterdir()) == []


def test_the_resolved_configuration_runs_to_the_same_bits(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["show", "two_tanks", "--resolved", "--set", "first.tau=50 s"]) == 0
    (here / "resolved.yaml").write_text(capsys.readouterr().out, encoding="utf-8")
    written, resolved = run("two_tanks", here / "a.h5", set=["first.tau=50 s"]), run("resolved.yaml", here / "b.h5")
    np.testing.assert_array_equal(open_run(written.path).get("second.H"), open_run(resolved.path).get("second.H"))


def test_check(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "bad.yaml").write_text("twin: 1\nplant: two_tanks\nduraton: 3 h\n", encoding="utf-8")
    assert main(["check", "bad.yaml", "--json"]) == 2
    problems = answer(capsys)["problems"]
    assert any(p["line"] == 3 and "duration" in p["detail"] for p in problems)  # type: ignore[attr-defined]
    assert main(["check", "bad.yaml"]) == 2
    assert ">  3 | duraton: 3 h" in capsys.readouterr().err


LOOP = """\
twin: 1
fluids: [water]
units:
  mixer: {model: piping.mixer}
  splitter: {model: piping.splitter, params: {fraction: 0.5}}
feeds:
  fresh: {T: 20 degC, m_flow: {water: 1 g/s}}
connections:
  - fresh -> mixer.feed_1
  - splitter.second -> mixer.feed_2
  - mixer.product -> splitter.feed
  - splitter.first -> out
products: [out]
"""


def test_check_names_an_algebraic_loop_and_its_cure(here: Path) -> None:
    (here / "loop.yaml").write_text(LOOP, encoding="utf-8")
    found = twin("check", "loop.yaml", folder=here)
    assert found.returncode == 2
    assert found.stderr.startswith("loop.yaml:11:5: algebraic loop\n")
    assert "\nmixer.product -> splitter.second -> mixer.product\n" in found.stderr
    assert "Put a unit with holdup and a level law into the loop" in found.stderr
    opened = LOOP.replace("second -> mixer.feed_2", "second -> rest").replace("[out]", "[out, rest]")
    (here / "loop.yaml").write_text(opened, encoding="utf-8")
    assert twin("check", "loop.yaml", folder=here).returncode == 0


def test_demo_runs_the_flagship_and_says_what_is_next(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert main(["demo", "--until", "2 min", "--quiet"]) == 0
    (path,) = (here / "runs").glob("paracetamol_startup-*.h5")
    assert capsys.readouterr().out.count(f"twin view {path.relative_to(here)}") == 1
    found = open_run(path)
    assert found.time[-1] == 120.0
    assert len(found.attrs["scenario"]) > 0


def test_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "two_tanks", "--out", "a.h5", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["report", "a.h5", "--json"]) == 0
    figures = answer(capsys)
    assert figures["outcome"] == "finished"
    assert main(["report", "a.h5"]) == 0
    assert "Balances" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C cannot be sent to one process on Windows")
def test_ctrl_c_finishes_the_file(here: Path) -> None:
    command = [sys.executable, "-m", "twin", "run", "long.yaml", "--out", "a.h5", "--json"]
    (here / "long.yaml").write_text(
        "twin: 1\nplant: two_tanks\ntitle: long\nduration: 4000 h\nrecord: 10 h\n"
        "events:\n  - {at: 1 min, ramp: {spirit.T: 300 K}, over: 30 s, every: 2 min}\n",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    log = log_path(here / "a.h5.partial")
    while process.poll() is None and not (log.exists() and reached(log) > 0.0):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 130, err
    result = json.loads(out)
    assert result["outcome"] == "interrupted"
    assert 0.0 < result["plant_time"] < 4000 * 3600.0
    assert open_run(here / "a.h5").outcome == "interrupted"
    assert "Traceback" not in err
    assert not (here / "a.h5.partial").exists()


def test_a_full_disk_is_a_file_problem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    assert main(["run", "two_tanks", "--out", "a.h5", "--quiet"]) == 3
    assert "full" in capsys.readouterr().err
    assert not (here / "a.h5").exists()


def test_default_names_do_not_collide() -> None:
    names = {default_path("x") for _ in range(50)}
    assert len(names) == 50
    assert all(name.parent == Path("runs") and name.suffix == ".h5" for name in names)


@pytest.mark.parametrize("package", ["dash", "plotly", "flask", "dash_mantine_components", "waitress"])
def test_view_names_what_is_missing(
    package: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the extra, whichever its modules ask for first; one of ours that is gone is an error of Twin's."""

    class Lacking:
        lacks = f"{package}.inner"

        def find_spec(self, name: str, *_: object) -> None:
            if name == "dashboard.app":
                raise ModuleNotFoundError(f"No module named '{self.lacks}'", name=self.lacks)

    assert main(["run", "two_tanks", "--out", "a.h5", "--quiet", "--until", "1 min"]) == 0
    monkeypatch.delitem(sys.modules, "dashboard.app", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Lacking(), *sys.meta_path])
    capsys.readouterr()
    assert main(["view", "a.h5"]) == 2
    assert f"needs {package}, which comes with: pip install 'continuous-twin[dashboard]'" in capsys.readouterr().err
    Lacking.lacks = "dashboard.pages"
    assert main(["view", "a.h5"]) == 4
