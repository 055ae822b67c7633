"""Qualification: every requirement has a check, a defect in a kernel makes it fail, and its report cannot be edited."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import python
from tests.evidence.folder import Signers
from twin.cli import main
from twin.evidence import canonical
from twin.evidence.chain import log_of, read
from twin.evidence.findings import EvidenceProblem, Kind
from twin.evidence.qualify import carry_out, installation, operation
from twin.evidence.qualify.commands import sign
from twin.evidence.qualify.report import EXIT, FAILED, INCOMPLETE, MET, NOT_MET, OPEN, PASSED, judged, page
from twin.evidence.qualify.requirements import IQ, OQ, STAGES, SUITES
from twin.evidence.verify import Options, verify


def test_every_requirement_has_checks_and_every_check_a_requirement(root: Path) -> None:
    for requirement in (*IQ, *OQ):
        assert requirement.checks
        for name in requirement.checks:
            if name in SUITES:
                assert (root / SUITES[name]).exists()
            else:
                assert callable(getattr(installation, name, None) or getattr(operation, name))
    assert len({requirement.id for requirement in (*IQ, *OQ)}) == len(IQ) + len(OQ)
    stored = json.loads(operation.REFERENCES.read_text(encoding="utf-8"))["scenarios"]
    assert {name: about["until"] for name, about in stored.items()} == operation.SCENARIOS


def test_the_verdict_follows_from_the_checks() -> None:
    rows = [{"id": "A", "text": "", "checks": ["a", "b"]}, {"id": "B", "text": "", "checks": ["c"]}]

    def verdict(**states: str) -> tuple[str, list[str]]:
        checks = {name: {"state": state} for name, state in states.items()}
        report = judged({"requirements": rows, "checks": checks})
        return report["verdict"], [row["state"] for row in report["requirements"]]

    assert verdict(a="passed", b="passed", c="passed") == (PASSED, [MET, MET])
    assert verdict(a="passed", b="failed", c="passed") == (FAILED, [NOT_MET, MET])
    assert verdict(a="passed", b="not run", c="passed") == (INCOMPLETE, [OPEN, MET])
    assert verdict(a="failed", b="not run", c="not run") == (FAILED, [NOT_MET, OPEN])
    assert verdict(a="passed", b="passed") == (INCOMPLETE, [MET, OPEN]), "a check that is missing has not passed"
    assert judged({"requirements": [], "checks": {}})["verdict"] == INCOMPLETE
    assert EXIT == {PASSED: 0, FAILED: 1, INCOMPLETE: 5}


def quick(stage: str) -> dict[str, Any]:
    return carry_out.qualify(stage, lambda _: None, suite=False, scenarios={"two_tanks": "20 min"})


def states(report: dict[str, Any]) -> dict[str, str]:
    return {name: check["state"] for name, check in report["checks"].items()}


def test_the_installation_is_qualified() -> None:
    report = quick("iq")
    found = {row["id"]: row["state"] for row in report["requirements"]}
    assert {name: state for name, state in found.items() if name != "IQ-2"} == dict.fromkeys(
        ("IQ-1", "IQ-3", "IQ-4", "IQ-5", "IQ-6"), MET
    ), report["checks"]
    assert found["IQ-2"] in (MET, NOT_MET)  # a checkout with changes is not what was released


def test_what_is_wrong_with_an_installation_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_bounds", lambda: {"numpy": "99.0", "h5py": "3"})
    monkeypatch.setattr("twin.evidence.qualify.installation.software.commit", lambda: ("c" * 40, True))
    monkeypatch.setattr(
        "twin.evidence.qualify.compiled.probe", lambda: (0.3, 1.4142135623730951, 5e-324, 2.718281828459045)
    )
    report = quick("iq")
    assert report["verdict"] == FAILED
    failed = {name for name, state in states(report).items() if state == "failed"}
    assert failed == {"versions", "files", "arithmetic"}
    assert "numpy 99.0 or newer is needed" in report["checks"]["versions"]["told"]


def test_checks_of_the_operation_pass_here() -> None:
    with operation.workshop({}) as work:
        assert "within" in operation.tanks_in_series(work)
        assert "noticed" in operation.tampering(work)
        assert "refused" in operation.mistakes_are_refused(work)


@pytest.mark.slow
def test_the_operation_is_qualified_as_far_as_it_was_tested() -> None:
    report = quick("oq")
    found = states(report)
    assert {name for name, state in found.items() if state == "failed"} == set(), report["checks"]
    assert {"tanks_in_series", "two_integrators", "same_bits", "tampering"} <= {
        n for n, s in found.items() if s == "passed"
    }
    assert found["references"] == "not run", "a part of the references is not all of them"
    assert report["verdict"] == INCOMPLETE


DEFECTS = {
    "a leak of one part in a thousand": ("/ (p.tau * kept(V", "* 1.001 / (p.tau * kept(V"),
    "a mass that is not conserved": ("u.feed.m_flow[i] - k * x.m[i]", "u.feed.m_flow[i] - 1.00001 * k * x.m[i]"),
    "a thermometer a twentieth of a degree off": (
        "return T_REF + x.H / kept(dot(x.m, p.cp)",
        "return T_REF + 0.05 + x.H / kept(dot(x.m, p.cp)",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("defect", list(DEFECTS))
def test_a_seeded_defect_in_a_kernel_fails(defect: str, root: Path, tmp_path: Path) -> None:
    """The library is copied, one line of one kernel changed, and qualified in a process of its own."""
    shutil.copytree(root / "unit_ops", tmp_path / "unit_ops", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "unit_ops" / "piping" / "tank.py"
    right, wrong = DEFECTS[defect]
    text = path.read_text(encoding="utf-8")
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    words = (
        f"import sys, json; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import unit_ops\nfrom twin.evidence.qualify.carry_out import qualify\n"
        f"assert unit_ops.__file__.startswith({str(tmp_path)!r})\n"
        "r = qualify('oq', lambda _: None, suite=False, scenarios={'two_tanks': '20 min'})\n"
        "print(json.dumps([r['verdict'], {n: c['told'] for n, c in r['checks'].items() if c['state'] == 'failed'}]))\n"
    )
    done = python(["-c", words], tmp_path)
    assert done.returncode == 0, done.stderr
    verdict, failed = json.loads(done.stdout.splitlines()[-1])
    assert verdict == FAILED
    assert set(failed) & {"tanks_in_series", "balances", "references"}, failed


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A report written by the command; its checks are replaced by quick ones."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(carry_out, "_made", lambda name, *_: ("passed", f"<b>{name}</b>"))
    assert main(["qualify", "oq", "--out", "oq.json"]) == 0
    return tmp_path / "oq.json"


def test_a_report_is_signed_and_verified(report: Path, signers: Signers, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(report).ok
    assert not verify(report).made_strict().ok, "nobody has signed it"
    sign(report, signers.author, "author")
    with pytest.raises(EvidenceProblem, match="Li Wei is the author"):
        sign(report, signers.author, "approver")
    sign(report, signers.approver, "approver")
    findings = verify(report, Options(trusted=signers.trusted)).made_strict()
    assert findings.exit_code == 0
    assert findings.facts["qualification"] == {"stage": "oq", "verdict": PASSED}
    assert main(["verify", str(report)]) == 0
    assert "OQ PASSED" in capsys.readouterr().out
    actions = [entry.action for entry in read(log_of(report.parent)).entries]
    assert actions == [
        "log.opened", "qualification.started", "qualification.ended", "qualification.signed", "qualification.signed",
    ]  # fmt: skip
    assert "&lt;b&gt;" in report.with_suffix(".html").read_text(encoding="utf-8")


def test_a_report_cannot_be_edited(report: Path, signers: Signers) -> None:
    sign(report, signers.author, "author")
    original = canonical.load(report.read_bytes())
    value = json.loads(json.dumps(original))
    value["checks"]["balances"]["state"] = "failed"
    report.write_bytes(canonical.dump(value))
    assert verify(report).kind is Kind.SIGNATURE
    assert Kind.REPORT in {finding.kind for finding in verify(report).wrong}
    honest = judged(value)
    report.write_bytes(canonical.dump(honest))
    report.with_suffix(".html").write_text(page(honest), encoding="utf-8", newline="\n")
    assert verify(report).kind is Kind.SIGNATURE, "consistent in itself, and not what was signed"
    report.write_bytes(canonical.dump(original))
    assert verify(report).kind is Kind.REPORT, "the page is another one"
    report.write_bytes(b"{}")
    assert verify(report).kind is Kind.STRUCTURE


def test_a_report_overwrites_nothing(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qualify", "oq", "--out", "oq.json"]) == 3
    assert main(["qualify", "oq", "--out", "oq.txt"]) == 3
    assert "a new file that ends in .json" in capsys.readouterr().err
    assert set(STAGES) == {"iq", "oq"}
