"""`twin verify`, and the program that does nothing else: arguments, screen, exit code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.evidence import signing
from twin.evidence.arguments import add_verify
from twin.evidence.findings import MEANINGS, Findings, Kind
from twin.evidence.verify import Options, verify

#: Findings and remarks shown; what is left is counted.
SHOWN = 12


def options(arguments: argparse.Namespace) -> Options:
    """What the command line asks for."""
    paths = [Path(name) for name in arguments.trusted_keys]
    return Options(
        trusted=signing.read_trusted(paths) if paths else None,
        expect_head=arguments.expect_head,
        expect_config=arguments.expect_config_hash,
        current=arguments.current,
    )


def tell(name: str, findings: Findings, as_json: bool) -> int:
    """Show what was found; give the exit code."""
    if as_json:
        sys.stdout.write(json.dumps(as_dict(name, findings), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(render(name, findings))
    return findings.exit_code


def as_dict(name: str, findings: Findings) -> dict[str, Any]:
    """The answer for scripts."""

    def rows(of: Sequence[Any]) -> list[dict[str, str]]:
        return [{"class": finding.kind.name, "text": finding.text} for finding in of]

    return {
        "ok": findings.ok,
        "exit_code": findings.exit_code,
        "class": findings.kind.name if findings.kind else "VERIFIED",
        "file": name,
        "findings": rows(findings.wrong),
        "remarks": rows(findings.remarks),
        **{key: value for key, value in findings.facts.items() if key != "file"},
    }


def render(name: str, findings: Findings) -> str:
    """The answer for people: one screen."""
    facts = findings.facts
    kind = findings.kind
    if kind is None:
        lines = [f"{name}: verified"]
    else:
        lines = [f"{name}: NOT VERIFIED (exit code {int(kind)}, {kind.name}: {MEANINGS[kind]})"]
    for finding in findings.wrong[:SHOWN]:
        lines.append(f"  {finding.kind.name.lower()}: {finding.text}")
    if len(findings.wrong) > SHOWN:
        lines.append(f"  … and {len(findings.wrong) - SHOWN} more")
    if facts.get("content_hash") and facts.get("kind", "run") != "run":
        lines.append(f"  {facts['kind']:10} {facts['content_hash']}")
    elif facts.get("content_hash"):
        lines.append(f"  run        {facts['scenario']} on {facts['plant']}: {facts['outcome_message']}")
        lines.append(f"  content    {facts['content_hash']}")
        lines.append(f"  final      {facts.get('final') or 'no'}")
        lines += [f"  signature  {line}" for line in facts.get("signatures", [])]
    if "qualification" in facts:
        lines.append(f"  report     {facts['qualification']['stage'].upper()} {facts['qualification']['verdict']}")
        lines += [f"  signature  {line}" for line in facts.get("signatures", [])]
    if "dossier" in facts:
        word = "adequate" if facts["adequate"] else "NOT adequate for its question at its risk"
        lines.append(f"  dossier    {facts['dossier']['status']} {facts['dossier']['id']}: {word}")
        lines += [f"  signature  of the dossier, {line}" for line in facts.get("dossier_signatures", [])]
    if "files" in facts:
        lines.append(f"  runs       {len(facts['files'])} files")
    if "log" in facts:
        lines.append(f"  log        {facts['log']['entries']} entries, head {facts['log']['head']}")
    for key in ("rerun",):
        if key in facts:
            lines.append(f"  {key:10} {facts[key]}")
    for finding in findings.remarks[:SHOWN]:
        lines.append(f"  remark: {finding.text}")
    if len(findings.remarks) > SHOWN:
        lines.append(f"  … and {len(findings.remarks) - SHOWN} more remarks")
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """The verifier as a program of its own; see `twin evidence zipapp`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    parser = argparse.ArgumentParser(
        prog="twin-verify", description="Check that a run file of twin is what the run wrote. Nothing is written."
    )
    add_verify(parser)
    arguments = parser.parse_args(argv)
    try:
        found = verify(Path(arguments.file), options(arguments))
        return tell(arguments.file, found.made_strict() if arguments.strict else found, arguments.json)
    except TwinError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"{error.filename or arguments.file}: {error.strerror or error}\n")
        return int(Kind.STRUCTURE)
