"""Sections D18 to D22: what made the run, what became of it, and whether it holds."""

from __future__ import annotations

import platform

from twin.evidence import software
from twin.evidence.dossier.gates import NO, PARTLY, YES
from twin.evidence.dossier.parts import Section
from twin.evidence.dossier.work import Work
from twin.evidence.findings import Findings
from twin.evidence.rerun import rerun


def deviations(w: Work) -> None:
    """D18: all runs that the log knows, notes, alarms."""
    s = w.section("D18")
    if not w.chain.entries:
        s.is_(PARTLY, "alone")
        return
    if w.chain.broken:
        s.is_(NO, "log_broken", why=w.chain.broken)
    rows, bad = [], 0
    ends = {e.object.get("run_id"): e for e in w.chain.of("run.ended", "run.aborted")}
    started = w.chain.of("run.started")
    for entry in started:
        end = ends.get(entry.object.get("run_id"))
        outcome = "no end" if end is None else str(end.object.get("outcome", end.object.get("why", "aborted")))
        bad += outcome != "finished"
        rows.append([entry.utc, str(entry.object.get("file")), str(entry.object.get("scenario", "")), outcome])
    s.table(("time", "run", "scenario", "outcome"), rows)
    count = s.cell(len(started), "entries run.started of audit.jsonl")
    s.is_(YES, "all_listed", count=count, bad=s.cell(bad, "of these, runs without an end that says finished"))
    _studies(w, s)
    notes = [[e.utc, str(e.object.get("text", ""))] for e in w.chain.of("note")]
    s.table(("time", "text"), notes)
    alarms = [[s.clock(row.time, "time of an alarm", "/alarms"), row.text] for row in w.run.alarms]
    s.table(("time", "text"), alarms)


def _studies(w: Work, s: Section) -> None:
    """Studies of the folder, with all their runs by outcome; those that were stopped or broke off, too."""
    ends = {e.object.get("study_id"): e for e in w.chain.of("study.ended", "study.aborted")}
    rows = []
    for entry in w.chain.of("study.started"):
        end = ends.get(entry.object.get("study_id"))
        outcomes = end.object.get("outcomes") if end is not None else None
        told = "no end" if end is None else str(end.object.get("why", "aborted"))
        if isinstance(outcomes, dict):
            told = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
        rows.append([entry.utc, str(entry.object.get("file")), str(entry.object.get("study", "")), told])
    s.table(("time", "file", "study", "outcome"), rows, "studies")


def provenance(w: Work) -> None:
    """D19: program and machine."""
    s = w.section("D19")
    commit, dirty = software.commit()
    s.fact("commit", commit)
    s.fact("dirty", dirty)
    s.fact("software", software.fingerprint())
    provenance = w.run.provenance
    s.fact("seed", int(provenance["seed"]), "seed of the scenario", "/provenance")
    s.fact("machine", f"{provenance['system']} {provenance['machine']}, {provenance['byteorder']}-endian")
    rows = [["python", str(provenance["python"])], ["hdf5", str(provenance["hdf5"])]]
    s.table(("name", "value"), [*rows, *([n, str(v)] for n, v in sorted(provenance["versions"].items()))])
    started = [e for e in w.chain.of("run.started") if e.object.get("run_id") == w.run_id]
    if started and started[0].object.get("software") != software.fingerprint():
        s.is_(PARTLY, "software_apart")
        w.final = False
    if dirty:
        s.is_(PARTLY, "dirty_tree")
        w.final = False
    else:
        s.is_(YES, "clean" if commit else "no_commit")


def integrity(w: Work) -> None:
    """D20: does the run verify?"""
    s = w.section("D20")
    s.fact("head", w.chain.head)
    s.fact("entries", len(w.chain.entries), "lines of audit.jsonl")
    s.fact("sealed", str(w.verified.facts.get("final") or ""))
    if w.verified.wrong:
        s.is_(NO, "verified_not", text=w.verified.wrong[0].text)
    else:
        s.is_(YES, "verified")
    if not w.verified.facts.get("final"):
        s.is_(PARTLY, "not_final")
        w.final = False


def signatures(w: Work) -> None:
    """D21: who signed, and as what."""
    s, lines = w.section("D21"), list(w.verified.facts.get("signatures", []))
    s.table(("text",), [[line] for line in lines])
    if not any(line.startswith("author") for line in lines):
        s.is_(NO, "unsigned")
        w.final = False
    else:
        s.is_(YES, "signed", names=[line.split(",")[0] for line in lines])
        if len(lines) < 2:
            s.is_(
                NO if w.plan.risk_class == "high" else PARTLY if w.plan.risk_class == "medium" else YES,
                "one_signature",
            )


def reproduction(w: Work) -> None:
    """D22: the same run again."""
    s, findings = w.section("D22"), Findings()
    w.say("the same run again")
    if not w.verified.wrong:
        rerun(w.path, findings)
    s.fact("command", "twin verify BUNDLE --rerun")
    s.fact("content_hash", str(w.run.attrs["content_hash"]))
    s.fact("machine", f"{platform.system()} {platform.machine()}")
    if w.verified.wrong:
        s.is_(NO, "verified_not", text=w.verified.wrong[0].text)
    elif findings.wrong:
        s.is_(PARTLY, "other_bits", text=findings.wrong[0].text)
    else:
        s.is_(YES, "same_bits")
