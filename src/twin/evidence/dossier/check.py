"""Checks a dossier's bundle without the simulator: safe to open, whole, its run verified, its numbers its own."""

from __future__ import annotations

import json
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import h5py

from twin.evidence import canonical, signing
from twin.evidence.canonical import NotCanonical
from twin.evidence.dossier.gates import conclude
from twin.evidence.dossier.page import render
from twin.evidence.dossier.quantities import Origin, evaluate
from twin.evidence.dossier.words import LANGUAGES
from twin.evidence.findings import Findings, Kind
from twin.evidence.seal import bytes_hash, file_hash, signature_paths
from twin.evidence.structure import UNREADABLE
from twin.evidence.verify import Options, verify

SCHEMA = "twin bundle 1"
#: Members of a bundle, their sizes together, and how far one may unfold.
MOST, LARGEST, RATIO, ALWAYS = 200, 8 << 30, 200, 16 << 20


def verify_bundle(path: Path, options: Options, keep: Path | None = None) -> Findings:
    """Check a bundle.

    Parameters
    ----------
    path : Path
    options : Options
    keep : Path, optional
        A folder to unpack into; a temporary one unless given.
    """
    findings = Findings()
    if keep is not None:
        _check(path, keep, options, findings)
    else:
        with tempfile.TemporaryDirectory(prefix="twin-bundle-") as folder:
            _check(path, Path(folder), options, findings)
    return findings


def _check(path: Path, folder: Path, options: Options, findings: Findings) -> None:
    names = unpack(path, folder, findings)
    if findings.wrong:
        return
    manifest = _manifest(folder, names, findings)
    if manifest is None:
        return
    try:
        dossier = json.loads((folder / "dossier.json").read_text(encoding="utf-8"))
        name = PurePosixPath(str(dossier["file"])).name
        run = folder / "run" / name
        inner = verify(run, options)
        findings.wrong += inner.wrong
        findings.remarks += inner.remarks
        findings.facts |= inner.facts
        findings.facts["dossier"] = {"id": str(dossier["id"]), "status": str(dossier["status"])}
        findings.facts["adequate"] = bool(dossier["conclusion"]["adequate"])
        _report(dossier, run, folder, findings)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError) as error:
        findings.add(Kind.REPORT, f"the dossier cannot be read: {error!r}")
        return
    _signed(path, dossier, options, findings)


def unpack(path: Path, folder: Path, findings: Findings) -> list[str]:
    """Unpack what is safe to unpack, and nothing where anything is not."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            why = next((text for member in members if (text := _unsafe(member))), "")
            if len(members) > MOST or sum(member.file_size for member in members) > LARGEST:
                why = "it holds more than any dossier"
            if len({member.filename.casefold() for member in members}) != len(members):
                why = "two of its files have one name"
            if why:
                findings.add(Kind.BUNDLE, why)
                return []
            for member in members:
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("xb") as out:
                    while piece := source.read(1 << 20):  # no more than it says, or its checksum is another
                        out.write(piece)
            return [member.filename for member in members]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, *UNREADABLE) as error:
        findings.add(Kind.BUNDLE, f"it cannot be unpacked: {getattr(error, 'strerror', None) or error}")
        return []


def _unsafe(member: zipfile.ZipInfo) -> str:
    name = member.filename
    parts = PurePosixPath(name).parts
    if (
        not name.isprintable()
        or any(letter in name for letter in '\\:*?"<>|')
        or any(part.rstrip(". ") != part for part in parts)  # "..", and what some systems shorten
        or not 1 <= len(parts) <= 2
        or name != "/".join(parts)  # from the root, a folder, or spelt otherwise
    ):
        return f"{name} is no name of a dossier's file"
    if stat.S_ISLNK(member.external_attr >> 16):
        return f"{name} is no plain file"
    if member.flag_bits & 1:
        return f"{name} is encrypted"
    if member.file_size > max(ALWAYS, RATIO * member.compress_size):
        return f"{name} would unfold to {member.file_size >> 20} MB"
    return ""


def _manifest(folder: Path, names: list[str], findings: Findings) -> dict[str, Any] | None:
    try:
        manifest = canonical.load((folder / "manifest.json").read_bytes())
        files = manifest["files"]
        if manifest.get("schema") != SCHEMA:
            raise NotCanonical("of an unknown schema")
        for name in sorted({*files, *names} - {"manifest.json"}):
            if name not in files:
                findings.add(Kind.BUNDLE, f"{name} is not in its manifest")
            elif name not in names:
                findings.add(Kind.BUNDLE, f"{name} is missing")
            elif file_hash(folder / name) != (files[name]["hash"], files[name]["size"]):
                kind = Kind.REPORT if name.startswith("dossier.") else Kind.BUNDLE
                if not name.startswith("run/") or not name.endswith(".h5"):  # a run is asked itself
                    findings.add(kind, f"{name} is not what the manifest says: it has been edited")
        for needed in ("dossier.json", "plan.yaml", *(f"dossier.{language}.html" for language in LANGUAGES)):
            if needed not in names:
                findings.add(Kind.BUNDLE, f"{needed} is missing")
    except (OSError, NotCanonical, KeyError, TypeError, AttributeError) as error:
        findings.add(Kind.BUNDLE, f"its manifest cannot be read: {error}")
    return None if any(finding.kind is Kind.BUNDLE for finding in findings.wrong) else manifest


def _report(dossier: dict[str, Any], run: Path, folder: Path, findings: Findings) -> None:
    """The pages have to be those of the JSON, and its numbers those of the run."""
    for language in LANGUAGES:
        name = f"dossier.{language}.html"
        if (folder / name).read_bytes() != render(dossier, language).encode():
            findings.add(Kind.REPORT, f"{name} is not the page that its data give")
    if bytes_hash((folder / "plan.yaml").read_bytes()) != dossier["plan_hash"]:
        findings.add(Kind.REPORT, "the plan is not the one that the dossier names")
    if dossier["content_hash"] != findings.facts.get("content_hash"):
        findings.add(Kind.REPORT, "the dossier speaks of a run with other content")
    states = {name: section["state"] for name, section in dossier["sections"].items() if name not in ("D23", "D24")}
    if dossier["conclusion"] != conclude(states, int(dossier["conclusion"]["risk"])):
        findings.add(Kind.REPORT, "its conclusion does not follow from the states of its sections")
    if findings.wrong and any(f.kind in (Kind.STRUCTURE, Kind.UNFINISHED) for f in findings.wrong):
        return
    with h5py.File(run, "r") as file:
        for quantity in dossier["quantities"]:
            got = evaluate(file, Origin.of(quantity))
            if got != quantity["value"]:
                findings.add(Kind.REPORT, f"{quantity['name']} is {got!r} in the run, not {quantity['value']!r}")


def subject(path: Path, dossier: dict[str, Any]) -> dict[str, str]:
    """What a signature of a dossier names."""
    return {
        "kind": "dossier",
        "bundle_hash": file_hash(path)[0],
        "dossier": str(dossier["id"]),
        "run_id": str(dossier["run_id"]),
        "content_hash": str(dossier["content_hash"]),
    }


def _signed(path: Path, dossier: dict[str, Any], options: Options, findings: Findings) -> None:
    envelopes = [(p.name, p.read_bytes()) for p in signature_paths(path)]
    if envelopes:
        held = signing.check(envelopes, "dossier", subject(path, dossier), options.trusted, findings)
        findings.facts["dossier_signatures"] = [signature.line() for signature in held]
