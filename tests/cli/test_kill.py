"""Killed at any moment, a run is resumed to the file that it would have been; real processes, real SIGKILL."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest

from tests.cli.shell import environment
from twin.again import fork, resume
from twin.progress import Silent
from twin.results.content import digests, verify
from twin.results.log import SUFFIX, reached
from twin.results.reader import open_run
from twin.run import run

#: Ramps, a hold, many rows, and processes that wait for tags, for each other and for their handlers: ten seconds of
#: work in small pieces, so that kills fall everywhere.
SCENARIO = """\
twin: 1
plant: two_tanks
title: long enough to be killed
duration: %d h
record: 10 s
events:
  - {at: 1 min, ramp: {spirit.T: 300 K}, over: 30 s, every: 10 min, name: warm}
  - {at: 4 min, hold: {spirit.m_flow.ethanol: 0 g/s}, for: 1 min, every: 10 min, name: pause}
  - {at: 7 min, set: {spirit.T: 25 degC}, every: 10 min, name: cold}
resources: {operator: 1}
recipes:
  dose:
    - phase: dose
      with: [operator]
      steps:
        - {hold: {spirit.m_flow.water: 10 g/s}, for: 90 s, name: double}
        - {wait_until: second.T < 299 K, timeout: 9 min, otherwise: go on}
processes:
  - name: campaign
    priority: 1
    steps:
      - repeat: forever
        steps:
          - procedure: make
            unit: first
            steps: [{run: dose}, {wait: 25 min}, {ramp: {spirit.m_flow.water: 6 g/s}, over: 2 min}]
            on: [{when: second.T > 299.2 K, steps: [{set: {spirit.m_flow.water: 5 g/s}}, {wait: 1 min}]}]
  - name: round
    at: 13 min
    every: 29 min
    steps:
      - {with: [operator], steps: [{wait: 8 min}], timeout: 3 min, otherwise: go on}
"""
#: Checkpoints as often as that every kill finds some, begun or half written.
RUN = "import sys; from twin.run import run; run('long.yaml', 'a.h5', checkpoint_every=0.005)"
RESUME = "import sys; from twin.again import resume; resume('a.h5', checkpoint_every=0.005)"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test types in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def whole(here: Path, hours: int) -> str:
    """Write the scenario and run it without a kill; gives the content's hash."""
    (here / "long.yaml").write_text(SCENARIO % hours, encoding="utf-8")
    result = run("long.yaml", here / "whole.h5", checkpoint_every=float("inf"))
    assert result.ok, result.message
    causes = {event.cause for event in open_run(result.path).events}
    assert causes >= {"pause: end of hold", "campaign / make / dose / double: end of hold"}
    assert result.statistics["firings"] > 10, "processes waited for tags"
    return result.content_hash


def start(words: str, here: Path) -> subprocess.Popen[bytes]:
    """Start a run in a process of its own, and wait until its log is there."""
    before = {path: path.stat().st_ino for path in here.glob(f"a.h5*{SUFFIX}")}
    process = subprocess.Popen([sys.executable, "-c", words], env=environment(), cwd=here)
    deadline = time.monotonic() + 200.0
    while process.poll() is None and time.monotonic() < deadline:
        now = {path: path.stat().st_ino for path in here.glob(f"a.h5*{SUFFIX}") if path.exists()}
        if now.keys() - before.keys():
            return process
        time.sleep(0.002)
    return process


def killed_and_resumed(here: Path, hours: int, kills: int, seed: int) -> None:
    expected = whole(here, hours)
    draw = random.Random(seed)
    process, done, progress = start(RUN, here), 0, []
    while done < kills:
        time.sleep(draw.uniform(0.0, 0.15))
        if process.poll() is not None:
            assert process.returncode == 0
            break
        process.kill()
        process.wait()
        done += 1
        if (here / "a.h5").exists():  # killed after it had its name
            break
        logs = list(here.glob(f"a.h5*{SUFFIX}"))
        progress.append(max(reached(path) for path in logs))
        if done < kills:
            process = start(RESUME, here)
    assert done >= min(kills, 3)
    assert progress == sorted(progress), "a resumed run begins where the last one stood, or later"
    if not (here / "a.h5").exists():
        assert resume("a.h5").ok
    assert verify(here / "a.h5").ok
    assert open_run(here / "a.h5").attrs["content_hash"] == expected
    assert sorted(path.name for path in here.iterdir() if path.name != "audit.jsonl") == [
        "a.h5",
        "long.yaml",
        "whole.h5",
    ]
    assert done == kills, f"only {done} kills fell before the end"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is Unix's; Windows ends a process in the same way")
def test_killed_twice_and_resumed_is_the_same_file(here: Path) -> None:
    killed_and_resumed(here, hours=60, kills=2, seed=1)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is Unix's; Windows ends a process in the same way")
def test_killed_twenty_times_and_resumed_is_the_same_file(here: Path) -> None:
    killed_and_resumed(here, hours=300, kills=20, seed=2)


class Impatient(Silent):
    """Presses Ctrl-C as soon as the run is under way."""

    pressed = False

    def advanced(self, t: float, end: float) -> None:
        if t > 0.0 and not self.pressed:
            self.pressed = True
            raise KeyboardInterrupt


def test_interrupted_by_ctrl_c_it_is_forked_from_where_it_stood(here: Path) -> None:
    expected = whole(here, 60)
    stopped = run("long.yaml", here / "a.h5", progress=Impatient())
    assert stopped.outcome == "interrupted"
    assert 0.0 < stopped.t < 216000.0
    child = fork("a.h5", out=here / "b.h5")
    assert child.ok
    with h5py.File("whole.h5") as one, h5py.File("b.h5") as other:
        left, right = digests(one), digests(other)
        assert other["provenance/fork"].attrs["at"] == stopped.t
        assert one.attrs["content_hash"] == expected
    assert {path for path in left.keys() | right.keys() if left.get(path) != right.get(path)} == {"/provenance/fork"}
