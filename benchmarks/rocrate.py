"""Is a dossier's bundle a Process Run Crate? `roc-validator` is asked, and has to find what is wrong in others.

The validator fetches the context of RO-Crate 1.1 from the network; here it is given the terms that a bundle uses as
that context defines them (all of schema.org but two), so that it works offline. Its two checks of the context itself,
that it can be fetched and holds every term used, are left out.

    python -m venv rocrate; rocrate/bin/pip install roc-validator
    python -m benchmarks.rocrate rocrate/bin/python dossier.zip        writes benchmarks/results/rocrate.json
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.harness import Skipped, show, write

#: Run by the environment that holds the validator: a folder, the least severity, then the answer as JSON.
ASK = """
import json, sys
from importlib.metadata import version
from rocrate_validator.utils import document_loader
terms = {"@vocab": "http://schema.org/", "File": "http://schema.org/MediaObject",
         "conformsTo": "http://purl.org/dc/terms/conformsTo"}
fetch = document_loader._fetch_json_ld
document_loader._fetch_json_ld = lambda url: (
    {"@context": terms} if url == "https://w3id.org/ro/crate/1.1/context" else fetch(url))
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings
found = services.validate(ValidationSettings(
    rocrate_uri=sys.argv[1], profile_identifier="process-run-crate",
    requirement_severity=Severity[sys.argv[2]], abort_on_first=False,
    skip_checks=["ro-crate-1.1_3.1", "ro-crate-1.1_3.2"]))
issues = [[issue.severity.name, issue.check.identifier, issue.message] for issue in found.get_issues()]
print("ANSWER" + json.dumps({"version": version("roc-validator"), "checks": len(found.executed_checks),
                             "issues": issues}))
"""


def asked(python: str, folder: Path, severity: str = "REQUIRED") -> dict[str, Any]:
    """What the validator says of an unpacked crate."""
    done = subprocess.run([python, "-c", ASK, str(folder), severity], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")]
    if not lines:
        raise RuntimeError(done.stderr[-2000:])
    answer: dict[str, Any] = json.loads(lines[-1].removeprefix("ANSWER"))
    return answer


def without_instrument(graph: list[dict[str, Any]]) -> None:
    """The run names no program."""
    for item in graph:
        item.pop("instrument", None)


def without_profile(graph: list[dict[str, Any]]) -> None:
    """The crate names no profile."""
    for item in graph:
        if item["@id"] == "./":
            del item["conformsTo"]


def without_name(graph: list[dict[str, Any]]) -> None:
    """The crate has no name."""
    for item in graph:
        if item["@id"] == "./":
            del item["name"]


BROKEN: tuple[Callable[[list[dict[str, Any]]], None], ...] = (without_instrument, without_profile, without_name)


def main(python: str, bundle: str) -> list[dict[str, Any]]:
    """Ask of the bundle, and of bundles made wrong."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(folder)
        metadata = folder / "ro-crate-metadata.json"
        original = metadata.read_text(encoding="utf-8")
        answer = asked(python, folder, "RECOMMENDED")
        required = [issue for issue in answer["issues"] if issue[0] == "REQUIRED"]
        should = sorted({issue[2] for issue in answer["issues"] if issue[0] != "REQUIRED"})
        told = {"validator": answer["version"], "checks": answer["checks"], "required_issues": len(required)}
        rows.append({"name": "bundle", "values": {**told, "required": required, "recommended": should}})
        for change in BROKEN:
            crate = json.loads(original)
            change(crate["@graph"])
            metadata.write_text(json.dumps(crate), encoding="utf-8")
            issues = [issue[2] for issue in asked(python, folder)["issues"]]
            rows.append({"name": (change.__doc__ or "").rstrip("."), "values": {"found": bool(issues), "says": issues}})
    return rows


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise Skipped("it needs the python of an environment with roc-validator, and a dossier's bundle")
    found = main(sys.argv[1], sys.argv[2])
    show(found)
    write(
        "rocrate",
        "Does an external validator accept a dossier's bundle as a Process Run Crate 0.5?",
        found,
        ["The context of RO-Crate 1.1 could not be fetched: its terms are given, and the two checks of it left out."],
    )
