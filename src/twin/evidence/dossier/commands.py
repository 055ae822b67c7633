"""What `twin dossier` does."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from twin.evidence import checking, signing
from twin.evidence.chain import append, log_of, read
from twin.evidence.dossier import check
from twin.evidence.findings import EvidenceProblem, Findings, Kind
from twin.evidence.signing import Trusted
from twin.evidence.verify import Options
from twin.results.files import FileProblem

#: Relative difference of two numbers that are the same but for the machine.
ALIKE = 1e-6


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
    from twin.evidence.dossier.plan import parse_plan, with_folder

    old: dict[str, Any] = json.loads((folder / "dossier.json").read_text(encoding="utf-8"))
    text = (folder / "plan.yaml").read_text(encoding="utf-8")
    plan = with_folder(parse_plan(text, "plan.yaml"), folder / "data")
    fresh = json.loads(json.dumps(compute(plan, folder / "run" / Path(old["file"]).name)))
    if fresh["quantities"] != old["quantities"]:
        findings.add(Kind.REPORT, "the quantities of interest are others than those of the run")
    worst = 0.0
    for name, section in fresh["sections"].items():
        there = old["sections"].get(name, {})
        machine = name in ("D19", "D22", "D23")  # these speak of the machine, too, and of what follows from it
        if section["state"] != there.get("state"):
            why = f"{name} is {section['state']}, and the dossier says {there.get('state')}"
            findings.remark(why) if machine else findings.add(Kind.REPORT, why)
        elif not machine:
            gap, where = apart(section, there)
            worst = max(worst, gap)
            if gap > ALIKE:
                findings.add(Kind.REPORT, f"{name} says {where}: {gap:.2g} apart in relative terms")
    said = "the same numbers" if worst == 0.0 else f"numbers within {worst:.2g} in relative terms"
    findings.facts["rerun"] = f"the dossier was computed again: {said}"


def apart(fresh: dict[str, Any], there: dict[str, Any]) -> tuple[float, str]:
    """Largest relative difference of two sections' numbers, and where; infinite where they are not laid out alike."""
    new, old = list(_cells(fresh)), list(_cells(there))
    if [where for where, _ in new] != [where for where, _ in old]:
        return float("inf"), "other things than are computed"
    worst, place = 0.0, ""
    for (where, a), (_, b) in zip(new, old, strict=True):
        gap = 0.0 if a == b else float("inf")
        if isinstance(a, int | float) and isinstance(b, int | float) and a != b:
            gap = abs(a - b) / max(abs(a), abs(b))
        if gap > worst:
            worst, place = gap, f"{b!r} for {where}, and {a!r} was computed"
    return worst, place


def _cells(section: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Everything that a section shows, by its place; of reasons the numbers, too."""
    for label, cell in section["facts"]:
        yield label, _shown(cell)
    for table in section["tables"]:
        for number, row in enumerate(table["rows"]):
            for column, cell in zip(table["columns"], row, strict=True):
                yield f"{table['title']} {column} {number}".strip(), _shown(cell)
    for why in section["why"]:
        for key, value in why.items():
            yield f"{why['key']} {key}", _shown(value)


def _shown(cell: Any) -> Any:
    if isinstance(cell, list):
        return [_shown(part) for part in cell]
    return cell.get("v", cell.get("k")) if isinstance(cell, dict) else cell


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
