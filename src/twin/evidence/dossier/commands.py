"""What `twin dossier` does."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin.evidence import checking, signing
from twin.evidence.chain import append, log_of, read
from twin.evidence.dossier import check
from twin.evidence.findings import EvidenceProblem, Findings, Kind
from twin.evidence.signing import Trusted
from twin.evidence.verify import Options
from twin.results.files import FileProblem


def new(arguments: Namespace) -> int:
    """`twin dossier new SCENARIO --out PLAN`"""
    from twin.config import load_scenario
    from twin.evidence.dossier.plan import template

    text = template(load_scenario(arguments.scenario))
    try:
        with Path(arguments.out).open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise FileProblem(f"{arguments.out} exists; a plan never overwrites a file") from None
    _say(f"wrote {arguments.out}. Fill in the blanks, then, before the run:")
    _say(f"  twin dossier register {arguments.out} runs")
    return 0


def register(arguments: Namespace) -> int:
    """`twin dossier register PLAN [FOLDER]`"""
    from twin.evidence.dossier.plan import read_plan

    plan, folder = read_plan(Path(arguments.plan)), Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    about = {"plan": Path(arguments.plan).name, "dossier": plan.id, "plan_hash": plan.hash}
    entry = append(log_of(folder), "plan.registered", about)
    _say(f"entry {entry.seq} of {log_of(folder)}: {plan.hash}")
    blanks = plan.blanks()
    if blanks:
        _say(f"left blank, so that the dossier cannot be final: {', '.join(blanks)}")
    return 0


def build(arguments: Namespace) -> int:
    """`twin dossier build PLAN RUN --out BUNDLE`"""
    from twin.evidence.dossier.build import build as compute
    from twin.evidence.dossier.bundle import write_bundle
    from twin.evidence.dossier.plan import read_plan
    from twin.results.reader import open_run

    plan, path = read_plan(Path(arguments.plan)), Path(arguments.run)
    if Path(arguments.out).exists():
        raise FileProblem(f"{arguments.out} exists; a dossier never overwrites a file")
    dossier = compute(plan, path, lambda text: None if arguments.json else _progress(text))
    out = write_bundle(Path(arguments.out), dossier, plan, open_run(path))
    conclusion = dossier["conclusion"]
    if arguments.json:
        states = {name: section["state"] for name, section in dossier["sections"].items()}
        told = {"ok": True, "exit_code": 0, "file": str(out), "status": dossier["status"]}
        sys.stdout.write(json.dumps({**told, "states": states, **conclusion}, ensure_ascii=False) + "\n")
        return 0
    from twin.evidence.dossier.words import say

    _say(f"wrote {out} ({dossier['status']})")
    for why in dossier["sections"]["D23"]["why"]:
        _say(f"  {say(why['key'], 'en', **{k: v for k, v in why.items() if k != 'key'})}")
    for name in conclusion["failing"]:
        for why in dossier["sections"][name]["why"]:
            _say(f"  {name}: {say(why['key'], 'en', **{k: v for k, v in why.items() if k != 'key'})}")
    return 0


def verify(arguments: Namespace) -> int:
    """`twin dossier verify BUNDLE [--rerun]`"""
    path, options = Path(arguments.file), checking.options(arguments)
    with tempfile.TemporaryDirectory(prefix="twin-bundle-") as folder:
        findings = check.verify_bundle(path, options, Path(folder))
        if arguments.rerun and findings.ok:
            _again(Path(folder), findings)
    return checking.tell(arguments.file, findings.made_strict() if arguments.strict else findings, arguments.json)


def _again(folder: Path, findings: Findings) -> None:
    """Compute the dossier again from its plan and run, and compare states and numbers."""
    from twin.evidence.dossier.build import build as compute
    from twin.evidence.dossier.plan import parse_plan

    old: dict[str, Any] = json.loads((folder / "dossier.json").read_text(encoding="utf-8"))
    plan = parse_plan((folder / "plan.yaml").read_text(encoding="utf-8"), "plan.yaml")
    if plan.validation:
        plan.validation["folder"] = str(folder / "data")
    fresh = json.loads(json.dumps(compute(plan, folder / "run" / Path(old["file"]).name)))
    if fresh["quantities"] != old["quantities"]:
        findings.add(Kind.REPORT, "the quantities of interest are others than those of the run")
    for name, section in fresh["sections"].items():
        there = old["sections"].get(name, {})
        if section["state"] != there.get("state"):
            why = f"{name} is {section['state']}, and the dossier says {there.get('state')}"
            machine = name in ("D19", "D22")  # these speak of the machine, too
            findings.remark(why) if machine else findings.add(Kind.REPORT, why)
    findings.facts["rerun"] = "the dossier was computed again"


def sign(
    path: Path, key: Any, meaning: str, *, reason: str = "", trusted: Sequence[Trusted] | None = None
) -> signing.Signature:
    """Sign a dossier's bundle."""
    from twin.evidence.finalise import sign_envelope
    from twin.evidence.seal import signature_paths

    with tempfile.TemporaryDirectory(prefix="twin-bundle-") as folder:
        findings = check.verify_bundle(path, Options(trusted=trusted), Path(folder))
        if findings.kind is not None:
            raise EvidenceProblem(findings.kind, "\n".join(finding.text for finding in findings.wrong))
        dossier = json.loads((Path(folder) / "dossier.json").read_text(encoding="utf-8"))
    log = log_of(path.parent)
    chain = read(log) if log.exists() else None
    where = {"seq": len(chain.entries) - 1, "head": chain.head} if chain else {"seq": -1, "head": ""}
    before = [(p.name, p.read_bytes()) for p in signature_paths(path)]
    about = check.subject(path, dossier)
    made = sign_envelope(path, "dossier", about, before, key, meaning, reason, where, trusted)
    if chain:
        entry = {"file": path.name, "dossier": about["dossier"], "meaning": meaning, "name": key.name}
        append(log, "dossier.signed", {**entry, "bundle_hash": about["bundle_hash"], "key": made.key}, reason=reason)
    return made


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _progress(text: str) -> None:
    sys.stderr.write(f"{text} …\n")
