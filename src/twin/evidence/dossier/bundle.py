"""Writes a dossier's bundle: one zip file with run, log, plan, pages, RO-Crate metadata and the bill of materials."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from twin.evidence import canonical
from twin.evidence.chain import log_of
from twin.evidence.dossier.calibrated import fitted_to
from twin.evidence.dossier.page import render
from twin.evidence.dossier.plan import Plan
from twin.evidence.dossier.words import LANGUAGES
from twin.evidence.seal import bytes_hash, seal_path, signature_paths
from twin.results.files import file_errors, partial_path, publish
from twin.results.reader import Run
from twin.results.sections import PACKAGES, versions

SCHEMA = "twin bundle 1"
#: Of every member, so that the same contents give the same bytes.
DATE = (1980, 1, 1, 0, 0, 0)
_CRATE = "https://w3id.org/ro/crate/1.1"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"


def write_bundle(out: Path, dossier: Mapping[str, Any], plan: Plan, run: Run) -> Path:
    """Write the bundle; nothing is replaced.

    Raises
    ------
    FileProblem
        When the name is taken.
    """
    files: dict[str, bytes] = {
        "dossier.json": json_bytes(dossier),
        "plan.yaml": plan.text.encode(),
        "sbom.cdx.json": json_bytes(materials()),
    }
    for language in LANGUAGES:
        files[f"dossier.{language}.html"] = render(dossier, language).encode()
    beside = [run.path, seal_path(run.path), *signature_paths(run.path), log_of(run.path.parent)]
    for path in beside:
        if path.exists():
            files[f"run/{path.name}"] = path.read_bytes()
    for path in data_of(plan):
        files[f"data/{path.name}"] = path.read_bytes()
    files["ro-crate-metadata.json"] = json_bytes(crate(dossier, run, sorted(files)))
    listed = {name: {"hash": bytes_hash(data), "size": len(data)} for name, data in sorted(files.items())}
    files["manifest.json"] = canonical.dump({"schema": SCHEMA, "dossier": str(dossier["id"]), "files": listed})
    partial = partial_path(out)  # whole under its name, or not there
    with file_errors(partial):
        with partial.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in sorted(files.items(), key=lambda item: (item[0] != "manifest.json", item[0])):
                info = zipfile.ZipInfo(name, DATE)
                info.compress_type = zipfile.ZIP_STORED if name.endswith(".h5") else zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
    publish(partial, out)
    return out


def data_of(plan: Plan) -> list[Path]:
    """Files that the plan names: measured data and their map, a calibration with its data."""
    found = [Path(plan.validation["folder"]) / str(plan.validation[n]) for n in ("data", "map") if n in plan.validation]
    if plan.calibration:
        folder = Path(plan.calibration["folder"])
        found += [folder / str(plan.calibration[name]) for name in ("study", "result")]
        found += [path for _, path in fitted_to(plan)]
    return list(dict.fromkeys(found))


def json_bytes(value: Any) -> bytes:
    """JSON for people and programs."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def crate(dossier: Mapping[str, Any], run: Run, names: list[str]) -> dict[str, Any]:
    """RO-Crate metadata by the Process Run Crate profile: what was run, with what, giving what."""
    session, versions = run.provenance["session"], run.provenance["versions"]
    twin = _purl("continuous-twin", str(versions.get("continuous-twin", "unknown")))
    program = {
        "@id": twin,
        "@type": "SoftwareApplication",
        "name": "Twin",
        "version": str(versions.get("continuous-twin", "unknown")),
        "softwareRequirements": [
            {"@id": _purl(name, str(version))} for name, version in versions.items() if name != "continuous-twin"
        ],
    }
    others = [
        {"@id": _purl(name, str(version)), "@type": "SoftwareApplication", "name": name, "version": str(version)}
        for name, version in versions.items()
        if name != "continuous-twin"
    ]
    result = f"run/{run.path.name}"
    action = {
        "@id": f"#{session.get('run_id', 'run')}",
        "@type": "CreateAction",
        "name": f"Run of {run.attrs['scenario']} on {run.attrs['plant']}",
        "description": "A simulation from the plan and the configuration that the run file holds.",
        "instrument": {"@id": twin},
        "object": {"@id": "plan.yaml"},
        "result": {"@id": result},
        "startTime": str(session["started"]),
        "endTime": str(session["ended"]),
        "actionStatus": f"http://schema.org/{'Completed' if run.outcome == 'finished' else 'Failed'}ActionStatus",
        "agent": {"@id": "#operator"},
    }
    types = {
        ".h5": "application/x-hdf5",
        ".html": "text/html",
        ".json": "application/json",
        ".yaml": "application/yaml",
    }
    files = [
        {
            "@id": name,
            "@type": "File",
            "name": name.rpartition("/")[2],
            "encodingFormat": types.get(Path(name).suffix, "text/plain"),
        }
        for name in names
    ]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Credibility dossier: {dossier['title']}",
        "description": "A simulated run with what shows how far it can be relied on. Computed, not measured.",
        "datePublished": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "license": {"@id": "#licence"},
        "conformsTo": {"@id": _PROFILE},
        "hasPart": [{"@id": name} for name in names],
        "mentions": {"@id": action["@id"]},
        "author": {"@id": "#operator"},
    }
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": {"@id": _CRATE},
        "about": {"@id": "./"},
    }
    more = [
        {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        {"@id": "#operator", "@type": "Person", "name": "operator of the run"},
        {
            "@id": "#licence",
            "@type": "CreativeWork",
            "name": "licence",
            "description": "as its owner says; none is given here",
        },
    ]
    return {"@context": f"{_CRATE}/context", "@graph": [descriptor, root, action, program, *others, *files, *more]}


def _purl(name: str, version: str) -> str:
    """A package as an address that needs no host."""
    return f"pkg:pypi/{name}@{version}"


def _own_version() -> str:
    return str(versions().get("continuous-twin", "unknown"))


def materials() -> dict[str, Any]:
    """Software bill of materials (CycloneDX): the packages that can change a number, and what they need."""
    found: dict[str, dict[str, Any]] = {}
    waiting = list(PACKAGES)
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            package: Any = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        version = package["Version"]
        found[key] = {
            "type": "library",
            "name": key,
            "version": version,
            "purl": _purl(key, version),
            "bom-ref": _purl(key, version),
        }
        licence = package.get("License-Expression") or ""
        if licence:
            found[key]["licenses"] = [{"expression": licence}]
        for text in metadata.requires(name) or []:
            if "extra ==" not in text:
                waiting.append(re.split(r"[\s;<>=!~\[(]", text, maxsplit=1)[0])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "continuous-twin", "version": _own_version()}},
        "components": [found[key] for key in sorted(found)],
    }
