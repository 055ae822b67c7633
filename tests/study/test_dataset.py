"""Data sets: the numbers of the runs, their labels, splits without leaks, and the same bits whenever made."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.study.studies import drums
from twin.cli import main
from twin.errors import ConfigError
from twin.results.files import FileProblem
from twin.results.reader import open_run
from twin.run import run
from twin.study.dataset import make, same, splits_of
from twin.study.engines import plan_of
from twin.study.reading import load_study
from twin.study.runner import values_into

TAGS = ["second.T", "second.product.m_flow[ethanol]"]
SCENARIO = """
twin: 1
plant: two_tanks
duration: 10 min
record: 30 s
events:
  - {at: 2 min, hold: {spirit.m_flow.ethanol: 0 g/s}, for: 90 s, name: blocked, fault: {label: blockage, where: spirit}}
"""


def _study(folder, **more):
    (folder / "faulty.yaml").write_text(SCENARIO, encoding="utf-8")
    given = {
        "twin": 1,
        "name": "faults",
        "scenario": "faulty.yaml",
        "seed": 5,
        "design": {"kind": "latin_hypercube", "runs": 5},
        "replicates": 2,
        "factors": {
            "first.tau": {"from": "30 s", "to": "90 s"},
            "blocked at": {"event": "blocked", "key": "at", "from": "1 min", "to": "6 min"},
            "blockage": {"fault": "blockage"},
        },
        "dataset": {"tags": TAGS, "split": {"train": 0.6, "test": 0.4}, "licence": "CC0-1.0"},
        **more,
    }
    return load_study(given, folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    study = _study(folder)
    return study, make(study, folder / "set", workers=2)


def test_numbers_and_labels_are_those_of_the_runs(made, tmp_path):
    study, data = made
    plan = plan_of(study)
    with h5py.File(data.path / "data.h5") as file:
        X, y, faults = file["X"][()], file["y"][()], json.loads(file["faults"].asstr()[()])
        times, factors = file["time"][()], file["factors"][()]
        assert [str(t) for t in file["fault"].asstr()[()]] == ["blockage"]
        assert np.array_equal(factors, plan.X)
    assert X.shape == (10, 21, 2)
    assert np.array_equal(times, np.arange(21) * 30.0)
    assert {row["where"] for row in faults} == {"spirit"}
    present = plan.X[:, 2] == 1.0
    assert 0 < present.sum() < len(present), "the design has runs with the fault and without"
    for number in (int(np.argmax(present)), int(np.argmin(present))):
        _, scenario = values_into(study, plan.X[number], int(plan.seeds[number]))
        file = open_run(run(scenario, tmp_path / f"{number}.h5").path)
        on = np.searchsorted(file.time, times)
        for j, tag in enumerate(TAGS):
            assert np.array_equal(X[number, :, j], file.get(tag)[on]), tag
        start = plan.X[number, 1]
        within = (times >= start) & (times < start + 90.0) if present[number] else np.zeros(21, dtype=bool)
        assert np.array_equal(y[number, :, 0] == 1, within)
    assert not y[~present].any()


def test_replicates_never_part_and_shares_are_kept(tmp_path):
    study = _study(tmp_path, design={"kind": "latin_hypercube", "runs": 40})
    plan = plan_of(study)
    splits = np.array(splits_of(study.dataset, plan, study.seed))
    for point in range(40):
        assert len(set(splits[plan.points == point])) == 1
    assert {name: int((splits == name).sum()) for name in ("train", "test")} == {"train": 48, "test": 32}
    assert list(splits) == splits_of(study.dataset, plan, study.seed)
    assert list(splits) != splits_of(study.dataset, plan, study.seed + 1)


def test_it_is_made_again_to_the_same_bits_and_a_change_is_found(made, tmp_path):
    study, data = made
    stored, computed, again = same(study, data.path, workers=1)
    assert stored == computed == again == data.content_hash
    changed = tmp_path / "changed"
    shutil.copytree(data.path, changed)
    with h5py.File(changed / "data.h5", "r+") as file:
        file["X"][0, 3, 0] += 1e-9
    stored, computed, again = same(study, changed)
    assert stored == again != computed


def test_the_card_says_what_the_file_holds(made):
    _, data = made
    card = (data.path / "README.md").read_text(encoding="utf-8")
    for said in (
        data.content_hash,
        'license: "cc0-1.0"',
        "| `second.T` | K |",
        "| train | 6 | 6 |",
        "| test | 4 | 4 |",
    ):
        assert said in card
    with h5py.File(data.path / "data.h5") as file:
        share = file["y"][()].mean()
        assert f"| {share:.4f} |" in card
    assert sorted(path.name for path in data.path.iterdir()) == ["README.md", "data.h5", "faults.yaml"]


def test_a_run_that_fails_keeps_what_it_had_and_says_so(tmp_path, monkeypatch):
    said = drums(tmp_path, monkeypatch, ["100 kg", "1 kg"], dataset={"tags": ["drum.product.m_flow[water]"]})
    (tmp_path / "sets").mkdir()
    data = make(load_study(said, tmp_path), tmp_path / "sets" / "set")
    with h5py.File(data.path / "data.h5") as file:
        finished = np.array([text == "finished" for text in file["outcome"].asstr()[()]])
        X, samples = file["X"][()], file["samples"][()]
    assert 0 < finished.sum() < len(finished)
    assert np.array_equal(samples == 21, finished)
    assert np.array_equal(np.isfinite(X[:, :, 0]).sum(axis=1), samples)
    assert samples.min() > 1


def test_nothing_is_overwritten_and_nothing_is_left_half_made(made, tmp_path, monkeypatch):
    study, data = made
    with pytest.raises(FileProblem, match="exists"):
        make(study, data.path)
    monkeypatch.setattr("twin.study.dataset.card", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(FileProblem, match="disk is full"):
        make(study, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        ({}, "says which tags"),
        ({"tags": ["second.Temp"]}, "records no tag"),
        ({"tags": ["second.product.m_flow"]}, "name one"),
        ({"tags": TAGS + TAGS[:1]}, "a column already"),
        ({"tags": TAGS, "split": {"train": 0.5, "test": 0.4}}, "add up to 0.9"),
        ({"tags": TAGS, "split": {"train": -1}}, "number above 0"),
        ({"tags": TAGS, "license": "MIT"}, "Did you mean 'licence'"),
    ],
)
def test_a_wrong_section_is_named_before_any_run(tmp_path, dataset, told):
    with pytest.raises(ConfigError, match=told):
        _study(tmp_path, dataset=dataset)


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faulty.yaml").write_text(SCENARIO, encoding="utf-8")
    text = "twin: 1\nscenario: faulty.yaml\ndesign: {kind: random, runs: 3}\n"
    text += "factors: {first.tau: {from: 30 s, to: 90 s}}\n"
    study = tmp_path / "few.yaml"
    study.write_text(text, encoding="utf-8")
    assert main(["dataset", "few.yaml", "--quiet"]) == 3
    assert "no section dataset" in capsys.readouterr().err
    study.write_text(text + "dataset: {tags: [second.T]}\n", encoding="utf-8")
    assert main(["dataset", "few.yaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["outcomes"] == {"finished": 3}
    folder = tmp_path / told["folder"]
    assert (folder / "few.yaml").read_text(encoding="utf-8") == study.read_text(encoding="utf-8")
    assert main(["dataset", "few.yaml", "--verify", told["folder"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["again"] == told["content_hash"]
    study.write_text(study.read_text(encoding="utf-8").replace("runs: 3", "runs: 4"), encoding="utf-8")
    assert main(["dataset", "few.yaml", "--verify", told["folder"], "--json"]) == 1
    assert "is not what this study makes" in json.loads(capsys.readouterr().out)["reason"]


def test_what_the_card_says_makes_it_again(tmp_path, capsys, monkeypatch):
    """In a folder elsewhere, with nothing but the data set: a scenario, a plant and a table of one's own are in it."""
    home = tmp_path / "home"
    (home / "parts").mkdir(parents=True)
    plant = (Path(__file__).parents[2] / "plant_configs" / "two_tanks.yaml").read_text(encoding="utf-8")
    (home / "mine.yaml").write_text(plant.replace("tau: 60 s", "tau: 50 s"), encoding="utf-8")
    (home / "faulty.yaml").write_text(SCENARIO.replace("two_tanks", "mine.yaml"), encoding="utf-8")
    (home / "parts" / "rows.csv").write_text("first.tau [s]\n40\n60\n", encoding="utf-8")
    text = "twin: 1\nscenario: faulty.yaml\ndesign: {kind: table, file: parts/rows.csv}\n"
    text += "factors: {first.tau: {from: 30 s, to: 90 s}}\ndataset: {tags: [second.T]}\n"
    (home / "a_few.yaml").write_text(text, encoding="utf-8")
    made = make(load_study(home / "a_few.yaml"), tmp_path / "set")
    shutil.rmtree(home)
    monkeypatch.chdir(made.path)
    said = next(line for line in Path("README.md").read_text(encoding="utf-8").splitlines() if "--verify" in line)
    capsys.readouterr()
    assert main([*said.split()[1:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["again"] == made.content_hash
