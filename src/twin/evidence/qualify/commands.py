"""What `twin qualify` does."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin.evidence import canonical, signing
from twin.evidence.chain import append, log_of, read
from twin.evidence.findings import EvidenceProblem
from twin.evidence.qualify.report import EXIT, load, page, subject, verify_report
from twin.evidence.seal import bytes_hash, signature_paths
from twin.evidence.signing import Trusted
from twin.evidence.verify import Options
from twin.results.files import FileProblem


def qualify(arguments: Namespace) -> int:
    """`twin qualify iq|oq --out REPORT`"""
    from twin.evidence.qualify.carry_out import qualify as carry_out

    out = Path(arguments.out)
    for path in (out, out.with_suffix(".html")):
        if out.suffix != ".json" or path.exists():
            raise FileProblem(f"{path}: a report is a new file that ends in .json; its page stands beside it")
    log = log_of(out.parent)
    append(log, "qualification.started", {"stage": arguments.stage, "file": out.name})
    say = (lambda _: None) if arguments.json else _progress
    report = carry_out(arguments.stage, say, suite=not arguments.without_suite)
    data = canonical.dump(report)
    with out.open("xb") as file:
        file.write(data)
    with out.with_suffix(".html").open("xb") as file:
        file.write(page(report).encode())
    about = {"stage": arguments.stage, "file": out.name, "verdict": report["verdict"], "report_hash": bytes_hash(data)}
    append(log, "qualification.ended", about)
    if arguments.json:
        code = EXIT[report["verdict"]]
        sys.stdout.write(json.dumps({"ok": code == 0, "exit_code": code, **report}, ensure_ascii=False) + "\n")
    else:
        _tell(report, out)
    return EXIT[report["verdict"]]


def _tell(report: dict[str, Any], out: Path) -> None:
    for row in report["requirements"]:
        sys.stdout.write(f"  {row['id']:6} {row['state']:11} {row['text']}\n")
        for name in row["checks"]:
            check = report["checks"][name]
            if check["state"] != "passed":
                sys.stdout.write(f"         {name}: {check['state']}: {check['told']}\n")
    sys.stdout.write(f"{report['verdict']}: {out}, and the same as a page beside it\n")


def sign(
    path: Path, key: Any, meaning: str, *, reason: str = "", trusted: Sequence[Trusted] | None = None
) -> signing.Signature:
    """Sign a report, whatever its verdict: the signature names it."""
    from twin.evidence.finalise import sign_envelope

    findings = verify_report(path, Options(trusted=trusted))
    if findings.kind is not None:
        raise EvidenceProblem(findings.kind, "\n".join(finding.text for finding in findings.wrong))
    log = log_of(path.parent)
    chain = read(log) if log.exists() else None
    where = {"seq": len(chain.entries) - 1, "head": chain.head} if chain else {"seq": -1, "head": ""}
    before = [(p.name, p.read_bytes()) for p in signature_paths(path)]
    about = subject(path, load(path))
    made = sign_envelope(path, "qualification", about, before, key, meaning, reason, where, trusted)
    if chain:
        entry = {"file": path.name, "meaning": meaning, "name": key.name, "report_hash": about["report_hash"]}
        append(log, "qualification.signed", {**entry, "key": made.key}, reason=reason)
    return made


def _progress(text: str) -> None:
    sys.stderr.write(f"{text} …\n")
