"""Checks a run file, a folder of them, a dossier, a report: structure, content, seal, signatures, log, registry.

    findings = verify(Path("runs/a.h5"), trusted=read_trusted([Path("keys.json")]))
    findings.exit_code, findings.wrong, findings.remarks, findings.facts

Nothing is written, and nothing of the simulator is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from twin.evidence import seal as sealed
from twin.evidence import signing
from twin.evidence.canonical import NotCanonical
from twin.evidence.chain import Chain, Entry, log_of, read
from twin.evidence.findings import Findings, Kind
from twin.evidence.signing import Trusted
from twin.evidence.structure import read_facts

#: Entries of the log that speak of a finished run.
FINALISED, SIGNED = "run.finalised", "run.signed"
STUDY_ENDED = "study.ended"
_STARTED, _ENDED, _ABORTED = "run.started", "run.ended", "run.aborted"


@dataclass(frozen=True)
class Options:
    """What is asked beyond the file itself.

    Attributes
    ----------
    trusted : sequence of Trusted or None
        Keys that may sign; None for any.
    expect_head : str
        An entry's hash kept elsewhere, which the log has to hold.
    expect_config : str
        Hash of the resolved configuration.
    current : bool
        Whether a run that a correction has superseded is refused.
    """

    trusted: Sequence[Trusted] | None = None
    expect_head: str = ""
    expect_config: str = ""
    current: bool = False


def verify(path: Path, options: Options | None = None) -> Findings:
    """Check a run file or a folder of runs.

    Returns
    -------
    Findings
        Never raises for what is wrong with the evidence: that is the answer.
    """
    options = options or Options()
    if path.is_dir():
        return verify_folder(path, options)
    if path.suffix == ".zip":
        from twin.evidence.dossier.check import verify_bundle

        return verify_bundle(path, options)
    if path.suffix == ".json":
        from twin.evidence.qualify.report import verify_report

        return verify_report(path, options)
    findings = Findings()
    chain = _chain(path.parent, findings, options)
    verify_run(path, chain, options, findings)
    return findings


def verify_folder(folder: Path, options: Options) -> Findings:
    """Check all runs of a folder, and that every run that its log knows is there."""
    findings = Findings()
    chain = _chain(folder, findings, options)
    present: dict[str, str] = {}
    hashes: dict[str, str] = {}
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.h5")):
        found = Findings()
        verify_run(path, chain, options, found)
        for finding in found.wrong:
            findings.add(finding.kind, f"{path.name}: {finding.text}")
        for finding in found.remarks:
            findings.remark(f"{path.name}: {finding.text}", finding.kind)
        files[path.name] = found.facts
        present[found.facts.get("run_id") or path.name] = path.name
        hashes[path.name] = found.facts.get("content_hash", "")
    findings.facts["files"] = files
    for entry in chain.of(STUDY_ENDED) if chain is not None else []:
        name = str(entry.object.get("file", ""))
        if name not in files:
            findings.add(Kind.REGISTRY, f"the study {name} is logged as ended and is missing")
    if chain is None:
        findings.add(Kind.REGISTRY, f"{folder} has no log {log_of(folder).name}: which runs there were cannot be said")
        return findings
    for run_id, entries in _by_run(chain).items():
        last, name = entries[-1], str(entries[0].object.get("file", ""))
        if last.action == _ABORTED:
            findings.remark(f"{name}: run {run_id[:8]} broke off: {last.object.get('why', '')}")
        elif last.action == _STARTED:
            resumed = any(entry.object.get("continues", "").startswith(name) for entry in chain.of(_STARTED))
            if not resumed:
                findings.remark(f"{name}: run {run_id[:8]} was started and has no end: it goes on, or was killed")
        elif run_id not in present and hashes.get(name) != _ended(entries).object.get("content_hash"):
            why = "another file has its name" if name in hashes else "it has been deleted, moved or renamed"
            findings.add(Kind.REGISTRY, f"{name} of run {run_id[:8]} is logged as ended and is missing: {why}")
    return findings


def verify_run(path: Path, chain: Chain | None, options: Options, findings: Findings) -> None:
    """Check one run file against itself, its seal, its signatures and the log."""
    facts = read_facts(path, findings, tree=True)
    tree = facts.pop("tree")
    findings.facts |= {"file": path.name, **facts}
    if facts["kind"] not in ("run", ""):
        _made_from_runs(path, facts, chain, findings)
        return
    if options.expect_config and facts["config"].get("resolved") != options.expect_config:
        got = facts["config"].get("resolved", "none")
        findings.add(Kind.CONFIGURATION, f"its resolved configuration is {got}, not {options.expect_config}")
    seal = _seal(path, facts, tree, findings)
    signatures: list[signing.Signature] = []
    envelopes: list[tuple[str, bytes]] = []
    if seal is not None:
        envelopes = [(p.name, p.read_bytes()) for p in sealed.signature_paths(path)]
        signatures = signing.check(envelopes, "run", subject(seal), options.trusted, findings) if envelopes else []
        findings.facts["signatures"] = [s.line() for s in signatures]
    elif sealed.signature_paths(path):
        findings.add(Kind.SIGNATURE, "there are signatures, and no seal that they could sign")
    if chain is None:
        findings.remark(f"there is no {log_of(path.parent).name} beside it: no log was checked")
        return
    heads = [seal["seal"]["audit"]] if seal else []
    heads += [signature.audit for signature in signatures]
    _heads(heads, chain, findings)
    _logged(path, facts, seal, envelopes, chain, options, findings)


def _made_from_runs(path: Path, facts: dict[str, Any], chain: Chain | None, findings: Findings) -> None:
    """A study or trace: whole by its own hash, and the one that the log or its run speaks of."""
    if sealed.seal_path(path).exists():
        findings.add(Kind.SEAL, f"a {facts['kind']} is never made final: the seal beside it is of something else")
    for entry in chain.of(_ENDED) if chain is not None else []:
        if entry.object.get("file") == path.name:
            findings.add(Kind.REGISTRY, f"the log knows a run of this name (entry {entry.seq}), and this is none")
    for entry in chain.of(STUDY_ENDED) if chain is not None else []:
        if entry.object.get("file") == path.name and entry.object.get("content_hash") != facts["content_hash"]:
            findings.add(Kind.REGISTRY, f"the study ended with other content (entry {entry.seq} of the log)")
    name = PurePath(facts["of_run"]).name
    if name and name == facts["of_run"] and (run := path.with_name(name)).is_file():
        other = read_facts(run, Findings())
        if other["content_hash"] != facts["of_content"]:
            findings.add(Kind.REGISTRY, f"it is no trace of the {run.name} beside it, but of another run of that name")


def subject(seal: dict[str, Any]) -> dict[str, str]:
    """What a signature of a run names."""
    inner = seal["seal"]
    return {
        "kind": "run",
        "seal_hash": seal["hash"],
        "file": inner["file"],
        "run_id": inner["run_id"],
        "content_hash": inner["content_hash"],
    }


def load(path: Path) -> dict[str, Any] | None:
    """Read a file's seal with its own hash; None where there is none.

    Raises
    ------
    NotCanonical
        When what stands there is no seal.
    """
    place = sealed.seal_path(path)
    if not place.exists():
        return None
    data = place.read_bytes()
    return {"seal": sealed.load_seal(data), "hash": sealed.bytes_hash(data)}


def _seal(path: Path, facts: dict[str, Any], tree: dict[str, str], findings: Findings) -> dict[str, Any] | None:
    try:
        found = load(path)
    except NotCanonical as error:
        findings.add(Kind.SEAL, f"its seal cannot be read: {error}")
        return None
    if found is None:
        findings.facts["final"] = ""
        return None
    seal = found["seal"]
    findings.facts["final"] = f"{seal['utc']} by {seal['actor']}"
    digest, size = sealed.file_hash(path) if path.is_file() else ("", 0)
    if facts["content_hash"] and seal["content_hash"] != facts["content_hash"]:
        apart = sorted(n for n in {*tree, *seal["tree"]} if tree.get(n) != seal["tree"].get(n))
        deepest = max(apart, key=len, default="")
        where = next((n for n in apart if n != "/" and not any(m.startswith(f"{n}/") for m in apart)), deepest)
        findings.add(Kind.CONTENT, f"its content is not what was made final: first at {where}")
    elif (digest, size) != (seal["file_hash"], seal["size"]):
        findings.add(Kind.SEAL, "its bytes are not those that were made final")
    for name in ("run_id", "outcome", "config"):
        if facts["content_hash"] and seal[name] != facts[name]:
            findings.add(Kind.SEAL, f"its seal names another {name.replace('_', ' ')}")
    if seal["file"] != path.name:
        findings.remark(f"it was made final under the name {seal['file']}")
    return found


def _chain(folder: Path, findings: Findings, options: Options) -> Chain | None:
    try:
        chain = read(log_of(folder))
    except FileNotFoundError:
        if options.expect_head:
            findings.add(Kind.AUDIT, f"{folder} has no log, and one was expected")
        return None
    except OSError as error:
        findings.add(Kind.AUDIT, f"the log cannot be read: {error.strerror}")
        return None
    if chain.broken:
        findings.add(Kind.AUDIT, f"{log_of(folder).name}: {chain.broken}")
    for text in chain.recovered:
        findings.remark(f"{log_of(folder).name}: {text}")
    for text in chain.clock:
        findings.remark(f"{log_of(folder).name}: {text}", Kind.CLOCK)
    if options.expect_head and options.expect_head not in {entry.hash for entry in chain.entries}:
        findings.add(Kind.AUDIT, "the log does not hold the expected entry: it has been cut or written anew")
    findings.facts["log"] = {"entries": len(chain.entries), "head": chain.head}
    return chain


def _heads(heads: Sequence[dict[str, Any]], chain: Chain, findings: Findings) -> None:
    """The log has to hold every entry that was its last one when something was sealed or signed."""
    for head in heads:
        seq = int(head["seq"])
        if seq < 0:
            continue  # there was no log then
        if seq >= len(chain.entries):
            findings.add(Kind.AUDIT, f"the log ends before entry {seq}, at which a seal or signature was made")
        elif chain.entries[seq].hash != head["head"]:
            findings.add(Kind.AUDIT, f"entry {seq} is not the one at which a seal or signature was made")


def _logged(
    path: Path,
    facts: dict[str, Any],
    seal: dict[str, Any] | None,
    envelopes: Sequence[tuple[str, bytes]],
    chain: Chain,
    options: Options,
    findings: Findings,
) -> None:
    runs = _by_run(chain)
    entries = runs.get(facts["run_id"], [])
    if not entries:
        findings.remark("the log beside it does not know this run: it comes from elsewhere")
        return
    for entry in entries:
        if entry.action == _ENDED:
            if facts["content_hash"] and entry.object.get("content_hash") != facts["content_hash"]:
                findings.add(Kind.REGISTRY, f"the run ended with other content (entry {entry.seq} of the log)")
            if str(entry.object.get("outcome")) != facts["outcome"]:
                findings.add(Kind.REGISTRY, f"the run ended as '{entry.object.get('outcome')}' (entry {entry.seq})")
        elif entry.action == FINALISED and (seal is None or entry.object.get("seal_hash") != seal["hash"]):
            what = "is missing" if seal is None else "has been replaced"
            findings.add(Kind.SEAL, f"the run was made final (entry {entry.seq} of the log), and its seal {what}")
        elif entry.action == SIGNED:
            held = {sealed.bytes_hash(data) for _, data in envelopes}
            if entry.object.get("signature_hash") not in held:
                who = f"{entry.object.get('meaning')} {entry.object.get('name')}"
                findings.add(Kind.SIGNATURE, f"the signature of {who} (entry {entry.seq} of the log) is missing")
    if not any(entry.action == _ENDED for entry in entries):
        findings.remark("the log holds the start of this run and no end")
    if seal is not None and not any(entry.action == FINALISED for entry in entries):
        findings.remark("it has a seal that the log does not know: twin finalise enters it")
    for entry in chain.of(FINALISED):
        replaced = entry.object.get("supersedes", {})
        if isinstance(replaced, dict) and replaced.get("run_id") == facts["run_id"] != "":
            text = f"superseded by {entry.object.get('file')}: {entry.reason}"
            if options.current:
                findings.add(Kind.SUPERSEDED, text)
            else:
                findings.remark(text, Kind.SUPERSEDED)


def _by_run(chain: Chain) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in chain.entries:
        run_id = entry.object.get("run_id")
        if isinstance(run_id, str):
            found.setdefault(run_id, []).append(entry)
    return found


def _ended(entries: Sequence[Entry]) -> Entry:
    return next((entry for entry in entries if entry.action == _ENDED), entries[-1])
