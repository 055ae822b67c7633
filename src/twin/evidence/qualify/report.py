"""The report of a qualification: what follows from its checks, as a page and as a thing that is signed and verified."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from twin.evidence import canonical, signing
from twin.evidence.canonical import NotCanonical
from twin.evidence.findings import Findings, Kind
from twin.evidence.seal import file_hash, signature_paths
from twin.evidence.verify import Options

SCHEMA = "twin qualification 1"
#: Of a requirement, from the states of its checks.
MET, NOT_MET, OPEN = "met", "not met", "not tested"
#: Of the whole.
PASSED, FAILED, INCOMPLETE = "PASSED", "FAILED", "INCOMPLETE"
#: What the command exits with.
EXIT = {PASSED: 0, FAILED: 1, INCOMPLETE: 5}
NAMES = {"iq": "Installation qualification", "oq": "Operational qualification"}
_STYLE = """
@page { size: A4; margin: 18mm 15mm; }
body { font: 10pt/1.45 "Helvetica Neue", Arial, sans-serif; color: #1f2933; max-width: 60rem; margin: 2rem auto; }
table { border-collapse: collapse; width: 100%; font-size: 8.5pt; } tr { break-inside: avoid; }
th, td { border-bottom: 1px solid #d5dbe1; padding: .25rem .4rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
.passed, .met, .PASSED { color: #0b6b3a; } .failed, .not-met, .FAILED { color: #a61b1b; }
.not-run, .not-tested, .INCOMPLETE { color: #8a5a00; } @media print { body { margin: 0; max-width: none; } }
"""


def judged(report: Mapping[str, Any]) -> dict[str, Any]:
    """Add what follows from the checks: the state of each requirement, and the verdict."""
    checks = report["checks"]
    requirements = []
    for requirement in report["requirements"]:
        states = [checks.get(name, {}).get("state", "not run") for name in requirement["checks"]]
        state = NOT_MET if "failed" in states else MET if states and set(states) == {"passed"} else OPEN
        requirements.append({**requirement, "state": state})
    found = {requirement["state"] for requirement in requirements}
    verdict = FAILED if NOT_MET in found else INCOMPLETE if OPEN in found or not found else PASSED
    return {**report, "requirements": requirements, "verdict": verdict}


def page(report: Mapping[str, Any]) -> str:
    """The report as a page: requirements with their checks, checks with what they said."""
    title = f"{NAMES[report['stage']]}: {report['verdict']}"
    lines = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f'<h1 class="{report["verdict"]}">{escape(title)}</h1>',
        f"<p>{escape(report['started'])} to {escape(report['ended'])}</p>",
        "<h2>Requirements and their checks</h2>",
        "<table><tr><th>requirement</th><th></th><th>state</th><th>checks</th></tr>",
    ]
    for row in report["requirements"]:
        names = ", ".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in row["checks"])
        lines.append(f"<tr><td>{escape(row['id'])}</td><td>{escape(row['text'])}</td>{_state(row['state'])}")
        lines.append(f"<td>{names}</td></tr>")
    lines += ["</table><h2>Checks</h2><table><tr><th>check</th><th>state</th><th>found</th><th>s</th></tr>"]
    for name in dict.fromkeys(name for row in report["requirements"] for name in row["checks"]):
        check = report["checks"][name]
        lines.append(f'<tr id="{escape(name)}"><td>{escape(name)}</td>{_state(check["state"])}')
        lines.append(f"<td>{escape(check['told'])}</td><td>{escape(check['seconds'])}</td></tr>")
    lines.append("</table>")
    for part in ("program", "machine"):
        lines.append(f"<h2>{part.capitalize()}</h2><table>")
        lines += [f"<tr><td>{escape(k)}</td><td>{escape(str(v))}</td></tr>" for k, v in sorted(report[part].items())]
        lines.append("</table>")
    lines += ["</body></html>", ""]
    return "\n".join(lines)


def _state(state: str) -> str:
    return f'<td class="{escape(state.replace(" ", "-"))}">{escape(state)}</td>'


def subject(path: Path, report: Mapping[str, Any]) -> dict[str, str]:
    """What a signature of a report names."""
    return {
        "kind": "qualification",
        "stage": str(report["stage"]),
        "verdict": str(report["verdict"]),
        "report_hash": file_hash(path)[0],
    }


def load(path: Path) -> dict[str, Any]:
    """Read a report.

    Raises
    ------
    NotCanonical
        When it is none.
    """
    report = canonical.load(path.read_bytes())
    if report.get("schema") != SCHEMA or report.get("stage") not in NAMES:
        raise NotCanonical(f"no '{SCHEMA}'")
    return report


def verify_report(path: Path, options: Options) -> Findings:
    """Check a report: its verdict follows from its checks, its page is its own, its signatures hold."""
    findings = Findings()
    try:
        report = load(path)
        follows = judged(report) == report
        beside = path.with_suffix(".html")
        same = not beside.exists() or beside.read_bytes() == page(report).encode()
    except (OSError, NotCanonical, KeyError, TypeError, AttributeError) as error:
        findings.add(Kind.STRUCTURE, f"it is no report of a qualification: {error}")
        return findings
    findings.facts["qualification"] = {"stage": report["stage"], "verdict": report["verdict"]}
    if not follows:
        findings.add(Kind.REPORT, "its verdict does not follow from its checks")
    if not same:
        findings.add(Kind.REPORT, f"{beside.name} is not the page that its data give")
    envelopes = [(p.name, p.read_bytes()) for p in signature_paths(path)]
    if not envelopes:
        findings.remark("nobody has signed it")
        return findings
    held = signing.check(envelopes, "qualification", subject(path, report), options.trusted, findings)
    findings.facts["signatures"] = [signature.line() for signature in held]
    return findings
