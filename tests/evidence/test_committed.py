"""What the committed results say: the flagship's dossier, checked where there is no Twin."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.harness import RESULTS
from twin.evidence.dossier.gates import NO, REQUIRED


def rows(name: str) -> dict[str, Any]:
    told = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return {row["name"]: row["values"] for row in told["rows"]}


def test_the_flagships_dossier_is_checked_in_a_bare_environment_in_ten_seconds() -> None:
    told = rows("dossier")
    verified = told["verify in a bare environment"]
    assert verified["exit_code"] == 0
    assert verified["offline"] is True
    assert verified["packages"] == "h5py, numpy, cryptography"
    assert max(verified["first_seconds"], verified["second_seconds"]) < verified["limit_seconds"] == 10.0
    assert told["the same, one digit edited"]["exit_code"] == 22
    assert told["verify --rerun"]["exit_code"] == told["dossier verify --rerun"]["exit_code"] == 0


def test_the_flagship_is_refused_at_medium_risk_and_says_why() -> None:
    told = rows("dossier")
    conclusion, states = told["conclusion"], told["states"]
    assert (conclusion["risk"], conclusion["adequate"]) == ("medium", False)
    assert conclusion["refused_for"]["D12"] == ["not_performed"]
    assert states["D12"] == NO
    assert set(conclusion["refused_for"]) <= set(REQUIRED["medium"])
    assert all(conclusion["refused_for"].values()), "each refusal has its reasons"
    assert {"D15", "D17", "D20", "D22"} <= set(states)


def test_an_external_validator_takes_the_bundle_for_a_process_run_crate() -> None:
    told = rows("rocrate")
    bundle = told.pop("bundle")
    assert (bundle["required_issues"], bundle["required"]) == (0, [])
    assert bundle["checks"] > 50
    assert len(told) == 3
    assert all(row["found"] for row in told.values()), "and tells what is taken out of it"
