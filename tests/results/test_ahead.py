"""A simulation may begin before its file is there; nothing that it hands out is lost, and none is left behind."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from twin.config import load_scenario
from twin.results.ahead import Abandoned, Ahead
from twin.results.files import FileProblem
from twin.run import run


class Simulation:
    """Hands out two blocks and an event."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.broke: BaseException | None = None

    def hand_to(self, samples: Any, events: Any) -> None:
        self.samples, self.events = samples, events

    def keep(self, due: Any, take: Any) -> None:
        self.due, self.take = due, take

    def run(self) -> str:
        self.begun.set()
        try:
            self.samples("first")
            self.events(["event"], ["sides"])
            if self.due(3.0):
                self.take("checkpoint")
            self.samples("last")
        except BaseException as error:
            self.broke = error
            raise
        return "ended"


class Recorder:
    def __init__(self, fails: bool = False) -> None:
        self.taken: list[Any] = []
        self.fails = fails

    def samples(self, block: Any) -> None:
        if self.fails and self.taken:
            raise FileProblem("the disk is full")
        self.taken.append(block)

    def happened(self, *what: Any) -> None:
        self.taken.append(what)

    def due(self, now: float) -> bool:
        self.taken.append(now)
        return True

    def checkpoint(self, point: Any) -> None:
        self.taken.append(point)


def left() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "twin-simulate"]


@pytest.mark.parametrize("early", [True, False])
def test_all_is_handed_on_in_order(early: bool) -> None:
    simulation, recorder = Simulation(), Recorder()
    with Ahead(simulation) as ahead:
        if early:
            ahead.begin()
            assert simulation.begun.wait(10.0)
        assert recorder.taken == []
        ending, wall = ahead.into(recorder)
    assert (ending, recorder.taken) == ("ended", ["first", (["event"], ["sides"]), 3.0, "checkpoint", "last"])
    assert wall > 0.0
    assert not left()


def given_up(simulation: Simulation) -> None:
    with Ahead(simulation) as ahead:
        ahead.begin()
        raise FileProblem("no file to be had")


def test_without_a_recorder_it_ends() -> None:
    simulation = Simulation()
    with pytest.raises(FileProblem):
        given_up(simulation)
    assert isinstance(simulation.broke, Abandoned)
    assert not left()


def test_what_the_recorder_raises_is_raised() -> None:
    ahead = Ahead(Simulation())
    ahead.begin()
    with pytest.raises(FileProblem, match="disk is full"):
        ahead.into(Recorder(fails=True))
    assert not left()


def test_a_run_whose_log_takes_no_entry_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise FileProblem("the log cannot be written")

    monkeypatch.setattr("twin.evidence.register.append", refuse)
    with pytest.raises(FileProblem, match="the log cannot be written"):
        run(load_scenario("two_tanks"), tmp_path / "run.h5")
    assert list(tmp_path.iterdir()) == []
    assert not left()
