"""Lots to containers: closed form in one tank, sums to one, masses that close with recycle, a drum of tablets."""

from __future__ import annotations

import json
import math
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.trace.plants import TAU, blender, reactor
from twin.cli import main
from twin.config import load_scenario
from twin.results.content import verify
from twin.trace.genealogy import genealogy
from twin.trace.identifiers import identifiers
from twin.trace.network import TraceError, network_of
from twin.trace.replay import replay
from twin.trace.tracing import closes, trace

LOTS = """\
duration: 10 min
record: 60 s
solver: {method: rodas4p, rtol: 1e-8}
lots:
  - {name: first, of: powder}
  - {name: second, of: powder, from: 2 min, 药品追溯码: "81234567890123456789"}
containers:
  - {name: bin, of: blend, every: 1 min}
  - {name: keg, of: blend, mass: 2.5 kg}
"""


def test_a_change_of_lot_in_one_tank(tmp_path: Path) -> None:
    """Fractions of the new lot in bins of one minute: 1 − τ/Δ (e^(−a/τ) − e^(−b/τ)), a and b since the change."""
    spec = blender(tmp_path, 1, LOTS)
    _, found = replay(spec)
    g = genealogy(spec, found, holdup=0.0)
    second = g.lots.index("second")
    for number in range(2, 10):
        a, b = 60.0 * number - 120.0, 60.0 * number - 60.0
        wanted = 1.0 - TAU / 60.0 * (math.exp(-a / TAU) - math.exp(-b / TAU))
        assert g.fractions[number, second] == pytest.approx(wanted, abs=1e-7)
    kegs = [v for v in g.vessels if v.name.startswith("keg")]
    assert [v.end for v in kegs] == pytest.approx([250.0, 500.0, 600.0], abs=1e-4)
    assert [v.complete for v in kegs] == [True, True, False]
    assert np.sum(g.fractions, axis=1) == pytest.approx(1.0, abs=1e-12)
    # mean time in the plant of what leaves late: a minute
    assert g.age[9, 0] == pytest.approx(TAU, rel=1e-3)


def test_uncertainty_is_that_of_the_holdup(tmp_path: Path) -> None:
    """One tank: d(fraction)/d(ln τ) in closed form, times 1 %."""
    spec = blender(tmp_path, 1, LOTS)
    _, found = replay(spec)
    g = genealogy(spec, found, holdup=0.01)
    second = g.lots.index("second")

    def share(tau: float) -> float:  # third bin: the first minute after the change
        return 1.0 - tau / 60.0 * -math.expm1(-60.0 / tau)

    wanted = abs(share(1.01 * TAU) - share(TAU))
    assert g.uncertainty[2, second] == pytest.approx(wanted, rel=1e-3)


RECYCLED = """\
twin: 1
plant: two_tanks
title: Lots through a recycle
duration: 25 min
record: 60 s
lots: [{name: S-1, of: spirit}, {name: S-2, of: spirit, from: 10 min}]
containers: [{name: can, of: blend, every: 5 min}]
"""


def test_masses_close_with_recycle_on(tmp_path: Path) -> None:
    """Two tanks with a recycle: fractions of every container sum to one to 1e-9, and no lot loses anything."""
    (tmp_path / "scenario.yaml").write_text(RECYCLED, encoding="utf-8")
    spec = load_scenario(str(tmp_path / "scenario.yaml"))
    plant, found = replay(spec)
    recycled = [pipe for pipe in found["total"].network.pipes if "split" in pipe]
    assert recycled
    g = genealogy(spec, found, holdup=0.0)
    assert np.max(np.abs(g.lost)) < 1e-9 * float(g.fed.sum())
    assert [vessel.name for vessel in g.vessels] == [f"can-{number:03d}" for number in range(1, 6)]
    assert np.sum(g.fractions, axis=1) == pytest.approx(1.0, abs=1e-9)
    first, second = (g.fractions[:, g.lots.index(name)] for name in ("S-1", "S-2"))
    assert np.all(second[:2] == 0.0)
    assert np.all(np.diff(second[1:]) > 0.0)
    assert np.all(first[2:] > 0.0), "what the recycle keeps of the first lot is in every later can"
    # each lot's kilograms, of all cans and what is still held, are what was fed of it
    assert np.max(np.abs(g.unaccounted)) < 1e-6
    out = found["total"].passed(found["total"].network.point("blend"), 0.0, found["total"].end)
    # the plant's integration error at rtol 1e-6
    assert float(g.out.sum()) == pytest.approx(out, rel=1e-6)


@pytest.fixture(scope="module")
def tablets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trace") / "lots.trace.h5"
    way = ["--path", "api_feeder.product -> press.tablets", "--holdup", "0"]
    assert main(["trace", "direct_compression_lot_change", "--until", "2.2 h", *way, "--out", str(path)]) == 0
    return path


def test_a_drum_of_tablets(tablets: Path) -> None:
    """Component by component: what the spray brings stays, its water does not; the drum is what was weighed out."""
    with h5py.File(tablets, "r") as file:
        group = file["/genealogy"]
        lots = [str(name) for name in file["lot"].asstr()[()]]
        followed = [str(name) for name in file["followed"].asstr()[()]]
        share = dict(zip(lots, group["fraction"][0], strict=True))
        mass = group["mass"][0]
        unaccounted = group["unaccounted"][()]
    assert "hypromellose" in followed
    assert sum(share.values()) == pytest.approx(1.0, abs=1e-9)
    # 0.341 g/s with 95 % efficiency on 10.8 g/s of cores
    assert share["suspension (no lot)"] == pytest.approx(0.030, abs=0.002)
    assert share["API-0417"] == pytest.approx(0.2 / 1.03, abs=0.01)
    assert share["coater_air (no lot)"] == pytest.approx(0.0, abs=1e-6)
    assert mass.sum() == pytest.approx(50.0, rel=1e-5)
    assert np.max(np.abs(unaccounted)) < 1e-5


def test_the_file_is_hashed_and_never_replaced(tablets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(tablets).ok
    assert main(["trace", "two_tanks", "--out", str(tablets)]) == 3
    assert "never overwrites" in capsys.readouterr().err


def test_a_run_is_traced_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the run file alone: its configuration, its name; the trace stands beside it."""
    run = tmp_path / "tanks.h5"
    assert main(["run", "two_tanks", "--out", str(run), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["trace", str(run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert Path(told["file"]) == tmp_path / "tanks.trace.h5"
    with h5py.File(told["file"], "r") as trace_file, h5py.File(run, "r") as run_file:
        assert trace_file["/provenance"].attrs["run_content_hash"] == run_file.attrs["content_hash"]
    assert main(["trace", str(run), "--set", "feed.T=1", "--out", str(tmp_path / "x.h5")]) == 2


def test_what_does_not_exist_is_named() -> None:
    spec = load_scenario("two_tanks")
    plant, found = replay(spec)
    with pytest.raises(TraceError, match="Did you mean 'blend'"):
        found["total"].network.point("blendd")
    with pytest.raises(TraceError, match="no component 'gold'"):
        network_of(plant, "gold")


@pytest.mark.slow
def test_components_that_are_made_are_not_followed_alone() -> None:
    """A reactor makes drug of a plant with separations: what reacts is followed as one, and the masses close."""
    spec = load_scenario("pharmapy_demo_day", (), "10 min")
    feed, product = spec.plant.feeds[0].name, spec.plant.products[0].name
    found = trace(spec, write=False, holdup=0.0, paths=[(feed, product)])
    (joined,) = (name for name in found.genealogy.components if "&" in name)
    assert closes(found.trajectories[joined])
    assert set(joined.split(" & ")).isdisjoint(found.genealogy.components)


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("药品追溯码", "81234567890123456789", "71234567890123456789"),
        ("udi", "(01)06901234567892(17)280101(10)A1", "(10)A1"),
        ("工业互联网标识", "88.118.8/API-0417", "86.1000/x"),
        ("sscc", "(00)106141411234567897", "1234"),
    ],
)
def test_formats_of_identifiers(key: str, good: str, bad: str) -> None:
    assert identifiers("lot", {key: good})[0].wrong == ""
    assert identifiers("lot", {key: bad})[0].wrong != ""
    assert identifiers("lot", {"supplier": "invented"}) == []


REACTED = """\
duration: 10 min
record: 60 s
solver: {method: rodas4p, rtol: 1e-8}
lots: [{name: A-1, of: fresh}, {name: A-2, of: fresh, from: 2 min}]
containers: [{name: bin, of: out, every: 1 min}]
"""


def test_lots_are_followed_through_a_reaction(tmp_path: Path) -> None:
    """A becomes B in a vessel: what reacts is one; a solvent from elsewhere is no part of it, and the masses close."""
    found = trace(reactor(tmp_path, REACTED), write=False, holdup=0.0, paths=[("fresh", "out")])
    g = found.genealogy
    assert set(g.components) == {"ethanol", "A & B"}
    assert np.max(np.abs(g.unaccounted)) < 1e-6
    drug, more = g.components.index("A & B"), g.lots.index("more (no lot)")
    assert np.max(g.mass[:, more, drug]) == 0.0
    assert np.min(g.mass[:, more, g.components.index("ethanol")]) > 0.0
    one = trace(reactor(tmp_path / "mol", REACTED), write=False, holdup=0.0, of="A+B", paths=[("fresh", "out")])
    # a mole of A gives a mole of B of the same molar mass, so that both ways count the same
    assert one.genealogy.mass[:, :2, 0] == pytest.approx(g.mass[:, :2, drug], rel=1e-6, abs=1e-9)
    share = one.genealogy.mass[:, :2, 0] / one.genealogy.mass[:, :2, 0].sum(axis=1, keepdims=True)
    # nearly a stirred tank of 6 L at 110 g/s of which volumes differ a little: later bins are of the second lot
    assert np.all(np.diff(share[2:, 1]) > 0.0)
    with pytest.raises(TraceError, match="does not close"):
        trace(reactor(tmp_path / "b", REACTED), write=False, holdup=0.0, of="B")
    with pytest.raises(TraceError, match="no component 'C'"):
        network_of(one.plant, "A+C")
