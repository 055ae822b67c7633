"""`twin analyse` of a study's file whose answers are known."""

from __future__ import annotations

import json
import math
from pathlib import Path

import h5py
import numpy as np
import pytest

from twin.cli import main
from twin.study.file import Factor, Response, Table, write_study


def made(path: Path, broken: int = 3, resolved: dict[str, object] | None = None) -> Path:
    """120 runs of purity = 95 + 2 z − w², cost = 3 z, with z and w uniform on ±1 and q without effect."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1.0, 1.0, (120, 3))
    X[:broken, 0] = -0.95  # where purity is too low
    Y = np.column_stack([95.0 + 2.0 * X[:, 0] - X[:, 1] ** 2, 3.0 * X[:, 0]])
    outcomes = ["finished"] * 120
    for i in range(broken):
        outcomes[i], Y[i] = "step_too_small", 1e9  # what a run that broke off has left is not looked at
    table = Table(
        tuple(Factor(n, "K", "a factor", (n,), low=-1.0, high=1.0) for n in ("z", "w", "q")),
        (Response("purity", "%", "of product", low=94.0), Response("cost", "EUR", "of utilities", high=1.5)),
        X,
        Y,
        tuple(outcomes),
        ("",) * 120,
        np.zeros(120),
        np.arange(120),
        np.arange(120),
        np.zeros(120, dtype=int),
    )
    write_study(
        path,
        table,
        attributes={"title": "Known"},
        design={"kind": "random"},
        texts={"study": ("", "as written"), "resolved": (json.dumps(resolved or {}), "what makes it again")},
        provenance={},
        session={},
    )
    return path


def test_a_study_is_analysed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = made(tmp_path / "known.h5")
    page = tmp_path / "known.html"
    assert main(["analyse", str(file), "--json", "--out", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcomes"] == {"step_too_small": 3, "finished": 117}
    purity = found["responses"]["purity"]
    assert purity["runs"] == 117
    assert purity["surface"]["q2"] == pytest.approx(1.0, abs=1e-9)
    # variances: 4/3 of 2z, 4/45 of w²
    share = (4.0 / 3.0) / (4.0 / 3.0 + 4.0 / 45.0)
    assert purity["sobol"]["first"] == pytest.approx([share, 1.0 - share, 0.0], abs=0.05)
    assert purity["capability"]["cp"] is None
    # purity ≥ 94 asks for z ≥ (w² − 1)/2, cost ≤ 1.5 for z ≤ 1/2: with w = 0 at its middle −1/2 … 1/2 and |w| ≤ 1
    space = found["design_space"]
    assert space["factors"] == ["z", "w", "q"]
    low, high = space["box"]["low"], space["box"]["high"]
    assert high[0] == pytest.approx(0.5, abs=0.1)
    assert low[0] >= (max(abs(low[1]), high[1]) ** 2 - 1.0) / 2.0 - 0.1
    assert high[2] - low[2] > 1.8
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") >= 6
    assert "http://" not in text.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert "<script" not in text
    assert main(["analyse", str(file), "--out", str(page)]) == 2  # never overwritten


def test_a_design_space_has_neither_broken_runs_nor_forbidden_rows(tmp_path: Path) -> None:
    """Of the box above, what lies beyond a run that broke off, or beyond a constraint between factors, is not in it."""
    from twin.study import analyse, open_study

    free = analyse(open_study(made(tmp_path / "free.h5", 0))).summary["design_space"]["box"]
    assert free["high"][2] - free["low"][2] > 1.8
    cut = analyse(open_study(made(tmp_path / "cut.h5", 0, {"constraints": ["q - z <= 0.2 K"]})))
    box = cut.summary["design_space"]["box"]
    assert box["high"][2] - box["low"][0] <= 0.2 + 1e-9
    path = made(tmp_path / "broken.h5", 0)
    with h5py.File(path, "r+") as file:
        gone = file["X"][:, 2] > 0.0  # every run with q above zero broke off
        file["Y"][gone] = np.nan
        file["outcome"][gone] = "not_finite"
    box = analyse(open_study(path)).summary["design_space"]["box"]
    assert box["high"][2] < 0.25  # halfway between runs, which lie some tenths apart
    assert box["high"][0] == pytest.approx(0.5, abs=0.1)


def test_it_prints_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", str(made(tmp_path / "known.h5", 0)), "--response", "cost"]) == 0
    out = capsys.readouterr().out
    assert "Sobol' indices" in out
    assert "cost" in out
    assert "Acceptable together" in out


def test_what_cannot_be_analysed_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", str(made(tmp_path / "broken.h5", 120))]) == 2
    assert "all 120 runs" in capsys.readouterr().err
    assert main(["analyse", str(made(tmp_path / "fine.h5")), "--response", "puritty"]) == 2
    assert "Did you mean 'purity'" in capsys.readouterr().err


def scheme(path: Path, design: dict[str, object], replicates: int = 1, broken: int = 0) -> Path:
    """Ishigami's function over a design that is made for indices, as `twin study` leaves it."""
    from tests.study.test_analysis_tables import ishigami
    from twin.study.designs import rows
    from twin.study.reading import load_study

    turn = {"from": -math.pi, "to": math.pi}
    study = load_study(
        {
            "twin": 1,
            "scenario": "two_tanks",
            "seed": 3,
            "design": design,
            "factors": {"spirit.T": {"from": "0 degC", "to": "40 degC"}, "first.tau": SPAN, "second.tau": SPAN},
            "responses": [{"tag": "second.T", "name": "y"}],
        }
    )
    X = np.repeat(rows(study), replicates, axis=0)
    low, high = (np.array([getattr(f.column, end) for f in study.factors]) for end in ("low", "high"))
    y = ishigami(turn["from"] + (X - low) / (high - low) * (turn["to"] - turn["from"]))
    outcomes = ["finished"] * len(X)
    outcomes[:broken] = ["step_too_small"] * broken
    n = len(X)
    table = Table(
        tuple(f.column for f in study.factors), (Response("y", "1", "Ishigami"),), X, y[:, None], tuple(outcomes),
        ("",) * n, np.zeros(n), np.arange(n), np.arange(n) // replicates, np.arange(n) % replicates,
    )  # fmt: skip
    texts = {"study": ("", "as written"), "resolved": ("{}", "what makes it again")}
    write_study(path, table, attributes={"title": "Scheme"}, design=design, texts=texts, provenance={}, session={})
    return path


SPAN = {"from": "30 s", "to": "90 s"}


def test_saltelli_runs_give_their_own_indices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ishigami's exact indices, from the runs and not from a surrogate; replicates count by their mean."""
    from tests.study.test_analysis_tables import ishigami_indices

    file = scheme(tmp_path / "s.h5", {"kind": "saltelli", "points": 256}, replicates=2)
    assert main(["analyse", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["responses"]["y"]["sobol"]
    first, total = ishigami_indices()
    assert found["of"] == "the runs, factors as they were drawn"
    assert np.all(np.abs(found["first"] - first) <= 2.0 * np.array(found["first_interval"]) + 1e-12)
    assert np.all(np.abs(found["total"] - total) <= 2.0 * np.array(found["total_interval"]) + 1e-12)


def test_morris_runs_give_elementary_effects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The third factor acts through the first alone: no mean effect on its own, and a spread; a trajectory with a
    run that broke off is left out."""
    file = scheme(tmp_path / "m.h5", {"kind": "morris", "trajectories": 40}, broken=1)
    assert main(["analyse", str(file)]) == 0
    out = capsys.readouterr().out
    assert "Elementary effects on y over the ranges (Morris)" in out
    assert main(["analyse", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["responses"]["y"]["morris"]
    assert found["factors"] == ["spirit.T", "first.tau", "second.tau"]
    assert found["sigma"][2] > 2.0
    assert min(found["mu_star"]) > 0.0
    assert len(found["mu_star_interval"]) == 3


def test_a_scheme_with_gaps_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = scheme(tmp_path / "g.h5", {"kind": "saltelli", "points": 8}, broken=2)
    assert main(["analyse", str(file), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["responses"]["y"]
    assert row["sobol"].get("error", "").startswith("2 of 40 runs") or row["sobol"]["of"].startswith("the surrogate")


def test_settings_of_the_study_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`analysis:` of the study's file: which responses, which probability; an argument goes before it."""
    file = made(tmp_path / "known.h5", resolved={"analysis": {"responses": ["cost"], "level": 0.8}})
    assert main(["analyse", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["responses"]) == ["cost"]
    assert found["design_space"]["level"] == 0.8
    assert main(["analyse", str(file), "--json", "--response", "purity", "--level", "1.5"]) == 2
    capsys.readouterr()
    assert main(["analyse", str(file), "--json", "--level", "0.9"]) == 0
    assert json.loads(capsys.readouterr().out)["design_space"]["level"] == 0.9
