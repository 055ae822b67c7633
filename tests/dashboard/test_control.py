"""Tuning and responses on the control page: closed forms, files of other kinds, and what the page offers."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dash", reason="the dashboard extra is not installed")

from dashboard import tuned
from dashboard.linear_figures import linear_figure, open_linear, responses
from dashboard.pages import View, control
from dashboard.runs import Catalog
from dashboard.tasks import TaskError, Tasks, loops_command, named, starter
from tests.dashboard.beside import LOOP, PROCESS, TUNING, write_linear
from tests.dashboard.example import write_example
from twin.results.files import FileProblem


def shown(component: Any) -> str:
    return json.dumps(component, default=lambda node: node.to_plotly_json(), ensure_ascii=False)


def test_a_proportional_loop_comes_to_rest_where_it_must() -> None:
    settings = {"K": 3.0, "T_i_s": 0.0, "T_d_s": 0.0}
    t, y = tuned.closed_loop(PROCESS, settings, 0.0, 200.0, load=False)
    # K K_c / (1 + K K_c), with time constant T / (1 + K K_c); one step of delay errs by about dt / T
    exact = 6.0 / 7.0 * (1.0 - np.exp(-t * 7.0 / 100.0))
    assert np.abs(y - exact).max() < 0.01
    _, pushed = tuned.closed_loop(PROCESS, settings, 0.0, 200.0, load=True)
    assert pushed[-1] == pytest.approx(2.0 / 7.0, rel=1e-3)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("derivative", [0.0, 5.0])
def test_integral_action_brings_setpoint_and_load_home(order: int, derivative: float) -> None:
    process = {**PROCESS, "order": order, "theta_s": 5.0, "T_2_s": 20.0, "K": 2.0 if order else 0.02}
    settings = {"K": 0.8, "T_i_s": 150.0, "T_d_s": derivative}
    _, y = tuned.closed_loop(process, settings, 5.0, 3000.0, load=False)
    _, pushed = tuned.closed_loop(process, settings, 5.0, 3000.0, load=True)
    assert y[-1] == pytest.approx(1.0, abs=1e-3)
    assert pushed[-1] == pytest.approx(0.0, abs=1e-3)
    assert (y[0], pushed[0]) == (0.0, 0.0)


def test_open_loop_is_plant_times_controller() -> None:
    figure = tuned.loop_gain_figure(LOOP)
    assert figure is not None
    after = next(trace for trace in figure.data if trace.name == "after" and trace.yaxis == "y")
    omega = np.array(LOOP["plant"]["omega"])  # type: ignore[index]
    assert after.y == pytest.approx(np.array([1.99, 1.41, 0.2]) * 1.25 * np.abs(1.0 + 1.0 / (100.0j * omega)))
    assert tuned.loop_gain_figure({**LOOP, "plant": None}) is None


def test_the_page_tells_what_was_tuned(tmp_path: Path) -> None:
    write_example(tmp_path / "run.h5", hours=1.0)
    offered = shown(control.layout(View(Catalog(tmp_path), "run.h5")))
    assert "Tune the loops" in offered
    assert "Linearise, loops open" in offered
    (tmp_path / "run.tuning.json").write_text(json.dumps(TUNING), encoding="utf-8")
    text = shown(control.layout(View(Catalog(tmp_path), "run.h5")))
    for words in ("T_i [s]", "ITAE after", "1.25", "1.7", "tuning-steps"):
        assert words in text


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"loops": {"a": 1}}', '{"loops": {"a": {"before": {"K": "x"}}}}', "[" * 100_000]
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.tuning.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileProblem, match=r"run\.tuning\.json"):
        tuned.open_tuning(path)
    path = path.with_suffix(".npz")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileProblem, match=r"run\.tuning\.npz"):
        open_linear(path)


def test_responses_of_a_tank_are_its_closed_form(tmp_path: Path) -> None:
    pytest.importorskip("scipy.sparse")
    write_linear(tmp_path / "run.linear.npz")
    found = responses(open_linear(tmp_path / "run.linear.npz"), 0, 0)
    assert found.step == pytest.approx(2.0 * (1.0 - np.exp(-0.01 * found.time)), abs=1e-12)
    assert found.value == pytest.approx(0.02 / (1j * found.omega + 0.01), rel=1e-12)
    figure = linear_figure(found)
    assert [trace.xaxis for trace in figure.data] == ["x", "x2", "x3"]
    write_example(tmp_path / "run.h5", hours=1.0)
    assert "run.linear.npz" in shown(control.layout(View(Catalog(tmp_path), "run.h5")))


@pytest.mark.parametrize("name", ["--out=/tmp/x", "-v", "", "a b", "../x", "a;b", "TIC'"])
def test_no_name_of_a_file_becomes_an_option(name: str) -> None:
    with pytest.raises(TaskError):
        named(name)


def test_a_command_writes_beside_its_run(tmp_path: Path) -> None:
    run = write_example(tmp_path / "run.h5", hours=1.0)
    command = loops_command(Catalog(tmp_path), "run.h5")
    assert command[:4] == ["linearise", str(run), "--loops", "TIC-101"]
    assert command[command.index("--out") + 1] == str(tmp_path / "run.loops.npz")


def test_a_command_that_fails_says_why_and_one_that_works_leaves_its_output(tmp_path: Path) -> None:
    tasks = Tasks()
    bad = tasks.start(("tuning", "run"), ["report", str(tmp_path / "none.h5")], tmp_path / "bad.json", keep=True)
    good = tasks.start(("loops", "run"), ["models"], tmp_path / "models.txt", keep=True)
    with pytest.raises(TaskError, match="run already"):
        tasks.start(("trace", "run"), ["models"], tmp_path / "more.txt")
    for task in (bad, good):
        while task.state == "running":
            time.sleep(0.01)
    assert (bad.state, good.state) == ("failed", "done")
    assert "no file" in bad.message
    assert "piping.tank" in (tmp_path / "models.txt").read_text(encoding="utf-8")
    assert not (tmp_path / "bad.json").exists()


def test_reviewers_start_nothing(tmp_path: Path) -> None:
    write_example(tmp_path / "run.h5", hours=1.0)
    text = shown(starter(Catalog(tmp_path, review=True), "trace", "Trace", "why"))
    assert "task-go" not in text
