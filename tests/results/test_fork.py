"""Forks: without a change the parent's bits, with a change the same past; resumed in between, too."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.engine.test_impulses import PLANT as WHEEL
from tests.engine.test_impulses import SCENARIO as TURNS
from tests.schedule.processes import EVERYTHING
from tests.schedule.refill import PLANT
from twin.again import ForkError, fork
from twin.errors import ConfigError
from twin.results.checkpoints import GROUP, read_checkpoints
from twin.results.content import digests, verify
from twin.results.files import FileProblem
from twin.results.reader import open_run
from twin.run import run

#: A scenario whose feed can be without ethanol.
LOOP = """\
twin: 1
plant: two_tanks
duration: 20 min
record: 10 s
events:
  - {at: 5 min, set: {spirit.m_flow.ethanol: 40 g/s}, name: more ethanol}
  - {at: 10 min, ramp: {spirit.T: 40 degC}, over: 2 min, name: warmer feed}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder; checkpoints every few steps, as a long run has them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("twin.integrate.integrator.PAUSE_STEPS", 4)
    return tmp_path


def written(here: Path, plant: str, scenario: str) -> str:
    (here / "plant.yaml").write_text(plant, encoding="utf-8")
    (here / "scenario.yaml").write_text(scenario, encoding="utf-8")
    return "scenario.yaml"


def differing(a: Path, b: Path) -> set[str]:
    """Paths of what is not the same in two files; attributes of the root count as "/"."""
    with h5py.File(a) as one, h5py.File(b) as other:
        left, right = digests(one), digests(other)
    return {path for path in left.keys() | right.keys() if left.get(path) != right.get(path)}


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("case", ["impulses, scans and latches", "processes and latches", "direct compression"])
def test_without_a_change_a_fork_is_its_parent(here: Path, case: str, table: bool) -> None:
    if case == "direct compression":  # PI loops, scans, latches, random numbers
        if not table:
            pytest.skip("the drivers are told apart by the smaller plants")
        parent = run("direct_compression_day", here / "a.h5", until="40 min", table=table)
    else:
        texts = (WHEEL, TURNS) if case.startswith("impulses") else (PLANT, EVERYTHING)
        parent = run(written(here, *texts), here / "a.h5", table=table)
    with h5py.File(parent.path) as file:
        kept = read_checkpoints(file)
    assert len(kept) > 4
    for name, at in (("b.h5", 0.7 * parent.t), ("c.h5", kept[2].time), ("d.h5", 0.5 * kept[0].time)):
        child = fork(parent.path, at, here / name)
        assert child.warnings == parent.warnings
        assert differing(parent.path, child.path) == {"/provenance/fork"}, name
        assert verify(child.path).ok
        assert child.statistics == parent.statistics
        said = open_run(child.path).provenance["fork"]
        assert said["parent"] == parent.content_hash
        assert said["at"] == at
        assert said["from"] <= at
    # a fork of a fork is one as well: its checkpoints are its parent's, and its own
    assert differing(here / "b.h5", fork("b.h5", 0.8 * parent.t, "e.h5").path) == {"/provenance/fork"}


@pytest.mark.parametrize("table", [True, False])
def test_a_change_leaves_the_past_alone(here: Path, table: bool) -> None:
    parent = run("two_tanks", here / "a.h5", table=table)
    child = fork("a.h5", "8 min", here / "b.h5", set=["spirit.T=50 degC", "first.tau=90 s"])
    a, b = open_run("a.h5"), open_run("b.h5")
    assert child.ok
    assert child.warnings == ()
    for tag in ("first.T", "second.m", "blend.total.H"):
        past = a.time <= 440.0  # the last step before the fork, of some 30 s, ends there
        np.testing.assert_allclose(a.get(tag)[a.time <= 480.0], b.get(tag)[a.time <= 480.0], rtol=1e-6)
        np.testing.assert_array_equal(a.get(tag)[past], b.get(tag)[past], err_msg=tag)
        assert np.any(a.get(tag)[~past] != b.get(tag)[~past])
    changes = [event for event in b.events if event.cause == "fork"]
    assert [(event.time, event.path) for event in changes] == [(480.0, "spirit.T"), (480.0, "first.tau")]
    assert [event for event in b.events if event.cause != "fork" and event.time < 480.0] == [
        event for event in a.events if event.time < 480.0
    ]
    # the fork is a whole run: its balances close from the start to the end
    assert b.balances.worst.measures["relative"] < 1e-9
    # and the scenario that it says it ran is that run
    (here / "again.yaml").write_text(b.resolved_yaml, encoding="utf-8")
    again = open_run(run("again.yaml", here / "c.h5", table=table).path)
    np.testing.assert_array_equal(again.get("second.H"), b.get("second.H"))
    assert parent.content_hash == open_run("b.h5").provenance["fork"]["parent"]


def test_a_component_that_a_fork_brings_in(here: Path) -> None:
    """Absent until the fork, so without a row in the Newton matrix of the checkpoint."""
    text = LOOP.replace("spirit.m_flow.ethanol: 40 g/s", "spirit.m_flow.ethanol: 0 g/s")
    (here / "s.yaml").write_text(text + "set: {spirit.m_flow.ethanol: 0 g/s}\n", encoding="utf-8")
    run("s.yaml", here / "a.h5")
    assert fork("a.h5", "8 min", here / "b.h5", set=["spirit.m_flow.ethanol=10 g/s"]).ok
    ethanol = open_run("b.h5").get("second.product.m_flow[ethanol]")
    assert ethanol[:48].max() == 0.0
    assert ethanol[-1] > 1e-3


def test_a_fork_may_end_earlier(here: Path) -> None:
    run("two_tanks", here / "a.h5")
    short = fork("a.h5", "6 min", here / "b.h5", until="9 min")
    assert short.t == 540.0
    with h5py.File("a.h5") as one, h5py.File("b.h5") as other:
        rows = len(other["time"])
        assert rows == 55
        np.testing.assert_array_equal(one["units/first/states/H"][:50], other["units/first/states/H"][:50])


def test_what_cannot_be_forked_is_told(here: Path) -> None:
    run("two_tanks", here / "a.h5", until="5 min")
    with pytest.raises(ForkError, match=r"a\.h5 reached 0:05:00 \(300 s\)"):
        fork("a.h5", "6 min", here / "b.h5")
    with pytest.raises(ConfigError, match=r"--at:1:1: not a time"):
        fork("a.h5", "6 kg", here / "b.h5")
    with pytest.raises(ConfigError, match="tau"):
        fork("a.h5", "2 min", here / "b.h5", set=["first.tua=3 s"])
    with pytest.raises(ConfigError, match="path=value"):
        fork("a.h5", "2 min", here / "b.h5", set=["first.tau"])
    with pytest.raises(FileProblem, match="never overwrites"):
        fork("a.h5", "2 min", here / "a.h5")
    with h5py.File("a.h5", "r+") as file:
        words = file[f"{GROUP}/words"]
        words[3] = words[3] + 1
    with pytest.raises(FileProblem, match="a checkpoint is not what the run wrote"):
        fork("a.h5", "2 min", here / "b.h5")
    with h5py.File("a.h5", "r+") as file:
        del file[GROUP]
        file["provenance"].attrs["model_fingerprint"] = "of other models"
    with pytest.raises(FileProblem, match="other versions of its models"):
        fork("a.h5", "2 min", here / "b.h5")
    assert sorted(path.name for path in here.iterdir() if path.name != "audit.jsonl") == ["a.h5"]


def test_a_parent_that_is_not_repeated_is_warned_of(here: Path) -> None:
    """As when its file comes from another machine: here one number of its past has been changed."""
    run("two_tanks", here / "a.h5")
    with h5py.File("a.h5", "r+") as file:
        del file[GROUP]  # so that the fork repeats all of it
        file["units/first/states/H"][20] *= 1.0 + 1e-12
    (warning,) = fork("a.h5", "8 min", here / "b.h5").warnings
    assert warning.startswith("a.h5 is not repeated to the same bits: up to the fork its rows differ by up to")


def test_with_cvode_to_its_tolerances(here: Path) -> None:
    """Checkpoints alter none of its steps; from one on it begins anew."""
    pytest.importorskip("sksundae")
    parent = run("two_tanks", here / "a.h5", method="cvode", checkpoint_every=0.0)
    assert run("two_tanks", here / "b.h5", method="cvode", checkpoint_every=np.inf).content_hash == parent.content_hash
    child = fork("a.h5", "12 min", here / "c.h5")
    assert child.warnings == ()
    a, c = open_run("a.h5"), open_run("c.h5")
    # tolerances of 1e-6 a step, which add up over the steps of both
    np.testing.assert_allclose(c.get("second.T"), a.get("second.T"), rtol=2e-5)
