"""`twin analyse` of a study's file whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from twin.cli import main
from twin.study.file import Factor, Response, Table, write_study


def made(path: Path, broken: int = 3) -> Path:
    """120 runs of purity = 95 + 2 z − w², cost = 3 z, with z and w uniform on ±1 and q without effect."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1.0, 1.0, (120, 3))
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
        texts={"study": ("", "as written"), "resolved": ("{}", "what makes it again")},
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
